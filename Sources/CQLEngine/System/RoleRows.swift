import CassandraBytes
import CQLLanguage

/// The rows of `system_auth`.
enum RoleRows {
  /// The keyspace.
  static let keyspace = "system_auth"

  /// Seconds that Cassandra keeps deletions in it.
  static let grace = 7_776_000

  /// The keyspace's tables with what is said about them.
  static let tables: [(String, String)] = [
    (
      """
      CREATE TABLE system_auth.cidr_groups (cidr_group text PRIMARY KEY,
        cidrs frozen<set<frozen<tuple<inet, smallint>>>>)
      """, "cidr groups to cidrs mapping"
    ),
    (
      "CREATE TABLE system_auth.cidr_permissions (role text PRIMARY KEY, cidr_groups frozen<set<text>>)",
      "user cidr permissions"
    ),
    (
      "CREATE TABLE system_auth.identity_to_role (identity text PRIMARY KEY, role text)",
      "mtls authorized identities lookup table"
    ),
    (
      "CREATE TABLE system_auth.network_permissions (role text PRIMARY KEY, dcs frozen<set<text>>)",
      "user network permissions"
    ),
    (
      """
      CREATE TABLE system_auth.resource_role_permissons_index (resource text, role text, PRIMARY KEY (resource, role))
      """, "index of db roles with permissions granted on a resource"
    ),
    (
      "CREATE TABLE system_auth.role_members (role text, member text, PRIMARY KEY (role, member))",
      "role memberships lookup table"
    ),
    (
      """
      CREATE TABLE system_auth.role_permissions (role text, resource text, permissions set<text>,
        PRIMARY KEY (role, resource))
      """, "permissions granted to db roles"
    ),
    (
      """
      CREATE TABLE system_auth.roles (role text PRIMARY KEY, can_login boolean, is_superuser boolean, salted_hash text,
        member_of set<text>)
      """, "role definitions"
    ),
  ]

  /// The rows of one of the keyspace's tables.
  static func rows(of table: Table, _ roles: Roles) -> [SystemRow] {
    switch ByteText(table.name) {
    case "roles": roles.sorted.map { role($0) }
    case "role_members": members(roles)
    case "identity_to_role":
      roles.sorted.flatMap { role in
        role.identities.map { SystemRow([("identity", .text($0.text)), ("role", .text(role.name))]) }
      }
    case "role_permissions":
      roles.sorted.flatMap { role in
        role.permissions.map { path, permissions in
          SystemRow([
            ("role", .text(role.name)), ("resource", .text(path.text)),
            ("permissions", .texts(permissions.sorted.map(\.rawValue).sorted())),
          ])
        }
      }
    case "resource_role_permissons_index":
      roles.sorted.flatMap { role in
        role.permissions.keys.map { SystemRow([("resource", .text($0.text)), ("role", .text(role.name))]) }
      }
    default: []
    }
  }

  private static func role(_ role: Role) -> SystemRow {
    SystemRow([
      ("role", .text(role.name)), ("can_login", .boolean(role.canLogin)), ("is_superuser", .boolean(role.isSuperuser)),
      ("member_of", role.memberOf.isEmpty ? nil : .texts(role.memberOf.sorted().map(\.text))),
      ("salted_hash", role.passwordHash.map { .text($0) }),
    ])
  }

  private static func members(_ roles: Roles) -> [SystemRow] {
    roles.sorted.flatMap { role in
      role.memberOf.map { SystemRow([("role", .text($0.text)), ("member", .text(role.name))]) }
    }
  }
}
