/// Which statement it is; the grammars of the statements parse the rest.
enum StatementGrammar {
  /// One statement and semicolons up to the end of the text.
  static func wholeStatement(_ tokens: inout TokenStream) throws(ParseFailure) -> CQLStatement {
    try tokens.begin()
    let statement = try statement(&tokens)
    while try tokens.accept(.semicolon) {}
    guard tokens.kind == .endOfInput else {
      throw tokens.unexpected(.expected(.endOfInput))
    }
    return statement
  }

  private static func statement(_ tokens: inout TokenStream) throws(ParseFailure) -> CQLStatement {
    switch tokens.kind {
    case .select: return .select(try SelectGrammar.select(&tokens))
    case .insert: return .insert(try WriteGrammar.insert(&tokens))
    case .update: return .update(try WriteGrammar.update(&tokens))
    case .begin: return .batch(try WriteGrammar.batch(&tokens))
    case .delete: return .delete(try WriteGrammar.delete(&tokens))
    case .use:
      try tokens.advance()
      return .use(try NameGrammar.keyspace(&tokens))
    case .truncate:
      try tokens.advance()
      _ = try tokens.accept(.columnfamily)
      return .truncate(try NameGrammar.table(&tokens))
    case .create: return try create(&tokens)
    case .drop: return try drop(&tokens)
    case .alter: return try alter(&tokens)
    case .grant, .revoke: return try PermissionGrammar.grantOrRevoke(&tokens)
    case .list: return try PermissionGrammar.list(&tokens)
    case .desc, .describe: return .describe(try DescribeGrammar.describe(&tokens))
    case .add: return .addIdentity(try RoleGrammar.addIdentity(&tokens))
    default: throw tokens.noViableAlternative()
    }
  }

  private static func create(_ tokens: inout TokenStream) throws(ParseFailure) -> CQLStatement {
    switch try tokens.peek(1) {
    case .keyspace: return .createKeyspace(try SchemaGrammar.createKeyspace(&tokens))
    case .columnfamily: return .createTable(try TableGrammar.createTable(&tokens))
    case .custom, .index: return .createIndex(try IndexGrammar.createIndex(&tokens))
    case .type: return .createType(try UserTypeGrammar.createType(&tokens))
    case .materialized: return .createView(try TableGrammar.createView(&tokens))
    case .trigger: return .createTrigger(try SchemaGrammar.createTrigger(&tokens))
    case .user: return .createUser(try RoleGrammar.createUser(&tokens))
    case .role: return .createRole(try RoleGrammar.createRole(&tokens))
    case .function: return .createFunction(try FunctionGrammar.createFunction(&tokens))
    case .aggregate: return .createAggregate(try FunctionGrammar.createAggregate(&tokens))
    case .or:
      guard try tokens.peek(2) == .replace else { throw tokens.noViableAlternative(2) }
      switch try tokens.peek(3) {
      case .function: return .createFunction(try FunctionGrammar.createFunction(&tokens))
      case .aggregate: return .createAggregate(try FunctionGrammar.createAggregate(&tokens))
      default: throw tokens.noViableAlternative(3)
      }
    default: throw tokens.noViableAlternative(1)
    }
  }

  private static func alter(_ tokens: inout TokenStream) throws(ParseFailure) -> CQLStatement {
    switch try tokens.peek(1) {
    case .keyspace: return .alterKeyspace(try SchemaGrammar.alterKeyspace(&tokens))
    case .columnfamily: return .alterTable(try TableGrammar.alterTable(&tokens))
    case .type: return .alterType(try UserTypeGrammar.alterType(&tokens))
    case .materialized: return .alterView(try TableGrammar.alterView(&tokens))
    case .user: return .alterUser(try RoleGrammar.alterUser(&tokens))
    case .role: return .alterRole(try RoleGrammar.alterRole(&tokens))
    default: throw tokens.noViableAlternative(1)
    }
  }

  private static func drop(_ tokens: inout TokenStream) throws(ParseFailure) -> CQLStatement {
    let dropped = try tokens.peek(1)
    switch dropped {
    case .keyspace, .columnfamily, .index, .user, .trigger, .type, .function, .aggregate, .role, .materialized,
      .identity:
      break
    default: throw tokens.noViableAlternative(1)
    }
    try tokens.advance()
    try tokens.advance()
    if dropped == .materialized { try tokens.expect(.view) }
    let ifExists = try tokens.ifExists()
    switch dropped {
    case .keyspace:
      return .drop(
        DropStatement(kind: .keyspace, name: QualifiedName(try NameGrammar.keyspace(&tokens)), ifExists: ifExists))
    case .columnfamily:
      return .drop(DropStatement(kind: .table, name: try NameGrammar.table(&tokens), ifExists: ifExists))
    case .materialized:
      return .drop(DropStatement(kind: .view, name: try NameGrammar.table(&tokens), ifExists: ifExists))
    case .type:
      return .drop(DropStatement(kind: .type, name: try NameGrammar.userType(&tokens), ifExists: ifExists))
    case .index:
      return .drop(DropStatement(kind: .index, name: try NameGrammar.qualifiedIndex(&tokens), ifExists: ifExists))
    case .trigger:
      let trigger = try NameGrammar.name(&tokens)
      try tokens.expect(.on)
      return .dropTrigger(
        DropTriggerStatement(trigger: trigger, ifExists: ifExists, table: try NameGrammar.table(&tokens)))
    case .function, .aggregate:
      let function = try NameGrammar.function(&tokens)
      let arguments = tokens.kind == .leftParenthesis ? try TypeGrammar.typesInParentheses(&tokens) : nil
      return .dropFunction(
        DropFunctionStatement(
          isAggregate: dropped == .aggregate, function: function, arguments: arguments, ifExists: ifExists))
    case .user: return .dropUser(DropRoleStatement(name: try RoleGrammar.userName(&tokens), ifExists: ifExists))
    case .role: return .dropRole(DropRoleStatement(name: try NameGrammar.role(&tokens).name, ifExists: ifExists))
    default: return .dropIdentity(DropRoleStatement(name: try RoleGrammar.identity(&tokens), ifExists: ifExists))
    }
  }
}
