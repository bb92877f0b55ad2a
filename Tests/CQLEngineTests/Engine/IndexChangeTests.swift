@testable import CQLEngine
import CassandraWire
import Synchronization
import Testing

/// Something that happens once.
private final class Flag: Sendable {
  private let value = Atomic<Bool>(false)

  func raise() { value.store(true, ordering: .releasing) }

  var isRaised: Bool { value.load(ordering: .acquiring) }
}

@Suite("Beside a change of an index", .timeLimit(.minutes(5)))
struct IndexChangeTests {
  private static let rows = 3_000

  /// Runs a statement on an executor of its own while `body` runs again and again, and once more when it is done.
  private func during(
    _ statement: String, on node: TestNode, _ body: () async throws -> Void
  ) async throws {
    let isDone = Flag()
    let engine = node.engine
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        let executor = try engine.makeExecutor(yielding: { await Task.yield() })
        var session = EngineSession(version: .v5)
        var answer: [UInt8] = []
        defer { isDone.raise() }
        _ = try await executor.query(
          statement, QueryParameters(consistency: .one), session: &session, into: &answer)
      }
      while !isDone.isRaised { try await body() }
      try await group.waitForAll()
    }
    try await body()
  }

  @Test("a query finds all rows while the index is filled, and all or an error while it goes")
  func changes() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (k int, c int, v int, PRIMARY KEY (k, c))")
    for row in 0..<Self.rows { try await node.run("INSERT INTO t (k, c, v) VALUES (\(row % 30), \(row), 1)") }
    try await during("CREATE INDEX t_v ON ks.t (v)", on: node) {
      let found = try await node.run("SELECT count(*) FROM t WHERE v = 1 ALLOW FILTERING")
      #expect(found == "\(Self.rows)")
    }
    #expect(try await node.run("SELECT count(*) FROM t WHERE v = 1") == "\(Self.rows)")
    try await during("DROP INDEX ks.t_v", on: node) {
      do throws(EngineFailure) {
        var answer: [UInt8] = []
        _ = try await node.executor.query(
          "SELECT count(*) FROM t WHERE v = 1", QueryParameters(consistency: .one), session: &node.session,
          into: &answer)
        #expect(answer.suffix(4) == [0, 0, UInt8(Self.rows >> 8), UInt8(Self.rows & 0xff)])
      } catch {
        // The index is gone or going.
        #expect(error.response.code == .invalid)
      }
    }
  }

  @Test("a column that is dropped and added anew shows what is newer than the moment of its end, after a restart too")
  func columns() async throws {
    let directory = Scratch()
    do {
      let node = try await TestNode(location: .directory(directory.path))
      try await node.run("CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
      try await node.run("CREATE TABLE ks.t (k int PRIMARY KEY, a int)")
      try await node.run("INSERT INTO ks.t (k, a) VALUES (1, 1) USING TIMESTAMP 500")
      try await node.run("INSERT INTO ks.t (k, a) VALUES (2, 2) USING TIMESTAMP 501")
      try await node.run("ALTER TABLE ks.t DROP a USING TIMESTAMP 500")
      await node.engine.close()
    }
    do {
      let node = try await TestNode(location: .directory(directory.path))
      try await node.run("ALTER TABLE ks.t ADD a int")
      #expect(try await node.run("SELECT k, a FROM ks.t") == "1 null\n2 2")
      await node.engine.close()
    }
    let node = try await TestNode(location: .directory(directory.path))
    #expect(try await node.run("SELECT k, a FROM ks.t") == "1 null\n2 2")
    await node.engine.close()
  }

  @Test("a keyspace of three replicas answers QUORUM as one node of three does, and ONE")
  func replicas() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE KEYSPACE three WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}")
    try await node.run("CREATE TABLE three.t (k int PRIMARY KEY, v int)")
    try await node.run("INSERT INTO three.t (k, v) VALUES (1, 1)")
    for statement in ["SELECT * FROM three.t", "INSERT INTO three.t (k, v) VALUES (2, 2)"] {
      var answer: [UInt8] = []
      await #expect(throws: EngineFailure.self) {
        _ = try await node.executor.query(
          statement, QueryParameters(consistency: .quorum), session: &node.session, into: &answer)
      }
    }
    #expect(try await node.run("SELECT * FROM three.t") == "1 1")
  }
}
