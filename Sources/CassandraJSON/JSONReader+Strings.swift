internal import CassandraBytes

extension JSONReader {
  /// Reads the string whose opening quote stands at the position.
  mutating func string() throws(JSONError) -> StringPlace {
    let start = position + 1
    let (end, isASCII) = bytes.span.endOfPlainText(from: start)
    // Nearly every string is without escapes and stands there as it is.
    if end < bytes.count, bytes[end] == UInt8(ascii: "\"") {
      try check(stringBytes: end - start)
      if !isASCII, !isUTF8(start..<end) { throw invalidUTF8(in: start..<end) }
      position = end + 1
      return StringPlace(range: start..<end, form: isASCII ? .ascii : .utf8)
    }
    unescaped = try escapedString(from: start, plainUpTo: end)
    return StringPlace(range: start..<position - 1, form: .escaped)
  }

  /// How many bytes the latest string has once its escapes are replaced.
  func byteCount(of place: StringPlace) -> Int {
    switch place.form {
    case .ascii, .utf8: place.range.count
    case .escaped: unescaped.utf8.count
    }
  }

  /// The latest string.
  mutating func takeText(at place: StringPlace) -> String {
    switch place.form {
    case .ascii: return String(validated: bytes.span.extracting(place.range), isASCII: true)
    case .utf8: return String(validated: bytes.span.extracting(place.range), isASCII: false)
    case .escaped:
      defer { unescaped = "" }
      return unescaped
    }
  }

  private mutating func escapedString(from start: Int, plainUpTo firstEscape: Int) throws(JSONError) -> String {
    var text: [UInt8] = []
    var runStart = start
    var end = firstEscape
    while true {
      try check(stringBytes: text.count + (end - runStart))
      text.append(copying: bytes.span.extracting(runStart..<end))
      guard end < bytes.count else { throw failure(.unexpectedEnd, "the string does not end", at: end) }
      if bytes[end] == UInt8(ascii: "\"") { break }
      position = end
      guard bytes[end] == UInt8(ascii: "\\") else {
        throw failure(.controlCharacter, "a control character in a string has to be escaped\(found)", at: end)
      }
      text.append(contentsOf: try escape().utf8)
      runStart = position
      end = bytes.span.endOfPlainText(from: runStart).end
    }
    position = end + 1
    // Escapes are ASCII and stand for whole scalars, so they neither complete a broken sequence nor break a whole one.
    guard let string = String(validating: text.span) else { throw invalidUTF8(in: start..<end) }
    return string
  }

  private func isUTF8(_ range: Range<Int>) -> Bool {
    do {
      _ = try UTF8Span(validating: bytes.span.extracting(range))
      return true
    } catch { return false }
  }

  private func check(stringBytes count: Int) throws(JSONError) {
    guard count <= limits.stringBytes else {
      throw failure(.stringTooLong, "a string of more than \(limits.stringBytes) bytes", at: offset)
    }
  }

  /// Reads the escape whose backslash stands at the position.
  mutating func escape() throws(JSONError) -> Unicode.Scalar {
    let start = position
    position += 1
    guard let byte = current else { throw failure(.unexpectedEnd, "the string does not end", at: position) }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try unicodeEscape(from: start)
    default:
      position = start + 1
      throw failure(.invalidEscape, "expected one of \"\\/bfnrtu behind a backslash\(found)", at: start)
    }
  }

  private mutating func unicodeEscape(from start: Int) throws(JSONError) -> Unicode.Scalar {
    let first = try fourDigits()
    if let scalar = Unicode.Scalar(first) { return scalar }
    // What is left is one half of a pair: the first has to come first, and the second right behind it.
    guard first < 0xdc00, position + 1 < bytes.count, bytes.span.uint16(at: position) == 0x5c75 else {
      throw failure(.loneSurrogate, "an escape of half a surrogate pair", at: start)
    }
    position += 2
    let second = try fourDigits()
    guard 0xdc00...0xdfff ~= second,
      let scalar = Unicode.Scalar(0x10000 + (UInt32(first) - 0xd800) << 10 + (UInt32(second) - 0xdc00))
    else { throw failure(.loneSurrogate, "an escape of half a surrogate pair", at: start) }
    return scalar
  }

  private mutating func fourDigits() throws(JSONError) -> UInt16 {
    var value: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = current else { throw failure(.unexpectedEnd, "the string does not end", at: position) }
      guard let digit = hexadecimalValue(byte) else {
        throw failure(.invalidEscape, "expected four hexadecimal digits behind \\u\(found)", at: position)
      }
      value = value << 4 | UInt16(digit)
      position += 1
    }
    return value
  }

  private func invalidUTF8(in range: Range<Int>) -> JSONError {
    var codec = UTF8()
    var rest = bytes[range].makeIterator()
    var offset = range.lowerBound
    while case .scalarValue(let scalar) = codec.decode(&rest) { offset += UTF8.width(scalar) }
    return failure(.invalidUTF8, "a string that is not valid UTF-8", at: offset)
  }
}
