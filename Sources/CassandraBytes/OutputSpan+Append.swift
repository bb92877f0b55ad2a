/// Writing into room that is there: what is appended to a buffer in one piece, with one look at its capacity.
extension OutputSpan where Element == UInt8 {
  /// Appends the UTF-8 of `text`; traps when there is no room for it.
  @inlinable @inline(__always)
  public mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { bytes in unsafe append(copying: bytes.span) }
  }

  /// Appends `value` in decimal digits; traps when there is no room for them, 20 bytes at most.
  @inlinable
  public mutating func append(decimal value: Int) {
    append(decimalMagnitude: UInt64(value.magnitude), isNegative: value < 0)
  }

  /// Appends `value` in decimal digits; traps when there is no room for them, 20 bytes at most.
  @inlinable
  public mutating func append(decimal value: UInt64) {
    append(decimalMagnitude: value, isNegative: false)
  }

  @usableFromInline
  mutating func append(decimalMagnitude magnitude: UInt64, isNegative: Bool) {
    if isNegative { append(UInt8(ascii: "-")) }
    guard magnitude >= 10 else { return append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: magnitude)) }
    guard magnitude >= 10_000 || freeCapacity < 4 else {
      return append(fewDigits: UInt32(truncatingIfNeeded: magnitude))
    }
    append(manyDigits: magnitude)
  }

  /// A function of its own, because the room for the digits is cleared before anything else is done.
  @inline(never)
  private mutating func append(manyDigits magnitude: UInt64) {
    // Two digits a division, written backwards from the end of room for the longest number: counting the digits first
    // costs as many divisions again.
    var digits: InlineArray<20, UInt8> = .init(repeating: UInt8(ascii: "0"))
    var start = 20
    var rest = magnitude
    while rest >= 10 {
      let quotient = rest / 100
      let pair = UInt8(truncatingIfNeeded: rest &- quotient &* 100)
      start -= 2
      digits[start] = UInt8(ascii: "0") + pair / 10
      digits[start + 1] = UInt8(ascii: "0") + pair % 10
      rest = quotient
    }
    if rest > 0 {
      start -= 1
      digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest)
    }
    append(copying: digits.span.extracting(start..<20))
  }

  /// Appends a number below 10,000, as nearly all are: its digits are the last of four, in one number.
  @inline(__always)
  private mutating func append(fewDigits value: UInt32) {
    let (high, low) = (value / 100, value % 100)
    let digits = (high / 10) | (high % 10) << 8 | (low / 10) << 16 | (low % 10) << 24 | 0x3030_3030
    let length = value >= 1000 ? 4 : value >= 100 ? 3 : value >= 10 ? 2 : 1
    unsafe withUnsafeMutableBufferPointer { room, count in
      guard let base = UnsafeMutableRawPointer(room.baseAddress) else { return }
      // There is room for four, whose rest the next bytes take.
      unsafe base.storeBytes(
        of: (digits >> (8 * UInt32(4 - length))).littleEndian, toByteOffset: count, as: UInt32.self)
      count += length
    }
  }

  /// Appends a number that is not negative in digits and lower-case letters, as `String(_:radix:)` does for 36; traps when
  /// there is no room for them, 13 bytes at most.
  package mutating func append(base36 value: Int) {
    // Written backwards from the end of room for the longest number.
    var digits: InlineArray<13, UInt8> = .init(repeating: 0)
    var start = 13
    var rest = value.magnitude
    repeat {
      let quotient = rest / 36
      let digit = UInt8(truncatingIfNeeded: rest &- quotient &* 36)
      start -= 1
      digits[start] = digit < 10 ? 0x30 + digit : 0x61 - 10 + digit
      rest = quotient
    } while rest > 0
    append(copying: digits.span.extracting(start..<13))
  }

  /// Appends a number below 1,296 in two digits and lower-case letters to the base of 36; traps when there is no room.
  package mutating func append(twoDigitsOfBase36 value: Int) {
    let number = UInt32(truncatingIfNeeded: value)
    let (high, low) = (UInt8(truncatingIfNeeded: number / 36), UInt8(truncatingIfNeeded: number % 36))
    append(high < 10 ? 0x30 + high : 0x61 - 10 + high)
    append(low < 10 ? 0x30 + low : 0x61 - 10 + low)
  }

  /// Appends a number in 16 lower-case hexadecimal digits; traps when there is no room for them.
  package mutating func append(hexadecimal value: UInt64) {
    append(hexadecimal: UInt32(truncatingIfNeeded: value >> 32))
    append(hexadecimal: UInt32(truncatingIfNeeded: value))
  }

  /// Eight digits at once, each in a byte of one number.
  @inline(__always)
  private mutating func append(hexadecimal value: UInt32) {
    let ones: UInt64 = 0x0101_0101_0101_0101
    var digits = UInt64(value)
    digits = (digits | digits << 16) & 0x0000_ffff_0000_ffff
    digits = (digits | digits << 8) & 0x00ff_00ff_00ff_00ff
    digits = (digits | digits << 4) & 0x0f0f_0f0f_0f0f_0f0f
    // 1 in the bytes above 9, which are letters.
    let letters = (digits &+ ones &* 6) >> 4 & ones
    append(word: digits &+ ones &* 0x30 &+ letters &* 0x27)
  }

  /// Appends `value` in network byte order; traps when there is no room for it.
  @inlinable @inline(__always)
  public mutating func append(word value: UInt64) {
    precondition(freeCapacity >= 8, "OutputSpan capacity overflow")
    // Eight bytes one after the other are not merged into one store; the room for them has just been checked.
    unsafe withUnsafeMutableBufferPointer { room, count in
      guard let base = UnsafeMutableRawPointer(room.baseAddress) else { return }
      unsafe base.storeBytes(of: value.bigEndian, toByteOffset: count, as: UInt64.self)
      count += 8
    }
  }

  /// Appends `value` in network byte order; traps when there is no room for it.
  @inlinable @inline(__always)
  public mutating func append<Value: FixedWidthInteger & BitwiseCopyable>(bigEndian value: Value) {
    let size = MemoryLayout<Value>.size
    precondition(freeCapacity >= size, "OutputSpan capacity overflow")
    // One store, as above.
    unsafe withUnsafeMutableBufferPointer { room, count in
      guard let base = UnsafeMutableRawPointer(room.baseAddress) else { return }
      unsafe base.storeBytes(of: value.bigEndian, toByteOffset: count, as: Value.self)
      count += size
    }
  }

  /// Overwrites the first four bytes with `value` in network byte order; traps when they are not there.
  @inlinable @inline(__always)
  public mutating func storeFirst(_ value: UInt32) {
    precondition(count >= 4, "OutputSpan index out of bounds")
    unsafe withUnsafeMutableBufferPointer { bytes, _ in
      guard let base = UnsafeMutableRawPointer(bytes.baseAddress) else { return }
      unsafe base.storeBytes(of: value.bigEndian, as: UInt32.self)
    }
  }

  /// Appends a copy of `bytes`; traps when there is no room for them.
  @inlinable @inline(__always)
  public mutating func append(copying bytes: Span<UInt8>) {
    let added = bytes.count
    precondition(added <= freeCapacity, "OutputSpan capacity overflow")
    // The standard library has no bulk copy between spans; neither pointer leaves this statement. Most texts are short,
    // and some words that overlap copy them in less time than it takes to call for it.
    unsafe withUnsafeMutableBufferPointer { room, count in
      unsafe bytes.withUnsafeBytes { source in
        guard let from = source.baseAddress, let to = UnsafeMutableRawPointer(room.baseAddress) else { return }
        let end = unsafe to + count
        switch added {
        case 17...32:
          unsafe end.storeBytes(of: from.loadUnaligned(as: UInt64.self), as: UInt64.self)
          unsafe (end + 8).storeBytes(of: (from + 8).loadUnaligned(as: UInt64.self), as: UInt64.self)
          unsafe (end + added - 16).storeBytes(of: (from + added - 16).loadUnaligned(as: UInt64.self), as: UInt64.self)
          unsafe (end + added - 8).storeBytes(of: (from + added - 8).loadUnaligned(as: UInt64.self), as: UInt64.self)
        case 8...16:
          unsafe end.storeBytes(of: from.loadUnaligned(as: UInt64.self), as: UInt64.self)
          unsafe (end + added - 8).storeBytes(of: (from + added - 8).loadUnaligned(as: UInt64.self), as: UInt64.self)
        case 4...7:
          unsafe end.storeBytes(of: from.loadUnaligned(as: UInt32.self), as: UInt32.self)
          unsafe (end + added - 4).storeBytes(of: (from + added - 4).loadUnaligned(as: UInt32.self), as: UInt32.self)
        case 1...3:
          unsafe end.storeBytes(of: from.load(as: UInt8.self), as: UInt8.self)
          unsafe (end + added / 2).storeBytes(of: (from + added / 2).load(as: UInt8.self), as: UInt8.self)
          unsafe (end + added - 1).storeBytes(of: (from + added - 1).load(as: UInt8.self), as: UInt8.self)
        default: unsafe end.copyMemory(from: from, byteCount: added)
        }
      }
      count += added
    }
  }
}
