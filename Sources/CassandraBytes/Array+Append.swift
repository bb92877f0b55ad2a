/// Writing into a buffer of bytes.
///
/// `[UInt8]` is the buffer of the whole package: it is safe, grows by doubling, and gives its bytes as a `Span`.
extension Array where Element == UInt8 {
  /// A copy of `bytes`, with room for exactly these.
  @inlinable
  public init(copying bytes: Span<UInt8>) {
    // The standard library has no bulk copy out of a span; the pointer does not leave this line.
    self = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
  }

  /// Appends a copy of `bytes`.
  @inlinable
  public mutating func append(copying bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }

  /// Appends the UTF-8 of `text`.
  @inlinable
  public mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { unsafe append(contentsOf: $0) }
  }

  /// Appends the UTF-8 of `text`.
  @inlinable
  public mutating func append(utf8 text: String) { text.withUTF8Span { append(copying: $0) } }

  /// Appends `value` in network byte order.
  @inlinable @inline(__always)
  public mutating func append<Value: FixedWidthInteger>(bigEndian value: Value) {
    append(addingCapacity: MemoryLayout<Value>.size) { output in
      var shift = Value.bitWidth
      while shift > 0 {
        shift -= 8
        output.append(UInt8(truncatingIfNeeded: value >> Value(truncatingIfNeeded: shift)))
      }
    }
  }

  /// Overwrites the bytes at `offset` with `value` in network byte order; traps when they are not there.
  @inlinable @inline(__always)
  public mutating func store<Value: FixedWidthInteger>(bigEndian value: Value, at offset: Int) {
    var index = offset
    var shift = Value.bitWidth
    while shift > 0 {
      shift -= 8
      self[index] = UInt8(truncatingIfNeeded: value >> Value(truncatingIfNeeded: shift))
      index += 1
    }
  }
}

extension Array where Element == UInt8 {
  /// Appends `value` in decimal digits.
  @inlinable
  public mutating func append(decimal value: Int) {
    append(decimalMagnitude: UInt64(value.magnitude), isNegative: value < 0)
  }

  /// Appends `value` in decimal digits.
  @inlinable
  public mutating func append(decimal value: UInt64) {
    append(decimalMagnitude: value, isNegative: false)
  }

  @usableFromInline
  mutating func append(decimalMagnitude magnitude: UInt64, isNegative: Bool) {
    append(addingCapacity: 21) { output in output.append(decimalMagnitude: magnitude, isNegative: isNegative) }
  }

  /// Appends the last `digits` decimal digits of `value`, with leading zeros.
  @inlinable
  public mutating func append(decimal value: UInt64, digits: Int) {
    append(addingCapacity: digits) { output in
      output.append(repeating: UInt8(ascii: "0"), count: digits)
      var bytes = output.mutableSpan
      var rest = value
      var index = digits
      while index > 0, rest != 0 {
        index -= 1
        let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
        bytes[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
        rest = quotient
      }
    }
  }

  /// Appends two lower-case hexadecimal digits a byte.
  @inlinable
  public mutating func append(hexadecimal bytes: Span<UInt8>) {
    append(addingCapacity: bytes.count * 2) { output in
      for index in bytes.indices {
        output.append(hexadecimalDigit(bytes[index] >> 4))
        output.append(hexadecimalDigit(bytes[index] & 0xf))
      }
    }
  }
}

/// The lower-case hexadecimal digit of a value below 16.
@inlinable @inline(__always)
public func hexadecimalDigit(_ value: UInt8) -> UInt8 {
  value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
}

/// The value of a hexadecimal digit of either case, or nil for any other byte.
@inlinable @inline(__always)
public func hexadecimalValue(_ digit: UInt8) -> UInt8? {
  switch digit {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
  default: nil
  }
}
