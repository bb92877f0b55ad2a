internal import CCassandraOpenSSL

/// OpenSSL's context, set up once and unchanged afterwards.
final class SecureContext: @unchecked Sendable {
  // Sendable because everything that changes it happens while it is made; afterwards threads only make sessions from
  // it, and OpenSSL locks what these share.
  let pointer: OpaquePointer
  private let protocols: [UInt8]
  /// What sessions of this context are known by; set once, before the first connection.
  private(set) var sessionContext: [UInt8] = []

  /// Cipher suites of TLS 1.2: those with an ephemeral key and authenticated encryption. The others, with CBC and the
  /// padding that has been attacked again and again, have to be asked for.
  private static let modernSuites = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20"

  /// OpenSSL's level from which RSA keys of less than 2,048 bits and signatures with SHA-1 are refused, of the peer and of our
  /// own: 2. Some systems have it as their default, and others have 1.
  private static let leastSecurity: Int32 = 2

  init(isServer: Bool, protocols: [UInt8] = [], allowsCBC: Bool = false) throws(ReactorError) {
    OpenSSL.prepare()
    guard let pointer = SSL_CTX_new(isServer ? TLS_server_method() : TLS_client_method()) else {
      throw OpenSSL.error(.tlsConfiguration, "OpenSSL does not give a context")
    }
    self.pointer = pointer
    self.protocols = protocols
    _ = tls_set_minimum_version(pointer, TLS1_2_VERSION)
    SSL_CTX_set_options(pointer, tls_option_no_renegotiation)
    if SSL_CTX_get_security_level(pointer) < Self.leastSecurity {
      SSL_CTX_set_security_level(pointer, Self.leastSecurity)
    }
    tls_set_mode(pointer, Int(SSL_MODE_RELEASE_BUFFERS) | Int(SSL_MODE_AUTO_RETRY))
    if !allowsCBC, SSL_CTX_set_cipher_list(pointer, Self.modernSuites) != 1 {
      throw OpenSSL.error(.tlsConfiguration, "OpenSSL has none of the cipher suites")
    }
    if isServer { setUpServer() }
  }

  deinit { SSL_CTX_free(pointer) }

  private func setUpServer() {
    // The context is chosen before OpenSSL looks at the session that the client wants to resume, because it compares
    // the session with what is chosen by then: a session of another context is not resumed, and its client has to show
    // its certificate anew (as in CVE-2025-23419).
    SSL_CTX_set_client_hello_cb(
      pointer,
      { ssl, alert, _ in
        guard let session = TLSSession.of(ssl), let choose = session.chosenByName,
          let name = requestedName(of: ssl)
        else { return SSL_CLIENT_HELLO_SUCCESS }
        guard let chosen = choose(name) else {
          alert?.pointee = SSL_AD_UNRECOGNIZED_NAME
          return SSL_CLIENT_HELLO_ERROR
        }
        let context = chosen.context
        SSL_set_SSL_CTX(ssl, context.pointer)
        SSL_set_verify(ssl, SSL_CTX_get_verify_mode(context.pointer), nil)
        SSL_set_session_id_context(ssl, context.sessionContext, UInt32(context.sessionContext.count))
        return SSL_CLIENT_HELLO_SUCCESS
      }, nil)
    // Lets the client know that its name was looked at.
    tls_set_server_name_callback(pointer) { _, _, _ in SSL_TLSEXT_ERR_OK }
    guard !protocols.isEmpty else { return }
    let me = Unmanaged.passUnretained(self).toOpaque()
    SSL_CTX_set_alpn_select_cb(
      pointer,
      { _, chosen, chosenCount, offered, offeredCount, argument in
        guard let argument, let chosen, let chosenCount else { return SSL_TLSEXT_ERR_ALERT_FATAL }
        let context = Unmanaged<SecureContext>.fromOpaque(argument).takeUnretainedValue()
        let offers = UnsafeBufferPointer(start: offered, count: Int(offeredCount))
        guard let range = context.choose(from: offers) else { return SSL_TLSEXT_ERR_ALERT_FATAL }
        chosen.pointee = offered?.advanced(by: range.lowerBound)
        chosenCount.pointee = UInt8(range.count)
        return SSL_TLSEXT_ERR_OK
      }, me)
  }

  /// Our most preferred protocol among the client's, as a range of the client's own list.
  private func choose(from offers: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
    for own in Self.names(in: protocols) {
      for offer in Self.names(in: Array(offers)) where offers[offer].elementsEqual(protocols[own]) { return offer }
    }
    return nil
  }

