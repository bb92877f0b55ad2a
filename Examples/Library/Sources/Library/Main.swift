import CassandraWeb
import Foundation

/// `library` serves; `library init` makes the keyspace and the tables. The settings are in the environment:
///
/// - `CASSANDRA_CONTACT_POINTS`: host:port, with commas between (127.0.0.1:9042)
/// - `LIBRARY_TOKEN`: what a client shows that changes something, 16 letters or more
/// - `HOST` and `PORT`: where to listen (127.0.0.1:8080)
@main struct Main {
  static func main() async {
    do { try await run(ProcessInfo.processInfo.environment) } catch { fail("\(error)") }
  }

  static func fail(_ text: String) -> Never {
    FileHandle.standardError.write(Data("library: \(text)\n".utf8))
    exit(1)
  }

  static func run(_ environment: [String: String]) async throws {
    let points = environment["CASSANDRA_CONTACT_POINTS"] ?? "127.0.0.1:9042"
    var database = ClientConfiguration(try .nodes(points.split(separator: ",").map(String.init)))
    if CommandLine.arguments.dropFirst().first == "init" {
      return try await CassandraClient.withClient(database) { try await Schema.make(with: $0) }
    }
    let token = environment["LIBRARY_TOKEN"] ?? ""
    if token.utf8.count < 16 { fail("LIBRARY_TOKEN is missing or has less than 16 letters.") }
    database.keyspace = Schema.keyspace
    var configuration = ServerConfiguration()
    configuration.address = try SocketAddress(
      environment["HOST"] ?? "127.0.0.1", port: Int(environment["PORT"] ?? "") ?? 8080)
    configuration.countsRequests = true
    configuration.answers.logsAccess = true
    configuration.answers.sendsRequestIDs = true
    // The client is closed when the server has ended, which SIGTERM or Ctrl-C begin and the requests in flight finish.
    try await CassandraClient.withClient(database, logger: .standardError) { [configuration] client in
      let context = LibraryContext(cassandra: client, token: Secret(token))
      try await Server(routes: libraryRoutes(), context: context, configuration: configuration).run()
    }
  }
}
