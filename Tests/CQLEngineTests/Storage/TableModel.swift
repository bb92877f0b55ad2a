import CassandraDice
@testable import CQLEngine

/// One write of a history: what the storage gets as records, and the model as a fact.
enum HistoryWrite: Sendable {
  case marker(row: UInt8, timestamp: Int64, expiry: Expiry?)
  /// `row` nil: a static cell. `path` nil: not of a collection.
  case cell(row: UInt8?, column: ColumnID, path: [UInt8]?, timestamp: Int64, value: [UInt8], expiry: Expiry?)
  case tombstone(row: UInt8?, column: ColumnID, path: [UInt8]?, Deletion)
  case collection(row: UInt8?, column: ColumnID, Deletion)
  case row(UInt8, Deletion)
  /// `upTo` nil: to the end.
  case range(from: UInt8, upTo: UInt8?, Deletion)
  case partition(Deletion)
}

/// A partition that merges nothing: it keeps every write and works out from all of them what is visible. It shares no
/// code with the storage.
struct PartitionModel {
  var writes: [HistoryWrite] = []

  /// By which timestamp a place is deleted: the latest deletion that covers it, whenever it came.
  private func deleted(row: UInt8?, column: ColumnID?) -> Int64 {
    var through = Int64.min
    for write in writes {
      switch write {
      case .partition(let deletion): through = max(through, deletion.timestamp)
      case .row(let number, let deletion) where number == row: through = max(through, deletion.timestamp)
      case .range(let lower, let upper, let deletion):
        guard let row, row >= lower, upper.map({ row < $0 }) ?? true else { continue }
        through = max(through, deletion.timestamp)
      case .collection(let number, let deletedColumn, let deletion) where number == row && deletedColumn == column:
        through = max(through, deletion.timestamp)
      default: continue
      }
    }
    return through
  }

  /// What competes for one place, in the order in which the rules compare it.
  private struct Candidate {
    var timestamp: Int64
    var ends: Bool
    var isTombstone: Bool
    var seconds: Int64
    var ttl: Int64
    var value: [UInt8]

    var times: String { "@\(timestamp)\(ttl == 0 ? "" : "!\(ttl)")" }

    func loses(to other: Candidate) -> Bool {
      if timestamp != other.timestamp { return timestamp < other.timestamp }
      if ends != other.ends { return other.ends }
      if isTombstone != other.isTombstone { return other.isTombstone }
      if seconds != other.seconds { return seconds < other.seconds }
      if ttl != other.ttl { return ttl > other.ttl }
      return value.lexicographicallyPrecedes(other.value)
    }
  }

  private struct Place: Hashable, Comparable {
    var column: ColumnID
    var path: [UInt8]
    var hasPath: Bool

    static func < (left: Place, right: Place) -> Bool {
      left.column != right.column ? left.column < right.column : left.path.lexicographicallyPrecedes(right.path)
    }
  }

  /// The visible cells of a row (nil: the static ones), as `describe(_:)` writes them; nil when there are none.
  func visible(row: UInt8?, now: Int64) -> String? {
    var winners: [Place: Candidate] = [:]
    var markers: [Candidate] = []
    func offer(_ place: Place, _ candidate: Candidate) {
      if winners[place].map({ $0.loses(to: candidate) }) ?? true { winners[place] = candidate }
    }
    for write in writes {
      switch write {
      case .marker(let number, let timestamp, let expiry) where number == row:
        markers.append(Self.candidate(timestamp, [], expiry))
      case .cell(let number, let column, let path, let timestamp, let value, let expiry) where number == row:
        offer(Place(column: column, path: path ?? [], hasPath: path != nil), Self.candidate(timestamp, value, expiry))
      case .tombstone(let number, let column, let path, let deletion) where number == row:
        offer(
          Place(column: column, path: path ?? [], hasPath: path != nil),
          Candidate(
            timestamp: deletion.timestamp, ends: true, isTombstone: true, seconds: Int64(deletion.localSeconds), ttl: 0,
            value: []))
      default: continue
      }
    }
    var parts: [String] = []
    let marker = markers.max { $0.loses(to: $1) }
    if let marker, marker.timestamp > deleted(row: row, column: nil), Self.lives(marker, now) {
      parts.append("*\(marker.times)")
    }
    for (place, winner) in winners.sorted(by: { $0.key < $1.key }) {
      guard winner.timestamp > deleted(row: row, column: place.column), Self.lives(winner, now) else { continue }
      let value = String(decoding: winner.value, as: UTF8.self)
      let path = place.hasPath ? "[\(String(decoding: place.path, as: UTF8.self))]" : ""
      parts.append("\(place.column)\(path)=\(value)\(winner.times)")
    }
    return parts.isEmpty ? nil : parts.joined(separator: " ")
  }

  private static func candidate(_ timestamp: Int64, _ value: [UInt8], _ expiry: Expiry?) -> Candidate {
    Candidate(
      timestamp: timestamp, ends: expiry != nil, isTombstone: false, seconds: expiry.map { Int64($0.seconds) } ?? 0,
      ttl: expiry.map { Int64($0.ttl) } ?? 0, value: value)
  }

  private static func lives(_ candidate: Candidate, _ now: Int64) -> Bool {
    !candidate.isTombstone && (!candidate.ends || now < candidate.seconds)
  }

