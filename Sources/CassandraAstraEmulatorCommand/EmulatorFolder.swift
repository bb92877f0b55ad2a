import CassandraTesting
import CassandraReactor
import CassandraTelemetry
import CassandraTerminal

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The folder that the bundle and the settings are written into, for their owner's eyes only.
struct EmulatorFolder: Sendable {
  let path: String
  /// The file of settings in it.
  var settings: String { "\(path)/.env" }

  private static let bundleName = "secure-connect-emulated.zip"

  init(_ path: String) { self.path = path }

  /// Writes the bundle, and then the settings that name it: who sees the settings may use both.
  func write(
    _ emulator: AstraEmulator, certificate: AstraEmulator.BundleCertificate, token: Secret, keyspace: String
  ) throws {
    try make()
    try emulator.writeBundle(to: "\(path)/\(Self.bundleName)", certificate: certificate)
    try save(
      """
      # An emulated Astra database, written when it started; it is there while astra-emulator runs.
      ASTRA_DB_SECURE_BUNDLE_PATH=\(Self.bundleName)
      ASTRA_DB_APPLICATION_TOKEN=\(token.reveal())
      ASTRA_DB_KEYSPACE=\(keyspace)

      """)
  }

  private func make() throws {
    var current = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      current += "\(part)"
      if mkdir(current, 0o700) != 0 && errno != EEXIST { throw failure("making \(current)") }
      current += "/"
    }
  }

  private func save(_ text: String) throws {
    // Under another name first, so that nobody reads half of it.
    let new = "\(settings).new"
    let descriptor = open(new, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard descriptor >= 0 else { throw failure("writing \(new)") }
    let count = Array(text.utf8).withUnsafeBytes { put(descriptor, $0) }
    guard close(descriptor) == 0, count == text.utf8.count, rename(new, settings) == 0 else {
      throw failure("writing \(settings)")
    }
  }

  private func failure(_ action: String) -> ReactorError {
    ReactorError(.system, "\(action): \(String(cString: strerror(errno)))")
  }
}

/// Writes bytes to a file.
private func put(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  write(descriptor, bytes.baseAddress, bytes.count)
}

/// Shows what has been printed, also where the output is no terminal.
func flushOutput() { fflush(nil) }
