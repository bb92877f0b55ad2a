import CassandraHTTPServer

/// A program that is a server and nothing else, for the tests that start it: `server-program PORT`.
@main struct ServerProgram {
  static func main() async throws {
    var configuration = ServerConfiguration()
    configuration.address = .loopback(port: CommandLine.arguments.dropFirst().first.flatMap { UInt16($0) } ?? 0)
    var routes = Routes<Void>()
    routes.get("/ok") { _ in "OK" }
    try await Server(routes: routes, context: (), configuration: configuration).run()
  }
}
