public import CassandraReactor

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

extension AstraEmulator {
  /// Writes the secure connect bundle, which holds a private key, for its owner's eyes only.
  ///
  /// - Parameters:
  ///   - path: Of the zip file, or of the folder, which must not be there yet.
  ///   - asFolder: Whether a folder with the bundle's files is written: a zip file by default.
  ///   - certificate: What is wrong with the client certificate: nothing by default.
  /// - Throws: `ReactorError` when it cannot be written.
  public func writeBundle(
    to path: String, asFolder: Bool = false, certificate: BundleCertificate = .ordinary
  ) throws(ReactorError) {
    let files = bundleFiles(certificate)
    guard asFolder else { return try Self.save(AstraBundle.zip(files), to: path) }
    guard mkdir(path, 0o700) == 0 else { throw Self.failure(path) }
    for (name, bytes) in files { try Self.save(bytes, to: "\(path)/\(name)") }
  }

  private static func save(_ bytes: [UInt8], to path: String) throws(ReactorError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { Self.put(descriptor, $0) }
      guard count > 0 else { throw failure(path) }
      written += count
    }
  }

  private static func put(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
  }

  private static func failure(_ path: String) -> ReactorError {
    ReactorError(.system, "the bundle cannot be written", logDetail: "\(path): \(String(cString: strerror(errno)))")
  }
}
