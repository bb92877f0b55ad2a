import CassandraBytes
import Testing

@testable import CQLEngine

/// Two names are one when they have the same bytes, and only then, wherever a statement may have one.
@Suite("A name that only looks like another", .timeLimit(.minutes(5)))
struct NamesAreBytesTests {
  private static let composed = "\u{e9}"
  private static let decomposed = "e\u{301}"

  @Test("is another")
  func names() async throws {
    let node = try await TestNode.withKeyspace()
    let (one, two) = (Self.composed, Self.decomposed)
    try await node.run("CREATE TYPE u (\"\(one)\" int, \"\(two)\" int)")
    try await node.run(
      "CREATE TABLE t (k int PRIMARY KEY, \"\(one)\" int, \"\(two)\" int, v frozen<u>, w u)")
    try await node.run("INSERT INTO t (k, \"\(one)\", \"\(two)\") VALUES (1, 1, 2)")
    #expect(try await node.run("SELECT \"\(one)\", \"\(two)\" FROM t") == "1 2")
    try await node.run("UPDATE t SET v = {\"\(two)\": 2, \"\(one)\": 1}, w = {\"\(two)\": 4} WHERE k = 1")
    #expect(try await node.run("SELECT v.\"\(one)\", v.\"\(two)\", w.\"\(one)\", w.\"\(two)\" FROM t") == "1 2 null 4")
    try await node.run("UPDATE t SET w.\"\(one)\" = 3 WHERE k = 1 IF w.\"\(two)\" = 4")
    #expect(try await node.run("SELECT w.\"\(one)\", w.\"\(two)\" FROM t") == "3 4")
    try await node.run("ALTER TYPE u RENAME \"\(two)\" TO plain")
    #expect(try await node.run("SELECT w.\"\(one)\", w.plain FROM t") == "3 4")
    #expect(await node.failure("SELECT w.\"\(two)\" FROM t") != nil)
    try await node.run("ALTER TABLE t DROP \"\(two)\"")
    #expect(try await node.run("SELECT \"\(one)\" FROM t") == "1")
    #expect(await node.failure("SELECT \"\(two)\" FROM t") != nil)
    #expect(await node.failure("INSERT INTO t (k, \"\(one)\") VALUES (2, 1)") == nil)
  }

  /// A quote, a dot or a minus sign with a mark behind it is another character to a reader, and what stands behind it is
  /// another name.
  @Test("keeps the mark that it begins with")
  func marksBehindSigns() async throws {
    let node = try await TestNode.withKeyspace()
    let name = "\u{301}abc"
    try await node.run("CREATE TABLE t (k int PRIMARY KEY, \"\(name)\" int, abc int, d duration)")
    try await node.run("INSERT INTO t JSON '{\"k\": 1, \"\\\"\(name)\\\"\": 7}'")
    #expect(try await node.run("SELECT \"\(name)\", abc FROM t") == "7 null")
    let classes = ["org.apache.cassandra.locator.\u{301}SimpleStrategy", "\u{301}SimpleStrategy"]
    for strategy in classes {
      let options = "{'class': '\(strategy)', 'replication_factor': 1}"
      #expect(await node.failure("CREATE KEYSPACE other WITH replication = \(options)") != nil)
    }
    let compaction = "{'class': 'org.apache.cassandra.db.compaction.\u{301}LeveledCompactionStrategy'}"
    #expect(await node.failure("ALTER TABLE t WITH compaction = \(compaction)") != nil)
    #expect(await node.failure("UPDATE t SET d = -\u{301}P1Y WHERE k = 1") != nil)
    #expect(await node.failure("UPDATE t SET d = (duration) '-\u{301}P1Y' WHERE k = 1") != nil)
  }

  @Test("costs as much as its bytes")
  func runsOfMarks() async throws {
    let node = try await TestNode.withKeyspace()
    let marks = String(repeating: "\u{301}", count: 20_000) + String(repeating: "\u{316}", count: 20_000)
    let name = "\"e\(marks)\""
    try await node.run("CREATE TYPE u (a int)")
    try await node.run("CREATE TABLE t (k int PRIMARY KEY, v int, w u)")
    for statement in [
      "SELECT w.\(name) FROM t", "INSERT INTO t (k, w) VALUES (1, {\(name): 1})",
      "UPDATE t SET w.\(name) = 1 WHERE k = 1",
      "ALTER TYPE u RENAME \(name) TO b", "ALTER TYPE u ADD \(name) int", "ALTER TABLE t RENAME \(name) TO b",
      "ALTER TABLE t DROP \(name)", "DROP INDEX \(name)", "DESCRIBE INDEX \(name)", "DESCRIBE \(name)",
      "CREATE INDEX ON t (v) USING 'e\(marks)'",
      "CREATE TABLE x (k int PRIMARY KEY) WITH caching = {'keys': 'e\(marks)'}",
      "CREATE TABLE x (k int, c int, PRIMARY KEY (k, c)) WITH CLUSTERING ORDER BY (\(name) DESC)",
      "SELECT \(name)(v) FROM t", "SELECT \(name).f(v) FROM t", "SELECT v FROM t ORDER BY \(name)",
      "SELECT v FROM t WHERE k = 1 GROUP BY \(name)", "SELECT (\(name)) v FROM t",
    ] { _ = await node.failure(statement) }
    #expect(try await node.run("SELECT v FROM t") == "")
  }
}
