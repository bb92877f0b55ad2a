import CassandraBytes
import CQLLanguage

/// Applies a statement about roles or permissions to a copy of them, or refuses as Cassandra does.
///
/// It does no I/O and hashes nothing: the engine makes the hash of a new password, stores the result and publishes it.
struct RoleEditor {
  /// The roles before the statement.
  let before: Roles
  /// The roles so far, changed by ``apply(_:hash:)``.
  var roles: NameMap<Role>
  /// The schema, for what permissions are about.
  let schema: Schema
  /// The keyspace in use.
  let used: String?
  /// The data centre of the node, the only one that may be named.
  let dataCentre: String
  /// Who asks; nil where nobody logs in.
  let actor: RoleAccess?
  /// What the client should be warned of.
  var warnings: [String] = []

  init(_ roles: Roles, _ schema: Schema, used: String?, dataCentre: String, actor: RoleAccess?) {
    self.dataCentre = dataCentre
    before = roles
    self.roles = roles.all
    self.schema = schema
    self.used = used
    self.actor = actor
  }

  /// What CREATE or ALTER says of a role, or of a user, which is a role too.
  private struct Wish {
    var name: String
    var isConditional: Bool
    var options: [RoleOption]
  }

  /// Applies a statement. `hash` is that of the password which the statement brings (``password(in:)``).
  mutating func apply(_ statement: CQLStatement, hash: String?) throws(EngineFailure) {
    switch statement {
    case .createRole(let role):
      try create(Wish(name: role.role.name, isConditional: role.isConditional, options: role.options), hash)
    case .createUser(let user):
      var options = Self.options(of: user)
      options.append(.login(true))
      options.append(.superuser(user.isSuperuser ?? false))
      try create(Wish(name: user.name, isConditional: user.isConditional, options: options), hash)
    case .alterRole(let role):
      try alter(Wish(name: role.role.name, isConditional: role.isConditional, options: role.options), hash)
    case .alterUser(let user):
      var options = Self.options(of: user)
      if let isSuperuser = user.isSuperuser { options.append(.superuser(isSuperuser)) }
      try alter(Wish(name: user.name, isConditional: user.isConditional, options: options), hash)
    case .dropRole(let statement), .dropUser(let statement): try drop(statement)
    case .grantRole(let statement): try grant(statement)
    case .revokeRole(let statement): try revoke(statement)
    case .grantPermissions(let statement): try change(statement, isGrant: true)
    case .revokePermissions(let statement): try change(statement, isGrant: false)
    case .addIdentity(let statement): try add(statement)
    case .dropIdentity(let statement): try dropIdentity(statement)
    default: throw EngineFailure.unsupported(statement.name)
    }
  }

  /// The new password of a statement that has to be hashed first.
  static func password(in statement: CQLStatement) -> String? {
    let options: [RoleOption]
    switch statement {
    case .createRole(let role), .alterRole(let role): options = role.options
    case .createUser(let user), .alterUser(let user): options = Self.options(of: user)
    default: return nil
    }
    for option in options {
      if case .password(.plain(let password)) = option { return password }
    }
    return nil
  }

  private static func options(of user: UserStatement) -> [RoleOption] { user.password.map { [.password($0)] } ?? [] }

  // MARK: Who may

  /// Refuses who does not know who they are.
  func checkLoggedIn() throws(EngineFailure) {
    guard actor != nil else { throw EngineFailure.anonymous }
  }

  /// Refuses what is not allowed for a role, in the words that Cassandra has for it.
  func check(_ permission: Permission, on role: AccessResource) throws(EngineFailure) {
    guard let actor, !actor.allows(permission, on: role) else { return }
    throw EngineFailure.unauthorized(
      "User \(actor.name) does not have sufficient privileges to perform the requested operation")
  }

  /// Whether who asks may do everything; also where nobody logs in.
  private var isSuperuser: Bool { actor?.isSuperuser ?? true }

  // MARK: CREATE, ALTER and DROP

  private mutating func create(_ wish: Wish, _ hash: String?) throws(EngineFailure) {
    let name = wish.name
    try check(.create, on: .allRoles)
    if wish.options.contains(where: { $0.isSuperuser == true }), !isSuperuser {
      throw EngineFailure.unauthorized("Only superusers can create a role with superuser status")
    }
    try RoleOptions.check(wish.options, areChecked: actor != nil)
    if name.isEmpty { throw EngineFailure.invalid("Role name can't be an empty string") }
    try RoleOptions.checkPlaces(wish.options, dataCentre: dataCentre)
    try checkLoggedIn()
    guard roles[name] == nil else {
      if wish.isConditional { return }
      throw EngineFailure.invalid("\(name) already exists")
    }
    var role = Role(name: name)
    role.apply(wish.options, hash)
    roles[name] = role
    // Who makes a role may do with it what can be done with one.
    if let actor { grant(AccessResource.role(name).applicable, on: .role(name), to: actor.name) }
  }

