internal import CassandraBytes
internal import CassandraReactor

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The PEM files of a bundle, checked: an authority, a client certificate that is valid now, and the key to it.
struct BundleCertificates {
  let tls: TLSClientContext
  let validity: ClosedRange<Int>
  let authorityValidity: ClosedRange<Int>

  /// - Parameter now: Seconds since 1970.
  /// - Throws: ``AstraError`` that names the file.
  init(authority: [UInt8], certificate: [UInt8], key: [UInt8], now: Int) throws(AstraError) {
    let authorities = try Self.certificates(authority, "ca.crt")
    let chain = try Self.certificates(certificate, "cert")
    guard let root = authorities.first, let leaf = chain.first else { throw .certificate("cert", "has no certificate") }
    authorityValidity = try Self.validity(of: root, "ca.crt", now: now)
    validity = try Self.validity(of: leaf, "cert", now: now)
    do throws(ReactorError) {
      tls = try TLSClientContext(
        trust: .authorities(pem: authority), identity: TLSIdentity(certificateChain: certificate, privateKey: key))
    } catch {
      throw Self.keyError(key, error)
    }
  }

  private static func certificates(_ pem: [UInt8], _ file: String) throws(AstraError) -> [Certificate] {
    do throws(ReactorError) { return try Certificate.all(inPEM: pem, of: "the certificate") } catch {
      let isKey = contains(pem, "PRIVATE KEY")
      throw .certificate(
        file, isKey ? "has a private key where a certificate should be: are cert and key swapped?" : "is not PEM",
        cause: error)
    }
  }

  private static func validity(
    of certificate: Certificate, _ file: String, now: Int
  ) throws(AstraError) -> ClosedRange<Int> {
    let (from, until) = (certificate.notBefore, certificate.notAfter)
    guard from <= until, from <= now else {
      throw AstraError(
        .bundleExpired,
        "The certificate in \(file) of the secure connect bundle is not valid yet; is this machine's clock right?")
    }
    guard now <= until else {
      throw AstraError(
        .bundleExpired,
        "The certificate in \(file) of the secure connect bundle has expired; download a new bundle from the Astra portal."
      )
    }
    return from...until
  }

  private static func keyError(_ key: [UInt8], _ error: ReactorError) -> AstraError {
    if contains(key, "ENCRYPTED") {
      return AstraError(
        .bundleKeyEncrypted,
        "The key in the secure connect bundle has a passphrase, which Astra's own never have; download the bundle again from the Astra portal."
      )
    }
    if contains(key, "BEGIN CERTIFICATE") {
      return .certificate("key", "has a certificate where the private key should be: are cert and key swapped?")
    }
    if !contains(key, "PRIVATE KEY") { return .certificate("key", "is not PEM", cause: error) }
    return .certificate("key", "cannot be used: \(error)", cause: error)
  }

  private static func contains(_ pem: [UInt8], _ words: StaticString) -> Bool { pem.span.contains(bytesOf: words) }
}

/// The time in seconds since 1970.
func currentSeconds() -> Int { Int(time(nil)) }
