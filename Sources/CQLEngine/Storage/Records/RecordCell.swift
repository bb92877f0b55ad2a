internal import CassandraBytes

/// One cell of a record: what it is, and where its bytes stand in the record. A plain value without references.
package struct RecordCell {
  enum Flag {
    static let ownTimestamp: UInt8 = 1
    static let expiring: UInt8 = 2
    static let tombstone: UInt8 = 4
    static let path: UInt8 = 8
    static let collectionDeletion: UInt8 = 16
    static let counter: UInt8 = 32
    static let all: UInt8 = 63
    /// What ends by itself one day.
    static let mortal: UInt8 = expiring | tombstone | collectionDeletion
  }

  /// The column.
  package var column: ColumnID
  var flags: UInt8
  /// The write's timestamp in microseconds.
  package var timestamp: Int64
  /// The TTL it was written with in seconds; 0: none.
  package var ttl: UInt32
  /// When it expires in seconds since 1970 if `ttl` is not 0; the local time of a tombstone.
  package var seconds: UInt32
  /// Where the path's bytes stand in the record; empty without a path.
  package var path: Range<Int>
  /// Where the value's bytes stand in the record, without the length; empty for a tombstone.
  package var value: Range<Int>

  /// Where length (4 bytes) and value stand in the record, to be copied as one into a row on the wire.
  package var lengthAndValue: Range<Int> { (value.lowerBound &- 4)..<value.upperBound }

  /// Whether the cell is an element of a collection.
  package var hasPath: Bool { flags & Flag.path != 0 }
  package var isTombstone: Bool { flags & Flag.tombstone != 0 }
  package var isCounter: Bool { flags & Flag.counter != 0 }
  /// Whether this is not a cell but the deletion of all older elements of the column's collection.
  package var isCollectionDeletion: Bool { flags & Flag.collectionDeletion != 0 }
  var isExpiring: Bool { flags & Flag.expiring != 0 }

  /// Whether a reader sees it.
  @inline(__always)
  func isLive(at now: Int64, after deletedThrough: Int64) -> Bool {
    flags & (Flag.tombstone | Flag.collectionDeletion) == 0 && timestamp > deletedThrough
      && (flags & Flag.expiring == 0 || now < Int64(seconds))
  }

  /// Reads the cell at `position` and moves it to the next; nil at the end.
  @inline(__always)
  static func next(
    _ bytes: Span<UInt8>, _ position: inout Int, base: Int64
  ) throws(StorageError) -> RecordCell? {
    let count = bytes.count
    guard position < count else { return nil }
    guard count - position >= 3 else { throw .damagedRecord }
    let flags = bytes[position]
    guard flags & ~Flag.all == 0 else { throw .damagedRecord }
    var cell = RecordCell(
      column: bytes.uint16(at: position + 1), flags: flags, timestamp: base, ttl: 0, seconds: 0, path: 0..<0,
      value: 0..<0)
    position += 3
    if flags & (Flag.ownTimestamp | Flag.expiring | Flag.tombstone | Flag.collectionDeletion | Flag.path) != 0 {
      if flags & Flag.ownTimestamp != 0 {
        guard count - position >= 8 else { throw .damagedRecord }
        cell.timestamp = bytes.int64(at: position)
        position += 8
      }
      if flags & Flag.expiring != 0 {
        guard count - position >= 8 else { throw .damagedRecord }
        cell.ttl = bytes.uint32(at: position)
        cell.seconds = bytes.uint32(at: position + 4)
        position += 8
      }
      if flags & (Flag.tombstone | Flag.collectionDeletion) != 0 {
        guard count - position >= 4 else { throw .damagedRecord }
        cell.seconds = bytes.uint32(at: position)
        position += 4
      }
      if flags & Flag.path != 0 { cell.path = try RecordLayout.section(bytes, &position) }
      if flags & (Flag.tombstone | Flag.collectionDeletion) != 0 { return cell }
    }
    cell.value = try RecordLayout.section(bytes, &position)
    return cell
  }
}
