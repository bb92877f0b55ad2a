internal import CQLNode
internal import CassandraWire
internal import Cassandra
internal import CassandraReactor

/// Why a command stopped, for the person who gave it: unlike what a client of the API is told, it names addresses and
/// says what the server said.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  /// The database at `points` did not do what it was asked.
  init(_ error: CassandraError, at points: String) {
    var text = "\(error) (\(points))"
    if let server = error.server { text += "\nThe server says: \(server.shownMessage)" }
    if let cause = error.deepestCause, !text.utf8.contains("\(cause)".utf8) { text += "\nThe cause: \(cause)" }
    description = text
  }

  /// The keyspace of the settings is not in the Astra database.
  init(keyspaceMissingOnAstra keyspace: String) {
    description = "The keyspace \(keyspace) does not exist. \(AstraAdvice.createKeyspace(keyspace))"
  }

  /// Checks have failed, which have been reported.
  init(failedChecks failures: Int) {
    description = "\(failures == 1 ? "1 check has" : "\(failures) checks have") failed; see above for what to do."
  }

  /// The embedded database does not run.
  init(_ error: NodeError) {
    description = """
      The embedded database is not running: \(error). Its data is in ./\(EmbeddedDatabase.directory). To use another \
      database, set CASSANDRA_CONTACT_POINTS and CASSANDRA_LOCAL_DATACENTER.
      """
  }

  /// The API cannot listen at `addresses`.
  init(_ error: ReactorError, listeningAt addresses: [SocketAddress]) {
    let help =
      switch error.code {
      case .addressInUse: " Choose another one with --port."
      case .addressNotAvailable: " Choose another one with --host."
      case .permissionDenied: " A port below 1024 is often reserved."
      default: ""
      }
    let place = addresses.map(\.description).joined(separator: ", ")
    description = "\(place): \(error).\(help)"
  }
}

extension CassandraError {
  /// What is behind it: the error of a request that no connection could take has the error of the last attempt to
  /// connect behind it.
  var deepestCause: (any Error)? {
    var cause = cause
    while let deeper = (cause as? CassandraError)?.cause { cause = deeper }
    return cause
  }

  /// Whether the keyspace of the settings does not exist; where some nodes cannot be reached, that is behind what they
  /// say.
  var saysKeyspaceMissing: Bool {
    var error: (any Error)? = self
    while let failure = error as? CassandraError {
      if failure.code == .keyspaceMissing { return true }
      error = failure.cause
    }
    return false
  }
}
