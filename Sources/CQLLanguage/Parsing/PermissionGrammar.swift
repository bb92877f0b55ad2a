import CassandraBytes

/// `GRANT`, `REVOKE` and `LIST`.
enum PermissionGrammar {
  /// `GRANT` or `REVOKE` of permissions or of a role.
  static func grantOrRevoke(_ tokens: inout TokenStream) throws(ParseFailure) -> CQLStatement {
    let isGrant = tokens.kind == .grant
    let preposition: TokenKind = isGrant ? .to : .from
    guard try grantsRole(&tokens, preposition) else {
      try tokens.advance()
      let permissions = try permissions(&tokens)
      try tokens.expect(.on)
      let resource = try resource(&tokens)
      try tokens.expect(preposition)
      let statement = PermissionStatement(
        permissions: permissions, resource: resource, role: try NameGrammar.role(&tokens))
      if !resource.supports(permissions) {
        tokens.refuse("Resource type \(resource.className) does not support any of the requested permissions")
      }
      return isGrant ? .grantPermissions(statement) : .revokePermissions(statement)
    }
    try tokens.advance()
    let role = try NameGrammar.role(&tokens)
    try tokens.expect(preposition)
    let statement = RoleMembershipStatement(role: role, member: try NameGrammar.role(&tokens))
    return isGrant ? .grantRole(statement) : .revokeRole(statement)
  }

  /// Whether a role stands behind `GRANT`, and not a permission.
  private static func grantsRole(_ tokens: inout TokenStream, _ preposition: TokenKind) throws(ParseFailure) -> Bool {
    let first = try tokens.peek(1)
    switch first {
    case .all, .selectMasked, .unmask:
      switch try tokens.peek(2) {
      case preposition: return true
      case .on: return false
      case .permissions where first == .all: return false
      case .comma, .permission:
        guard first != .all else { throw tokens.noViableAlternative(2) }
        return false
      default: throw tokens.noViableAlternative(2)
      }
    default:
      if isPermission(first) { return false }
      guard first.isNameOrMarker || first == .string else { throw tokens.noViableAlternative(1) }
      return true
    }
  }

  /// `LIST` of permissions, roles or users.
  static func list(_ tokens: inout TokenStream) throws(ParseFailure) -> CQLStatement {
    switch try tokens.peek(1) {
    case .users:
      try tokens.advance()
      try tokens.advance()
      return .listUsers
    case .roles:
      try tokens.advance()
      try tokens.advance()
      let role = try tokens.accept(.of) ? try NameGrammar.role(&tokens) : nil
      return .listRoles(ListRolesStatement(role: role, isRecursive: try !tokens.accept(.norecursive)))
    case let next:
      guard next == .all || isPermission(next) else { throw tokens.noViableAlternative(1) }
      try tokens.advance()
      let permissions = try permissions(&tokens)
      let resource = try tokens.accept(.on) ? try resource(&tokens) : nil
      let role = try tokens.accept(.of) ? try NameGrammar.role(&tokens) : nil
      return .listPermissions(
        ListPermissionsStatement(
          permissions: permissions, resource: resource, role: role, isRecursive: try !tokens.accept(.norecursive)))
    }
  }

  /// Permissions, or nil for all.
  private static func permissions(_ tokens: inout TokenStream) throws(ParseFailure) -> [Permission]? {
    if try tokens.accept(.all) {
      _ = try tokens.accept(.permissions)
      return nil
    }
    guard isPermission(tokens.kind) else { throw tokens.noViableAlternative() }
    return try tokens.list { tokens throws(ParseFailure) in
      guard isPermission(tokens.kind), let permission = Permission(rawValue: tokens.text(tokens.token).uppercased())
      else {
        throw tokens.unexpected(.expectedOneOfASet)
      }
      try tokens.advance()
      _ = try tokens.accept(.permission)
      return permission
    }
  }

  // MARK: Resources

  private static func resource(_ tokens: inout TokenStream) throws(ParseFailure) -> Resource {
    switch tokens.kind {
    case .all: return try resourceNamedAll(&tokens)
    case .keyspace:
      try tokens.advance()
      return .keyspace(try NameGrammar.keyspace(&tokens))
    case .role:
      let next = try tokens.peek(1)
      guard next.isNameOrMarker || next == .string else { break }
      try tokens.advance()
      return .role(try NameGrammar.role(&tokens))
    case .function:
      let next = try tokens.peek(1)
      guard next.isNameOrMarker || next == .token else { break }
      try tokens.advance()
      let function = try NameGrammar.function(&tokens)
      return .function(function, try TypeGrammar.typesInParentheses(&tokens))
    case .mbean, .mbeans:
      guard try tokens.peek(1) == .string else { break }
      return try mbeanResource(&tokens)
    case .columnfamily:
      try tokens.advance()
      return .table(try NameGrammar.table(&tokens))
    default:
      guard tokens.kind.isNameOrMarker else { throw tokens.noViableAlternative() }
      return .table(try NameGrammar.table(&tokens))
    }
    // A keyword that is the name of a table here.
    guard try followsResource(tokens.peek(1)) else { throw tokens.noViableAlternative(1) }
    try tokens.decided(after: 2)
    return .table(try NameGrammar.table(&tokens))
  }

