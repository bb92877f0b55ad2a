internal import CCassandraOpenSSL

/// OpenSSL's context, set up once and unchanged afterwards.
final class SecureContext: @unchecked Sendable {
  // Sendable because everything that changes it happens while it is made; afterwards threads only make sessions from
  // it, and OpenSSL locks what these share.
  let pointer: OpaquePointer
  private let protocols: [UInt8]

  init(isServer: Bool, protocols: [UInt8] = []) throws(ReactorError) {
    OpenSSL.prepare()
    guard let pointer = SSL_CTX_new(isServer ? TLS_server_method() : TLS_client_method()) else {
      throw OpenSSL.error(.tlsConfiguration, "OpenSSL does not give a context")
    }
    self.pointer = pointer
    self.protocols = protocols
    _ = tls_set_minimum_version(pointer, TLS1_2_VERSION)
    SSL_CTX_set_options(pointer, tls_option_no_renegotiation)
    tls_set_mode(pointer, Int(SSL_MODE_RELEASE_BUFFERS) | Int(SSL_MODE_AUTO_RETRY))
    if isServer { setUpServer() }
  }

  deinit { SSL_CTX_free(pointer) }

  private func setUpServer() {
    // Without it a session whose client showed a certificate could not be resumed.
    let sessionContext = Array("swift-cassandra".utf8)
    SSL_CTX_set_session_id_context(pointer, sessionContext, UInt32(sessionContext.count))
    tls_set_server_name_callback(pointer) { ssl, _, _ in
      guard let session = TLSSession.of(ssl), let choose = session.chosenByName,
        let name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)
      else { return SSL_TLSEXT_ERR_OK }
      guard let chosen = choose(String(cString: name)) else { return SSL_TLSEXT_ERR_ALERT_FATAL }
      SSL_set_SSL_CTX(ssl, chosen.context.pointer)
      SSL_set_verify(ssl, SSL_CTX_get_verify_mode(chosen.context.pointer), nil)
      return SSL_TLSEXT_ERR_OK
    }
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

  func verifyPeer(isRequired: Bool) {
    SSL_CTX_set_verify(pointer, isRequired ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE, nil)
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
