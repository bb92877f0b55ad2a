import CQLLanguage
import CassandraWire
import Testing

@testable import CQLEngine

/// Planning costs as much as a statement has terms, and not as many as its nesting multiplies them to.
@Suite(.timeLimit(.minutes(2))) struct PlanningCostTests {
  /// How often a type was found out for `text`; it may be a statement that is refused.
  private func typings(_ text: String, _ table: Table, _ keyspace: Keyspace?) throws -> Int {
    let parsed = try CQLParser.parse(text)
    switch parsed.statement {
    case .select(let statement):
      var planner = SelectPlanner(statement, table, keyspace, markers: parsed.markers)
      let counter = planner.typings
      _ = try? planner.plan()
      return counter.count
    case .insert(let statement):
      let terms = TermPlanner(keyspace: keyspace, table: table, markers: parsed.markers)
      var planner = WritePlanner(table, terms, isInBatch: false)
      _ = try? planner.plan(statement)
      return terms.types.typings.count
    default:
      Issue.record("no statement of this test")
      return 0
    }
  }

  private static func nested(_ open: String, _ inner: String, _ close: String, _ depth: Int) -> String {
    String(repeating: open, count: depth) + inner + String(repeating: close, count: depth)
  }

  private static let nestings: [(open: String, inner: String, close: String)] = [
    ("[", "1", "]"), ("{", "1", "}"), ("(", "1", ")"), ("abs(", "1", ")"), ("abs(", "a", ")"), ("abs([", "1", "])"),
    ("map_keys({1: ", "1", "})"), ("[1, ", "a", "]"), ("(int) ", "1", ""), ("CAST(", "a", " AS int)"),
    ("count(", "a", ")"), ("blob_as_int(int_as_blob(", "1", "))"), ("{1: ", "a", "}"), ("[1, [", "a", "]]"),
    ("1 + (", "a", ")"), ("(", "a", " * 2)"), ("- (", "a", ")"), ("(1.5 - ", "1", ")"), ("(? % ", "1", ")"),
    ("(1 + 2) * (", "1", ")"),
    ("round(abs(", "a", "))"), ("min_timeuuid(max_timeuuid(", "?", "))"), ("collection_min([", "a", "])"),
  ]

  @Test(arguments: nestings.indices) func aSelectorCostsItsTerms(_ index: Int) async throws {
    let nesting = Self.nestings[index]
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (k int PRIMARY KEY, a int)")
    let keyspace = try #require(node.engine.schema.keyspaces["ks"])
    let table = try #require(keyspace.tables["t"])
    let counts = try [4, 8, 16, 28].map { depth in
      try typings(
        "SELECT \(Self.nested(nesting.open, nesting.inner, nesting.close, depth)) FROM t", table, keyspace)
    }
    // Each further level costs the same: seven times the levels at most about seven times the work, and a constant.
    #expect(counts[3] <= counts[0] * 8 + 128, "\(nesting.open): \(counts)")
  }

  @Test(arguments: nestings.indices) func aTermCostsItsTerms(_ index: Int) async throws {
    let nesting = Self.nestings[index]
    let node = try await TestNode.withKeyspace()
    let type = Self.nested("frozen<list<", "int", ">>", 28)
    try await node.run("CREATE TABLE t (k int PRIMARY KEY, a int, l \(type))")
    let keyspace = try #require(node.engine.schema.keyspaces["ks"])
    let table = try #require(keyspace.tables["t"])
    for column in ["a", "l"] {
      let counts = try [4, 8, 16, 28].compactMap { depth -> Int? in
        let value = Self.nested(nesting.open, nesting.inner == "a" ? "1" : nesting.inner, nesting.close, depth)
        return try typings("INSERT INTO t (k, \(column)) VALUES (1, \(value))", table, keyspace)
      }
      #expect(counts[3] <= counts[0] * 8 + 128, "\(column) = \(nesting.open): \(counts)")
    }
  }

  /// What made a loop stop for ever.
  @Test func deepStatementsAreAnswered() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (k int PRIMARY KEY, a int)")
    for nesting in Self.nestings {
      for statement in [
        "SELECT \(Self.nested(nesting.open, nesting.inner, nesting.close, 30)) FROM system.local",
        "INSERT INTO t (k, a) VALUES (1, \(Self.nested(nesting.open, nesting.inner, nesting.close, 30)))",
        "SELECT k FROM t WHERE k = \(Self.nested(nesting.open, nesting.inner, nesting.close, 30))",
      ] { _ = try? await node.run(statement) }
    }
    try await node.run("INSERT INTO t (k, a) VALUES (1, \(Self.nested("abs(", "-7", ")", 12)))")
    #expect(try await node.run("SELECT \(Self.nested("abs(", "a", ")", 30)) FROM t") == "7")
  }

  @Test func longNamesOfResultsAreInvalid() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (k int PRIMARY KEY, a int)")
    let long = String(repeating: "x", count: 70_000)
    for statement in [
      "SELECT a AS \"\(long)\" FROM t", "SELECT (text) '\(long)' FROM t", "SELECT [(text) '\(long)'] FROM t",
    ] {
      await #expect("\(statement.prefix(30))") { try await node.run(statement) } throws: { error in
        (error as? EngineFailure)?.response.code == .invalid
      }
    }
  }
}
