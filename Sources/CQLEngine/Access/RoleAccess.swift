import CassandraBytes
import CQLLanguage
import CassandraWire

/// What a role may do in one version of the roles, with all that it was granted.
final class RoleAccess {
  /// The role.
  let name: String
  /// Whether it may do everything.
  let isSuperuser: Bool
  /// Its own name and those of all that it was granted; empty when there is no such role any more.
  let roles: Set<ByteText>
  private let permissions: [ByteText: PermissionSet]
  /// What is allowed for a table, by the table, so that a request adds up nothing. The tables are kept, so that no other
  /// gets the place of one.
  private var tables: [ObjectIdentifier: (table: Table, permissions: PermissionSet)] = [:]
  /// Tables that are remembered: 4,096. When there are more, all are forgotten.
  private static let maximumTables = 4_096

  init(_ name: String, in roles: Roles) {
    self.name = name
    self.roles = roles.granted(to: name)
    isSuperuser = roles.isSuperuser(name)
    var permissions: [ByteText: PermissionSet] = [:]
    for role in self.roles {
      for (path, granted) in roles.all[role.text]?.permissions ?? [:] {
        permissions[path, default: []].formUnion(granted)
      }
    }
    self.permissions = permissions
  }

  /// Whether this is allowed for a resource, or for what includes it.
  func allows(_ permission: Permission, on resource: AccessResource) -> Bool {
    isSuperuser || self.permissions(for: resource).contains(permission)
  }

  private func permissions(for resource: AccessResource) -> PermissionSet {
    var found: PermissionSet = []
    var next: AccessResource? = resource
    // What is granted on all keyspaces is not about those of the node: their tables tell of others.
    let isOfNode = SystemAccess.isOfNode(resource)
    while let resource = next {
      if isOfNode, case .allKeyspaces = resource { break }
      found.formUnion(permissions[resource.path] ?? [])
      next = resource.parent
    }
    return found
  }

  /// Whether this is allowed for a table.
  func allows(_ permission: Permission, on table: Table) -> Bool {
    if isSuperuser { return true }
    let id = ObjectIdentifier(table)
    if let known = tables[id] { return known.permissions.contains(permission) }
    if tables.count >= Self.maximumTables { tables.removeAll() }
    var found = permissions(for: table.resource)
    if SystemAccess.isReadableByAll(table) { found.insert(PermissionSet(.select)) }
    tables[id] = (table, found)
    return found.contains(permission)
  }

  /// Whether the values of masked columns are shown.
  func showsValues(of table: Table) -> Bool {
    table.isView ? allows(.unmask, on: table.ownResource) : allows(.unmask, on: table)
  }

  /// Refuses what is not allowed.
  func check(_ permission: Permission, on table: Table) throws(EngineFailure) {
    guard !allows(permission, on: table) else { return }
    throw refusal(permission, on: table.resource)
  }

  /// Refuses what is not allowed.
  func check(_ permission: Permission, on resource: AccessResource) throws(EngineFailure) {
    guard !allows(permission, on: resource) else { return }
    throw refusal(permission, on: resource)
  }

  private func refusal(_ permission: Permission, on resource: AccessResource) -> EngineFailure {
    .unauthorized("User \(name) has no \(permission.rawValue) permission on \(resource) or any of its parents")
  }
}

extension Table {
  /// The table as permissions name it that a view has of its own: those about masks, and none of the others.
  var ownResource: AccessResource { .table(name, in: keyspace) }

  /// The table as permissions name it.
  var resource: AccessResource { .table(definition.base?.name ?? name, in: keyspace) }
}

extension EngineFailure {
  /// Whoever asks may not do it (0x2100).
  static func unauthorized(_ message: String) -> EngineFailure { EngineFailure(.unauthorized, message) }

  /// Nobody logs in here, and this is for who has.
  static let anonymous = unauthorized("You have to be logged in and not anonymous to perform this request")
}

/// What the tables of the node are to roles.
enum SystemAccess {
  /// Whether everybody who has logged in may read a table: what drivers and tools read when they connect, and traces.
  static func isReadableByAll(_ table: Table) -> Bool {
    switch ByteText(table.keyspace) {
    case "system_schema", "system_virtual_schema", "system_traces": true
    case "system":
      switch ByteText(table.name) {
      case "local", "peers", "peers_v2", "size_estimates", "table_estimates": true
      default: false
      }
    default: false
    }
  }

  private static let keyspaces = Set(SystemKeyspaces.all.map { ByteText($0.name) })

  /// Whether this is a keyspace of the node, or in one.
  static func isOfNode(_ resource: AccessResource) -> Bool {
    switch resource {
    case .keyspace(let name), .allTables(let name), .table(_, let name): keyspaces.contains(ByteText(name))
    case .allKeyspaces, .allRoles, .role, .allFunctions, .functions, .function, .allMBeans, .mbean: false
    }
  }

  /// The permissions that may be granted on something: on what belongs to the node there are few, since it is not for its
  /// users to change.
  static func grantable(on resource: AccessResource, in schema: Schema) -> PermissionSet {
    let name: String
    switch resource {
    case .keyspace(let keyspace), .allTables(let keyspace), .table(_, let keyspace): name = keyspace
    default: return .all
    }
    guard let keyspace = schema.keyspaces[name], keyspace.isSystem, !keyspace.isVirtual else { return .all }
    return PermissionSet([.select, .alter])
  }
}

extension SystemAccess {
  /// Refuses changes of what belongs to the node, whoever asks: a permission is for nothing there but the replication of
  /// some keyspaces.
  static func checkModifiable(
    _ permission: Permission, _ resource: AccessResource, of keyspace: Keyspace?
  ) throws(EngineFailure) {
    guard let keyspace, keyspace.isSystem else { return }
    switch permission {
    case .create, .alter, .drop: break
    case .select, .modify, .authorize, .describe, .execute, .unmask, .selectMasked: return
    }
    guard keyspace.isReplicated else {
      throw EngineFailure.unauthorized("\(keyspace.name) keyspace is not user-modifiable.")
    }
    if permission == .alter, case .keyspace = resource { return }
    throw EngineFailure.unauthorized("Cannot \(permission.rawValue) \(resource)")
  }
}
