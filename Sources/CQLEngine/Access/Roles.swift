import CassandraBytes
import CQLLanguage

/// A role: somebody who may log in, or what such are granted.
struct Role: Sendable, Equatable {
  /// Its name, as it was written.
  var name: String
  /// Whether it may do everything.
  var isSuperuser = false
  /// Whether it may log in.
  var canLogin = false
  /// The hash of its password (``PasswordHash``); nil for one that has none.
  var passwordHash: String?
  /// The names of the roles that were granted to it.
  var memberOf: Set<ByteText> = []
  /// The identities of certificates that mean it. They are kept, and nobody logs in by them here.
  var identities: Set<ByteText> = []
  /// What was granted to it, by the path of the resource (``AccessResource/path``).
  var permissions: [ByteText: PermissionSet] = [:]

  /// A role that may do nothing.
  init(name: String) { self.name = name }
}

/// One version of all roles: replaced as a whole, never changed.
final class Roles: Sendable {
  /// Counts the versions since the start.
  let generation: Int
  /// The roles by name.
  let all: NameMap<Role>

  init(generation: Int, _ all: NameMap<Role> = [:]) {
    self.generation = generation
    self.all = all
  }

  /// The roles in the order of their names.
  var sorted: [Role] { all.sorted.map(\.value) }

  /// The names of a role and of all that it was granted, directly or not; those that there are.
  func granted(to name: String) -> Set<ByteText> {
    var found: Set<ByteText> = []
    var open = [ByteText(name)]
    while let next = open.popLast() {
      guard let role = all[next.text], found.insert(next).inserted else { continue }
      open += role.memberOf
    }
    return found
  }

  /// Whether a role, or one that it was granted, is a superuser.
  func isSuperuser(_ name: String) -> Bool {
    granted(to: name).contains { all[$0.text]?.isSuperuser == true }
  }
}
