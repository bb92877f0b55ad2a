internal import CassandraReactor

/// The authority of an emulated database, and the certificates that it and others have signed.
final class AstraCertificates: Sendable {
  private static let yesterday = -86_400

  let authority = CertificateAuthority(name: "Emulated Astra authority")
  private let stranger = CertificateAuthority(name: "Another authority")
  /// What the bundle has.
  let client: TLSIdentity

  init() {
    var request = CertificateAuthority.Request("client")
    request.usesRSA = true
    request.usesPKCS1 = true
    request.purposes = "clientAuth"
    client = authority.issue(request)
  }

  /// The certificate of a service.
  func server(_ certificate: AstraFaults.Certificate) -> TLSIdentity {
    var request = CertificateAuthority.Request("emulated Astra", alternativeNames: "DNS:localhost")
    request.purposes = "serverAuth"
    switch certificate {
    case .ordinary: return authority.issue(request)
    case .otherAuthority: return stranger.issue(request)
    case .expired:
      request.validFrom = 2 * Self.yesterday
      request.validUntil = Self.yesterday
      return authority.issue(request)
    case .otherName:
      request.alternativeNames = "DNS:elsewhere.example"
      return authority.issue(request)
    }
  }

  /// A client certificate that is not valid any more.
  func expiredClient() -> TLSIdentity {
    var request = CertificateAuthority.Request("client")
    request.usesPKCS1 = true
    request.purposes = "clientAuth"
    request.validFrom = 2 * Self.yesterday
    request.validUntil = Self.yesterday
    return authority.issue(request)
  }

  /// A client certificate of another authority.
  func foreignClient() -> TLSIdentity {
    var request = CertificateAuthority.Request("client")
    request.usesPKCS1 = true
    request.purposes = "clientAuth"
    return stranger.issue(request)
  }

  /// TLS of a service that wants the bundle's certificate.
  func serverContext(_ certificate: AstraFaults.Certificate) throws(ReactorError) -> TLSServerContext {
    try TLSServerContext(
      identity: server(certificate), clientCertificates: .required(.authorities(pem: authority.pem)))
  }
}
