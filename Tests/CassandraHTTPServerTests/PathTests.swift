import CassandraHTTP
import CassandraReactor
import Testing
import CassandraHTTPServer
import CassandraWebTesting

@Suite(.timeLimit(.minutes(2))) struct PathTests {
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
