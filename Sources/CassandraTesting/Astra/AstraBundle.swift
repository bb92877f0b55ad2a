internal import CCassandraZip

/// Writes secure connect bundles.
public enum AstraBundle {
  /// A zip archive of files, in memory.
  ///
  /// - Parameter files: The bytes of each file by its name in the archive; any name, as tests want some that are wrong.
  public static func zip(_ files: [String: [UInt8]]) -> [UInt8] {
    var error = zip_error_t()
    guard let buffer = zip_source_buffer_create(nil, 0, 0, &error) else {
      preconditionFailure("libzip does not give a buffer")
    }
    defer { zip_source_free(buffer) }
    // The archive lets go of the source when it is closed, and its bytes are read afterwards.
    zip_source_keep(buffer)
    guard let archive = zip_open_from_source(buffer, ZIP_TRUNCATE, &error) else {
      preconditionFailure("libzip does not begin an archive: error \(error.zip_err), system error \(error.sys_err)")
    }
    var copies: [UnsafeMutableRawBufferPointer] = []
    defer { for copy in copies { copy.deallocate() } }
    for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
      // libzip reads the bytes when it closes the archive.
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
      copy.copyBytes(from: bytes)
      copies.append(copy)
      let source = zip_source_buffer(archive, copy.baseAddress, zip_uint64_t(bytes.count), 0)
      precondition(zip_file_add(archive, name, source, ZIP_FL_ENC_UTF_8) >= 0, "libzip does not take a file")
    }
    precondition(zip_close(archive) == 0, "libzip does not write the archive")
    return read(buffer)
  }

  private static func read(_ source: OpaquePointer) -> [UInt8] {
    precondition(zip_source_open(source) == 0, "libzip does not read what it has written")
    defer { zip_source_close(source) }
    zip_source_seek(source, 0, SEEK_END)
    let count = Int(zip_source_tell(source))
    zip_source_seek(source, 0, SEEK_SET)
    return [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
      initialized = max(0, Int(zip_source_read(source, bytes.baseAddress, zip_uint64_t(count))))
    }
  }
}
