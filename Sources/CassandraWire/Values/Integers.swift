public import CassandraBytes

/// Integers go into and come from every integer type of CQL, as long as the number fits; nothing is cut off.
extension FixedWidthInteger {
  @inlinable
  static func checkInteger(_ type: CQLType) throws(CQLValueError) {
    switch type {
    case .tinyint, .smallint, .int, .bigint, .counter, .varint: break
    default: throw CQLValueError.mismatch(Self.self, type)
    }
  }

  /// The number of two's complement bytes, most significant first, whatever integer type they are of.
  @inlinable @inline(__always)
  static func decodeInteger(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> Self {
    let wide: Int64
    switch bytes.count {
    case 4: wide = Int64(bytes.int32(at: 0))
    case 8: wide = bytes.int64(at: 0)
    default: return try decodeOddInteger(bytes, as: type)
    }
    guard let number = Self(exactly: wide) else { throw CQLValueError.integerOutOfRange(type) }
    return number
  }

  /// The number of four or eight bytes, when it fits.
  @inlinable @inline(__always)
  static func decodePlainInteger(_ bytes: Span<UInt8>) -> Self? {
    switch bytes.count {
    case 4: Self(exactly: bytes.int32(at: 0))
    case 8: Self(exactly: bytes.int64(at: 0))
    default: nil
    }
  }

  @inlinable @inline(never)
  static func decodeOddInteger(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> Self {
    guard bytes.count > 0 else { throw CQLValueError.wrongSize(0, type) }
    // Of a longer varint only bytes that repeat the sign may stand in front of the last eight, but for a zero before an
    // unsigned number.
    let sign: UInt8 = bytes[0] < 0x80 ? 0 : 0xff
    var start = 0
    while start < bytes.count - 8, bytes[start] == sign { start += 1 }
    guard bytes.count - start <= 8 else { throw CQLValueError.integerOutOfRange(type) }
    var wide: UInt64 = sign == 0 ? 0 : .max
    for index in start..<bytes.count { wide = wide << 8 | UInt64(bytes[index]) }
    let isInRange = sign == 0 || Int64(bitPattern: wide) < 0
    guard isInRange, let number = sign == 0 ? Self(exactly: wide) : Self(exactly: Int64(bitPattern: wide)) else {
      throw CQLValueError.integerOutOfRange(type)
    }
    return number
  }

  @inlinable @inline(__always)
  func encodeInteger(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    switch type {
    case .int: buffer.append(bigEndian: try narrowed(to: Int32.self, type))
    case .bigint, .counter: buffer.append(bigEndian: try narrowed(to: Int64.self, type))
    case .smallint: buffer.append(bigEndian: try narrowed(to: Int16.self, type))
    case .tinyint: buffer.append(bigEndian: try narrowed(to: Int8.self, type))
    case .varint: encodeVarint(into: &buffer)
    default: throw CQLValueError.mismatch(Self.self, type)
    }
  }

  @inlinable @inline(__always)
  func narrowed<Number: FixedWidthInteger>(to: Number.Type, _ type: CQLType) throws(CQLValueError) -> Number {
    guard let number = Number(exactly: self) else { throw CQLValueError.integerOutOfRange(type) }
    return number
  }

  /// Appends the fewest bytes that say the number and its sign.
  @inlinable
  func encodeVarint(into buffer: inout [UInt8]) {
    guard let signed = Int64(exactly: self) else {
      buffer.append(0)
      return buffer.append(bigEndian: UInt64(truncatingIfNeeded: self))
    }
    let magnitudeBits = Int64.bitWidth - (signed < 0 ? ~signed : signed).leadingZeroBitCount
    for index in stride(from: magnitudeBits / 8, through: 0, by: -1) {
      buffer.append(UInt8(truncatingIfNeeded: signed >> Int64(8 * index)))
    }
  }
}

extension Int: CQLEncodable, CQLDecodable {
  /// Appends the number as any integer type it fits into.
  @inlinable
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    try encodeInteger(as: type, into: &buffer)
  }

  /// Takes all integer types.
  @inlinable
  public static func check(_ type: CQLType) throws(CQLValueError) { try checkInteger(type) }

  /// The number, or `.outOfRange` when it does not fit.
  @inlinable @inline(__always)
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> Int {
    try decodeInteger(bytes, as: type)
  }

  /// The number of four or eight bytes, when it fits.
  @inlinable @inline(__always)
  public static func decodePlain(_ bytes: Span<UInt8>) -> Int? { decodePlainInteger(bytes) }
}

extension Int8: CQLEncodable, CQLDecodable {
  /// Appends the number as any integer type it fits into.
  @inlinable
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    try encodeInteger(as: type, into: &buffer)
  }

  /// Takes all integer types.
  @inlinable
  public static func check(_ type: CQLType) throws(CQLValueError) { try checkInteger(type) }

  /// The number, or `.outOfRange` when it does not fit.
  @inlinable @inline(__always)
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> Int8 {
    try decodeInteger(bytes, as: type)
  }

  /// The number of four or eight bytes, when it fits.
  @inlinable @inline(__always)
  public static func decodePlain(_ bytes: Span<UInt8>) -> Int8? { decodePlainInteger(bytes) }
}

