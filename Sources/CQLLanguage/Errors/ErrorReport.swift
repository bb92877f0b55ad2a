/// Writes messages as Cassandra does: the place, what is wrong, and an excerpt of the statement around it.
struct ErrorReport {
  let source: [UInt8]

  init(_ source: [UInt8]) {
    self.source = source
  }

  /// A failure of the lexer.
  func error(for failure: LexicalFailure, limit: Int) -> CQLSyntaxError {
    let (line, column) = place(failure.offset)
    let character = "'\(character(at: failure.offset))'"
    let message: String
    switch failure.reason {
    case .noViableAlternative: message = "no viable alternative at character \(character)"
    case .expected(let byte): message = "mismatched character \(character) expecting '\(Unicode.Scalar(byte))'"
    case .expectedOneOfASet: message = "mismatched character \(character) expecting set null"
    case .emptyLoop: message = "required (...)+ loop did not match anything at character \(character)"
    case .tooManyTokens:
      return CQLSyntaxError(.limit, message: "The statement passes the limit of \(limit) for its number of tokens")
    }
    return CQLSyntaxError(line: line, column: column, message: "line \(line):\(column) \(message)")
  }

  /// A failure of the parser at `token`, in a decision that began at `decision`, when it had looked at no token behind
  /// `last`.
  func error(
    _ reason: ParseFailure.Reason, at token: Token, deciding decision: Token, readTo last: Token
  ) -> CQLSyntaxError {
    let (line, column) = token.kind == .endOfInput ? (0, -1) : place(Int(token.start))
    let text = "'\(displayed(token))'"
    var message = "line \(line):\(column) "
    switch reason {
    case .noViableAlternative: message += "no viable alternative at input \(text)"
    case .expected(let kind): message += "mismatched input \(text) expecting \(kind.grammarName)"
    case .expectedOneOfASet, .lexical, .refused, .limit: message += "mismatched input \(text) expecting set null"
    }
    switch excerpt(around: decision, readTo: last) {
    case .text(let excerpt): return CQLSyntaxError(line: line, column: column, message: message + excerpt)
    case .impossible(let reason):
      // Cassandra fails to write its excerpt of some statements, and says so instead.
      let statement = String(decoding: source, as: UTF8.self)
      return CQLSyntaxError(message: "Failed parsing statement: [\(statement)] reason: \(reason)")
    }
  }

  private func place(_ offset: Int) -> (line: Int, column: Int) { Position(offset).place(in: source) }

  private func character(at offset: Int) -> String {
    guard offset < source.count else { return "<EOF>" }
    guard let character = String(decoding: source[offset...].prefix(4), as: UTF8.self).unicodeScalars.first else {
      return "?"
    }
    // One half of a surrogate pair is all that Cassandra's lexer sees, and it cannot be written.
    return character.value > 0xffff ? "?" : escaped(String(character))
  }

  /// A token's text as Cassandra holds it: without quotes.
  private func text(_ token: Token) -> String {
    switch token.kind {
    case .endOfInput: "<EOF>"
    case .string, .quotedName: token.quotedText(in: source)
    default: token.text(in: source)
    }
  }

  private func displayed(_ token: Token) -> String { escaped(text(token)) }

  private func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

extension ErrorReport {
  private enum Excerpt {
    case text(String)
    case impossible(String)
  }

  /// The lines around the decision, with its token in brackets.
  ///
  /// They go from ten tokens before it to two behind it, as far as these had been read; white space and comments count.
  private func excerpt(around decision: Token, readTo last: Token) -> Excerpt {
    var lexer = Lexer(source)
    var tokens: [Token] = []
    var index = 0
    var size = 0
    while true {
      let token = lexer.next()
      if token.kind == .lexicalError { break }
      if token.start == decision.start, token.kind == decision.kind { index = tokens.count }
      tokens.append(token)
      if token.start == last.start, token.kind == last.kind { size = tokens.count }
      if size > 0 || token.kind == .endOfInput { break }
    }
    guard size > 0 else { return .text("") }
    let from = tokens[max(0, index - 10)]
    let to = tokens[min(size - 1, index + 2)]
    let offending = tokens[min(index, size - 1)]
    guard from.kind != .endOfInput, to.kind != .endOfInput, offending.kind != .endOfInput else { return .text("") }
    return excerpt(from, to, offending)
  }

  /// A line with `?` for each half of a surrogate pair, which Cassandra cannot write.
  private func text(_ units: [UTF16.CodeUnit]) -> String {
    var result = ""
    var iterator = units.makeIterator()
    var codec = UTF16()
    while true {
      switch codec.decode(&iterator) {
      case .scalarValue(let scalar): result.unicodeScalars.append(scalar)
      case .error: result.append("?")
      case .emptyInput: return result
      }
    }
  }

  private func excerpt(_ from: Token, _ to: Token, _ offending: Token) -> Excerpt {
    var lines: [[UTF16.CodeUnit]] = source.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { Array(String(decoding: $0, as: UTF8.self).utf16) }
    while lines.count > 1, lines.last?.isEmpty == true { lines.removeLast() }
    let (fromLine, fromColumn) = place(Int(from.start))
    let (toLine, toColumn) = place(Int(to.start))
    let (markedLine, markedColumn) = place(Int(offending.start))
    let toEnd = toColumn + text(to).utf16.count
    let markedEnd = markedColumn + text(offending).utf16.count
    guard max(toLine, markedLine) <= lines.count else {
      let index = max(toLine, markedLine) - 1
      return .impossible("ArrayIndexOutOfBoundsException Index \(index) out of bounds for length \(lines.count)")
    }
    let isBegin = fromLine == 1 && fromColumn == 0
    let isEnd = toLine == lines.count && toEnd == lines[lines.count - 1].count
    if toEnd < lines[toLine - 1].count { lines[toLine - 1].removeSubrange(toEnd...) }
    guard markedEnd <= lines[markedLine - 1].count else {
      let length = lines[markedLine - 1].count
      return .impossible("StringIndexOutOfBoundsException begin 0, end \(markedEnd), length \(length)")
    }
    lines[markedLine - 1].insert(0x5d, at: markedEnd)
    lines[markedLine - 1].insert(0x5b, at: markedColumn)
    lines[fromLine - 1].removeSubrange(..<min(fromColumn, lines[fromLine - 1].count))
    var result = isBegin ? " (" : " (..."
    for index in fromLine - 1...max(fromLine - 1, toLine - 1) {
      result += text(lines[index])
    }
    return .text(result + (isEnd ? ")" : "...)"))
  }
}
