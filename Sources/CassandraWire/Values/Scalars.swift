public import CassandraBytes

extension Bool: CQLEncodable, CQLDecodable {
  /// Appends a `boolean`.
  @inlinable
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    guard case .boolean = type else { throw CQLValueError.mismatch(Bool.self, type) }
    buffer.append(self ? 1 : 0)
  }

  /// Takes `boolean`.
  @inlinable
  public static func check(_ type: CQLType) throws(CQLValueError) {
    guard case .boolean = type else { throw CQLValueError.mismatch(Bool.self, type) }
  }

  /// False for 0 and true for any other byte.
  @inlinable @inline(__always)
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> Bool {
    guard bytes.count == 1 else { throw CQLValueError.wrongSize(bytes.count, type) }
    return bytes[0] != 0
  }

  /// The value of one byte.
  @inlinable @inline(__always)
  public static func decodePlain(_ bytes: Span<UInt8>) -> Bool? { bytes.count == 1 ? bytes[0] != 0 : nil }
}

extension Float: CQLEncodable, CQLDecodable {
  /// Appends a `float`, or a `double` of the same value.
  @inlinable
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    switch type {
    case .float: buffer.append(bigEndian: bitPattern)
    case .double: buffer.append(bigEndian: Double(self).bitPattern)
    default: throw CQLValueError.mismatch(Float.self, type)
    }
  }

  /// Takes `float`.
  @inlinable
  public static func check(_ type: CQLType) throws(CQLValueError) {
    guard case .float = type else { throw CQLValueError.mismatch(Float.self, type) }
  }

  /// The number, with the bits it had.
  @inlinable @inline(__always)
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> Float {
    guard bytes.count == 4 else { throw CQLValueError.wrongSize(bytes.count, type) }
    return Float(bitPattern: bytes.uint32(at: 0))
  }

  /// The number in four bytes.
  @inlinable @inline(__always)
  public static func decodePlain(_ bytes: Span<UInt8>) -> Float? {
    bytes.count == 4 ? Float(bitPattern: bytes.uint32(at: 0)) : nil
  }
}

extension Double: CQLEncodable, CQLDecodable {
  /// Appends a `double`, or a `float` when that is the same number: 0.5 is, and 0.1 is not, for which `Float(0.1)` says
  /// that the nearest one is meant. For a `decimal` it appends the fewest digits that read back as the number.
  @inlinable
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    switch type {
    case .double: buffer.append(bigEndian: bitPattern)
    case .float:
      let narrow = Float(self)
      guard Double(narrow) == self || isNaN else {
        throw CQLValueError.outOfRange(type, "The number has more digits than a float holds; Float(…) rounds it.")
      }
      buffer.append(bigEndian: narrow.bitPattern)
    case .decimal: try encodeDecimal(into: &buffer)
    default: throw CQLValueError.mismatch(Double.self, type)
    }
  }

  /// Takes `double`, and `float`, whose values are all doubles too, and `decimal`, of which it takes those numbers that it
  /// can give back.
  @inlinable
  public static func check(_ type: CQLType) throws(CQLValueError) {
    switch type {
    case .double, .float, .decimal: break
    default: throw CQLValueError.mismatch(Double.self, type)
    }
  }

  /// The number, with the bits it had when it was a `double`. A `decimal` of more digits than a double keeps is refused:
  /// `Double(nearest:)` of a ``CQLDecimal`` says that the nearest one is meant.
  @inlinable @inline(__always)
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> Double {
    if case .decimal = type { return try decodeDecimal(bytes) }
    switch bytes.count {
    case 8: return Double(bitPattern: bytes.uint64(at: 0))
    case 4: return Double(Float(bitPattern: bytes.uint32(at: 0)))
    default: throw CQLValueError.wrongSize(bytes.count, type)
    }
  }
}

extension String: CQLEncodable, CQLDecodable {
  /// Appends `text`, or `ascii` when the text is that; never another type.
  @inlinable
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    switch type {
    case .text: buffer.append(utf8: self)
    case .ascii:
      guard utf8.allSatisfy({ $0 < 0x80 }) else { throw CQLValueError.invalidText(type) }
      buffer.append(utf8: self)
    default: throw CQLValueError.mismatch(String.self, type)
    }
  }

  /// Takes `text` and `ascii`.
  @inlinable
  public static func check(_ type: CQLType) throws(CQLValueError) {
    switch type {
    case .text, .ascii: break
    default: throw CQLValueError.mismatch(String.self, type)
    }
  }

  /// The text, or `.invalidText` when the bytes are not UTF-8, or not ASCII where the type is that.
  @inlinable @inline(__always)
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> String {
    guard let text = String(validating: bytes) else { throw CQLValueError.invalidText(type) }
    if case .ascii = type, !bytes.isASCII { throw CQLValueError.invalidText(type) }
    return text
  }

  /// The text, when it is ASCII.
  @inlinable @inline(__always)
  public static func decodePlain(_ bytes: Span<UInt8>) -> String? { String(ascii: bytes) }
}

/// A value that may be missing: nil is null, both ways.
///
/// Old clients could write values of no bytes into columns of nearly every type. Where they mean nothing (all types but
/// text, ascii, blob, custom ones, tuples and user-defined types), nil stands for them too; types that are not optional
/// throw `.unexpectedEmpty`, collections become empty.
extension Optional: CQLEncodable where Wrapped: CQLEncodable {
  /// Null for nil, else that of the value.
  @inlinable
  public var presence: CQLPresence {
    switch self {
    case .none: .null
    case .some(let value): value.presence
    }
  }

  /// Appends the value, and nothing for nil.
  @inlinable
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    try self?.encode(as: type, into: &buffer)
  }
}

extension Optional: CQLDecodable where Wrapped: CQLDecodable {
  /// Takes what the value takes.
  @inlinable
  public static func check(_ type: CQLType) throws(CQLValueError) { try Wrapped.check(type) }

  /// The value, or nil when it has no bytes and that means nothing for its type.
  @inlinable @inline(__always)
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> Wrapped? {
    if bytes.isEmpty, !type.emptyIsValue { return nil }
    return try Wrapped.decode(bytes, as: type)
  }

  /// What the value's is, unless there are no bytes.
  @inlinable @inline(__always)
  public static func decodePlain(_ bytes: Span<UInt8>) -> Wrapped?? {
    guard !bytes.isEmpty, let value = Wrapped.decodePlain(bytes) else { return nil }
    return .some(value)
  }

  /// Nil.
  @inlinable @inline(__always)
  public static func decodeNull() throws(CQLValueError) -> Wrapped? { nil }
}
