import CassandraReactor
import CassandraWire
import Testing

@testable import Cassandra

/// How many rows a page has is up to the server: reading them does not keep a loop from its other connections.
@Suite(.timeLimit(.minutes(1))) struct RowSliceTests {
  private static func rows(_ count: Int) throws -> Rows {
    var body: [UInt8] = []
    let columns = ["a", "b"].map { ColumnSpecification(keyspace: "k", table: "t", name: $0, type: .int) }
    try RowsResult(metadata: ResultMetadata(columns: columns), rowCount: count).encode(into: &body, version: .v4)
    for number in 0..<Int32(count) {
      try body.append(value: CQLValue.int(number), as: .int)
      try body.append(value: CQLValue.null, as: .int)
    }
    return Rows(try Page(body: body, at: 4, version: .v4, layout: nil))
  }

  /// How many rows were read, and how often the loop has turned meanwhile.
  private func read(
    _ count: Int, _ body: @Sendable @escaping (Rows) async throws -> Int
  ) async throws -> (rows: Int, turns: UInt64) {
    let loops = try EventLoops(count: 1)
    let loop = loops[0]
    let rows = try Self.rows(count)
    let result = try await loop.run {
      let before = loop.turnNumber
      let read = try await body(rows)
      return (read, loop.turnNumber - before)
    }
    await loops.shutDown()
    return result
  }

  private struct Model: Decodable { var a: Int, b: Int? }

  private static let ways: [(String, @Sendable (Rows) async throws -> Int)] = [
    (
      "rows",
      { rows in
        var count = 0
        for try await row in rows where try row.decode(Int.self, at: 0) == count { count += 1 }
        return count
      }
    ),
    (
      "tuples",
      { rows in
        var count = 0
        for try await (a, b) in rows.decode((Int, Int?).self) where a == count && b == nil { count += 1 }
        return count
      }
    ),
    (
      "models",
      { rows in
        var count = 0
        for try await model in rows.decode(Model.self) where model.a == count && model.b == nil { count += 1 }
        return count
      }
    ),
    (
      "forEach",
      { rows in
        var count = 0
        try await rows.forEach((Int, Int?).self) { a, b in if a == count && b == nil { count += 1 } }
        return count
      }
    ),
    (
      "forEachRow",
      { rows in
        var count = 0
        try await rows.forEachRow { cells in if try cells.next(Int.self) == count { count += 1 } }
        return count
      }
    ),
  ]

  @Test(arguments: ways.indices) func everyWayLetsTheLoopTurn(_ way: Int) async throws {
    let (name, body) = Self.ways[way]
    let (rows, turns) = try await read(100_000, body)
    #expect(rows == 100_000, "\(name)")
    #expect(turns >= 10, "\(name)")
    // As many as are usually asked for are read at once.
    let (few, none) = try await read(5_000, body)
    #expect(few == 5_000 && none == 0, "\(name)")
  }

  @Test func pagesAreCheckedInPieces() async throws {
    let (rows, turns) = try await read(600_000) { rows in
      var count = 0
      for try await page in rows.pages { count += page.rowCount }
      return count
    }
    #expect(rows == 600_000 && turns >= 2)
  }
}
