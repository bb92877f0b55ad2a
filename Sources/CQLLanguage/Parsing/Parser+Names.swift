internal import CassandraBytes

extension Parser {
  /// The identifier that the current token is, whatever its kind.
  private mutating func identifier() throws(ParseFailure) -> Identifier {
    let place = place
    let name = kind == .quotedName ? quotedText(token) : lowercasedText(token)
    try advance()
    return Identifier(name, at: place)
  }

  /// A name: of a column in a definition, a field, an alias, a trigger.
  mutating func name() throws(ParseFailure) -> Identifier {
    guard kind.isName else { throw noViableAlternative() }
    return try identifier()
  }

  /// The name of a column where the empty name is one too.
  mutating func columnName() throws(ParseFailure) -> Identifier {
    if kind == .emptyQuotedName {
      let place = place
      try advance()
      return Identifier("", at: place)
    }
    return try name()
  }

  /// A name in whose place `?` is refused with a message of its own.
  private mutating func name(of what: StaticString) throws(ParseFailure) -> Identifier {
    if kind == .questionMark {
      let place = place
      try advance()
      refuse("Bind variables cannot be used for \(what) names")
      return Identifier("?", at: place)
    }
    return try name()
  }

  mutating func keyspaceName() throws(ParseFailure) -> Identifier { try name(of: "keyspace") }

  mutating func indexName() throws(ParseFailure) -> Identifier { try name(of: "index") }

  /// The name of a role, which may be a text.
  mutating func roleName() throws(ParseFailure) -> RoleName {
    guard kind == .string else { return try name(of: "role") }
    let name = RoleName(quotedText(token), at: place)
    try advance()
    return name
  }

  /// The name of a table or view.
  mutating func tableName() throws(ParseFailure) -> QualifiedName {
    guard kind.isNameOrMarker else { throw noViableAlternative() }
    if try peek(1) == .dot {
      let keyspace = try keyspaceName()
      try expect(.dot)
      return QualifiedName(try name(of: "table"), in: keyspace)
    }
    guard try peek(1).followsTableName else { throw noViableAlternative(1) }
    try decided(after: 2)
    return QualifiedName(try name(of: "table"))
  }

  /// The name of an index with its keyspace, which nothing follows.
  mutating func qualifiedIndexName() throws(ParseFailure) -> QualifiedName {
    guard kind.isNameOrMarker else { throw noViableAlternative() }
    let next = try peek(1)
    if next == .dot {
      let keyspace = try keyspaceName()
      try expect(.dot)
      return QualifiedName(try indexName(), in: keyspace)
    }
    guard next == .semicolon || next == .endOfInput else { throw noViableAlternative(1) }
    try decided(after: 2)
    return QualifiedName(try indexName())
  }

  /// The name of a user type, which is none of the native ones.
  mutating func userTypeName() throws(ParseFailure) -> QualifiedName {
    var keyspace: Identifier?
    if kind.isColumnOnlyKeyword && kind != .key || kind == .count || kind.isNativeType {
      keyspace = try name()
      try expect(.dot)
    } else if kind.isName, try peek(1) == .dot {
      keyspace = try name()
      try expect(.dot)
    }
    guard kind == .identifier || kind == .quotedName || kind == .key || kind.isBasicKeyword else {
      throw noViableAlternative()
    }
    if kind == .identifier, Self.reservedTypeNames.contains(text(token)) {
      let reserved = text(token)
      refuse("Invalid (reserved) user type name \(reserved)")
    }
    return QualifiedName(try identifier(), in: keyspace)
  }

  /// Names that Cassandra keeps for types to come, when they are written in lower case.
  private static let reservedTypeNames: Set<ByteText> = [
    "byte", "complex", "enum", "date", "interval", "macaddr", "bitstring",
  ]

  /// The name of a function with its keyspace.
  mutating func functionName() throws(ParseFailure) -> QualifiedName {
    guard kind.isNameOrMarker || kind == .token else { throw noViableAlternative() }
    if kind.isColumnOnlyKeyword || kind == .questionMark {
      let keyspace = try keyspaceName()
      try expect(.dot)
      return QualifiedName(try functionNameWithoutKeyspace(), in: keyspace)
    }
    if kind != .token {
      switch try peek(1) {
      case .dot:
        let keyspace = try keyspaceName()
        try expect(.dot)
        return QualifiedName(try functionNameWithoutKeyspace(), in: keyspace)
      case .leftParenthesis, .semicolon, .with, .endOfInput: try decided(after: 2)
      default: throw noViableAlternative(1)
      }
    }
    return QualifiedName(try functionNameWithoutKeyspace())
  }

  /// The name of a function in the keyspace.
  mutating func functionNameWithoutKeyspace() throws(ParseFailure) -> Identifier {
    guard kind.isFunctionName || kind == .token else { throw noViableAlternative() }
    return try identifier()
  }

  /// A list in parentheses with at least one element.
  mutating func parenthesized<Element>(
    _ element: (inout Parser) throws(ParseFailure) -> Element
  ) throws(ParseFailure) -> [Element] {
    try expect(.leftParenthesis)
    let elements = try list(element)
    try expect(.rightParenthesis)
    return elements
  }

  /// A list with commas and at least one element.
  mutating func list<Element>(
    _ element: (inout Parser) throws(ParseFailure) -> Element
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
}

extension TokenKind {
  /// Whether this may stand behind the name of a table.
  fileprivate var followsTableName: Bool {
    switch self {
    case .leftParenthesis, .semicolon, .add, .allow, .alter, .as, .drop, .from, .group, .json, .limit, .norecursive,
      .of, .order, .per, .primary, .rename, .set, .to, .using, .where, .with, .endOfInput:
      true
    default: false
    }
  }
}
