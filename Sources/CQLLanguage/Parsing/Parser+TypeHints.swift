/// Telling `(type) term` from `(term, …)`, which takes Cassandra up to six tokens.
extension Parser {
  /// Whether a type stands in the parentheses that begin here, and not a term.
  mutating func beginsTypeHint() throws(ParseFailure) -> Bool {
    let first = try peek(1)
    if first == .set { return true }
    if first == .string { return try beginsClassHint() }
    if first.beginsUnnamedTerm { return false }
    guard first.isName else { throw noViableAlternative(1) }
    switch try peek(2) {
    case .dot: return try beginsQualifiedTypeHint()
    case .leftParenthesis where first.isFunctionName || first == .cast: return false
    case .rightParenthesis where first == .key || !first.isColumnOnlyKeyword && first != .count: return true
    case .less where first.takesTypeParameters: return true
    default: throw noViableAlternative(2)
    }
  }

  /// As `beginsTypeHint`, when a text stands in the parentheses: the name of a class, or the first element of a tuple.
  private mutating func beginsClassHint() throws(ParseFailure) -> Bool {
    switch try peek(2) {
    case .percent, .plus, .comma, .minus, .slash, .asterisk: return false
    case .rightParenthesis: break
    default: throw noViableAlternative(2)
    }
    let next = try peek(3)
    switch next {
    case .per: return try !isFollowed(by: .partition)
    case .group: return try !isFollowed(by: .by)
    case .as:
      switch try peek(4) {
      case .leftParenthesis, .dot: return true
      case let type where type.isNativeType: return false
      default: throw noViableAlternative(4)
      }
    case .colon: return try isMarkerBehindClassHint()
    case .percent, .plus, .minus, .slash, .asterisk: return false
    default:
      if next.followsTerm { return false }
      guard next.beginsTerm else { throw noViableAlternative(3) }
      return true
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

  /// Whether the colon at distance 3 begins a named marker, and does not separate a key from its value.
  private mutating func isMarkerBehindClassHint() throws(ParseFailure) -> Bool {
    let name = try peek(4)
    if name.beginsUnnamedTerm { return false }
    guard name.isName else { throw noViableAlternative(4) }
    switch try peek(5) {
    case .dot: return false
    case .leftParenthesis where name.isFunctionName || name == .cast: return false
    case let next where next.followsMarker: return true
    default: throw noViableAlternative(5)
    }
  }

  /// As `beginsTypeHint`, when a name and a dot stand in the parentheses: a type or function in a keyspace.
  private mutating func beginsQualifiedTypeHint() throws(ParseFailure) -> Bool {
    let name = try peek(3)
    if name.isNativeType || name == .count || name == .token { return false }
    if name == .key { return true }
    guard name.isBasicKeyword || name == .identifier || name == .quotedName else { throw noViableAlternative(3) }
    switch try peek(4) {
    case .leftParenthesis: return false
    case .rightParenthesis: return true
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
