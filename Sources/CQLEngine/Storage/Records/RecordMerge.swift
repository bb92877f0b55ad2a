internal import CassandraBytes

/// Cassandra's rules of what wins, for two records of one key.
///
/// By cell the later timestamp. Of equal timestamps: a tombstone or an expiring cell before one that stays, a tombstone
/// before an expiring cell, the later end, the shorter TTL, the greater value as unsigned bytes
/// (`Cells.resolveRegular`). A deletion covers what has its timestamp or an earlier one. Counters add; a counter's
/// tombstone wins for ever (`Cells.resolveCounter`).
enum RecordMerge {
  /// The merged record, or nil when nothing is left of it.
  ///
  /// `deletedThrough`: what the partition's head covers. Only counters need it when they are written, because a sum must
  /// not begin with what is deleted; other cells are covered when they are read.
  static func merge(
    _ existing: Span<UInt8>, _ update: Span<UInt8>, deletedThrough: Int64 = .min
  ) throws(StorageError) -> [UInt8]? {
    let old = try RecordLayout(existing)
    let new = try RecordLayout(update)
    var output = RecordBuilder(merging: existing.count + update.count)
    let deletion = winner(old.deletion, new.deletion)
    if let deletion, deletion.timestamp > deletedThrough { output.setDeletion(deletion) }
    let through = max(deletedThrough, deletion?.timestamp ?? .min)
    if let marker = winner(old.marker, new.marker), marker.timestamp > through {
      output.setMarker(timestamp: marker.timestamp, expiry: marker.expiry)
    }
    // Keys that are equal in order may differ in bytes, such as the decimals 1.0 and 1.00: the first one stays.
    if !old.note.isEmpty {
      output.setNote(existing.extracting(old.note))
    } else if !new.note.isEmpty {
      output.setNote(update.extracting(new.note))
    }
    if !old.ranges.isEmpty || !new.ranges.isEmpty {
      var ranges = try RangeDeletions(existing.extracting(old.ranges))
      ranges.add(try RangeDeletions(update.extracting(new.ranges)))
      ranges.filter { $0.timestamp > through }
      output.setRanges(ranges)
    }
    try mergeCells(existing, old, update, new, through: through, into: &output)
    return output.isEmpty ? nil : output.finish()
  }

  /// The merged record; one without anything where nothing is left.
  static func merged(_ existing: Span<UInt8>, _ update: Span<UInt8>) throws(StorageError) -> [UInt8] {
    try merge(existing, update) ?? [UInt8](copying: nothing.span)
  }

  /// Whether a record has nothing, not even a deletion.
  static func isNothing(_ record: [UInt8]) -> Bool { record.count == nothing.count && record[1] == 0 }

  private static let nothing: InlineArray<10, UInt8> = [RecordLayout.version, 0, 0, 0, 0, 0, 0, 0, 0, 0]

  /// The record without what `deletedThrough` and its own deletions cover; nil when nothing is left.
  static func settle(_ record: Span<UInt8>, deletedThrough: Int64) throws(StorageError) -> [UInt8]? {
    try merge(record, nothing.span, deletedThrough: deletedThrough)
  }

  private static func mergeCells(
    _ existing: Span<UInt8>, _ old: RecordLayout, _ update: Span<UInt8>, _ new: RecordLayout, through: Int64,
    into output: inout RecordBuilder
  ) throws(StorageError) {
    var oldPosition = old.cells
    var newPosition = new.cells
    // Where the cell before `oldPosition`, which is `left`, begins.
    var oldEnd = oldPosition
    var left = try RecordCell.next(existing, &oldPosition, base: old.baseTimestamp)
    var right = try RecordCell.next(update, &newPosition, base: new.baseTimestamp)
    var column: ColumnID?
    var covered = through
    // The existing record is mostly the longer one, of which most goes into the output as it stands.
    var run = CellRun()
    while true {
      let order: Int
      switch (left, right) {
      case (nil, nil):
        run.flush(existing, into: &output)
        return
      case (_?, nil): order = -1
      case (nil, _?): order = 1
      case (let left?, let right?): order = compare(left, existing, right, update)
      }
      let next = order <= 0 ? left?.column : right?.column
      if next != column {
        column = next
        covered = through
      }
      var oldCell = order <= 0 ? left : nil
      var newCell = order >= 0 ? right : nil
      if order <= 0 {
        let start = oldEnd
        oldEnd = oldPosition
        left = try RecordCell.next(existing, &oldPosition, base: old.baseTimestamp)
        if order < 0, let cell = oldCell, cell.timestamp > covered, !cell.isCollectionDeletion,
          output.takesRuns(base: old.baseTimestamp)
        {
          run.add(start..<oldEnd, kind: cell.flags)
          continue
        }
      }
      run.flush(existing, into: &output)
      if order >= 0 { right = try RecordCell.next(update, &newPosition, base: new.baseTimestamp) }
      if let cell = oldCell, cell.timestamp <= covered { oldCell = nil }
      if let cell = newCell, cell.timestamp <= covered { newCell = nil }
      switch (oldCell, newCell) {
      case (nil, nil): break
      case (let cell?, nil): output.append(cell, of: existing, covered: &covered)
      case (nil, let cell?): output.append(cell, of: update, covered: &covered)
      case (let oldCell?, let newCell?):
        if oldCell.isCounter && newCell.isCounter {
          try addCounters(oldCell, existing, newCell, update, into: &output)
        } else if wins(oldCell, existing, over: newCell, update) {
          output.append(oldCell, of: existing, covered: &covered)
        } else {
          output.append(newCell, of: update, covered: &covered)
        }
      }
    }
  }

