/// The tokens of one statement, a place among them, and what has been found on the way there.
///
/// The grammars take it `inout`: each is a namespace of functions for one part of the language, and each function goes past
/// what it has parsed. Together they are a recursive-descent parser. It decides as Cassandra's parser does, which ANTLR 3
/// generated from a grammar: each decision looks at as many tokens as that one needs, and fails at the token at which none
/// of its alternatives is left, so both accept the same statements and name the same token in their messages. Where a
/// decision looks ahead further than it seems to need, this is the reason.
struct TokenStream {
  let source: [UInt8]
  let limits: CQLLimits
  private let lexicalFailure: LexicalFailure?
  private let tokens: [Token]

  /// The index of the current token.
  private(set) var position = 0
  /// The index of the last token that was looked at.
  ///
  /// Cassandra reads no further before it fails, which shows in the excerpt of its message, and an error of its lexer
  /// counts only when it has read so far.
  private(set) var furthest = 0
  private var depth = 0
  /// How many levels the tallest tree has that was made at this depth so far.
  ///
  /// Operators, fields and elements make a tree taller without any recursion of the parser, but what plans, runs and
  /// frees the tree does recurse; so they count against the same depth.
  private var height = 0
  private var terms = 0
  /// The names of the markers in the order of the text.
  private(set) var markers: [String?] = []
  /// What is wrong with a statement that the grammar has; the first such message wins over what fails later.
  var refusal: String?

  init(_ source: [UInt8], limits: CQLLimits) {
    self.source = source
    self.limits = limits
    var lexer = Lexer(source)
    tokens = lexer.tokens(atMost: limits.tokens)
    lexicalFailure = lexer.failure
  }
}

extension TokenStream {
  // MARK: Tokens

  /// The kind of the current token.
  @inline(__always)
  var kind: TokenKind { tokens[position].kind }

  /// The current token.
  @inline(__always)
  var token: Token { tokens[position] }

  /// Where the current token stands.
  @inline(__always)
  var place: Position { Position(Int(tokens[position].start)) }

  /// Looks at the first token; nothing else may come before.
  mutating func begin() throws(ParseFailure) {
    if kind == .lexicalError { throw lexicalError() }
  }

  /// The kind of the token `distance` behind the current one.
  @inline(__always)
  mutating func peek(_ distance: Int) throws(ParseFailure) -> TokenKind {
    let index = min(position + distance, tokens.count - 1)
    if index > furthest { furthest = index }
    let kind = tokens[index].kind
    if kind == .lexicalError { throw lexicalError() }
    return kind
  }

  /// Notes that a decision has been made after `count` tokens.
  ///
  /// Where Cassandra's parser decides by a table it goes past the last of these tokens, which reads the next one.
  @inline(__always)
  mutating func decided(after count: Int) throws(ParseFailure) { _ = try peek(count) }

  /// Goes to the next token.
  @inline(__always)
  mutating func advance() throws(ParseFailure) {
    if position < tokens.count - 1 { position += 1 }
    if position > furthest { furthest = position }
    if tokens[position].kind == .lexicalError { throw lexicalError() }
  }

  /// Goes past a token of this kind, which has to be there.
  @inline(__always)
  mutating func expect(_ expected: TokenKind) throws(ParseFailure) {
    guard kind == expected else { throw unexpected(.expected(expected)) }
    try advance()
  }

  /// Goes past a token of this kind if it is there.
  @inline(__always)
  mutating func accept(_ wanted: TokenKind) throws(ParseFailure) -> Bool {
    guard kind == wanted else { return false }
    try advance()
    return true
  }

  /// What to throw when no alternative is left at the token `distance` behind the current one.
  func noViableAlternative(_ distance: Int = 0) -> ParseFailure {
    ParseFailure(
      reason: .noViableAlternative, token: min(position + distance, tokens.count - 1), decision: position)
  }

  /// What to throw when the current token is not what it has to be.
  func unexpected(_ reason: ParseFailure.Reason) -> ParseFailure {
    ParseFailure(reason: reason, token: position, decision: position)
  }

  private func lexicalError() -> ParseFailure {
    ParseFailure(reason: .lexical, token: tokens.count - 1, decision: position)
  }

  /// Notes what is wrong with a statement that the grammar has.
  ///
  /// Parsing goes on, because this may be an alternative that is given up; otherwise the first such message is the one
  /// that Cassandra answers with, whatever fails later.
  mutating func refuse(_ message: @autoclosure () -> String) {
    if refusal == nil { refusal = message() }
  }

  /// What to throw where an exception ends Cassandra's parser, whatever it has found before and whatever follows.
  mutating func failedParsing(_ exception: String) -> ParseFailure {
    let statement = String(decoding: source, as: UTF8.self)
    return refused("Failed parsing statement: [\(statement)] reason: \(exception)")
  }

  /// What to throw for an integer that is too large: Cassandra fails in its own way.
  mutating func unreadableNumber(_ token: Token) -> ParseFailure {
    failedParsing("NumberFormatException For input string: \"\(text(token))\"")
  }

  /// As `failedParsing`, with the whole message.
  mutating func refused(_ message: String) -> ParseFailure {
    refusal = message
    return unexpected(.refused)
  }

