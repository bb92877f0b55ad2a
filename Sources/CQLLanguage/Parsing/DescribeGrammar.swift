/// `DESCRIBE`.
enum DescribeGrammar {
  static func describe(_ tokens: inout TokenStream) throws(ParseFailure) -> DescribeStatement {
    try tokens.advance()
    var statement = DescribeStatement(subject: try describedSubject(&tokens))
    if try tokens.accept(.with) {
      try tokens.expect(.internals)
      statement.withInternals = true
    }
    return statement
  }

  private static func describedSubject(_ tokens: inout TokenStream) throws(ParseFailure) -> DescribeStatement.Subject {
    switch tokens.kind {
    case .cluster: return try describedList(&tokens, .cluster)
    case .keyspaces: return try describedList(&tokens, .keyspaces)
    case .tables: return try describedList(&tokens, .tables)
    case .types: return try describedList(&tokens, .types)
    case .functions: return try describedList(&tokens, .functions)
    case .aggregates: return try describedList(&tokens, .aggregates)
    case .full, .schema:
      let isFull = try tokens.accept(.full)
      try tokens.expect(.schema)
      return .schema(isFull: isFull)
    case .keyspace: return try describedKeyspace(&tokens)
    case .only:
      if try isDescribedByName(&tokens, { $0 == .keyspace }) {
        return .named(try describedName(&tokens))
      }
      return try describedKeyspace(&tokens)
    case .columnfamily:
      try tokens.advance()
      return .table(try NameGrammar.table(&tokens))
    case .index:
      try tokens.advance()
      return .index(try NameGrammar.table(&tokens))
    case .materialized:
      try tokens.advance()
      try tokens.expect(.view)
      return .view(try NameGrammar.table(&tokens))
    case .type:
      if try isDescribedByName(&tokens, { $0.isName }) {
        return .named(try describedName(&tokens))
      }
      try tokens.advance()
      return .type(try NameGrammar.userType(&tokens))
    case .function, .aggregate:
      if try isDescribedByName(&tokens, { $0.isNameOrMarker || $0 == .token }) {
        return .named(try describedName(&tokens))
      }
      let isFunction = tokens.kind == .function
      try tokens.advance()
      let name = try NameGrammar.function(&tokens)
      return isFunction ? .function(name) : .aggregate(name)
    default:
      guard tokens.kind.isName else { throw tokens.noViableAlternative() }
      return .named(try describedName(&tokens))
    }
  }

  private static func describedList(
    _ tokens: inout TokenStream, _ subject: DescribeStatement.Subject
  ) throws(ParseFailure) -> DescribeStatement.Subject {
    try tokens.decided(after: 2)
    try tokens.advance()
    return subject
  }

  private static func describedKeyspace(_ tokens: inout TokenStream) throws(ParseFailure) -> DescribeStatement.Subject {
    let isOnly = try tokens.accept(.only)
    try tokens.expect(.keyspace)
    return .keyspace(tokens.kind.isNameOrMarker ? try NameGrammar.keyspace(&tokens) : nil, isOnly: isOnly)
  }

  /// Whether the keyword here is the name of something, and does not say what the name behind it is of.
  private static func isDescribedByName(
    _ tokens: inout TokenStream, _ isSubject: (TokenKind) -> Bool
  ) throws(ParseFailure) -> Bool {
    let next = try tokens.peek(1)
    switch next {
    case .dot, .semicolon, .with, .endOfInput: break
    default: guard isSubject(next) else { throw tokens.noViableAlternative(1) }
    }
    try tokens.decided(after: 2)
    return !isSubject(next)
  }

  private static func describedName(_ tokens: inout TokenStream) throws(ParseFailure) -> QualifiedName {
    switch try tokens.peek(1) {
    case .dot:
      let keyspace = try NameGrammar.name(&tokens)
      try tokens.expect(.dot)
      return QualifiedName(try NameGrammar.name(&tokens), in: keyspace)
    case .semicolon, .with, .endOfInput:
      try tokens.decided(after: 2)
      return QualifiedName(try NameGrammar.name(&tokens))
    default: throw tokens.noViableAlternative(1)
    }
  }
}
