extension Parser {
  /// `GRANT` or `REVOKE` of permissions or of a role.
  mutating func grantOrRevokeStatement() throws(ParseFailure) -> CQLStatement {
    let isGrant = kind == .grant
    let preposition: TokenKind = isGrant ? .to : .from
    guard try grantsRole(preposition) else {
      try advance()
      let permissions = try permissions()
      try expect(.on)
      let resource = try resource()
      try expect(preposition)
      let statement = PermissionStatement(permissions: permissions, resource: resource, role: try roleName())
      if !resource.supports(permissions) {
        refuse("Resource type \(resource.className) does not support any of the requested permissions")
      }
      return isGrant ? .grantPermissions(statement) : .revokePermissions(statement)
    }
    try advance()
    let role = try roleName()
    try expect(preposition)
    let statement = RoleMembershipStatement(role: role, member: try roleName())
    return isGrant ? .grantRole(statement) : .revokeRole(statement)
  }

  /// Whether a role stands behind `GRANT`, and not a permission.
  private mutating func grantsRole(_ preposition: TokenKind) throws(ParseFailure) -> Bool {
    let first = try peek(1)
    switch first {
    case .all, .selectMasked, .unmask:
      switch try peek(2) {
      case preposition: return true
      case .on: return false
      case .permissions where first == .all: return false
      case .comma, .permission:
        guard first != .all else { throw noViableAlternative(2) }
        return false
      default: throw noViableAlternative(2)
      }
    default:
      if first.isPermission { return false }
      guard first.isNameOrMarker || first == .string else { throw noViableAlternative(1) }
      return true
    }
  }

  /// `LIST` of permissions, roles or users.
  mutating func listStatement() throws(ParseFailure) -> CQLStatement {
    switch try peek(1) {
    case .users:
      try advance()
      try advance()
      return .listUsers
    case .roles:
      try advance()
      try advance()
      let role = try accept(.of) ? try roleName() : nil
      return .listRoles(ListRolesStatement(role: role, isRecursive: try !accept(.norecursive)))
    case let next:
      guard next == .all || next.isPermission else { throw noViableAlternative(1) }
      try advance()
      let permissions = try permissions()
      let resource = try accept(.on) ? try resource() : nil
      let role = try accept(.of) ? try roleName() : nil
      return .listPermissions(
        ListPermissionsStatement(
          permissions: permissions, resource: resource, role: role, isRecursive: try !accept(.norecursive)))
    }
  }

  /// Permissions, or nil for all.
  private mutating func permissions() throws(ParseFailure) -> [Permission]? {
    if try accept(.all) {
      _ = try accept(.permissions)
      return nil
    }
    guard kind.isPermission else { throw noViableAlternative() }
    return try list { parser throws(ParseFailure) in
      guard parser.kind.isPermission, let permission = Permission(rawValue: parser.text(parser.token).uppercased())
      else {
        throw ParseFailure(reason: .expectedOneOfASet, token: parser.position, decision: parser.position)
      }
      try parser.advance()
      _ = try parser.accept(.permission)
      return permission
    }
  }

  // MARK: Resources

  private mutating func resource() throws(ParseFailure) -> Resource {
    switch kind {
    case .all: return try resourceNamedAll()
    case .keyspace:
      try advance()
      return .keyspace(try keyspaceName())
    case .role:
      let next = try peek(1)
      guard next.isNameOrMarker || next == .string else { break }
      try advance()
      return .role(try roleName())
    case .function:
      let next = try peek(1)
      guard next.isNameOrMarker || next == .token else { break }
      try advance()
      let function = try functionName()
      return .function(function, try typesInParentheses())
    case .mbean, .mbeans:
      guard try peek(1) == .string else { break }
      return try mbeanResource()
    case .columnfamily:
      try advance()
      return .table(try tableName())
    default:
      guard kind.isNameOrMarker else { throw noViableAlternative() }
      return .table(try tableName())
    }
    // A keyword that is the name of a table here.
    guard try peek(1).followsResource else { throw noViableAlternative(1) }
    try decided(after: 2)
    return .table(try tableName())
  }

  private mutating func resourceNamedAll() throws(ParseFailure) -> Resource {
    let plural = try peek(1)
    switch plural {
    case .keyspaces, .roles, .mbeans, .tables: try decided(after: 2)
    case .functions:
      try decided(after: 2)
      switch try peek(2) {
      case .in, .endOfInput, .from, .norecursive, .of, .to, .semicolon: break
      default:
        // The decision about the kind of resource has been made at its first token already.
        throw noViableAlternative(2)
      }
    default:
      guard plural.followsResource else { throw noViableAlternative(1) }
      try decided(after: 2)
      return .table(try tableName())
    }
    try advance()
    try advance()
    switch plural {
    case .keyspaces: return .allKeyspaces
    case .roles: return .allRoles
    case .mbeans: return .allMBeans
    case .tables:
      try expect(.in)
      try expect(.keyspace)
      return .allTables(in: try keyspaceName())
    default:
      guard try accept(.in) else { return .allFunctions(in: nil) }
      try expect(.keyspace)
      return .allFunctions(in: try keyspaceName())
    }
  }

  private mutating func mbeanResource() throws(ParseFailure) -> Resource {
    let isPattern = kind == .mbeans
    try advance()
    let name = try string()
    switch name {
    case "": refuse("Empty JMX object name supplied")
    case "*:*": refuse("Please use ALL MBEANS instead of wildcard pattern")
    default:
      if !name.contains(":") || !name.contains("=") && !name.hasSuffix("*") {
        refuse("\(name) is not a valid JMX object name")
      } else if isPattern, !name.contains("*"), !name.contains("?") {
        refuse("Plural form used, but non-pattern JMX object name specified (\(name))")
      }
    }
    return isPattern ? .mbeans(name) : .mbean(name)
  }
}

extension TokenKind {
  /// Whether this is the name of a permission.
  fileprivate var isPermission: Bool {
    switch self {
    case .create, .alter, .drop, .select, .modify, .authorize, .describe, .execute, .unmask, .selectMasked: true
    default: false
    }
  }

  /// Whether this may stand behind a keyword that is the name of a table, as a resource, or of its keyspace.
  fileprivate var followsResource: Bool {
    switch self {
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
