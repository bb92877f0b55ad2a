import CassandraBytes
import CassandraReactor
import CassandraTelemetry
import CassandraTesting
import CassandraWire
import Testing

@testable import Cassandra

@Suite(.timeLimit(.minutes(5))) struct ClusterTests {
  /// Runs `body` with scripted nodes that are a cluster, and a client that is told of the first one only.
  private func withCluster(
    _ count: Int = 3, loops: Int = 1, logger: CassandraLogger = .silent, local: String? = "scripted",
    datacenter: @escaping (Int) -> String = { _ in "scripted" },
    configure: (inout ClientConfiguration) -> Void = { _ in },
    _ body: (CassandraClient, [ScriptedNode]) async throws -> Void
  ) async throws {
    let nodeLoops = try EventLoops(count: 1)
    let address = try addressOfItsOwn()
    var nodes: [ScriptedNode] = []
    for _ in 0..<count {
      let node = try await ScriptedNode(on: nodeLoops[0], at: address)
      Known.define(on: node)
      nodes.append(node)
    }
    ScriptedNode.join(nodes, datacenter: datacenter)
    let clientLoops = try EventLoops(count: loops)
    var configuration = ClientConfiguration(try .nodes([nodes[0].contactPoint], localDatacenter: local))
    configuration.reconnection = ReconnectionPolicy(first: .milliseconds(1), longest: .milliseconds(20))
    configuration.limits.drainTimeout = .milliseconds(50)
    configuration.limits.eventQuietTime = .milliseconds(1)
    // By default nodes on this machine get fewer.
    configuration.limits.connectionsPerNode = loops
    configure(&configuration)
    let result: Result<Void, any Error>
    do {
      let theNodes = nodes
      result = .success(
        try await CassandraClient.withClient(configuration, loops: clientLoops, logger: logger) {
          try await body($0, theNodes)
        })
    } catch { result = .failure(error) }
    for node in nodes { await node.close() }
    while await clientLoops.openHandles + nodeLoops.openHandles > 0 { await Task.yield() }
    await clientLoops.shutDown()
    await nodeLoops.shutDown()
    try result.get()
  }

  private func nodeAddress(_ node: ScriptedNode) -> NodeAddress {
    let bytes = node.address.bytes
    return NodeAddress(address: CQLInet(bytes.span) ?? .v4(0), port: node.address.port)
  }

  private func untilUp(_ count: Int, _ client: CassandraClient) async {
    while await client.topology.nodes.count(where: { $0.state == .up }) != count { await Task.yield() }
  }

  @Test(arguments: [1, 2]) func allNodesAreFoundThroughOne(_ loops: Int) async throws {
    try await withCluster(loops: loops) { (client, nodes) async throws in
      await untilUp(3, client)
      for _ in 0..<9 { _ = try await client.texts(Known.select) }
      for node in nodes { #expect(node.observed.count(.execute) > 0) }
      let topology = await client.topology
      #expect(topology.localDatacenter == "scripted")
      #expect(topology.nodes.map(\.endPoint.description) == nodes.map(\.contactPoint))
      #expect(topology.nodes.allSatisfy { $0.rack == "rack1" && $0.release == "5.0.6" && $0.isLocal })
      #expect(topology.nodes.map(\.hostID) == (0..<3).map { ScriptedNode.Member(nodes[$0], number: $0, of: 3).hostID })
      for node in nodes { await node.wait { $0.count(.startup) == loops } }
    }
  }

  @Test func theClusterServesWhileItsContactPointIsGone() async throws {
    try await withCluster { (client, nodes) async throws in
      await untilUp(3, client)
      await nodes[0].refuse()
      await nodes[0].cutConnections()
      for _ in 0..<20 { #expect(try await client.texts(Known.select) == ["one"]) }
      // Another node tells of events from now on.
      while nodes[1].observed.count(.register) + nodes[2].observed.count(.register) == 0 { await Task.yield() }
    }
  }

  @Test func nodesComeAndGoWithEvents() async throws {
    let sink = RecordingSink()
    let logger = CassandraLogger(label: "test", level: .info, sink: sink)
    try await withCluster(logger: logger) { (client, nodes) async throws in
      await untilUp(3, client)
      let members = (0..<3).map { ScriptedNode.Member(nodes[$0], number: $0, of: 3) }
      let address = nodeAddress(nodes[2])
      for index in 0..<2 { nodes[index].setCluster(local: members[index], peers: [members[1 - index]]) }
      for node in nodes[..<2] { await node.tell(.topologyChange(.removedNode, address)) }
      await nodes[2].wait { $0.endedConnections == 1 }
      #expect(await client.topology.nodes.count == 2)
      #expect(sink.messages.contains("a node has left the cluster"))
      ScriptedNode.join(nodes)
      for node in nodes[..<2] { await node.tell(.topologyChange(.newNode, address)) }
      await untilUp(3, client)
      #expect(nodes[2].observed.connections == 2)
      #expect(sink.messages.contains("a node has joined the cluster"))
      // The others kept their connections.
      #expect(nodes[0].observed.connections == 1 && nodes[1].observed.connections == 1)
    }
  }

  @Test func aNodeThatIsUpIsTriedAtOnce() async throws {
    let hour = Duration.seconds(3600)
    try await withCluster(configure: { $0.reconnection = ReconnectionPolicy(first: hour, longest: hour) }) {
      (client, nodes) async throws in
      await untilUp(3, client)
      await nodes[2].refuse()
      await nodes[2].cutConnections()
      while await client.topology.nodes[2].state != .down { await Task.yield() }
      try await nodes[2].listen()
      let address = nodeAddress(nodes[2])
      for node in nodes[..<2] { await node.tell(.statusChange(.up, address)) }
      await untilUp(3, client)
    }
  }

  @Test func onlyTheLocalDatacenterIsUsed() async throws {
    try await withCluster(4, local: "near", datacenter: { $0 < 2 ? "near" : "far" }) { (client, nodes) async throws in
      await untilUp(2, client)
      for _ in 0..<20 { _ = try await client.texts(Known.select) }
      for node in nodes[2...] { #expect(node.observed.connections == 0) }
      #expect(await client.topology.nodes.map(\.state) == [.up, .up, .ignored, .ignored])
    }
  }

  @Test func aRemoteContactPointIsTheWayInAndNothingMore() async throws {
    try await withCluster(3, local: "near", datacenter: { $0 == 0 ? "far" : "near" }) { (client, nodes) async throws in
      for _ in 0..<20 { #expect(try await client.texts(Known.select) == ["one"]) }
      #expect(nodes[0].observed.count(.execute) == 0)
      await nodes[0].wait { $0.endedConnections == 1 }
    }
  }

  @Test func remoteNodesServeWhereThatIsAllowed() async throws {
    try await withCluster(
      4, local: "near", datacenter: { $0 < 1 ? "near" : "far" },
      configure: { $0.routing.remoteNodesPerDatacenter = 2 }
    ) { (client, nodes) async throws in
      await untilUp(3, client)
      for _ in 0..<10 { _ = try await client.texts(Known.select) }
      #expect(nodes[0].observed.count(.execute) == 10)
      await nodes[0].refuse()
      await nodes[0].cutConnections()
      while (try? await client.texts(Known.other)) != ["other"] { await Task.yield() }
      #expect(nodes[1].observed.count(.execute) + nodes[2].observed.count(.execute) > 0)
      #expect(nodes[3].observed.connections == 0)
    }
  }

  @Test func theLocalDatacenterIsThatOfTheContactPoint() async throws {
    try await withCluster(2, local: nil, datacenter: { $0 == 0 ? "near" : "far" }) { (client, nodes) async throws in
      for _ in 0..<4 { _ = try await client.texts(Known.select) }
      #expect(await client.topology.localDatacenter == "near")
      #expect(nodes[1].observed.connections == 0)
    }
  }

  @Test func aDatacenterThatIsNotThereIsRefused() async throws {
    try await withCluster(2, loops: 2, local: "wrong", datacenter: { $0 == 0 ? "near" : "far" }) {
      (client, _) async throws in
      let error = try await failure { _ = try await client.texts(Known.select) }
      #expect(error.code == .configuration)
      #expect(error.debugDescription.contains("'far', 'near'"))
      #expect(!error.description.contains("near"))
    }
  }

  @Test func addressesAreTranslated() async throws {
    let ports = Locked<[Int]>([])
    try await withCluster(
      3,
      configure: { configuration in
        configuration.addressTranslation = { node in
          ports.withLock { $0.append(node.port) }
          // The tables are right but for the host here.
          return EndPoint(host: "127.0.0.1", port: node.port)
        }
      }
    ) { (client, nodes) async throws in
      while ports.withLock({ $0.count }) < 2 { await Task.yield() }
      #expect(ports.withLock { Set($0) } == Set(nodes[1...].map { Int($0.address.port) }))
    }
  }

  @Test func whenAllAddressesHaveChangedTheNamesAreLookedUpAgain() async throws {
    let place = Locked(0)
    let loops = try EventLoops(count: 1)
    var made: [ScriptedNode] = []
    for _ in 0..<3 { made.append(try await ScriptedNode(on: loops[0])) }
    let nodes = made
    for node in nodes { Known.define(on: node) }
    ScriptedNode.join(Array(nodes[..<2]))
    var configuration = ClientConfiguration(try .nodes(["cluster.test"]))
    configuration.reconnection = ReconnectionPolicy(first: .milliseconds(1), longest: .milliseconds(20))
    configuration.resolver = { host, port, loop in
      guard host == "cluster.test" else { return try await loop.resolve(host, port: port) }
      return place.withLock { $0 } == 0 ? [nodes[0].address, nodes[1].address] : [nodes[2].address]
    }
    try await CassandraClient.withClient(configuration, loops: loops) { (client) async throws in
      #expect(try await client.texts(Known.select) == ["one"])
      place.withLock { $0 = 1 }
      for node in nodes[..<2] {
        await node.refuse()
        await node.cutConnections()
      }
      while (try? await client.texts(Known.other)) != ["other"] { await Task.yield() }
      #expect(nodes[2].observed.count(.execute, text: Known.other) > 0)
    }
    for node in nodes { await node.close() }
    while await loops.openHandles > 0 { await Task.yield() }
    await loops.shutDown()
  }

  @Test func requestsGoToTheReplica() async throws {
    try await withCluster { (client, nodes) async throws in
      await untilUp(3, client)
      let text = "SELECT a, n FROM t WHERE k = ?"
      for node in nodes { node.define(.init(text, parameters: [("k", .int)], keys: [0], columns: Known.columns)) }
      let tokens = (0..<3).map { ScriptedNode.Member(nodes[$0], number: $0, of: 3).tokens[0] }
      var expected = [0, 0, 0]
      // The second time every node has the statement.
      var before = [0, 0, 0]
      for pass in 0..<2 {
        before = nodes.map { $0.observed.count(.execute, text: text) }
        for key in Int32(0)..<60 {
          var bytes: [UInt8] = []
          bytes.append(bigEndian: key)
          let token = Murmur3.token(bytes.span)
          if pass == 0 { expected[tokens.firstIndex { $0 >= token } ?? 0] += 1 }
          _ = try await client.query("SELECT a, n FROM t WHERE k = \(key)")
        }
      }
      #expect(expected.allSatisfy { $0 > 0 })
      #expect(zip(nodes, before).map { $0.observed.count(.execute, text: text) - $1 } == expected)
    }
  }

  @Test func batchesGoToTheReplicaOfTheirFirstStatementWithAKey() async throws {
    try await withCluster { (client, nodes) async throws in
      await untilUp(3, client)
      let keyed = "INSERT INTO t (k) VALUES (?)"
      for node in nodes { node.define(.init(keyed, parameters: [("k", .int)], keys: [0])) }
      let tokens = (0..<3).map { ScriptedNode.Member(nodes[$0], number: $0, of: 3).tokens[0] }
      var expected = [0, 0, 0]
      var before = [0, 0, 0]
      for pass in 0..<2 {
        before = nodes.map { $0.observed.count(.batch) }
        for key in Int32(0)..<60 {
          var bytes: [UInt8] = []
          bytes.append(bigEndian: key)
          let token = Murmur3.token(bytes.span)
          if pass == 0 { expected[tokens.firstIndex { $0 >= token } ?? 0] += 1 }
          try await client.batch {
            // It has no key by which it could go anywhere.
            $0.add("INSERT INTO t (a, n) VALUES (\("x"), \(1))")
            $0.add("INSERT INTO t (k) VALUES (\(key))")
            $0.add("INSERT INTO t (k) VALUES (\(0))")
          }
        }
      }
      #expect(expected.allSatisfy { $0 > 0 })
      // A node that does not know a statement yet sees a batch twice; in the second pass all know all.
      #expect(zip(nodes, before).map { $0.observed.count(.batch) - $1 } == expected)
    }
  }

  @Test(arguments: [ErrorResponse.Code.isBootstrapping, .overloaded, .serverError])
  func anotherAttemptWaitsForANodeThatIsBeingConnected(_ code: ErrorResponse.Code) async throws {
    let (gate, hour) = (Gate(), Duration.seconds(3600))
    let nodeLoops = try EventLoops(count: 1)
    let clientLoops = try EventLoops(count: 1)
    let address = try addressOfItsOwn()
    let nodes = [
      try await ScriptedNode(on: nodeLoops[0], at: address), try await ScriptedNode(on: nodeLoops[0], at: address),
    ]
    for node in nodes { Known.define(on: node) }
    ScriptedNode.join(nodes)
    nodes[0].when(.init(.execute), .error(code))
    nodes[1].when(.init(.startup), .after(gate, .ordinary))
    var configuration = ClientConfiguration(try .nodes([nodes[0].contactPoint]))
    configuration.limits.waitForAnotherNode = hour
    configuration.limits.connectTimeout = hour
    try await CassandraClient.withClient(configuration, loops: clientLoops) { (client) async throws in
      async let texts = client.texts(Known.select)
      await nodes[0].wait(for: 1, .execute)
      await nodes[1].wait(for: 1, .startup)
      gate.open()
      #expect(try await texts == ["one"])
      #expect(nodes[0].observed.count(.execute) == 1)
    }
    // A node that never comes is not waited for beyond that.
    nodes[1].when(.init(.startup), .nothing)
    configuration.limits.waitForAnotherNode = .milliseconds(1)
    try await CassandraClient.withClient(configuration, loops: clientLoops) { (client) async throws in
      let error = try await failure { _ = try await client.texts(Known.select) }
      #expect(error.server?.code == code)
      #expect(nodes[0].observed.count(.execute) == 3)
    }
    for node in nodes { await node.close() }
    while await clientLoops.openHandles + nodeLoops.openHandles > 0 { await Task.yield() }
    await clientLoops.shutDown()
    await nodeLoops.shutDown()
  }

  @Test func aRequestWhoseTimeRanOutWhileItWaitedForAConnectionHasTimedOut() async throws {
    let loops = try EventLoops(count: 1)
    var configuration = ClientConfiguration(try .nodes(["cluster.test"]))
    let (questions, asked) = AsyncStream.makeStream(of: Void.self)
    configuration.resolver = { _, _, _ in
      asked.yield()
      try await Task.sleep(for: .seconds(3600))
      return []
    }
    try await CassandraClient.withClient(configuration, loops: loops) { (client) async throws in
      // Before it runs, the error would be another one.
      for await _ in questions { break }
      let error = try await failure {
        _ = try await client.texts(Known.select, options: QueryOptions(timeout: .milliseconds(20)))
      }
      #expect(error.code == .timedOut)
      #expect(error.isRetrySafe)
      let batch = try await failure {
        try await client.batch(options: QueryOptions(timeout: .milliseconds(20))) {
          $0.add("INSERT INTO t (a, n) VALUES (\("x"), \(1))")
        }
      }
      #expect(batch.code == .timedOut)
    }
    await loops.shutDown()
  }

  @Test func changesOfTheSchemaAreAskedForOnceOnEachConnection() async throws {
    try await withCluster(loops: 2) { (client, nodes) async throws in
      await untilUp(3, client)
      func asked(_ kind: EventKind) -> [Int] {
        nodes.map { node in
          node.observed.requests(.register).count {
            if case .register(let kinds) = $0.message { kinds.contains(kind) } else { false }
          }
        }
      }
      while asked(.topologyChange).reduce(0, +) == 0 || asked(.schemaChange).reduce(0, +) < 6 { await Task.yield() }
      #expect(asked(.schemaChange) == [2, 2, 2])
      #expect(asked(.topologyChange).reduce(0, +) == 1)
      #expect(asked(.statusChange).reduce(0, +) == 1)
    }
  }

  @Test func handshakesAtOnceAreBounded() async throws {
    let gate = Gate()
    let nodeLoops = try EventLoops(count: 1)
    let clientLoops = try EventLoops(count: 1)
    let address = try addressOfItsOwn()
    var nodes: [ScriptedNode] = []
    for number in 0..<12 {
      let node = try await ScriptedNode(on: nodeLoops[0], at: address)
      Known.define(on: node)
      // They are reached, and do not come to an end.
      if number > 0 { node.when(.init(.startup), .after(gate, .ordinary)) }
      nodes.append(node)
    }
    ScriptedNode.join(nodes)
    var configuration = ClientConfiguration(try .nodes([nodes[0].contactPoint]))
    configuration.limits.connectsAtOnce = 3
    configuration.limits.connectTimeout = .seconds(3600)
    configuration.limits.drainTimeout = .milliseconds(50)
    try await CassandraClient.withClient(configuration, loops: clientLoops) { (client) async throws in
      func begun() -> Int { nodes[1...].reduce(0) { $0 + $1.observed.connections } }
      while begun() < 3 { await Task.yield() }
      // Time enough for others to begin, if they did.
      for _ in 0..<50 { _ = try await client.texts(Known.select) }
      #expect(begun() == 3)
      gate.open()
      await untilUp(12, client)
      #expect(begun() == 11)
    }
    for node in nodes { await node.close() }
    while await clientLoops.openHandles + nodeLoops.openHandles > 0 { await Task.yield() }
    await clientLoops.shutDown()
    await nodeLoops.shutDown()
  }
}
