internal import CassandraBytes

extension JSONReader {
  func unexpected(_ expected: String, _ code: JSONError.Code = .unexpectedByte) -> JSONError {
    failure(current == nil ? .unexpectedEnd : code, "expected \(expected)\(found)", at: position)
  }

  func failure(_ code: JSONError.Code, _ message: String, at offset: Int) -> JSONError {
    JSONError(code, message, at: location(of: offset))
  }

  /// What stands at the position, as the end of a message: one ASCII character, or the name of what cannot be shown.
  var found: String {
    guard let byte = current else { return ", found the end of the text" }
    switch byte {
    case 0x21...0x7e: return ", found \"\(Unicode.Scalar(byte))\""
    case 0...0x20, 0x7f:
      let digits = String(byte, radix: 16, uppercase: true)
      return ", found U+00\(byte < 0x10 ? "0" : "")\(digits)"
    default: return ", found a character that is not ASCII"
    }
  }

  /// The line and column are counted when there is an error, so that reading does not pay for them.
  func location(of offset: Int) -> JSONError.Location {
    let span = bytes.span
    var line = 1
    var lineStart = 0
    while let end = span.firstIndex(of: UInt8(ascii: "\n"), from: lineStart), end < offset {
      line += 1
      lineStart = end + 1
    }
    var column = 1
    for index in lineStart..<offset where span[index] & 0xc0 != 0x80 { column += 1 }
    return JSONError.Location(offset: offset, line: line, column: column)
  }
}
