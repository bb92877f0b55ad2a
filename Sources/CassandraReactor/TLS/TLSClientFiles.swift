#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif
internal import CassandraTelemetry

/// TLS of a client by files, which are read again for every connection, so that certificates can be replaced while the
/// program runs.
///
/// While the files say the same, it is the same context, and sessions are resumed. Files that cannot be used, as between
/// the replacement of the first and of the second, change nothing: the context from before counts until they can. A
/// certificate whose time is over, or is still to come, is taken; a client of Cassandra warns of it in its log.
/// ```swift
/// let files = try TLSClientFiles(authorities: "/etc/cassandra/ca.pem", certificate: "…", privateKey: "…")
/// configuration.nodeTLS = { _ in await files.context() }
/// ```
public final class TLSClientFiles: Sendable {
  /// Bytes of a file at most: 1 MiB.
  public static let maximumFileBytes = 1 << 20

  private struct Contents: Equatable {
    var authorities: [UInt8]?
    var certificate: [UInt8]?
    var privateKey: [UInt8]?
  }

  private struct Newest {
    var contents: Contents
    var context: TLSClientContext
  }

  private let authorities: String?
  private let certificate: String?
  private let privateKey: String?
  private let trustsIntermediates: Bool
  private let newest: Locked<Newest>

  /// Reads the files for the first time, on the caller's thread.
  ///
  /// - Parameters:
  ///   - authorities: Whose certificates are accepted, as PEM; nil for those of the system.
  ///   - certificate: What we show when the server asks for a certificate, with the chain behind it, as PEM.
  ///   - privateKey: Its key, as PEM without a passphrase.
  ///   - trustsIntermediates: As of ``TLSClientContext``.
  /// - Throws: ``ReactorError/Code/tlsConfiguration`` that says which file cannot be used.
  public init(
    authorities: String?, certificate: String? = nil, privateKey: String? = nil, trustsIntermediates: Bool = false
  ) throws(ReactorError) {
    guard (certificate == nil) == (privateKey == nil) else {
      throw ReactorError(.tlsConfiguration, "a certificate and its key go together")
    }
    self.authorities = authorities
    self.certificate = certificate
    self.privateKey = privateKey
    self.trustsIntermediates = trustsIntermediates
    let contents = try Self.load(authorities, certificate, privateKey)
    newest = Locked(
      Newest(contents: contents, context: try Self.context(of: contents, at: certificate, trustsIntermediates)))
  }

  /// The context of what the files say now; reading them takes place outside of event loops.
  @concurrent public func context() async -> TLSClientContext {
    if let contents = try? Self.load(authorities, certificate, privateKey),
      contents != newest.withLock({ $0.contents }),
      let context = try? Self.context(of: contents, at: certificate, trustsIntermediates)
    {
      newest.withLock { $0 = Newest(contents: contents, context: context) }
    }
    return newest.withLock { $0.context }
  }

  private static func load(
    _ authorities: String?, _ certificate: String?, _ privateKey: String?
  ) throws(ReactorError) -> Contents {
    var contents = Contents()
    if let authorities { contents.authorities = try bytes(of: authorities) }
    if let certificate { contents.certificate = try bytes(of: certificate) }
    if let privateKey { contents.privateKey = try bytes(of: privateKey) }
    return contents
  }

  private static func context(
    of contents: Contents, at file: String?, _ trustsIntermediates: Bool
  ) throws(ReactorError) -> TLSClientContext {
    var identity: TLSIdentity?
    if let certificate = contents.certificate, let key = contents.privateKey {
      identity = TLSIdentity(certificateChain: certificate, privateKey: key, file: file)
    }
    return try TLSClientContext(
      trust: contents.authorities.map { .authorities(pem: $0) } ?? .system, identity: identity,
      trustsIntermediates: trustsIntermediates)
  }

  private static func bytes(of path: String) throws(ReactorError) -> [UInt8] {
    func failed(_ what: String) -> ReactorError { ReactorError(.tlsConfiguration, what, logDetail: path) }
    // Not blocking, so that a pipe has no bytes; a directory cannot be read.
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw failed("a file of a certificate cannot be read") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failed("a file of a certificate cannot be read") }
      guard count > 0 else { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= maximumFileBytes else { throw failed("a file of a certificate has more than 1 MiB") }
    }
  }
}
