import Cassandra
import CassandraTelemetry
import CassandraTesting
import CassandraWire
import Testing

/// Keeps what it is told.
private final class Recorder: RequestListener {
  private let kept = Locked<[String]>([])
  var lines: [String] { kept.withLock { $0 } }

  func requestBegan(_ request: ObservedRequest) {
    kept.withLock { $0.append("began \(request.kind) \(request.texts.joined(separator: "; "))") }
  }

  func attemptEnded(_ request: ObservedRequest, node: EndPoint, duration: Duration, failure: CassandraError?) {
    #expect(duration >= .zero)
    kept.withLock { $0.append("attempt \(node.port) \(failure.map { "\($0.code)" } ?? "fine")") }
  }

  func requestEnded(
    _ request: ObservedRequest, node: EndPoint?, duration: Duration, attempts: Int, failure: CassandraError?
  ) {
    #expect(duration >= .zero)
    kept.withLock { $0.append("ended \(attempts) \(failure.map { "\($0.code)" } ?? "fine")") }
  }
}

@Suite(.timeLimit(.minutes(5))) struct ObservationTests {
  @Test func aListenerIsToldOfEveryRequestAndOfNoValue() async throws {
    let recorder = Recorder()
    try await withScriptedNode(configure: { $0.requestListener = recorder }) { (client, node) async throws in
      let port = node.address.port
      try await client.insert()
      node.when(.init(.execute, text: Known.select, times: 1), .error(.overloaded))
      _ = try await client.texts(Known.select)
      node.when(.init(.execute, text: Known.other), .error(.invalid))
      _ = try await failure { _ = try await client.texts(Known.other) }
      _ = try await failure { _ = try await client.texts("SELECT nonsense") }
      try await client.batch { $0.add("INSERT INTO t (a, n) VALUES (\("secret"), \(1))") }
      #expect(
        recorder.lines == [
          "began query \(Known.insert)", "attempt \(port) fine", "ended 1 fine",
          "began query \(Known.select)", "attempt \(port) overloaded", "attempt \(port) fine", "ended 2 fine",
          "began query \(Known.other)", "attempt \(port) invalid", "ended 1 invalid",
          "began query SELECT nonsense", "ended 0 invalid",
          "began batch \(Known.insert)", "attempt \(port) fine", "ended 1 fine",
        ])
      #expect(!recorder.lines.contains { $0.contains("secret") })
    }
  }

  @Test(arguments: [true, false]) func pagesAreRequestsOfTheirOwn(_ looksAhead: Bool) async throws {
    let recorder = Recorder()
    try await withScriptedNode(configure: { $0.requestListener = recorder }) { (client, _) async throws in
      #expect(try await client.texts(Known.paged, options: QueryOptions(looksAhead: looksAhead)).count == 8)
      #expect(recorder.lines.filter { $0.hasPrefix("began page") }.count == 3)
      #expect(recorder.lines.filter { $0.hasPrefix("attempt") }.count == 4)
      #expect(recorder.lines.filter { $0 == "ended 1 fine" }.count == 4)
    }
  }

  @Test(arguments: bothVersions) func whatWasDoneIsCounted(_ version: ProtocolVersion) async throws {
    try await withScriptedNode(version, loops: 2) { (client, node) async throws in
      for _ in 0..<20 { try await client.insert() }
      for _ in 0..<10 { _ = try await client.texts(Known.select) }
      try await client.batch { $0.add("INSERT INTO t (a, n) VALUES (\("x"), \(1))") }
      node.when(.init(.execute, text: Known.other), .error(.invalid))
      for _ in 0..<3 { _ = try await failure { _ = try await client.texts(Known.other) } }
      node.forgetPrepared()
      _ = try await client.texts(Known.select)
      let metrics = await client.metrics
      #expect(metrics.nodes.count == 1)
      let total = metrics.total
      #expect(total.writes.count == 20)
      #expect(total.reads.count == 11)
      #expect(total.batches.count == 1)
      #expect(total.failures == [.invalid: 3])
      #expect(total.unprepared == 1)
      #expect(total.repreparations == 1)
      #expect(total.retries == 1)
      #expect(total.hedges == 0)
      #expect(total.reads.percentile(1) > 0)
      // How it stands: nothing is under way.
      #expect(1...2 ~= total.connections)
      #expect(total.inFlight == 0 && total.orphans == 0 && total.waiting == 0)
      #expect(metrics.waitingForConnection == 0)
      #expect(metrics.preparedStatements >= 2)
    }
  }

  /// A node hangs, so that its request goes on to the other one, which answers.
  @Test(arguments: [true, false]) func everyAttemptOfARaceIsCountedAndTold(_ isListened: Bool) async throws {
    let recorder = Recorder()
    try await withScriptedNodes(
      2,
      configure: {
        if isListened { $0.requestListener = recorder }
        // So long that only the attempt's time is met.
        $0.limits.silenceBeforeNextNode = .seconds(3600)
        $0.limits.silenceBeforeHeartbeat = .seconds(3600)
        $0.limits.heartbeatInterval = .seconds(3600)
        $0.routing.silence = .seconds(3600)
        $0.defaults.timeout = .seconds(3600)
        $0.defaults.attemptTimeout = .milliseconds(30)
      }
    ) { (client, nodes) async throws in
      var requests: UInt64 = 0
      func request() async throws -> Rows {
        requests += 1
        return try await client.query(Statement(unsafeCQL: Known.select))
      }
      while nodes.contains(where: { $0.observed.count(.execute, text: Known.select) == 0 }) { _ = try await request() }
      nodes[0].when(.init(.execute), .nothing)
      let before = nodes[0].observed.count(.execute)
      var rows = try await request()
      while nodes[0].observed.count(.execute) == before { rows = try await request() }
      #expect(rows.attempts == 2)
      let ports = nodes.map { Int($0.address.port) }
      #expect(rows.coordinator?.port == ports[1])
      let metrics = await client.metrics
      #expect(metrics.total.reads.count == requests)
      // The one that went on is an attempt beside one that was open.
      #expect(metrics.total.hedges == 1)
      #expect(metrics.nodes.filter { $0.value.hedges == 1 }.map(\.key.port) == [ports[1]])
      let failures = metrics.nodes.filter { !$0.value.failures.isEmpty }
      #expect(failures.map(\.key.port) == [ports[0]])
      #expect(failures.values.first?.failures == [.cancelled: 1])
      #expect(
        recorder.lines.suffix(3)
          == (isListened
            ? [
              "attempt \(ports[1]) fine", "attempt \(ports[0]) cancelled", "ended 2 fine",
            ] : []))
    }
  }

  @Test func anAnswerTellsWhoGaveItAndAtWhichAttempt() async throws {
    try await withScriptedNode { (client, node) async throws in
      node.when(.init(.execute, text: Known.select, times: 1), .error(.overloaded))
      let rows = try await client.query(Statement(unsafeCQL: Known.select), options: QueryOptions(pageSize: 10))
      #expect(rows.attempts == 2)
      let coordinator = try #require(rows.coordinator)
      #expect(coordinator.port == node.address.port)
      let batch = try await client.batch { $0.add("INSERT INTO t (a, n) VALUES (\("x"), \(1))") }
      #expect(batch.attempts == 1)
      #expect(batch.coordinator != nil)
    }
  }

  @Test func aTraceIsAskedForUntilItIsComplete() async throws {
    try await withScriptedNode { (client, node) async throws in
      let (sessions, events) = (
        "SELECT * FROM system_traces.sessions WHERE session_id = ?",
        "SELECT * FROM system_traces.events WHERE session_id = ?"
      )
      let columns: [(String, CQLType)] = [
        ("session_id", .uuid), ("coordinator", .inet), ("duration", .int),
        ("parameters", .map(key: .text, value: .text)), ("request", .text), ("started_at", .timestamp),
      ]
      let id = CQLUUID(high: 1, low: 2)
      func row(_ duration: CQLValue) -> [CQLValue] {
        [
          .uuid(id), .inet(.v4(0x7f00_0001)), duration, .map([.init(.text("query"), .text("SELECT"))]),
          .text("Execute"), .timestamp(CQLTimestamp(milliseconds: 5)),
        ]
      }
      node.define(.init(sessions, parameters: [("session_id", .uuid)], columns: columns, pages: [[row(.null)]]))
      node.define(
        .init(
          events, parameters: [("session_id", .uuid)],
          columns: [("activity", .text), ("source", .inet), ("source_elapsed", .int), ("thread", .text)],
          pages: [
            [
              [.text("Parsing"), .inet(.v4(0x7f00_0001)), .int(7), .text("main")],
              [.text("Done"), .null, .null, .null],
            ]
          ]))
      #expect(try await client.trace(id, patience: .milliseconds(1)) == nil)
      async let trace = client.trace(id, patience: .seconds(30))
      await node.wait(for: 3, .execute, text: sessions)
      node.define(.init(sessions, parameters: [("session_id", .uuid)], columns: columns, pages: [[row(.int(1234))]]))
      let found = try #require(try await trace)
      #expect(found.durationMicroseconds == 1234)
      #expect(found.parameters == ["query": "SELECT"])
      #expect(found.events.map(\.activity) == ["Parsing", "Done"])
      #expect(found.events.first?.elapsedMicroseconds == 7)
    }
  }
}
