import CassandraHTTP
import CassandraReactor
import Testing
import CassandraHTTPServer
import CassandraWebTesting

/// What is refused, always with an answer and always with the end of the connection, so that nothing behind it is ever
/// taken for a request.
@Suite(.timeLimit(.minutes(5))) struct RefusalTests {
  static let host = "Host: test\r\n"

  static let refused: [(request: String, status: Int)] = [
    // Two messages in one, or one in two (RFC 9112 §6.3, §11.2).
    ("POST /ok HTTP/1.1\r\n\(host)Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("POST /ok HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", 400),
    ("POST /ok HTTP/1.1\r\n\(host)Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", 400),
    ("POST /ok HTTP/1.1\r\n\(host)Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", 400),
    ("POST /ok HTTP/1.1\r\n\(host)Content-Length: 4, 4\r\n\r\nabcd", 400),
    ("POST /ok HTTP/1.1\r\n\(host)Content-Length: +4\r\n\r\nabcd", 400),
    ("POST /ok HTTP/1.1\r\n\(host)Content-Length: 0x4\r\n\r\nabcd", 400),
    ("POST /ok HTTP/1.1\r\n\(host)Content-Length: -1\r\n\r\nabcd", 400),
    ("POST /ok HTTP/1.1\r\n\(host)Content-Length: 99999999999999999999\r\n\r\n", 400),
    ("POST /ok HTTP/1.1\r\n\(host)Content-Length:\r\n\r\n", 400),
    ("POST /ok HTTP/1.1\r\n\(host)Content-Length : 4\r\n\r\nabcd", 400),
    ("POST /ok HTTP/1.1\r\n\(host)Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    ("POST /ok HTTP/1.1\r\n\(host)Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    ("POST /ok HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("POST /ok HTTP/1.1\r\n\(host)Transfer-Encoding: identity\r\n\r\n", 501),
    ("POST /ok HTTP/1.1\r\n\(host)Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    ("POST /ok HTTP/1.1\r\n\(host)Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    ("POST /ok HTTP/1.0\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    // Lines that others read otherwise (§2.2, §5).
    ("GET /ok HTTP/1.1\r\n\(host)X: a\r\n folded\r\n\r\n", 400),
    ("GET /ok HTTP/1.1\r\n\(host)X: a\rY: b\r\n\r\n", 400),
    ("GET /ok HTTP/1.1\n\(host)\r\n", 400),
    ("GET /ok HTTP/1.1\r\n\(host)X: a\nY: b\r\n\r\n", 400),
    ("GET /ok HTTP/1.1\r\n\(host)X: a\0b\r\n\r\n", 400),
    ("GET /ok HTTP/1.1\r\n\(host): empty\r\n\r\n", 400),
    ("GET /ok HTTP/1.1\r\n\(host)no colon\r\n\r\n", 400),
    ("GET /ok HTTP/1.1\r\n first: folded\r\n\(host)\r\n", 400),
    ("GET  /ok HTTP/1.1\r\n\(host)\r\n", 400),
    ("GET /ok  HTTP/1.1\r\n\(host)\r\n", 400),
    ("GET\t/ok\tHTTP/1.1\r\n\(host)\r\n", 400),
    ("GET /o k HTTP/1.1\r\n\(host)\r\n", 400),
    ("GET /ok#part HTTP/1.1\r\n\(host)\r\n", 400),
    ("GET /\u{e9} HTTP/1.1\r\n\(host)\r\n", 400),
    ("GET /ok\r\n\(host)\r\n", 400),
    ("GET ok HTTP/1.1\r\n\(host)\r\n", 400),
    (" GET /ok HTTP/1.1\r\n\(host)\r\n", 400),
    ("G(T /ok HTTP/1.1\r\n\(host)\r\n", 400),
    // Exactly one host in 1.1 (RFC 9112 §3.2).
    ("GET /ok HTTP/1.1\r\n\r\n", 400),
    ("GET /ok HTTP/1.1\r\n\(host)\(host)\r\n", 400),
    ("GET /ok HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    ("GET /ok HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
    // Versions, expectations, tunnels.
    ("GET /ok HTTP/2.0\r\n\(host)\r\n", 505),
    ("GET /ok HTTP/0.9\r\n\(host)\r\n", 505),
    ("GET /ok HTTP/1.10\r\n\(host)\r\n", 400),
    ("GET /ok http/1.1\r\n\(host)\r\n", 400),
    ("PRI * HTTP/2.0\r\n\(host)\r\nSM\r\n\r\n", 505),
    ("POST /ok HTTP/1.1\r\n\(host)Content-Length: 1\r\nExpect: 200-ok\r\n\r\nx", 417),
    ("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\r\n\r\n", 400),
  ]

  @Test(arguments: refused) func itIsRefusedAndTheConnectionEnds(_ request: String, _ status: Int) async throws {
    let log = Log()
    try await serving(plainRoutes(), log: log) { server in
      let client = try await server.client()
      client.send(request + "GET /echo/smuggled HTTP/1.1\r\nHost: test\r\n\r\n")
      let reply = try await client.reply()
      #expect(reply.status == status)
      #expect(reply["connection"] == "close")
      #expect(reply["content-type"] == "application/problem+json")
      #expect(await client.ending().isEmpty)
    }
    // Whatever strangers send is nothing for an operator to look at.
    #expect(log.failures.isEmpty)
  }

  /// Chunks are read by the handler, and what is wrong with them ends the connection too (RFC 9112 §7.1).
  @Test(arguments: [
    "5 \r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n", "\r\nhello\r\n0\r\n\r\n",
    "5\nhello\r\n0\r\n\r\n", "5\r\nhello!\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello\r\n00\n\r\n",
    "5;a\rb\r\nhello\r\n0\r\n\r\n", "ffffffffffffffff\r\n", "fffffffffffffffff\r\n", "5\r\nhello\r\n0\r\nX : y\r\n\r\n",
    "5\r\nhello\r\n0\r\nX: y\n\r\n", "-1\r\n", "5,5\r\nhello\r\n0\r\n\r\n",
  ])
  func badChunksEndTheConnection(_ body: String) async throws {
    try await serving(plainRoutes()) { server in
      let client = try await server.client()
      client.request("POST /collect", "Transfer-Encoding: chunked", body: body)
      client.request("GET /echo/smuggled")
      let reply = try await client.reply()
      #expect([400, 413].contains(reply.status))
      #expect(reply["connection"] == "close")
      #expect(await client.ending().isEmpty)
    }
  }

  @Test func aRefusalIsNotAnsweredUnderTheNameOfTheRequestBefore() async throws {
    try await serving(plainRoutes()) { server in
      let client = try await server.client()
      client.request("GET /missing", "X-Request-Id: mine")
      client.send("nonsense\r\n\r\n")
      #expect(try await client.reply()["x-request-id"] == "mine")
      let second = try await client.reply()
      #expect(second.status == 400)
      #expect(second["x-request-id"] != "mine")
    }
  }

  @Test func aClientThatGoesInTheMiddleOfAHeadGetsNothing() async throws {
    try await serving(plainRoutes()) { server in
      let client = try await server.client()
      client.send("GET /ok HTTP/1.1\r\nHost: te")
      client.end()
      #expect(await client.ending().isEmpty)
    }
  }
}
