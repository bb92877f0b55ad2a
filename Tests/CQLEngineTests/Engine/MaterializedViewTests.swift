import CassandraWire
import Testing

@testable import CQLEngine

/// Materialized views and declared functions as one engine has them, also after a restart.
@Suite(.timeLimit(.minutes(10))) struct MaterializedViewTests {
  private static let base = [
    "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
    "CREATE TABLE ks.t (k int, c int, v int, w text, PRIMARY KEY (k, c))",
  ]
  private static let view =
    "CREATE MATERIALIZED VIEW ks.b AS SELECT * FROM ks.t WHERE k > 0 AND c IS NOT NULL AND v IS NOT NULL "
    + "PRIMARY KEY (v, k, c)"

  @Test("a view, what it filters and what functions are declared are there after a restart")
  func restart() async throws {
    let directory = Scratch()
    let functions = [
      "CREATE TYPE ks.ty (a int)",
      "CREATE FUNCTION ks.f (a int, b ty) CALLED ON NULL INPUT RETURNS int LANGUAGE java AS 'return a;'",
      "CREATE AGGREGATE ks.g (ty) SFUNC f STYPE int INITCOND 5",
    ]
    let questions = [
      "SELECT v, k, c, w FROM ks.b", "SELECT where_clause, base_table_name FROM system_schema.views",
      "SELECT function_name, argument_types, body FROM system_schema.functions WHERE keyspace_name = 'ks'",
      "SELECT aggregate_name, initcond, state_func FROM system_schema.aggregates WHERE keyspace_name = 'ks'",
      "SELECT view_name FROM system.built_views",
    ]
    var before: [String] = []
    do {
      let node = try await TestNode(location: .directory(directory.path))
      for statement in Self.base { try await node.run(statement) }
      for row in 0..<50 {
        try await node.run("INSERT INTO ks.t (k, c, v, w) VALUES (\(row % 5), \(row), \(row % 3), 'w')")
      }
      for statement in [Self.view] + functions { try await node.run(statement) }
      for question in questions { before.append(try await node.run(question)) }
      await node.engine.close()
    }
    #expect(before[0].split(separator: "\n").count == 40)
    let node = try await TestNode(location: .directory(directory.path))
    for (question, answer) in zip(questions, before) { #expect(try await node.run(question) == answer) }
    // What it is kept by is there, too.
    try await node.run("INSERT INTO ks.t (k, c, v) VALUES (0, 1, 99)")
    try await node.run("INSERT INTO ks.t (k, c, v) VALUES (1, 1, 99)")
    try await node.run("ALTER TABLE ks.t ADD z int")
    try await node.run("UPDATE ks.t SET z = 7 WHERE k = 1 AND c = 1")
    #expect(try await node.run("SELECT v, k, c, z FROM ks.b WHERE v = 99") == "99 1 1 7")
    #expect(try await node.run("DROP FUNCTION IF EXISTS ks.nosuch").isEmpty)
    #expect(await node.failure("DROP FUNCTION ks.f") != nil)
    try await node.run("DROP AGGREGATE ks.g")
    try await node.run("DROP FUNCTION ks.f")
    await node.engine.close()
    let last = try await TestNode(location: .directory(directory.path))
    #expect(try await last.run("SELECT function_name FROM system_schema.functions WHERE keyspace_name = 'ks'").isEmpty)
    #expect(try await last.run("SELECT v, k, c, z FROM ks.b WHERE v = 99") == "99 1 1 7")
    await last.engine.close()
  }

  @Test("a view is read whole or refused while it is filled")
  func filling() async throws {
    let node = try await TestNode()
    for statement in Self.base { try await node.run(statement) }
    for row in 0..<4_000 { try await node.run("INSERT INTO ks.t (k, c, v) VALUES (1, \(row), 1)") }
    let engine = node.engine
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        let executor = try engine.makeExecutor(yielding: { await Task.yield() })
        var session = EngineSession(version: .v5)
        var answer: [UInt8] = []
        _ = try await executor.query(
          Self.view, QueryParameters(consistency: .one), session: &session, into: &answer)
      }
      while true {
        var answer: [UInt8] = []
        do throws(EngineFailure) {
          _ = try await node.executor.query(
            "SELECT count(*) FROM ks.b WHERE v = 1", QueryParameters(consistency: .one), session: &node.session,
            into: &answer)
          #expect(answer.suffix(4) == [0, 0, 0x0f, 0xa0])
          break
        } catch {
          // It is not there yet, or not whole.
          #expect(error.response.code == .invalid)
        }
      }
      try await group.waitForAll()
    }
  }

  @Test("a key that is too long for a view's partition is refused, and the write with it")
  func longKeys() async throws {
    let node = try await TestNode()
    for statement in Self.base { try await node.run(statement) }
    try await node.run(
      "CREATE MATERIALIZED VIEW ks.bw AS SELECT * FROM ks.t WHERE k IS NOT NULL AND c IS NOT NULL AND w IS NOT NULL "
        + "PRIMARY KEY (w, k, c)")
    let text = String(repeating: "x", count: 70_000)
    #expect(
      await node.failure("INSERT INTO ks.t (k, c, w) VALUES (1, 1, '\(text)')")
        == "the partition key of a row of a materialized view would have more than 65535 bytes")
    #expect(try await node.run("SELECT k FROM ks.t").isEmpty)
    try await node.run("INSERT INTO ks.t (k, c, w) VALUES (1, 1, '\(text.dropLast(5_000))')")
    #expect(try await node.run("SELECT k FROM ks.bw") == "1")
  }

  @Test("columns that were dropped and added again show in a view what they show in its base")
  func columnsAgain() async throws {
    let node = try await TestNode()
    for statement in Self.base { try await node.run(statement) }
    try await node.run("INSERT INTO ks.t (k, c, v, w) VALUES (1, 1, 5, 'old') USING TIMESTAMP 500")
    try await node.run("INSERT INTO ks.t (k, c, v, w) VALUES (1, 2, 6, 'new') USING TIMESTAMP 501")
    for column in ["v int", "w text"] {
      try await node.run("ALTER TABLE ks.t DROP \(column.prefix(1)) USING TIMESTAMP 500")
      try await node.run("ALTER TABLE ks.t ADD \(column)")
    }
    try await node.run(Self.view)
    #expect(try await node.run("SELECT v, k, c FROM ks.b") == "6 1 2")
    #expect(try await node.run("SELECT v, k, c FROM ks.b WHERE w = 'new' ALLOW FILTERING") == "6 1 2")
  }
}
