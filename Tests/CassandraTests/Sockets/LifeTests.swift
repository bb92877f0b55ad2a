import CassandraWire
import Cassandra
import CassandraTesting
import CassandraReactor
import CassandraTelemetry
import Testing

@Suite(.timeLimit(.minutes(5))) struct LifeTests {
  private func withIdleClient(
    limits: ClientLimits = ClientLimits(), _ body: (CassandraClient, ScriptedNode) async throws -> Void
  ) async throws {
    let loops = try EventLoops(count: 1)
    let node = try await ScriptedNode(on: loops[0], at: try addressOfItsOwn())
    Known.define(on: node)
    var configuration = ClientConfiguration(try .nodes([node.contactPoint], localDatacenter: "scripted"))
    configuration.limits = limits
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(try CassandraClient(configuration, loops: loops), node))
    } catch { result = .failure(error) }
    await node.close()
    while await loops.openHandles > 0 { await Task.yield() }
    await loops.shutDown()
    try result.get()
  }

  @Test func withoutRunACallEndsByItsTimeAndSaysWhy() async throws {
    try await withIdleClient { (client, node) async throws in
      let error = try await failure { try await client.insert(QueryOptions(timeout: .milliseconds(20))) }
      #expect(error.code == .notRunning)
      #expect(error.isRetrySafe)
      #expect(error.description.contains("run()"))
      #expect(node.observed.connections == 0)
    }
  }

  @Test func aCallBeforeRunWaitsForIt() async throws {
    try await withIdleClient { (client, _) async throws in
      async let early = client.texts(Known.select)
      let running = Task { try await client.run() }
      #expect(try await early == ["one"])
      running.cancel()
      try await running.value
    }
  }

  @Test func thoseWhoWaitForAConnectionAreBounded() async throws {
    var limits = ClientLimits()
    limits.requestsWaiting = 2
    try await withIdleClient(limits: limits) { (client, _) async throws in
      let codes = await withTaskGroup(of: String.self) { group in
        for index in 0..<5 {
          group.addTask {
            let options = QueryOptions(timeout: .milliseconds(300))
            let error = try? await failure {
              try await client.query(Statement(unsafeCQL: "SELECT " + "\(index)"), options: options)
            }
            return error?.code.description ?? ""
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(codes.sorted() == ["notRunning", "notRunning", "queueFull", "queueFull", "queueFull"])
    }
  }

  @Test func cancellingAWaitForAConnection() async throws {
    try await withIdleClient { (client, _) async throws in
      let task = Task { try await client.insert() }
      task.cancel()
      #expect(try await failure { try await task.value }.code == .cancelled)
    }
  }

  @Test func runIsCalledOnce() async throws {
    try await withIdleClient { (client, _) async throws in
      let running = Task { try await client.run() }
      await client.untilConnected()
      let error = try await failure { try await client.run() }
      #expect(error.code == .configuration)
      running.cancel()
      try await running.value
    }
  }

  @Test func afterTheEndCallsFailAtOnce() async throws {
    try await withIdleClient { (client, node) async throws in
      let running = Task { try await client.run() }
      _ = try await client.texts(Known.select)
      let rows = try await client.query(Statement(unsafeCQL: Known.paged))
      running.cancel()
      try await running.value
      for _ in 0..<3 {
        let error = try await failure { try await client.insert() }
        #expect(error.code == .closed)
        #expect(error.isRetrySafe)
      }
      // What was there stays; what would have to be asked for fails.
      #expect(try await failure { for try await _ in rows {} }.code == .closed)
      #expect(await !client.isConnected)
      await node.wait { $0.endedConnections == 1 }
    }
  }

  @Test func whatIsUnderWayMayFinish() async throws {
    try await withIdleClient { (client, node) async throws in
      let gate = Gate()
      node.when(.init(.execute), .after(gate, .ordinary))
      let running = Task { try await client.run() }
      async let underWay = client.texts(Known.select)
      await node.wait(for: 1, .execute)
      running.cancel()
      // New ones are refused from now on.
      while try await failure({ try await client.insert(QueryOptions(timeout: .zero)) }).code != .closed {}
      gate.open()
      #expect(try await underWay == ["one"])
      try await running.value
    }
  }

  @Test func whatDoesNotFinishInTimeIsEnded() async throws {
    var limits = ClientLimits()
    limits.drainTimeout = .milliseconds(20)
    try await withIdleClient(limits: limits) { (client, node) async throws in
      node.when(.init(.execute), .nothing)
      let running = Task { try await client.run() }
      async let underWay = failure { _ = try await client.texts(Known.select) }
      await node.wait(for: 1, .execute)
      running.cancel()
      #expect(try await underWay.code == .closed)
      try await running.value
    }
  }

  @Test func aClientThatNeverConnectedEndsToo() async throws {
    try await withIdleClient { (client, node) async throws in
      await node.refuse()
      let running = Task { try await client.run() }
      let error = try await failure { try await client.insert() }
      #expect(error.code == .noNodeAvailable)
      running.cancel()
      try await running.value
      #expect(try await failure { try await client.insert() }.code == .closed)
    }
  }

  @Test func theQueueIsBounded() async throws {
    try await withScriptedNode(configure: {
      $0.limits.requestsInFlight = 2
      $0.limits.requestsWaiting = 3
    }) { (client, node) async throws in
      try await client.insert()
      let gate = Gate()
      node.when(.init(.execute), .after(gate, .ordinary))
      let ends = await withTaskGroup(of: String.self) { group in
        for _ in 0..<8 {
          group.addTask {
            do {
              try await client.insert()
              return "done"
            } catch let error as CassandraError {
              gate.open()
              return "\(error.code) \(error.isRetrySafe)"
            } catch { return "another error" }
          }
        }
        return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
      }
      #expect(ends["queueFull true"] ?? 0 >= 1)
      #expect((ends["queueFull true"] ?? 0) + (ends["done"] ?? 0) == 8)
      #expect(ends["done"] ?? 0 >= 5)
    }
  }

  @Test func thoseWhoWaitForAPlaceGetItInTheirOrder() async throws {
    try await withScriptedNode(configure: { $0.limits.requestsInFlight = 1 }) { (client, node) async throws in
      try await client.insert()
      let gate = Gate()
      node.when(.init(.execute, times: 1), .after(gate, .ordinary))
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<50 { group.addTask { try await client.insert() } }
        await node.wait(for: 2, .execute)
        gate.open()
        try await group.waitForAll()
      }
      #expect(node.observed.count(.execute) == 51)
    }
  }

  @Test func aWaitForAPlaceEndsByTimeAndByCancellation() async throws {
    try await withScriptedNode(configure: { $0.limits.requestsInFlight = 1 }) { (client, node) async throws in
      try await client.insert()
      let gate = Gate()
      node.when(.init(.execute, times: 1), .after(gate, .ordinary))
      async let first: Void = client.insert()
      await node.wait(for: 2, .execute)
      let late = try await failure { try await client.insert(QueryOptions(timeout: .milliseconds(20))) }
      #expect(late.code == .timedOut)
      #expect(late.isRetrySafe)
      let task = Task { try await client.insert() }
      task.cancel()
      #expect(try await failure { try await task.value }.code == .cancelled)
      gate.open()
      try await first
      try await client.insert()
      #expect(node.observed.count(.execute) == 3)
    }
  }

  @Test @MainActor func callsFromOutsideOfTheLoops() async throws {
    actor Reader {
      func read(_ client: CassandraClient) async throws -> [String] { try await client.texts(Known.paged) }
    }
    try await withScriptedNode(loops: 2) { (client, _) async throws in
      #expect(try await client.texts(Known.select) == ["one"])
      MainActor.assertIsolated()
      #expect(try await Task.detached { try await client.texts(Known.select) }.value == ["one"])
      #expect(try await Reader().read(client).count == 8)
      let rows = try await client.query(Statement(unsafeCQL: Known.paged))
      #expect(try await Task.detached { try await rows.collect(String.self).count }.value == 8)
    }
  }

  /// By default a node on this machine has one connection for two loops.
  @Test(arguments: [nil, 1, 2]) func callsFromALoopStayOnItOrComeBack(connections: Int?) async throws {
    let loops = try EventLoops(count: 2)
    let node = try await ScriptedNode(on: loops[0])
    Known.define(on: node)
    var configuration = ClientConfiguration(try .nodes([node.contactPoint], localDatacenter: "scripted"))
    configuration.limits.connectionsPerNode = connections
    try await CassandraClient.withClient(configuration, loops: loops) { (client) async throws in
      await node.wait { $0.count(.startup) == connections ?? 1 }
      await client.untilConnected()
      _ = try await client.texts(Known.select)
      let loop = loops[1]
      let before = node.observed.count(.execute)
      let stayed = try await loop.run {
        var stayed = true
        for _ in 0..<10 {
          _ = try await client.query(Statement(unsafeCQL: Known.select))
          stayed = stayed && loop.isCurrent
        }
        return stayed
      }
      #expect(stayed)
      let used = node.observed.requests(.execute).dropFirst(before).map(\.connection)
      #expect(used.count == 10)
      #expect(Set(used).count == 1)
      #expect(node.observed.count(.startup) == connections ?? 1)
    }
    await node.close()
    while await loops.openHandles > 0 { await Task.yield() }
    await loops.shutDown()
  }
}
