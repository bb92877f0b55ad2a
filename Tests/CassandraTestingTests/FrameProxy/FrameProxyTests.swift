import CassandraWire
import Cassandra
import CassandraTesting
import CassandraReactor
import Testing

/// A driver and a node in the process with a proxy between them: what a fault of single frames does to requests.
@Suite(.timeLimit(.minutes(5))) struct FrameProxyTests {
  private static let schema = [
    "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
    "CREATE TABLE k.t (k int PRIMARY KEY, v text)", "INSERT INTO k.t (k, v) VALUES (1, 'one')",
  ]
  private static let select = "SELECT v FROM k.t WHERE k = 1"

  /// A node with a table, a proxy, and a client with one connection that has prepared its statement.
  private func with(
    _ version: ProtocolVersion = .v4, compression: Bool = false,
    configure: (inout ClientConfiguration) -> Void = { _ in },
    _ body: (CassandraClient, FrameProxy) async throws -> Void
  ) async throws {
    try await EmbeddedNode.withNode { node in
      try await FrameProxy.withProxy(to: node.address) { proxy in
        var configuration = ClientConfiguration(try .nodes([proxy.contactPoint], localDatacenter: "datacenter1"))
        configuration.protocolVersion = version
        configuration.compression = compression
        configuration.reconnection = ReconnectionPolicy(first: .milliseconds(1), longest: .milliseconds(20))
        configuration.limits.drainTimeout = .milliseconds(50)
        configure(&configuration)
        let loops = try EventLoops(count: 1)
        try await CassandraClient.withClient(configuration, loops: loops) { client in
          for statement in Self.schema { try await client.query(Statement(unsafeCQL: statement)) }
          #expect(try await Self.read(client) == "one")
          try await body(client, proxy)
        }
        await loops.shutDown()
      }
    }
  }

  private static func read(_ client: CassandraClient, _ options: QueryOptions? = nil) async throws -> String? {
    try await client.query(Statement(unsafeCQL: select), options: options).first(String.self)
  }

  private static func failure(_ body: () async throws -> Void) async throws -> CassandraError {
    do { try await body() } catch let error as CassandraError { return error }
    Issue.record("nothing was thrown")
    throw CancellationError()
  }

  @Test(arguments: [ProtocolVersion.v4, .v5], [false, true])
  func framesPass(_ version: ProtocolVersion, _ compression: Bool) async throws {
    try await with(version, compression: compression) { (client, proxy) async throws in
      let large = String(repeating: "Plantago major ", count: 20_000)
      try await client.query("INSERT INTO k.t (k, v) VALUES (2, \(large))")
      #expect(try await client.query("SELECT v FROM k.t WHERE k = 2").first(String.self) == large)
      let observed = proxy.frames.observed
      #expect(observed.connections == 1 && observed.failures == [])
      #expect(observed.records(.toNode, .startup).count == 1)
      #expect(observed.records.allSatisfy { $0.version == version.rawValue && $0.fate == .passed })
      // The proxy sees what is in the frames, compressed or not.
      #expect(observed.records(.toDriver, .result).contains { $0.bodyBytes > large.utf8.count })
    }
  }

  @Test(arguments: [ProtocolVersion.v4, .v5])
  func aDroppedRequestTimesOutAndLeavesItsStreamReserved(_ version: ProtocolVersion) async throws {
    try await with(version) { (client, proxy) async throws in
      let rule = proxy.frames.add(FrameMatch(.toNode, .execute, times: 1), .drop)
      let error = try await Self.failure {
        _ = try await Self.read(client, QueryOptions(timeout: .milliseconds(30)))
      }
      #expect(error.code == .timedOut)
      #expect(proxy.frames.matches(of: rule) == 1)
      #expect(try await Self.read(client) == "one")
      let streams = proxy.frames.observed.records(.toNode, .execute).suffix(2).map(\.stream)
      #expect(streams[0] != streams[1])
      #expect(proxy.frames.observed.connections == 1)
    }
  }

  @Test func anAnswerThatIsHeldIsOvertaken() async throws {
    try await with { (client, proxy) async throws in
      let gate = Gate()
      let rule = proxy.frames.add(FrameMatch(.toDriver, .result, times: 1), .hold(gate))
      async let held = Self.read(client)
      await proxy.frames.wait(for: 1, matchesOf: rule)
      #expect(try await Self.read(client) == "one")
      gate.open()
      #expect(try await held == "one")
      #expect(proxy.frames.observed.records.count { $0.fate == .delayed } == 1)
    }
  }

  @Test func aDelayedRequestIsAnsweredLater() async throws {
    try await with { (client, proxy) async throws in
      let rule = proxy.frames.add(FrameMatch(.toNode, .execute, times: 1), .delay(.milliseconds(20)))
      let start = ContinuousClock.now
      #expect(try await Self.read(client) == "one")
      // The loop's clock counts whole milliseconds.
      #expect(ContinuousClock.now - start >= .milliseconds(18))
      #expect(proxy.frames.matches(of: rule) == 1)
    }
  }

  @Test func anOverloadedNodeIsAskedAgain() async throws {
    try await with { (client, proxy) async throws in
      let busy = ResponseMessage.error(ErrorResponse(.overloaded, "as told"))
      let rule = proxy.frames.add(FrameMatch(.toNode, .execute), .forge(busy))
      let error = try await Self.failure { _ = try await Self.read(client) }
      #expect(error.code == .overloaded)
      #expect(proxy.frames.matches(of: rule) >= 1)
      #expect(proxy.frames.observed.records.last?.fate == .forged)
      proxy.frames.remove(rule)
      #expect(try await Self.read(client) == "one")
      // The node has seen none of the first: as many frames were forged as the rule has matched.
      #expect(proxy.frames.observed.records.count { $0.fate == .forged } == proxy.frames.matches(of: rule))
    }
  }

  @Test(arguments: [FrameAction.close, .cut, .truncate(5), .truncate(0)])
  func aConnectionThatEndsIsReplaced(_ action: FrameAction) async throws {
    try await with { (client, proxy) async throws in
      let rule = proxy.frames.add(FrameMatch(.toDriver, .result, times: 1), action)
      // A read may be repeated on the next connection, and then it succeeds.
      let options = QueryOptions(isIdempotent: true)
      _ = try? await Self.read(client, options)
      await proxy.frames.wait(for: 1, matchesOf: rule)
      await proxy.frames.wait { $0.connections == 2 && $0.endedConnections == 1 }
      #expect(try await Self.read(client, options) == "one")
      #expect(proxy.frames.observed.records.count { $0.fate == .ended } == 1)
    }
  }

  @Test func anAnswerThatIsNoMessageEndsTheConnection() async throws {
    try await with { (client, proxy) async throws in
      proxy.frames.add(FrameMatch(.toDriver, .result, times: 1), .forgeBytes(.result, [0, 0, 0, 99]))
      let error = try await Self.failure { _ = try await Self.read(client) }
      #expect(error.code == .protocolViolation)
      #expect(try await Self.read(client) == "one")
    }
  }

  @Test func aNodeThatCannotBeReachedEndsTheDriversConnection() async throws {
    let nobody = try await EmbeddedNode.withNode { $0.address }
    try await FrameProxy.withProxy(to: nobody) { proxy in
      await EventLoops.shared[0].run {
        // The end may come before the driver has noticed that it is connected.
        let client = try? await WireClient(to: proxy.address)
        _ = await client?.untilEnd()
      }
      await proxy.frames.wait { $0.endedConnections == 1 }
      #expect(proxy.frames.observed.failures.count == 1)
      #expect(proxy.frames.observed.failures[0].contains("connecting to the node"))
    }
  }

  @Test func whatIsNoFrameEndsTheConnection() async throws {
    try await EmbeddedNode.withNode { node in
      try await FrameProxy.withProxy(to: node.address) { proxy in
        let address = proxy.address
        try await EventLoops.shared[0].run {
          let transport = try await Transport.connect(to: address, on: EventLoops.shared[0])
          // A length below zero.
          transport.write { $0 += [4, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff] }
          try await transport.drain()
          transport.startReading()
        }
        await proxy.frames.wait { $0.endedConnections == 1 }
        #expect(proxy.frames.observed.failures.first?.contains("from the driver") == true)
      }
    }
  }

  @Test func aByteAtATimeIsTheSame() async throws {
    try await EmbeddedNode.withNode { node in
      try await FrameProxy.withProxy(to: node.address) { proxy in
        let address = proxy.address
        for version in [ProtocolVersion.v4, .v5] {
          try await EventLoops.shared[0].run {
            let client = try await WireClient(to: address, version: version)
            client.dribbles = true
            #expect(try await client.ask(.startup(["CQL_VERSION": "3.0.0"])).message == .ready)
            let answer = try await client.query("SELECT cluster_name FROM system.local")
            #expect(answer.page?.rowCount == 1)
            client.close()
          }
        }
        #expect(proxy.frames.observed.records(.toNode, .query).count == 2)
      }
    }
  }
}
