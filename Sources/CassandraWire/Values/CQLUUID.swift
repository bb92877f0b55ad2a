public import CassandraBytes

/// A value of the types `uuid` and `timeuuid`: 16 bytes, as RFC 4122 lays them out.
///
/// Values are ordered as Cassandra orders a column of type `uuid`: by version, then those of version 1 by their time, then
/// by their bytes. A column of type `timeuuid` has an order of its own, ``precedesByTime(_:)``.
public struct CQLUUID: Hashable, Sendable {
  /// The first eight bytes, most significant byte first.
  public let high: UInt64
  /// The last eight bytes, most significant byte first.
  public let low: UInt64

  /// A value from its two halves.
  @inlinable
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }
}

extension CQLUUID {
  /// The moment of the Unix epoch, in ticks of 100 ns since the start of the Gregorian calendar (15 October 1582).
  public static let ticksAtUnixEpoch: UInt64 = 0x01b2_1dd2_1381_4000

  /// The version, from 0 to 15; 1 carries a time, 4 is random.
  @inlinable
  public var version: Int { Int(high >> 12 & 0xf) }

  /// The time of a value of version 1, in ticks of 100 ns since 15 October 1582; nil for other versions.
  public var ticks: UInt64? { version == 1 ? reorderedTime & 0x0fff_ffff_ffff_ffff : nil }

  /// The time of a value of version 1 in whole milliseconds; nil for other versions.
  public var timestamp: CQLTimestamp? {
    guard let ticks else { return nil }
    let offset = Int64(ticks) - Int64(Self.ticksAtUnixEpoch)
    let (milliseconds, rest) = offset.quotientAndRemainder(dividingBy: 10_000)
    return CQLTimestamp(milliseconds: rest < 0 ? milliseconds - 1 : milliseconds)
  }

  /// A random value (version 4).
  public static func random() -> CQLUUID {
    var generator = SystemRandomNumberGenerator()
    return random(using: &generator)
  }

  /// A random value (version 4) from a source of random numbers.
  public static func random(using generator: inout some RandomNumberGenerator) -> CQLUUID {
    let high = generator.next() & ~0xf000 | 0x4000
    let low = generator.next() & ~(0b11 << 62) | 0b10 << 62
    return CQLUUID(high: high, low: low)
  }

  /// A value of version 1, as `timeuuid` wants it.
  ///
  /// Two values of one node are different when their ticks or their clock sequences are: the caller hands out each tick
  /// once and takes another clock sequence when its clock has been set back.
  /// - Parameters:
  ///   - ticks: 100 ns since 15 October 1582; of more than 60 bits the lower ones count.
  ///   - clockSequence: of which the lower 14 bits count.
  ///   - node: of which the lower 48 bits count; a random one has its highest bit of these, the multicast bit, set.
  public init(ticks: UInt64, clockSequence: UInt16, node: UInt64) {
    high = ticks << 32 | (ticks >> 16 & 0xffff_0000) | 0x1000 | (ticks >> 48 & 0x0fff)
    low = 0b10 << 62 | UInt64(clockSequence & 0x3fff) << 48 | node & 0xffff_ffff_ffff
  }

  /// The first eight bytes with the time's most significant bits first; the version stands in the highest four.
  private var reorderedTime: UInt64 { high << 48 | (high << 16 & 0xffff_0000_0000) | high >> 32 }

  /// Whether it comes before `other` in a column of type `timeuuid`: by time, then by its last bytes as signed numbers.
  public func precedesByTime(_ other: CQLUUID) -> Bool {
    let (left, right) = (Int64(bitPattern: reorderedTime), Int64(bitPattern: other.reorderedTime))
    guard left == right else { return left < right }
    // Cassandra compares each byte as a signed one; flipping the sign bits of all but the first does it in one comparison.
    let flip: UInt64 = 0x0080_8080_8080_8080
    return Int64(bitPattern: low ^ flip) < Int64(bitPattern: other.low ^ flip)
  }
}

extension CQLUUID: Comparable {
  /// Whether the left value comes before the right one in a column of type `uuid`.
  public static func < (left: CQLUUID, right: CQLUUID) -> Bool {
    guard left.version == right.version else { return left.version < right.version }
    let (leftHigh, rightHigh) =
      left.version == 1 ? (left.reorderedTime, right.reorderedTime) : (left.high, right.high)
    return leftHigh == rightHigh ? left.low < right.low : leftHigh < rightHigh
  }
}

extension CQLUUID: LosslessStringConvertible {
  /// The value of a text of 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12, or nil for any other text.
  public init?(_ text: String) {
    guard text.utf8.count == 36 else { return nil }
    var halves: (UInt64, UInt64) = (0, 0)
    for (index, byte) in text.utf8.enumerated() {
      if index == 8 || index == 13 || index == 18 || index == 23 {
        guard byte == UInt8(ascii: "-") else { return nil }
        continue
      }
      guard let digit = hexadecimalValue(byte) else { return nil }
      if index < 18 { halves.0 = halves.0 << 4 | UInt64(digit) } else { halves.1 = halves.1 << 4 | UInt64(digit) }
    }
    self.init(high: halves.0, low: halves.1)
  }

  /// The usual text in lower case, such as `2c6b1d4e-5a4f-11ee-8c99-0242ac120002`.
  public var description: String {
    var buffer: [UInt8] = []
    write(into: &buffer)
    return String(decoding: buffer, as: UTF8.self)
  }

  /// Appends the usual text in lower case, 36 bytes.
  public func write(into buffer: inout [UInt8]) {
    buffer.append(addingCapacity: 36) { output in
      var shift = 60
      for index in 0..<36 {
        if index == 8 || index == 13 || index == 18 || index == 23 {
          output.append(UInt8(ascii: "-"))
          continue
        }
        output.append(hexadecimalDigit(UInt8(truncatingIfNeeded: (index < 18 ? high : low) >> UInt64(shift)) & 0xf))
        shift = shift == 0 ? 60 : shift - 4
      }
    }
  }
}

extension CQLUUID: CQLEncodable, CQLDecodable {
  /// Appends a `uuid`, or a `timeuuid` when it is of version 1.
  @inlinable
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    switch type {
    case .uuid: break
    case .timeuuid:
      guard version == 1 else { throw CQLValueError.outOfRange(type, "A timeuuid is a UUID of version 1.") }
    default: throw CQLValueError.mismatch(CQLUUID.self, type)
    }
    buffer.append(uuid: self)
  }

  /// Takes `uuid` and `timeuuid`.
  @inlinable
  public static func check(_ type: CQLType) throws(CQLValueError) {
    switch type {
    case .uuid, .timeuuid: break
    default: throw CQLValueError.mismatch(CQLUUID.self, type)
    }
  }

  /// The UUID.
  @inlinable
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> CQLUUID {
    guard bytes.count == 16 else { throw CQLValueError.wrongSize(bytes.count, type) }
    return CQLUUID(high: bytes.uint64(at: 0), low: bytes.uint64(at: 8))
  }

  /// The UUID in sixteen bytes.
  @inlinable @inline(__always)
  public static func decodePlain(_ bytes: Span<UInt8>) -> CQLUUID? {
    bytes.count == 16 ? CQLUUID(high: bytes.uint64(at: 0), low: bytes.uint64(at: 8)) : nil
  }
}