  private mutating func alter(_ wish: Wish, _ hash: String?) throws(EngineFailure) {
    let name = wish.name
    if let actor { try checkAltering(wish, actor) }
    try RoleOptions.check(wish.options, areChecked: actor != nil)
    try RoleOptions.checkPlaces(wish.options, dataCentre: dataCentre)
    if wish.options.isEmpty { throw EngineFailure.invalid("ALTER [ROLE|USER] can't be empty") }
    try checkLoggedIn()
    guard var role = roles[name] else {
      if wish.isConditional { return }
      throw EngineFailure.invalid("Role \(name) doesn't exist")
    }
    // As Cassandra has it: they may be said when a role is made, and not be altered.
    for option in wish.options {
      guard case .accessToDatacenters = option else { continue }
      throw EngineFailure.invalid("ACCESS TO DATACENTERS operations not supported by AllowAllNetworkAuthorizer")
    }
    role.apply(wish.options, hash)
    roles[name] = role
  }

  private func checkAltering(_ wish: Wish, _ actor: RoleAccess) throws(EngineFailure) {
    let name = wish.name
    let options = wish.options
    if options.contains(where: { $0.isSuperuser != nil }) {
      if actor.roles.contains(ByteText(name)) {
        throw EngineFailure.unauthorized(
          "You aren't allowed to alter your own superuser status or that of a role granted to you")
      }
      if !actor.isSuperuser {
        throw EngineFailure.unauthorized("Only superusers are allowed to alter superuser status")
      }
    }
    if actor.isSuperuser { return }
    for option in options {
      if let places = option.placesName {
        throw EngineFailure.unauthorized("Only superusers are allowed to alter access \(places).")
      }
    }
    guard ByteText(actor.name) == ByteText(name) else { return try check(.alter, on: .role(name)) }
    for option in options {
      if let name = option.protectedName { throw EngineFailure.unauthorized("You aren't allowed to alter \(name)") }
    }
  }

  private mutating func drop(_ statement: DropRoleStatement) throws(EngineFailure) {
    let name = statement.name
    try check(.drop, on: .role(name))
    if before.isSuperuser(name), !isSuperuser {
      throw EngineFailure.unauthorized("Only superusers can drop a role with superuser status")
    }
    try checkLoggedIn()
    if let actor, ByteText(actor.name) == ByteText(name) {
      throw EngineFailure.invalid("Cannot DROP primary role for current login")
    }
    guard roles[name] != nil else {
      if statement.ifExists { return }
      throw EngineFailure.invalid("\(name) doesn't exist")
    }
    roles[name] = nil
    for role in roles.values where role.memberOf.contains(ByteText(name)) {
      roles[role.name]?.memberOf.remove(ByteText(name))
    }
    roles.revokeAll(on: [.role(name)])
  }

  // MARK: Roles of roles

  private mutating func grant(_ statement: RoleMembershipStatement) throws(EngineFailure) {
    let (role, member) = (statement.role.name, statement.member.name)
    try checkMembership(statement)
    guard !before.granted(to: member).contains(ByteText(role)) else {
      throw EngineFailure.invalid("\(member) is a member of \(role)")
    }
    guard !before.granted(to: role).contains(ByteText(member)) else {
      throw EngineFailure.invalid("\(role) is a member of \(member)")
    }
    roles[member]?.memberOf.insert(ByteText(role))
  }

  private mutating func revoke(_ statement: RoleMembershipStatement) throws(EngineFailure) {
    let (role, member) = (statement.role.name, statement.member.name)
    try checkMembership(statement)
    guard roles[member]?.memberOf.remove(ByteText(role)) != nil else {
      throw EngineFailure.invalid("\(member) is not a member of \(role)")
    }
  }

  private func checkMembership(_ statement: RoleMembershipStatement) throws(EngineFailure) {
    try check(.authorize, on: .role(statement.role.name))
    try checkLoggedIn()
    for name in [statement.role.name, statement.member.name] where roles[name] == nil {
      throw EngineFailure.invalid("\(name) doesn't exist")
    }
  }

  // MARK: Permissions

