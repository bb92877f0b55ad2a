internal import CassandraBytes
internal import CassandraTerminal
internal import CassandraWire
internal import Cassandra

/// The kind of database, for what to do about a finding.
enum DatabaseKind: Sendable, Equatable {
  case astra
  case cassandra
  case embedded
}

/// What the checks of a login, a keyspace and its tables have found.
enum DatabaseFinding {
  /// Whether a database lets us in, and what it is.
  ///
  /// - Parameters:
  ///   - place: Where it is.
  ///   - wantedDatacenter: The data centre of the settings; nil where nobody set one.
  ///   - datacenters: Those of the cluster, where they are known: a wanted one that is not among them does not exist.
  ///   - usesTLS: Whether the settings turn TLS on.
  static func login(
    at place: String, _ result: Result<ServerFacts, CassandraError>, wantedDatacenter: String?,
    datacenters: [String] = [], kind: DatabaseKind, usesTLS: Bool
  ) -> Finding {
    switch result {
    case .failure(let error):
      return .failed("\(place): \(error.forOperator)", adviceForLogin(error, kind, usesTLS: usesTLS))
    case .success(let facts):
      guard !facts.datacenter.isEmpty else {
        return .failed(
          "\(place) lets us in and does not say which data centre it is in.",
          "It may be still starting, or something other than Cassandra.")
      }
      // Astra is spoken to in v4, whatever its nodes say of themselves.
      let version = kind == .astra ? ", protocol v4" : ", protocol up to v\(facts.newestProtocol)"
      let what = kind == .astra ? "Astra DB" : "Cassandra"
      let text = "\(place) lets us in: \(what) \(facts.release), data centre \(facts.datacenter)\(version)"
      // By their bytes, as the driver compares them.
      guard let wantedDatacenter, !wantedDatacenter.hasSameBytes(as: facts.datacenter) else { return .ok(text) }
      guard datacenters.isEmpty || datacenters.contains(where: { $0.hasSameBytes(as: wantedDatacenter) }) else {
        return .failed(
          "There is no data centre \(wantedDatacenter); this cluster has: \(list(datacenters)).",
          datacenters.count == 1
            ? "Set CASSANDRA_LOCAL_DATACENTER=\(datacenters[0])."
            : "Set CASSANDRA_LOCAL_DATACENTER to the one that this machine is in, or is nearest to.")
      }
      return .failed(
        "\(place) is in the data centre \(facts.datacenter), and CASSANDRA_LOCAL_DATACENTER is \(wantedDatacenter).",
        "Set CASSANDRA_LOCAL_DATACENTER=\(facts.datacenter), or use contact points of \(wantedDatacenter).")
    }
  }

  /// Names that are told: 20, and 100 bytes of each. A server may name as many as it likes.
  private static func list(_ names: [String]) -> String {
    let told = names.prefix(20).map { $0.shown(limit: 100) }.joined(separator: ", ")
    return names.count > 20 ? "\(told), and \(names.count - 20) more" : told
  }

  private static func adviceForLogin(_ error: CassandraError, _ kind: DatabaseKind, usesTLS: Bool) -> String {
    switch (error.code, kind) {
    case (.badCredentials, .astra):
      "Make a token for this database in the portal (Connect, then Generate token), and set it as "
        + "ASTRA_DB_APPLICATION_TOKEN, complete and without spaces."
    case (.badCredentials, _): "Correct CASSANDRA_USERNAME and CASSANDRA_PASSWORD."
    case (.credentialsMissing, _): "Set CASSANDRA_USERNAME and CASSANDRA_PASSWORD."
    case (.noNodeAvailable, .cassandra), (.connectionLost, .cassandra), (.protocolViolation, .cassandra):
      usesTLS
        ? "Check the node's log: it may want a client certificate that it trusts (CASSANDRA_TLS_CERTIFICATE and "
          + "CASSANDRA_TLS_KEY), or still be starting."
        : "The node may want TLS (CASSANDRA_TLS_CA), or be something other than Cassandra, or still be starting."
    case (.noNodeAvailable, .astra), (.connectionLost, .astra):
      "Check in the portal that the database is active, and try again."
    default: ""
    }
  }

