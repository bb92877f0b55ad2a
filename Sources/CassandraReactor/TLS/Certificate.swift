internal import CCassandraOpenSSL
internal import CassandraBytes

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// An X.509 certificate, to look at.
public final class Certificate: @unchecked Sendable {
  // Sendable: OpenSSL counts references atomically, and nothing here changes the certificate.
  let pointer: OpaquePointer

  init(owning pointer: OpaquePointer) { self.pointer = pointer }

  deinit { X509_free(pointer) }

  /// All certificates in a PEM text, in their order.
  ///
  /// - Parameters:
  ///   - pem: The text.
  ///   - what: What they are, for the error, as in "the certificate authorities".
  /// - Throws: ``ReactorError/Code/tlsConfiguration`` when there is none or one cannot be read.
  public static func all(inPEM pem: [UInt8], of what: String) throws(ReactorError) -> [Certificate] {
    try OpenSSL.withBIO(of: pem) { bio throws(ReactorError) in
      var certificates: [Certificate] = []
      while let pointer = PEM_read_bio_X509(bio, nil, { _, _, _, _ in -1 }, nil) {
        certificates.append(Certificate(owning: pointer))
      }
      // At the end of the text OpenSSL reports that no further certificate begins.
      let errors = OpenSSL.drainErrors()
      if !certificates.isEmpty && errors.allSatisfy({ $0.reason == PEM_R_NO_START_LINE }) { return certificates }
      if certificates.isEmpty && pem.span.contains(bytesOf: "PRIVATE KEY") {
        throw ReactorError(.tlsConfiguration, "there is a private key where \(what) should be")
      }
      throw ReactorError(
        .tlsConfiguration, "\(what) cannot be read as PEM", logDetail: errors.map(\.text).joined(separator: "; "))
    }
  }

  /// Whose it is, as in `CN = node1, O = Example`.
  public var subject: String { Self.text(of: X509_get_subject_name(pointer)) }
  /// Who signed it.
  public var issuer: String { Self.text(of: X509_get_issuer_name(pointer)) }
  /// From when it is valid, in seconds since 1970.
  public var notBefore: Int { Self.seconds(of: X509_get0_notBefore(pointer)) }
  /// Until when it is valid, in seconds since 1970.
  public var notAfter: Int { Self.seconds(of: X509_get0_notAfter(pointer)) }

  /// Whether it was signed with the key of `authority`.
  public func isSigned(by authority: Certificate) -> Bool {
    defer { _ = OpenSSL.drainErrors() }
    return X509_verify(pointer, X509_get0_pubkey(authority.pointer)) == 1
  }

  private static func text(of name: OpaquePointer?) -> String {
    guard let bio = BIO_new(BIO_s_mem()) else { return "" }
    defer { BIO_free(bio) }
    X509_NAME_print_ex(bio, name, 0, tls_name_one_line)
    var data: UnsafeMutablePointer<CChar>?
    let count = tls_memory_data(bio, &data)
    return String(decoding: UnsafeRawBufferPointer(start: data, count: count), as: UTF8.self)
  }

  private static func seconds(of time: UnsafePointer<ASN1_TIME>?) -> Int {
    var parts = tm()
    guard ASN1_TIME_to_tm(time, &parts) == 1 else { return 0 }
    return timegm(&parts)
  }
}
