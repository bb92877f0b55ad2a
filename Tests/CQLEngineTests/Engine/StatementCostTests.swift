import CassandraBytes
import CassandraWire
import Testing

@testable import CQLEngine

/// What a statement costs grows with it and with what it names, and not with their product; where it has to, there is a
/// bound.
@Suite(.timeLimit(.minutes(5))) struct StatementCostTests {
  private static let large = String(repeating: "x", count: 1 << 20)

  private static func list(_ range: Range<Int>, _ element: (Int) -> String) -> String {
    range.map(element).joined(separator: ", ")
  }

  private func expectInvalid(_ node: TestNode, _ statement: String) async {
    await #expect("\(statement.prefix(40))") { try await node.run(statement) } throws: { error in
      (error as? EngineFailure)?.response.code == .invalid
    }
  }

  @Test func aValueForManyRowsIsBounded() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (k int, c int, s text static, v text, PRIMARY KEY (k, c))")
    for place in [
      "k IN (\(Self.list(0..<70) { "\($0)" })) AND c = 1", "k = 1 AND c IN (\(Self.list(0..<70) { "\($0)" }))",
    ] {
      await expectInvalid(node, "UPDATE t SET v = '\(Self.large)' WHERE \(place)")
    }
    await expectInvalid(node, "UPDATE t SET s = '\(Self.large)' WHERE k IN (\(Self.list(0..<70) { "\($0)" }))")
    #expect(try await node.run("SELECT count(*) FROM t") == "0")
    try await node.run("UPDATE t SET v = '\(Self.large)' WHERE k IN (1, 2, 3) AND c IN (1, 2)")
    #expect(try await node.run("SELECT count(*) FROM t") == "6")
  }

  @Test func keysThatMultiplyAreBounded() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (a text, b text, c text, d text, v int, PRIMARY KEY ((a, b), c, d))")
    let long = Self.large.prefix(20_000)
    let texts = Self.list(0..<60) { "'\($0)\(long)'" }
    await expectInvalid(node, "SELECT v FROM t WHERE a IN (\(texts)) AND b IN (\(texts))")
    await expectInvalid(node, "SELECT v FROM t WHERE a = 'a' AND b = 'b' AND c IN (\(texts)) AND d IN (\(texts))")
    for verb in ["DELETE FROM t", "UPDATE t SET v = 1"] {
      await expectInvalid(node, "\(verb) WHERE a = 'a' AND b = 'b' AND c IN (\(texts)) AND d IN (\(texts))")
    }
    let short = Self.list(0..<100) { "'\($0)'" }
    await expectInvalid(node, "DELETE FROM t WHERE a IN (\(short)) AND b IN (\(short)) AND c IN (\(short))")
    await expectInvalid(
      node, "UPDATE t SET v = 1 WHERE a IN (\(short)) AND b = 'b' AND c IN (\(short)) AND d IN (\(short))")
    try await node.run("UPDATE t SET v = 1 WHERE a IN ('1', '2') AND b = 'b' AND c IN ('1', '2') AND d IN (\(short))")
    #expect(try await node.run("SELECT count(*) FROM t WHERE a IN (\(short)) AND b = 'b'") == "400")
  }

  @Test func aValueThatIsNamedManyTimesIsCountedAsOften() throws {
    let markers = (0..<100).map { _ in ColumnSpecification(keyspace: "ks", table: "t", name: "v", type: .blob) }
    let value = BoundValue.bytes([UInt8](repeating: 1, count: 1 << 20))
    #expect {
      _ = try Bindings(.named([("v", value)]), for: markers, isPrepared: true)
    } throws: { error in
      (error as? EngineFailure)?.response.code == .invalid
    }
    _ = try Bindings(.named([("v", value)]), for: Array(markers.prefix(3)), isPrepared: true)
  }

  /// A table with a row whose collections have so many elements.
  private func withCollections(_ count: Int) async throws -> TestNode {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (k int PRIMARY KEY, m map<text, text>, l list<int>, s set<text>, v int)")
    let entries = Self.list(0..<count) { "'\($0)': 'x'" }
    let texts = Self.list(0..<count) { "'\($0)'" }
    try await node.run("INSERT INTO t (k, m, s) VALUES (1, {\(entries)}, {\(texts)})")
    try await node.run("UPDATE t SET l = [\(Self.list(0..<count) { "\($0)" })] WHERE k = 1")
    return node
  }

  @Test func manyElementsOfALongRowAreRefused() async throws {
    let node = try await withCollections(10_000)
    await expectInvalid(node, "SELECT \(Self.list(0..<3_000) { "m['\($0)']" }) FROM t WHERE k = 1")
    #expect(try await node.page("SELECT \(Self.list(0..<20) { "m['\($0)']" }) FROM t").rows[0].count == 20)
  }

  @Test func conditionsOnManyElementsCostWhatThereIs() async throws {
    let node = try await withCollections(8_000)
    let each = (0..<8_000)
    func conditions(_ one: (Int) -> String) -> String { each.map(one).joined(separator: " AND ") }
    for condition in [conditions { "m['\($0)'] = 'x'" }, conditions { "l[\($0)] = \($0)" }] {
      #expect(try await node.run("UPDATE t SET v = 1 WHERE k = 1 IF \(condition)") == "true")
      let refused = try await node.page("UPDATE t SET v = 1 WHERE k = 1 IF \(condition) AND m['0'] = 'y'")
      #expect(refused.rows.first?.first == .boolean(false))
    }
    let filters = [conditions { "s CONTAINS '\($0)'" }, conditions { "m['\($0)'] = 'x'" }]
    for filter in filters {
      #expect(try await node.run("SELECT v FROM t WHERE \(filter) ALLOW FILTERING") == "1")
      #expect(try await node.run("SELECT v FROM t WHERE \(filter) AND s CONTAINS 'no' ALLOW FILTERING") == "")
    }
  }

  @Test func aBatchReadsALongListOnce() async throws {
    let node = try await withCollections(8_000)
    let changes = (0..<4_000).map {
      "UPDATE t SET l[\($0)] = -1 WHERE k = 1; UPDATE t SET l = l - [\($0 + 4_000)] WHERE k = 1;"
    }
    try await node.run("BEGIN UNLOGGED BATCH \(changes.joined(separator: " ")) APPLY BATCH")
    let list = try await node.page("SELECT l FROM t WHERE k = 1").rows[0][0]
    guard case .list(let elements) = list else {
      Issue.record("\(list)")
      return
    }
    #expect(elements.count == 4_000 && elements.allSatisfy { $0 == .int(-1) })
  }

  @Test func aBatchWithConditionsOnManyRowsCostsItsRows() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (k int, c int, v int, PRIMARY KEY (k, c))")
    let writes = (0..<8_000).map { "INSERT INTO t (k, c, v) VALUES (1, \($0), 1) IF NOT EXISTS;" }
    #expect(try await node.run("BEGIN BATCH \(writes.joined(separator: " ")) APPLY BATCH") == "true")
    let same = (0..<8_000).map { "UPDATE t SET v = 2 WHERE k = 1 AND c = \($0 % 2) IF v = 1;" }
    #expect(try await node.run("BEGIN BATCH \(same.joined(separator: " ")) APPLY BATCH") == "true")
    await expectInvalid(
      node,
      """
      BEGIN BATCH UPDATE t SET v = 2 WHERE k = 1 AND c = 1 IF EXISTS;
      INSERT INTO t (k, c) VALUES (1, 1) IF NOT EXISTS; APPLY BATCH
      """)
  }

  @Test func rowsThatAreShownAreBounded() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (k int, c int, s text static, v int, PRIMARY KEY (k, c))")
    try await node.run("UPDATE t SET s = '\(Self.large)' WHERE k = 1")
    for number in 0..<70 { try await node.run("INSERT INTO t (k, c, v) VALUES (1, \(number), 1)") }
    func batch(_ count: Int) -> String {
      let writes = (0..<count).map { "UPDATE t SET v = 2 WHERE k = 1 AND c = \($0) IF v = 3 AND s = 'no';" }
      return "BEGIN BATCH \(writes.joined(separator: " ")) APPLY BATCH"
    }
    await expectInvalid(node, batch(70))
    #expect(try await node.page(batch(2)).rows.count == 2)
  }
}
