internal import CCassandraOpenSSL

/// TLS of one connection, between two blocks of memory: ciphertext comes in and goes out, plaintext goes in and comes
/// out, and no socket is touched.
final class TLSSession {
  enum ReadState {
    /// The buffer is full; there may be more.
    case mayHaveMore
    /// Everything that has arrived was read.
    case drained
    /// The peer has said that nothing follows.
    case ended
  }

  private let ssl: OpaquePointer
  private let received: OpaquePointer
  private let toSend: OpaquePointer
  /// Keeps the context and the cache of sessions.
  private let client: TLSClient?
  private let server: TLSServer?

  convenience init(client: TLSClient) throws(ReactorError) {
    try self.init(context: client.context.context, client: client, server: nil)
    SSL_set_connect_state(ssl)
    let isAddress = SocketAddress.isLiteral(client.verifiedName)
    if isAddress {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), client.verifiedName)
    } else {
      SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT))
      guard SSL_set1_host(ssl, client.verifiedName) == 1 else {
        throw OpenSSL.error(.tlsConfiguration, "the name to verify cannot be used")
      }
    }
    if let name = client.serverName ?? (isAddress ? nil : client.verifiedName),
      tls_set_server_name(ssl, name) != 1
    {
      throw OpenSSL.error(.tlsConfiguration, "the server's name cannot be used")
    }
    let protocols = client.context.protocols
    // This one function of OpenSSL returns 0 for success.
    if !protocols.isEmpty && SSL_set_alpn_protos(ssl, protocols, UInt32(protocols.count)) != 0 {
      throw OpenSSL.error(.tlsConfiguration, "the application protocols cannot be used")
    }
    if let session = client.context.session(for: sessionKey) { SSL_set_session(ssl, session.pointer) }
  }

  convenience init(server: TLSServer) throws(ReactorError) {
    try self.init(context: server.context.context, client: nil, server: server)
    SSL_set_accept_state(ssl)
  }

  private init(context: SecureContext, client: TLSClient?, server: TLSServer?) throws(ReactorError) {
    guard let ssl = SSL_new(context.pointer), let received = BIO_new(BIO_s_mem()), let toSend = BIO_new(BIO_s_mem())
    else { throw OpenSSL.error(.tlsConfiguration, "OpenSSL does not give a session") }
    SSL_set_bio(ssl, received, toSend)  // Both belong to the session from here on.
    self.ssl = ssl
    self.received = received
    self.toSend = toSend
    self.client = client
    self.server = server
    SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
  }

  deinit {
    // Without this OpenSSL takes the session for broken and does not let it be resumed.
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
    SSL_free(ssl)
  }

  static func of(_ ssl: OpaquePointer?) -> TLSSession? {
    guard let data = SSL_get_ex_data(ssl, 0) else { return nil }
    return Unmanaged<TLSSession>.fromOpaque(data).takeUnretainedValue()
  }

  var chosenByName: (@Sendable (String) -> TLSServerContext?)? { server?.chosenByName }

  private var sessionKey: String { client?.sessionKey ?? "" }

  func keep(_ session: KeptSession) { client?.context.keep(session, for: sessionKey) }
}

// MARK: - Bytes

extension TLSSession {
  func receive(ciphertext: UnsafeRawBufferPointer) {
    BIO_write(received, ciphertext.baseAddress, Int32(ciphertext.count))
  }

  /// Goes on with the handshake; true when it is done.
  func handshake() throws(ReactorError) -> Bool {
    ERR_clear_error()
    let result = SSL_do_handshake(ssl)
    if result == 1 { return true }
    switch SSL_get_error(ssl, result) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return false
    default: throw failure("the TLS handshake failed")
    }
  }

  /// Decrypts what has arrived, as much as the buffer holds.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(ReactorError) -> (count: Int, state: ReadState) {
    var total = 0
    while total < buffer.count {
      var count = 0
      ERR_clear_error()
      let result = SSL_read_ex(ssl, buffer.baseAddress?.advanced(by: total), buffer.count - total, &count)
      if result == 1 {
        total += count
        continue
      }
      switch SSL_get_error(ssl, result) {
      case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return (total, .drained)
      case SSL_ERROR_ZERO_RETURN: return (total, .ended)
      default: throw failure("what was received is not valid TLS")
      }
    }
    return (total, .mayHaveMore)
  }

  /// Encrypts `plaintext`; the ciphertext waits for ``withCiphertext(_:)``. Returns what went wrong.
  func write(_ plaintext: UnsafeRawBufferPointer) -> ReactorError? {
    var written = 0
    while written < plaintext.count {
      var count = 0
      ERR_clear_error()
      // Memory always takes all of it, so a failure is one of the session.
      guard SSL_write_ex(ssl, plaintext.baseAddress?.advanced(by: written), plaintext.count - written, &count) == 1
      else { return failure("what is to be sent cannot be encrypted") }
      written += count
    }
    return nil
  }

  /// Lends the ciphertext that is to be sent, and forgets it.
  func withCiphertext<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    var data: UnsafeMutablePointer<CChar>?
    let count = tls_memory_data(toSend, &data)
    defer { if count > 0 { tls_memory_reset(toSend) } }
    return body(UnsafeRawBufferPointer(start: data, count: count))
  }

  /// Says that nothing follows.
  func sendClose() {
    ERR_clear_error()
    SSL_shutdown(ssl)
    ERR_clear_error()
  }

  var wasClosedByPeer: Bool { SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0 }
}

