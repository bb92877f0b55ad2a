import CassandraHTTPServer
import Foundation

/// A server of HTTP/1.1 and HTTP/2 that answers a GET of any path with OK, and a POST of any path with its body as it
/// arrives. Without TLS, HTTP/2 is for those who begin with its preface; with TLS it is agreed upon by ALPN.
@main struct Echo {
  static let usage = """
    usage: echo [--host ADDRESS] [--port N] [--certificate FILE --key FILE]

    A server of HTTP/1.1 and HTTP/2 that sends back what it gets.

      --host ADDRESS      IP address to listen at (127.0.0.1)
      --port N            port to listen at; 0 lets the system choose (8080)
      --certificate FILE  certificate chain in PEM: serves TLS 1.2 and 1.3, with `h2` and `http/1.1` by ALPN
      --key FILE          the certificate's key in PEM
      --help              this text
    """

  static func main() async {
    var options: [String: String] = [:]
    var rest = CommandLine.arguments.dropFirst()
    while let name = rest.popFirst() {
      if name == "--help" { return print(usage) }
      guard ["--host", "--port", "--certificate", "--key"].contains(name), let value = rest.popFirst() else {
        fail(usage, status: 2)
      }
      options[name] = value
    }
    guard let port = UInt16(options["--port"] ?? "8080") else {
      fail("--port takes a number from 0 to 65535", status: 2)
    }
    do {
      var configuration = ServerConfiguration()
      configuration.address = try SocketAddress(options["--host"] ?? "127.0.0.1", port: Int(port))
      configuration.tls = try tls(options, configuration.applicationProtocols)
      var routes = Routes<Void>()
      routes.get("/{path...}") { _ in "OK" }
      routes.post("/{path...}", sendBack)
      try await Server(routes: routes, context: (), configuration: configuration).run()
    } catch { fail("\(error)", status: 1) }
  }

  static func tls(_ options: [String: String], _ protocols: [String]) throws -> TLSServer? {
    guard let certificate = options["--certificate"], let key = options["--key"] else {
      if (options["--certificate"] ?? options["--key"]) == nil { return nil }
      fail("--certificate and --key go together", status: 2)
    }
    let identity = TLSIdentity(
      certificateChain: Array(try Data(contentsOf: URL(fileURLWithPath: certificate))),
      privateKey: Array(try Data(contentsOf: URL(fileURLWithPath: key))))
    return TLSServer(try TLSServerContext(identity: identity, applicationProtocols: protocols))
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
