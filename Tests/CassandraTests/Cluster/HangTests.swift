import CassandraReactor
import CassandraTelemetry
import CassandraTesting
import CassandraWire
import Testing

@testable import Cassandra

/// Nodes that take requests and do not answer.
@Suite(.timeLimit(.minutes(5))) struct HangTests {
  private static let idempotent = QueryOptions(isIdempotent: true)

  private func prepareEverywhere(_ client: CassandraClient, _ nodes: [ScriptedNode]) async throws {
    while await client.topology.nodes.count(where: { $0.state == .up }) != nodes.count { await Task.yield() }
    while nodes.contains(where: { $0.observed.count(.execute, text: Known.select) == 0 }) {
      _ = try await client.texts(Known.select)
    }
    while nodes.contains(where: { $0.observed.count(.execute, text: Known.insert) == 0 }) { try await client.insert() }
  }

  /// Runs `body` with two nodes, of which the first hangs from the first EXECUTE on that comes to it.
  private func withHungNode(
    configure: @escaping (inout ClientConfiguration) -> Void = { _ in },
    _ body: (CassandraClient, [ScriptedNode]) async throws -> Void
  ) async throws {
    try await withScriptedNodes(
      2,
      configure: {
        // So long that only what a test is about is met.
        $0.limits.silenceBeforeNextNode = .seconds(3600)
        $0.limits.silenceBeforeHeartbeat = .seconds(3600)
        $0.limits.heartbeatInterval = .seconds(3600)
        $0.routing.silence = .seconds(3600)
        $0.defaults.timeout = .seconds(3600)
        $0.defaults.attemptTimeout = .seconds(3600)
        configure(&$0)
      }
    ) { (client, nodes) async throws in
      try await prepareEverywhere(client, nodes)
      nodes[0].when(.init(.execute), .nothing)
      try await body(client, nodes)
    }
  }

  @Test func anAttemptThatHasHadItsTimeGoesOn() async throws {
    try await withHungNode(configure: { $0.defaults.attemptTimeout = .milliseconds(30) }) {
      (client, nodes) async throws in
      for _ in 0..<4 { #expect(try await client.texts(Known.select) == ["one"]) }
      for _ in 0..<4 { try await client.insert(Self.idempotent) }
      #expect(nodes[0].observed.connections == 1)
    }
  }

  @Test func aSilentNodeIsNotWaitedFor() async throws {
    try await withHungNode(configure: { $0.limits.silenceBeforeNextNode = .milliseconds(30) }) {
      (client, nodes) async throws in
      for _ in 0..<4 { #expect(try await client.texts(Known.select) == ["one"]) }
      for _ in 0..<4 { try await client.insert(Self.idempotent) }
    }
  }

  @Test func speculationDoesNotWaitForASlowNode() async throws {
    try await withHungNode(configure: { $0.defaults.speculation = .after(.milliseconds(30)) }) {
      (client, nodes) async throws in
      for _ in 0..<4 { #expect(try await client.texts(Known.select) == ["one"]) }
    }
    // Of another client, for a node that owes answers is not asked first any more.
    try await withHungNode(configure: { $0.defaults.speculation = .after(.milliseconds(30)) }) {
      (client, nodes) async throws in
      let never = QueryOptions(timeout: .milliseconds(100), speculation: .never)
      var failures = 0
      for _ in 0..<4 where (try? await client.texts(Known.select, options: never)) == nil { failures += 1 }
      #expect(failures > 0)
    }
  }

  @Test func whatIsNotIdempotentIsSentOnce() async throws {
    try await withHungNode(configure: {
      $0.limits.silenceBeforeNextNode = .milliseconds(10)
      $0.defaults.attemptTimeout = .milliseconds(10)
      $0.defaults.speculation = .after(.milliseconds(10))
    }) { (client, nodes) async throws in
      let before = nodes.map { $0.observed.count(.execute, text: Known.insert) }
      var ends: [String] = []
      for _ in 0..<4 {
        do {
          try await client.insert(QueryOptions(timeout: .milliseconds(100)))
          ends.append("done")
        } catch let error as CassandraError { ends.append("\(error.code) \(error.isRetrySafe)") }
      }
      #expect(ends.contains("timedOut false"))
      let sent = zip(nodes, before).map { $0.observed.count(.execute, text: Known.insert) - $1 }
      #expect(sent.reduce(0, +) == 4)
    }
  }

  @Test func theLateAnswerOfTheFirstIsWelcome() async throws {
    try await withHungNode(configure: { $0.defaults.attemptTimeout = .milliseconds(20) }) {
      (client, nodes) async throws in
      let gate = Gate()
      nodes[0].removeRules()
      nodes[0].when(.init(.execute), .after(gate, .ordinary))
      nodes[1].when(.init(.execute), .nothing)
      let before = nodes.map { $0.observed.count(.execute) }
      async let text = client.texts(Known.select)
      for (node, count) in zip(nodes, before) { await node.wait(for: count + 1, .execute) }
      gate.open()
      #expect(try await text == ["one"])
    }
  }

  @Test func aFailureOfOneIsNotTheLastWordWhileAnotherMayAnswer() async throws {
    try await withHungNode(configure: { $0.defaults.attemptTimeout = .milliseconds(20) }) {
      (client, nodes) async throws in
      let gate = Gate()
      nodes[0].removeRules()
      nodes[0].when(.init(.execute), .after(gate, .ordinary))
      nodes[1].when(.init(.execute), .error(.overloaded))
      let options = QueryOptions(retry: .never)
      let before = nodes[0].observed.count(.execute)
      // Whichever is asked first, the other one is, too.
      async let first = client.texts(Known.select, options: options)
      async let second = client.texts(Known.select, options: options)
      await nodes[0].wait(for: before + 1, .execute)
      gate.open()
      let ends = [try? await first, try? await second].compactMap { $0 }
      #expect(ends.contains(["one"]))
    }
  }

  @Test func aNodeThatOwesAnswersIsAskedAndReplaced() async throws {
    let sink = RecordingSink()
    try await withScriptedNodes(
      2, logger: CassandraLogger(label: "test", sink: sink),
      configure: {
        $0.limits.silenceBeforeHeartbeat = .milliseconds(100)
        $0.limits.heartbeatTimeout = .milliseconds(500)
        $0.limits.silenceBeforeNextNode = .seconds(3600)
        $0.defaults.attemptTimeout = .seconds(3600)
        $0.routing.silence = .seconds(3600)
      }
    ) { (client, nodes) async throws in
      try await prepareEverywhere(client, nodes)
      nodes[0].when(.init(.execute, connection: 1), .nothing)
      nodes[0].when(.init(.options, connection: 1), .nothing)
      // Those under way fail over at that moment.
      for _ in 0..<4 { #expect(try await client.texts(Known.select) == ["one"]) }
      await nodes[0].wait { $0.connections >= 2 }
      #expect(sink.messages.contains("a connection is replaced because its node says nothing"))
    }
  }

  @Test func aPreparationGoesElsewhere() async throws {
    try await withHungNode(configure: { $0.defaults.attemptTimeout = .milliseconds(300) }) {
      (client, nodes) async throws in
      nodes[0].when(.init(.prepare), .nothing)
      for node in nodes {
        for index in 0..<4 {
          node.define(.init("SELECT \(index)", columns: Known.columns, pages: [[Known.row("x", 1)]]))
        }
      }
      for index in 0..<4 { #expect(try await client.texts("SELECT \(index)") == ["x"]) }
    }
  }

  @Test func aPreparationIsSentElsewhereLikeAnyOtherRequest() async throws {
    try await withHungNode(configure: { $0.limits.silenceBeforeNextNode = .milliseconds(30) }) {
      (client, nodes) async throws in
      nodes[0].when(.init(.prepare), .nothing)
      for node in nodes {
        for index in 0..<4 {
          node.define(.init("SELECT \(index)", columns: Known.columns, pages: [[Known.row("x", 1)]]))
        }
      }
      for index in 0..<4 { #expect(try await client.texts("SELECT \(index)") == ["x"]) }
    }
  }

  /// The first node answers nothing, and a batch of one statement goes to it every other time.
  private func batches(_ client: CassandraClient, _ options: QueryOptions?) async throws {
    for _ in 0..<4 {
      try await client.batch(options: options) { $0.add("INSERT INTO t (a, n) VALUES (\("x"), \(1))") }
    }
  }

  @Test func anIdempotentBatchIsNotWaitedFor() async throws {
    try await withHungNode(configure: { $0.limits.silenceBeforeNextNode = .milliseconds(30) }) {
      (client, nodes) async throws in
      nodes[0].when(.init(.batch), .nothing)
      try await batches(client, Self.idempotent)
      #expect(nodes[0].observed.count(.batch) > 0)
      #expect(nodes[1].observed.count(.batch) == 4)
    }
    try await withHungNode(configure: { $0.defaults.attemptTimeout = .milliseconds(30) }) {
      (client, nodes) async throws in
      nodes[0].when(.init(.batch), .nothing)
      try await batches(client, Self.idempotent)
    }
  }

  @Test func aBatchThatIsNotIdempotentIsSentOnce() async throws {
    try await withHungNode(configure: {
      $0.limits.silenceBeforeNextNode = .milliseconds(10)
      $0.defaults.attemptTimeout = .milliseconds(10)
      $0.defaults.speculation = .after(.milliseconds(10))
    }) { (client, nodes) async throws in
      nodes[0].when(.init(.batch), .nothing)
      for _ in 0..<4 { try? await batches(client, QueryOptions(timeout: .milliseconds(100))) }
      let sent = nodes.map { $0.observed.count(.batch) }
      // Each of these ended with the first that got no answer.
      #expect(sent[0] == 4)
      #expect(sent.reduce(0, +) <= 16)
    }
  }

  @Test func speculationByAPercentile() async throws {
    // Nothing is known of a node's answers at first: then the longest wait counts.
    try await withHungNode(configure: {
      $0.defaults.speculation = .percentile(0.99, atLeast: .milliseconds(1), atMost: .milliseconds(30))
    }) { (client, nodes) async throws in
      for _ in 0..<4 { #expect(try await client.texts(Known.select) == ["one"]) }
      #expect(nodes[0].observed.connections == 1)
    }
  }

  @Test func aSilentNodeComesLast() async throws {
    try await withHungNode(configure: {
      $0.routing.silence = .milliseconds(20)
      $0.defaults.attemptTimeout = .milliseconds(300)
    }) { (client, nodes) async throws in
      // One of these finds out.
      for _ in 0..<4 { _ = try await client.texts(Known.select) }
      let before = nodes[0].observed.count(.execute)
      for _ in 0..<50 { _ = try await client.texts(Known.select) }
      #expect(nodes[0].observed.count(.execute) == before)
    }
  }

  @Test func pagesThatWereAskedForAheadGoOn() async throws {
    try await withHungNode(configure: { $0.defaults.attemptTimeout = .milliseconds(30) }) {
      (client, nodes) async throws in
      nodes[0].removeRules()
      while nodes.contains(where: { $0.observed.count(.execute, text: Known.paged) == 0 }) {
        for try await _ in try await client.query(Statement(unsafeCQL: Known.paged)) {}
      }
      for node in nodes { node.when(.init(.execute, text: Known.paged, skipping: 1, times: 1), .nothing) }
      for _ in 0..<2 {
        var texts: [String] = []
        for try await (text, _) in try await client.query(Statement(unsafeCQL: Known.paged)).decode((String, Int).self)
        {
          texts.append(text)
        }
        #expect(texts.count == 8)
      }
    }
  }

  @Test func oneConnectionIsWarnedOfOnce() async throws {
    let sink = RecordingSink()
    try await withScriptedNode(
      logger: CassandraLogger(label: "test", sink: sink), configure: { $0.limits.orphanedRequests = 2 }
    ) { (client, node) async throws in
      _ = try await client.texts(Known.select)
      node.when(.init(.execute, connection: 1), .nothing)
      let patient = Task { try await client.texts(Known.select, options: QueryOptions(timeout: .seconds(3600))) }
      await node.wait(for: 2, .execute)
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<8 {
          group.addTask { _ = try? await client.texts(Known.select, options: QueryOptions(timeout: .milliseconds(30))) }
        }
      }
      await node.wait { $0.connections == 2 }
      // It is a later look at the requests under way that finds this one cancelled.
      patient.cancel()
      _ = try? await patient.value
      #expect(
        sink.messages.count { $0 == "a connection is replaced because too many of its answers never came" } == 1)
    }
  }
}
