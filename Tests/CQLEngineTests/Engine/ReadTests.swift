@testable import CQLEngine
import CassandraWire
import Testing

@Suite("Reads", .timeLimit(.minutes(10)))
struct ReadTests {
  /// A table with static columns, two partitions with rows and one with static values only.
  private static func staticNode() async throws -> TestNode {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (k int, c int, s text static, v int, PRIMARY KEY (k, c))")
    for key in 1...2 {
      try await node.run("INSERT INTO t (k, s) VALUES (\(key), 's\(key)')")
      for row in 1...3 { try await node.run("INSERT INTO t (k, c, v) VALUES (\(key), \(row), \(key * 10 + row))") }
    }
    try await node.run("INSERT INTO t (k, s) VALUES (3, 's3')")
    return node
  }

  /// All rows, read by pages of a size.
  private static func all(_ node: TestNode, _ text: String, pageSize: Int32?) async throws -> [String] {
    var rows: [String] = []
    var state: [UInt8]?
    repeat {
      let page = try await node.page(text, pageSize: pageSize, state: state)
      if let pageSize { #expect(page.rows.count <= pageSize) }
      rows += page.rows.map { $0.map(\.description).joined(separator: " ") }
      state = page.state
    } while state != nil
    return rows
  }

  @Test(
    "give the same rows whatever the page",
    arguments: [
      "SELECT * FROM t", "SELECT k, s, v FROM t WHERE k IN (1, 2, 3)",
      "SELECT * FROM t WHERE k IN (3, 1) AND c IN (1, 3)",
      "SELECT DISTINCT k, s FROM t", "SELECT k, v FROM t PER PARTITION LIMIT 2", "SELECT k FROM t LIMIT 5",
      "SELECT k, c FROM t WHERE k = 2 ORDER BY c DESC", "SELECT v, s FROM t WHERE k = 1 AND c > 1",
      "SELECT k, c, s FROM t WHERE v > 12 ALLOW FILTERING",
      "SELECT token(k), k, v FROM t WHERE token(k) > -4069959284402364209", "SELECT k, count(*) FROM t",
    ])
  func pages(_ text: String) async throws {
    let node = try await Self.staticNode()
    let whole = try await Self.all(node, text, pageSize: nil)
    #expect(!whole.isEmpty)
    for size in [1, 2, 3, 7, 5_000] as [Int32] {
      #expect(try await Self.all(node, text, pageSize: size) == whole, "pages of \(size)")
    }
  }

  @Test("show a partition that has only static values, once")
  func statics() async throws {
    let node = try await Self.staticNode()
    #expect(try await node.run("SELECT * FROM t WHERE k = 3") == "3 null 's3' null")
    #expect(try await node.run("SELECT * FROM t WHERE k = 3 AND c = 1") == "")
    #expect(try await node.run("SELECT s, v FROM t WHERE k = 1 AND c = 2") == "'s1' 12")
    #expect(try await node.run("SELECT count(*) FROM t") == "7")
    try await node.run("DELETE FROM t WHERE k = 1")
    #expect(try await node.run("SELECT * FROM t WHERE k = 1") == "")
  }

  @Test("of another statement's page state are refused")
  func foreignState() async throws {
    let node = try await Self.staticNode()
    let state = try #require(try await node.page("SELECT * FROM t", pageSize: 2).state)
    for forged in [state.map { ~$0 }, Array(state.dropLast(25)), [], [1, 2, 3]] {
      await #expect(throws: EngineFailure.self) { try await node.page("SELECT * FROM t", pageSize: 2, state: forged) }
    }
    await #expect(throws: EngineFailure.self) { try await node.page("SELECT k FROM t", pageSize: 2, state: state) }
    // Whatever stands behind the head, it must not trap.
    for length in 30..<state.count {
      _ = try? await node.page("SELECT * FROM t", pageSize: 2, state: Array(state[..<length]))
    }
  }

  @Test("follow the order of clustering columns in any direction")
  func order() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run(
      "CREATE TABLE o (k int, a int, b int, PRIMARY KEY (k, a, b)) WITH CLUSTERING ORDER BY (a DESC, b ASC)")
    for a in 1...3 { for b in 1...3 { try await node.run("INSERT INTO o (k, a, b) VALUES (1, \(a), \(b))") } }
    #expect(try await node.run("SELECT a, b FROM o WHERE k = 1 AND (a, b) > (2, 2)") == "3 1\n3 2\n3 3\n2 3")
    #expect(try await node.run("SELECT a, b FROM o WHERE k = 1 AND (a, b) <= (2, 1)") == "2 1\n1 1\n1 2\n1 3")
    #expect(
      try await node.run("SELECT a, b FROM o WHERE k = 1 AND (a, b) >= (1, 3) AND (a, b) < (3, 2)")
        == "3 1\n2 1\n2 2\n2 3\n1 3")
    try await node.run("DELETE FROM o WHERE k = 1 AND (a, b) > (1, 2) AND (a, b) < (3, 3)")
    #expect(try await node.run("SELECT a, b FROM o WHERE k = 1") == "3 3\n1 1\n1 2")
  }

  @Test("by an index give what filtering gives")
  func indexes() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE i (k int, c int, v int, s set<text>, m map<text, int>, PRIMARY KEY (k, c))")
    for row in 0..<30 {
      try await node.run(
        "INSERT INTO i (k, c, v, s, m) VALUES (\(row % 3), \(row), \(row % 5), {'x\(row % 4)'}, {'y': \(row % 2)})")
    }
    let questions = ["v = 2", "s CONTAINS 'x1'", "m CONTAINS 1", "m CONTAINS KEY 'y'", "m['y'] = 0", "c = 7"]
    var expected: [String] = []
    for question in questions {
      expected.append(try await node.run("SELECT k, c FROM i WHERE \(question) ALLOW FILTERING"))
      #expect(await node.failure("SELECT k, c FROM i WHERE \(question)") != nil)
    }
    for target in ["v", "values(s)", "values(m)", "keys(m)", "entries(m)", "c"] {
      try await node.run("CREATE INDEX ON i (\(target))")
    }
    for (question, rows) in zip(questions, expected) {
      #expect(!rows.isEmpty)
      #expect(
        try await Self.all(node, "SELECT k, c FROM i WHERE \(question)", pageSize: 4).joined(separator: "\n") == rows)
    }
    try await node.run("UPDATE i SET v = 2 WHERE k = 0 AND c = 0")
    try await node.run("DELETE FROM i WHERE k = 2")
    let changed = try await node.run("SELECT k, c FROM i WHERE v = 2 ALLOW FILTERING")
    #expect(try await node.run("SELECT k, c FROM i WHERE v = 2") == changed)
  }
}
