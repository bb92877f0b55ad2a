import CassandraHTTP
import CassandraReactor
import Testing
import CassandraHTTPServer
import CassandraWebTesting

/// Routes that most tests ask.
func plainRoutes() -> Routes<Void> {
  var routes = Routes<Void>()
  routes.get("/ok") { _ in "OK" }
  routes.get("/echo/{text}") { request in request.path["text"] }
  routes.get("/rest/{path...}") { request in request.path["path"] }
  routes.get("/query") { request in try request.query("q") ?? "none" }
  routes.get("/empty") { _ in Response(.noContent) }
  routes.get("/stream") { _ in
    Response(contentType: .plainText) { writer in
      try await writer.write("one,")
      try await writer.flush()
      try await writer.write("two")
    }
  }
  routes.get("/known") { _ in
    Response(contentType: .plainText, length: 6) { writer in try await writer.write("sixsix") }
  }
  routes.post("/collect") { request in Response(contentType: .octets, bytes: try await request.body.collect()) }
  routes.post("/ignore") { _ in "ignored" }
  routes.put("/ok") { _ in "put" }
  return routes
}

@Suite(.timeLimit(.minutes(5))) struct ProtocolTests {
  private func with(_ body: @escaping @Sendable (Running) async throws -> Void) async throws {
    try await serving(plainRoutes(), body: body)
  }

  @Test func connectionsStay() async throws {
    try await with { server in
      let client = try await server.client()
      for _ in 0..<3 {
        client.request("GET /ok")
        let reply = try await client.reply()
        #expect(reply.status == 200)
        #expect(reply.text == "OK")
        #expect(reply["content-type"] == "text/plain; charset=utf-8")
        #expect(reply["connection"] == nil)
        let date = try #require(reply["date"])
        #expect(date.hasSuffix(" GMT") && date.utf8.count == 29)
      }
      client.request("GET /ok", "Connection: keep-alive, CLOSE")
      let last = try await client.reply()
      #expect(last["connection"] == "close")
      #expect(await client.ending().isEmpty)
    }
  }

  @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
    try await with { server in
      let client = try await server.client()
      var all = ""
      for index in 0..<200 {
        let body = "body \(index)"
        all += "GET /echo/\(index) HTTP/1.1\r\nHost: test\r\n\r\n"
        all += "POST /collect HTTP/1.1\r\nHost: test\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        all += "HEAD /stream HTTP/1.1\r\nHost: test\r\n\r\n"
        all += "GET /stream HTTP/1.1\r\nHost: test\r\n\r\n"
      }
      client.send(all)
      for index in 0..<200 {
        #expect(try await client.reply().text == "\(index)")
        #expect(try await client.reply().text == "body \(index)")
        let head = try await client.reply(toHead: true)
        #expect(head["transfer-encoding"] == nil && head["content-length"] == nil)
        #expect(try await client.reply().text == "one,two")
      }
    }
  }

  @Test func aRequestMayComeByteByByte() async throws {
    try await with { server in
      let client = try await server.client()
      let request =
        "\r\nPOST /collect HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
      for byte in request.utf8 {
        client.send([byte])
        try await client.drain()
      }
      #expect(try await client.reply().text == "abc")
    }
  }

  @Test(arguments: ["/ok", "/stream", "/known", "/empty", "/missing"])
  func headIsGetWithoutTheBody(_ path: String) async throws {
    try await with { server in
      let client = try await server.client()
      client.request("GET \(path)", "X-Request-Id: same")
      client.request("HEAD \(path)", "X-Request-Id: same")
      client.request("GET /ok")
      let get = try await client.reply()
      let head = try await client.reply(toHead: true)
      #expect(head.status == get.status)
      func fields(_ reply: Reply) -> [String] {
        // HEAD leaves out what only writing the body would tell (RFC 9110, section 9.3.2).
        reply.fields.filter { $0.name != "date" && $0.name != "transfer-encoding" }.map { "\($0.name): \($0.value)" }
      }
      #expect(fields(head) == fields(get))
      // Nothing stands between this head and the next answer.
      #expect(try await client.reply().text == "OK")
    }
  }

  @Test func otherMethodsAreNamed() async throws {
    try await with { server in
      let client = try await server.client()
      client.request("DELETE /ok")
      let refused = try await client.reply()
      #expect(refused.status == 405)
      #expect(refused["allow"] == "GET, HEAD, OPTIONS, PUT")
      client.request("TRACE /ok")
      #expect(try await client.reply().status == 405)
      client.request("OPTIONS /ok")
      let options = try await client.reply()
      #expect(options.status == 204)
      #expect(options["allow"] == "GET, HEAD, OPTIONS, PUT")
      #expect(options["content-length"] == nil && options["transfer-encoding"] == nil)
      client.request("OPTIONS *")
      #expect(try await client.reply().status == 204)
      client.request("OPTIONS /missing")
      #expect(try await client.reply().status == 404)
      for method in ["BREW", "get", "CONNECTED"] {
        client.request("\(method) /ok")
        #expect(try await client.reply().status == 501)
      }
    }
  }

  @Test func theTargetMayBeAbsolute() async throws {
    try await with { server in
      let reply = try await server.reply(
        to: "GET http://elsewhere.example:8080/echo/there?x=1 HTTP/1.1\r\nHost: other\r\n\r\n")
      #expect(reply.status == 200)
      #expect(reply.text == "there")
    }
  }

  @Test func olderHTTPIsClosedAfterItsAnswer() async throws {
    try await with { server in
      for path in ["/ok", "/stream", "/known"] {
        let client = try await server.client()
        client.send("GET \(path) HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        let reply = try await client.reply()
        #expect(reply.status == 200)
        #expect(reply["transfer-encoding"] == nil)
        #expect(reply["connection"] == "close")
        #expect(["OK", "one,two", "sixsix"].contains(reply.text))
        #expect(await client.ending().isEmpty)
      }
    }
  }

  @Test func laterMinorVersionsAreReadAsOurs() async throws {
    try await with { server in
      let reply = try await server.reply(to: "GET /ok HTTP/1.7\r\nHost: test\r\n\r\n")
      #expect(reply.status == 200)
    }
  }

  @Test func expectedContinueIsSentWhenTheBodyIsWanted() async throws {
    try await with { server in
      let client = try await server.client()
      client.request("POST /collect", "Content-Length: 4", "Expect: 100-Continue")
      let interim = try await client.head()
      #expect(interim.status == 100)
      #expect(interim.fields.isEmpty)
      client.send("wait")
      #expect(try await client.reply().text == "wait")
      // Who has the answer without having been asked for the body may not send it on this connection any more.
      client.request("POST /ignore", "Content-Length: 4", "Expect: 100-continue")
      let final = try await client.reply()
      #expect(final.status == 200)
      #expect(final["connection"] == "close")
      #expect(await client.ending().isEmpty)
    }
  }

  @Test func nothingIsContinuedWithoutNeed() async throws {
    try await with { server in
      // HTTP/1.0 has no interim answers, and without a body there is nothing to wait for.
      let old = try await server.reply(
        to: "POST /collect HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx")
      #expect(old.status == 200)
      let empty = try await server.reply(to: "GET /ok HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\n\r\n")
      #expect(empty.status == 200)
    }
  }

  @Test func aBodyThatNobodyReadsDoesNotBecomeARequest() async throws {
    try await with { server in
      let client = try await server.client()
      let smuggled = "GET /ok HTTP/1.1\r\nHost: evil\r\n\r\n"
      client.request("POST /ignore", "Content-Length: \(smuggled.utf8.count)", body: smuggled)
      #expect(try await client.reply().text == "ignored")
      client.request("GET /echo/next")
      #expect(try await client.reply().text == "next")
      // One that has not come yet would have to be read first, so the connection ends.
      client.request("POST /ignore", "Content-Length: 100", body: smuggled)
      let last = try await client.reply()
      #expect(last.text == "ignored")
      #expect(last["connection"] == "close")
      #expect(await client.ending().isEmpty)
    }
  }
}
