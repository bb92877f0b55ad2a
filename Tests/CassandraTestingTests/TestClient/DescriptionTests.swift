import CassandraTelemetry
import CassandraTesting
import Testing

/// The document of an API, and the page that shows it.
@Suite(.timeLimit(.minutes(5))) struct DescriptionTests {
  private struct Thing: Validatable {
    init(_ fields: inout Validator) {
      _ = fields.text("name", bytes: 1...10)
      _ = fields.int32("size")
      _ = fields.optional("kind", Rule<Kind>.oneOf())
      _ = fields.value("isRare", Rule<Bool>.bool, default: false)
      _ = fields.value("weights", .list(of: Rule<Float>.float(), count: 0...3), default: [])
    }
  }

  private enum Kind: String, CaseIterable, Sendable { case wild, garden }

  private struct Filter: Validatable {
    init(_ fields: inout Validator) {
      _ = fields.required("from", Rule<Int>.integer(in: 0...99))
      _ = fields.optional("tag", .list(of: .text()))
    }
  }

  private func routes() -> Routes<Void> {
    var routes = Routes<Void>()
    routes.document(APIDescription(title: "Things", version: "1", text: "All of them."))
    routes.get(
      "/things/{kind}/{path...}",
      about: .init("Find", tag: "things").path("kind", "Which.", example: "wild").query(Filter.self)
        .answer(.ok, "Found.") { _ in ["type": "array"] }
    ) { _ in "" }
    routes.post(
      "/things",
      about: .init("Add", "One more.").body(Thing.self, example: ["name": "a"]).bearer()
        .answer(.created, "Added.").field(ofAnswer: .location, "Where it is.")
    ) { _ in "" }
    routes.delete("/things", about: .init("Remove all")) { _ in Response(.noContent) }
    routes.get("/hidden") { _ in "" }
    return routes
  }

  @Test func theDocumentSaysWhatIsChecked() async throws {
    try await routes().test { client in
      let answer = try await client.get("/openapi.json")
      #expect(answer.status == .ok && answer["content-type"] == "application/json")
      let document = try answer.json()
      #expect(document["openapi"] == "3.1.0")
      #expect(document["info"] == ["title": "Things", "version": "1", "description": "All of them."])
      let paths = document["paths"]
      #expect(paths?.members?.map(\.name.text) == ["/things/{kind}/{path}", "/things"])
      let find = paths?["/things/{kind}/{path}"]?["get"]
      #expect(find?["operationId"] == "getThingsByKindByPath" && find?["tags"] == ["things"])
      let parameters = find?["parameters"]
      #expect(
        parameters?[0]
          == [
            "name": "kind", "in": "path", "required": true, "description": "Which.",
            "schema": ["type": "string", "minLength": 1], "example": "wild",
          ])
      #expect(parameters?[1]?["name"] == "path" && parameters?[1]?["in"] == "path")
      #expect(
        parameters?[2]
          == [
            "name": "from", "in": "query", "required": true,
            "schema": ["type": "integer", "minimum": 0, "maximum": 99],
          ])
      #expect(parameters?[3]?["required"] == false && parameters?[3]?["schema"]?["items"] == ["type": "string"])
      #expect(find?["responses"]?["200"]?["content"]?["application/json"]?["schema"] == ["type": "array"])
      #expect(find?["responses"]?["default"]?["content"]?["application/problem+json"] != nil)
      let add = paths?["/things"]?["post"]
      #expect(add?["security"] == [["bearer": []]] && add?["responses"]?["401"] != nil)
      #expect(add?["responses"]?["201"]?["headers"]?["Location"]?["description"] == "Where it is.")
      #expect(document["components"]?["securitySchemes"]?["bearer"] == ["type": "http", "scheme": "bearer"])
      let body = add?["requestBody"]?["content"]?["application/json"]
      #expect(body == ["schema": ["$ref": "#/components/schemas/Thing"], "example": ["name": "a"]])
      let thing = document["components"]?["schemas"]?["Thing"]
      #expect(thing?["required"] == ["name", "size"])
      // What is cast is accepted, and the document says so.
      #expect(
        thing?["properties"]?["size"]
          == [
            "type": ["integer", "string"], "minimum": -2_147_483_648, "maximum": 2_147_483_647,
            "pattern": "^-?(0|[1-9][0-9]{0,8})$",
          ])
      #expect(thing?["properties"]?["kind"]?["enum"] == ["wild", "garden", nil])
      #expect(thing?["properties"]?["isRare"]?["type"] == ["boolean", "integer", "string"])
      #expect(thing?["properties"]?["weights"]?["items"]?["type"] == ["number", "string"])
      #expect(paths?["/things"]?["delete"]?["summary"] == "Remove all")
    }
  }

  /// The document is made once for each version of what it is made of, and whenever it is asked for without one.
  @Test func theDocumentIsMadeOnceForAVersion() async throws {
    let version = Locked<UInt64?>(1)
    let made = Locked(0)
    var routes = Routes<Void>()
    routes.document(APIDescription(title: "A", version: "1"), version: { _ in version.withLock { $0 } })
    routes.get(
      "/a",
      about: .init("A").answer(.ok, "A.") { _ in
        let count = made.withLock { made in
          made += 1
          return made
        }
        return ["const": .string("\(count)")]
      }
    ) { _ in "" }
    try await routes.test { client in
      for (now, count) in [(1, 1), (1, 1), (2, 2), (2, 2), (nil, 3), (nil, 4), (3, 5), (3, 5)] as [(UInt64?, Int)] {
        version.withLock { $0 = now }
        let answer = try await client.get("/openapi.json")
        #expect(answer["content-type"] == "application/json" && answer.text.contains("\"const\":\"\(count)\""))
        #expect(made.withLock { $0 } == count)
      }
    }
  }

  @Test func thePageNeedsNothingFromElsewhere() async throws {
    var configuration = ServerConfiguration()
    configuration.answers.fields = AnswerOptions.securityFields
    try await routes().test(configuration: configuration) { client in
      let root = try await client.get("/")
      #expect(root.status == .found && root["location"] == "/docs")
      for (path, type) in [
        ("/docs", "text/html; charset=utf-8"), ("/docs/page.js", "text/javascript; charset=utf-8"),
        ("/docs/page.css", "text/css; charset=utf-8"),
      ] {
        let answer = try await client.get(path)
        #expect(answer.status == .ok && answer["content-type"] == type)
        #expect(!answer.text.contains("http://") && !answer.text.contains("https://"), "\(path)")
        // The page's own policy, and not a second one that forbids its script.
        #expect(answer.fields.all("content-security-policy").count == 1)
        #expect(answer["content-security-policy"]?.contains("script-src 'self'") == true)
        #expect(answer["referrer-policy"] == "no-referrer")
      }
      let other = try await client.get("/hidden")
      #expect(other["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'")
    }
  }

  @Test func aRouteOfOnesOwnStaysAtTheRoot() async throws {
    var routes = Routes<Void>()
    routes.get("/") { _ in "mine" }
    routes.document(APIDescription(title: "A", version: "1"))
    try await routes.test { client in
      let answer = try await client.get("/")
      #expect(answer.text == "mine")
    }
  }
}
