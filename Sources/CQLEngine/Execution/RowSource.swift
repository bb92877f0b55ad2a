import CassandraBytes

/// Where the records of a table are read from.
enum RowSource {
  /// The store, by this loop's reader.
  case store(Reader)
  /// Memory: the tables that the node makes itself.
  case memory(MemoryTable)

  /// Looks one record up; see ``Reader/record(_:_:now:_:)``.
  @inline(__always)
  func record(
    _ table: TableNumber, _ key: [UInt8], now: Int64, _ body: (borrowing RecordView) throws(StorageError) -> Void
  ) throws(StorageError) -> Bool {
    switch self {
    case .store(let reader): try reader.record(table, key, now: now, body)
    case .memory(let memory): try memory.record(key, now: now, body)
    }
  }

  /// Gives the records of a range; see ``Reader/scan(_:_:reverse:now:budget:_:)``.
  func scan(
    _ table: TableNumber, _ range: KeyRange, reverse: Bool, now: Int64,
    _ body: (borrowing RecordView) throws(StorageError) -> ScanStep
  ) throws(StorageError) -> ScanEnd {
    switch self {
    case .store(let reader): try reader.scan(table, range, reverse: reverse, now: now, body)
    case .memory(let memory): try memory.scan(range, reverse: reverse, now: now, body)
    }
  }
}

/// The records of a table that the node makes itself, in order.
struct MemoryTable: Sendable {
  private var keys: [[UInt8]] = []
  private var records: [[UInt8]] = []

  /// A table with these records, in any order and with keys that differ.
  init(_ entries: [(key: [UInt8], record: [UInt8])]) {
    for entry in entries.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      keys.append(entry.key)
      records.append(entry.record)
    }
  }

  /// The index of the first key that is not less than `key`.
  private func index(notBefore key: [UInt8]) -> Int {
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low + high) / 2
      if keys[middle].lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  func record(
    _ key: [UInt8], now: Int64, _ body: (borrowing RecordView) throws(StorageError) -> Void
  ) throws(StorageError) -> Bool {
    let index = index(notBefore: key)
    guard index < keys.count, keys[index] == key else { return false }
    let found = keys[index]
    let record = records[index]
    try body(try RecordView(key: found.span, bytes: record.span, now: now, deletedThrough: .min))
    return true
  }

  func scan(
    _ range: KeyRange, reverse: Bool, now: Int64, _ body: (borrowing RecordView) throws(StorageError) -> ScanStep
  ) throws(StorageError) -> ScanEnd {
    let first = index(notBefore: range.lower)
    let end = range.upper.isEmpty ? keys.count : index(notBefore: range.upper)
    guard first < end else { return .end }
    var skipped: [UInt8]?
    for offset in 0..<(end - first) {
      let index = reverse ? end - 1 - offset : first + offset
      let key = keys[index]
      if let skipped, key.starts(with: skipped) { continue }
      skipped = nil
      let record = records[index]
      let view = try RecordView(key: key.span, bytes: record.span, now: now, deletedThrough: .min)
      let prefix = view.partitionPrefix.count
      switch try body(view) {
      case .next: break
      case .nextPartition: skipped = Array(key[..<prefix])
      case .pause: return .slice(rest: range.resumed(at: key, reverse: reverse))
      case .stop: return .stopped
      }
    }
    return .end
  }
}
