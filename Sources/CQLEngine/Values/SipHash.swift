import CassandraBytes

/// A key for ``SipHash``.
struct SipKey: Sendable, Equatable {
  /// Bytes of a key.
  static let byteCount = 16

  fileprivate let low: UInt64
  fileprivate let high: UInt64

  /// A key that nobody knows.
  static func random() -> SipKey {
    var generator = SystemRandomNumberGenerator()
    return SipKey(low: generator.next(), high: generator.next())
  }

  private init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  /// The key of 16 bytes, or nil when they are not as many.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    low = bytes.span.uint64(at: 0).byteSwapped
    high = bytes.span.uint64(at: 8).byteSwapped
  }

  /// The bytes to keep.
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: low.byteSwapped)
    bytes.append(bigEndian: high.byteSwapped)
    return bytes
  }
}

/// SipHash-2-4 (Aumasson and Bernstein, 2012): a message authentication code of 8 bytes for short messages.
enum SipHash {
  /// The code of `message`; whoever does not know the key cannot make it.
  static func code(_ message: Span<UInt8>, _ key: SipKey) -> UInt64 {
    var state = State(key)
    let whole = message.count & ~7
    var offset = 0
    while offset < whole {
      state.absorb(message.uint64(at: offset).byteSwapped)
      offset += 8
    }
    var last = UInt64(truncatingIfNeeded: message.count) << 56
    for index in whole..<message.count { last |= UInt64(message[index]) << UInt64(8 * (index - whole)) }
    state.absorb(last)
    return state.finish()
  }

  private struct State {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64

    init(_ key: SipKey) {
      v0 = key.low ^ 0x736f_6d65_7073_6575
      v1 = key.high ^ 0x646f_7261_6e64_6f6d
      v2 = key.low ^ 0x6c79_6765_6e65_7261
      v3 = key.high ^ 0x7465_6462_7974_6573
    }

    mutating func absorb(_ word: UInt64) {
      v3 ^= word
      round()
      round()
      v0 ^= word
    }

    mutating func finish() -> UInt64 {
      v2 ^= 0xff
      for _ in 0..<4 { round() }
      return v0 ^ v1 ^ v2 ^ v3
    }

    private mutating func round() {
      v0 &+= v1
      v1 = Self.rotate(v1, 13) ^ v0
      v0 = Self.rotate(v0, 32)
      v2 &+= v3
      v3 = Self.rotate(v3, 16) ^ v2
      v0 &+= v3
      v3 = Self.rotate(v3, 21) ^ v0
      v2 &+= v1
      v1 = Self.rotate(v1, 17) ^ v2
      v2 = Self.rotate(v2, 32)
    }

    private static func rotate(_ word: UInt64, _ count: UInt64) -> UInt64 { word << count | word >> (64 - count) }
  }
}
