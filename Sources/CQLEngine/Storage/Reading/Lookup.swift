internal import CassandraBytes

/// A prepared lookup of one record, with the buffer of the key that it is bound to.
final class Lookup {
  private let statement: Statement
  /// Finds a part of a long record by its number.
  let longs: Statement
  private var stored: [UInt8] = []
  /// The parts of the long record that was found last; none when it was not a long one, or nothing was found.
  private(set) var parts: [LongRecord.Part] = []

  init(_ database: Database) throws(StorageError) {
    statement = try database.prepare("SELECT v FROM records WHERE k = ?1")
    longs = try database.prepare("SELECT v FROM longs WHERE id = ?1")
  }

  /// Gives the record's bytes to `body` when it is there, and answers whether it was.
  @inline(__always)
  func find(
    _ table: TableNumber, _ key: Span<UInt8>, _ body: (Span<UInt8>) throws(StorageError) -> Void
  ) throws(StorageError) -> Bool {
    store(table, key)
    return try find(stored, body)
  }

  /// Gives a record to `body`, of a long one each of its parts.
  func findParts(
    _ table: TableNumber, _ key: Span<UInt8>, _ body: (Span<UInt8>) throws(StorageError) -> Void
  ) throws(StorageError) {
    store(table, key)
    _ = try find(stored, skipsLong: true, body)
    for part in parts { try longs.withPart(part.number, body) }
  }

  @inline(__always)
  private func store(_ table: TableNumber, _ key: Span<UInt8>) {
    stored.removeAll(keepingCapacity: true)
    stored.append(bigEndian: table.rawValue)
    stored.append(copying: key)
  }

  /// The same by the whole key, with the table's number. With `skipsLong` a long record is not read, and `body` not
  /// called for it: only ``parts`` are known.
  @inline(__always)
  func find(
    _ key: [UInt8], skipsLong: Bool = false, _ body: (Span<UInt8>) throws(StorageError) -> Void
  ) throws(StorageError) -> Bool {
    try unsafe key.withUnsafeBufferPointer { key throws(StorageError) in
      defer { statement.reset() }
      parts.removeAll(keepingCapacity: true)
      try unsafe statement.bind(1, inPlace: key)
      guard try statement.step() else { return false }
      let bytes = unsafe statement.bytesInPlace(0).span
      if LongRecord.isStub(bytes) {
        try LongRecord.read(bytes, into: &parts)
        if !skipsLong { try longs.withLongRecord(bytes, body) }
      } else {
        try body(bytes)
      }
      return true
    }
  }
}