extension Int16: CQLEncodable, CQLDecodable {
  /// Appends the number as any integer type it fits into.
  @inlinable
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    try encodeInteger(as: type, into: &buffer)
  }

  /// Takes all integer types.
  @inlinable
  public static func check(_ type: CQLType) throws(CQLValueError) { try checkInteger(type) }

  /// The number, or `.outOfRange` when it does not fit.
  @inlinable @inline(__always)
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> Int16 {
    try decodeInteger(bytes, as: type)
  }

  /// The number of four or eight bytes, when it fits.
  @inlinable @inline(__always)
  public static func decodePlain(_ bytes: Span<UInt8>) -> Int16? { decodePlainInteger(bytes) }
}

extension Int32: CQLEncodable, CQLDecodable {
  /// Appends the number as any integer type it fits into.
  @inlinable
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    try encodeInteger(as: type, into: &buffer)
  }

  /// Takes all integer types.
  @inlinable
  public static func check(_ type: CQLType) throws(CQLValueError) { try checkInteger(type) }

  /// The number, or `.outOfRange` when it does not fit.
  @inlinable @inline(__always)
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> Int32 {
    try decodeInteger(bytes, as: type)
  }

  /// The number of four or eight bytes, when it fits.
  @inlinable @inline(__always)
  public static func decodePlain(_ bytes: Span<UInt8>) -> Int32? { decodePlainInteger(bytes) }
}

extension Int64: CQLEncodable, CQLDecodable {
  /// Appends the number as any integer type it fits into.
  @inlinable
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    try encodeInteger(as: type, into: &buffer)
  }

  /// Takes all integer types.
  @inlinable
  public static func check(_ type: CQLType) throws(CQLValueError) { try checkInteger(type) }

  /// The number, or `.outOfRange` when it does not fit.
  @inlinable @inline(__always)
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> Int64 {
    try decodeInteger(bytes, as: type)
  }

  /// The number of four or eight bytes, when it fits.
  @inlinable @inline(__always)
  public static func decodePlain(_ bytes: Span<UInt8>) -> Int64? { decodePlainInteger(bytes) }
}

extension UInt: CQLEncodable, CQLDecodable {
  /// Appends the number as any integer type it fits into.
  @inlinable
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    try encodeInteger(as: type, into: &buffer)
  }

  /// Takes all integer types.
  @inlinable
  public static func check(_ type: CQLType) throws(CQLValueError) { try checkInteger(type) }

  /// The number, or `.outOfRange` when it does not fit.
  @inlinable @inline(__always)
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> UInt {
    try decodeInteger(bytes, as: type)
  }

  /// The number of four or eight bytes, when it fits.
  @inlinable @inline(__always)
  public static func decodePlain(_ bytes: Span<UInt8>) -> UInt? { decodePlainInteger(bytes) }
}

extension UInt8: CQLEncodable, CQLDecodable {
  /// Appends the number as any integer type it fits into.
  @inlinable
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    try encodeInteger(as: type, into: &buffer)
  }

  /// Takes all integer types.
  @inlinable
  public static func check(_ type: CQLType) throws(CQLValueError) { try checkInteger(type) }

  /// The number, or `.outOfRange` when it does not fit.
  @inlinable @inline(__always)
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> UInt8 {
    try decodeInteger(bytes, as: type)
  }

  /// The number of four or eight bytes, when it fits.
  @inlinable @inline(__always)
  public static func decodePlain(_ bytes: Span<UInt8>) -> UInt8? { decodePlainInteger(bytes) }
}

extension UInt16: CQLEncodable, CQLDecodable {
  /// Appends the number as any integer type it fits into.
  @inlinable
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    try encodeInteger(as: type, into: &buffer)
  }

  /// Takes all integer types.
  @inlinable
  public static func check(_ type: CQLType) throws(CQLValueError) { try checkInteger(type) }

  /// The number, or `.outOfRange` when it does not fit.
  @inlinable @inline(__always)
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> UInt16 {
    try decodeInteger(bytes, as: type)
  }

  /// The number of four or eight bytes, when it fits.
  @inlinable @inline(__always)
  public static func decodePlain(_ bytes: Span<UInt8>) -> UInt16? { decodePlainInteger(bytes) }
}

extension UInt32: CQLEncodable, CQLDecodable {
  /// Appends the number as any integer type it fits into.
  @inlinable
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    try encodeInteger(as: type, into: &buffer)
  }

  /// Takes all integer types.
  @inlinable
  public static func check(_ type: CQLType) throws(CQLValueError) { try checkInteger(type) }

  /// The number, or `.outOfRange` when it does not fit.
  @inlinable @inline(__always)
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> UInt32 {
    try decodeInteger(bytes, as: type)
  }

  /// The number of four or eight bytes, when it fits.
  @inlinable @inline(__always)
  public static func decodePlain(_ bytes: Span<UInt8>) -> UInt32? { decodePlainInteger(bytes) }
}

extension UInt64: CQLEncodable, CQLDecodable {
  /// Appends the number as any integer type it fits into.
  @inlinable
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    try encodeInteger(as: type, into: &buffer)
  }

  /// Takes all integer types.
  @inlinable
  public static func check(_ type: CQLType) throws(CQLValueError) { try checkInteger(type) }

  /// The number, or `.outOfRange` when it does not fit.
  @inlinable @inline(__always)
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> UInt64 {
    try decodeInteger(bytes, as: type)
  }

  /// The number of four or eight bytes, when it fits.
  @inlinable @inline(__always)
  public static func decodePlain(_ bytes: Span<UInt8>) -> UInt64? { decodePlainInteger(bytes) }
}
