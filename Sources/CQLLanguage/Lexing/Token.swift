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
