import CassandraBytes
import CQLLanguage
import CassandraWire

extension Engine {
  /// Who knows who may log in.
  package var roleLogins: any LoginAuthority { access }

  /// Whether there are roles that were made by statements.
  package var hasRoles: Bool { !access.roles.all.isEmpty }

  /// Runs a statement that changes roles or permissions; the change is durable and in force when it returns. Returns
  /// warnings for the client.
  func changeRoles(
    _ statement: CQLStatement, by name: String?, used: String?
  ) async throws(EngineFailure) -> [String] {
    var hash: String?
    if let password = RoleEditor.password(in: statement) {
      // What is refused or changes nothing is not worth a hash.
      var trial = editor(by: name, used: used)
      try trial.apply(statement, hash: "")
      guard trial.roles != trial.before.all else { return trial.warnings }
      hash = await access.work.hash(Array(password.utf8))
      guard hash != nil else { throw EngineFailure(.serverError, "The password cannot be hashed") }
    }
    await changes.lock()
    defer { changes.unlock() }
    var editor = editor(by: name, used: used)
    try editor.apply(statement, hash: hash)
    try await commit(editor.roles)
    return editor.warnings
  }

  /// An editor of the newest roles. Where nobody logs in there is nobody who could change them.
  private func editor(by name: String?, used: String?) -> RoleEditor {
    let roles = access.roles
    let actor = access.isEnforced ? name.map { RoleAccess($0, in: roles) } : nil
    return RoleEditor(roles, schema, used: used, dataCentre: configuration.dataCentre, actor: actor)
  }

  /// Keeps roles and puts them into force; to be called by who has the lock of changes.
  private func commit(_ roles: NameMap<Role>) async throws(EngineFailure) {
    let entries = RoleDocument.changes(from: access.roles.all, to: roles)
    guard !entries.isEmpty else { return }
    do throws(StorageError) { try await store.commit(meta: entries) } catch { throw EngineFailure(error) }
    access.publish(roles)
  }

  /// What a change of the schema does to permissions: who makes something may do all with it, and what was granted on
  /// what is no more is taken away. Nil when it changes nothing.
  func roles(
    after change: SchemaChange, from old: Schema, to new: Schema, by creator: String?
  ) -> NameMap<Role>? {
    let before = access.roles.all
    var roles = before
    let resources: [AccessResource]
    switch change.target {
    case .keyspace: resources = [.keyspace(change.keyspace), .functions(in: change.keyspace)]
    case .table(let name):
      // A view is its base's, so nothing of it is its maker's.
      if change.change == .created, new.keyspaces[change.keyspace]?.tables[name]?.isView == true { return nil }
      resources = [.table(name, in: change.keyspace)]
    case .type: return nil
    case .function, .aggregate:
      let keyspace = (change.change == .dropped ? old : new).keyspaces[change.keyspace]
      resources = keyspace?.resource(of: change.target).map { [$0] } ?? []
    }
    switch change.change {
    case .created:
      guard access.isEnforced, let creator, roles[creator] != nil else { return nil }
      for resource in resources {
        roles[creator]?.permissions[resource.path, default: []].formUnion(resource.applicable)
      }
    case .dropped: roles.revokeAll(on: resources)
    case .updated: return nil
    }
    return roles == before ? nil : roles
  }
}

// MARK: - The first roles

extension Engine {
  /// Makes sure that there is a superuser of this name who can log in with this password, whatever was before: whoever
  /// may start the node may do everything with it.
  ///
  /// A password that is kept already is not hashed again here; ``settleSuperuser(_:_:)`` finds out whether it is another.
  package func makeSure(ofSuperuser name: String, _ password: [UInt8]) async throws(EngineStartError) {
    await changes.lock()
    defer { changes.unlock() }
    var roles = access.roles.all
    var role = roles[name] ?? Role(name: name)
    role.isSuperuser = true
    role.canLogin = true
    if !configuration.location.isDurable {
      // Nobody will see the hash, and the node starts at once.
      role.passwordHash = nil
    } else if role.passwordHash == nil {
      role.passwordHash = await access.work.hash(password)
      guard role.passwordHash != nil else { throw EngineStartError("the password of \(name) cannot be hashed") }
    }
    let isKept = role.passwordHash != nil && access.roles.all[name]?.passwordHash != nil
    roles[name] = role
    do throws(EngineFailure) { try await commit(roles) } catch { throw EngineStartError(error.response.message) }
    access.note(password, of: name, hash: role.passwordHash)
    // Until it is known to be of this password, another one must not be right by it.
    if isKept, let hash = role.passwordHash { access.doubt(hash, of: name) }
  }

  /// Keeps the password of the superuser for whom the node was started, when another one was kept: to be called in the
  /// background after ``makeSure(ofSuperuser:_:)``, since it takes some tens of milliseconds.
  package func settleSuperuser(_ name: String, _ password: [UInt8]) async throws(EngineStartError) {
    // What a statement has set since the start is not doubted, and counts.
    guard let kept = access.doubtedHash(of: name) else { return }
    guard await !access.work.isHash(kept, of: password) else {
      access.trust()
      return
    }
    guard let hash = await access.work.hash(password) else { return }
    await changes.lock()
    defer { changes.unlock() }
    var roles = access.roles.all
    // A statement may have been faster, and then it counts.
    guard let now = roles[name]?.passwordHash, ByteText(now) == ByteText(kept) else { return }
    roles[name]?.passwordHash = hash
    do throws(EngineFailure) { try await commit(roles) } catch { throw EngineStartError(error.response.message) }
    access.note(password, of: name, hash: hash)
  }
}
