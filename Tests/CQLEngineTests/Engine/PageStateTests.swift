import CassandraBytes
import CassandraWire
import Testing

@testable import CQLEngine

/// Page states are the node's own; what a client makes of one is refused.
@Suite(.timeLimit(.minutes(5))) struct PageStateTests {
  /// The vectors of the paper, appendix A.
  @Test func theCodeIsSipHash() throws {
    let key = try #require(SipKey(Array(0..<16)))
    func code(_ message: [UInt8]) -> UInt64 { SipHash.code(message.span, key) }
    #expect(code([]) == 0x726f_db47_dd0e_0e31)
    #expect(code(Array(0..<15)) == 0xa129_ca61_49be_45e5)
    #expect(SipKey(key.bytes) == key)
  }

  private static let statements = [
    "SELECT * FROM t", "SELECT * FROM t LIMIT 100", "SELECT * FROM t WHERE k IN (1, 2, 3)",
    "SELECT * FROM t PER PARTITION LIMIT 3", "SELECT DISTINCT k FROM t", "SELECT * FROM t WHERE k = 1 ORDER BY c DESC",
    "SELECT * FROM t WHERE a = 1", "SELECT * FROM t WHERE token(k) > -9000000000000000000",
  ]

  /// Every bit and every field at its ends, cut and lengthened: refused each, and nothing else.
  @Test(arguments: statements) func aChangedStateIsRefused(_ statement: String) async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (k int, c int, s int static, a int, PRIMARY KEY (k, c))")
    try await node.run("CREATE INDEX i ON t (a)")
    for k in 1...3 {
      for c in 1...5 { try await node.run("INSERT INTO t (k, c, s, a) VALUES (\(k), \(c), 1, 1)") }
    }
    let state = try #require(try await node.page(statement, pageSize: 2).state)
    // As it is, it works.
    _ = try await node.page(statement, pageSize: 2, state: state)
    var variants: [[UInt8]] = [[], Array(state.dropLast()), state + [0], Array(state.prefix(30))]
    for index in state.indices {
      for bit in 0..<8 {
        var changed = state
        changed[index] ^= 1 << UInt8(bit)
        variants.append(changed)
      }
    }
    for start in 0..<(state.count - 7) {
      for value in [Int64.max, .min, -1, 0, 1] {
        var changed = state
        changed.store(bigEndian: value, at: start)
        if changed != state { variants.append(changed) }
      }
    }
    for variant in variants {
      await #expect("\(variant)") { try await node.page(statement, pageSize: 2, state: variant) } throws: { error in
        (error as? EngineFailure)?.response.code == .protocolError
      }
    }
  }

  @Test func aStateIsGoodForItsStatementAndAfterARestart() async throws {
    let scratch = Scratch()
    defer { withExtendedLifetime(scratch) {} }
    let statement = "SELECT * FROM ks.t"
    let state: [UInt8]
    do {
      let node = try await TestNode(location: .directory(scratch.path))
      try await node.run("CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
      try await node.run("CREATE TABLE ks.t (k int PRIMARY KEY)")
      for k in 0..<10 { try await node.run("INSERT INTO ks.t (k) VALUES (\(k))") }
      state = try #require(try await node.page(statement, pageSize: 4).state)
      await #expect(throws: EngineFailure.self) { try await node.page(statement + " ", pageSize: 4, state: state) }
      await node.engine.close()
    }
    let node = try await TestNode(location: .directory(scratch.path))
    #expect(try await node.page(statement, pageSize: 10, state: state).rows.count == 6)
    // Another node has another key.
    let other = try await TestNode.withKeyspace()
    try await other.run("CREATE TABLE ks.t (k int PRIMARY KEY)")
    await #expect(throws: EngineFailure.self) { try await other.page(statement, pageSize: 4, state: state) }
    await node.engine.close()
  }
}
