internal import CassandraBytes

/// Where a record stands that is too long for the ordered table.
///
/// A key that is compared with an entry longer than a quarter of a page makes SQLite read the whole entry, so a record of
/// 1 MB there would be read at each step of a search. Longer ones are in a table of their own, by number; in the ordered
/// table stands a stub: a zero byte, where a record has its version, then number (8 bytes) and length (4) of each part.
///
/// A record above ``wholeBytes`` may have several parts, the oldest and longest first: records of one key, of which each
/// is merged over those before it when it is read. A write adds a part, and merges it with those before it which are
/// not ``growth`` times as long. So a write of a few bytes into a row of megabytes costs what it writes, each byte is
/// written again a few times for each power of ``growth`` that the row grows by, and a reader finds a handful of parts.
enum LongRecord {
  /// Bytes of a record up to which it is one part, since to write it again costs no more than another part.
  static let wholeBytes = 16 << 10
  /// Bytes of a part up to which an update is merged into it.
  static let smallPartBytes = 4 << 10
  /// How many times as long as the next a part is.
  static let growth = 4
  /// Bytes of a stub of one part.
  static let stubBytes = 1 + partBytes

  private static let partBytes = 12
  /// Bytes of a stub as format 1 had it: without the length of its only part.
  private static let oldStubBytes = 9

  /// One of the pieces of a record.
  struct Part: Equatable {
    /// The number in the table of long records.
    var number: Int64
    /// Its bytes; nil: a file of format 1 does not say.
    var bytes: Int?
  }

  /// What stands in the ordered table.
  static func stub(_ parts: [Part]) -> [UInt8] {
    var stub: [UInt8] = [0]
    stub.reserveCapacity(1 + partBytes * parts.count)
    for part in parts {
      stub.append(bigEndian: part.number)
      stub.append(bigEndian: UInt32(clamping: part.bytes ?? 0))
    }
    return stub
  }

  /// Whether the bytes are a stub and not the record itself.
  @inline(__always)
  static func isStub(_ bytes: Span<UInt8>) -> Bool { bytes.count >= oldStubBytes && bytes[0] == 0 }

  /// How many parts a stub names.
  @inline(__always)
  static func partCount(_ stub: Span<UInt8>) throws(StorageError) -> Int {
    if stub.count == stubBytes || stub.count == oldStubBytes { return 1 }
    guard (stub.count - 1).isMultiple(of: partBytes) else { throw .damagedRecord }
    return (stub.count - 1) / partBytes
  }

  /// The number of one of a stub's parts.
  @inline(__always)
  static func number(_ stub: Span<UInt8>, _ index: Int) -> Int64 { stub.int64(at: 1 + index * partBytes) }

  /// Appends the parts that a stub names.
  static func read(_ stub: Span<UInt8>, into parts: inout [Part]) throws(StorageError) {
    if stub.count == oldStubBytes {
      parts.append(Part(number: number(stub, 0), bytes: nil))
      return
    }
    for index in 0..<(try partCount(stub)) {
      parts.append(Part(number: number(stub, index), bytes: Int(stub.uint32(at: 9 + index * partBytes))))
    }
  }
}

extension Statement {
  /// Gives the long record of a stub to `body`, its parts merged; for a statement that finds a part by its number.
  func withLongRecord<Result>(
    _ stub: Span<UInt8>, _ body: (Span<UInt8>) throws(StorageError) -> Result
  ) throws(StorageError) -> Result {
    let count = try LongRecord.partCount(stub)
    guard count > 1 else { return try withPart(LongRecord.number(stub, 0), body) }
    // From the newest and shortest, so that each merge costs what its longer side has.
    var newer: [UInt8] = []
    for index in (1..<count).reversed() {
      newer = try withPart(LongRecord.number(stub, index)) { part throws(StorageError) in
        if newer.isEmpty { return [UInt8](copying: part) }
        return try RecordMerge.merged(part, newer.span)
      }
    }
    return try withPart(LongRecord.number(stub, 0)) { first throws(StorageError) in
      let whole = try RecordMerge.merged(first, newer.span)
      return try body(whole.span)
    }
  }

  /// Gives the bytes of a part to `body`.
  func withPart<Result>(
    _ number: Int64, _ body: (Span<UInt8>) throws(StorageError) -> Result
  ) throws(StorageError) -> Result {
    defer { reset() }
    try bind(1, number)
    guard try step() else { throw .damagedRecord }
    return try body(unsafe bytesInPlace(0).span)
  }
}
