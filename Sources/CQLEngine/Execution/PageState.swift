import CassandraBytes

/// Where a page has ended: what the client sends back to get the next one.
///
/// It holds nothing of the process, so it works after a restart. Its bytes: a version of the format (1), the digest of the
/// statement (8), which partition of those that the statement names (4), rows left of LIMIT (8) and written of the
/// partition (8), flags (1), the key behind which reading goes on, and at the end a code (8) over all of this with a key
/// that is kept with the data. What this node has not issued itself is refused, so nothing else has to be expected of a
/// state's numbers and keys.
struct PageState: Equatable {
  private static let version: UInt8 = 2
  private static let headBytes = 30
  private static let codeBytes = 8

  /// The digest of the statement.
  var digest: UInt64
  /// Which of the statement's partitions comes next, from 0.
  var partitionIndex: UInt32
  /// How many rows LIMIT still allows.
  var remaining: Int64
  /// How many rows of the partition have been written.
  var countInPartition: Int64
  /// Whether the partition has had a row.
  var partitionHasRow: Bool
  /// Whether the whole partition of `position` is behind the reader, and not only the record.
  var isAfterPartition: Bool
  /// The last record's key, or the bytes that the last partition's keys begin with; empty: at the beginning.
  var position: [UInt8]

  init(
    digest: UInt64, partitionIndex: UInt32, remaining: Int64, countInPartition: Int64, partitionHasRow: Bool,
    isAfterPartition: Bool, position: [UInt8]
  ) {
    self.digest = digest
    self.partitionIndex = partitionIndex
    self.remaining = remaining
    self.countInPartition = countInPartition
    self.partitionHasRow = partitionHasRow
    self.isAfterPartition = isAfterPartition
    self.position = position
  }

  /// The state of bytes that a client has sent, or nil when they were not made with `key`.
  init?(_ bytes: [UInt8], _ key: SipKey) {
    let span = bytes.span
    let end = span.count - Self.codeBytes
    guard end >= Self.headBytes, span[0] == Self.version, span[29] < 4,
      SipHash.code(span.extracting(0..<end), key) == span.uint64(at: end)
    else { return nil }
    digest = span.uint64(at: 1)
    partitionIndex = span.uint32(at: 9)
    remaining = span.int64(at: 13)
    countInPartition = span.int64(at: 21)
    partitionHasRow = span[29] & 1 != 0
    isAfterPartition = span[29] & 2 != 0
    position = Array(bytes[Self.headBytes..<end])
    guard remaining > 0, countInPartition >= 0 else { return nil }
  }

  /// What the client gets.
  func bytes(_ key: SipKey) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.headBytes + position.count + Self.codeBytes)
    bytes.append(Self.version)
    bytes.append(bigEndian: digest)
    bytes.append(bigEndian: partitionIndex)
    bytes.append(bigEndian: remaining)
    bytes.append(bigEndian: countInPartition)
    bytes.append((partitionHasRow ? 1 : 0) | (isAfterPartition ? 2 : 0))
    bytes += position
    bytes.append(bigEndian: SipHash.code(bytes.span, key))
    return bytes
  }
}
