internal import CassandraBytes

/// Names: of keyspaces, tables, columns, types, functions and roles.
enum NameGrammar {
  /// The identifier that the current token is, whatever its kind.
  private static func identifier(_ tokens: inout TokenStream) throws(ParseFailure) -> Identifier {
    let place = tokens.place
    let name = tokens.kind == .quotedName ? tokens.quotedText(tokens.token) : tokens.lowercasedText(tokens.token)
    try tokens.advance()
    return Identifier(name, at: place)
  }

  /// A name: of a column in a definition, a field, an alias, a trigger.
  static func name(_ tokens: inout TokenStream) throws(ParseFailure) -> Identifier {
    guard tokens.kind.isName else { throw tokens.noViableAlternative() }
    return try identifier(&tokens)
  }

  /// The name of a column where the empty name is one too.
  static func column(_ tokens: inout TokenStream) throws(ParseFailure) -> Identifier {
    if tokens.kind == .emptyQuotedName {
      let place = tokens.place
      try tokens.advance()
      return Identifier("", at: place)
    }
    return try name(&tokens)
  }

  /// A name in whose place `?` is refused with a message of its own.
  private static func name(_ tokens: inout TokenStream, of what: StaticString) throws(ParseFailure) -> Identifier {
    if tokens.kind == .questionMark {
      let place = tokens.place
      try tokens.advance()
      tokens.refuse("Bind variables cannot be used for \(what) names")
      return Identifier("?", at: place)
    }
    return try name(&tokens)
  }

  static func keyspace(_ tokens: inout TokenStream) throws(ParseFailure) -> Identifier {
    try name(&tokens, of: "keyspace")
  }

  static func index(_ tokens: inout TokenStream) throws(ParseFailure) -> Identifier {
    try name(&tokens, of: "index")
  }

  /// The name of a role, which may be a text.
  static func role(_ tokens: inout TokenStream) throws(ParseFailure) -> RoleName {
    guard tokens.kind == .string else { return try name(&tokens, of: "role") }
    let name = RoleName(tokens.quotedText(tokens.token), at: tokens.place)
    try tokens.advance()
    return name
  }

  /// The name of a table or view.
  static func table(_ tokens: inout TokenStream) throws(ParseFailure) -> QualifiedName {
    guard tokens.kind.isNameOrMarker else { throw tokens.noViableAlternative() }
    if try tokens.peek(1) == .dot {
      let keyspace = try keyspace(&tokens)
      try tokens.expect(.dot)
      return QualifiedName(try name(&tokens, of: "table"), in: keyspace)
    }
    guard try followsTableName(tokens.peek(1)) else { throw tokens.noViableAlternative(1) }
    try tokens.decided(after: 2)
    return QualifiedName(try name(&tokens, of: "table"))
  }

  /// The name of an index with its keyspace, which nothing follows.
  static func qualifiedIndex(_ tokens: inout TokenStream) throws(ParseFailure) -> QualifiedName {
    guard tokens.kind.isNameOrMarker else { throw tokens.noViableAlternative() }
    let next = try tokens.peek(1)
    if next == .dot {
      let keyspace = try keyspace(&tokens)
      try tokens.expect(.dot)
      return QualifiedName(try index(&tokens), in: keyspace)
    }
    guard next == .semicolon || next == .endOfInput else { throw tokens.noViableAlternative(1) }
    try tokens.decided(after: 2)
    return QualifiedName(try index(&tokens))
  }

  /// The name of a user type, which is none of the native ones.
  static func userType(_ tokens: inout TokenStream) throws(ParseFailure) -> QualifiedName {
    var keyspace: Identifier?
    if tokens.kind.isColumnOnlyKeyword && tokens.kind != .key || tokens.kind == .count || tokens.kind.isNativeType {
      keyspace = try name(&tokens)
      try tokens.expect(.dot)
    } else if tokens.kind.isName, try tokens.peek(1) == .dot {
      keyspace = try name(&tokens)
      try tokens.expect(.dot)
    }
    guard tokens.kind == .identifier || tokens.kind == .quotedName || tokens.kind == .key || tokens.kind.isBasicKeyword
    else {
      throw tokens.noViableAlternative()
    }
    if tokens.kind == .identifier, Self.reservedTypeNames.contains(tokens.text(tokens.token)) {
      let reserved = tokens.text(tokens.token)
      tokens.refuse("Invalid (reserved) user type name \(reserved)")
    }
    return QualifiedName(try identifier(&tokens), in: keyspace)
  }

  /// Names that Cassandra keeps for types to come, when they are written in lower case.
  private static let reservedTypeNames: Set<ByteText> = [
    "byte", "complex", "enum", "date", "interval", "macaddr", "bitstring",
  ]

  /// The name of a function with its keyspace.
  static func function(_ tokens: inout TokenStream) throws(ParseFailure) -> QualifiedName {
    guard tokens.kind.isNameOrMarker || tokens.kind == .token else { throw tokens.noViableAlternative() }
    if tokens.kind.isColumnOnlyKeyword || tokens.kind == .questionMark {
      let keyspace = try keyspace(&tokens)
      try tokens.expect(.dot)
      return QualifiedName(try functionWithoutKeyspace(&tokens), in: keyspace)
    }
    if tokens.kind != .token {
      switch try tokens.peek(1) {
      case .dot:
        let keyspace = try keyspace(&tokens)
        try tokens.expect(.dot)
        return QualifiedName(try functionWithoutKeyspace(&tokens), in: keyspace)
      case .leftParenthesis, .semicolon, .with, .endOfInput: try tokens.decided(after: 2)
      default: throw tokens.noViableAlternative(1)
      }
    }
    return QualifiedName(try functionWithoutKeyspace(&tokens))
  }

  /// The name of a function in the keyspace.
  static func functionWithoutKeyspace(_ tokens: inout TokenStream) throws(ParseFailure) -> Identifier {
    guard tokens.kind.isFunctionName || tokens.kind == .token else { throw tokens.noViableAlternative() }
    return try identifier(&tokens)
  }

  // MARK: Kinds of tokens

  /// Whether this may stand behind the name of a table.
  private static func followsTableName(_ kind: TokenKind) -> Bool {
    switch kind {
    case .leftParenthesis, .semicolon, .add, .allow, .alter, .as, .drop, .from, .group, .json, .limit, .norecursive,
      .of, .order, .per, .primary, .rename, .set, .to, .using, .where, .with, .endOfInput:
      true
    default: false
    }
  }
}
