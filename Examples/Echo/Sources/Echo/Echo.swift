import Reactor
import Web

/// echo --port N: answers a GET of any path with OK, and a POST of any path with its body as it arrives.
@main struct Echo {
  static func main() async throws {
    var routes = Routes<Void>()
    routes.get("/{path...}") { _ in "OK" }
    routes.post("/{path...}") { request in
      let body = request.body
      return Response(contentType: .octets) { writer in
        while let piece = try await body.next() {
          try await writer.write(piece)
          try await writer.flush()
        }
      }
    }
    var configuration = ServerConfiguration()
    configuration.address = .loopback(port: port())
    let server = Server(routes: routes, context: (), configuration: configuration)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run { print("listening at http://\($0)") } }
      group.addTask {
        _ = try await EventLoops.shared[0].signal(.terminate, .interrupt)
        server.shutDown()
      }
      try await group.next()
      group.cancelAll()
    }
  }

  static func port() -> UInt16 {
    let arguments = CommandLine.arguments
    guard let index = arguments.firstIndex(of: "--port"), index + 1 < arguments.count else { return 8080 }
    return UInt16(arguments[index + 1]) ?? 8080
  }
}
