import CassandraReactor
import CassandraTelemetry
import CassandraTesting
import Testing

/// Spans of requests, and their way to a collector.
@Suite(.timeLimit(.minutes(5))) struct SpanTests {
  private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
  private static let parent = "00f067aa0ba902b7"

  private func routes() -> Routes<Void> {
    var routes = Routes<Void>()
    routes.get("/thing/{name}") { request in
      // Always as long, so that its answer is.
      SpanContext.current.map { String(1 << 64 | UInt128($0.spanID), radix: 16) } ?? "none"
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
      #expect(UInt128(answer.text, radix: 16) == 1 << 64 | UInt128(span.context.spanID))
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

  /// The latest are those that somebody looks for when the collector is there again.
  @Test func aFullQueueDropsTheOldestAndCounts() {
    let queue = SpanQueue()
    for number in 0..<SpanQueue.capacity + 7 {
      queue.record(
        TraceSpan(
          SpanContext(), parent: nil, name: "\(number)", kind: .client, duration: 1, attributes: [], isFailure: false))
    }
    #expect(queue.droppedCount == 7 && !queue.isEmpty)
    let first = queue.take(1)
    #expect(first.map(\.name) == ["7"])
    let rest = queue.take(10_000)
    #expect(rest.count == SpanQueue.capacity - 1 && rest.last?.name == "\(SpanQueue.capacity + 6)")
    #expect(queue.take(1).isEmpty && queue.isEmpty)
  }

  /// Spans of any size: what waits is bounded in bytes, too.
  @Test func largeSpansAreBounded() {
    let queue = SpanQueue()
    let text = String(repeating: "x", count: 8_000)
    for number in 0..<2_000 {
      queue.record(
        TraceSpan(
          SpanContext(), parent: nil, name: "\(number)", kind: .client, duration: 1,
          attributes: [("text", .text(text))], isFailure: false))
    }
    let dropped = queue.droppedCount
    let left = queue.take(10_000)
    #expect(dropped > 1_000 && left.count == 2_000 - Int(dropped))
    #expect(left.last?.name == "1999" && left.last?.attributes.first?.value == .text(text))
  }

  @Test func whatWaitsComesOutAsItWentIn() throws {
    let queue = SpanQueue()
    let attributes: [(name: String, value: LogValue)] = [
      ("text", .text("Käfer \u{0} \u{1F41E}")), ("empty", .text("")), ("least", .integer(.min)),
      ("most", .integer(.max)),
      ("number", .number(-0.1)), ("yes", .flag(true)), ("no", .flag(false)),
    ]
    for parent in [nil, 0, .max] as [UInt64?] {
      for kind in [TraceSpan.Kind.server, .client] {
        for isFailure in [false, true] {
          var span = TraceSpan(
            SpanContext(traceID: (.max, 1), spanID: 0x0102_0304_0506_0708), parent: parent, name: "GET /käfer",
            kind: kind,
            duration: 1_234_567, attributes: attributes, isFailure: isFailure)
          span.end = -5
          queue.record(span)
          let taken = try #require(queue.take(2).first)
          #expect(taken.context == span.context && taken.parentID == parent && taken.name == span.name)
          #expect(taken.kind == kind && taken.end == -5 && taken.duration == 1_234_567 && taken.isFailure == isFailure)
          #expect(taken.attributes.map(\.name) == attributes.map(\.name))
          #expect(taken.attributes.map(\.value) == attributes.map(\.value))
        }
      }
    }
  }

  /// Keeps spans, as a sink of somebody else's does.
  private final class Kept: SpanSink {
    let spans = Locked<[TraceSpan]>([])
    func record(_ span: TraceSpan) { spans.withLock { $0.append(span) } }
  }

  @Test func anySinkGetsTheSameSpans() async throws {
    let (queue, kept) = (SpanQueue(), Kept())
    for sink in [queue, kept] as [any SpanSink] {
      var configuration = ServerConfiguration()
      configuration.spans = sink
      let fixed = configuration
      try await routes().test(configuration: fixed) { client in
        _ = try await client.get("/thing/%C3%A4?secret=1")
        // The problem names its id, and an id of the server's own is not always as long.
        _ = try await client.get("/fails", fields: [FieldLine("X-Request-ID", "one")])
      }
    }
    let (ours, theirs) = (queue.take(10), kept.spans.withLock { $0 })
    #expect(ours.map(\.name) == theirs.map(\.name) && ours.map(\.isFailure) == [false, true])
    for (one, other) in zip(ours, theirs) {
      #expect(one.attributes.map(\.name) == other.attributes.map(\.name))
      #expect(one.attributes.map(\.value) == other.attributes.map(\.value))
    }
    #expect(text(ours[0], "url.path") == "/thing/%C3%A4" && text(ours[1], "error.type") == "502")
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