// MARK: - Facts

extension TLSSession {
  var facts: TLSFacts {
    var name: UnsafePointer<UInt8>?
    var count: UInt32 = 0
    SSL_get0_alpn_selected(ssl, &name, &count)
    let bytes = UnsafeBufferPointer(start: name, count: Int(count))
    return TLSFacts(
      version: String(cString: SSL_get_version(ssl)),
      applicationProtocol: bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self),
      serverName: SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) },
      isResumed: SSL_session_reused(ssl) == 1,
      peerCertificate: SSL_get1_peer_certificate(ssl).map { Certificate(owning: $0) })
  }

  func truncationError(isHandshake: Bool) -> ReactorError {
    if isHandshake { return ReactorError(.tlsHandshake, "the peer closed the connection during the TLS handshake") }
    return ReactorError(.tlsTruncated, "the peer cut the connection without ending TLS")
  }

  /// What OpenSSL reports, told apart by what one has to do about it.
  private func failure(_ fallback: String) -> ReactorError {
    let errors = OpenSSL.drainErrors()
    let words = errors.map(\.text).joined(separator: "; ")
    let verification = SSL_get_verify_result(ssl)
    let isVerification = errors.contains { $0.reason == SSL_R_CERTIFICATE_VERIFY_FAILED }
    if isVerification {
      let reason = String(cString: X509_verify_cert_error_string(verification))
      let side = client == nil ? "client" : "server"
      let logDetail = client.map { "expected \($0.verifiedName): \(reason)" } ?? reason
      switch Int32(verification) {
      case X509_V_ERR_CERT_HAS_EXPIRED:
        return ReactorError(.tlsCertificateExpired, "the certificate of the \(side) has expired", logDetail: logDetail)
      case X509_V_ERR_CERT_NOT_YET_VALID:
        return ReactorError(
          .tlsCertificateExpired, "the certificate of the \(side) is not valid yet", logDetail: logDetail)
      case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
        return ReactorError(
          .tlsCertificateName, "the certificate of the \(side) is for another name", logDetail: logDetail)
      default:
        return ReactorError(
          .tlsCertificate, "the certificate of the \(side) is not from a trusted authority", logDetail: logDetail)
      }
    }
    for error in errors {
      switch error.reason {
      case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return ReactorError(.tlsCertificate, "the client showed no certificate", logDetail: words)
      case TLSAlert.certificateRequired, TLSAlert.badCertificate, TLSAlert.unknownAuthority,
        TLSAlert.certificateExpired,
        TLSAlert.certificateUnknown, TLSAlert.handshakeFailure:
        return ReactorError(
          .tlsClientCertificate, "the peer refused our certificate, or wants one that we do not have", logDetail: words)
      case SSL_R_WRONG_VERSION_NUMBER, SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_HTTP_REQUEST:
        return ReactorError(.tlsProtocol, "the peer does not speak TLS 1.2 or 1.3 here", logDetail: words)
      default: continue
      }
    }
    return ReactorError(.tlsHandshake, fallback, logDetail: words)
  }
}

/// OpenSSL's reasons for alerts of the peer: 1000 and the number of the alert in RFC 8446, section 6.
private enum TLSAlert {
  static let handshakeFailure: Int32 = 1040
  static let badCertificate: Int32 = 1042
  static let certificateExpired: Int32 = 1045
  static let certificateUnknown: Int32 = 1046
  static let unknownAuthority: Int32 = 1048
  static let certificateRequired: Int32 = 1116
}

/// What is known of a TLS connection once it stands.
public struct TLSFacts: Sendable {
  /// `TLSv1.2` or `TLSv1.3`.
  public let version: String
  /// What ALPN has settled on, if anything.
  public let applicationProtocol: String?
  /// The name that the client has asked for in its greeting (SNI), if any.
  public let serverName: String?
  /// Whether an earlier session was resumed.
  public let isResumed: Bool
  /// The peer's certificate, when it showed one.
  public let peerCertificate: Certificate?
}
