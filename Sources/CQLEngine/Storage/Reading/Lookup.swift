internal import CassandraBytes

/// A prepared lookup of one record, with the buffer of the key that it is bound to.
final class Lookup {
  private let statement: Statement
  private let longs: Statement
  private var stored: [UInt8] = []
  /// The number of the long record that was found last; nil when it was not a long one, or nothing was found.
  private(set) var longNumber: Int64?

  init(_ database: Database) throws(StorageError) {
    statement = try database.prepare("SELECT v FROM records WHERE k = ?1")
    longs = try database.prepare("SELECT v FROM longs WHERE id = ?1")
  }

  /// Gives the record's bytes to `body` when it is there, and answers whether it was.
  @inline(__always)
  func find(
    _ table: TableNumber, _ key: Span<UInt8>, _ body: (Span<UInt8>) throws(StorageError) -> Void
  ) throws(StorageError) -> Bool {
    stored.removeAll(keepingCapacity: true)
    stored.append(bigEndian: table.rawValue)
    stored.append(copying: key)
    return try find(stored, body)
  }

  /// The same by the whole key, with the table's number.
  @inline(__always)
  func find(_ key: [UInt8], _ body: (Span<UInt8>) throws(StorageError) -> Void) throws(StorageError) -> Bool {
    try unsafe key.withUnsafeBufferPointer { key throws(StorageError) in
      defer { statement.reset() }
      longNumber = nil
      try unsafe statement.bind(1, inPlace: key)
      guard try statement.step() else { return false }
      let bytes = unsafe statement.bytesInPlace(0).span
      if let number = LongRecord.number(bytes) {
        longNumber = number
        try longs.withLongRecord(number, body)
      } else {
        try body(bytes)
      }
      return true
    }
  }
}

extension Statement {
  /// Gives the bytes of a long record to `body`; for a statement that finds them by their number.
  func withLongRecord<Result>(
    _ number: Int64, _ body: (Span<UInt8>) throws(StorageError) -> Result
  ) throws(StorageError) -> Result {
    defer { reset() }
    try bind(1, number)
    guard try step() else { throw .damagedRecord }
    return try body(unsafe bytesInPlace(0).span)
  }
}
