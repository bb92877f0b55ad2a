import CassandraRowJSON
import CassandraWire
import Cassandra
import Measuring
import CassandraReactor

/// One genus read whole, page by page.
struct Scan: Sendable {
  /// Rows of a page.
  static let pageSize = 5000

  let client: CassandraClient
  let work: Work

  private struct Mark {
    var rows: Int
    var usage: Usage
  }

  func run(on loop: EventLoop) async throws -> Figures {
    let work = work
    return try await loop.run {
      let rows = try await client.query(
        "SELECT genus, species, sightings FROM plants WHERE genus = \("Million")",
        options: QueryOptions(pageSize: Self.pageSize))
      return switch work {
      case .json: try await write(rows)
      case .pageBorrowed: try await borrow(rows)
      default: try await decode(rows)
      }
    }
  }

  private func decode(_ rows: Rows) async throws -> Figures {
    var marks = [Mark(rows: 0, usage: .now)]
    var (count, sum, bytes) = (0, 0, 0)
    try await rows.forEachRow { cells in
      let (genus, species) = (try cells.next(String.self), try cells.next(String.self))
      sum += try cells.next(Int.self)
      bytes += genus.utf8.count + species.utf8.count
      count += 1
      if count % Self.pageSize == 0 { marks.append(Mark(rows: count, usage: .now)) }
    }
    return figures(marks, check: (count, sum, bytes))
  }

  private func borrow(_ rows: Rows) async throws -> Figures {
    var marks = [Mark(rows: 0, usage: .now)]
    var (count, sum, bytes) = (0, 0, 0)
    try await rows.forEachRow { cells in
      guard let genus = try cells.nextText(), let species = try cells.nextText() else { throw Missing() }
      sum += try cells.next(Int.self)
      bytes += genus.count + species.count
      count += 1
      if count % Self.pageSize == 0 { marks.append(Mark(rows: count, usage: .now)) }
    }
    return figures(marks, check: (count, sum, bytes))
  }

  private func write(_ rows: Rows) async throws -> Figures {
    var marks = [Mark(rows: 0, usage: .now)]
    var buffer: [UInt8] = []
    buffer.reserveCapacity(66 << 10)
    var (count, bytes) = (0, 0)
    for try await page in rows.pages {
      var position = page.firstPosition
      var isFirst = true
      while page.hasRow(at: position) {
        try page.appendJSON(from: &position, isFirst: &isFirst, into: &buffer, limit: 64 << 10)
        if buffer.count >= 64 << 10 {
          bytes += buffer.count
          buffer.removeAll(keepingCapacity: true)
        }
      }
      count += page.rowCount
      marks.append(Mark(rows: count, usage: .now))
    }
    return figures(marks, check: (count, 0, bytes + buffer.count))
  }

  /// How many rows there are is known only at the end, so the end of the warm-up is found among the marks.
  private func figures(_ marks: [Mark], check: (rows: Int, sum: Int, bytes: Int)) -> Figures {
    let end = Mark(rows: check.rows, usage: .now)
    let warm = marks.firstIndex { $0.rows * 10 >= end.rows } ?? 0
    var latencies = Histogram()
    for (left, right) in zip(marks[warm...], marks[warm...].dropFirst()) {
      latencies.record(UInt64((right.usage.wall - left.usage.wall) * 1e9))
    }
    return Figures(
      operations: end.rows - marks[warm].rows, began: marks[warm].usage, ended: end.usage, latencies: latencies,
      check: #""check":{"rows":\#(check.rows),"sum":\#(check.sum),"bytes":\#(check.bytes)}"#)
  }
}
