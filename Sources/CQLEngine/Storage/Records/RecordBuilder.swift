internal import Bytes

/// Writes the bytes of a record, for a mutation.
///
/// Marker, deletion, note and range deletions come first, in any order; then the cells. Cells in ascending order of
/// column and path cost nothing extra; in another order they are sorted at the end, and of two for one place the one
/// that wins by the rules of ``RecordMerge`` is kept. A collection's deletion comes before its elements.
package struct RecordBuilder: ~Copyable {
  var flags: UInt8 = 0
  var marker: RowMarker?
  var deletion: Deletion?
  var note: [UInt8] = []
  var ranges = RangeDeletions()
  var bytes: [UInt8] = []
  var base: Int64 = 0
  var cellsBegin = 0
  var lastColumn = -1
  var lastPath: Range<Int> = 0..<0
  var isSorted = true

  /// Begins a record; `reserving` is a guess of its bytes.
  package init(reserving count: Int = 128) { bytes.reserveCapacity(count) }

  /// Sets the row's marker (INSERT).
  package mutating func setMarker(timestamp: Int64, expiry: Expiry? = nil) {
    precondition(bytes.isEmpty, "a marker comes before the cells")
    marker = RowMarker(timestamp: timestamp, expiry: expiry)
  }

  /// Sets the deletion of the row; in a head, of the whole partition.
  package mutating func setDeletion(_ deletion: Deletion) {
    precondition(bytes.isEmpty, "a deletion comes before the cells")
    self.deletion = deletion
  }

  /// Puts bytes beside the cells that the storage only keeps, such as key values that the key's encoding loses. The
  /// note of a later write replaces an earlier one's; a write without a note leaves it.
  package mutating func setNote(_ note: Span<UInt8>) {
    precondition(bytes.isEmpty, "a note comes before the cells")
    self.note = [UInt8](copying: note)
  }

  /// Deletes a range of the partition's rows, by clustering bytes from `lower` up to and without `upper` (nil: to the
  /// end); heads only. See ``KeyRange/rows(of:from:upTo:)`` for the bounds.
  package mutating func addRangeDeletion(from lower: [UInt8], upTo upper: [UInt8]?, _ deletion: Deletion) {
    precondition(bytes.isEmpty, "range deletions come before the cells")
    ranges.add(RangeDeletion(lower: lower, upper: upper, deletion: deletion))
  }

  /// Adds a cell with a value. `path` names a collection's element: bytes by which elements are ordered.
  @inline(__always)
  package mutating func addCell(
    _ column: ColumnID, path: Span<UInt8>? = nil, value: Span<UInt8>, timestamp: Int64, expiry: Expiry? = nil
  ) {
    var flags: UInt8 = 0
    if expiry != nil { flags |= RecordCell.Flag.expiring }
    beginCell(column, flags, path, timestamp, expiry: expiry, localSeconds: 0)
    bytes.append(bigEndian: UInt32(value.count))
    bytes.append(copying: value)
  }

  /// Adds the deletion of a cell.
  package mutating func addTombstone(_ column: ColumnID, path: Span<UInt8>? = nil, _ deletion: Deletion) {
    beginCell(
      column, RecordCell.Flag.tombstone, path, deletion.timestamp, expiry: nil, localSeconds: deletion.localSeconds)
  }

  /// Adds the deletion of all elements of a collection written at or before the deletion's timestamp.
  package mutating func addCollectionDeletion(_ column: ColumnID, _ deletion: Deletion) {
    beginCell(
      column, RecordCell.Flag.collectionDeletion, nil, deletion.timestamp, expiry: nil,
      localSeconds: deletion.localSeconds)
  }

  /// Adds `delta` to a counter. Counters wrap as Cassandra's do.
  package mutating func addCounter(_ column: ColumnID, delta: Int64, timestamp: Int64) {
    flags |= RecordLayout.Flag.counter
    beginCell(column, RecordCell.Flag.counter, nil, timestamp, expiry: nil, localSeconds: 0)
    bytes.append(bigEndian: UInt32(8))
    bytes.append(bigEndian: delta)
  }

  /// The record's bytes.
  package consuming func finish() -> [UInt8] {
    if bytes.isEmpty { beginCells(base: marker?.timestamp ?? deletion?.timestamp ?? 0) }
    bytes[1] |= flags
    return isSorted ? bytes : sorted()
  }
}

extension RecordBuilder {
  mutating func beginCell(
    _ column: ColumnID, _ flags: UInt8, _ path: Span<UInt8>?, _ timestamp: Int64, expiry: Expiry?, localSeconds: UInt32
  ) {}
  mutating func beginCells(base: Int64) {}
  func sorted() -> [UInt8] { bytes }
}
