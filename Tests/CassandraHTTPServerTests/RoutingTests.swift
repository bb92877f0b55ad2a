import CassandraHTTP
import CassandraJSON
import CassandraReactor
import Synchronization
import CassandraTelemetry
import Testing
import CassandraHTTPServer
import CassandraWebTesting

@Suite(.timeLimit(.minutes(5))) struct RoutingTests {
  private final class Trail: Sendable {
    private let kept = Mutex<[String]>([])
    func add(_ step: String) { kept.withLock { $0.append(step) } }
    var steps: [String] { kept.withLock { $0 } }
  }

  private struct Context: Sendable {
    let trail: Trail
  }

  private struct Refused: Error, ProblemConvertible {
    var problem: Problem { Problem(.conflict, code: "refused", detail: "Not now.", cause: self) }
  }

  @Test func middlewareRunsFromTheOutsideIn() async throws {
    var routes = Routes<Context>()
    routes.get("/before") { request in
      request.context.trail.add("before")
      return "before"
    }
    for name in ["outer", "inner"] {
      routes.use { request, next in
        request.context.trail.add("\(name) in")
        defer { request.context.trail.add("\(name) out") }
        var response = try await next(request)
        response.fields.append(try FieldLine("X-Layer", name))
        return response
      }
    }
    routes.get("/after") { request in
      request.context.trail.add("handler")
      return "after"
    }
    routes.within({ request, _ in
      request.context.trail.add("closed")
      throw Refused()
    }) { routes in
      routes.get("/closed") { _ in "never" }
    }
    let trail = Trail()
    try await serving(routes, context: Context(trail: trail)) { server in
      let client = try await server.client()
      for path in ["/before", "/after", "/closed"] { client.request("GET \(path)") }
      #expect(try await client.reply().fields.filter { $0.name == "x-layer" }.map(\.value) == ["inner", "outer"])
      let after = try await client.reply()
      #expect(after.fields.filter { $0.name == "x-layer" }.map(\.value) == ["inner", "outer"])
      #expect(try await client.reply().status == 409)
    }
    #expect(
      trail.steps == [
        "outer in", "inner in", "before", "inner out", "outer out", "outer in", "inner in", "handler", "inner out",
        "outer out", "outer in", "inner in", "closed",
        "inner out", "outer out",
      ])
  }

  @Test func aTextGoesBeforeAParameter() async throws {
    var routes = Routes<Void>()
    routes.get("/{a}/{b}") { request in "two \(request.path["a"]) \(request.path["b"])" }
    routes.get("/{rest...}") { request in "rest \(request.path["rest"])" }
    routes.get("/a/b") { _ in "texts" }
    routes.get("/a/{x}") { request in "one \(request.path["x"])" }
    routes.get("/a/{x}/c") { request in "three \(request.path["x"])" }
    try await serving(routes) { server in
      let client = try await server.client()
      for (path, text) in [
        ("/a/b", "texts"), ("/a/x", "one x"), ("/b/c", "two b c"), ("/a/b/c", "three b"), ("/a/b/d", "rest a/b/d"),
        ("/", "rest "),
      ] {
        client.request("GET \(path)")
        #expect(try await client.reply().text == text)
      }
    }
  }

  private struct Secret: Error, CustomStringConvertible {
    var description: String { "password=hunter2" }
  }

  @Test func aProblemTellsWhatItMay() async throws {
    var routes = Routes<Void>()
    routes.get("/fail") { _ -> String in throw Secret() }
    routes.get("/problem") { _ -> String in
      throw Problem(
        .serviceUnavailable, code: "closed", detail: "Come back \"later\".",
        errors: [.init(pointer: "/a~1b/0", detail: "No.")], fields: [try FieldLine("Retry-After", "7")], cause: Secret()
      )
    }
    let log = Log()
    try await serving(routes, log: log) { server in
      let client = try await server.client()
      client.request("GET /problem", "X-Request-Id: it-is.me_1")
      let told = try await client.reply()
      #expect(told.status == 503)
      #expect(told["content-type"] == "application/problem+json")
      #expect(told["retry-after"] == "7")
      #expect(told["x-request-id"] == "it-is.me_1")
      #expect(
        told.text
          == #"{"title":"Service Unavailable","status":503,"code":"closed","detail":"Come back \"later\".","#
          + #""request_id":"it-is.me_1","errors":[{"pointer":"/a~1b/0","detail":"No."}]}"#)
      client.request("GET /fail", "X-Request-Id: not\u{7f}ours")
      _ = try? await client.reply()
      let other = try await server.client()
      other.request("GET /fail", "X-Request-Id: \(String(repeating: "a", count: 129))")
      let failed = try await other.reply()
      #expect(failed.status == 500)
      let id = try #require(failed["x-request-id"])
      #expect((1...128).contains(id.utf8.count))
      #expect(!failed.text.contains("hunter2"))
      other.request("GET /fail")
      #expect(try await other.reply()["x-request-id"] != id)
      // The log has the rest under the same id.
      let record = log.records.first { record in
        record.fields.contains { $0.name == "request" && $0.value == .text(id) }
      }
      let cause = record?.fields.first { $0.name == "cause" }
      #expect(cause?.value == .text("password=hunter2"))
    }
  }

  @Test func bodiesHaveToBeJSON() async throws {
    var routes = Routes<Void>()
    routes.post("/json") { request in
      let value = try await request.json()
      return "\(value.kind)"
    }
    try await serving(routes) { server in
      let client = try await server.client()
      func status(_ type: String?, _ body: String) async throws -> Reply {
        let fields = ["Content-Length: \(body.utf8.count)"] + (type.map { ["Content-Type: \($0)"] } ?? [])
        client.send("POST /json HTTP/1.1\r\nHost: t\r\n\(fields.joined(separator: "\r\n"))\r\n\r\n\(body)")
        return try await client.reply()
      }
      for type in ["application/json", "Application/JSON; charset=utf-8", "application/vnd.guide+json"] {
        #expect(try await status(type, "[]").status == 200)
      }
      for type in [nil, "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json", "*/*"] {
        #expect(try await status(type, "[]").status == 415)
      }
      for (body, place) in [
        ("", "line 1, column 1"), ("[1,\n 2,]", "line 2, column 4"), ("{\"a\":1,\"a\":2}", "line 1, column 8"),
        ("[1] x", "line 1, column 5"), ("\"é\" ?", "line 1, column 5"),
      ] {
        let reply = try await status("application/json", body)
        #expect(reply.status == 400)
        #expect(reply.text.contains(place), "\(reply.text)")
      }
    }
  }
}
