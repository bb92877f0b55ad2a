/// Reading numbers in network byte order.
///
/// An offset outside of the span traps, as a subscript does: a decoder of hostile bytes compares with `count` first and
/// throws an error of its own.
///
/// Each is one load with one comparison of bounds. The load counts as unsafe only because it takes any type: it checks
/// its bounds, and every pattern of bits is a number. Bytes that are shifted together are checked one by one, which made
/// a scan eight bytes at a time twice as slow.
extension Span where Element == UInt8 {
  /// The two bytes at `offset` as one number, most significant byte first.
  @inlinable @inline(__always)
  public func uint16(at offset: Int) -> UInt16 {
    unsafe UInt16(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  /// The four bytes at `offset` as one number, most significant byte first.
  @inlinable @inline(__always)
  public func uint32(at offset: Int) -> UInt32 {
    unsafe UInt32(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// The eight bytes at `offset` as one number, most significant byte first.
  @inlinable @inline(__always)
  public func uint64(at offset: Int) -> UInt64 {
    unsafe UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// The four bytes at `offset` as one signed number, most significant byte first.
  @inlinable @inline(__always)
  public func int32(at offset: Int) -> Int32 { Int32(bitPattern: uint32(at: offset)) }

  /// The eight bytes at `offset` as one signed number, most significant byte first.
  @inlinable @inline(__always)
  public func int64(at offset: Int) -> Int64 { Int64(bitPattern: uint64(at: offset)) }
}

extension Span where Element == UInt8 {
  /// Whether both spans hold the same bytes.
  @inlinable
  public func isEqual(to other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    // Words first, the last of which overlaps what has been compared.
    guard count >= 8 else {
      for index in indices where self[index] != other[index] { return false }
      return true
    }
    var index = 0
    while count - index > 8 {
      guard uint64(at: index) == other.uint64(at: index) else { return false }
      index += 8
    }
    return uint64(at: count - 8) == other.uint64(at: count - 8)
  }

  /// Whether the bytes are the UTF-8 of `text`.
  @inlinable
  public func isEqual(to text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    return text.withUTF8Buffer { expected in
      for index in indices where unsafe self[index] != expected[index] { return false }
      return true
    }
  }

  /// Whether these bytes come first: in the order of unsigned bytes, a prefix before what it is a prefix of.
  @inlinable
  public func precedes(_ other: Span<UInt8>) -> Bool {
    let common = Swift.min(count, other.count)
    var index = 0
    // Words first: names of a stranger may be long and differ at their ends.
    while common - index >= 8, uint64(at: index) == other.uint64(at: index) { index += 8 }
    while index < common {
      let (left, right) = (self[index], other[index])
      if left != right { return left < right }
      index += 1
    }
    return count < other.count
  }

  /// Whether all bytes are ASCII. They are looked at in words, the last of which overlaps what has been looked at.
  @inlinable @inline(__always)
  public var isASCII: Bool {
    if count >= 8 {
      var all = uint64(at: count - 8)
      var index = 0
      while count - index > 8 {
        all |= uint64(at: index)
        index += 8
      }
      return all & 0x8080_8080_8080_8080 == 0
    }
    if count >= 4 { return (uint32(at: 0) | uint32(at: count - 4)) & 0x8080_8080 == 0 }
    for index in indices where self[index] >= 0x80 { return false }
    return true
  }

  /// The offset of the first `byte` at or after `start`.
  @inlinable
  public func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
    var index = start
    while index < count {
      if self[index] == byte { return index }
      index += 1
    }
    return nil
  }
}

extension String {
  /// A copy of `bytes` as text, or nil when they are not UTF-8.
  @inlinable @inline(__always)
  public init?(validating bytes: Span<UInt8>) {
    guard let text = String(ascii: bytes) else {
      self.init(validatingScalars: bytes)
      return
    }
    self = text
  }

  /// A copy of `bytes` as text, or nil when they are not ASCII.
  @inlinable @inline(__always)
  public init?(ascii bytes: Span<UInt8>) {
    guard bytes.isASCII else { return nil }
    // ASCII is UTF-8, and nearly every text is ASCII; saying so spares two further looks at every byte.
    self.init(copying: unsafe UTF8Span(unchecked: bytes, isKnownASCII: true))
  }

  /// A copy of bytes that have been found to be UTF-8, and ASCII where that is said.
  @inlinable @inline(__always)
  public init(validated bytes: Span<UInt8>, isASCII: Bool) {
    self.init(copying: unsafe UTF8Span(unchecked: bytes, isKnownASCII: isASCII))
  }

  @inlinable @inline(never)
  init?(validatingScalars bytes: Span<UInt8>) {
    guard let text = try? UTF8Span(validating: bytes) else { return nil }
    self.init(copying: text)
  }

  /// A copy of `bytes` as text, with U+FFFD in place of what is not UTF-8; for messages to people.
  @inlinable
  public init(repairing bytes: Span<UInt8>) {
    var copy: [UInt8] = []
    copy.append(copying: bytes)
    self.init(decoding: copy, as: UTF8.self)
  }
}
