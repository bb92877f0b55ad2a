internal import CassandraBytes

/// The times of a deletion.
package struct Deletion: Sendable, Equatable {
  /// Everything written at or before this timestamp is deleted (microseconds, as the clients send them).
  package var timestamp: Int64
  /// When the deletion was made, in seconds since 1970; it is kept for the table's grace from then on.
  package var localSeconds: UInt32

  package init(timestamp: Int64, localSeconds: UInt32) {
    self.timestamp = timestamp
    self.localSeconds = localSeconds
  }

  /// Whether this deletion wins over the other: the later timestamp, then the later time.
  func supersedes(_ other: Deletion) -> Bool {
    timestamp != other.timestamp ? timestamp > other.timestamp : localSeconds > other.localSeconds
  }
}

/// When something stops to be.
package struct Expiry: Sendable, Equatable {
  /// The time to live it was written with, in seconds; not 0.
  package var ttl: UInt32
  /// Seconds since 1970 from which on it is gone (a cell is live while `now` is less).
  package var seconds: UInt32

  package init(ttl: UInt32, seconds: UInt32) {
    self.ttl = ttl
    self.seconds = seconds
  }
}

/// A row's marker: what INSERT leaves, so that a row without a value exists. A CQL row's "liveness".
package struct RowMarker: Sendable, Equatable {
  /// Microseconds.
  package var timestamp: Int64
  /// nil: for ever.
  package var expiry: Expiry?

  package init(timestamp: Int64, expiry: Expiry? = nil) {
    self.timestamp = timestamp
    self.expiry = expiry
  }
}

/// The head of a record, read once: what it has, and where its cells begin.
///
/// A record is bytes, all numbers big-endian:
/// - format version (1 byte), flags (1 byte), base timestamp (8 bytes: that of the marker, else of the first cell)
/// - marker's TTL and expiry (4 + 4), when flagged
/// - deletion's timestamp and local time (8 + 4), when flagged
/// - note: length (4) and bytes, when flagged; of a view's row its origin stands at the end (``RowOrigin``)
/// - range deletions: length of the section (4), then the intervals in order, when flagged; heads only
/// - the cells, ordered by column and path, until the end:
///   flags (1), column (2), timestamp (8) unless it is the base timestamp, TTL and expiry (4 + 4) when expiring, local
///   time (4) of tombstones and collection deletions, path length (4) and path when flagged, value length (4) and value
///   unless it is a tombstone or a collection deletion. Length and value stand together as in a row on the wire.
struct RecordLayout: Equatable {
  static let version: UInt8 = 1

  enum Flag {
    static let marker: UInt8 = 1
    static let expiringMarker: UInt8 = 2
    static let deletion: UInt8 = 4
    static let note: UInt8 = 8
    static let ranges: UInt8 = 16
    /// Set when anything in the record is a deletion or expires, so that a merge need not look for it.
    static let mortal: UInt8 = 32
    /// Set when a cell is a counter's.
    static let counter: UInt8 = 64
    /// Set in the row of a view: the note ends with its origin (``RowOrigin``).
    static let derived: UInt8 = 128
  }

  var flags: UInt8
  var baseTimestamp: Int64
  var marker: RowMarker?
  var deletion: Deletion?
  var note: Range<Int>
  var ranges: Range<Int>
  /// Where the cells begin.
  var cells: Int

  var isMortal: Bool { flags & Flag.mortal != 0 }
  var hasCounters: Bool { flags & Flag.counter != 0 }

  /// Reads the head of a record.
  @inline(__always)
  init(_ bytes: Span<UInt8>) throws(StorageError) {
    guard bytes.count >= 10, bytes[0] == Self.version else { throw .damagedRecord }
    flags = bytes[1]
    baseTimestamp = bytes.int64(at: 2)
    marker = nil
    deletion = nil
    cells = 10
    note = 10..<10
    ranges = 10..<10
    if flags & Flag.marker != 0 {
      var read = RowMarker(timestamp: baseTimestamp)
      if flags & Flag.expiringMarker != 0 {
        guard bytes.count - cells >= 8 else { throw .damagedRecord }
        read.expiry = Expiry(ttl: bytes.uint32(at: cells), seconds: bytes.uint32(at: cells + 4))
        cells += 8
      }
      marker = read
    }
    guard flags & (Flag.deletion | Flag.note | Flag.ranges) != 0 else { return }
    if flags & Flag.deletion != 0 {
      guard bytes.count - cells >= 12 else { throw .damagedRecord }
      deletion = Deletion(timestamp: bytes.int64(at: cells), localSeconds: bytes.uint32(at: cells + 8))
      cells += 12
    }
    if flags & Flag.note != 0 { note = try Self.section(bytes, &cells) }
    if flags & Flag.ranges != 0 { ranges = try Self.section(bytes, &cells) }
  }

  @inline(__always)
  static func section(_ bytes: Span<UInt8>, _ position: inout Int) throws(StorageError) -> Range<Int> {
    guard bytes.count - position >= 4 else { throw .damagedRecord }
    let count = Int(bytes.uint32(at: position))
    let start = position + 4
    guard bytes.count - start >= count else { throw .damagedRecord }
    position = start + count
    return start..<position
  }
}
