/// Finds lines that end with CRLF, in bytes that arrive in any pieces.
///
/// A line comes out only when it is complete, and then it is free of control characters other than tabs: every other one
/// is refused where it stands, also in a line that has not ended. No byte is looked at twice, however the pieces are cut.
struct LineScanner: Sendable {
  /// Where the current line begins.
  private(set) var lineStart = 0
  private var position = 0

  /// The next line without its CRLF, or nil when it does not end before `bound` or before the bytes do.
  @inline(__always)
  mutating func next(in bytes: Span<UInt8>, before bound: Int) throws(HTTPError) -> Range<Int>? {
    let end = min(bytes.count, bound)
    var index = position
    while true {
      if index <= end - 8 {
        let marks = LineScanner.suspects(in: bytes.word(at: index))
        guard marks != 0 else {
          index += 8
          continue
        }
        index += marks.trailingZeroBitCount >> 3
      } else if index >= end {
        position = index
        return nil
      }
      let byte = bytes[index]
      if byte < 0x20 && byte != .tab || byte == 0x7f { break }
      index += 1
    }
    guard bytes[index] == .carriageReturn else { throw LineScanner.refusal(of: bytes[index], at: index) }
    guard index + 1 < end else {
      position = index
      return nil
    }
    guard bytes[index + 1] == .lineFeed else {
      throw HTTPError(.bareCarriageReturn, at: index, "A carriage return stands without its line feed")
    }
    let line = lineStart..<index
    position = index + 2
    lineStart = position
    return line
  }

  /// A mark in the highest bit of every byte of `word` that is below 0x20, is 0x7f, or is above it.
  ///
  /// The lowest mark is exact; one above it may be wrong, because a subtraction borrows from the next byte.
  @inline(__always)
  private static func suspects(in word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let deletes = (word ^ (ones &* 0x7f)) &- ones
    return ((word &- ones &* 0x20) | deletes | word) & (ones &* 0x80)
  }

  private static func refusal(of byte: UInt8, at index: Int) -> HTTPError {
    byte == .lineFeed
      ? HTTPError(.bareLineFeed, at: index, "A line ends with a line feed alone")
      : HTTPError(.controlCharacter, at: index, "A control character stands in the head")
  }
}

extension Span where Element == UInt8 {
  /// The eight bytes at `offset` as one number, the first one lowest; traps when they are not there.
  @inline(__always)
  func word(at offset: Int) -> UInt64 {
    // Eight loads with shifts are not merged into one in these loops, and they are a third of a parse. The library checks
    // the bounds of this load too, and any eight bytes are a number; unsafe is only its name.
    UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
}
