import Cassandra
import CassandraHTTPServer
import CassandraJSON
import CassandraTelemetry
import CassandraTesting
import CassandraWeb
import Testing

@testable import FieldGuide

/// The document of Field Guide, whose rows are those of the tables.
extension DatabaseTests {
  @Suite struct DocumentTests {
    @Test(arguments: TestDatabase.all) func rowsHaveTheColumnsOfTheTables(_ database: TestDatabase) async throws {
      try await database.run { database in
        try await database.withSettings { settings in
          try await initialize(settings)
          try await CassandraClient.withClient(settings.database) { client in
            try await fieldGuideRoutes(hasMetrics: true).test(context: FieldGuideContext(cassandra: client)) { api in
              let document = try await api.get("/openapi.json").json()
              func schema(_ path: String) -> JSONValue? {
                document["paths"]?[path]?["get"]?["responses"]?["200"]?["content"]?["application/json"]?["schema"]
              }
              let animal = schema("/animal/{genus}/{species}")
              #expect(
                animal
                  == [
                    "type": "object",
                    "properties": [
                      "genus": ["type": ["string", "null"]], "species": ["type": ["string", "null"]],
                      "image_url": ["type": ["string", "null"]], "size_cm": ["type": ["number", "null"]],
                      "sightings": ["type": ["integer", "null"], "minimum": -2_147_483_648, "maximum": 2_147_483_647],
                      "taxonomy": ["type": "array", "items": ["type": "string"]],
                    ],
                    "required": ["genus", "species", "image_url", "size_cm", "sightings", "taxonomy"],
                  ])
              #expect(schema("/animal/{genus}")?["items"] == animal)
              #expect(schema("/plant/{genus}")?["items"]?["required"] == ["genus", "species", "sightings"])
              #expect(document["paths"]?["/animal"]?["post"] != nil && document["paths"]?["/metrics"] == nil)
              let metrics = try await api.get("/metrics").text
              #expect(metrics.contains("# TYPE cassandra_request_duration_seconds histogram"))
              _ = try await api.get("/plant/Plantago?limit=1")
              let after = try await api.get("/metrics").text
              #expect(after.contains(#"kind="read",le="+Inf""#))
              for name in [
                "connections", "requests_in_flight", "requests_orphaned", "requests_waiting", "retries_total",
                "hedges_total", "repreparations_total", "unprepared_total",
              ] {
                #expect(after.contains("\ncassandra_\(name){node="), "\(name)")
              }
              #expect(
                after.contains("\ncassandra_prepared_statements ") && after.contains("\nhttp_spans_dropped_total 0"))
            }
          }
        }
      }
    }

    @Test(arguments: TestDatabase.all) func queriesAreSpansOfTheirRequest(_ database: TestDatabase) async throws {
      try await database.run { database in
        try await database.withSettings { settings in
          try await initialize(settings)
          let queue = SpanQueue()
          var configuration = settings.database
          configuration.requestListener = QuerySpans(sink: queue)
          try await CassandraClient.withClient(configuration) { client in
            _ = try await client.query("SELECT key FROM system.local")
            #expect(queue.take(10).isEmpty)
            var server = ServerConfiguration()
            server.spans = queue
            let context = FieldGuideContext(cassandra: client)
            try await fieldGuideRoutes().test(context: context, configuration: server) { api in
              _ = try await api.get("/animal/Vanessa/atalanta")
              let spans = queue.take(10)
              #expect(spans.map(\.name) == ["SELECT", "GET /animal/{genus}/{species}"])
              #expect(spans.first?.parentID == spans.last?.context.spanID)
              #expect(spans.first?.context.traceID.high == spans.last?.context.traceID.high)
              let text = spans.first?.attributes.first { $0.name == "db.query.text" }.map { "\($0.value)" }
              #expect(text?.contains("WHERE genus = ?") == true && text?.contains("Vanessa") == false)
              // The statement is prepared by now, so this goes the shortest way, and says the same.
              _ = try await api.get("/animal/Vanessa/atalanta")
              let again = queue.take(10)
              #expect(again.map(\.name).sorted() == ["GET /animal/{genus}/{species}", "SELECT"])
              let (query, request) = (again.first { $0.kind == .client }, again.first { $0.kind == .server })
              #expect(query?.parentID == request?.context.spanID)
              #expect(query?.attributes.map(\.name) == spans.first?.attributes.map(\.name))
              #expect(query?.attributes.map(\.value) == spans.first?.attributes.map(\.value))
            }
          }
        }
      }
    }
  }
}
