import CQLNode
import CassandraWire
import CassandraTesting
import CassandraReactor
import Testing

/// A node in the process: starting it, going back to what it held, and starting others with that.
@Suite(.timeLimit(.minutes(10))) struct EmbeddedNodeTests {
  private static let schema = [
    "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
    "CREATE TABLE k.t (k int PRIMARY KEY, v text)", "CREATE INDEX t_v ON k.t (v)",
    "INSERT INTO k.t (k, v) VALUES (1, 'one')",
  ]

  /// Runs statements and returns how many rows the last of them found, or the code of its error.
  private static func run(_ statements: [String], on node: EmbeddedNode) async throws -> Int {
    try await EventLoops.shared[0].run {
      let client = try await WireClient.ready(to: node.address)
      defer { client.close() }
      var found = 0
      for statement in statements {
        switch try await client.query(statement).message {
        case .result(.rows(let rows)): found = rows.rowCount
        case .error(let error): found = Int(error.code.rawValue)
        default: found = 0
        }
      }
      return found
    }
  }

  @Test func aResetGoesBackToASnapshotOrToNothing() async throws {
    try await EmbeddedNode.withNode { node in
      let address = node.address
      #expect(try await Self.run(Self.schema + ["SELECT * FROM k.t"], on: node) == 1)
      let snapshot = try node.snapshot()
      #expect(
        try await Self.run(
          ["INSERT INTO k.t (k, v) VALUES (2, 'two')", "ALTER TABLE k.t ADD w int", "SELECT * FROM k.t"], on: node) == 2
      )
      for _ in 0..<2 {
        try await node.reset(to: snapshot)
        #expect(node.address == address)
        #expect(try await Self.run(["SELECT k, v FROM k.t WHERE v = 'one'"], on: node) == 1)
        #expect(try await Self.run(["SELECT w FROM k.t"], on: node) == 0x2200)
        #expect(try await Self.run(["INSERT INTO k.t (k, v) VALUES (3, 'three')", "SELECT * FROM k.t"], on: node) == 2)
      }
      try await node.reset()
      #expect(try await Self.run(["SELECT * FROM k.t"], on: node) == 0x2200)
    }
  }

  @Test func anotherNodeMayBeginWithASnapshot() async throws {
    let snapshot = try await EmbeddedNode.withNode { node in
      _ = try await Self.run(Self.schema, on: node)
      return try node.snapshot()
    }
    var configuration = EmbeddedNode.defaultConfiguration
    configuration.storage = .snapshot(snapshot)
    try await EmbeddedNode.withNode(configuration, loops: 2) { node in
      let found = try await Self.run(["SELECT * FROM k.t"], on: node)
      #expect(found == 1)
    }
  }

  private static func failure(_ configuration: NodeConfiguration) async throws -> NodeError.Code? {
    do {
      try await EmbeddedNode.start(configuration).stop()
      return nil
    } catch let error as NodeError {
      return error.code
    }
  }

  @Test func whatCannotStartSaysWhy() async throws {
    try await EmbeddedNode.withNode { node in
      var configuration = EmbeddedNode.defaultConfiguration
      configuration.address = node.address
      let listening = try await Self.failure(configuration)
      #expect(listening == .listening)
      configuration.address = .loopback(port: 0)
      configuration.storage = .directory("/proc/no/such/place")
      let storage = try await Self.failure(configuration)
      #expect(storage == .storage)
    }
  }
}
