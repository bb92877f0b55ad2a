extension Parser {
  /// One statement and semicolons up to the end of the text.
  mutating func wholeStatement() throws(ParseFailure) -> CQLStatement {
    try begin()
    let statement = try statement()
    while try accept(.semicolon) {}
    guard kind == .endOfInput else {
      throw ParseFailure(reason: .expected(.endOfInput), token: position, decision: position)
    }
    return statement
  }

  private mutating func statement() throws(ParseFailure) -> CQLStatement {
    switch kind {
    case .select: return .select(try selectStatement())
    case .insert: return .insert(try insertStatement())
    case .update: return .update(try updateStatement())
    case .begin: return .batch(try batchStatement())
    case .delete: return .delete(try deleteStatement())
    case .use:
      try advance()
      return .use(try keyspaceName())
    case .truncate:
      try advance()
      _ = try accept(.columnfamily)
      return .truncate(try tableName())
    case .create: return try createStatement()
    case .drop: return try dropStatement()
    case .alter: return try alterStatement()
    case .grant, .revoke: return try grantOrRevokeStatement()
    case .list: return try listStatement()
    case .desc, .describe: return .describe(try describeStatement())
    case .add: return .addIdentity(try addIdentityStatement())
    default: throw noViableAlternative()
    }
  }

  private mutating func createStatement() throws(ParseFailure) -> CQLStatement {
    switch try peek(1) {
    case .keyspace: return .createKeyspace(try createKeyspaceStatement())
    case .columnfamily: return .createTable(try createTableStatement())
    case .custom, .index: return .createIndex(try createIndexStatement())
    case .type: return .createType(try createTypeStatement())
    case .materialized: return .createView(try createViewStatement())
    case .trigger: return .createTrigger(try createTriggerStatement())
    case .user: return .createUser(try createUserStatement())
    case .role: return .createRole(try createRoleStatement())
    case .function: return .createFunction(try createFunctionStatement())
    case .aggregate: return .createAggregate(try createAggregateStatement())
    case .or:
      guard try peek(2) == .replace else { throw noViableAlternative(2) }
      switch try peek(3) {
      case .function: return .createFunction(try createFunctionStatement())
      case .aggregate: return .createAggregate(try createAggregateStatement())
      default: throw noViableAlternative(3)
      }
    default: throw noViableAlternative(1)
    }
  }

  private mutating func alterStatement() throws(ParseFailure) -> CQLStatement {
    switch try peek(1) {
    case .keyspace: return .alterKeyspace(try alterKeyspaceStatement())
    case .columnfamily: return .alterTable(try alterTableStatement())
    case .type: return .alterType(try alterTypeStatement())
    case .materialized: return .alterView(try alterViewStatement())
    case .user: return .alterUser(try alterUserStatement())
    case .role: return .alterRole(try alterRoleStatement())
    default: throw noViableAlternative(1)
    }
  }

  private mutating func dropStatement() throws(ParseFailure) -> CQLStatement {
    let dropped = try peek(1)
    switch dropped {
    case .keyspace, .columnfamily, .index, .user, .trigger, .type, .function, .aggregate, .role, .materialized,
      .identity:
      break
    default: throw noViableAlternative(1)
    }
    try advance()
    try advance()
    if dropped == .materialized { try expect(.view) }
    let ifExists = try ifExists()
    switch dropped {
    case .keyspace:
      return .drop(DropStatement(kind: .keyspace, name: QualifiedName(try keyspaceName()), ifExists: ifExists))
    case .columnfamily: return .drop(DropStatement(kind: .table, name: try tableName(), ifExists: ifExists))
    case .materialized: return .drop(DropStatement(kind: .view, name: try tableName(), ifExists: ifExists))
    case .type: return .drop(DropStatement(kind: .type, name: try userTypeName(), ifExists: ifExists))
    case .index: return .drop(DropStatement(kind: .index, name: try qualifiedIndexName(), ifExists: ifExists))
    case .trigger:
      let trigger = try name()
      try expect(.on)
      return .dropTrigger(DropTriggerStatement(trigger: trigger, ifExists: ifExists, table: try tableName()))
    case .function, .aggregate:
      let function = try functionName()
      let arguments = kind == .leftParenthesis ? try typesInParentheses() : nil
      return .dropFunction(
        DropFunctionStatement(
          isAggregate: dropped == .aggregate, function: function, arguments: arguments, ifExists: ifExists))
    case .user: return .dropUser(DropRoleStatement(name: try userName(), ifExists: ifExists))
    case .role: return .dropRole(DropRoleStatement(name: try roleName().name, ifExists: ifExists))
    default: return .dropIdentity(DropRoleStatement(name: try identity(), ifExists: ifExists))
    }
  }

  // MARK: DESCRIBE

  private mutating func describeStatement() throws(ParseFailure) -> DescribeStatement {
    try advance()
    var statement = DescribeStatement(subject: try describedSubject())
    if try accept(.with) {
      try expect(.internals)
      statement.withInternals = true
    }
    return statement
  }

  private mutating func describedSubject() throws(ParseFailure) -> DescribeStatement.Subject {
    switch kind {
    case .cluster: return try describedList(.cluster)
    case .keyspaces: return try describedList(.keyspaces)
    case .tables: return try describedList(.tables)
    case .types: return try describedList(.types)
    case .functions: return try describedList(.functions)
    case .aggregates: return try describedList(.aggregates)
    case .full, .schema:
      let isFull = try accept(.full)
      try expect(.schema)
      return .schema(isFull: isFull)
    case .keyspace: return try describedKeyspace()
    case .only:
      if try isDescribedByName({ $0 == .keyspace }) { return .named(try describedName()) }
      return try describedKeyspace()
    case .columnfamily:
      try advance()
      return .table(try tableName())
    case .index:
      try advance()
      return .index(try tableName())
    case .materialized:
      try advance()
      try expect(.view)
      return .view(try tableName())
    case .type:
      if try isDescribedByName({ $0.isName }) { return .named(try describedName()) }
      try advance()
      return .type(try userTypeName())
    case .function, .aggregate:
      if try isDescribedByName({ $0.isNameOrMarker || $0 == .token }) { return .named(try describedName()) }
      let isFunction = kind == .function
      try advance()
      let name = try functionName()
      return isFunction ? .function(name) : .aggregate(name)
    default:
      guard kind.isName else { throw noViableAlternative() }
      return .named(try describedName())
    }
  }

  private mutating func describedList(
    _ subject: DescribeStatement.Subject
  ) throws(ParseFailure) -> DescribeStatement.Subject {
    try decided(after: 2)
    try advance()
    return subject
  }

  private mutating func describedKeyspace() throws(ParseFailure) -> DescribeStatement.Subject {
    let isOnly = try accept(.only)
    try expect(.keyspace)
    return .keyspace(kind.isNameOrMarker ? try keyspaceName() : nil, isOnly: isOnly)
  }

  /// Whether the keyword here is the name of something, and does not say what the name behind it is of.
  private mutating func isDescribedByName(_ isSubject: (TokenKind) -> Bool) throws(ParseFailure) -> Bool {
    let next = try peek(1)
    switch next {
    case .dot, .semicolon, .with, .endOfInput: break
    default: guard isSubject(next) else { throw noViableAlternative(1) }
    }
    try decided(after: 2)
    return !isSubject(next)
  }

  private mutating func describedName() throws(ParseFailure) -> QualifiedName {
    switch try peek(1) {
    case .dot:
      let keyspace = try name()
      try expect(.dot)
      return QualifiedName(try name(), in: keyspace)
    case .semicolon, .with, .endOfInput:
      try decided(after: 2)
      return QualifiedName(try name())
    default: throw noViableAlternative(1)
    }
  }
}
