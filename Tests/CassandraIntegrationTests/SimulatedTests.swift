import CassandraWire
import Cassandra
import Testing

/// Answers that no real node gives on demand.
@Suite(
  .enabled(if: SimulatedCluster.administration != nil, "SIMULACRON_TEST is not set: no cluster is simulated"),
  .serialized, .timeLimit(.minutes(5)))
struct SimulatedTests {
  static let select = "SELECT a FROM ks.t"
  static let insert = "INSERT INTO ks.t (a) VALUES (1)"
  static let rows: [String: any Sendable] = [
    "result": "success", "rows": [["a": 1]], "column_types": ["a": "int"],
  ]

  @Test func rowsOfASimulatedCluster() async throws {
    try await SimulatedCluster.with(nodes: 3) { client, cluster in
      try await cluster.prime(Self.select, Self.rows)
      for _ in 0..<6 { #expect(try await client.query(Statement(unsafeCQL: Self.select)).collect(Int.self) == [1]) }
    }
  }

  @Test(arguments: [
    ("overloaded", CassandraError.Code.overloaded, true), ("is_bootstrapping", .isBootstrapping, true),
    ("server_error", .serverError, true), ("truncate_error", .truncateError, true),
    ("syntax_error", .syntaxError, false), ("invalid", .invalid, false), ("config_error", .configError, false),
    ("unauthorized", .unauthorized, false), ("protocol_error", .protocolError, false),
  ])
  func errors(_ name: String, _ code: CassandraError.Code, _ isTriedAgain: Bool) async throws {
    try await SimulatedCluster.with(nodes: 2) { client, cluster in
      try await cluster.prime(Self.select, ["result": name, "message": "secret"])
      let error = try await failure { try await client.query(Statement(unsafeCQL: Self.select)) }
      #expect(error.code == code)
      #expect(!error.description.contains("secret"))
      #expect(error.debugDescription.contains("secret"))
      #expect(cluster.contactPoints.contains(error.coordinator?.description ?? ""))
      #expect(try await cluster.count(Self.select) == (isTriedAgain ? 2 : 1))
    }
  }

  @Test func whatOneNodeCannotDoAnotherDoes() async throws {
    for name in ["overloaded", "is_bootstrapping"] {
      try await SimulatedCluster.with(nodes: 2) { client, cluster in
        try await cluster.prime(Self.select, Self.rows)
        try await cluster.prime(Self.select, ["result": name, "message": ""], node: 0)
        for _ in 0..<10 { #expect(try await client.query(Statement(unsafeCQL: Self.select)).collect(Int.self) == [1]) }
      }
    }
  }

  @Test func timeoutsComeWithTheirCounts() async throws {
    try await SimulatedCluster.with { client, cluster in
      try await cluster.prime(
        Self.select,
        [
          "result": "read_timeout", "consistency_level": "QUORUM", "received": 1, "block_for": 2,
          "data_present": false,
        ])
      let read = try await failure { try await client.query(Statement(unsafeCQL: Self.select)) }
      #expect(read.code == .readTimeout)
      #expect(read.server?.detail == .readTimeout(.quorum, received: 1, blockFor: 2, dataPresent: false))
      #expect(try await cluster.count(Self.select) == 1)
      try await cluster.prime(
        Self.insert,
        [
          "result": "write_timeout", "consistency_level": "QUORUM", "received": 1, "block_for": 2,
          "write_type": "SIMPLE",
        ])
      let write = try await failure { try await client.query(Statement(unsafeCQL: Self.insert)) }
      #expect(write.code == .writeTimeout)
      #expect(
        write.server?.detail == .writeTimeout(.quorum, received: 1, blockFor: 2, .simple, contentions: nil))
      #expect(!write.isRetrySafe)
      #expect(try await cluster.count(Self.insert) == 1)
    }
  }

  @Test func aReadThatOnlyLacksTheDataIsTriedAgain() async throws {
    try await SimulatedCluster.with { client, cluster in
      try await cluster.prime(
        Self.select,
        [
          "result": "read_timeout", "consistency_level": "QUORUM", "received": 2, "block_for": 2,
          "data_present": false,
        ])
      #expect(try await failure { try await client.query(Statement(unsafeCQL: Self.select)) }.code == .readTimeout)
      #expect(try await cluster.count(Self.select) == 2)
    }
  }

  @Test func unavailableComesWithItsCounts() async throws {
    try await SimulatedCluster.with { client, cluster in
      try await cluster.prime(
        Self.insert,
        ["result": "unavailable", "consistency_level": "QUORUM", "alive": 1, "required": 2])
      let error = try await failure { try await client.query(Statement(unsafeCQL: Self.insert)) }
      #expect(error.code == .unavailable)
      #expect(error.server?.detail == .unavailable(.quorum, required: 2, alive: 1))
      #expect(error.isRetrySafe)
      #expect(try await cluster.count(Self.insert) == 2)
    }
  }

  @Test func aConnectionThatIsCutAtAQuery() async throws {
    try await SimulatedCluster.with(nodes: 2) { client, cluster in
      let close = ["result": "close_connection", "scope": "connection", "close_type": "disconnect"]
      // Once it is prepared, so that not the preparation is cut.
      let success: [String: any Sendable] = ["result": "success", "rows": [Int](), "column_types": [String: String]()]
      try await cluster.prime(Self.insert, success)
      for _ in 0..<2 { try await client.query(Statement(unsafeCQL: Self.insert)) }
      try await cluster.forgetAnswers()
      try await cluster.prime(Self.insert, close)
      let write = try await failure { try await client.query(Statement(unsafeCQL: Self.insert)) }
      #expect(write.code == .connectionLost)
      #expect(!write.isRetrySafe)
      #expect(try await cluster.count(Self.insert) == 3)
      try await cluster.prime(Self.select, Self.rows)
      #expect(try await client.query(Statement(unsafeCQL: Self.select)).collect(Int.self) == [1])
      try await cluster.prime(Self.select, close, node: 0)
      for _ in 0..<10 { #expect(try await client.query(Statement(unsafeCQL: Self.select)).collect(Int.self) == [1]) }
    }
  }

  @Test func aQueryThatIsNeverAnswered() async throws {
    try await SimulatedCluster.with { client, cluster in
      try await cluster.prime(Self.select, Self.rows)
      #expect(try await client.query(Statement(unsafeCQL: Self.select)).collect(Int.self) == [1])
      try await cluster.forgetAnswers()
      try await cluster.prime(Self.select, ["result": "no_result"])
      let brief = QueryOptions(timeout: .milliseconds(100))
      let error = try await failure { try await client.query(Statement(unsafeCQL: Self.select), options: brief) }
      #expect(error.code == .timedOut)
    }
  }

  @Test func aNodeThatReadsNothingMore() async throws {
    try await SimulatedCluster.with { client, cluster in
      try await cluster.prime(Self.select, Self.rows)
      #expect(try await client.query(Statement(unsafeCQL: Self.select)).collect(Int.self) == [1])
      try await cluster.pause(node: 0)
      let brief = QueryOptions(timeout: .milliseconds(100))
      // What it had begun to read before is still answered.
      let error = try await failure {
        while true { try await client.query(Statement(unsafeCQL: Self.select), options: brief) }
      }
      #expect(error.code == .timedOut)
      try await cluster.resume(node: 0)
      #expect(try await client.query(Statement(unsafeCQL: Self.select)).collect(Int.self) == [1])
    }
  }

  @Test func oneOfThreeNodesIsLost() async throws {
    try await SimulatedCluster.with(nodes: 3) { client, cluster in
      try await cluster.prime(Self.select, Self.rows)
      for _ in 0..<6 { #expect(try await client.query(Statement(unsafeCQL: Self.select)).collect(Int.self) == [1]) }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<200 {
          group.addTask {
            let rows = try await client.query(Statement(unsafeCQL: Self.select))
            #expect(try await rows.collect(Int.self) == [1])
          }
        }
        try await cluster.refuse(node: 1)
        try await group.waitForAll()
      }
      for _ in 0..<20 { #expect(try await client.query(Statement(unsafeCQL: Self.select)).collect(Int.self) == [1]) }
      try await cluster.accept(node: 1)
    }
  }

  private func untilUp(_ count: Int, _ client: CassandraClient) async {
    while await client.topology.nodes.count(where: { $0.state == .up }) < count { await Task.yield() }
  }

  @Test func noRequestLeavesTheLocalDatacenter() async throws {
    try await SimulatedCluster.with(datacenters: [3, 3]) { client, cluster in
      try await cluster.prime(Self.select, Self.rows)
      await untilUp(3, client)
      for _ in 0..<30 { #expect(try await client.query(Statement(unsafeCQL: Self.select)).collect(Int.self) == [1]) }
      #expect(try await cluster.counts(Self.select, datacenter: 0).allSatisfy { $0 > 0 })
      #expect(try await cluster.count(Self.select, datacenter: 1) == 0)
      let topology = await client.topology
      #expect(topology.nodes.count == 6)
      #expect(topology.nodes.filter(\.isLocal).allSatisfy { $0.datacenter == "dc1" && $0.state == .up })
      #expect(topology.nodes.filter { !$0.isLocal }.allSatisfy { $0.datacenter == "dc2" && $0.state == .ignored })
      for node in 0..<3 { try await cluster.refuse(node: node) }
      // Nor when no node is left there.
      while (try? await client.query(Statement(unsafeCQL: Self.select))) != nil {}
      #expect(try await cluster.count(Self.select, datacenter: 1) == 0)
    }
  }

  @Test func anotherDatacenterWhereItIsAllowed() async throws {
    try await SimulatedCluster.with(datacenters: [1, 3], configure: { $0.routing.remoteNodesPerDatacenter = 2 }) {
      client, cluster in
      try await cluster.prime(Self.select, Self.rows)
      await untilUp(3, client)
      for _ in 0..<10 { _ = try await client.query(Statement(unsafeCQL: Self.select)) }
      #expect(try await cluster.count(Self.select, datacenter: 1) == 0)
      try await cluster.refuse(node: 0)
      while (try? await client.query(Statement(unsafeCQL: Self.select))) == nil {}
      for _ in 0..<10 { _ = try? await client.query(Statement(unsafeCQL: Self.select)) }
      #expect(try await cluster.counts(Self.select, datacenter: 1).count { $0 > 0 } == 2)
    }
  }

  @Test func aClusterOfSixtyNodes() async throws {
    try await SimulatedCluster.with(datacenters: [60]) { client, cluster in
      try await cluster.prime(Self.select, Self.rows)
      await untilUp(60, client)
      for _ in 0..<120 { _ = try await client.query(Statement(unsafeCQL: Self.select)) }
      #expect(try await cluster.counts(Self.select).count { $0 > 0 } >= 30)
    }
  }

  @Test func aNodeThatReadsNothingIsNotWaitedFor() async throws {
    try await SimulatedCluster.with(nodes: 3) { client, cluster in
      try await cluster.prime(Self.select, Self.rows)
      await untilUp(3, client)
      for _ in 0..<12 { _ = try await client.query(Statement(unsafeCQL: Self.select)) }
      try await cluster.pause(node: 1)
      for _ in 0..<30 { #expect(try await client.query(Statement(unsafeCQL: Self.select)).collect(Int.self) == [1]) }
      try await cluster.resume(node: 1)
    }
  }
}