  // MARK: Alternatives

  /// What `attempt` returns, or nil, as if nothing had happened, when it fails.
  ///
  /// Errors of the lexer are not taken back: Cassandra reports them as soon as it meets them.
  mutating func attempt<Result>(
    _ body: (inout TokenStream) throws(ParseFailure) -> Result
  ) throws(ParseFailure) -> Result? {
    let before = (position, depth, terms, markers.count, refusal, height)
    do {
      return try body(&self)
    } catch {
      switch error.reason {
      case .lexical, .limit, .refused: throw error
      case .noViableAlternative, .expected, .expectedOneOfASet: break
      }
      (position, depth, terms) = (before.0, before.1, before.2)
      markers.removeLast(markers.count - before.3)
      (refusal, height) = (before.4, before.5)
      return nil
    }
  }

  // MARK: Phrases

  /// A list in parentheses with at least one element.
  mutating func parenthesized<Element>(
    _ element: (inout TokenStream) throws(ParseFailure) -> Element
  ) throws(ParseFailure) -> [Element] {
    try expect(.leftParenthesis)
    let elements = try list(element)
    try expect(.rightParenthesis)
    return elements
  }

  /// A list with commas and at least one element.
  mutating func list<Element>(
    _ element: (inout TokenStream) throws(ParseFailure) -> Element
  ) throws(ParseFailure) -> [Element] {
    var elements = [try element(&self)]
    while try accept(.comma) { elements.append(try element(&self)) }
    return elements
  }

  /// A text.
  mutating func string() throws(ParseFailure) -> String {
    let token = token
    try expect(.string)
    return quotedText(token)
  }

  /// `IF EXISTS`, if it is there.
  mutating func ifExists() throws(ParseFailure) -> Bool {
    guard try accept(.if) else { return false }
    try expect(.exists)
    return true
  }

  /// `IF NOT EXISTS`, if it is there.
  mutating func ifNotExists() throws(ParseFailure) -> Bool {
    guard try accept(.if) else { return false }
    try expect(.not)
    try expect(.exists)
    return true
  }

  // MARK: Limits

  /// Runs `body` one level deeper.
  @inline(__always)
  mutating func nested<Result>(
    _ body: (inout TokenStream) throws(ParseFailure) -> Result
  ) throws(ParseFailure) -> Result {
    let beside = height
    depth += 1
    height = 0
    defer {
      depth -= 1
      height = max(beside, height + 1)
    }
    guard depth <= limits.depth else { throw tooDeep }
    return try body(&self)
  }

  /// Runs `body` with the height of what it parses alone, for ``growTaller()``.
  @inline(__always)
  mutating func apart<Result>(
    _ body: (inout TokenStream) throws(ParseFailure) -> Result
  ) throws(ParseFailure) -> Result {
    let beside = height
    height = 0
    defer { height = max(beside, height) }
    return try body(&self)
  }

  /// Counts what makes the tree that is being parsed one taller: an operator, a field or an element.
  @inline(__always)
  mutating func growTaller() throws(ParseFailure) {
    height += 1
    guard depth + height <= limits.depth else { throw tooDeep }
  }

  private var tooDeep: ParseFailure {
    unexpected(.limit("nesting depth", limits.depth))
  }

  /// Counts a term.
  @inline(__always)
  mutating func countTerm() throws(ParseFailure) {
    terms += 1
    guard terms <= limits.terms else {
      throw unexpected(.limit("number of terms", limits.terms))
    }
  }

  /// The marker of the given name, which is the next of the statement.
  mutating func newMarker(_ name: String?, at position: Position) throws(ParseFailure) -> BindMarker {
    guard markers.count < limits.markers else {
      throw unexpected(.limit("number of bind markers", limits.markers))
    }
    markers.append(name)
    return BindMarker(index: markers.count - 1, name: name, at: position)
  }

  // MARK: Text

  /// The text of a token that has no quotes.
  func text(_ token: Token) -> String { token.text(in: source) }

  /// The text of a token that has no quotes, in lower case.
  func lowercasedText(_ token: Token) -> String { token.lowercasedText(in: source) }

  /// The text between the quotes of a token, where each doubled quote stands for one.
  func quotedText(_ token: Token) -> String { token.quotedText(in: source) }

  // MARK: Failures

  /// The error to give for a failure.
  func error(for failure: ParseFailure) -> CQLSyntaxError {
    if case .limit(let name, let limit) = failure.reason {
      return CQLSyntaxError(.limit, message: "The statement passes the limit of \(limit) for its \(name)")
    }
    if let refusal { return CQLSyntaxError(message: refusal) }
    let report = ErrorReport(source)
    switch failure.reason {
    case .lexical:
      guard let lexicalFailure else { return CQLSyntaxError(message: "The statement cannot be read") }
      return report.error(for: lexicalFailure, limit: limits.tokens)
    case .noViableAlternative, .expected, .expectedOneOfASet, .refused, .limit:
      return report.error(
        failure.reason, at: tokens[failure.token], deciding: tokens[failure.decision], readTo: tokens[furthest])
    }
  }
}
