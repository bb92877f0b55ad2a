internal import CassandraBytes

/// Bytes that have arrived on a connection and were not used yet.
struct UnreadBytes {
  /// Room for as many bytes is kept when all are used: 4 KiB.
  private static let keptRoom = 4 << 10
  /// Used bytes before the others that are not yet worth moving those: 16 KiB.
  private static let mostUsed = 16 << 10

  /// Those that are used, and then the others.
  private(set) var bytes: [UInt8] = []
  /// How many of them are used.
  private(set) var start = 0

  var count: Int { bytes.count - start }
  var isEmpty: Bool { count == 0 }

  mutating func append(copying more: Span<UInt8>) { bytes.append(copying: more) }

  /// Drops the first bytes, of which there are so many.
  mutating func drop(_ count: Int) {
    guard count > 0 else { return }
    start += count
    if start == bytes.count {
      bytes.removeAll(keepingCapacity: bytes.capacity <= Self.keptRoom)
      start = 0
    } else if start > Self.mostUsed {
      bytes.removeFirst(start)
      start = 0
    }
  }

  /// Takes the first bytes, of which there are so many; all of them without a copy.
  mutating func take(_ count: Int) -> [UInt8] {
    if start == 0 && count == bytes.count {
      var taken: [UInt8] = []
      swap(&taken, &bytes)
      return taken
    }
    let taken = Array(copying: bytes.span.extracting(start..<start + count))
    drop(count)
    return taken
  }

  /// Takes all of them.
  mutating func takeAll() -> [UInt8] { take(count) }
}
