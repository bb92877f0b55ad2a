internal import CCassandraZip

/// A zip archive in memory, to read single files from. The only place that calls libzip.
final class ZipArchive {
  /// Entries of the largest archive that is read: 64. A bundle has about ten.
  static let maximumEntries = 64

  enum Failure: Error {
    /// It is not an archive, or its parts contradict each other.
    case notZip(String)
    case tooManyEntries
    /// The stated or the real size of the entry is over the limit.
    case entryTooLarge
    /// The entry is encrypted, damaged, or of a method that libzip does not know.
    case entryUnreadable(String)
  }

  private let archive: OpaquePointer
  // libzip reads from here until the archive is let go.
  private let bytes: UnsafeMutableRawBufferPointer

  init(_ data: [UInt8]) throws(Failure) {
    // libzip opens no bytes at all as an empty archive.
    guard !data.isEmpty else { throw .notZip("it is empty") }
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: data.count, alignment: 1)
    bytes.copyBytes(from: data)
    var error = zip_error_t()
    zip_error_init(&error)
    defer { zip_error_fini(&error) }
    guard let source = zip_source_buffer_create(bytes.baseAddress, UInt64(bytes.count), 0, &error) else {
      bytes.deallocate()
      throw .notZip(String(cString: zip_error_strerror(&error)))
    }
    guard let archive = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error) else {
      let reason = String(cString: zip_error_strerror(&error))
      zip_source_free(source)
      bytes.deallocate()
      throw .notZip(reason)
    }
    self.archive = archive
    self.bytes = bytes
    guard zip_get_num_entries(archive, 0) <= Self.maximumEntries else { throw .tooManyEntries }
  }

  deinit {
    zip_discard(archive)
    bytes.deallocate()
  }

  /// The names of the entries, as the archive has them.
  var names: [String] {
    (0..<max(0, zip_get_num_entries(archive, 0))).compactMap { index in
      zip_get_name(archive, UInt64(index), 0).map { String(cString: $0) }
    }
  }

  /// The bytes of the entry with just this name; nil when there is none.
  func read(_ name: String, limit: Int) throws(Failure) -> [UInt8]? {
    let index = zip_name_locate(archive, name, 0)
    guard index >= 0 else { return nil }
    var status = zip_stat_t()
    zip_stat_init(&status)
    guard zip_stat_index(archive, UInt64(index), 0, &status) == 0 else { throw unreadable }
    guard status.valid & UInt64(ZIP_STAT_SIZE) != 0, status.size <= UInt64(limit) else { throw .entryTooLarge }
    guard let file = zip_fopen_index(archive, UInt64(index), 0) else { throw unreadable }
    defer { zip_fclose(file) }
    // One byte more than is stated, so that a header that lies shows.
    let size = Int(status.size)
    var content = [UInt8](repeating: 0, count: size + 1)
    var count = 0
    while count <= size {
      let read = content.withUnsafeMutableBytes { buffer in
        zip_fread(file, buffer.baseAddress?.advanced(by: count), UInt64(buffer.count - count))
      }
      guard read >= 0 else { throw .entryUnreadable(String(cString: zip_file_strerror(file))) }
      if read == 0 { break }
      count += Int(read)
    }
    guard count == size else {
      throw count > size ? .entryTooLarge : .entryUnreadable("it is shorter than the archive says")
    }
    content.removeLast()
    return content
  }

  private var unreadable: Failure { .entryUnreadable(String(cString: zip_strerror(archive))) }
}
