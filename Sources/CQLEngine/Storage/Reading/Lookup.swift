internal import Bytes

/// A prepared lookup of one record, with the buffer of the key that it is bound to.
final class Lookup {
  private let statement: Statement
  private var stored: [UInt8] = []

  init(_ statement: Statement) { self.statement = statement }

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
      try unsafe statement.bind(1, inPlace: key)
      guard try statement.step() else { return false }
      try body(unsafe statement.bytesInPlace(0).span)
      return true
    }
  }
}
