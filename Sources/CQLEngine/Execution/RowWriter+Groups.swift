import CassandraBytes
import CassandraWire

/// The group of rows that a page is making a row of: what its rows have in common, and where it has got to.
struct OpenGroup {
  /// Whether a row has come.
  private(set) var isOpen = false
  /// The values of the columns that the rows are grouped by, each behind its length, as the first row has them.
  private var note: [UInt8] = []
  /// Their ordered bytes.
  private var key: [UInt8] = []
  /// The value of the function that the rows are grouped by.
  private var value: CellValue = .null
  /// The record of the last row.
  private(set) var lastRecord: [UInt8] = []

  /// Whether a row belongs to the group. Values that are equal may have different bytes: 1.0 and 1.00.
  func holds(_ note: Span<UInt8>, _ grouping: Grouping, value: CellValue) throws(EngineFailure) -> Bool {
    guard isOpen, self.value == value else { return false }
    if note.extracting(0..<Self.prefix(note, grouping.columns.count)).isEqual(to: self.note.span) { return true }
    return try Self.key(note, grouping) == key
  }

  /// Begins the group with a row.
  mutating func begin(_ note: Span<UInt8>, _ grouping: Grouping, value: CellValue) throws(EngineFailure) {
    isOpen = true
    self.note.removeAll(keepingCapacity: true)
    self.note.append(copying: note.extracting(0..<Self.prefix(note, grouping.columns.count)))
    key = try Self.key(note, grouping)
    self.value = value
  }

  /// Begins the group of a partition that has static values and no row.
  mutating func beginWithoutRow() { isOpen = true }

  /// Notes the last row's record.
  mutating func pass(_ record: Span<UInt8>) {
    lastRecord.removeAll(keepingCapacity: true)
    lastRecord.append(copying: record)
  }

  /// Ends the group.
  mutating func end() { isOpen = false }

  /// How many bytes the values of the leading columns take.
  private static func prefix(_ note: Span<UInt8>, _ count: Int) -> Int {
    guard count > 0 else { return 0 }
    return KeyLayout.component(count - 1, ofNote: note)?.upperBound ?? 0
  }

  private static func key(_ note: Span<UInt8>, _ grouping: Grouping) throws(EngineFailure) -> [UInt8] {
    var key: [UInt8] = []
    for column in grouping.columns {
      guard let range = KeyLayout.component(column.position, ofNote: note) else { continue }
      try OrderedKeyEncoding.append(note.extracting(range), column.wire, into: &key)
    }
    return key
  }
}

extension RowWriter {
  /// Takes a row that belongs to a group: the first of another one ends the group before it, and is left for the next page
  /// when this one is full.
  mutating func acceptGrouped(
    _ record: borrowing RecordView, _ grouping: Grouping
  ) throws(EngineFailure) -> ScanStep {
    loadValues(record)
    var value = CellValue.null
    if let function = grouping.function { value = try evaluator.value(function) }
    if group.isOpen, try !group.holds(record.note, grouping, value: value) {
      try endGroup()
      guard !isFull else {
        resumption = .after(group.lastRecord)
        return .stop
      }
      loadValues(record)
    }
    if !group.isOpen {
      // Another group of the partition is not wanted.
      guard countInPartition < partitionLimit else { return .nextPartition }
      try group.begin(record.note, grouping, value: value)
      if plan.sortsPartitions { sortKeys.append(try sortKey(record.note)) }
    }
    group.pass(record.key)
    try accumulate()
    return plan.isDistinct ? .nextPartition : .next
  }

  /// Writes the row of the group at hand, if there is one.
  mutating func endGroup() throws(EngineFailure) {
    guard group.isOpen else { return }
    group.end()
    try loadAggregates()
    count += 1
    countInPartition += 1
    if plan.sortsPartitions {
      var row: [UInt8] = []
      swap(&row, &body)
      try writeExpressions()
      swap(&row, &body)
      keep(sorted: row)
    } else {
      try writeExpressions()
    }
    accumulators = plan.aggregates.map { Accumulator($0.function) }
    firstRow = nil
  }
}

extension RowWriter {
  /// Elements of collections that are selected, times the bytes of the row that they are looked for in: 256 MiB. It is some
  /// ten million elements that are compared for one row, within which the loop does nothing else.
  static let maximumElementBytes = 256 << 20
  /// Elements that may be selected of a row of any length: 8.
  static let fewElements = 8

  /// What comes after the last row that was written.
  enum Resumption {
    /// What lies behind this record key.
    case after([UInt8])
    /// The next partition.
    case afterPartition([UInt8])
  }
}
