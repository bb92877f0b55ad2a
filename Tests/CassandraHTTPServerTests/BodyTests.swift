import CassandraHTTP
import CassandraReactor
import Testing
import CassandraHTTPServer
import CassandraWebTesting

@Suite(.timeLimit(.minutes(5))) struct BodyTests {
  /// What Examples/Echo does.
  private func echoRoutes() -> Routes<Void> {
    var routes = Routes<Void>()
    routes.get("/{path...}") { _ in "OK" }
    routes.post("/{path...}") { request in
      let body = request.body
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
    return routes
  }

  @Test(arguments: ["/", "/a", "/a/b%20c/d?x", "//", "*"]) func everyPathIsOK(_ path: String) async throws {
    try await serving(echoRoutes()) { server in
      let reply = try await server.reply(to: "GET \(path) HTTP/1.1\r\nHost: test\r\n\r\n")
      #expect(reply.status == (path == "*" ? 400 : 200))
    }
  }

  @Test func aBodyComesBackAsItArrives() async throws {
    try await serving(echoRoutes()) { server in
      let client = try await server.client()
      client.request("POST /x", "Transfer-Encoding: chunked", body: "5;name=\"a;b\"\r\nfirst\r\n")
      #expect(try await client.head()["transfer-encoding"] == "chunked")
      #expect(try await client.chunk() == Array("first".utf8))
      // The second piece is sent only after the first one has come back.
      client.send("6\r\nsecond\r\n")
      #expect(try await client.chunk() == Array("second".utf8))
      client.send("0\r\nTrailer: dropped\r\n\r\n")
      #expect(try await client.chunk() == nil)
      client.request("GET /x")
      #expect(try await client.reply().text == "OK")
    }
  }

  @Test(arguments: [0, 1, 1000, 65_536, 3_000_000], [true, false])
  func bodiesOfAllSizes(_ size: Int, chunked: Bool) async throws {
    try await serving(echoRoutes()) { server in
      let client = try await server.client()
      let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      if chunked {
        client.request("POST /x", "Transfer-Encoding: Chunked")
        for start in stride(from: 0, to: size, by: 10_000) {
          let piece = body[start..<min(size, start + 10_000)]
          client.send(Array("\(String(piece.count, radix: 16, uppercase: true))\r\n".utf8) + piece + [13, 10])
        }
        client.send("0\r\n\r\n")
      } else {
        client.request("POST /x", "Content-Length: \(size)")
        client.send(body)
      }
      let reply = try await client.reply()
      #expect(reply.body == body)
      client.request("GET /after")
      #expect(try await client.reply().text == "OK")
    }
  }

  @Test func aBodyThatIsWrongFromItsBeginningIsRefused() async throws {
    try await serving(echoRoutes()) { server in
      let client = try await server.client()
      client.request("POST /x", "Transfer-Encoding: chunked", body: "zz\r\n")
      let reply = try await client.reply()
      #expect(reply.status == 400)
      #expect(reply["connection"] == "close")
      #expect(await client.ending().isEmpty)
    }
  }

  @Test func aBodyThatBecomesWrongCutsItsEcho() async throws {
    let log = Log()
    try await serving(echoRoutes(), log: log) { server in
      let client = try await server.client()
      client.request("POST /x", "Transfer-Encoding: chunked", body: "5\r\nfirst\r\n")
      #expect(try await client.head().status == 200)
      #expect(try await client.chunk() == Array("first".utf8))
      client.send("5\r\nfirstXX")
      let rest = await client.ending()
      #expect(!String(decoding: rest, as: UTF8.self).hasSuffix("0\r\n\r\n"))
    }
    #expect(log.failures == ["an answer was cut because its rest could not be made"])
  }

  @Test func aCollectedBodyIsBounded() async throws {
    try await serving(plainRoutes()) { configuration in
      configuration.maximumBodyBytes = 10
    } body: { server in
      #expect(
        try await server.reply(to: "POST /collect HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\n0123456789").text
          == "0123456789")
      // An announced length is refused before a byte of it is asked for.
      let announced = try await server.reply(
        to: "POST /collect HTTP/1.1\r\nHost: t\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n")
      #expect(announced.status == 413)
      #expect(announced["connection"] == "close")
      let chunked = try await server.reply(
        to: "POST /collect HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n")
      #expect(chunked.status == 413)
    }
  }

  @Test func aLengthThatWasAnnouncedIsKept() async throws {
    var routes = Routes<Void>()
    routes.get("/short") { _ in
      Response(contentType: .plainText, length: 10) { writer in try await writer.write("short") }
    }
    routes.get("/long") { _ in
      Response(contentType: .plainText, length: 2) { writer in try await writer.write("long") }
    }
    let log = Log()
    try await serving(routes, log: log) { server in
      for path in ["/short", "/long"] {
        let client = try await server.client()
        client.request("GET \(path)")
        // Nothing has left yet.
        #expect(try await client.reply().status == 500)
      }
    }
    #expect(log.failures.count == 2)
  }
}
