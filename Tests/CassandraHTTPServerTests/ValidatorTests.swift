import CassandraHTTP
import CassandraJSON
import CassandraReactor
import Testing
import CassandraHTTPServer
import CassandraWebTesting

@Suite(.timeLimit(.minutes(5))) struct ValidatorTests {
  private struct Thing: Validatable, ResponseConvertible {
    var name: String
    var count: Int32
    var size: Float
    var tags: [String]

    init(_ fields: inout Validator) {
      name = fields.text("name", bytes: 1...5)
      count = fields.int32("count")
      size = fields.float("size")
      tags = fields.texts("tags")
      if name == "taken" { fields.report("name", "It is taken.") }
    }

    func response() -> Response { .text("\(name)|\(count)|\(size)|\(tags.joined(separator: ","))") }
  }

  private static func reply(to body: String) async throws -> Reply {
    var routes = Routes<Void>()
    routes.post("/thing") { request in try await request.validated(Thing.self) }
    let answer = Promise<Reply>()
    try await serving(routes) { server in
      answer.send(
        try await server.reply(
          to: "POST /thing HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"))
    }
    // When the request has failed there is none, and nobody may wait for it.
    answer.cancel()
    return try #require(await answer.value)
  }

  static let good: [(body: String, text: String)] = [
    (#"{"name":"a","count":3,"size":1.5,"tags":["x","y"]}"#, "a|3|1.5|x,y"),
    (#"{"tags":[],"size":"2.5","count":"3","name":"é","more":[null]}"#, "é|3|2.5|"),
    (#"{"name":"a","count":3.0,"size":3,"tags":[]}"#, "a|3|3.0|"),
    (#"{"name":"a","count":"3.0","size":"1e2","tags":[]}"#, "a|3|100.0|"),
    (#"{"name":"a","count":-2147483648,"size":-0.0,"tags":[""]}"#, "a|-2147483648|-0.0|"),
    (#"{"name":"a","count":2.147483647e9,"size":3.4028234e38,"tags":[]}"#, "a|2147483647|3.4028235e+38|"),
    (#"{"name":"a","count":1,"size":1e-400,"tags":[]}"#, "a|1|0.0|"),
  ]

  @Test(arguments: good) func whatCanBeCastIs(_ body: String, _ text: String) async throws {
    let reply = try await Self.reply(to: body)
    #expect(reply.status == 200)
    #expect(reply.text == text)
  }

  /// Names of members with runs of combining marks, which a comparison that normalizes reads in the square of their
  /// length: below the limit of a name they are compared by their bytes, and above it they are refused.
  @Test func namesWithRunsOfMarks() async throws {
    let marks = String(repeating: "\u{301}", count: 60_000) + String(repeating: "\u{316}", count: 60_000)
    #expect(try await Self.reply(to: "{\"genu\(marks)\":1}").status == 400)
    let short = String(repeating: "\u{301}", count: 250) + String(repeating: "\u{316}", count: 240)
    let members = (0..<800).map { "\"n\($0)\(short)\":1," }.joined()
    let body = "{\(members)\"name\u{301}\":\"b\",\"name\":\"a\",\"count\":3,\"size\":1.5,\"tags\":[]}"
    #expect(try await Self.reply(to: body).text == "a|3|1.5|")
  }

  /// Two names that Swift takes for the same are two.
  @Test func composedAndDecomposedNamesAreTwo() async throws {
    var routes = Routes<Void>()
    routes.get("/query") { request in try request.query("caf\u{e9}") ?? "none" }
    try await serving(routes) { server in
      let decomposed = try await server.reply(to: "GET /query?cafe%CC%81=1 HTTP/1.1\r\nHost: t\r\n\r\n")
      let composed = try await server.reply(to: "GET /query?caf%C3%A9=1 HTTP/1.1\r\nHost: t\r\n\r\n")
      #expect(decomposed.text == "none" && composed.text == "1")
    }
  }

  static let wrong: [(member: String, pointers: [String])] = [
    (#""count":3.7"#, ["/count"]), (#""count":"3.7""#, ["/count"]), (#""count":"three""#, ["/count"]),
    (#""count":"""#, ["/count"]), (#""count":" 3""#, ["/count"]), (#""count":true"#, ["/count"]),
    (#""count":null"#, ["/count"]), (#""count":[3]"#, ["/count"]), (#""count":{"a":3}"#, ["/count"]),
    (#""count":2147483648"#, ["/count"]), (#""count":-2147483649"#, ["/count"]), (#""count":1e99"#, ["/count"]),
    (#""count":"NaN""#, ["/count"]), (#""size":"inf""#, ["/size"]), (#""size":"0x10""#, ["/size"]),
    (#""size":3.5e38"#, ["/size"]), (#""size":1e999"#, ["/size"]), (#""size":false"#, ["/size"]),
    (#""size":[]"#, ["/size"]), (#""name":3"#, ["/name"]), (#""name":true"#, ["/name"]), (#""name":["a"]"#, ["/name"]),
    (#""name":null"#, ["/name"]), (#""name":"""#, ["/name"]), (#""name":"ééé""#, ["/name"]),
    (#""name":"taken""#, ["/name"]), (#""tags":"x""#, ["/tags"]), (#""tags":null"#, ["/tags"]),
    (#""tags":{"0":"x"}"#, ["/tags"]), (#""tags":["x",1,null,["y"],"z"]"#, ["/tags/1", "/tags/2", "/tags/3"]),
  ]

  @Test(arguments: wrong) func whatCannotBeCastIsAProblem(_ member: String, _ pointers: [String]) async throws {
    let name = try #require(member.split(separator: ":").first)
    let others = [#""name":"a""#, #""count":1"#, #""size":1"#, #""tags":[]"#].filter { !$0.hasPrefix(name) }
    let reply = try await Self.reply(to: "{\((others + [member]).joined(separator: ","))}")
    #expect(reply.status == 422)
    #expect(reply["content-type"] == "application/problem+json")
    #expect(try Self.pointers(reply) == pointers)
  }

  @Test func everythingThatIsWrongIsToldAtOnce() async throws {
    let all = ["/name", "/count", "/size", "/tags"]
    #expect(try Self.pointers(try await Self.reply(to: "{}")) == all)
    #expect(try Self.pointers(try await Self.reply(to: #"{"name":1,"count":"x","size":null,"tags":3}"#)) == all)
    for body in ["[]", "3", "null", "\"text\"", "true"] {
      #expect(try Self.pointers(try await Self.reply(to: body)) == [""])
    }
  }

  @Test func aHundredProblemsAreTold() async throws {
    let tags = Array(repeating: "1", count: 300_000).joined(separator: ",")
    let reply = try await Self.reply(to: #"{"name":"a","count":1,"size":1,"tags":[\#(tags)]}"#)
    #expect(reply.status == 422)
    let pointers = try Self.pointers(reply)
    #expect(pointers.count == Problem.maximumErrors)
    #expect(pointers.last == "/tags/99")
    #expect(reply.text.contains("The body has 300000 errors."))
  }

  private static func pointers(_ reply: Reply) throws -> [String] {
    guard case .array(let errors) = try JSONValue(parsing: reply.body)["errors"] else { return [] }
    return errors.compactMap { error in
      guard case .string(let pointer) = error["pointer"], case .string(let detail) = error["detail"], !detail.isEmpty
      else { return nil }
      return pointer
    }
  }
}
