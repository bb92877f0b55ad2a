internal import CassandraWire
internal import Cassandra
internal import CassandraReactor
internal import CassandraTerminal

/// A directory that knows one of another's nodes only, so that this one has to answer.
struct OneNode: ClusterDirectory {
  let directory: any ClusterDirectory
  let node: EndPoint
  let localDatacenter: String

  var tls: TLSClientContext { directory.tls }
  var credentials: Credentials { directory.credentials }
  var newestVersion: ProtocolVersion { directory.newestVersion }
  var description: String { "\(node)" }

  nonisolated(nonsending) func locateNodes(on loop: EventLoop) async throws(CassandraError) -> ClusterMap {
    ClusterMap(endPoints: [node], localDatacenter: localDatacenter)
  }

  func explain(_ failure: CassandraError, at endPoint: EndPoint) -> CassandraError {
    directory.explain(failure, at: endPoint)
  }
}

extension Finding {
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
