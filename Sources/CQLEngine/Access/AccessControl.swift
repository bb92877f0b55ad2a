import CassandraBytes
import Synchronization

/// The newest version of the roles, and what is known of their passwords; for all loops.
final class AccessControl: Sendable {
  /// Whether clients log in as roles, and may do what these may.
  let isEnforced: Bool
  /// Where passwords are hashed.
  let work = PasswordWork()
  private let current: Mutex<Roles>
  /// The generation of the roles, so that executors see without a lock whether theirs is the newest.
  private let newestGeneration: Atomic<Int>
  private let proofs = Mutex(PasswordProofs())
  /// A hash that may be that of a password which counts no more: of the superuser for whom the node was started, until it
  /// has been compared with the password that was given.
  private let doubted = Mutex<(role: String, hash: String)?>(nil)

  init(_ roles: NameMap<Role>, isEnforced: Bool) {
    self.isEnforced = isEnforced
    current = Mutex(Roles(generation: 1, roles))
    newestGeneration = Atomic(1)
  }

  /// The generation of the newest roles.
  var generation: Int { newestGeneration.load(ordering: .acquiring) }

  /// The newest roles.
  var roles: Roles { current.withLock { $0 } }

  /// Replaces the roles, for all requests that come from now on.
  func publish(_ roles: NameMap<Role>) {
    current.withLock { current in
      current = Roles(generation: current.generation + 1, roles)
      newestGeneration.store(current.generation, ordering: .releasing)
    }
  }

  /// Lets no password count by a hash until ``trust()``; those that are noted as right do.
  func doubt(_ hash: String, of role: String) { doubted.withLock { $0 = (role, hash) } }

  /// The hash that was doubted is that of the right password.
  func trust() { doubted.withLock { $0 = nil } }

  /// The hash of a role that is doubted.
  func doubtedHash(of role: String) -> String? {
    doubted.withLock { doubted in
      guard let doubted, ByteText(doubted.role) == ByteText(role) else { return nil }
      return doubted.hash
    }
  }

  /// Notes that a password is right as long as the role has this hash.
  func note(_ password: [UInt8], of role: String, hash: String?) {
    proofs.withLock { $0.add(password, of: role, hash: hash) }
  }
}

/// What a client that logs in is told.
package enum LoginOutcome: Sendable, Equatable {
  /// It is this role now.
  case accepted(String)
  /// The name or the password is wrong.
  case refused
  /// The password is right, and the role may not log in.
  case notPermitted
}

/// Knows who may log in.
package protocol LoginAuthority: Sendable {
  /// What a client is told that gives this name and password; nil when that takes time (``logIn(_:_:)``).
  func knownLogin(_ name: [UInt8], _ password: [UInt8]) -> LoginOutcome?
  /// What a client is told that gives this name and password, once its password has been hashed elsewhere.
  func logIn(_ name: [UInt8], _ password: [UInt8]) async -> LoginOutcome
}

extension AccessControl: LoginAuthority {
  func knownLogin(_ name: [UInt8], _ password: [UInt8]) -> LoginOutcome? {
    guard let role = role(named: name) else { return nil }
    guard proofs.withLock({ $0.has(password, of: role.name, hash: role.passwordHash) }) else { return nil }
    return outcome(for: role)
  }

  func logIn(_ name: [UInt8], _ password: [UInt8]) async -> LoginOutcome {
    // Nobody logs in with no password, even where a role has one that is empty.
    if password.isEmpty { return .refused }
    while true {
      // Another connection may have shown it while this one waited.
      if let known = knownLogin(name, password) { return known }
      guard let role = role(named: name), let hash = role.passwordHash, doubtedHash(of: role.name) != hash else {
        await work.refuse(password)
        return .refused
      }
      let isRight = await work.isHash(hash, of: password)
      // What counts is the password that the role has at the end.
      guard let now = self.role(named: name), now.hasPassword(hash) else { continue }
      guard isRight else { return .refused }
      note(password, of: now.name, hash: hash)
      return outcome(for: now)
    }
  }

  private func role(named name: [UInt8]) -> Role? {
    let text = String(decoding: name, as: UTF8.self)
    // What is not UTF-8 is nobody's name, and not that of one with U+FFFD in it.
    guard text.utf8.elementsEqual(name) else { return nil }
    return roles.all[text]
  }

  private func outcome(for role: Role) -> LoginOutcome { role.canLogin ? .accepted(role.name) : .notPermitted }
}

extension Role {
  /// Whether this is the hash of its password.
  fileprivate func hasPassword(_ hash: String) -> Bool { passwordHash.map { ByteText($0) } == ByteText(hash) }
}
