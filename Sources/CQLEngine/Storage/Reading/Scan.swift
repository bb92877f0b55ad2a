internal import CassandraBytes

/// Prepared scans of a range in both directions, with the buffers of the bounds that they are bound to.
final class Scan {
  private let forwards: Statement
  private let backwards: Statement

  private let longs: Statement

  init(_ database: Database) throws(StorageError) {
    forwards = try database.prepare("SELECT k, v FROM records WHERE k >= ?1 AND k < ?2 ORDER BY k")
    backwards = try database.prepare("SELECT k, v FROM records WHERE k >= ?1 AND k < ?2 ORDER BY k DESC")
    longs = try database.prepare("SELECT v FROM longs WHERE id = ?1")
  }

  /// Records between two looks at the clock.
  private static let clockRecords = 32
  /// Bytes of records between two looks at the clock.
  private static let clockBytes = 64 << 10

  private enum Pass {
    case ended(ScanEnd)
    case skip(rest: KeyRange)
  }

  /// Gives the keys (without the table's number) and bytes of a range's records to `body`.
  func run(
    _ table: TableNumber, _ range: KeyRange, reverse: Bool, _ budget: SliceBudget,
    _ body: (_ key: Span<UInt8>, _ bytes: Span<UInt8>) throws(StorageError) -> ScanStep
  ) throws(StorageError) -> ScanEnd {
    var range = range
    var left = max(budget.records, 1)
    let deadline = monotonicMicroseconds() + budget.microseconds
    while true {
      switch try pass(table, range, reverse: reverse, left: &left, deadline: deadline, body) {
      case .ended(let end): return end
      case .skip(let rest):
        range = rest
        if left <= 0 || monotonicMicroseconds() >= deadline { return .slice(rest: range) }
      }
    }
  }

  /// One run of the statement: until the end, or until a partition is to be skipped.
  private func pass(
    _ table: TableNumber, _ range: KeyRange, reverse: Bool, left: inout Int, deadline: Int,
    _ body: (_ key: Span<UInt8>, _ bytes: Span<UInt8>) throws(StorageError) -> ScanStep
  ) throws(StorageError) -> Pass {
    let statement = reverse ? backwards : forwards
    var lower: [UInt8] = []
    lower.append(bigEndian: table.rawValue)
    var upper = lower
    lower.append(contentsOf: range.lower)
    if range.upper.isEmpty { upper = KeyRange.prefixEnd(upper) } else { upper.append(contentsOf: range.upper) }
    return try unsafe lower.withUnsafeBufferPointer { lower throws(StorageError) in
      try unsafe upper.withUnsafeBufferPointer { upper throws(StorageError) in
        defer { statement.reset() }
        try unsafe statement.bind(1, inPlace: lower)
        try unsafe statement.bind(2, inPlace: upper)
        var untilClock = Self.clockRecords
        var bytesUntilClock = Self.clockBytes
        while try statement.step() {
          let stored = unsafe statement.bytesInPlace(0).span
          let bytes = unsafe statement.bytesInPlace(1).span
          guard stored.count > 4 else { throw .damagedRecord }
          let key = stored.extracting(4..<stored.count)
          let step: ScanStep
          if LongRecord.isStub(bytes) {
            step = try longs.withLongRecord(bytes) { bytes throws(StorageError) in
              bytesUntilClock &-= bytes.count
              return try body(key, bytes)
            }
          } else {
            step = try body(key, bytes)
          }
          left &-= 1
          switch step {
          case .stop: return .ended(.stopped)
          case .pause: return .ended(.slice(rest: range.resumed(at: [UInt8](copying: key), reverse: reverse)))
          case .nextPartition: return .skip(rest: try Self.rest(of: range, behindPartitionOf: key, reverse: reverse))
          case .next: break
          }
          untilClock &-= 1
          bytesUntilClock &-= bytes.count
          if left <= 0 { return .ended(.slice(rest: range.resumed(after: [UInt8](copying: key), reverse: reverse))) }
          if untilClock <= 0 || bytesUntilClock <= 0 {
            if monotonicMicroseconds() >= deadline {
              return .ended(.slice(rest: range.resumed(after: [UInt8](copying: key), reverse: reverse)))
            }
            untilClock = Self.clockRecords
            bytesUntilClock = Self.clockBytes
          }
        }
        return .ended(.end)
      }
    }
  }

  private static func rest(
    of range: KeyRange, behindPartitionOf key: Span<UInt8>, reverse: Bool
  ) throws(StorageError) -> KeyRange {
    guard key.count > PartitionKey.headerBytes else { throw .damagedRecord }
    let count = PartitionKey.headerBytes + Int(key.uint16(at: 8))
    guard key.count > count else { throw .damagedRecord }
    let prefix = [UInt8](copying: key.extracting(0..<count))
    if reverse { return KeyRange(lower: range.lower, upper: prefix) }
    return KeyRange(lower: PartitionKey(prefix: prefix.span).end, upper: range.upper)
  }
}
