import CassandraTelemetry
import CassandraTesting
import Testing

/// What a server counts.
@Suite(.timeLimit(.minutes(5))) struct MetricsTests {
  private func routes() -> Routes<Void> {
    var routes = Routes<Void>()
    routes.metrics { _, text in
      text.family("own", .gauge, "Mine.")
      text.sample(["name": "a\"b\\c\nd"], 7)
    }
    routes.get("/thing/{name}") { request in request.path["name"] }
    routes.post("/thing/{name}") { _ -> String in throw Problem(.conflict, code: "there", detail: "There.") }
    return routes
  }

  private func lines(_ text: String, _ name: String) -> [String] {
    text.split(separator: "\n").map(String.init).filter { $0.hasPrefix(name) }
  }

  @Test func requestsByRouteAndStatus() async throws {
    var configuration = ServerConfiguration()
    configuration.countsRequests = true
    try await routes().test(configuration: configuration) { client in
      for name in ["a", "b", "c"] { _ = try await client.get("/thing/\(name)") }
      _ = try await client.post("/thing/a", json: "{}")
      _ = try await client.get("/nowhere/for/nobody")
      let answer = try await client.get("/metrics")
      #expect(answer["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
      #expect(
        lines(answer.text, "http_requests_total").sorted() == [
          #"http_requests_total{method="-",route="-",status="404"} 1"#,
          #"http_requests_total{method="GET",route="/thing/{name}",status="200"} 3"#,
          #"http_requests_total{method="POST",route="/thing/{name}",status="409"} 1"#,
        ])
      #expect(
        lines(answer.text, "http_response_body_bytes_total{method=\"GET\"") == [
          #"http_response_body_bytes_total{method="GET",route="/thing/{name}"} 3"#
        ])
      let buckets = lines(answer.text, #"http_request_duration_seconds_bucket{method="GET""#)
      #expect(buckets.count == ServerMetrics.bounds.count + 1)
      #expect(buckets.last == #"http_request_duration_seconds_bucket{method="GET",route="/thing/{name}",le="+Inf"} 3"#)
      #expect(buckets.first?.contains(#"le="0.0005""#) == true)
      let counts = buckets.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
      #expect(counts == counts.sorted())
      #expect(lines(answer.text, "http_requests_in_flight") == ["http_requests_in_flight 1"])
      #expect(lines(answer.text, "own{") == [#"own{name="a\"b\\c\nd"} 7"#])
      // Its own answer is counted in the next.
      #expect(try await client.get("/metrics").text.contains(#"{method="GET",route="/metrics",status="200"} 1"#))
    }
  }

  /// More statuses than a route has places for, and each as often as it came.
  @Test func everyStatusIsCounted() async throws {
    var configuration = ServerConfiguration()
    configuration.countsRequests = true
    var routes = routes()
    routes.get("/status/{code}") { request in Response(Status(UInt16(request.path["code"]) ?? 500)) }
    let statuses = Array(400..<423)
    try await routes.test(configuration: configuration) { client in
      for round in 0..<2 {
        for status in statuses.dropFirst(round) { _ = try await client.get("/status/\(status)") }
      }
      let counted = lines(try await client.get("/metrics").text, #"http_requests_total{method="GET",route="/status"#)
      #expect(
        counted
          == statuses.map { status in
            #"http_requests_total{method="GET",route="/status/{code}",status="\#(status)"} \#(status == 400 ? 1 : 2)"#
          })
    }
  }

  @Test func nothingIsCountedUnlessItIsAskedFor() async throws {
    try await routes().test { client in
      _ = try await client.get("/thing/a")
      let text = try await client.get("/metrics").text
      #expect(lines(text, "http_requests_total{").isEmpty)
      #expect(lines(text, "http_connections ") == ["http_connections 1"])
      #expect(lines(text, "http_connections_accepted_total ") == ["http_connections_accepted_total 2"])
    }
  }

  @Test func refusalsAreCounted() async throws {
    var configuration = ServerConfiguration()
    var limits = RequestLimits()
    limits.burst = 1
    limits.requestsPerSecond = 1
    configuration.answers.requestLimits = limits
    let fixed = configuration
    try await routes().test(configuration: fixed) { client in
      _ = try await client.get("/thing/a")
      #expect(try await client.get("/thing/a").status == .tooManyRequests)
      _ = try await client.send(.get, "/thing/a", fields: [FieldLine("Transfer-Encoding", "gzip")])
      let text = try await client.get("/metrics").text
      #expect(text.contains(#"http_refusals_total{reason="client_limit"} 1"#))
      #expect(text.contains(#"http_refusals_total{reason="invalid"} 1"#))
      #expect(text.contains(#"http_refusals_total{reason="slow_client"} 0"#))
    }
  }

  @Test func slowRequestsAreLogged() async throws {
    for (threshold, isLogged) in [(Duration.zero, true), (.seconds(3600), false)] {
      var configuration = ServerConfiguration()
      configuration.slowRequestThreshold = threshold
      let fixed = configuration
      let log = Records()
      try await routes().test(
        configuration: fixed, logger: CassandraLogger(label: "t", level: .info, sink: log)
      ) { client in
        // The clock counts microseconds, and parsing takes one at least now and then: ask until it is seen.
        _ = try await client.get("/thing/a")
        var tries = 0
        while isLogged, log.texts.isEmpty, tries < 1000 {
          tries += 1
          _ = try await client.get("/thing/a")
        }
      }
      #expect(log.texts.contains { $0.contains("a slow request") && $0.contains("/thing/{name}") } == isLogged)
    }
  }

  private final class Records: LogSink {
    private let lines = Locked<[String]>([])
    var texts: [String] { lines.withLock { $0 } }
    func write(_ record: LogRecord) {
      lines.withLock { $0.append(record.message + record.fields.map { " \($0.name)=\($0.value)" }.joined()) }
    }
  }
}