  private static func compare(
    _ left: RecordCell, _ leftBytes: Span<UInt8>, _ right: RecordCell, _ rightBytes: Span<UInt8>
  ) -> Int {
    if left.column != right.column { return left.column < right.column ? -1 : 1 }
    if left.isCollectionDeletion != right.isCollectionDeletion { return left.isCollectionDeletion ? -1 : 1 }
    return leftBytes.extracting(left.path).compare(rightBytes.extracting(right.path))
  }

  /// Whether `left` wins over `right`, both of one place and neither covered.
  private static func wins(
    _ left: RecordCell, _ leftBytes: Span<UInt8>, over right: RecordCell, _ rightBytes: Span<UInt8>
  ) -> Bool {
    if left.isCounter != right.isCounter { return right.isCounter }
    if left.timestamp != right.timestamp { return left.timestamp > right.timestamp }
    let leftEnds = left.flags & RecordCell.Flag.mortal != 0
    let rightEnds = right.flags & RecordCell.Flag.mortal != 0
    if leftEnds != rightEnds { return leftEnds }
    if leftEnds {
      if left.isExpiring != right.isExpiring { return right.isExpiring }
      if left.seconds != right.seconds { return left.seconds > right.seconds }
      if left.ttl != right.ttl { return left.ttl < right.ttl }
    }
    return leftBytes.extracting(left.value).compare(rightBytes.extracting(right.value)) >= 0
  }

  private static func addCounters(
    _ left: RecordCell, _ leftBytes: Span<UInt8>, _ right: RecordCell, _ rightBytes: Span<UInt8>,
    into output: inout RecordBuilder
  ) throws(StorageError) {
    guard left.value.count == 8, right.value.count == 8 else { throw .damagedRecord }
    let sum = leftBytes.int64(at: left.value.lowerBound) &+ rightBytes.int64(at: right.value.lowerBound)
    output.addCounter(left.column, delta: sum, timestamp: max(left.timestamp, right.timestamp))
  }

  private static func winner(_ left: Deletion?, _ right: Deletion?) -> Deletion? {
    guard let left else { return right }
    guard let right else { return left }
    return right.supersedes(left) ? right : left
  }

  /// Cassandra's `LivenessInfo.supersedes`.
  private static func winner(_ left: RowMarker?, _ right: RowMarker?) -> RowMarker? {
    guard let left else { return right }
    guard let right else { return left }
    if left.timestamp != right.timestamp { return left.timestamp > right.timestamp ? left : right }
    guard let leftExpiry = left.expiry else { return right.expiry == nil ? left : right }
    guard let rightExpiry = right.expiry else { return left }
    if leftExpiry.seconds != rightExpiry.seconds { return leftExpiry.seconds > rightExpiry.seconds ? left : right }
    return leftExpiry.ttl <= rightExpiry.ttl ? left : right
  }
}

/// Cells of a record that follow each other into a merge's output, to be copied at once.
private struct CellRun {
  private var range = 0..<0
  private var kinds: UInt8 = 0

  /// Adds a cell, which stands behind those before it.
  @inline(__always)
  mutating func add(_ cell: Range<Int>, kind: UInt8) {
    range = (range.isEmpty ? cell.lowerBound : range.lowerBound)..<cell.upperBound
    kinds |= kind
  }

  /// Copies what there is; to be called before anything else is added.
  @inline(__always)
  mutating func flush(_ bytes: Span<UInt8>, into output: inout RecordBuilder) {
    guard !range.isEmpty else { return }
    output.addRun(bytes.extracting(range), kinds: kinds)
    range = 0..<0
    kinds = 0
  }
}

extension RecordBuilder {
  /// Adds a copy of a cell of another record; a collection's deletion covers what follows of its column.
  @inline(__always)
  mutating func append(_ cell: RecordCell, of bytes: Span<UInt8>, covered: inout Int64) {
    let deletion = Deletion(timestamp: cell.timestamp, localSeconds: cell.seconds)
    if cell.isCollectionDeletion {
      covered = cell.timestamp
      addCollectionDeletion(cell.column, deletion)
    } else if cell.isTombstone {
      addTombstone(cell.column, path: cell.hasPath ? bytes.extracting(cell.path) : nil, deletion)
    } else if cell.isCounter {
      addCounter(cell.column, value: bytes.extracting(cell.value), timestamp: cell.timestamp)
    } else {
      addCell(
        cell.column, path: cell.hasPath ? bytes.extracting(cell.path) : nil, value: bytes.extracting(cell.value),
        timestamp: cell.timestamp,
        expiry: cell.isExpiring ? Expiry(ttl: cell.ttl, seconds: cell.seconds) : nil)
    }
  }
}
