/// Cuts a statement into tokens.
///
/// Where Cassandra's lexer commits itself to a kind of token after a few bytes and then fails, this one fails at the same
/// byte with the same message, rather than to accept what Cassandra does not: `12abc` is the beginning of a UUID to it,
/// `a -n` the beginning of `-NaN`, and a `--` comment has to end with its line.
struct Lexer {
  /// What `byte(at:)` gives past the end.
  static let end: UInt16 = 256

  let source: [UInt8]
  var position = 0
  /// The reason and place of a failure; set when `next()` gave `.lexicalError`.
  var failure: LexicalFailure?
  private let keywords = KeywordTable.shared

  init(_ source: [UInt8]) {
    self.source = source
  }

  @inline(__always)
  func byte(at index: Int) -> UInt16 {
    index < source.count ? UInt16(truncatingIfNeeded: source[index]) : Self.end
  }

  /// All tokens that the parser sees, ended by one of kind `.endOfInput` or `.lexicalError`.
  mutating func tokens(atMost limit: Int) -> [Token] {
    var tokens: [Token] = []
    tokens.reserveCapacity(source.count / 5 + 8)
    while true {
      let token = next()
      if token.kind == .hidden { continue }
      if tokens.count >= limit {
        failure = LexicalFailure(reason: .tooManyTokens, offset: Int(token.start))
        tokens.append(Token(.lexicalError, Int(token.start), Int(token.start)))
        return tokens
      }
      tokens.append(token)
      if token.kind.rawValue >= TokenKind.endOfInput.rawValue { return tokens }
    }
  }

  /// The token at `position`, which moves behind it.
  mutating func next() -> Token {
    let start = position
    guard start < source.count else { return Token(.endOfInput, start, start) }
    let first = source[start]
    let kind = Self.classes[Int(first)]
    switch kind {
    case .space:
      repeat { position += 1 } while position < source.count && Self.classes[Int(source[position])] == .space
      return Token(.hidden, start, position)
    case .letter: return word(start)
    case .digit: return number(start)
    case .punctuation: return punctuation(first, start)
    case .quote: return string(start)
    case .doubleQuote: return quotedName(start)
    case .dollar: return dollarString(start)
    case .unknown: return fail(.noViableAlternative, start)
    }
  }

  mutating func fail(_ reason: LexicalFailure.Reason, _ offset: Int) -> Token {
    failure = LexicalFailure(reason: reason, offset: offset)
    return Token(.lexicalError, offset, offset)
  }

  @inline(__always)
  mutating func finish(_ kind: TokenKind, _ start: Int, _ end: Int) -> Token {
    position = end
    return Token(kind, start, end)
  }
}

extension Lexer {
  enum ByteClass: UInt8 { case unknown, space, letter, digit, punctuation, quote, doubleQuote, dollar }

