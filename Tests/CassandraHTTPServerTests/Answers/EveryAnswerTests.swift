import CassandraHTTP
import CassandraJSON
import CassandraReactor
import CassandraTelemetry
import Testing
import CassandraHTTPServer
import CassandraWebTesting

/// What is around every answer, whatever made it.
@Suite(.timeLimit(.minutes(5))) struct EveryAnswerTests {
  private struct Failure: Error {}

  private struct Thing: Decodable {
    var name: String
    var size: Int
  }

  private func routes() -> Routes<Void> {
    var routes = Routes<Void>()
    routes.use { request, next in
      var response = try await next(request)
      response.fields.append(try FieldLine("X-Wrapped", "\(response.status.code)"))
      return response
    }
    routes.get("/ok") { _ in "OK" }
    routes.get("/fail") { _ -> String in throw Failure() }
    routes.get("/stream/fails") { _ in Response(contentType: .json) { _ in throw Problem.notFound() } }
    routes.get("/stream/late") { _ in
      Response(contentType: .json) { writer in
        try await writer.write("[1")
        throw Problem.notFound()
      }
    }
    routes.post("/thing") { request in
      let thing: Thing = try await request.json().decode()
      return thing.name
    }
    return routes
  }

  @Test(arguments: [
    ("GET /ok", 200), ("HEAD /ok", 200), ("GET /nowhere", 404), ("PUT /ok", 405), ("OPTIONS /ok", 204),
    ("OPTIONS *", 204),
    ("BREW /ok", 501), ("QUERY /ok", 405), ("PROPFIND /nowhere", 404), ("query /ok", 501), ("GET /fail", 500),
    ("GET /%zz", 400), ("GET /stream/fails", 404), ("GET /stream/late", 404),
    ("GET /ok/%2e%2e", 400), ("G(T /", 400),
  ])
  func middlewareSeesIt(_ line: String, _ status: Int) async throws {
    try await serving(routes()) { server in
      let reply = try await server.reply(to: "\(line) HTTP/1.1\r\nHost: t\r\n\r\n", toHead: line.hasPrefix("HEAD"))
      #expect(reply.status == status)
      #expect(reply.fields.count { $0.name == "x-wrapped" } == 1)
      #expect(reply["x-wrapped"] == (line.contains("stream") ? "200" : "\(status)"))
    }
  }

  @Test func anErrorOfMiddlewareIsAnAnswerForWhatIsAroundIt() async throws {
    var routes = routes()
    routes.use { request, next in
      if request.head.path == "/ok" { throw Problem(.forbidden, code: "no", detail: "No.") }
      return try await next(request)
    }
    let all = routes
    try await serving(all) { server in
      let reply = try await server.reply(to: "GET /ok HTTP/1.1\r\nHost: t\r\n\r\n")
      #expect(reply.status == 403 && reply["x-wrapped"] == "403")
    }
  }

  @Test func aRouteForOptionsOfEveryPathAnswers() async throws {
    var routes = routes()
    routes.on(.options, "/{path...}") { _ in "options" }
    routes.get("/both/{a}") { _ in "a" }
    routes.put("/both/{b...}") { _ in "b" }
    let all = routes
    try await serving(all) { server in
      for path in ["/ok", "/nowhere", "/stream/fails"] {
        #expect(try await server.reply(to: "OPTIONS \(path) HTTP/1.1\r\nHost: t\r\n\r\n").text == "options")
      }
      #expect(try await server.reply(to: "PUT /both/x HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n").text == "b")
      let refused = try await server.reply(to: "DELETE /both/x HTTP/1.1\r\nHost: t\r\n\r\n")
      #expect(refused["allow"] == "GET, HEAD, OPTIONS, PUT")
    }
  }

  @Test(arguments: [
    (#"{"name":"a"}"#, 422, "/size"), (#"{"name":1,"size":2}"#, 422, "/name"),
    (#"{"name":"a","size":1.5}"#, 422, "/size"),
    (#"{"name":"a","size":1"#, 400, ""), (#"{"name":"a","size":1}"#, 200, ""),
  ])
  func whatTheClientDidWrongIsNoFailure(_ body: String, _ status: Int, _ pointer: String) async throws {
    let log = Log()
    try await serving(routes(), log: log) { server in
      let reply = try await server.reply(
        to:
          "POST /thing HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
          + body)
      #expect(reply.status == status)
      if status == 422 { #expect(reply.text.contains(#""pointer":"\#(pointer)""#), "\(reply.text)") }
    }
    #expect(log.failures.isEmpty)
  }

  @Test(arguments: ["Content-Length", "content-length", "Transfer-Encoding", "Connection", "Keep-Alive", "Date"])
  func framingBelongsToTheServer(_ name: String) async throws {
    var routes = Routes<Void>()
    routes.get("/x") { _ in
      let field = try FieldLine(FieldName(name) ?? "X", "5")
      return Response(contentType: .plainText, bytes: [65], fields: [field])
    }
    routes.get("/close") { _ in Response(.ok, fields: [try FieldLine("Connection", "close")]) }
    routes.get("/type") { _ in
      Response(contentType: .plainText, bytes: [65], fields: [try FieldLine("content-type", "text/html")])
    }
    let all = routes
    try await serving(all) { server in
      let client = try await server.client()
      client.request("GET /x")
      let reply = try await client.reply()
      #expect(reply.text == "A" && reply["content-length"] == "1" && reply["connection"] == nil)
      #expect(reply.fields.count { $0.name == "date" } == 1)
      client.request("GET /type")
      let typed = try await client.reply()
      #expect(typed.fields.filter { $0.name == "content-type" }.map(\.value) == ["text/plain; charset=utf-8"])
      client.request("GET /close")
      let last = try await client.reply()
      #expect(last.fields.filter { $0.name == "connection" }.map(\.value) == ["close"])
      #expect(await client.ending().isEmpty)
    }
  }

  @Test func whatHasNoBodySaysNothingOfItsLength() async throws {
    var routes = Routes<Void>()
    routes.get("/304") { _ in Response(.notModified) }
    routes.get("/204") { _ in Response(.noContent) }
    let all = routes
    try await serving(all) { server in
      let client = try await server.client()
      for path in ["/304", "/204"] {
        client.request("GET \(path)")
        let reply = try await client.reply()
        #expect(reply["content-length"] == nil && reply["transfer-encoding"] == nil)
      }
    }
  }

  /// What fits before the first flush goes out with its length, and what does not in chunks.
  @Test func aStreamThatIsShortHasALength() async throws {
    var routes = Routes<Void>()
    routes.get("/short") { _ in Response(contentType: .plainText) { try await $0.write("short") } }
    routes.get("/flushed") { _ in
      Response(contentType: .plainText) { writer in
        try await writer.write("one")
        try await writer.flush()
        try await writer.write("two")
      }
    }
    let all = routes
    try await serving(all) { server in
      let client = try await server.client()
      client.request("GET /short")
      let short = try await client.reply()
      #expect(short.text == "short" && short["content-length"] == "5" && short["transfer-encoding"] == nil)
      client.request("GET /flushed")
      let flushed = try await client.reply()
      #expect(flushed.text == "onetwo" && flushed["transfer-encoding"] == "chunked")
    }
  }

  @Test(arguments: ["utf-16", "UTF-16LE", "iso-8859-1", "utf-8"]) func theCharsetOfJSON(_ charset: String) async throws
  {
    let body = #"{"name":"a","size":1}"#
    try await serving(routes()) { server in
      let reply = try await server.reply(
        to: "POST /thing HTTP/1.1\r\nHost: t\r\nContent-Type: application/json; charset=\(charset)\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
      #expect(reply.status == (charset == "utf-8" ? 200 : 415))
    }
  }

  @Test func aCompressedBodyIsRefused() async throws {
    try await serving(routes()) { server in
      let reply = try await server.reply(
        to: "POST /thing HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
          + "Content-Length: 2\r\n\r\n\u{1f}x")
      #expect(reply.status == 415 && reply["accept-encoding"] == "identity")
    }
  }

  /// A client may end its half behind its request and gets its answer all the same.
  @Test func halfOfAConnectionMayEnd() async throws {
    let goOn = Promise<Void>()
    var routes = routes()
    routes.post("/slow") { request in
      let body = try await request.body.collect()
      await goOn.value
      return "\(body.count)"
    }
    let all = routes
    try await serving(all) { server in
      let client = try await server.client()
      client.request("POST /slow", "Content-Length: 4", body: "body")
      client.end()
      goOn.send()
      #expect(try await client.reply().text == "4")
      let cut = try await server.client()
      cut.request("POST /slow", "Content-Length: 10", body: "half")
      cut.end()
      #expect(try await cut.reply().status == 400)
    }
  }
}
