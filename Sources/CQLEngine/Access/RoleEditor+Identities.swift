import CassandraBytes
import CQLLanguage

/// Identities of certificates, which name roles.
extension RoleEditor {
  mutating func add(_ statement: AddIdentityStatement) throws(EngineFailure) {
    try checkLoggedIn()
    try check(.create, on: .allRoles)
    let identity = ByteText(statement.identity)
    guard roles[statement.role] != nil else {
      throw EngineFailure.invalid("Can not add identity for non-existent role '\(statement.role)'")
    }
    if statement.identity.isEmpty { throw EngineFailure.invalid("Key may not be empty") }
    guard !roles.values.contains(where: { $0.identities.contains(identity) }) else {
      if statement.ifNotExists { return }
      throw EngineFailure.invalid("\(statement.identity) already exists")
    }
    roles[statement.role]?.identities.insert(identity)
  }

  /// The statement has the identity for its name.
  mutating func dropIdentity(_ statement: DropRoleStatement) throws(EngineFailure) {
    try checkLoggedIn()
    try check(.drop, on: .allRoles)
    let identity = ByteText(statement.name)
    guard let role = roles.values.first(where: { $0.identities.contains(identity) }) else {
      if statement.ifExists { return }
      throw EngineFailure.invalid("identity '\(statement.name)' doesn't exist")
    }
    roles[role.name]?.identities.remove(identity)
  }
}
