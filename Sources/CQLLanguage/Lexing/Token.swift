/// A token: its kind and where its bytes stand in the statement.
struct Token: Sendable {
  var kind: TokenKind
  var start: UInt32
  var end: UInt32

  @inline(__always)
  init(_ kind: TokenKind, _ start: Int, _ end: Int) {
    self.kind = kind
    self.start = UInt32(truncatingIfNeeded: start)
    self.end = UInt32(truncatingIfNeeded: end)
  }
}

extension Token {
  private var range: Range<Int> { Int(start)..<Int(end) }

  /// The text of a token that has no quotes.
  func text(in source: [UInt8]) -> String { String(decoding: source[range], as: UTF8.self) }

  /// The text of a token that has no quotes, in lower case.
  func lowercasedText(in source: [UInt8]) -> String {
    guard source[range].contains(where: { $0 &- 0x41 < 26 }) else { return text(in: source) }
    return String(decoding: source[range].lazy.map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }, as: UTF8.self)
  }

  /// The text between the quotes of a token, where each doubled quote stands for one.
  func quotedText(in source: [UInt8]) -> String {
    let quote = source[range.lowerBound]
    if quote == UInt8(ascii: "$") {
      return String(decoding: source[range.dropFirst(2).dropLast(2)], as: UTF8.self)
    }
    let inner = range.dropFirst().dropLast()
    guard source[inner].contains(quote) else { return String(decoding: source[inner], as: UTF8.self) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(inner.count)
    var index = inner.startIndex
    while index < inner.endIndex {
      bytes.append(source[index])
      index += source[index] == quote ? 2 : 1
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Why the lexer stopped, and at which byte.
struct LexicalFailure: Sendable {
  enum Reason: Sendable {
    case noViableAlternative
    case expected(UInt8)
    case expectedOneOfASet
    case emptyLoop
    case tooManyTokens
  }

  var reason: Reason
  var offset: Int
}
