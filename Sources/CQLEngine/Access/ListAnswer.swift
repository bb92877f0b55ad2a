import CassandraBytes
import CQLLanguage
import CassandraWire

/// Answers LIST.
struct ListAnswer {
  private let engine: Engine
  private let schema: Schema
  private let access: RoleAccess
  /// The keyspace of names without one.
  private let keyspace: String?
  private let version: ProtocolVersion

  init(_ engine: Engine, _ schema: Schema, _ access: RoleAccess, used keyspace: String?, version: ProtocolVersion) {
    self.engine = engine
    self.schema = schema
    self.access = access
    self.keyspace = keyspace
    self.version = version
  }

  /// Appends the result of a statement.
  func write(_ statement: CQLStatement, into body: inout [UInt8]) throws(EngineFailure) {
    var list = RoleList(roles: engine.access.roles, access: access)
    switch statement {
    case .listRoles(let statement): try list.addRoles(statement)
    case .listUsers: list.addUsers()
    case .listPermissions(let statement):
      let editor = RoleEditor(
        list.roles, schema, used: keyspace, dataCentre: engine.configuration.dataCentre, actor: access)
      var resource: AccessResource?
      if let named = statement.resource {
        let found = try editor.resource(named)
        guard editor.exists(found) else { throw EngineFailure.invalid("\(found) doesn't exist") }
        resource = found
      }
      try list.addPermissions(statement, resource)
    default: break
    }
    guard list.count > 0 else {
      // As Cassandra has it: no rows are no result.
      body.append(bigEndian: ResultResponse.Kind.void.rawValue)
      return
    }
    try ResponseBody.write(
      columns: list.columns, rows: list.rows, count: list.count, to: &body, version: version)
  }
}

/// The rows of a LIST.
private struct RoleList {
  let roles: Roles
  let access: RoleAccess
  private(set) var columns: [ColumnSpecification] = []
  private(set) var rows: [UInt8] = []
  private(set) var count = 0

  init(roles: Roles, access: RoleAccess) {
    self.roles = roles
    self.access = access
  }

  private mutating func append(_ values: [SystemValue]) {
    for value in values { Parts.append(value.bytes[...], to: &rows) }
    count += 1
  }

  private mutating func addColumns(_ table: String, _ columns: [(String, CQLType)]) {
    self.columns = columns.map {
      ColumnSpecification(keyspace: RoleRows.keyspace, table: table, name: $0.0, type: $0.1)
    }
  }

  // MARK: Roles

  mutating func addRoles(_ statement: ListRolesStatement) throws(EngineFailure) {
    addColumns(
      "roles",
      [
        ("role", .text), ("super", .boolean), ("login", .boolean), ("options", .map(key: .text, value: .text)),
        ("datacenters", .text),
      ])
    for role in try shown(statement) {
      append([
        .text(role.name), .boolean(role.isSuperuser), .boolean(role.canLogin), .map([:]), .text("ALL"),
      ])
    }
  }

  mutating func addUsers() {
    addColumns("users", [("name", .text), ("super", .boolean), ("datacenters", .text)])
    let names = access.allows(.describe, on: .allRoles) ? Set(roles.all.keys.map { ByteText($0) }) : access.roles
    for role in inOrder(names) where role.canLogin {
      append([.text(role.name), .boolean(roles.isSuperuser(role.name)), .text("ALL")])
    }
  }

  private func inOrder(_ names: Set<ByteText>) -> [Role] { names.sorted().compactMap { roles.all[$0.text] } }

  private func shown(_ statement: ListRolesStatement) throws(EngineFailure) -> [Role] {
    guard let name = statement.role?.name else {
      return inOrder(access.allows(.describe, on: .allRoles) ? Set(roles.all.keys.map { ByteText($0) }) : access.roles)
    }
    guard var role = roles.all[name] else { throw EngineFailure.invalid("<role \(name)> doesn't exist") }
    guard access.allows(.describe, on: .allRoles) || access.roles.contains(ByteText(name)) else {
      throw EngineFailure.unauthorized("You are not authorized to view roles granted to \(name) ")
    }
    role.memberOf.insert(ByteText(name))
    return inOrder(statement.isRecursive ? roles.granted(to: name) : role.memberOf)
  }

  // MARK: Permissions

  mutating func addPermissions(
    _ statement: ListPermissionsStatement, _ resource: AccessResource?
  ) throws(EngineFailure) {
    addColumns(
      "permissions", [("role", .text), ("username", .text), ("resource", .text), ("permission", .text)])
    let grantee = statement.role?.name
    if let grantee, roles.all[grantee] == nil { throw EngineFailure.invalid("<role \(grantee)> doesn't exist") }
    let seesAll = access.allows(.describe, on: .allRoles)
    if !seesAll, grantee.map({ !access.roles.contains(ByteText($0)) }) ?? true {
      throw EngineFailure.unauthorized(
        "You are not authorized to view \(grantee.map { "\($0)'s" } ?? "everyone's") permissions")
    }
    let wanted = statement.permissions.map { PermissionSet($0) } ?? .all
    var paths: Set<ByteText>?
    var next = resource
    while let resource = next {
      paths = (paths ?? []).union([resource.path])
      next = statement.isRecursive ? resource.parent : nil
    }
    // NORECURSIVE is about what includes the resource, and not about the roles of a role.
    let names = grantee.map { roles.granted(to: $0) } ?? Set(roles.all.keys.map { ByteText($0) })
    for role in inOrder(names) {
      for (path, permissions) in role.permissions.sorted(by: { $0.key < $1.key }) {
        guard paths?.contains(path) ?? true, let resource = AccessResource(path) else { continue }
        for permission in permissions.intersection(wanted).sorted {
          append([
            .text(role.name), .text(role.name), .text(resource.description), .text(permission.rawValue),
          ])
        }
      }
    }
  }
}
