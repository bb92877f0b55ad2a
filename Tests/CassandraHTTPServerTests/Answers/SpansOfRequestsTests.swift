import CassandraHTTPServer
import CassandraTelemetry
import CassandraWebTesting
import Testing

/// Which span the code of a handler belongs to.
@Suite(.timeLimit(.minutes(5))) struct SpansOfRequestsTests {
  private static func current() -> String { SpanContext.current.map { "\($0.spanID)" } ?? "none" }

  /// Requests of one connection are served by one task; what a handler leaves behind stays with its own request.
  @Test func requestsOfOneConnection() async throws {
    let (gate, left) = (Promise<Void>(), Promise<String>())
    var routes = Routes<Void>()
    routes.get("/span") { _ in
      async let child = Self.current()
      let own = Self.current()
      #expect(await child == own)
      return own
    }
    routes.get("/leave") { _ in
      Task {
        _ = await gate.value
        left.send(Self.current())
      }
      return Self.current()
    }
    let queue = SpanQueue()
    try await serving(routes) {
      $0.spans = queue
    } body: { server in
      let client = try await server.client()
      var answers: [String] = []
      for path in ["span", "leave", "span", "span"] {
        client.request("GET /\(path)")
        answers.append(try await client.reply().text)
      }
      client.request("GET /span", "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")
      #expect(try await client.reply().text == "none")
      client.request("GET /span")
      answers.append(try await client.reply().text)
      gate.send(())
      #expect(await left.value == answers[1])
      #expect(Set(answers).count == 5 && !answers.contains("none"))
      let spans = queue.take(10)
      #expect(spans.map { "\($0.context.spanID)" } == answers)
      #expect(spans.map(\.name) == ["span", "leave", "span", "span", "span"].map { "GET /\($0)" })
    }
  }
}
