import CassandraHTTP
import CassandraReactor
import Testing
import CassandraHTTPServer
import CassandraWebTesting

@Suite(.timeLimit(.minutes(5))) struct PathTests {
  static let texts: [(path: String, text: String)] = [
    ("/echo/plain", "plain"), ("/echo/a%2Fb", "a/b"), ("/echo/%20", " "), ("/echo/a+b", "a+b"),
    ("/echo/%C3%89pervier", "Épervier"), ("/echo/%e9%b7%ba", "鷺"), ("/echo/100%25", "100%"), ("/echo/%252F", "%2F"),
    ("/echo/a;b=1,c", "a;b=1,c"), ("/%65cho/x", "x"), ("/rest/a/b", "a/b"),
    ("/rest/a%2Fb/%C3%A9", "a/b/é"), ("/rest/", ""), ("/query", "none"), ("/query?q=", ""),
    ("/query?p=1&q=a+b%2B", "a b+"), ("/query?q=1&q=2", "1"), ("/echo/x?/../y", "x"),
  ]

  @Test(arguments: texts) func parametersAreDecoded(_ path: String, _ text: String) async throws {
    try await serving(plainRoutes()) { server in
      let reply = try await server.reply(to: "GET \(path) HTTP/1.1\r\nHost: test\r\n\r\n")
      #expect(reply.status == 200)
      #expect(reply.text == text)
    }
  }

  @Test(arguments: [1, 2, 3, 300]) func oneOfManyRoutesIsFound(_ count: Int) async throws {
    var routes = Routes<Void>()
    // Neither in the order of their texts nor of one length.
    let names = (0..<count).map { String($0 * 7919 % 1009, radix: 36) }
    for name in names { routes.get(RoutePattern("/\(name)/{id}")) { request in "\(name) \(request.path["id"])" } }
    routes.get("/{other}/{id}") { request in "other \(request.path["other"])" }
    try await serving(routes) { server in
      for name in names {
        let encoded = name.utf8.map { "%" + String($0, radix: 16) }.joined()
        for path in [name, encoded] {
          #expect(try await server.reply(to: "GET /\(path)/x HTTP/1.1\r\nHost: test\r\n\r\n").text == "\(name) x")
        }
      }
      for name in ["0a", "zzzz", "!", "z%7a"] {
        let text = try await server.reply(to: "GET /\(name)/x HTTP/1.1\r\nHost: test\r\n\r\n").text
        #expect(text == "other \(name == "z%7a" ? "zz" : name)")
      }
    }
  }

  @Test(arguments: [
    "/echo/%", "/echo/%2", "/echo/%zz", "/echo/%ff", "/echo/%C3", "/echo/%00", "/echo/%C0%AF", "/echo/%ED%A0%80",
    "/rest/a/%ff/b",
    "/echo/..", "/echo/%2e%2E", "/rest/a/./b", "/rest/../ok", "/query?q=%", "/query?q=%ff",
  ])
  func whatCannotBeDecodedIsRefused(_ path: String) async throws {
    try await serving(plainRoutes()) { server in
      let reply = try await server.reply(to: "GET \(path) HTTP/1.1\r\nHost: test\r\n\r\n")
      #expect(reply.status == 400)
      #expect(reply["content-type"] == "application/problem+json")
    }
  }

  @Test(arguments: ["/", "/echo", "/echo/", "/echo//", "/echo/a/b", "/ok/", "//ok", "/OK", "/rest"])
  func otherPathsAreNotFound(_ path: String) async throws {
    try await serving(plainRoutes()) { server in
      let reply = try await server.reply(to: "GET \(path) HTTP/1.1\r\nHost: test\r\n\r\n")
      #expect(reply.status == 404)
    }
  }
}
