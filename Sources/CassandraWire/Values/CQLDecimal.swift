import CassandraBytes

/// A value of the type `decimal`: `unscaled` × 10 to the power of `-scale`.
///
/// Two values are equal when both parts are, as in Cassandra's own text: 1.0 and 1.00 are different, though the same
/// number.
public struct CQLDecimal: Hashable, Sendable {
  /// The digits.
  public var unscaled: CQLVarint
  /// How many of the digits stand behind the point; negative when zeros follow them instead.
  public var scale: Int32

  /// A number from its digits and how many of them stand behind the point.
  public init(unscaled: CQLVarint, scale: Int32) {
    self.unscaled = unscaled
    self.scale = scale
  }

  /// The fewest digits that read back as the number: 0.1 is 0.1. Nil for what is no number or infinite.
  public init?(_ number: Double) {
    guard number.isFinite else { return nil }
    self.init("\(number)")
  }

  /// A whole number.
  public init(_ number: some BinaryInteger) { self.init(unscaled: CQLVarint(number), scale: 0) }
}

extension CQLDecimal: LosslessStringConvertible {
  /// The number of a text such as `-12.50` or `1.25E-7`, with as many digits behind the point as it has there; nil for any
  /// other text, and where the digits or the exponent are out of bounds.
  public init?(_ text: String) {
    var digits: [UInt8] = []
    var scale: Int64 = 0
    var hasPoint = false
    var rest = Substring(text).utf8
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
    while let byte = rest.first, byte != UInt8(ascii: "e"), byte != UInt8(ascii: "E") {
      if byte == UInt8(ascii: "."), !hasPoint {
        hasPoint = true
      } else {
        digits.append(byte)
        if hasPoint { scale += 1 }
      }
      rest.removeFirst()
    }
    if rest.popFirst() != nil {
      let (difference, overflow) = scale.subtractingReportingOverflow(Int64(String(Substring(rest))) ?? .min)
      guard !overflow else { return nil }
      scale = difference
    }
    guard let scale = Int32(exactly: scale), let unscaled = CQLVarint(isNegative: isNegative, digits: digits) else {
      return nil
    }
    self.init(unscaled: unscaled, scale: scale)
  }

  /// The text as Java and so Cassandra write it: with an exponent when zeros would have to be added behind the number, or
  /// more than five between the point and its first digit.
  ///
  /// Digits that are too many for text (``CQLVarint/maximumTextBytes``) come in hexadecimal, and then the scale.
  public var description: String {
    var buffer: [UInt8] = []
    do throws(CQLValueError) {
      try write(into: &buffer)
    } catch {
      return "\(unscaled)E\(-Int64(scale))"
    }
    return String(decoding: buffer, as: UTF8.self)
  }

  /// Appends the text as Java writes it; throws `.tooLarge` when the digits are too many for text.
  public func write(into buffer: inout [UInt8]) throws(CQLValueError) {
    let start = buffer.count
    try unscaled.write(into: &buffer)
    Self.insertPoint(intoDigitsFrom: unscaled.isNegative ? start + 1 : start, of: &buffer, scale: Int64(scale))
  }

  /// Makes a decimal of the digits at the end of a buffer, by the rules of Java's `BigDecimal.toString`.
  private static func insertPoint(intoDigitsFrom start: Int, of buffer: inout [UInt8], scale: Int64) {
    guard scale != 0 else { return }
    let digits = buffer.count - start
    let exponent = Int64(digits) - 1 - scale
    if scale > 0, exponent >= -6 {
      let whole = digits - Int(scale)
      if whole > 0 {
        buffer.insert(UInt8(ascii: "."), at: start + whole)
      } else {
        buffer.insert(contentsOf: [UInt8](repeating: UInt8(ascii: "0"), count: 1 - whole), at: start)
        buffer.insert(UInt8(ascii: "."), at: start + 1)
      }
      return
    }
    if digits > 1 { buffer.insert(UInt8(ascii: "."), at: start + 1) }
    guard exponent != 0 else { return }
    buffer.append(UInt8(ascii: "E"))
    if exponent > 0 { buffer.append(UInt8(ascii: "+")) }
    buffer.append(decimal: Int(exponent))
  }

