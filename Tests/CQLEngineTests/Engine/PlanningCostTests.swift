import CQLLanguage
import CassandraWire
import Testing

@testable import CQLEngine

/// Planning costs as much as a statement has terms, and not as many as its nesting multiplies them to.
@Suite(.timeLimit(.minutes(5))) struct PlanningCostTests {
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

  /// Each type has the one before it twice, so that few declarations would have more parts than there is memory for.
  @Test func typesThatMultiplyAreRefused() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TYPE t0 (a int, b int)")
    var declared = 0
    while declared < 40 {
      let next = "CREATE TYPE t\(declared + 1) (a frozen<t\(declared)>, b frozen<t\(declared)>)"
      do { try await node.run(next) } catch let error as EngineFailure {
        #expect(error.response.code == .invalid)
        break
      }
      declared += 1
    }
    #expect((8...15).contains(declared))
    // Neither does a change make one too large, nor are tables and casts a way around it.
    for statement in [
      "ALTER TYPE t0 ADD c frozen<tuple<\(Array(repeating: "int", count: 100).joined(separator: ", "))>>",
      "CREATE TABLE big (k int PRIMARY KEY, v frozen<tuple<t\(declared), t\(declared)>>)",
      "CREATE FUNCTION f (a frozen<tuple<t\(declared), t\(declared)>>) CALLED ON NULL INPUT RETURNS int LANGUAGE java AS ''",
      "SELECT (frozen<tuple<t\(declared), t\(declared)>>) null FROM system.local",
    ] {
      await #expect("\(statement.prefix(30))") { try await node.run(statement) } throws: { error in
        (error as? EngineFailure)?.response.code == .invalid
      }
    }
    // What was there is as it was.
    try await node.run("CREATE TABLE fine (k int PRIMARY KEY, v frozen<t\(declared)>)")
    #expect(try await node.run("SELECT v FROM fine") == "")
  }

  @Test func typesWithinTypesAreBounded() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TYPE t0 (a int)")
    await #expect {
      for number in 1...1_000 { try await node.run("CREATE TYPE t\(number) (a frozen<t\(number - 1)>)") }
    } throws: { error in
      (error as? EngineFailure)?.response.code == .invalid
    }
  }

  @Test func columnsThatAreTooLongTogetherAreRefused() async throws {
    let node = try await TestNode.withKeyspace()
    let numbers = Array(repeating: "int", count: 16_000).joined(separator: ", ")
    try await node.run("CREATE TYPE u (a frozen<tuple<\(numbers)>>)")
    try await node.run("CREATE TABLE t (k int PRIMARY KEY, v frozen<u>)")
    let many = Array(repeating: "v", count: 300).joined(separator: ", ")
    let columns = (0..<300).map { "c\($0) frozen<u>" }.joined(separator: ", ")
    for statement in [
      "SELECT \(many) FROM t", "CREATE TABLE x (k int PRIMARY KEY, \(columns))", "ALTER TABLE t ADD (\(columns))",
    ] {
      await #expect("\(statement.prefix(30))") { try await node.run(statement) } throws: { error in
        (error as? EngineFailure)?.response.code == .invalid
      }
    }
    #expect(try node.prepare("SELECT v FROM t").result.columnCount == 1)
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

  /// What is known of the markers goes from one statement of a batch to the next: with a copy for each, so many would not be
  /// planned within the time limit.
  @Test(.timeLimit(.minutes(1))) func aBatchCostsItsStatements() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (k int PRIMARY KEY, a int)")
    let count = 40_000
    let text = "BEGIN BATCH \(String(repeating: "DELETE FROM t WHERE k=?;", count: count)) APPLY BATCH"
    let planned = try StatementPlanner.plan(
      try CQLParser.parse(text), node.engine.schema, keyspace: "ks", digest: 0)
    #expect(planned.markers.count == count && planned.markers.allSatisfy { $0.type == .int })
    #expect(planned.partitionKeyIndexes == [0])
  }
}
