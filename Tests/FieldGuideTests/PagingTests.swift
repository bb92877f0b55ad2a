import Cassandra
import CassandraHTTPServer
import CassandraJSON
import CassandraTesting
import CassandraWeb
import Testing

@testable import FieldGuide

/// Lists page by page, asked without a socket.
extension DatabaseTests {
  @Suite struct PagingTests {
    private func with(
      _ database: TestDatabase, _ body: @escaping @Sendable (TestClient, CassandraClient) async throws -> Void
    ) async throws {
      try await database.run { database in
        try await database.withSettings { settings in
          try await initialize(settings)
          try await CassandraClient.withClient(settings.database) { client in
            try await fieldGuideRoutes().test(context: FieldGuideContext(cassandra: client)) { api in
              try await body(api, client)
            }
          }
        }
      }
    }

    /// The target of `Link: <…>; rel="next"`.
    private static func next(_ answer: TestAnswer) throws -> String? {
      guard let link = answer["link"] else { return nil }
      try #require(link.hasPrefix("<") && link.hasSuffix(#">; rel="next""#))
      return String(link.dropFirst().prefix { $0 != ">" })
    }

    private static func species(_ answer: TestAnswer) throws -> [String] {
      try answer.json().array?.compactMap { $0["species"]?.string } ?? []
    }

    private static let all = SampleData.plants.map(\.species).sorted()

    @Test(arguments: TestDatabase.all) func everyRowOnceAndOneReadAPage(_ database: TestDatabase) async throws {
      try await with(database) { api, client in
        // Prepared, so that what follows is reads alone.
        _ = try await api.get("/plant/Nobody")
        var seen: [String] = []
        var target: String? = "/plant/Plantago?limit=20&other=x%20y"
        var pages = 0
        while let next = target {
          let before = await client.metrics.total.reads.count
          let answer = try await api.get(next)
          #expect(answer.status == .ok && answer["content-type"] == "application/json")
          #expect(await client.metrics.total.reads.count == before + 1)
          let species = try Self.species(answer)
          #expect(species.count <= 20)
          seen += species
          pages += 1
          target = try Self.next(answer)
          if let target { #expect(target.hasPrefix("/plant/Plantago?limit=20&other=x%20y&cursor=")) }
          try #require(pages < 10)
        }
        #expect(seen == Self.all)
      }
    }

    @Test(arguments: TestDatabase.all) func whatIsWrongIsSaid(_ database: TestDatabase) async throws {
      try await with(database) { api, _ in
        for limit in ["0", "-1", "1001", "x", "", "1.5", "99999999999999999999"] {
          let answer = try await api.get("/plant/Plantago?limit=\(limit)")
          #expect(answer.status == .unprocessableContent, "\(limit)")
          #expect(try answer.json()["errors"]?[0]?["pointer"] == "/limit")
        }
        #expect(try await api.get("/plant/Plantago?cursor=AAAA").status == .unprocessableContent)
        #expect(try await api.get("/plant/Plantago?limit=1000").status == .ok)
        let next = try #require(try Self.next(try await api.get("/plant/Plantago?limit=2")))
        let cursor = next.drop { $0 != "&" }
        // Another list, and a cursor with a letter changed.
        #expect(try await api.get("/plant/Nobody?limit=2\(cursor)").status == .badRequest)
        let letter = cursor.dropLast(9).last == "A" ? "B" : "A"
        let forged = try await api.get(
          "/plant/Plantago?limit=2\(cursor.dropLast(9).dropLast())\(letter)\(cursor.suffix(9))")
        #expect(forged.status == .badRequest)
        #expect(try forged.json()["code"] == "invalidCursor")
        // A different size of page goes on at the same place.
        #expect(try Self.species(try await api.get("/plant/Plantago?limit=3\(cursor)")) == Array(Self.all[2..<5]))
      }
    }

    @Test(arguments: TestDatabase.all) func linesForWhoAsks(_ database: TestDatabase) async throws {
      try await with(database) { api, _ in
        let lines = [try FieldLine("Accept", "application/x-ndjson")]
        let expected = Self.all.map { species in
          let plant = SampleData.plants.first { $0.species == species }
          return #"{"genus":"Plantago","species":"\#(species)","sightings":\#(plant?.sightings ?? 0)}"# + "\n"
        }
        let all = try await api.get("/plant/Plantago", fields: lines)
        #expect(all["content-type"] == "application/x-ndjson" && all["vary"] == "Accept")
        #expect(all.text == expected.joined())
        let page = try await api.get("/plant/Plantago?limit=3", fields: lines)
        #expect(page.text == expected.prefix(3).joined())
        #expect(try await api.get("/plant/Nobody", fields: lines).text == "")
        #expect(try await api.get("/plant/Nobody?limit=3", fields: lines).text == "")
        for accept in ["application/json", "*/*", "application/x-ndjson;q=0", "text/x-ndjson"] {
          let answer = try await api.get("/plant/Plantago?limit=1", fields: [FieldLine("Accept", accept)])
          #expect(answer["content-type"] == "application/json", "\(accept)")
        }
        // Without a limit all of them, as ever.
        #expect(try Self.species(try await api.get("/plant/Plantago")) == Self.all)
      }
    }
  }
}
