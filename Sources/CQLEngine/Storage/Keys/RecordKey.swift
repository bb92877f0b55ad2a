internal import CassandraBytes

/// A table's number in the store: new at CREATE and at TRUNCATE, never used again. Indexes have one of their own.
package struct TableNumber: RawRepresentable, Hashable, Comparable, Sendable {
  package let rawValue: UInt32

  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static func < (left: TableNumber, right: TableNumber) -> Bool { left.rawValue < right.rawValue }
}

/// A column's number in its table, never used again there, so that a column that is dropped and added anew brings no old
/// cells back. 65,535 is not used.
package typealias ColumnID = UInt16

/// The part of a record's key that names the partition.
///
/// Layout: the token with its sign bit flipped (8 bytes, so that bytes order as tokens do), the length of the partition
/// key (2 bytes), the partition key as it is on the wire. The length makes it free of prefixes, and lets the key be read
/// back as one slice; partitions of equal token order by length and bytes.
package struct PartitionKey: Hashable, Sendable {
  /// The bytes that the keys of the partition's records begin with.
  package let bytes: [UInt8]

  /// Bytes before the partition key itself.
  static let headerBytes = 10

  /// The key with that token; `key` is the serialized partition key: the value's bytes, or for several columns
  /// Cassandra's composite of them. At most 65,535 bytes; traps above, so the caller refuses such a key with Cassandra's
  /// message first.
  package init(token: Int64, key: Span<UInt8>) {
    precondition(key.count <= 65_535, "a partition key is longer than 65,535 bytes")
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.headerBytes + key.count)
    bytes.append(bigEndian: UInt64(bitPattern: token) ^ (1 << 63))
    bytes.append(bigEndian: UInt16(key.count))
    bytes.append(copying: key)
    self.bytes = bytes
  }

  /// Appends what the keys of that partition's records begin with, for whom does not need it as a value of its own.
  package static func append(token: Int64, key: Span<UInt8>, to bytes: inout [UInt8]) {
    precondition(key.count <= 65_535, "a partition key is longer than 65,535 bytes")
    bytes.append(bigEndian: UInt64(bitPattern: token) ^ (1 << 63))
    bytes.append(bigEndian: UInt16(key.count))
    bytes.append(copying: key)
  }

  /// A key that was read from a record: ``RecordView/partitionPrefix``.
  package init(prefix: Span<UInt8>) { bytes = [UInt8](copying: prefix) }

  /// The key of the partition's head: its deletions and its static cells.
  package var head: [UInt8] { bytes + [RecordKind.head.rawValue] }

  /// The first key after all of the partition's records.
  package var end: [UInt8] { bytes + [RecordKind.row.rawValue + 1] }

  /// The key of the row with these clustering bytes (empty in a table without clustering columns).
  package func row(_ clustering: [UInt8]) -> [UInt8] {
    var key: [UInt8] = []
    key.reserveCapacity(bytes.count + 1 + clustering.count)
    key.append(contentsOf: bytes)
    key.append(RecordKind.row.rawValue)
    key.append(contentsOf: clustering)
    return key
  }
}

/// What a record is: the byte of its key after the partition.
package enum RecordKind: UInt8, Sendable {
  /// The partition's deletions and static cells; before all rows.
  case head = 0
  /// A row.
  case row = 1
}

/// A range of a table's record keys, from `lower` up to and without `upper`.
package struct KeyRange: Sendable, Equatable {
  /// The first key of the range, if there is one like it.
  package var lower: [UInt8]
  /// The first key after the range; empty: the table's end.
  package var upper: [UInt8]

  package init(lower: [UInt8], upper: [UInt8]) {
    self.lower = lower
    self.upper = upper
  }

  /// Whether a key lies in it.
  package func contains(_ key: [UInt8]) -> Bool {
    !key.lexicographicallyPrecedes(lower) && (upper.isEmpty || key.lexicographicallyPrecedes(upper))
  }

  /// The whole table.
  package static let table = KeyRange(lower: [], upper: [])

  /// The partition's head and all its rows.
  package static func partition(_ partition: PartitionKey) -> KeyRange {
    KeyRange(lower: partition.head, upper: partition.end)
  }

  /// The partition's rows, without the head. Clustering bounds by ``rows(of:from:upTo:)``.
  package static func rows(of partition: PartitionKey) -> KeyRange {
    KeyRange(lower: partition.row([]), upper: partition.end)
  }

  /// The partition's rows with clustering bytes from `lower` up to and without `upper`; nil: to the end.
  ///
  /// With a prefix-free encoding of each component: `c > x` begins at `KeyRange.prefixEnd(x)`, `c >= x` at `x`, `c <= x`
  /// ends at `prefixEnd(x)`, `c < x` at `x`.
  package static func rows(of partition: PartitionKey, from lower: [UInt8], upTo upper: [UInt8]?) -> KeyRange {
    KeyRange(lower: partition.row(lower), upper: upper.map(partition.row) ?? partition.end)
  }

  /// All partitions with tokens from `first` through `last`.
  package static func tokens(from first: Int64, through last: Int64) -> KeyRange {
    var lower: [UInt8] = []
    lower.append(bigEndian: UInt64(bitPattern: first) ^ (1 << 63))
    var upper: [UInt8] = []
    upper.append(bigEndian: UInt64(bitPattern: last) ^ (1 << 63))
    return KeyRange(lower: lower, upper: prefixEnd(upper))
  }

  /// The first bytes after everything that begins with `prefix`; empty when there are none (all 0xFF).
  package static func prefixEnd(_ prefix: [UInt8]) -> [UInt8] {
    var end = prefix
    while let last = end.last {
      if last < 0xff {
        end[end.count - 1] = last + 1
        return end
      }
      end.removeLast()
    }
    return end
  }

  /// What is left of the range after the record with `key` has been seen, forwards or backwards.
  package func resumed(after key: [UInt8], reverse: Bool) -> KeyRange {
    reverse ? KeyRange(lower: lower, upper: key) : KeyRange(lower: key + [0], upper: upper)
  }

  /// The rest of the range from `key` on, with it.
  package func resumed(at key: [UInt8], reverse: Bool) -> KeyRange {
    reverse ? KeyRange(lower: lower, upper: key + [0]) : KeyRange(lower: key, upper: upper)
  }
}