  /// The class of each byte that a token may begin with.
  static let classes: [ByteClass] = (0...255).map { value in
    switch UInt8(value) {
    case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): .space
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): .letter
    case UInt8(ascii: "0")...UInt8(ascii: "9"): .digit
    case UInt8(ascii: "'"): .quote
    case UInt8(ascii: "\""): .doubleQuote
    case UInt8(ascii: "$"): .dollar
    case let byte where "!%()+,-./:;<=>?[]*{}".utf8.contains(byte): .punctuation
    default: .unknown
    }
  }

  @inline(__always)
  static func isDigit(_ byte: UInt16) -> Bool { byte &- 0x30 < 10 }

  @inline(__always)
  static func isHexadecimal(_ byte: UInt16) -> Bool { isDigit(byte) || isHexadecimalLetter(byte) }

  @inline(__always)
  static func isHexadecimalLetter(_ byte: UInt16) -> Bool { (byte | 0x20) &- 0x61 < 6 }

  @inline(__always)
  static func isWordByte(_ byte: UInt16) -> Bool {
    (byte | 0x20) &- 0x61 < 26 || isDigit(byte) || byte == UInt16(UInt8(ascii: "_"))
  }

  // MARK: Words

  private mutating func word(_ start: Int) -> Token {
    var low: UInt64 = 0
    var high: UInt64 = 0
    var index = start
    while index < source.count, Self.isWordByte(UInt16(source[index])) {
      let count = index - start
      let byte = source[index]
      // Only letters are folded: `_` would become DEL, and a digit itself.
      let folded = UInt64(byte &- 0x41 < 26 ? byte | 0x20 : byte)
      if count < 8 {
        low |= folded << UInt64(count &* 8)
      } else if count < 16 {
        high |= folded << UInt64((count &- 8) &* 8)
      }
      index += 1
    }
    let length = index - start
    if length == 8, byte(at: index) == UInt16(UInt8(ascii: "-")), isHexadecimal(from: start, to: index) {
      return uuid(start)
    }
    if source[start] == UInt8(ascii: "P"), let duration = capitalPWord(start, index) { return duration }
    if length == 4, source[start] == UInt8(ascii: "e"), byte(at: index) == UInt16(UInt8(ascii: "(")),
      source[start + 1] == UInt8(ascii: "x"), source[start + 2] == UInt8(ascii: "p"),
      source[start + 3] == UInt8(ascii: "r")
    {
      // Cassandra has `expr(` as one token, in lower case and without a space.
      return finish(.expression, start, index + 1)
    }
    return finish(length <= 16 ? keywords.kind(low: low, high: high) : .identifier, start, index)
  }

  private func isHexadecimal(from start: Int, to end: Int) -> Bool {
    for index in start..<end where !Self.isHexadecimal(UInt16(source[index])) { return false }
    return true
  }

  // MARK: Quoted text

  private mutating func string(_ start: Int) -> Token {
    var index = start + 1
    while index < source.count {
      if source[index] == UInt8(ascii: "'") {
        if byte(at: index + 1) != UInt16(UInt8(ascii: "'")) { return finish(.string, start, index + 1) }
        index += 1
      }
      index += 1
    }
    return fail(.expected(UInt8(ascii: "'")), source.count)
  }

  private mutating func quotedName(_ start: Int) -> Token {
    let quote = UInt16(UInt8(ascii: "\""))
    if byte(at: start + 1) == Self.end { return fail(.noViableAlternative, start + 1) }
    if byte(at: start + 1) == quote, byte(at: start + 2) != quote { return finish(.emptyQuotedName, start, start + 2) }
    var index = start + 1
    while index < source.count {
      if source[index] == UInt8(ascii: "\"") {
        if byte(at: index + 1) != quote { return finish(.quotedName, start, index + 1) }
        index += 1
      }
      index += 1
    }
    return fail(.expected(UInt8(ascii: "\"")), source.count)
  }

  private mutating func dollarString(_ start: Int) -> Token {
    let dollar = UInt8(ascii: "$")
    guard byte(at: start + 1) == UInt16(dollar) else { return fail(.expected(dollar), start + 1) }
    var index = start + 2
    while index + 1 < source.count {
      if source[index] == dollar, source[index + 1] == dollar { return finish(.string, start, index + 2) }
      index += 1
    }
    // Cassandra's lexer leaves its loop before the last character and expects the end of the string there.
    guard index < source.count, source[index] != dollar else { return fail(.expected(dollar), source.count) }
    while index > start + 2, source[index] & 0xc0 == 0x80 { index -= 1 }
    return fail(.expected(dollar), index)
  }

  // MARK: Punctuation and comments

  private mutating func punctuation(_ first: UInt8, _ start: Int) -> Token {
    let second = byte(at: start + 1)
    let equal = UInt16(UInt8(ascii: "="))
    switch first {
    case UInt8(ascii: "("): return finish(.leftParenthesis, start, start + 1)
    case UInt8(ascii: ")"): return finish(.rightParenthesis, start, start + 1)
    case UInt8(ascii: ","): return finish(.comma, start, start + 1)
    case UInt8(ascii: "="): return finish(.equal, start, start + 1)
    case UInt8(ascii: "?"): return finish(.questionMark, start, start + 1)
    case UInt8(ascii: ":"): return finish(.colon, start, start + 1)
    case UInt8(ascii: ";"): return finish(.semicolon, start, start + 1)
    case UInt8(ascii: "["): return finish(.leftBracket, start, start + 1)
    case UInt8(ascii: "]"): return finish(.rightBracket, start, start + 1)
    case UInt8(ascii: "{"): return finish(.leftBrace, start, start + 1)
    case UInt8(ascii: "}"): return finish(.rightBrace, start, start + 1)
    case UInt8(ascii: "*"): return finish(.asterisk, start, start + 1)
    case UInt8(ascii: "%"): return finish(.percent, start, start + 1)
    case UInt8(ascii: "."):
      return second == UInt16(first) ? finish(.range, start, start + 2) : finish(.dot, start, start + 1)
    case UInt8(ascii: "<"):
      return second == equal ? finish(.lessOrEqual, start, start + 2) : finish(.less, start, start + 1)
    case UInt8(ascii: ">"):
      return second == equal ? finish(.greaterOrEqual, start, start + 2) : finish(.greater, start, start + 1)
    case UInt8(ascii: "+"):
      return second == equal ? finish(.plusEqual, start, start + 2) : finish(.plus, start, start + 1)
    case UInt8(ascii: "!"):
      return second == equal ? finish(.notEqual, start, start + 2) : fail(.expected(UInt8(ascii: "=")), start + 1)
    case UInt8(ascii: "/"):
      if second == UInt16(UInt8(ascii: "*")) { return blockComment(start) }
      return second == UInt16(first) ? lineComment(start) : finish(.slash, start, start + 1)
    default:
      return minus(start)
    }
  }

  private mutating func minus(_ start: Int) -> Token {
    let second = byte(at: start + 1)
    if Self.isDigit(second) { return number(start, digits: start + 1) }
    switch UInt8(truncatingIfNeeded: second < Self.end ? second : 0) {
    case UInt8(ascii: "="): return finish(.minusEqual, start, start + 2)
    case UInt8(ascii: "-"): return lineComment(start)
    case UInt8(ascii: "N"), UInt8(ascii: "n"): return signed("NAN", .negativeNaN, start)
    case UInt8(ascii: "I"), UInt8(ascii: "i"): return signed("INFINITY", .negativeInfinity, start)
    case UInt8(ascii: "P"): return isoDuration(start)
    default: return finish(.minus, start, start + 1)
    }
  }

  private mutating func signed(_ word: StaticString, _ kind: TokenKind, _ start: Int) -> Token {
    for index in 0..<word.utf8CodeUnitCount {
      let expected = word.withUTF8Buffer { unsafe $0[index] }
      guard byte(at: start + 1 + index) & ~0x20 == UInt16(expected) else {
        return fail(.expectedOneOfASet, start + 1 + index)
      }
    }
    return finish(kind, start, start + 1 + word.utf8CodeUnitCount)
  }

  private mutating func lineComment(_ start: Int) -> Token {
    var index = start + 2
    while index < source.count {
      if source[index] == UInt8(ascii: "\n") || source[index] == UInt8(ascii: "\r") {
        return finish(.hidden, start, index + 1)
      }
      index += 1
    }
    return fail(.expectedOneOfASet, source.count)
  }

  private mutating func blockComment(_ start: Int) -> Token {
    var index = start + 2
    while index < source.count {
      if source[index] == UInt8(ascii: "*") {
        if byte(at: index + 1) == UInt16(UInt8(ascii: "/")) { return finish(.hidden, start, index + 2) }
        if index + 1 == source.count { return fail(.expected(UInt8(ascii: "/")), source.count) }
      }
      index += 1
    }
    return fail(.expected(UInt8(ascii: "*")), source.count)
  }
}
