import CassandraBytes
import CassandraWire
import Testing

@testable import CQLEngine

/// Groups come out the same whatever the pages, the limits and the way in which the rows are found.
@Suite(.timeLimit(.minutes(5))) struct GroupingTests {
  private struct Row: Hashable {
    var k: Int
    var c: Int
    var d: Int
    var v: Int
  }

  private func filled() async throws -> (TestNode, [Row]) {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (k int, c int, d int, v int, st int static, PRIMARY KEY (k, c, d))")
    var rows: [Row] = []
    for k in 1...4 {
      for c in 1...3 {
        for d in 0..<(k * c) % 4 { rows.append(Row(k: k, c: c, d: d, v: k * 100 + c * 10 + d)) }
      }
    }
    for row in rows {
      try await node.run("INSERT INTO t (k, c, d, v) VALUES (\(row.k), \(row.c), \(row.d), \(row.v))")
    }
    return (node, rows)
  }

  /// The pages of a statement, put together; none has more than its size, and all but the last are full.
  private func paged(_ node: TestNode, _ statement: String, _ size: Int32) async throws -> [String] {
    var rows: [String] = []
    var state: [UInt8]?
    repeat {
      let page = try await node.page(statement, pageSize: size, state: state)
      #expect(page.rows.count <= Int(size))
      #expect(page.state == nil || page.rows.count == Int(size), "\(statement)")
      rows += page.rows.map { $0.map(\.description).joined(separator: " ") }
      state = page.state
    } while state != nil && rows.count < 1_000
    return rows
  }

  private static let clauses = [
    "GROUP BY k", "GROUP BY k, c", "GROUP BY k, c, d", "GROUP BY k, c LIMIT 5", "GROUP BY k, c PER PARTITION LIMIT 1",
    "GROUP BY k, c PER PARTITION LIMIT 2 LIMIT 5", "WHERE k IN (1, 2, 3, 4) GROUP BY k, c",
    "WHERE k IN (3, 1) GROUP BY k, c PER PARTITION LIMIT 1", "WHERE k = 3 GROUP BY k, c ORDER BY c DESC",
    "WHERE k = 3 AND c > 1 GROUP BY c", "WHERE k = 3 AND c = 1 GROUP BY d",
    "WHERE v > 200 GROUP BY k, c ALLOW FILTERING",
    "WHERE k = 3 AND c = 1 AND d = 1 GROUP BY k", "GROUP BY k, c, abs(d)",
  ]

  @Test(arguments: clauses) func pagesOfGroupsAreTheWhole(_ clause: String) async throws {
    let (node, _) = try await filled()
    let statement = "SELECT k, c, count(*), sum(v), d FROM t \(clause)"
    guard let whole = try? await node.page(statement).rows.map({ $0.map(\.description).joined(separator: " ") }) else {
      // A function that does not keep the order is refused.
      #expect(clause.contains("abs"))
      return
    }
    #expect(!whole.isEmpty)
    for size: Int32 in [1, 2, 3, 7, 100] {
      #expect(try await paged(node, statement, size) == whole, "\(clause) in pages of \(size)")
    }
  }

  @Test func groupsAreThoseOfTheRows() async throws {
    let (node, rows) = try await filled()
    var expected: [String: (count: Int, sum: Int)] = [:]
    for row in rows { expected["\(row.k) \(row.c)", default: (0, 0)].count += 1 }
    for row in rows { expected["\(row.k) \(row.c)", default: (0, 0)].sum += row.v }
    let found = try await node.run("SELECT k, c, count(*), sum(v) FROM t GROUP BY k, c")
    let wanted = expected.map { "\($0.key) \($0.value.count) \($0.value.sum)" }
    #expect(found.split(separator: "\n").map(String.init).sorted() == wanted.sorted())
  }

  /// 1.0 and 1.00 are one place in the order of decimals, and one group.
  @Test func equalValuesOfOtherBytesAreOneGroup() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (k int, m decimal, c int, PRIMARY KEY (k, m, c))")
    for (m, c) in [("1.0", 1), ("1.00", 2), ("1", 3), ("1.01", 4)] {
      try await node.run("INSERT INTO t (k, m, c) VALUES (1, \(m), \(c))")
    }
    #expect(try await node.run("SELECT count(*) FROM t GROUP BY k, m") == "3\n1")
  }

  @Test func anIndexDrivesGroups() async throws {
    let (node, _) = try await filled()
    try await node.run("CREATE INDEX i ON t (v)")
    try await node.run("UPDATE t SET v = 7 WHERE k = 3 AND c = 1 AND d = 0")
    try await node.run("UPDATE t SET v = 7 WHERE k = 3 AND c = 1 AND d = 1")
    try await node.run("UPDATE t SET v = 7 WHERE k = 1 AND c = 1 AND d = 0")
    let statement = "SELECT k, c, count(*) FROM t WHERE v = 7 GROUP BY k, c"
    let whole = try await node.page(statement).rows.map { $0.map(\.description).joined(separator: " ") }
    #expect(whole.sorted() == ["1 1 1", "3 1 2"])
    for size: Int32 in [1, 2, 10] { #expect(try await paged(node, statement, size) == whole) }
  }
}