  private static func names(in list: [UInt8]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var index = 0
    while index < list.count {
      let end = index + 1 + Int(list[index])
      guard end <= list.count else { break }
      ranges.append(index + 1..<end)
      index = end
    }
    return ranges
  }

  /// Makes sessions belong to what the server is and whom it asks for a certificate: one that was begun elsewhere is not
  /// resumed here, and one of an equal context is.
  func bindSessions(to parts: [[UInt8]]) throws(ReactorError) {
    var bytes: [UInt8] = []
    for part in parts {
      withUnsafeBytes(of: UInt64(part.count).bigEndian) { bytes += $0 }
      bytes += part
    }
    var digest = [UInt8](repeating: 0, count: 32)
    var count: UInt32 = 0
    guard EVP_Digest(bytes, bytes.count, &digest, &count, EVP_sha256(), nil) == 1, count == 32,
      SSL_CTX_set_session_id_context(pointer, digest, count) == 1
    else { throw OpenSSL.error(.tlsConfiguration, "OpenSSL does not take the name of the sessions") }
    sessionContext = digest
  }

  func verifyPeer(isRequired: Bool) {
    SSL_CTX_set_verify(pointer, isRequired ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE, nil)
  }

  /// A chain may end at any certificate that is trusted, and not only at one that has signed itself.
  func endChainsAnywhere() {
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(pointer), UInt(X509_V_FLAG_PARTIAL_CHAIN))
  }

  func keepClientSessions() {
    tls_set_session_cache_mode(pointer, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE)
    SSL_CTX_sess_set_new_cb(pointer) { ssl, session in
      guard let session, let owner = TLSSession.of(ssl) else { return 0 }
      owner.keep(KeptSession(owning: session))
      return 1  // The reference is ours now.
    }
  }
}

// MARK: - PEM

extension SecureContext {
  func trust(_ trust: TLSTrust) throws(ReactorError) {
    switch trust {
    case .system:
      guard SSL_CTX_set_default_verify_paths(pointer) == 1 else {
        throw OpenSSL.error(.tlsConfiguration, "the system's certificate authorities cannot be read")
      }
    case .authorities(let pem):
      let certificates = try Certificate.all(inPEM: pem, of: "the certificate authorities")
      let store = SSL_CTX_get_cert_store(pointer)
      for certificate in certificates {
        guard X509_STORE_add_cert(store, certificate.pointer) == 1 else {
          throw OpenSSL.error(.tlsConfiguration, "a certificate authority cannot be used")
        }
        // A server tells clients which authorities it accepts.
        SSL_CTX_add_client_CA(pointer, certificate.pointer)
      }
    }
  }

  func use(_ identity: TLSIdentity) throws(ReactorError) {
    let chain = try Certificate.all(inPEM: identity.certificateChain, of: "the certificate")
    guard let leaf = chain.first, SSL_CTX_use_certificate(pointer, leaf.pointer) == 1 else {
      throw OpenSSL.error(.tlsConfiguration, "the certificate cannot be used")
    }
    for certificate in chain.dropFirst() { _ = tls_add_chain_certificate(pointer, certificate.pointer) }
    let key = try OpenSSL.privateKey(inPEM: identity.privateKey)
    defer { EVP_PKEY_free(key) }
    guard SSL_CTX_use_PrivateKey(pointer, key) == 1, SSL_CTX_check_private_key(pointer) == 1 else {
      throw OpenSSL.error(.tlsConfiguration, "the private key does not belong to the certificate")
    }
  }
}

/// The host name in the client's greeting (RFC 6066, section 3); nil when it names none or not in the one way there is.
private func requestedName(of ssl: OpaquePointer?) -> String? {
  var start: UnsafePointer<UInt8>?
  var count = 0
  guard SSL_client_hello_get0_ext(ssl, UInt32(TLSEXT_TYPE_server_name), &start, &count) == 1 else { return nil }
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  // The length of the list, the kind of name, the length of the name, the name.
  guard count > 5, bytes[2] == UInt8(TLSEXT_NAMETYPE_host_name),
    Int(bytes[0]) << 8 | Int(bytes[1]) == count - 2, Int(bytes[3]) << 8 | Int(bytes[4]) == count - 5
  else { return nil }
  let name = bytes[5...]
  guard name.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
  return String(decoding: name, as: UTF8.self)
}
