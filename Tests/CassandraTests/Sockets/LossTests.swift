import CassandraWire
import Cassandra
import CassandraTesting
import CassandraReactor
import CassandraTelemetry
import Testing

@Suite(.timeLimit(.minutes(5))) struct LossTests {
  /// Ends of requests, counted by what they are.
  private func ends(
    of client: CassandraClient, selects: Int, inserts: Int, during: () async -> Void
  ) async -> [String: Int] {
    await withTaskGroup(of: String.self) { group in
      for index in 0..<selects + inserts {
        group.addTask {
          do {
            if index < selects { _ = try await client.texts(Known.select) } else { try await client.insert() }
            return index < selects ? "select done" : "insert done"
          } catch let error as CassandraError {
            return "\(index < selects ? "select" : "insert") \(error.code)\(error.isRetrySafe ? " safe" : "")"
          } catch { return "another error" }
        }
      }
      await during()
      return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
  }

  private func prepareAll(_ client: CassandraClient) async throws {
    _ = try await client.texts(Known.select)
    try await client.insert()
  }

  @Test(arguments: bothVersions) func eachRequestFailsOrIsSentAgainOnce(_ version: ProtocolVersion) async throws {
    try await withScriptedNode(version) { (client, node) async throws in
      try await prepareAll(client)
      node.when(.init(.execute, connection: 1), .nothing)
      let ends = await ends(of: client, selects: 40, inserts: 60) {
        await node.wait(for: 102, .execute)
        await node.cutConnections()
      }
      // A SELECT does no harm twice; an INSERT may have been done, so it is not.
      #expect(ends == ["select done": 40, "insert connectionLost": 60])
      #expect(node.observed.count(.execute, text: Known.select) == 81)
      #expect(node.observed.count(.execute, text: Known.insert) == 61)
    }
  }

  @Test func whatTheCallerCallsIdempotentIsSentAgainWithItsTimestamp() async throws {
    try await withScriptedNode { (client, node) async throws in
      try await client.insert()
      node.when(.init(.execute, connection: 1), .reset)
      try await client.insert(QueryOptions(isIdempotent: true))
      let timestamps = node.observed.requests(.execute).map { $0.parameters?.defaultTimestamp }
      #expect(timestamps.count == 3)
      #expect(timestamps[1] != nil)
      #expect(timestamps[1] == timestamps[2])
      node.when(.init(.execute, connection: 2), .reset)
      let select = try await failure {
        _ = try await client.query(Statement(unsafeCQL: Known.select), options: QueryOptions(isIdempotent: false))
      }
      #expect(select.code == .connectionLost)
    }
  }

  @Test func twiceIsEnough() async throws {
    try await withScriptedNode { (client, node) async throws in
      _ = try await client.texts(Known.select)
      node.when(.init(.execute), .reset)
      let error = try await failure { _ = try await client.texts(Known.select) }
      #expect(error.code == .connectionLost)
      #expect(node.observed.count(.execute) == 3)
    }
  }

  @Test func aLoopThatReachesTheNodeTellsTheOthers() async throws {
    let hour = Duration.seconds(3600)
    try await withScriptedNodes(
      1, loops: 2, configure: { $0.reconnection = ReconnectionPolicy(first: hour, longest: hour) }
    ) { (client, nodes) async throws in
      // Not before both are ready: one that is cut while it connects would wait for an hour from then on.
      await client.untilConnected(to: 1, loops: 2)
      #expect(nodes[0].observed.connections == 2)
      // Both connect again at once; the first to arrive is turned away and would now wait for an hour.
      nodes[0].when(.init(.startup, times: 1), .reset)
      await nodes[0].cutConnections()
      await nodes[0].wait { $0.connections == 5 }
    }
  }

  @Test func anotherNodeTakesOver() async throws {
    try await withScriptedNodes(2, at: try addressOfItsOwn()) { (client, nodes) async throws in
      for _ in 0..<4 { try await prepareAll(client) }
      for node in nodes { node.when(.init(.execute, connection: 1), .nothing) }
      let before = nodes.map { $0.observed.count(.execute) }
      nodes[1].removeRules()
      let ends = await ends(of: client, selects: 50, inserts: 0) {
        await nodes[0].wait(for: before[0] + 1, .execute)
        await nodes[0].refuse()
        await nodes[0].cutConnections()
      }
      #expect(ends == ["select done": 50])
    }
  }

  @Test func whatWasNotSentYetIsSentElsewhere() async throws {
    try await withScriptedNode(configure: { $0.limits.requestsInFlight = 1 }) { (client, node) async throws in
      try await prepareAll(client)
      node.when(.init(.execute, connection: 1), .nothing)
      let ends = await ends(of: client, selects: 0, inserts: 5) {
        await node.wait(for: 3, .execute)
        await node.cutConnections()
      }
      // One was under way and may have been done; the others waited for their place.
      #expect(ends == ["insert connectionLost": 1, "insert done": 4])
    }
  }

  @Test func aPreparationIsSentAgain() async throws {
    try await withScriptedNode { (client, node) async throws in
      await client.untilConnected()
      node.when(.init(.prepare, connection: 1), .reset)
      try await client.insert()
      #expect(node.observed.count(.prepare) == 2)
      #expect(node.observed.count(.execute) == 1)
    }
  }

  @Test func whenTheNodeIsGoneTheErrorSaysWhatBecameOfTheRequest() async throws {
    try await withScriptedNode(at: try addressOfItsOwn()) { (client, node) async throws in
      try await prepareAll(client)
      node.when(.init(.execute), .nothing)
      let ends = await ends(of: client, selects: 3, inserts: 3) {
        await node.wait(for: 8, .execute)
        await node.refuse()
        await node.cutConnections()
      }
      #expect(ends == ["select connectionLost": 3, "insert connectionLost": 3])
      let error = try await failure { try await client.insert() }
      #expect(error.code == .noNodeAvailable)
      #expect(error.isRetrySafe)
      #expect(error.description.contains("nothing is listening there"))
      #expect(!error.description.contains("127."))
      #expect(error.debugDescription.contains(node.contactPoint))
      #expect(await !client.isConnected)
      // It comes back by itself.
      node.removeRules()
      try await node.listen()
      await client.untilConnected()
      try await client.insert()
    }
  }

  @Test func namesAreResolvedAnewForEachConnection() async throws {
    let (asked, place) = (Locked<[String]>([]), Locked(0))
    let loops = try EventLoops(count: 1)
    let nodes = [try await ScriptedNode(on: loops[0]), try await ScriptedNode(on: loops[0])]
    for node in nodes { Known.define(on: node) }
    var configuration = ClientConfiguration(try .nodes(["database.test"], localDatacenter: "scripted"))
    configuration.reconnection = ReconnectionPolicy(first: .milliseconds(1))
    configuration.resolver = { host, port, _ in
      asked.withLock { $0.append("\(host):\(port)") }
      return [nodes[place.withLock { $0 }].address]
    }
    try await CassandraClient.withClient(configuration, loops: loops) { (client) async throws in
      #expect(try await client.texts(Known.select) == ["one"])
      place.withLock { $0 = 1 }
      await nodes[0].cutConnections()
      await nodes[1].wait { $0.connections == 1 }
      #expect(try await client.texts(Known.select) == ["one"])
    }
    #expect(asked.withLock { $0 } == ["database.test:9042", "database.test:9042"])
    for node in nodes { await node.close() }
    while await loops.openHandles > 0 { await Task.yield() }
    await loops.shutDown()
  }

  @Test func silenceIsBrokenByHeartbeats() async throws {
    try await withScriptedNode(configure: { $0.limits.heartbeatInterval = .milliseconds(10) }) {
      (client, node) async throws in
      await client.untilConnected()
      await node.wait(for: 4, .options)
      #expect(node.observed.connections == 1)
    }
  }

  @Test func aNodeThatDoesNotAnswerTheHeartbeatLosesItsConnection() async throws {
    try await withScriptedNode(configure: {
      $0.limits.heartbeatInterval = .milliseconds(20)
      // Long enough for the connection that replaces it, also where everything is slow.
      $0.limits.heartbeatTimeout = .seconds(1)
    }) { (client, node) async throws in
      try await client.insert()
      node.when(.init(.options, connection: 1), .nothing)
      node.when(.init(.execute, connection: 1), .nothing)
      // The request under way is not late, its connection is gone: so the SELECT is sent again.
      #expect(try await client.texts(Known.select) == ["one"])
      #expect(node.observed.connections == 2)
    }
  }
}
