internal import CCassandraOpenSSL
internal import CassandraBytes

/// The library as a whole.
enum OpenSSL {
  /// Has to be called before anything else of OpenSSL: it keeps the library from tearing itself down in `exit()` while
  /// loops still use it, which crashed every time it was tried.
  static func prepare() { _ = isPrepared }

  private static let isPrepared = OPENSSL_init_crypto(tls_init_no_atexit, nil) == 1

  /// An error with everything that OpenSSL has to say about the last call; leaves its queue empty, else the next call
  /// would report what was meant here.
  static func error(_ code: ReactorError.Code, _ message: String) -> ReactorError {
    ReactorError(code, message, logDetail: drainErrors().map(\.text).joined(separator: "; "))
  }

  static func drainErrors() -> [(reason: Int32, text: String)] {
    var errors: [(reason: Int32, text: String)] = []
    while true {
      let code = ERR_get_error()
      if code == 0 { return errors }
      errors.append(
        (ERR_GET_REASON(code), ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"))
    }
  }

  /// Lends `bytes` to `body` as a BIO to read from.
  static func withBIO<Result, Failure: Error>(
    of bytes: [UInt8], _ body: (OpaquePointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    prepare()
    // What another call left on this thread is not about these bytes.
    ERR_clear_error()
    let outcome: Swift.Result<Result, Failure> = bytes.withUnsafeBytes { buffer in
      guard let bio = BIO_new_mem_buf(buffer.baseAddress, Int32(clamping: buffer.count)) else {
        preconditionFailure("there is no memory for a few dozen bytes")
      }
      defer { BIO_free(bio) }
      do throws(Failure) { return .success(try body(bio)) } catch { return .failure(error) }
    }
    return try outcome.get()
  }

  /// The private key in a PEM text. The caller frees it.
  static func privateKey(inPEM pem: [UInt8]) throws(ReactorError) -> OpaquePointer {
    try withBIO(of: pem) { bio throws(ReactorError) in
      // The callback stands in for the prompt that OpenSSL would show on the terminal.
      let key = PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil)
      if let key { return key }
      _ = drainErrors()
      if pem.span.contains(bytesOf: "ENCRYPTED") {
        throw ReactorError(
          .tlsConfiguration, "the private key has a passphrase; give one without: openssl pkey -in KEY -out PLAIN")
      }
      if pem.span.contains(bytesOf: "BEGIN CERTIFICATE") {
        throw ReactorError(.tlsConfiguration, "there is a certificate where the private key should be")
      }
      throw ReactorError(.tlsConfiguration, "the private key is not PEM")
    }
  }
}
