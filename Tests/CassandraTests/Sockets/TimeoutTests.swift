import CassandraWire
import Cassandra
import CassandraTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct TimeoutTests {
  static let brief = QueryOptions(timeout: .milliseconds(30))

  /// Connects and prepares, so that a short time is not spent on that.
  private func warmUp(_ client: CassandraClient) async throws {
    #expect(try await client.texts(Known.select) == ["one"])
    #expect(try await client.texts(Known.other) == ["other"])
  }

  @Test(arguments: bothVersions) func aLateAnswerIsDropped(_ version: ProtocolVersion) async throws {
    try await withScriptedNode(version) { (client, node) async throws in
      try await warmUp(client)
      let gate = Gate()
      node.when(.init(.execute, text: Known.select, times: 1), .after(gate, .ordinary))
      let error = try await failure { _ = try await client.texts(Known.select, options: Self.brief) }
      #expect(error.code == .timedOut)
      #expect(!error.isRetrySafe)
      #expect(error.coordinator?.description == node.contactPoint)
      // The id stays reserved: what is asked now goes on another one, and gets its own answer.
      #expect(try await client.texts(Known.other) == ["other"])
      let late = try #require(node.observed.requests(.execute, text: Known.select).last).stream
      #expect(try #require(node.observed.requests(.execute, text: Known.other).last).stream != late)
      gate.open()
      // Behind the late answer on the same connection, so that has come.
      #expect(try await client.texts(Known.other) == ["other"])
      #expect(try await client.texts(Known.select) == ["one"])
      #expect(node.observed.connections == 1)
    }
  }

  @Test func tooManyUnansweredRequestsReplaceTheConnection() async throws {
    try await withScriptedNode(configure: { $0.limits.orphanedRequests = 2 }) { (client, node) async throws in
      try await warmUp(client)
      let gate = Gate()
      node.when(.init(.execute, text: Known.select, connection: 1), .nothing)
      node.when(.init(.execute, text: Known.other, connection: 1), .after(gate, .ordinary))
      // It waits for as long as the others take to be given up, on a busy machine too.
      async let underWay = client.texts(Known.other, options: QueryOptions(timeout: .seconds(300)))
      await node.wait(for: 2, .execute, text: Known.other)
      for _ in 0..<3 {
        #expect(try await failure { _ = try await client.texts(Known.select, options: Self.brief) }.code == .timedOut)
      }
      await node.wait { $0.connections == 2 }
      // The new connection serves; what is still under way on the old one has its answer, and then that one ends.
      #expect(try await client.texts(Known.select) == ["one"])
      #expect(node.observed.endedConnections == 0)
      gate.open()
      #expect(try await underWay == ["other"])
      await node.wait { $0.endedConnections == 1 }
    }
  }

  @Test func aConnectionThatIsReplacedEndsWhenItsLastRequestIsGivenUp() async throws {
    try await withScriptedNode(configure: { $0.limits.orphanedRequests = 0 }) { (client, node) async throws in
      try await warmUp(client)
      node.when(.init(.execute, connection: 1), .nothing)
      let longer = Task {
        try await failure {
          _ = try await client.texts(Known.other, options: QueryOptions(timeout: .seconds(300)))
        }
      }
      await node.wait(for: 3, .execute)
      #expect(try await failure { _ = try await client.texts(Known.select, options: Self.brief) }.code == .timedOut)
      #expect(node.observed.endedConnections == 0)
      longer.cancel()
      #expect(try await longer.value.code == .cancelled)
      await node.wait { $0.endedConnections == 1 }
      #expect(try await client.texts(Known.select) == ["one"])
    }
  }

  @Test func aPreparationIsPartOfTheTime() async throws {
    try await withScriptedNode { (client, node) async throws in
      await client.untilConnected()
      node.when(.init(.prepare, times: 1), .nothing)
      let error = try await failure { _ = try await client.texts(Known.select, options: Self.brief) }
      #expect(error.code == .timedOut)
      // Nothing was carried out.
      #expect(error.isRetrySafe)
      #expect(try await client.texts(Known.select) == ["one"])
    }
  }

  @Test func aWaitForSomebodyElsesPreparationEndsByItsOwnTime() async throws {
    try await withScriptedNode { (client, node) async throws in
      let gate = Gate()
      node.when(.init(.prepare, times: 1), .after(gate, .ordinary))
      async let first = client.texts(Known.select)
      await node.wait(for: 1, .prepare)
      let error = try await failure { _ = try await client.texts(Known.select, options: Self.brief) }
      #expect(error.code == .timedOut)
      #expect(node.observed.count(.prepare) == 1)
      gate.open()
      #expect(try await first == ["one"])
    }
  }

  @Test func cancellationIsToldFromATimeout() async throws {
    try await withScriptedNode { (client, node) async throws in
      let gate = Gate()
      node.when(.init(.execute, text: Known.select, times: 1), .after(gate, .ordinary))
      let task = Task { try await client.texts(Known.select) }
      await node.wait(for: 1, .execute)
      task.cancel()
      let error = try await failure { _ = try await task.value }
      #expect(error.code == .cancelled)
      #expect(!error.isRetrySafe)
      gate.open()
      #expect(try await client.texts(Known.other) == ["other"])
      #expect(try await client.texts(Known.select) == ["one"])
      #expect(node.observed.connections == 1)
    }
  }

  @Test func whatIsCancelledBeforehandIsNotSent() async throws {
    try await withScriptedNode { (client, node) async throws in
      _ = try await client.texts(Known.select)
      let task = Task {
        while !Task.isCancelled { await Task.yield() }
        return try await client.texts(Known.select)
      }
      task.cancel()
      #expect(try await failure { _ = try await task.value }.code == .cancelled)
      #expect(node.observed.count(.execute) == 1)
    }
  }

  @Test func aCancelledPreparerLeavesItToTheNext() async throws {
    try await withScriptedNode { (client, node) async throws in
      node.when(.init(.prepare, times: 1), .nothing)
      let first = Task { try await client.texts(Known.select) }
      await node.wait(for: 1, .prepare)
      async let second = client.texts(Known.select)
      first.cancel()
      #expect(try await failure { _ = try await first.value }.code == .cancelled)
      #expect(try await second == ["one"])
      #expect(node.observed.count(.prepare) == 2)
    }
  }

  @Test func aReaderThatIsCancelledBetweenPages() async throws {
    try await withScriptedNode { (client, node) async throws in
      node.when(.init(.execute, text: Known.paged, skipping: 1), .nothing)
      let task = Task { try await client.texts(Known.paged) }
      await node.wait(for: 2, .execute)
      task.cancel()
      #expect(try await failure { _ = try await task.value }.code == .cancelled)
      #expect(try await client.texts(Known.other) == ["other"])
    }
  }
}
