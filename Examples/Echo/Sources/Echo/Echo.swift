import CassandraReactor
import CassandraTerminal
import CassandraHTTPServer

/// echo --port N: answers a GET of any path with OK, and a POST of any path with its body as it arrives.
@main struct Echo {
  static func main() async {
    let options = [CommandOption("port", "N", "port of 127.0.0.1 to listen at; 0 lets the system choose (8080)")]
    let command = Command("", "An HTTP server that sends back what it gets.", options: options, run: serve)
    await Program("echo", command.summary, commands: [command]).main()
  }

  @Sendable
  static func serve(_ arguments: Arguments) async throws {
    var routes = Routes<Void>()
    routes.get("/{path...}") { _ in "OK" }
    routes.post("/{path...}") { request in
      let body = request.body
      // With the first piece in hand, a body that is wrong from its beginning still gets a status of its own.
      let first = try await body.next()
      return Response(contentType: .octets) { writer in
        var piece = first
        while let bytes = piece {
          try await writer.write(bytes)
          try await writer.flush()
          piece = try await body.next()
        }
      }
    }
    var configuration = ServerConfiguration()
    configuration.address = .loopback(port: UInt16(try arguments.integer("port", in: 0...65_535) ?? 8080))
    // Who sends its requests and then ends its half, as `nc -N` does, still gets its answers.
    configuration.allowsHalfClose = true
    let server = Server(routes: routes, context: (), configuration: configuration)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await server.run { print("listening at http://\($0)") }
        return true
      }
      group.addTask {
        _ = try await EventLoops.shared[0].signal(.terminate, .interrupt)
        server.shutDown()
        return false
      }
      while let isServer = try await group.next() { if isServer { group.cancelAll() } }
    }
  }
}