  /// Whether the keyspace exists, by what came of using it.
  static func keyspace(_ name: String, _ result: Result<ServerFacts, CassandraError>, kind: DatabaseKind) -> Finding {
    switch result {
    case .success: return .ok("\(name) exists")
    case .failure(let error) where error.saysKeyspaceMissing:
      return .failed(
        "\(name) does not exist.",
        kind == .astra
          ? AstraAdvice.createKeyspace(name)
          : "Run `fieldguide init`, which creates it.")
    case .failure(let error): return .failed("\(name): \(error.forOperator)")
    }
  }

  /// Whether the tables can be read, by what came of reading each.
  static func tables(_ results: [(table: GuideTable, error: CassandraError?)], kind: DatabaseKind) -> [Finding] {
    let findings: [Finding] = results.compactMap { table, error in
      guard let error else { return nil }
      if error.isTableMissing {
        return .failed("\(table.name) does not exist.", "Run `fieldguide init`, which creates it.")
      }
      let text = "\(table.name): \(error.forOperator)"
      switch error.code {
      case .unauthorized:
        return .failed(
          text,
          kind == .astra
            ? "Give the token a role that may read and write this keyspace, such as Database Administrator."
            : "Grant the user SELECT and MODIFY on this keyspace.")
      case .invalid:
        return .failed(text, "The table is not the one that Field Guide creates: use another keyspace, or drop it.")
      case .unavailable: return .failed(text, "See which nodes are down with `nodetool status`.")
      default: return .failed(text)
      }
    }
    let names = results.map(\.table.name).joined(separator: " and ")
    return findings.isEmpty ? [.ok("\(names) can be read")] : findings
  }

  /// Which nodes of an Astra database answer CQL, and not only TLS, which is their proxy's.
  static func answers(_ results: [(name: String, result: Result<ServerFacts, CassandraError>)]) -> [Finding] {
    var failures: [(names: [String], words: String)] = []
    for (name, result) in results {
      // Who says that we may not come in has answered; the next check tells of it.
      guard case .failure(let error) = result, error.code != .badCredentials, error.code != .credentialsMissing
      else { continue }
      if let index = failures.firstIndex(where: { $0.words == error.forOperator }) {
        failures[index].names.append(name)
      } else {
        failures.append(([name], error.forOperator))
      }
    }
    let failed = failures.reduce(0) { $0 + $1.names.count }
    let good = results.count - failed
    let mark: Checklist.Mark = good == 0 ? .failed : .warning
    var findings = failures.map { names, words in
      Finding(
        mark: mark, text: "\(names.count) of \(results.count) nodes: \(words)\n\(names.joined(separator: "\n"))",
        advice: good == 0
          ? "Check in the portal that the database is active."
          : "The others are serving; it should be back within minutes."
      )
    }
    if good > 0 { findings.insert(.ok("\(good) of \(results.count) nodes answer CQL"), at: 0) }
    return findings
  }
}

/// What to do about an Astra database.
enum AstraAdvice {
  /// Keyspaces of Astra are made in its portal only.
  static func createKeyspace(_ name: String) -> String {
    "Create the keyspace \(name) in the portal (astra.datastax.com: the database, then Add Keyspace), or set "
      + "ASTRA_DB_KEYSPACE to one that exists. Astra DB creates no keyspaces through CQL."
  }
}

extension ErrorResponse {
  /// Bytes of what a server says that a person gets to see: 1,000.
  private static let shownBytes = 1_000

  /// What the server says, on one line.
  var shownMessage: String { message.shown(limit: Self.shownBytes) }
}

extension CassandraError {
  /// The sentence, with what the server said and the cause: for the person who runs the program.
  var forOperator: String {
    var text = description
    if let server { text += " The server says: \(server.shownMessage)" }
    if let cause = deepestCause, !text.utf8.contains("\(cause)".utf8) { text += " (\(cause))" }
    return text
  }
}
