internal import CCassandraOpenSSL
internal import CassandraTelemetry

/// A certificate with its chain and its private key, as PEM.
public struct TLSIdentity: Sendable {
  /// The certificate first, then those that lead to the authority.
  public var certificateChain: [UInt8]
  /// The key, PKCS#8 or PKCS#1, without a passphrase.
  public var privateKey: [UInt8]
  /// The file that the chain was read from, which the log names where it warns of a certificate; nil by default.
  public var file: String?

  /// Keeps the two together; they are read when a context is made.
  public init(certificateChain: [UInt8], privateKey: [UInt8], file: String? = nil) {
    self.certificateChain = certificateChain
    self.privateKey = privateKey
    self.file = file
  }
}

/// Which authorities a peer's certificate may come from.
public enum TLSTrust: Sendable {
  /// Those of the system.
  case system
  /// Only those in this PEM text.
  case authorities(pem: [UInt8])
}

/// What all TLS connections to one kind of server have in common. Making one reads files of the system and costs
/// milliseconds, so make it once.
///
/// TLS 1.2 is the least; the chain and the name of the server are always verified. Sessions are resumed: a second
/// connection to the same name costs less than half of the first.
public final class TLSClientContext: Sendable {
  /// Sessions that are kept for resumption: 64, of as many names.
  public static let maximumSessions = 64

  let context: SecureContext
  let protocols: [UInt8]
  /// From and until when the certificates of the identity are valid.
  public let identityDates: [CertificateDates]
  private let sessions = Locked(SessionCache())

  /// Makes a context.
  ///
  /// - Parameters:
  ///   - trust: Whose certificates are accepted.
  ///   - identity: What we show when the server asks for a certificate.
  ///   - applicationProtocols: ALPN names in order of preference, for instance `["h2", "http/1.1"]`.
  ///   - allowsCBC: Whether TLS 1.2 may use cipher suites other than those with an ephemeral key and authenticated
  ///     encryption, for servers of more than ten years ago. Default false.
  ///   - trustsIntermediates: Whether an authority of `trust` counts that has not signed itself, without the one above
  ///     it. Default false: a chain ends at a root.
  /// - Throws: ``ReactorError/Code/tlsConfiguration`` that says which text cannot be read.
  public init(
    trust: TLSTrust = .system, identity: TLSIdentity? = nil, applicationProtocols: [String] = [],
    allowsCBC: Bool = false, trustsIntermediates: Bool = false
  ) throws(ReactorError) {
    identityDates = identity?.dates ?? []
    context = try SecureContext(isServer: false, allowsCBC: allowsCBC)
    try context.trust(trust)
    if trustsIntermediates { context.endChainsAnywhere() }
    if let identity { try context.use(identity) }
    context.verifyPeer(isRequired: true)
    protocols = try wireForm(ofProtocols: applicationProtocols)
    context.keepClientSessions()
  }

  /// A connection to the server named `host`.
  ///
  /// - Parameters:
  ///   - host: The name or the IP address that the certificate has to carry.
  ///   - serverName: What the greeting asks for (SNI), when that is another name; an IP address is never sent.
  public func client(verifying host: String, serverName: String? = nil) -> TLSClient {
    TLSClient(context: self, verifiedName: host, serverName: serverName, sessionKey: "\(serverName ?? "")/\(host)")
  }

  /// The same with sessions that are kept under a name of the caller's, for tests of who resumes what.
  package func client(verifying host: String, serverName: String?, keepingSessionsAs key: String) -> TLSClient {
    TLSClient(context: self, verifiedName: host, serverName: serverName, sessionKey: key)
  }

  func session(for key: String) -> KeptSession? { sessions.withLock { $0.take(key) } }
  func keep(_ session: KeptSession, for key: String) { sessions.withLock { $0.put(session, key) } }
}

/// TLS to one server: the context, and the names.
public struct TLSClient: Sendable {
  let context: TLSClientContext
  let verifiedName: String
  let serverName: String?
  /// What its sessions are kept under.
  let sessionKey: String
}