  private mutating func change(_ statement: PermissionStatement, isGrant: Bool) throws(EngineFailure) {
    let resource = try resource(statement.resource)
    let wanted = statement.permissions.map { PermissionSet($0) } ?? .all
    let permissions = wanted.intersection(resource.applicable)
    if let actor {
      try actor.check(.authorize, on: resource)
      for permission in permissions.sorted { try actor.check(permission, on: resource) }
    }
    if isGrant, !permissions.isSubset(of: SystemAccess.grantable(on: resource, in: schema)) {
      throw EngineFailure.unauthorized(
        "Granting permissions on system keyspaces is strictly limited, this operation is not permitted")
    }
    try checkLoggedIn()
    let name = statement.role.name
    guard let role = roles[name] else { throw EngineFailure.invalid("Role \(name) doesn't exist") }
    guard exists(resource) else {
      // A code that is strange, and Cassandra's for a function that is not there.
      if case .function = resource { throw EngineFailure.syntax("There is no \(resource)") }
      throw EngineFailure.invalid("Resource \(resource) doesn't exist")
    }
    if case .functions(let keyspace) = resource, ByteText(keyspace) == "system" { throw Self.builtIn }
    let has = role.permissions[resource.path] ?? []
    let unchanged = isGrant ? permissions.intersection(has) : permissions.subtracting(has)
    if !unchanged.isEmpty {
      let names = unchanged.sorted.map(\.rawValue).joined(separator: ", ")
      warnings.append(
        "Role '\(name)' was \(isGrant ? "already" : "not") granted \(names) on \(resource)")
    }
    if isGrant {
      grant(permissions, on: resource, to: name)
    } else {
      roles[name]?.revoke(permissions, on: resource)
    }
  }

  private mutating func grant(_ permissions: PermissionSet, on resource: AccessResource, to name: String) {
    roles[name]?.permissions[resource.path, default: []].formUnion(permissions)
  }

  /// What a statement names, with the keyspace that it leaves out.
  func resource(_ resource: Resource) throws(EngineFailure) -> AccessResource {
    switch resource {
    case .allKeyspaces: return .allKeyspaces
    case .keyspace(let name): return .keyspace(name.name)
    case .allTables(let keyspace): return .allTables(in: keyspace.name)
    case .table(let name): return .table(name.name.name, in: try Schema.keyspaceName(of: name, in: used))
    case .allRoles: return .allRoles
    case .role(let name): return .role(name.name)
    case .allFunctions(nil): return .allFunctions
    case .allFunctions(let keyspace?): return .functions(in: keyspace.name)
    case .function(let name, let types):
      guard let keyspace = name.keyspace?.name else {
        throw EngineFailure.invalid("In this context function name must be explictly qualified by a keyspace")
      }
      if ByteText(keyspace) == "system" { throw Self.builtIn }
      return try schema.resource(ofFunction: name.name.name, types, in: keyspace)
    case .allMBeans: return .allMBeans
    case .mbean(let name), .mbeans(let name): return .mbean(name)
    }
  }

  /// Whether it is there.
  func exists(_ resource: AccessResource) -> Bool {
    switch resource {
    case .allKeyspaces, .allRoles, .allFunctions, .allMBeans: true
    case .keyspace(let name), .allTables(let name), .functions(let name): schema.keyspaces[name] != nil
    case .table(let name, let keyspace): schema.keyspaces[keyspace]?.tables[name] != nil
    case .role(let name): roles[name] != nil
    case .function(_, _, let keyspace):
      schema.keyspaces[keyspace]?.functionResources.contains { $0.path == resource.path } ?? false
    // The node has none; a pattern may be about those of a Cassandra.
    case .mbean(let name): name.utf8.contains(UInt8(ascii: "*")) || name.utf8.contains(UInt8(ascii: "?"))
    }
  }

  private static let builtIn = EngineFailure.invalid("Altering permissions on builtin functions is not supported")
}

extension Role {
  /// Takes the options of a statement; `hash` is that of its password.
  fileprivate mutating func apply(_ options: [RoleOption], _ hash: String?) {
    for option in options {
      switch option {
      case .login(let canLogin): self.canLogin = canLogin
      case .superuser(let isSuperuser): self.isSuperuser = isSuperuser
      case .password(.plain): passwordHash = hash
      case .password(.hashed(let given)): passwordHash = given
      case .options, .accessToDatacenters, .accessFromCIDRs: break
      }
    }
  }

  /// Takes permissions away.
  mutating func revoke(_ permissions: PermissionSet, on resource: AccessResource) {
    guard var left = self.permissions[resource.path] else { return }
    left.subtract(permissions)
    self.permissions[resource.path] = left.isEmpty ? nil : left
  }
}

extension NameMap<Role> {
  /// Takes away all that was granted on what is no more; with a keyspace goes what is in it.
  mutating func revokeAll(on resources: [AccessResource]) {
    for role in values {
      for path in role.permissions.keys where resources.contains(where: { $0.includes(path) }) {
        self[role.name]?.permissions[path] = nil
      }
    }
  }
}

extension AccessResource {
  /// Whether this is the path of the resource, or of a part of a keyspace.
  fileprivate func includes(_ other: ByteText) -> Bool {
    if other == path { return true }
    switch self {
    case .keyspace, .functions: break
    default: return false
    }
    return other.text.utf8.starts(with: path.text.utf8)
      && other.text.utf8.dropFirst(path.text.utf8.count).first == UInt8(ascii: "/")
  }
}