  /// Appends the text of a cell.
  package static func write(_ cell: Span<UInt8>, into buffer: inout [UInt8]) throws(CQLValueError) {
    guard cell.count > 4 else { throw CQLValueError.wrongSize(cell.count, .decimal) }
    let start = buffer.count
    try CQLVarint.write(twosComplement: cell.extracting(4..<cell.count), into: &buffer)
    let isNegative = buffer[start] == UInt8(ascii: "-")
    insertPoint(intoDigitsFrom: isNegative ? start + 1 : start, of: &buffer, scale: Int64(cell.int32(at: 0)))
  }
}

extension CQLDecimal: CQLEncodable, CQLDecodable {
  /// Appends a `decimal`.
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    guard case .decimal = type else { throw CQLValueError.mismatch(CQLDecimal.self, type) }
    buffer.append(bigEndian: scale)
    try unscaled.encode(as: .varint, into: &buffer)
  }

  /// Takes `decimal`.
  public static func check(_ type: CQLType) throws(CQLValueError) {
    guard case .decimal = type else { throw CQLValueError.mismatch(CQLDecimal.self, type) }
  }

  /// The number.
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> CQLDecimal {
    guard bytes.count > 4 else { throw CQLValueError.wrongSize(bytes.count, type) }
    let unscaled = CQLVarint(twosComplement: bytes.extracting(4..<bytes.count))
    return CQLDecimal(unscaled: unscaled, scale: bytes.int32(at: 0))
  }
}

// MARK: - Floating point

extension Double {
  /// The number that is nearest to a decimal, infinite when that is too large; nil when its digits are too many for text
  /// (``CQLVarint/maximumTextBytes``).
  public init?(nearest decimal: CQLDecimal) {
    var text: [UInt8] = []
    do throws(CQLValueError) { try decimal.write(into: &text) } catch { return nil }
    self.init(String(decoding: text, as: UTF8.self))
  }

  @usableFromInline @inline(never)
  func encodeDecimal(into buffer: inout [UInt8]) throws(CQLValueError) {
    guard let decimal = CQLDecimal(self) else {
      throw CQLValueError.outOfRange(.decimal, "A decimal is neither infinite nor no number.")
    }
    try decimal.encode(as: .decimal, into: &buffer)
  }

  @usableFromInline @inline(never)
  static func decodeDecimal(_ bytes: Span<UInt8>) throws(CQLValueError) -> Double {
    let decimal = try CQLDecimal.decode(bytes, as: .decimal)
    guard let number = Double(nearest: decimal), let same = CQLDecimal(number), same.isSameNumber(as: decimal) else {
      throw CQLValueError.outOfRange(
        .decimal, "The number has more digits than a double; Double(nearest:) of the decimal rounds it.")
    }
    return number
  }
}

extension CQLDecimal {
  /// Whether both are the same number, however many zeros they end with.
  func isSameNumber(as other: CQLDecimal) -> Bool {
    guard let (left, right) = trimmed.flatMap({ left in other.trimmed.map { (left, $0) } }) else { return false }
    return left.digits == right.digits && (left.scale == right.scale || left.digits == [UInt8(ascii: "0")])
  }

  /// The digits, with a sign, without zeros behind, and their scale; nil when they are too many for text.
  private var trimmed: (digits: [UInt8], scale: Int64)? {
    var digits: [UInt8] = []
    do throws(CQLValueError) { try unscaled.write(into: &digits) } catch { return nil }
    var scale = Int64(scale)
    while digits.count > 1, digits.last == UInt8(ascii: "0") {
      digits.removeLast()
      scale -= 1
    }
    return (digits, scale)
  }
}