  /// All that is visible, as `Reader.contents` writes it.
  func contents(_ name: String, now: Int64) -> [String] {
    var lines: [String] = []
    if let line = visible(row: nil, now: now) { lines.append("\(name)head \(line)") }
    for row in UInt8.min...UInt8.max {
      if let line = visible(row: row, now: now) { lines.append("\(name)[\(row)] \(line)") }
    }
    return lines
  }
}

/// Random histories: few rows and few timestamps, so that everything meets everything.
struct HistoryGenerator {
  var random: Dice
  /// The time of the writes, in seconds.
  var now: Int64 = 10_000

  /// What is written; one is so long that its record stands apart.
  var values = ["", "a", "b", "bb", "\u{e9}", String(repeating: "long", count: 300)]
  /// The columns that are written; those of collections are as many, from 11 on.
  var columns: ClosedRange<ColumnID> = 1...2
  /// The rows that are written.
  var rows: Range<UInt8> = 0..<6

  mutating func write() -> HistoryWrite {
    let row = UInt8.random(in: rows, using: &random)
    let target = random.oneIn(5) ? nil : row
    let timestamp = Int64.random(in: -2...5, using: &random)
    let deletion = Deletion(timestamp: timestamp, localSeconds: UInt32(now + Int64.random(in: 0...2, using: &random)))
    let isCollection = Bool.random(using: &random)
    let column = ColumnID.random(in: columns, using: &random) + (isCollection ? 10 : 0)
    let path = isCollection ? Array("\(UInt8.random(in: 0..<2, using: &random))".utf8) : nil
    switch Int.random(in: 0..<20, using: &random) {
    case 0..<3: return .marker(row: row, timestamp: timestamp, expiry: expiry())
    case 3..<11:
      let value = Array(values.randomElement(using: &random)!.utf8)
      return .cell(row: target, column: column, path: path, timestamp: timestamp, value: value, expiry: expiry())
    case 11..<14: return .tombstone(row: target, column: column, path: path, deletion)
    case 14..<16: return .collection(row: target, column: ColumnID.random(in: columns, using: &random) + 10, deletion)
    case 16..<17: return .row(row, deletion)
    case 17..<19:
      let upper = row + UInt8.random(in: 0..<4, using: &random)
      return .range(from: row, upTo: random.oneIn(4) ? nil : upper, deletion)
    default: return random.oneIn(3) ? .partition(deletion) : .row(row, deletion)
    }
  }

  private mutating func expiry() -> Expiry? {
    guard random.oneIn(3) else { return nil }
    // Written at different times, so that some end together.
    let ttl = UInt32.random(in: 1...3, using: &random) * 50
    return Expiry(ttl: ttl, seconds: UInt32(now) + UInt32.random(in: 1...3, using: &random) * 50)
  }
}

/// Makes one mutation of a partition's writes, as the engine would of a statement or a batch.
func mutation(_ writes: [HistoryWrite], to partition: PartitionKey, of table: TableHandle) -> PartitionMutation {
  func add(_ writes: [HistoryWrite], to builder: inout RecordBuilder) {
    for write in writes {
      switch write {
      case .cell(_, let column, let path, let timestamp, let value, let expiry):
        if let path {
          builder.addCell(column, path: path.span, value: value.span, timestamp: timestamp, expiry: expiry)
        } else {
          builder.addCell(column, value: value.span, timestamp: timestamp, expiry: expiry)
        }
      case .tombstone(_, let column, let path, let deletion):
        if let path {
          builder.addTombstone(column, path: path.span, deletion)
        } else {
          builder.addTombstone(column, deletion)
        }
      case .collection(_, let column, let deletion): builder.addCollectionDeletion(column, deletion)
      case .marker, .row, .range, .partition: continue
      }
    }
  }
  var result = PartitionMutation(table: table, partition: partition)
  var head: [HistoryWrite] = []
  for write in writes {
    switch write {
    case .marker(let row, let timestamp, let expiry):
      result.rows.append(
        RowMutation(clustering: [row], record: record { $0.setMarker(timestamp: timestamp, expiry: expiry) }))
    case .row(let row, let deletion):
      result.rows.append(RowMutation(clustering: [row], record: record { $0.setDeletion(deletion) }))
    case .partition(let deletion):
      // A record has one deletion of its partition; several come one after the other.
      result.head = record { $0.setDeletion(deletion) }
      return PartitionMutation(table: table, partition: partition, head: result.head, rows: result.rows)
    case .range(let lower, let upper, let deletion):
      head.append(.range(from: lower, upTo: upper, deletion))
    case .cell(nil, _, _, _, _, _), .tombstone(nil, _, _, _), .collection(nil, _, _): head.append(write)
    case .cell(let row?, _, _, _, _, _), .tombstone(let row?, _, _, _), .collection(let row?, _, _):
      let same = writes.filter { other in
        switch other {
        case .cell(row, _, _, _, _, _), .tombstone(row, _, _, _), .collection(row, _, _): true
        default: false
        }
      }
      // All cells of the row at once, in the order in which they came, which need not be the record's.
      if !result.rows.contains(where: { $0.clustering == [row, 0] }) {
        result.rows.append(RowMutation(clustering: [row, 0], record: record { add(same, to: &$0) }))
      }
    }
  }
  for index in result.rows.indices where result.rows[index].clustering.count == 2 {
    result.rows[index].clustering.removeLast()
  }
  if !head.isEmpty {
    result.head = record { builder in
      for case .range(let lower, let upper, let deletion) in head {
        builder.addRangeDeletion(from: [lower], upTo: upper.map { [$0] }, deletion)
      }
      add(head, to: &builder)
    }
  }
  return result
}
