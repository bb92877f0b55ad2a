internal import CassandraBytes

/// A number as it is written, so that none of its digits is lost.
///
/// Two numbers are equal when their texts are: `1.0` and `1` differ here, and compare equal as ``exactInt`` or
/// ``double``.
public struct JSONNumber: Hashable, Sendable, CustomStringConvertible {
  /// The number as JSON writes it (RFC 8259, section 6).
  public let text: String

  init(unchecked text: String) { self.text = text }

  /// The number that `text` writes, or nil when it is not written as JSON has it.
  ///
  /// White space around it, a leading `+`, leading zeros, `.5`, `5.`, hexadecimal digits, NaN and infinities all give
  /// nil. The length of `text` is not limited.
  public init?(_ text: String) {
    let isNumber = text.withUTF8Span { bytes in
      let scan = NumberScan(bytes, from: 0)
      return scan.problem == nil && scan.end == bytes.count
    }
    guard isNumber else { return nil }
    self.text = text
  }

  /// The number in decimal digits.
  public init(_ value: some BinaryInteger) { text = String(value) }

  /// The shortest number that reads back as `value`, or nil for a NaN or an infinity.
  public init?(_ value: Double) {
    guard value.isFinite else { return nil }
    text = value.description
  }

  /// The shortest number that reads back as `value` with 32 bits, or nil for a NaN or an infinity.
  public init?(_ value: Float) {
    guard value.isFinite else { return nil }
    text = value.description
  }

  /// The number's text.
  public var description: String { text }
}

extension JSONNumber {
  /// The number as an `Int` if it is exactly one: `3`, `3.0`, `-0` and `30e-1` are, `3.7` and `1e19` are not.
  public var exactInt: Int? { exactInteger() }

  /// The number as an integer of any width if it is exactly one, never rounded and never cut off.
  ///
  /// The time it takes grows with the length of the text, not with the size of the number.
  public func exactInteger<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) -> Value? {
    // The common case has neither a fraction nor an exponent, and no sign or zeros that only Swift would accept.
    if let value = Value(text) { return value }
    return decimal.integer()
  }

  /// Whether the number is whole, of whatever size: `1e400` is, `0.5` is not.
  public var isWhole: Bool { decimal.isWhole }

  /// The nearest `Double`, or nil when the number is too large for one.
  ///
  /// A number that is too small for one becomes 0, as any number becomes the nearest one.
  public var double: Double? { Double(text).flatMap { $0.isFinite ? $0 : nil } }

  /// The nearest `Float`, rounded once, or nil when the number is too large for one.
  public var float: Float? { Float(text).flatMap { $0.isFinite ? $0 : nil } }

  private var decimal: Decimal { Decimal(text) }
}

extension JSONNumber: JSONWritable {
  /// Appends the number as it is written.
  public func writeJSON(to buffer: inout [UInt8]) { buffer.append(utf8: text) }
}

extension JSONNumber {
  /// A number taken apart: a sign, the digits without zeros at either end, and a power of ten.
  private struct Decimal {
    var isNegative = false
    var digits: [UInt8] = []
    var exponent = 0

    init(_ text: String) {
      var isAfterPoint = false
      var rest = text.utf8[...]
      while let byte = rest.popFirst() {
        switch byte {
        case UInt8(ascii: "-"): isNegative = true
        case UInt8(ascii: "."): isAfterPoint = true
        case UInt8(ascii: "e"), UInt8(ascii: "E"):
          exponent += Self.exponent(rest)
          rest = rest[rest.endIndex...]
        default:
          if isAfterPoint { exponent -= 1 }
          if byte != UInt8(ascii: "0") || !digits.isEmpty { digits.append(byte - UInt8(ascii: "0")) }
        }
      }
      while digits.last == 0 {
        digits.removeLast()
        exponent += 1
      }
    }

    /// The number after the `e`, held to what can be added to the length of a text without overflow.
    private static func exponent(_ text: Substring.UTF8View) -> Int {
      let bound = 1 << 56
      var value = 0
      for byte in text {
        guard let digit = hexadecimalValue(byte) else { continue }
        value = min(value * 10 + Int(digit), bound)
        if value == bound { break }
      }
      return text.first == UInt8(ascii: "-") ? -value : value
    }

    var isWhole: Bool { digits.isEmpty || exponent >= 0 }

    func integer<Value: FixedWidthInteger>() -> Value? {
      guard isWhole else { return nil }
      // Added up with the number's sign, because the smallest value of a signed type has no positive counterpart. The
      // value is not 0 after the first digit, so ten times too much overflows after a few steps whatever the exponent.
      var value: Value = 0
      for digit in digits {
        guard let longer = Self.append(digit, to: value, isNegative) else { return nil }
        value = longer
      }
      var zeros = digits.isEmpty ? 0 : exponent
      while zeros > 0 {
        guard let longer = Self.append(0, to: value, isNegative) else { return nil }
        value = longer
        zeros -= 1
      }
      return value
    }

    private static func append<Value: FixedWidthInteger>(
      _ digit: UInt8, to value: Value, _ isNegative: Bool
    ) -> Value? {
      guard let ten = Value(exactly: 10), let digit = Value(exactly: digit) else { return nil }
      let (shifted, isTooLarge) = value.multipliedReportingOverflow(by: ten)
      let (sum, hasCarry) =
        isNegative ? shifted.subtractingReportingOverflow(digit) : shifted.addingReportingOverflow(digit)
      return isTooLarge || hasCarry ? nil : sum
    }
  }
}
