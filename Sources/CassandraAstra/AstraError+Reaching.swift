internal import CassandraReactor

extension AstraError {
  /// What a connection was to reach.
  enum Target {
    case metadataService
    case proxy
  }

  /// What a failure of the network or of TLS on the way to `target` means.
  static func reaching(_ target: Target, failed error: ReactorError, logDetail: String) -> AstraError {
    let isService = target == .metadataService
    let name = isService ? "Astra's metadata service" : "Astra's proxy"
    let unreachable: Code = isService ? .metadataUnreachable : .proxyUnreachable
    let untrusted: Code = isService ? .metadataUntrusted : .proxyUntrusted
    func made(_ code: Code, _ message: String) -> AstraError {
      AstraError(code, message, logDetail: logDetail, cause: error)
    }
    switch error.code {
    case .nameNotFound:
      return made(
        unreachable,
        "The name of \(name) is not found: the database may be terminated, or this machine has no DNS; check the database in the Astra portal."
      )
    case .nameLookUpFailed:
      return made(unreachable, "The name of \(name) cannot be looked up; check this machine's DNS.")
    case .connectionRefused:
      return made(
        unreachable,
        "\(name) refuses the connection: the database may be parked or terminated; check it in the Astra portal, and the port in the bundle."
      )
    case .tlsCertificateExpired:
      return made(
        untrusted, "\(name) shows a certificate that has expired or is not valid yet; check this machine's clock.")
    case .tlsCertificateName:
      return made(
        untrusted,
        "\(name) shows a certificate for another name; check that nothing stands between, such as a TLS proxy.")
    case .tlsCertificate:
      return made(
        untrusted,
        "\(name) shows a certificate that is not from the authority in the secure connect bundle; is it the bundle of this database?"
      )
    case .tlsClientCertificate:
      return made(
        .certificateRefused,
        "\(name) does not accept the certificate in the secure connect bundle; download a new bundle from the Astra portal."
      )
    case .timedOut:
      return made(unreachable, "\(name) does not answer in time; check that a firewall lets this machine reach it.")
    case .tlsProtocol:
      return made(unreachable, "\(name) does not speak TLS there; check the host and the port in the bundle.")
    case .tlsHandshake, .tlsTruncated, .connectionReset, .connectionClosed:
      return isService
        ? made(
          unreachable,
          "\(name) ends the connection: the database may be hibernated, parked or terminated; check it in the Astra portal."
        )
        : made(
          .nodeRefused,
          "Astra's proxy closed the connection to the node: the node is down or has been replaced; the list of nodes is asked for again."
        )
    default:
      return made(unreachable, "\(name) cannot be reached: \(error).")
    }
  }

  /// The same error with more for the log.
  func adding(_ more: String) -> AstraError {
    AstraError(code, message, logDetail: logDetail.isEmpty ? more : "\(more): \(logDetail)", cause: cause)
  }
}
