import CassandraBytes
import CassandraDice
@testable import CQLEngine
import CassandraWire
import Testing

/// Neighbours of vectors: beside what sorting all of them by their scores gives.
@Suite("Neighbours of a vector", .timeLimit(.minutes(10)))
struct NeighbourTests {
  private static func bytes(_ elements: [Float]) -> [UInt8] {
    var bytes: [UInt8] = []
    for element in elements { bytes.append(bigEndian: element.bitPattern) }
    return bytes
  }

  private static func vector(_ dimensions: Int, _ dice: inout Dice) -> [Float] {
    (0..<dimensions).map { _ in Float.random(in: -1...1, using: &dice) }
  }

  @Test("are those with the best scores, in their order", arguments: [1, 2, 3, 7, 8, 9, 16, 31, 96], [1, 2, 10, 300])
  func nearest(_ dimensions: Int, _ limit: Int) {
    var dice = Dice(seed: UInt64(dimensions * 1_000 + limit))
    for similarity in VectorSimilarity.allCases where similarity != .cosine || dimensions > 1 {
      let wanted = Self.vector(dimensions, &dice)
      var rows: [(score: Float, place: Int)] = []
      var nearest = NearestRows(to: QueryVector(wanted, similarity), limit: limit)
      var stored: [[Float]] = []
      for place in 0..<400 {
        // Equal vectors too, and those that differ from another one in their last bits only.
        var vector = Self.vector(dimensions, &dice)
        if dice.chance(30), let other = stored.randomElement(using: &dice) { vector = other }
        if dice.chance(30), let first = vector.first { vector[0] = first.nextUp }
        stored.append(vector)
        rows.append((similarity.score(wanted, vector), place))
        if let score = nearest.score(Self.bytes(vector).span) {
          nearest.keep([UInt8(place >> 8), UInt8(place & 255)], score: score)
        }
      }
      let best = rows.sorted { $0.score == $1.score ? $0.place < $1.place : $0.score > $1.score }.prefix(limit)
      var found: [UInt8] = []
      #expect(nearest.write(into: &found) == min(limit, 400))
      #expect(found == best.flatMap { [UInt8($0.place >> 8), UInt8($0.place & 255)] }, "\(similarity)")
      #expect(nearest.heldBytes == found.count)
    }
  }

  @Test("have scores no larger than what is estimated before", arguments: [1, 8, 33, 384, 1_536])
  func estimates(_ dimensions: Int) {
    var dice = Dice(seed: UInt64(dimensions))
    for similarity in VectorSimilarity.allCases {
      for scale in [1e-3, 1, 1e6] as [Float] {
        let wanted = Self.vector(dimensions, &dice).map { $0 * scale }
        for _ in 0..<50 {
          let vector = Self.vector(dimensions, &dice).map { $0 * scale }
          let estimate = QueryVector(wanted, similarity).estimate(Self.bytes(vector).span)
          #expect(similarity.score(wanted, vector) <= estimate.score + estimate.slack, "\(similarity) at \(scale)")
        }
      }
    }
  }

  @Test("are never vectors that cannot be compared")
  func faults() {
    for similarity in VectorSimilarity.allCases {
      var nearest = NearestRows(to: QueryVector([1, 2], similarity), limit: 2)
      for vector in [[.nan, 1], [.infinity, 1], [1, -.infinity], [1e18, 1]] as [[Float]] {
        #expect(nearest.score(Self.bytes(vector).span) == nil)
      }
      #expect(nearest.score(Self.bytes([1]).span) == nil)
      #expect(nearest.score(Self.bytes([1, 2, 3]).span) == nil)
      #expect((nearest.score(Self.bytes([0, 0]).span) == nil) == (similarity == .cosine))
      for _ in 0..<2 { nearest.keep([], score: -10) }
      for vector in [[.nan, 1], [.infinity, 1], [1e18, 1]] as [[Float]] {
        #expect(nearest.score(Self.bytes(vector).span) == nil)
      }
    }
  }

  @Test("are found in a table of many slices, beside everything else that a statement may say")
  func tables() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run(
      "CREATE TABLE t (k int, c int, v vector<float, 4>, n int, s int static, PRIMARY KEY (k, c)) WITH CLUSTERING ORDER BY (c DESC)"
    )
    try await node.run("CREATE CUSTOM INDEX ON t (v) USING 'StorageAttachedIndex'")
    try await node.run("CREATE CUSTOM INDEX ON t (n) USING 'StorageAttachedIndex'")
    let insert = try node.prepare("INSERT INTO t (k, c, v, n, s) VALUES (?, ?, ?, ?, 1)")
    var dice = Dice(seed: 7)
    var stored: [(k: Int, c: Int, vector: [Float], n: Int)] = []
    for number in 0..<12_000 {
      let row = (k: number % 400, c: number / 400, vector: Self.vector(4, &dice), n: dice.number(0...3))
      stored.append(row)
      _ = try await node.execute(
        insert,
        [
          try .of(row.k, .int), try .of(row.c, .int), .bytes(Self.bytes(row.vector)), try .of(row.n, .int),
        ])
    }
    let wanted = Self.vector(4, &dice)
    func best(_ limit: Int, _ isMeant: ((k: Int, c: Int, vector: [Float], n: Int)) -> Bool) -> [String] {
      stored.filter(isMeant).map { ($0, VectorSimilarity.cosine.score($0.vector, wanted)) }.sorted { $0.1 > $1.1 }
        .prefix(limit).map { "\($0.0.k) \($0.0.c)" }
    }
    let queries: [(text: String, limit: Int, rows: [String])] = [
      ("", 25, best(25) { _ in true }), ("WHERE n = 2", 25, best(25) { $0.n == 2 }),
      ("WHERE n > 0 AND n < 3", 7, best(7) { $0.n > 0 && $0.n < 3 }), ("WHERE k = 17", 100, best(100) { $0.k == 17 }),
      ("WHERE k = 17 AND c < 20", 3, best(3) { $0.k == 17 && $0.c < 20 }),
      ("WHERE k = 17 AND n = 1", 100, best(100) { $0.k == 17 && $0.n == 1 }),
    ]
    for (clause, limit, rows) in queries {
      let text = "SELECT k, c FROM t \(clause) ORDER BY v ANN OF ? LIMIT \(limit)"
      let found = try await node.page(text, values: [.bytes(Self.bytes(wanted))])
      #expect(found.text == rows.joined(separator: "\n"), "\(clause)")
      #expect(found.state == nil)
    }
    let trace = try #require(node.executor.trace(for: nil))
    node.session.trace = trace
    _ = try await node.page("SELECT k FROM t ORDER BY v ANN OF ? LIMIT 3", values: [.bytes(Self.bytes(wanted))])
    trace.finish()
    let events = try await node.run("SELECT activity FROM system_traces.events WHERE session_id = \(trace.id)")
    // Heads of partitions are records as well.
    let read = try #require(events.split(separator: "\n").first { $0.contains(" records in ") })
    #expect(
      read.contains("Read 12400 records") && !read.contains(" in 1 slices") && read.contains("for 3 rows"), "\(read)")
  }
}
