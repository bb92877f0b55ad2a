internal import CassandraBytes

/// Where a record stands that is too long for the ordered table.
///
/// A key that is compared with an entry longer than a quarter of a page makes SQLite read the whole entry, so a record of
/// 1 MB there would be read at each step of a search. Longer ones are in a table of their own, by number; in the ordered
/// table stands a zero byte, where a record has its version, and the number.
enum LongRecord {
  static let stubBytes = 9

  /// What stands in the ordered table.
  static func stub(_ number: Int64) -> [UInt8] {
    var stub: [UInt8] = [0]
    stub.append(bigEndian: number)
    return stub
  }

  /// The number, when the bytes are not the record itself.
  @inline(__always)
  static func number(_ bytes: Span<UInt8>) -> Int64? {
    bytes.count == stubBytes && bytes[0] == 0 ? bytes.int64(at: 1) : nil
  }
}
