import CassandraBytes

/// The rows nearest to a vector, of all that are offered: as many as LIMIT says, so its memory has a bound.
struct NearestRows {
  private struct Row {
    var score: Float
    /// How many were kept before it: of rows as near the first stay, and come first.
    var place: Int
    var bytes: [UInt8]

    /// Whether the other one comes before this one in the answer.
    func isBehind(_ other: Row) -> Bool {
      score == other.score ? place > other.place : score < other.score
    }
  }

  private let query: QueryVector
  private let limit: Int
  /// A heap, of which the first is the one to give up next.
  private var rows: [Row] = []
  private var places = 0
  private var scratch: [Float] = []
  /// Bytes of the rows that are kept.
  private(set) var heldBytes = 0

  init(to query: QueryVector, limit: Int) {
    self.query = query
    self.limit = max(1, limit)
  }

  /// The score of a row with this vector if it is to be kept, with ``keep(_:score:)``; nil otherwise.
  @inline(__always)
  mutating func score(_ vector: Span<UInt8>) -> Float? {
    guard vector.count == query.byteCount else { return nil }
    guard rows.count >= limit, let last = rows.first else { return query.score(vector, &scratch) }
    let estimate = query.estimate(vector)
    guard estimate.score + estimate.slack > last.score, let score = query.score(vector, &scratch), score > last.score
    else { return nil }
    return score
  }

  /// Keeps a row, in the place of the one that is farthest away when there is no room.
  mutating func keep(_ bytes: [UInt8], score: Float) {
    let row = Row(score: score, place: places, bytes: bytes)
    places += 1
    heldBytes += bytes.count
    if rows.count < limit {
      rows.append(row)
      rise(from: rows.count - 1)
    } else {
      heldBytes -= rows[0].bytes.count
      rows[0] = row
      sink(from: 0)
    }
  }

  private mutating func rise(from start: Int) {
    var index = start
    while index > 0 {
      let parent = (index - 1) / 2
      guard rows[index].isBehind(rows[parent]) else { return }
      rows.swapAt(index, parent)
      index = parent
    }
  }

  private mutating func sink(from start: Int) {
    var index = start
    while true {
      var last = index
      for child in [2 * index + 1, 2 * index + 2] where child < rows.count && rows[child].isBehind(rows[last]) {
        last = child
      }
      guard last != index else { return }
      rows.swapAt(index, last)
      index = last
    }
  }

  /// Appends the rows, the nearest one first, and returns how many there are.
  func write(into body: inout [UInt8]) -> Int {
    for row in rows.sorted(by: { $1.isBehind($0) }) { body.append(contentsOf: row.bytes) }
    return rows.count
  }
}
