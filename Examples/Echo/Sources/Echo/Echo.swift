import CassandraHTTPServer
import Foundation

/// A server of HTTP/1.1 and, by prior knowledge, HTTP/2, that answers a GET of any path with OK, and a POST of any path
/// with its body as it arrives.
@main struct Echo {
  static let usage = """
    usage: echo [--port N]

    A server of HTTP/1.1 and HTTP/2 that sends back what it gets.

      --port N   port of 127.0.0.1 to listen at; 0 lets the system choose (8080)
      --help     this text
    """

  static func main() async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    switch arguments.count {
    case 0: await serve(port: 8080)
    case 1 where arguments[0] == "--help": print(usage)
    case 2 where arguments[0] == "--port":
      guard let port = UInt16(arguments[1]) else { fail("--port takes a number from 0 to 65535", status: 2) }
      await serve(port: port)
    default: fail(usage, status: 2)
    }
  }

  static func serve(port: UInt16) async {
    var routes = Routes<Void>()
    routes.get("/{path...}") { _ in "OK" }
    routes.post("/{path...}", sendBack)
    var configuration = ServerConfiguration()
    configuration.address = .loopback(port: port)
    // A client that sends its requests and then ends its half, as `nc -N` does, still gets its answers.
    configuration.allowsHalfClose = true
    do {
      try await Server(routes: routes, context: (), configuration: configuration).run()
    } catch { fail("\(error)", status: 1) }
  }

  static func sendBack(_ request: Request<Void>) async throws -> Response {
    // With the first piece in hand, a body that is wrong from its beginning still gets a status of its own.
    let first = try await request.body.next()
    return Response(contentType: .octets) { writer in
      var piece = first
      while let bytes = piece {
        try await writer.write(bytes)
        try await writer.flush()
        piece = try await request.body.next()
      }
    }
  }

  static func fail(_ text: String, status: Int32) -> Never {
    FileHandle.standardError.write(Data("echo: \(text)\n".utf8))
    exit(status)
  }
}
