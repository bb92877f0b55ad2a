import CassandraReactor
import CassandraTelemetry
import CassandraTesting
import Testing

/// Spans of requests, and their way to a collector.
@Suite(.timeLimit(.minutes(1))) struct SpanTests {
  private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
  private static let parent = "00f067aa0ba902b7"

  private func routes() -> Routes<Void> {
    var routes = Routes<Void>()
    routes.get("/thing/{name}") { request in
      SpanContext.current.map { String($0.spanID, radix: 16) } ?? "none"
    }
    routes.get("/stream") { _ in
      Response(contentType: .plainText) { writer in
        try await writer.write(SpanContext.current == nil ? "outside" : "inside")
      }
    }
    routes.get("/fails") { _ -> String in throw Problem(.badGateway, code: "bad", detail: "Bad.") }
    return routes
  }

  private func text(_ span: TraceSpan, _ name: String) -> String? {
    span.attributes.first { $0.name == name }.map { "\($0.value)" }
  }

  @Test func aRequestIsASpanOfItsTrace() async throws {
    let queue = SpanQueue()
    var configuration = ServerConfiguration()
    configuration.spans = queue
    configuration.answers.sendsRequestIDs = true
    let fixed = configuration
    try await routes().test(configuration: fixed) { client in
      let field = try FieldLine("traceparent", "00-\(Self.trace)-\(Self.parent)-01")
      let answer = try await client.get("/thing/a?secret=1", fields: [field])
      let span = try #require(queue.take(10).first)
      #expect(span.name == "GET /thing/{name}" && span.kind == .server && !span.isFailure && span.duration >= 0)
      #expect(span.parentID == UInt64(Self.parent, radix: 16))
      #expect(span.context.traceID.high == UInt64(Self.trace.prefix(16), radix: 16))
      #expect(span.context.traceID.low == UInt64(Self.trace.suffix(16), radix: 16))
      #expect(answer.text == String(span.context.spanID, radix: 16))
      #expect(answer["traceparent"]?.hasPrefix("00-\(Self.trace)-") == true)
      #expect(answer["traceparent"].map { UInt64($0.dropFirst(36).prefix(16), radix: 16) } == span.context.spanID)
      #expect(text(span, "http.route") == "/thing/{name}" && text(span, "url.path") == "/thing/a")
      #expect(text(span, "http.response.status_code") == "200")
      // Without a trace of the client's it is a new one.
      #expect(try await client.get("/stream").text == "inside")
      let other = try #require(queue.take(10).first)
      #expect(other.parentID == nil && other.context.traceID != span.context.traceID)
      _ = try await client.get("/fails")
      _ = try await client.get("/nowhere")
      let failed = queue.take(10)
      #expect(failed.map(\.isFailure) == [true, false] && failed.map(\.name) == ["GET /fails", "GET"])
    }
    try await routes().test { client in
      let answer = try await client.get("/thing/a")
      #expect(answer.text == "none")
    }
  }

  /// What a client does not record, nobody records: neither the request nor what is asked for it.
  @Test func whatIsNotSampledIsNotRecorded() async throws {
    let queue = SpanQueue()
    var configuration = ServerConfiguration()
    configuration.spans = queue
    configuration.answers.sendsRequestIDs = true
    let fixed = configuration
    try await routes().test(configuration: fixed) { client in
      for flags in ["00", "02", "fe"] {
        let field = try FieldLine("traceparent", "00-\(Self.trace)-\(Self.parent)-\(flags)")
        let answer = try await client.get("/thing/a", fields: [field])
        #expect(answer.text == "none")
        // The trace goes on, as it came.
        #expect(answer["traceparent"]?.hasPrefix("00-\(Self.trace)-") == true)
        #expect(answer["traceparent"]?.hasSuffix("-\(flags)") == true)
      }
      #expect(queue.take(10).isEmpty)
      for flags in ["01", "03", "ff"] {
        let field = try FieldLine("traceparent", "00-\(Self.trace)-\(Self.parent)-\(flags)")
        let answer = try await client.get("/thing/a", fields: [field])
        #expect(answer.text != "none")
      }
      #expect(queue.take(10).count == 3)
    }
  }

  @Test func aFullQueueDropsAndCounts() {
    let queue = SpanQueue()
    let span = TraceSpan(
      SpanContext(), parent: nil, name: "n", kind: .client, duration: 1, attributes: [], isFailure: false)
    for _ in 0..<SpanQueue.capacity + 7 { queue.record(span) }
    #expect(queue.droppedCount == 7)
    #expect(queue.take(10_000).count == SpanQueue.capacity && queue.take(1).isEmpty)
  }

  @Test func endPoints() {
    for text in [
      "http://127.0.0.1:4318", "http://[::1]:4318/", "http://collector", "http://collector:1/otel/",
      "https://collector:4318", "https://collector/otel", "https://[::1]",
    ] {
      #expect(OTLPExporter(endpoint: text, service: "s") != nil, "\(text)")
    }
    for text in [
      "", "ftp://collector:4318", "collector:4318", "http://", "https://", "http://a:0", "https://a:99999", "http://:1",
    ] {
      #expect(OTLPExporter(endpoint: text, service: "s") == nil, "\(text)")
    }
  }

  @Test(arguments: [false, true]) func aCollectorGetsThem(securely isSecure: Bool) async throws {
    let authority = CertificateAuthority()
    let bodies = Locked<[JSONValue]>([])
    var routes = Routes<Void>()
    routes.post("/v1/traces") { request in
      let body = try await request.json()
      bodies.withLock { $0.append(body) }
      return Response.json(bytes: Array("{}".utf8))
    }
    var configuration = ServerConfiguration()
    configuration.address = .loopback(port: 0)
    if isSecure {
      configuration.tls = TLSServer(
        try TLSServerContext(
          identity: authority.issue(.init("collector", alternativeNames: "IP:127.0.0.1")),
          applicationProtocols: configuration.applicationProtocols))
    }
    let loops = try EventLoops(count: 1)
    let server = Server(routes: routes, context: (), configuration: configuration, loops: loops, logger: .silent)
    let (addresses, report) = AsyncStream.makeStream(of: SocketAddress.self)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run(.part) { report.yield($0) } }
      var iterator = addresses.makeAsyncIterator()
      let address = try #require(await iterator.next())
      let exporter = try #require(
        OTLPExporter(
          endpoint: "\(isSecure ? "https" : "http")://\(address)", service: "shop",
          trust: .authorities(pem: authority.pem), loops: loops, logger: .silent))
      let context = SpanContext(traceID: (1, 2), spanID: 3)
      exporter.queue.record(
        TraceSpan(
          context, parent: 4, name: "GET /", kind: .server, duration: 5_000,
          attributes: [("a", .text("b")), ("n", .integer(7)), ("f", .flag(true))], isFailure: true))
      let sending = Task { await exporter.run() }
      while bodies.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(5)) }
      sending.cancel()
      await sending.value
      server.shutDown()
      try await group.waitForAll()
    }
    await loops.shutDown()
    let body = try #require(bodies.withLock { $0.first })
    let resource = body["resourceSpans"]?[0]
    #expect(
      resource?["resource"]?["attributes"]?[0] == ["key": "service.name", "value": ["stringValue": "shop"]])
    let span = resource?["scopeSpans"]?[0]?["spans"]?[0]
    #expect(span?["traceId"] == "00000000000000010000000000000002" && span?["spanId"] == "0000000000000003")
    #expect(span?["parentSpanId"] == "0000000000000004" && span?["kind"] == 2 && span?["status"] == ["code": 2])
    let (begin, end) = (span?["startTimeUnixNano"]?.string ?? "", span?["endTimeUnixNano"]?.string ?? "")
    #expect((Int64(end) ?? 0) - (Int64(begin) ?? 0) == 5_000)
    #expect(
      span?["attributes"] == [
        ["key": "a", "value": ["stringValue": "b"]], ["key": "n", "value": ["intValue": "7"]],
        ["key": "f", "value": ["boolValue": true]],
      ])
  }

  @Test func aCollectorThatIsAwayLosesThemAndHoldsNobodyUp() async throws {
    let loops = try EventLoops(count: 1)
    // Nothing listens at the discard port of loopback.
    let exporter = try #require(
      OTLPExporter(endpoint: "http://127.0.0.1:9", service: "shop", loops: loops, logger: .silent))
    exporter.queue.record(
      TraceSpan(SpanContext(), parent: nil, name: "n", kind: .client, duration: 1, attributes: [], isFailure: false))
    let sending = Task { await exporter.run() }
    while exporter.queue.droppedCount == 0 { try await Task.sleep(for: .milliseconds(5)) }
    sending.cancel()
    await sending.value
    await loops.shutDown()
  }
}
