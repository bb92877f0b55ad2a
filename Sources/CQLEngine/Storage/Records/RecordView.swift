internal import CassandraBytes

/// A record as a reader sees it, in the database's own memory: valid in the closure that gets it and nowhere else.
///
/// What a partition or range deletion covers, what has expired and what is a tombstone is left out.
package struct RecordView: ~Escapable {
  /// The record's key: partition, kind, clustering; without the table number.
  package let key: Span<UInt8>
  /// The record's bytes, which the ranges in ``RecordCell`` are of.
  package let bytes: Span<UInt8>
  let layout: RecordLayout
  let now: Int64
  /// Everything in the record that was written at or before this timestamp is deleted by the partition's head; the
  /// record's own deletion has already been settled. `Int64.min` when nothing covers it.
  package let deletedThrough: Int64

  @_lifetime(copy key, copy bytes)
  @inline(__always)
  init(key: Span<UInt8>, bytes: Span<UInt8>, now: Int64, deletedThrough: Int64) throws(StorageError) {
    guard key.count > PartitionKey.headerBytes else { throw .damagedRecord }
    self.layout = try RecordLayout(bytes)
    self.key = key
    self.bytes = bytes
    self.now = now
    self.deletedThrough = deletedThrough
    guard key.count > partitionCount else { throw .damagedRecord }
  }

  @inline(__always)
  var partitionCount: Int { PartitionKey.headerBytes + Int(key.uint16(at: 8)) }

  /// Whether this is a partition's head (static cells) and not a row.
  package var isHead: Bool { key[partitionCount] == RecordKind.head.rawValue }

  /// The token of the partition.
  package var token: Int64 { Int64(bitPattern: key.uint64(at: 0) ^ (1 << 63)) }

  /// The bytes that all keys of the partition begin with; see ``PartitionKey/init(prefix:)``.
  package var partitionPrefix: Span<UInt8> {
    @_lifetime(copy self) get { key.extracting(0..<partitionCount) }
  }

  /// The serialized partition key, as it was given to ``PartitionKey``.
  package var partitionKey: Span<UInt8> {
    @_lifetime(copy self) get { key.extracting(PartitionKey.headerBytes..<partitionCount) }
  }

  /// The clustering bytes; empty for a head.
  package var clustering: Span<UInt8> {
    @_lifetime(copy self) get { key.extracting((partitionCount &+ 1)..<key.count) }
  }

  /// What the engine had put beside the cells with ``RecordBuilder/setNote(_:)``; empty when nothing.
  package var note: Span<UInt8> {
    @_lifetime(copy self) get { bytes.extracting(layout.note) }
  }

  /// The bytes of a cell's value, without the length.
  @_lifetime(copy self)
  package func value(of cell: RecordCell) -> Span<UInt8> { bytes.extracting(cell.value) }

  /// The length (4 bytes) and the bytes of a cell's value.
  @_lifetime(copy self)
  package func lengthAndValue(of cell: RecordCell) -> Span<UInt8> { bytes.extracting(cell.lengthAndValue) }

  /// The bytes of a cell's path.
  @_lifetime(copy self)
  package func path(of cell: RecordCell) -> Span<UInt8> { bytes.extracting(cell.path) }

  /// The row's marker, when there is one and it lives.
  package var marker: RowMarker? {
    guard let marker = layout.marker, marker.timestamp > deletedThrough else { return nil }
    if let expiry = marker.expiry, now >= Int64(expiry.seconds) { return nil }
    return marker
  }

  /// The place before the first cell.
  package var start: CellPosition { CellPosition(offset: layout.cells) }

  /// The next live cell, in the order of columns and paths; nil at the end.
  @inline(__always)
  package func next(_ position: inout CellPosition) throws(StorageError) -> RecordCell? {
    while let cell = try RecordCell.next(bytes, &position.offset, base: layout.baseTimestamp) {
      if cell.isLive(at: now, after: deletedThrough) { return cell }
    }
    return nil
  }

  /// Whether the row exists: its marker lives or a cell does.
  package func isLive() throws(StorageError) -> Bool {
    if marker != nil { return true }
    var position = start
    return try next(&position) != nil
  }
}

/// A place between the cells of a record.
package struct CellPosition {
  var offset: Int
}
