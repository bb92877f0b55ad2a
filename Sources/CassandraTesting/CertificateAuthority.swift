internal import CCassandraOpenSSL
public import CassandraReactor

/// Makes certificates on the fly, for tests and for the emulator: nothing is written to a file, and no key is older
/// than the process.
public final class CertificateAuthority: @unchecked Sendable {
  // Sendable: the key and the certificate are not changed after the initializer.
  private let key: OpaquePointer
  private let certificate: OpaquePointer

  /// What a certificate is for.
  public struct Request: Sendable {
    /// The common name in the subject.
    public var commonName: String
    /// Names and addresses in OpenSSL's form, as in `DNS:localhost,IP:127.0.0.1`; empty for none.
    public var alternativeNames: String
    /// Seconds from now at which it becomes valid; negative for the past.
    public var validFrom: Int = -3600
    /// Seconds from now until which it is valid; negative makes one that has expired.
    public var validUntil: Int = 90 * 86_400
    /// Whether the private key comes in the traditional form, PKCS#1 for RSA as in Astra's bundles, and not as PKCS#8.
    public var usesPKCS1 = false
    /// Whether the key is one of RSA with 2,048 bits, and not one of P-256. All such certificates of the process share one:
    /// it takes a tenth of a second to make.
    public var usesRSA = false
    /// What the certificate may be used for (extendedKeyUsage, in OpenSSL's words).
    public var purposes = "serverAuth,clientAuth"

    /// A certificate for `commonName`, valid from an hour ago for ninety days.
    public init(_ commonName: String, alternativeNames: String = "") {
      self.commonName = commonName
      self.alternativeNames = alternativeNames
    }
  }

  /// A new authority with a key of its own, signed by another one or by itself.
  public init(name: String = "Test authority", signedBy issuer: CertificateAuthority? = nil) {
    key = Self.makeKey()
    certificate = Self.makeCertificate(
      for: Request(name), key: key, issuer: issuer?.certificate, issuerKey: issuer?.key ?? key,
      extensions: [
        (NID_basic_constraints, "critical,CA:TRUE"), (NID_key_usage, "critical,keyCertSign,cRLSign"),
        (NID_subject_key_identifier, "hash"),
      ])
  }

  deinit {
    X509_free(certificate)
    EVP_PKEY_free(key)
  }

  /// The authority's certificate, as PEM.
  public var pem: [UInt8] { Self.pem { PEM_write_bio_X509($0, certificate) } }

  /// A certificate signed by this authority, with its key.
  public func issue(_ request: Request) -> TLSIdentity {
    let leafKey = request.usesRSA ? Self.makeRSAKey() : Self.makeKey()
    defer { EVP_PKEY_free(leafKey) }
    var extensions: [(Int32, String)] = [
      (NID_basic_constraints, "CA:FALSE"), (NID_key_usage, "digitalSignature,keyEncipherment"),
      (NID_ext_key_usage, request.purposes),
    ]
    if !request.alternativeNames.isEmpty { extensions.append((NID_subject_alt_name, request.alternativeNames)) }
    let leaf = Self.makeCertificate(
      for: request, key: leafKey, issuer: certificate, issuerKey: key, extensions: extensions)
    defer { X509_free(leaf) }
    return TLSIdentity(
      certificateChain: Self.pem { PEM_write_bio_X509($0, leaf) },
      privateKey: Self.pem { bio in
        request.usesPKCS1
          ? PEM_write_bio_PrivateKey_traditional(bio, leafKey, nil, nil, 0, nil, nil)
          : PEM_write_bio_PKCS8PrivateKey(bio, leafKey, nil, nil, 0, nil, nil)
      })
  }

  // P-256: a key takes well under a millisecond, where RSA takes a hundred.
  private static func makeKey() -> OpaquePointer {
    guard let key = tls_make_key() else { preconditionFailure("OpenSSL does not make a key") }
    return key
  }

  private static let sharedKey = SharedKey()

  private static func makeRSAKey() -> OpaquePointer {
    EVP_PKEY_up_ref(sharedKey.pointer)
    return sharedKey.pointer
  }

  private final class SharedKey: @unchecked Sendable {
    // Sendable: OpenSSL counts references to a key atomically, and nothing changes the key.
    let pointer: OpaquePointer

    init() {
      guard let key = tls_make_rsa_key() else { preconditionFailure("OpenSSL does not make a key") }
      pointer = key
    }
  }

  private static func makeCertificate(
    for request: Request, key: OpaquePointer, issuer: OpaquePointer?, issuerKey: OpaquePointer,
    extensions: [(Int32, String)]
  ) -> OpaquePointer {
    guard let certificate = X509_new() else { preconditionFailure("OpenSSL does not make a certificate") }
    X509_set_version(certificate, 2)
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), UInt64.random(in: 1...UInt64(Int64.max)))
    X509_gmtime_adj(X509_getm_notBefore(certificate), request.validFrom)
    X509_gmtime_adj(X509_getm_notAfter(certificate), request.validUntil)
    X509_set_pubkey(certificate, key)
    let name = X509_get_subject_name(certificate)
    let commonName = Array(request.commonName.utf8)
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, commonName, Int32(commonName.count), -1, 0)
    X509_set_issuer_name(certificate, issuer.map { X509_get_subject_name($0) } ?? name)
    var context = X509V3_CTX()
    X509V3_set_ctx(&context, issuer ?? certificate, certificate, nil, nil, 0)
    for (kind, value) in extensions {
      guard let entry = X509V3_EXT_conf_nid(nil, &context, kind, value) else {
        preconditionFailure("not an extension of certificates: \(value)")
      }
      X509_add_ext(certificate, entry, -1)
      X509_EXTENSION_free(entry)
    }
    X509_sign(certificate, issuerKey, EVP_sha256())
    return certificate
  }

  private static func pem(_ write: (OpaquePointer) -> Int32) -> [UInt8] {
    guard let bio = BIO_new(BIO_s_mem()) else { preconditionFailure("OpenSSL does not give a buffer") }
    defer { BIO_free(bio) }
    precondition(write(bio) == 1, "OpenSSL does not write PEM")
    var data: UnsafeMutablePointer<CChar>?
    let count = tls_memory_data(bio, &data)
    return Array(UnsafeRawBufferPointer(start: data, count: count))
  }
}
