/// How far a number of JSON's grammar goes (RFC 8259, section 6), and what is wrong with it if something is.
struct NumberScan {
  /// The offset behind the number, or the offset of the problem.
  private(set) var end: Int

  /// What should have stood at `end`; nil when the number is complete.
  private(set) var problem: StaticString?

  /// Scans the number that begins at `start`.
  init(_ bytes: Span<UInt8>, from start: Int) {
    end = start
    if Self.byte(bytes, at: end) == UInt8(ascii: "-") { end += 1 }
    if Self.byte(bytes, at: end) == UInt8(ascii: "0") {
      end += 1
      if Self.isDigit(bytes, at: end) {
        problem = "a number without leading zeros"
        return
      }
    } else if !skipDigits(bytes) {
      return
    }
    if Self.byte(bytes, at: end) == UInt8(ascii: ".") {
      end += 1
      guard skipDigits(bytes) else { return }
    }
    if let byte = Self.byte(bytes, at: end), byte | 0x20 == UInt8(ascii: "e") {
      end += 1
      if let sign = Self.byte(bytes, at: end), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { end += 1 }
      _ = skipDigits(bytes)
    }
  }

  private mutating func skipDigits(_ bytes: Span<UInt8>) -> Bool {
    guard Self.isDigit(bytes, at: end) else {
      problem = "a digit"
      return false
    }
    repeat { end += 1 } while Self.isDigit(bytes, at: end)
    return true
  }

  @inline(__always)
  private static func byte(_ bytes: Span<UInt8>, at offset: Int) -> UInt8? {
    offset < bytes.count ? bytes[offset] : nil
  }

  @inline(__always)
  private static func isDigit(_ bytes: Span<UInt8>, at offset: Int) -> Bool {
    offset < bytes.count && bytes[offset] &- UInt8(ascii: "0") < 10
  }
}
