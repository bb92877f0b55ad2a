import CassandraBytes
import CQLLanguage

/// The roles as bytes, in the store's area of names and values: each is a value of its own, so that a change writes what
/// it changes.
enum RoleDocument {
  /// What the names of all values begin with.
  static let prefix = "roles/"
  /// The version of the format of a role. 2 has identities.
  private static let format: UInt32 = 2

  private static func name(of role: String) -> String { "\(prefix)\(role)" }

  /// What makes the kept values of one version of the roles those of another.
  static func changes(from old: NameMap<Role>, to new: NameMap<Role>) -> [SchemaDocument.Entry] {
    var entries: [SchemaDocument.Entry] = []
    for (key, role) in new where old[key] != role { entries.append((name(of: key), bytes(of: role))) }
    for key in old.keys where new[key] == nil { entries.append((name(of: key), nil)) }
    return entries
  }

  private static func bytes(of role: Role) -> [UInt8] {
    var writer = DocumentWriter()
    writer.write(format)
    writer.write(role.name)
    writer.write(role.isSuperuser)
    writer.write(role.canLogin)
    writer.write(role.passwordHash != nil)
    writer.write(role.passwordHash ?? "")
    writer.write(role.memberOf.sorted()) { $0.write($1.text) }
    writer.write(role.permissions.sorted { $0.key < $1.key }) { writer, entry in
      writer.write(entry.key.text)
      writer.write(entry.value.rawValue)
    }
    writer.write(role.identities.sorted()) { $0.write($1.text) }
    return writer.bytes
  }

  /// The roles of such values; nil when one is damaged or of a later format.
  static func roles(_ entries: [SchemaDocument.Entry]) -> NameMap<Role>? {
    var roles: NameMap<Role> = [:]
    for entry in entries {
      var reader = DocumentReader(entry.value ?? [])
      let found = reader.number(UInt32.self)
      guard (1...format).contains(found) else { return nil }
      var role = Role(name: reader.text())
      role.isSuperuser = reader.boolean()
      role.canLogin = reader.boolean()
      let hasPassword = reader.boolean()
      let hash = reader.text()
      role.passwordHash = hasPassword ? hash : nil
      for _ in 0..<reader.count() { role.memberOf.insert(ByteText(reader.text())) }
      for _ in 0..<reader.count() {
        let path = ByteText(reader.text())
        role.permissions[path] = PermissionSet(rawValue: reader.number())
      }
      if found > 1 {
        for _ in 0..<reader.count() { role.identities.insert(ByteText(reader.text())) }
      }
      if reader.isDamaged { return nil }
      roles[role.name] = role
    }
    return roles
  }
}
