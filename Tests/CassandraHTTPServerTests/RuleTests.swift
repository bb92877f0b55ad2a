import CassandraHTTP
import CassandraHTTPServer
import CassandraJSON
import Testing
import CassandraWebTesting

@Suite(.timeLimit(.minutes(5))) struct RuleTests {
  enum Kind: String, CaseIterable, Sendable { case wild, garden }

  struct Place: Validatable {
    var latitude: Double
    var name: String?

    init(_ fields: inout Validator) {
      latitude = fields.required("latitude", .double(in: -90...90))
      name = fields.optional("name", .text(length: 1...3))
    }
  }

  struct Sighting: Validatable, ResponseConvertible {
    var kind: Kind
    var count: Int
    var isSure: Bool
    var place: Place
    var others: [Place]
    var marks: [ByteText: Int]
    var note: Change<String>

    init(_ fields: inout Validator) {
      kind = fields.required("kind", .oneOf())
      count = fields.value("count", .integer(in: 1...9), default: 1)
      isSure = fields.value("sure", .bool, default: false)
      place = fields.required("place", .object())
      others = fields.value("others", .list(of: .object(), count: 0...2), default: [])
      marks = fields.value("marks", .dictionary(of: .integer()), default: [:])
      note = fields.change(
        "note",
        .text().satisfying("This must begin with a capital.", pattern: "^[A-Z]") {
          $0.utf8.first.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) } ?? false
        })
    }

    func response() -> Response {
      let marks = marks.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
      return .text("\(kind)|\(count)|\(isSure)|\(place.latitude)|\(others.count)|\(marks)|\(note)")
    }
  }

  struct Paging: Validatable, ResponseConvertible {
    var limit: Int
    var tags: [String]
    var isDeep: Bool

    init(_ fields: inout Validator) {
      limit = fields.value("limit", .integer(in: 1...100), default: 20)
      tags = fields.value("tag", .list(of: .text()), default: [])
      isDeep = fields.value("deep", .bool, default: false)
    }

    func response() -> Response { .text("\(limit)|\(tags.joined(separator: ","))|\(isDeep)") }
  }

  private func replies(to requests: [String]) async throws -> [Reply] {
    var routes = Routes<Void>()
    routes.post("/") { request in try await request.validated(Sighting.self) }
    routes.get("/") { request in try request.validatedQuery(Paging.self) }
    let answers = Promise<[Reply]>()
    try await serving(routes) { server in
      var replies: [Reply] = []
      for request in requests { replies.append(try await server.reply(to: request)) }
      answers.send(replies)
    }
    answers.cancel()
    return try #require(await answers.value)
  }

  private func post(_ body: String) async throws -> Reply {
    let head =
      "POST / HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
    return try #require(try await replies(to: [head + body]).first)
  }

  private func pointers(_ reply: Reply) throws -> [String] {
    #expect(reply.status == 422)
    return try JSONValue(parsing: reply.body)["errors"]?.array?.compactMap { $0["pointer"]?.string } ?? []
  }

  static let good: [(body: String, text: String)] = [
    (#"{"kind":"wild","place":{"latitude":1}}"#, "wild|1|false|1.0|0||absent"),
    (
      #"{"kind":"garden","count":"9","sure":"YES","place":{"latitude":-90,"name":null},"note":null,"marks":{"b":1,"a":2}}"#,
      "garden|9|true|-90.0|0|a=2,b=1|null"
    ),
    (
      #"{"kind":"wild","sure":1,"place":{"latitude":"1.5","name":"é"},"others":[{"latitude":0}],"note":"Ä"}"#
        .replacing("Ä", with: "A"), #"wild|1|true|1.5|1||set("A")"#
    ),
  ]

  @Test(arguments: good) func whatFitsIsCast(_ body: String, _ text: String) async throws {
    let reply = try await post(body)
    #expect(reply.status == 200)
    #expect(reply.text == text)
  }

  static let wrong: [(body: String, pointers: [String])] = [
    (#"{}"#, ["/kind", "/place"]), (#"{"kind":"wil","place":{"latitude":1}}"#, ["/kind"]),
    (#"{"kind":"wild","place":{"latitude":91}}"#, ["/place/latitude"]),
    (#"{"kind":"wild","place":[]}"#, ["/place"]),
    (#"{"kind":"wild","place":{"name":"long"}}"#, ["/place/latitude", "/place/name"]),
    (#"{"kind":"wild","count":null,"place":{"latitude":1}}"#, ["/count"]),
    (#"{"kind":"wild","count":10,"sure":"maybe","place":{"latitude":1}}"#, ["/count", "/sure"]),
    (
      #"{"kind":"wild","place":{"latitude":1},"others":[{"latitude":1},{"latitude":"x","name":""}]}"#,
      ["/others/1/latitude", "/others/1/name"]
    ),
    (#"{"kind":"wild","place":{"latitude":1},"others":[{},{},{}]}"#, ["/others"]),
    (
      #"{"kind":"wild","place":{"latitude":1},"marks":{"a/b":"x","c":1.5},"note":"low"}"#,
      ["/marks/a~1b", "/marks/c", "/note"]
    ),
  ]

  @Test(arguments: wrong) func everyProblemHasItsPointer(_ body: String, _ expected: [String]) async throws {
    #expect(try pointers(try await post(body)) == expected)
  }

  @Test func queriesAreCastAndListsAreRepeatedItems() async throws {
    let found = try await replies(
      to: ["", "?limit=5&tag=a&tag=b%20c&deep=on&limit=7", "?limit=0&deep=2"].map {
        "GET /\($0) HTTP/1.1\r\nHost: t\r\n\r\n"
      })
    #expect(found.map(\.status) == [200, 200, 422])
    #expect(found[0].text == "20||false")
    #expect(found[1].text == "5|a,b c|true")
    #expect(try pointers(found[2]) == ["/limit", "/deep"])
  }

  private static let sightingSchema = [
    #"{"type":"object","properties":{"kind":{"type":"string","enum":["wild","garden"]},"#,
    #""count":{"type":"integer","minimum":1,"maximum":9},"sure":{"type":"boolean"},"#,
    #""place":{"type":"object","properties":{"latitude":{"type":"number","minimum":-90.0,"maximum":90.0},"#,
    #""name":{"type":["string","null"],"minLength":1,"maxLength":3}},"required":["latitude"]},"#,
    #""others":{"type":"array","items":{"type":"object","properties":{"latitude":{"type":"number","#,
    #""minimum":-90.0,"maximum":90.0},"name":{"type":["string","null"],"minLength":1,"maxLength":3}},"#,
    #""required":["latitude"]},"minItems":0,"maxItems":2},"#,
    #""marks":{"type":"object","additionalProperties":{"type":"integer","minimum":-9223372036854775808,"#,
    #""maximum":9223372036854775807}},"note":{"type":["string","null"],"pattern":"^[A-Z]"}},"#,
    #""required":["kind","place"]}"#,
  ].joined()

  @Test func theSchemaIsMadeFromTheSameDescription() {
    let schema = Sighting.schema.description
    #expect(schema == Self.sightingSchema)
  }
}
