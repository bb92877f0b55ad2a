/// Telling `(type) term` from `(term, …)`, which takes Cassandra up to six tokens.
enum TypeHintGrammar {
  /// Whether a type stands in the parentheses that begin here, and not a term.
  static func beginsTypeHint(_ tokens: inout TokenStream) throws(ParseFailure) -> Bool {
    let (isHint, count) = try typeHintDecision(&tokens)
    try tokens.decided(after: count)
    return isHint
  }

  /// The answer, and the number of tokens that it takes.
  private static func typeHintDecision(_ tokens: inout TokenStream) throws(ParseFailure) -> (isHint: Bool, count: Int) {
    let first = try tokens.peek(1)
    if first == .set { return (true, 2) }
    if first == .string { return try classHintDecision(&tokens) }
    if first.beginsUnnamedTerm { return (false, 2) }
    guard first.isName else { throw tokens.noViableAlternative(1) }
    switch try tokens.peek(2) {
    case .dot: return try qualifiedTypeHintDecision(&tokens)
    case .leftParenthesis where first.isFunctionName || first == .cast: return (false, 3)
    case .rightParenthesis where first == .key || !first.isColumnOnlyKeyword && first != .count: return (true, 3)
    case .less where takesTypeParameters(first): return (true, 3)
    default: throw tokens.noViableAlternative(2)
    }
  }

  /// As above, when a text stands in the parentheses: the name of a class, or the first element of a tuple.
  private static func classHintDecision(
    _ tokens: inout TokenStream
  ) throws(ParseFailure) -> (isHint: Bool, count: Int) {
    switch try tokens.peek(2) {
    case .percent, .plus, .comma, .minus, .slash, .asterisk: return (false, 3)
    case .rightParenthesis: break
    default: throw tokens.noViableAlternative(2)
    }
    let next = try tokens.peek(3)
    switch next {
    case .per: return (try !isFollowed(&tokens, by: .partition), 5)
    case .group: return (try !isFollowed(&tokens, by: .by), 5)
    case .as:
      switch try tokens.peek(4) {
      case .leftParenthesis, .dot: return (true, 5)
      case let type where type.isNativeType: return (false, 5)
      default: throw tokens.noViableAlternative(4)
      }
    case .colon: return try markerHintDecision(&tokens)
    case .percent, .plus, .minus, .slash, .asterisk: return (false, 4)
    default:
      if TermGrammar.followsTerm(next) { return (false, 4) }
      guard next.beginsTerm else { throw tokens.noViableAlternative(3) }
      return (true, 4)
    }
  }

  /// Whether the keyword at distance 3 begins a clause, and is not the name of a function or keyspace.
  private static func isFollowed(_ tokens: inout TokenStream, by second: TokenKind) throws(ParseFailure) -> Bool {
    switch try tokens.peek(4) {
    case second: return true
    case .leftParenthesis, .dot: return false
    default: throw tokens.noViableAlternative(4)
    }
  }

  /// As above, when a colon at distance 3 begins a named marker or separates a key from its value.
  private static func markerHintDecision(
    _ tokens: inout TokenStream
  ) throws(ParseFailure) -> (isHint: Bool, count: Int) {
    let name = try tokens.peek(4)
    if name.beginsUnnamedTerm { return (false, 5) }
    guard name.isName else { throw tokens.noViableAlternative(4) }
    switch try tokens.peek(5) {
    case .dot: return (false, 6)
    case .leftParenthesis where name.isFunctionName || name == .cast: return (false, 6)
    case let next where TermGrammar.followsMarker(next): return (true, 6)
    default: throw tokens.noViableAlternative(5)
    }
  }

  /// As above, when a name and a dot stand in the parentheses: a type or function in a keyspace.
  private static func qualifiedTypeHintDecision(
    _ tokens: inout TokenStream
  ) throws(ParseFailure) -> (isHint: Bool, count: Int) {
    let name = try tokens.peek(3)
    if name.isNativeType || name == .count || name == .token { return (false, 4) }
    if name == .key { return (true, 4) }
    guard name.isBasicKeyword || name == .identifier || name == .quotedName else { throw tokens.noViableAlternative(3) }
    switch try tokens.peek(4) {
    case .leftParenthesis: return (false, 5)
    case .rightParenthesis: return (true, 5)
    default: throw tokens.noViableAlternative(4)
    }
  }

  // MARK: Kinds of tokens

  /// Whether this names a type with parameters when `<` follows.
  private static func takesTypeParameters(_ kind: TokenKind) -> Bool {
    switch kind {
    case .map, .list, .tuple, .vector, .frozen: true
    default: false
    }
  }
}