/// What all TLS connections of a server have in common.
public final class TLSServerContext: Sendable {
  /// Whether clients have to show a certificate.
  public enum ClientCertificates: Sendable {
    /// They are not asked.
    case notAsked
    /// Without one of these authorities there is no connection.
    case required(TLSTrust)
  }

  let context: SecureContext
  /// From and until when the certificates of the identity are valid.
  public let identityDates: [CertificateDates]

  /// Makes a context.
  ///
  /// - Parameters:
  ///   - identity: What the server shows.
  ///   - clientCertificates: Whether clients have to show a certificate.
  ///   - applicationProtocols: ALPN names in order of preference. A client that offers others only is refused.
  ///   - allowsCBC: Whether TLS 1.2 may use cipher suites other than those with an ephemeral key and authenticated
  ///     encryption, for clients of more than ten years ago. Default false.
  /// - Throws: ``ReactorError/Code/tlsConfiguration`` that says which text cannot be read.
  public init(
    identity: TLSIdentity, clientCertificates: ClientCertificates = .notAsked, applicationProtocols: [String] = [],
    allowsCBC: Bool = false
  ) throws(ReactorError) {
    let protocols = try wireForm(ofProtocols: applicationProtocols)
    identityDates = identity.dates
    context = try SecureContext(isServer: true, protocols: protocols, allowsCBC: allowsCBC)
    try context.use(identity)
    var authorities = Array("none".utf8)
    if case .required(let trust) = clientCertificates {
      try context.trust(trust)
      context.verifyPeer(isRequired: true)
      authorities =
        switch trust {
        case .system: Array("system".utf8)
        case .authorities(let pem): Array("these".utf8) + pem
        }
    }
    try context.bindSessions(to: [identity.certificateChain, authorities, protocols])
  }
}

/// TLS of a listener: a context, or one chosen by the name in the client's greeting.
public struct TLSServer: Sendable {
  private let present: Locked<TLSServerContext>
  package var context: TLSServerContext { present.withLock { $0 } }
  let chosenByName: (@Sendable (String) -> TLSServerContext?)?

  /// One context for every client.
  public init(_ context: TLSServerContext) {
    present = Locked(context)
    chosenByName = nil
  }

  /// Takes another context for the connections that come from now on, here and in all copies: one with a certificate that
  /// was renewed. Connections that are open keep theirs.
  public func renew(_ context: TLSServerContext) { present.withLock { $0 = context } }

  /// Another context for each name; a client that names none gets `context`, and one for whose name `choose` returns
  /// nil is refused.
  public init(_ context: TLSServerContext, choose: @escaping @Sendable (String) -> TLSServerContext?) {
    present = Locked(context)
    chosenByName = choose
  }
}

/// A session of an earlier connection.
final class KeptSession: @unchecked Sendable {
  // Sendable: OpenSSL counts references to a session atomically and does not change one that is resumable.
  let pointer: OpaquePointer

  init(owning pointer: OpaquePointer) { self.pointer = pointer }

  deinit { SSL_SESSION_free(pointer) }
}

/// The newest session of each name; the name that was used longest ago goes first.
private struct SessionCache {
  private var entries: [(key: String, session: KeptSession)] = []

  /// A session of TLS 1.3 is used once, so it is taken out.
  mutating func take(_ key: String) -> KeptSession? {
    guard let index = entries.firstIndex(where: { $0.key == key }) else { return nil }
    return entries.remove(at: index).session
  }

  mutating func put(_ session: KeptSession, _ key: String) {
    _ = take(key)
    entries.append((key, session))
    if entries.count > TLSClientContext.maximumSessions { entries.removeFirst() }
  }
}

/// ALPN's form: each name behind its length.
private func wireForm(ofProtocols names: [String]) throws(ReactorError) -> [UInt8] {
  var bytes: [UInt8] = []
  for name in names {
    guard let count = UInt8(exactly: name.utf8.count), count > 0 else {
      throw ReactorError(.tlsConfiguration, "an application protocol has 1 to 255 bytes", logDetail: name)
    }
    bytes.append(count)
    bytes += Array(name.utf8)
  }
  return bytes
}
