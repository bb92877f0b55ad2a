internal import CassandraBytes

extension Array where Element == UInt8 {
  /// Appends `text` as a JSON string, quotes included.
  ///
  /// Escaped are `"`, `\` and the control characters below U+0020, with the short forms where JSON has them (`\b`, `\t`,
  /// `\n`, `\f`, `\r`) and `\u00XX` where it has not. Everything else goes out as it is, `/`, DEL and all that is not
  /// ASCII included (RFC 8259, section 7).
  public mutating func append(jsonString text: String) {
    text.withUTF8Span { append(jsonString: $0) }
  }

  /// Appends bytes that are known to be UTF-8 as a JSON string, quotes included.
  ///
  /// For text that has been checked already, such as the cells of a database: nothing is validated here, so bytes that
  /// are not UTF-8 go out as they are and give a text that no reader accepts. The escapes are those of
  /// `append(jsonString:)` over text.
  public mutating func append(jsonString bytes: Span<UInt8>) {
    let clean = bytes.endOfPlainText(from: 0).end
    guard clean == bytes.count else { return append(jsonEscaping: bytes, plainUpTo: clean) }
    append(addingCapacity: clean + 2) { output in
      output.append(UInt8(ascii: "\""))
      output.append(copying: bytes)
      output.append(UInt8(ascii: "\""))
    }
  }

  private mutating func append(jsonEscaping bytes: Span<UInt8>, plainUpTo firstEscape: Int) {
    append(UInt8(ascii: "\""))
    var start = 0
    var end = firstEscape
    while true {
      append(copying: bytes.extracting(start..<end))
      guard end < bytes.count else { break }
      append(jsonEscape: bytes[end])
      start = end + 1
      end = bytes.endOfPlainText(from: start).end
    }
    append(UInt8(ascii: "\""))
  }

  private mutating func append(jsonEscape byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): append("\\\"")
    case UInt8(ascii: "\\"): append("\\\\")
    case 0x08: append("\\b")
    case UInt8(ascii: "\t"): append("\\t")
    case UInt8(ascii: "\n"): append("\\n")
    case 0x0c: append("\\f")
    case UInt8(ascii: "\r"): append("\\r")
    default:
      append("\\u00")
      append(hexadecimalDigit(byte >> 4))
      append(hexadecimalDigit(byte & 0xf))
    }
  }
}

extension Span where Element == UInt8 {
  /// The offset of the first `"`, `\` or control character below U+0020 at or after `start`, or `count`; and whether it
  /// has been seen that all from `start` to there is ASCII.
  ///
  /// These are the bytes that a writer escapes, and the ones at which a reader of a string stops.
  @inline(__always)
  func endOfPlainText(from start: Int) -> (end: Int, isASCII: Bool) {
    let topBits: UInt64 = 0x8080_8080_8080_8080
    var index = start
    var all: UInt64 = 0
    while count - index >= 8 {
      // The first byte is the lowest one here, as ``endsOfPlainText(in:)`` needs it.
      let word = uint64(at: index).byteSwapped
      let ends = Self.endsOfPlainText(in: word)
      guard ends == 0 else {
        let plain = ends.trailingZeroBitCount / 8
        all |= word & (1 &<< UInt64(plain * 8) &- 1)
        return (index + plain, all & topBits == 0)
      }
      all |= word
      index += 8
    }
    // The last word overlaps what has been looked at, which spares most short texts the loop over single bytes.
    if index < count, count >= 8 {
      let word = uint64(at: count - 8).byteSwapped
      if Self.endsOfPlainText(in: word) == 0 { return (count, (all | word) & topBits == 0) }
    }
    while index < count {
      let byte = self[index]
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
      all |= UInt64(byte)
      index += 1
    }
    return (index, all & topBits == 0)
  }

  /// The top bits of the bytes that end plain text, of eight: the lowest that is set is right, and those above it may be
  /// too many.
  ///
  /// Subtracting 1 from a byte sets its top bit when the byte was 0 (and when the top bit was set, which the last
  /// comparison takes out again); a borrow can only make a byte above look like a match when there is one below it.
  @inline(__always)
  private static func endsOfPlainText(in word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quotes = (word ^ (ones &* UInt64(UInt8(ascii: "\"")))) &- ones
    let backslashes = (word ^ (ones &* UInt64(UInt8(ascii: "\\")))) &- ones
    let controls = word &- ones &* 0x20
    return (quotes | backslashes | controls) & ~word & (ones &* 0x80)
  }
}
