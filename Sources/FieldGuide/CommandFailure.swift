internal import CQLServer
internal import CQLWire
internal import Cassandra
internal import Reactor

/// Why a command stopped, for the person who gave it: unlike what a client of the API is told, it names addresses and
/// says what the server said.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  /// The database at `points` did not do what it was asked.
  init(_ error: CassandraError, at points: String) {
    var text = "\(error) (\(points))"
    if let server = error.server { text += "\nThe server says: \(server.message)" }
    // The error of a request that no connection could take has the error of the last attempt to connect behind it.
    var cause = error.cause
    while let deeper = (cause as? CassandraError)?.cause { cause = deeper }
    if let cause { text += "\nThe cause: \(cause)" }
    description = text
  }

  /// The embedded database does not run.
  init(_ error: NodeError) {
    description = """
      The embedded database does not run: \(error). Its data is in ./\(EmbeddedDatabase.directory). To use another \
      database, set CASSANDRA_CONTACT_POINTS and CASSANDRA_LOCAL_DATACENTER.
      """
  }

  /// The API cannot listen at `address`.
  init(_ error: ReactorError, listeningAt address: SocketAddress) {
    let help =
      switch error.code {
      case .addressInUse: " Choose another one with --port."
      case .addressNotAvailable: " Choose another one with --host."
      case .permissionDenied: " A port below 1024 is often reserved."
      default: ""
      }
    description = "\(address): \(error).\(help)"
  }
}
