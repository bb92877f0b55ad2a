/// What a person gets to see of a text that a stranger chose, on a terminal or in a log.
package enum ShownText {
  /// Whether a terminal may act on a character, or shows nothing of it, so that a reader takes one text for another: control
  /// characters, of which Escape and U+009B begin a sequence that moves the cursor or does worse, separators of lines, marks
  /// of the direction of writing, and characters without a width.
  package static func isHidden(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0..<0x20, 0x7f...0x9f, 0xad: true
    case 0x034f, 0x061c, 0x115f...0x1160, 0x17b4...0x17b5, 0x180b...0x180f: true
    case 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f: true
    case 0x3164, 0xfe00...0xfe0f, 0xfeff, 0xffa0, 0xfff0...0xfffb: true
    case 0x1d173...0x1d17a, 0xe0000...0xe0fff: true
    default: false
    }
  }

  /// Appends a hidden character as JSON writes it: `\u001b`, and what lies above U+FFFF in its two halves of UTF-16.
  package static func appendEscape(_ scalar: UInt32, to buffer: inout [UInt8]) {
    guard scalar > 0xffff else { return appendUnit(scalar, to: &buffer) }
    appendUnit(0xd800 + (scalar - 0x10000) >> 10, to: &buffer)
    appendUnit(0xdc00 + (scalar - 0x10000) & 0x3ff, to: &buffer)
  }

  private static func appendUnit(_ unit: UInt32, to buffer: inout [UInt8]) {
    let digits = String(unit, radix: 16)
    buffer.append(contentsOf: "\\u\(String(repeating: "0", count: 4 - digits.utf8.count))\(digits)".utf8)
  }
}

extension String {
  /// The text with its hidden characters escaped.
  ///
  /// - Parameters:
  ///   - keepingLines: Whether line feeds stay: for what the program itself has put together out of lines.
  ///   - limit: Bytes of the text that are shown; behind them stands `…`.
  package func shown(keepingLines: Bool = false, limit: Int = .max) -> String {
    var shown: [UInt8] = []
    var count = 0
    for scalar in unicodeScalars {
      count += scalar.utf8.count
      guard count <= limit else { return String(decoding: shown, as: UTF8.self) + "…" }
      if ShownText.isHidden(scalar.value) && !(keepingLines && scalar == "\n") {
        ShownText.appendEscape(scalar.value, to: &shown)
      } else {
        shown.append(contentsOf: scalar.utf8)
      }
    }
    return String(decoding: shown, as: UTF8.self)
  }
}