  private static func resourceNamedAll(_ tokens: inout TokenStream) throws(ParseFailure) -> Resource {
    let plural = try tokens.peek(1)
    switch plural {
    case .keyspaces, .roles, .mbeans, .tables: try tokens.decided(after: 2)
    case .functions:
      try tokens.decided(after: 2)
      switch try tokens.peek(2) {
      case .in, .endOfInput, .from, .norecursive, .of, .to, .semicolon: break
      default:
        // The decision about the kind of resource has been made at its first token already.
        throw tokens.noViableAlternative(2)
      }
    default:
      guard followsResource(plural) else { throw tokens.noViableAlternative(1) }
      try tokens.decided(after: 2)
      return .table(try NameGrammar.table(&tokens))
    }
    try tokens.advance()
    try tokens.advance()
    switch plural {
    case .keyspaces: return .allKeyspaces
    case .roles: return .allRoles
    case .mbeans: return .allMBeans
    case .tables:
      try tokens.expect(.in)
      try tokens.expect(.keyspace)
      return .allTables(in: try NameGrammar.keyspace(&tokens))
    default:
      guard try tokens.accept(.in) else { return .allFunctions(in: nil) }
      try tokens.expect(.keyspace)
      return .allFunctions(in: try NameGrammar.keyspace(&tokens))
    }
  }

  private static func mbeanResource(_ tokens: inout TokenStream) throws(ParseFailure) -> Resource {
    let isPattern = tokens.kind == .mbeans
    try tokens.advance()
    let name = try tokens.string()
    switch name {
    case "": tokens.refuse("Empty JMX object name supplied")
    case "*:*": tokens.refuse("Please use ALL MBEANS instead of wildcard pattern")
    default:
      if !name.contains(ascii: ":") || !name.contains(ascii: "=") && !name.hasSuffix(bytesOf: "*") {
        tokens.refuse("\(name) is not a valid JMX object name")
      } else if isPattern, !name.contains(ascii: "*"), !name.contains(ascii: "?") {
        tokens.refuse("Plural form used, but non-pattern JMX object name specified (\(name))")
      }
    }
    return isPattern ? .mbeans(name) : .mbean(name)
  }

  // MARK: Kinds of tokens

  /// Whether this is the name of a permission.
  private static func isPermission(_ kind: TokenKind) -> Bool {
    switch kind {
    case .create, .alter, .drop, .select, .modify, .authorize, .describe, .execute, .unmask, .selectMasked: true
    default: false
    }
  }

  /// Whether this may stand behind a keyword that is the name of a table, as a resource, or of its keyspace.
  private static func followsResource(_ kind: TokenKind) -> Bool {
    switch kind {
    case .dot, .semicolon, .from, .norecursive, .of, .to, .endOfInput: true
    default: false
    }
  }
}

extension Resource {
  /// What Cassandra calls this kind of resource in messages.
  fileprivate var className: String {
    switch self {
    case .allKeyspaces, .keyspace, .allTables, .table: "DataResource"
    case .allRoles, .role: "RoleResource"
    case .allFunctions, .function: "FunctionResource"
    case .allMBeans, .mbean, .mbeans: "JMXResource"
    }
  }

  /// Whether one of the permissions can be given for this resource.
  fileprivate func supports(_ permissions: [Permission]?) -> Bool {
    guard let permissions else { return true }
    return permissions.contains { applicablePermissions.contains($0) }
  }

  private var applicablePermissions: [Permission] {
    switch self {
    case .allKeyspaces, .keyspace:
      [.create, .alter, .drop, .select, .modify, .authorize, .unmask, .selectMasked]
    case .allTables: [.create, .alter, .drop, .select, .modify, .authorize, .unmask, .selectMasked]
    case .table: [.alter, .drop, .select, .modify, .authorize, .unmask, .selectMasked]
    case .allRoles: [.create, .alter, .drop, .authorize, .describe]
    case .role: [.alter, .drop, .authorize, .describe]
    case .allFunctions: [.create, .alter, .drop, .authorize, .execute]
    case .function: [.alter, .drop, .authorize, .execute]
    case .allMBeans, .mbean, .mbeans: [.authorize, .describe, .execute, .select, .modify]
    }
  }
}
