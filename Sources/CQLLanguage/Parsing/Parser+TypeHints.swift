/// Telling `(type) term` from `(term, …)`, which takes Cassandra up to six tokens.
extension Parser {
  /// Whether a type stands in the parentheses that begin here, and not a term.
  mutating func beginsTypeHint() throws(ParseFailure) -> Bool {
    let (isHint, count) = try typeHintDecision()
    try decided(after: count)
    return isHint
  }

  /// The answer, and the number of tokens that it takes.
  private mutating func typeHintDecision() throws(ParseFailure) -> (isHint: Bool, count: Int) {
    let first = try peek(1)
    if first == .set { return (true, 2) }
    if first == .string { return try classHintDecision() }
    if first.beginsUnnamedTerm { return (false, 2) }
    guard first.isName else { throw noViableAlternative(1) }
    switch try peek(2) {
    case .dot: return try qualifiedTypeHintDecision()
    case .leftParenthesis where first.isFunctionName || first == .cast: return (false, 3)
    case .rightParenthesis where first == .key || !first.isColumnOnlyKeyword && first != .count: return (true, 3)
    case .less where first.takesTypeParameters: return (true, 3)
    default: throw noViableAlternative(2)
    }
  }

  /// As above, when a text stands in the parentheses: the name of a class, or the first element of a tuple.
  private mutating func classHintDecision() throws(ParseFailure) -> (isHint: Bool, count: Int) {
    switch try peek(2) {
    case .percent, .plus, .comma, .minus, .slash, .asterisk: return (false, 3)
    case .rightParenthesis: break
    default: throw noViableAlternative(2)
    }
    let next = try peek(3)
    switch next {
    case .per: return (try !isFollowed(by: .partition), 5)
    case .group: return (try !isFollowed(by: .by), 5)
    case .as:
      switch try peek(4) {
      case .leftParenthesis, .dot: return (true, 5)
      case let type where type.isNativeType: return (false, 5)
      default: throw noViableAlternative(4)
      }
    case .colon: return try markerHintDecision()
    case .percent, .plus, .minus, .slash, .asterisk: return (false, 4)
    default:
      if next.followsTerm { return (false, 4) }
      guard next.beginsTerm else { throw noViableAlternative(3) }
      return (true, 4)
    }
  }

  /// Whether the keyword at distance 3 begins a clause, and is not the name of a function or keyspace.
  private mutating func isFollowed(by second: TokenKind) throws(ParseFailure) -> Bool {
    switch try peek(4) {
    case second: return true
    case .leftParenthesis, .dot: return false
    default: throw noViableAlternative(4)
    }
  }

  /// As above, when a colon at distance 3 begins a named marker or separates a key from its value.
  private mutating func markerHintDecision() throws(ParseFailure) -> (isHint: Bool, count: Int) {
    let name = try peek(4)
    if name.beginsUnnamedTerm { return (false, 5) }
    guard name.isName else { throw noViableAlternative(4) }
    switch try peek(5) {
    case .dot: return (false, 6)
    case .leftParenthesis where name.isFunctionName || name == .cast: return (false, 6)
    case let next where next.followsMarker: return (true, 6)
    default: throw noViableAlternative(5)
    }
  }

  /// As above, when a name and a dot stand in the parentheses: a type or function in a keyspace.
  private mutating func qualifiedTypeHintDecision() throws(ParseFailure) -> (isHint: Bool, count: Int) {
    let name = try peek(3)
    if name.isNativeType || name == .count || name == .token { return (false, 4) }
    if name == .key { return (true, 4) }
    guard name.isBasicKeyword || name == .identifier || name == .quotedName else { throw noViableAlternative(3) }
    switch try peek(4) {
    case .leftParenthesis: return (false, 5)
    case .rightParenthesis: return (true, 5)
    default: throw noViableAlternative(4)
    }
  }
}

extension TokenKind {
  /// Whether this names a type with parameters when `<` follows.
  fileprivate var takesTypeParameters: Bool {
    switch self {
    case .map, .list, .tuple, .vector, .frozen: true
    default: false
    }
  }
}
