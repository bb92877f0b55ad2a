internal import Cassandra
internal import CassandraReactor
internal import CassandraTerminal

/// Which way leads to the database, for what to do about a finding.
enum Route: Sendable, Equatable {
  /// Straight to a node of a Cassandra.
  case cassandra
  /// To the metadata service of an Astra database.
  case metadata
  /// To the proxy in front of the nodes of an Astra database.
  case proxy

  private static let asleep =
    "Check in the portal that the database is active: one that is hibernated, parked or terminated cannot be reached. "
    + "If it is, check that this machine can reach the internet on that port."

  fileprivate func adviceForName(_ error: ReactorError) -> String {
    if error.code == .nameNotFound {
      return self == .cassandra
        ? "Correct the host in CASSANDRA_CONTACT_POINTS, or this machine's DNS settings."
        : "Check in the portal that the database still exists. If it does, check this machine's DNS settings."
    }
    return "Check that this machine has a network and a DNS server that answers (/etc/resolv.conf, VPN)."
  }

  fileprivate func adviceForConnection(_ error: ReactorError) -> String {
    guard self == .cassandra else { return Self.asleep }
    switch error.code {
    case .connectionRefused:
      return "Check that Cassandra is running there, and that rpc_address and native_transport_port in its "
        + "cassandra.yaml are those of CASSANDRA_CONTACT_POINTS."
    case .timedOut, .unreachable: return "Check for a firewall in between, and that the machine is up."
    default: return "Check the host and the port in CASSANDRA_CONTACT_POINTS."
    }
  }

  fileprivate func adviceForTLS(_ error: ReactorError) -> String {
    switch error.code {
    case .tlsCertificate:
      self == .cassandra
        ? "CASSANDRA_TLS_CA must be the authority that signed the node's certificate."
        : "Download the bundle again. If that does not help, something in between intercepts TLS: a proxy or a virus scanner."
    case .tlsCertificateExpired:
      "Check this machine's clock. If it is right, whoever runs the server has to renew its certificate."
    case .tlsCertificateName:
      self == .cassandra
        ? "Use a name in CASSANDRA_CONTACT_POINTS that the node's certificate carries."
        : "Another server answers in place of Astra's: check this machine's DNS settings and proxies."
    case .tlsClientCertificate:
      self == .cassandra
        ? "Set CASSANDRA_TLS_CERTIFICATE and CASSANDRA_TLS_KEY to those of a client that the node trusts."
        : "The bundle's certificate is not accepted: download this database's bundle again."
    case .tlsProtocol:
      self == .cassandra
        ? "The node does not speak TLS at this port: leave CASSANDRA_TLS_CA out, or use the port that does."
        : "Something other than Astra answers there: check this machine's proxies."
    case .timedOut: "The server accepts connections and does not answer: check its load, and for firewalls in between."
    default:
      self == .cassandra
        ? "Check the node's log."
        : "The proxy does not know this node (any more) or the node is down. Try again; if that persists, check the "
          + "database's state in the portal."
    }
  }
}

/// What the checks of names, connections and TLS have found.
enum NetworkFinding {
  /// What a name stands for.
  static func name(
    _ host: String, _ result: Result<[SocketAddress], ReactorError>, route: Route
  ) -> Finding {
    switch result {
    case .success(let addresses):
      let hosts = addresses.map(\.host)
      return .ok(hosts == [host] ? "\(host) is an address" : "\(host) is \(hosts.joined(separator: ", "))")
    case .failure(let error): return .failed("\(host): \(error.forOperator)", route.adviceForName(error))
    }
  }

  /// Which addresses take connections: one has to.
  static func connections(
    to endPoint: String, _ results: [(address: SocketAddress, error: ReactorError?)], route: Route
  ) -> Finding {
    let failures = results.filter { $0.error != nil }
    let list = failures.map { "\($0.address): \($0.error?.forOperator ?? "")" }.joined(separator: "\n")
    let advice = failures.first.flatMap { $0.error.map(route.adviceForConnection) } ?? ""
    if failures.isEmpty {
      return .ok(
        results.count == 1
          ? "\(endPoint) takes connections" : "\(endPoint) takes connections at all of its \(results.count) addresses")
    }
    if failures.count == results.count { return .failed("\(endPoint) cannot be reached.\n\(list)", advice) }
    return .warning(
      "\(endPoint) takes connections at \(results.count - failures.count) of its \(results.count) addresses.\n\(list)",
      advice)
  }

  /// What the server shows when TLS is spoken to it.
  static func tls(
    to name: String, _ result: Result<SecureContact, ReactorError>, route: Route, now: Int
  ) -> Finding {
    switch result {
    case .failure(let error): return .failed("\(name): \(error.forOperator)", route.adviceForTLS(error))
    case .success(let contact):
      guard let certificate = contact.certificate else { return .ok("\(name) speaks \(contact.version)") }
      return certificate.finding(
        "\(name) speaks \(contact.version); its certificate",
        renewal: "Whoever runs the server has to renew its certificate.", now: now)
    }
  }

  /// What the nodes behind a proxy show: each is asked for by a name of its own, and one has to answer.
  static func nodes(
    _ results: [(name: String, result: Result<SecureContact, ReactorError>)], of total: Int, now: Int
  ) -> [Finding] {
    var certificate: Finding?
    var failures: [(names: [String], words: String, advice: String)] = []
    for (name, result) in results {
      let finding = NetworkFinding.tls(to: "The proxy", result, route: .proxy, now: now)
      guard case .failure(let error) = result else {
        certificate = certificate ?? finding
        continue
      }
      // Most often all of them have one reason.
      if let index = failures.firstIndex(where: { $0.words == error.forOperator }) {
        failures[index].names.append(name)
      } else {
        failures.append(([name], error.forOperator, finding.advice))
      }
    }
    let mark: Checklist.Mark = certificate == nil ? .failed : .warning
    var findings = failures.map { names, words, advice in
      Finding(
        mark: mark, text: "\(names.count) of \(results.count) nodes: \(words)\n\(names.joined(separator: "\n"))",
        advice: advice)
    }
    if var certificate {
      let good = results.count - failures.reduce(0) { $0 + $1.names.count }
      certificate.text += "\nits handshake succeeds for \(good) of \(results.count) nodes"
      if total > results.count { certificate.text += " (of \(total), the first \(results.count) were tried)" }
      findings.insert(certificate, at: 0)
    }
    return findings
  }
}

/// What is known of a server once TLS stands.
struct SecureContact: Sendable, Equatable {
  /// `TLSv1.2` or `TLSv1.3`.
  var version: String
  /// The server's certificate.
  var certificate: CertificateDates?
}

extension ReactorError {
  /// The sentence with what the system said.
  var forOperator: String { logDetail.isEmpty ? "\(message)" : "\(message) (\(logDetail))" }
}
