package import CassandraWire

/// Watches over the memory and the time that an answer takes while it is made.
package protocol AnswerMeter: AnyObject {
  /// Takes room for an answer of `bytes` in all, and returns how many it may have, so many at least; nil when there is no
  /// room at once. What is below ``AnswerRoom/free`` need not be asked for.
  func room(for bytes: Int) -> Int?
  /// The same, but waits for room; throws when there will be none, or when nobody wants the answer any more.
  func waitForRoom(_ bytes: Int) async throws(EngineFailure) -> Int
  /// Waits before the next slice of a read, while others have their turns.
  func waitForTurn() async
}

/// What an answer may have.
package enum AnswerRoom {
  /// Bytes that an answer may have without asking: 64 KiB, more than most have.
  package static let free = 64 << 10
  /// Bytes that a description is taken to have before it is made: 256 KiB, that of a hundred tables.
  package static let description = 256 << 10
}

/// What the engine knows of one connection.
package struct EngineSession {
  /// The keyspace of names without one, which `USE` sets; nil at the beginning.
  package var keyspace: String?
  /// The version of the protocol in which results are written.
  package var version: ProtocolVersion
  /// The name of the user who logged in; `anonymous` without authentication.
  package var user: String
  /// As which role it has logged in; nil without authentication.
  package var login: SessionLogin?
  /// Whether it is the node's own and may do everything.
  package var isInternal = false
  /// Where the client is.
  package var peer: NodeAddress?
  /// Who watches over the memory of the answer.
  package var meter: (any AnswerMeter)?
  /// Where the request at hand notes what it does; nil unless its client has asked for it.
  package var trace: RequestTrace?

  /// The session of a new connection.
  package init(version: ProtocolVersion, keyspace: String? = nil, user: String = "anonymous", peer: NodeAddress? = nil)
  {
    self.keyspace = keyspace
    self.version = version
    self.user = user
    self.peer = peer
  }

  /// What whoever asks may do; nil where everybody may do everything.
  @inline(__always)
  func access(in control: AccessControl) throws(EngineFailure) -> RoleAccess? {
    guard control.isEnforced, !isInternal else { return nil }
    guard let login else { throw EngineFailure.unauthorized("You have not logged in") }
    return login.access(in: control)
  }
}

/// The login of a connection, which belongs to its loop: what its role may do is looked up again only when roles have
/// changed.
package final class SessionLogin {
  /// The name of the role.
  package let role: String
  private var access: RoleAccess?
  private var generation = 0

  /// The login of a role.
  package init(role: String) { self.role = role }

  /// What the role may do now.
  @inline(__always)
  func access(in control: AccessControl) -> RoleAccess {
    if let access, generation == control.generation { return access }
    return renewedAccess(in: control)
  }

  private func renewedAccess(in control: AccessControl) -> RoleAccess {
    let roles = control.roles
    let renewed = RoleAccess(role, in: roles)
    access = renewed
    generation = roles.generation
    return renewed
  }
}

/// What a request brought beside the body of its RESULT.
package struct EngineOutcome: Sendable, Hashable {
  /// Warnings for the client, which go in front of the body from v4 on.
  package var warnings: [String]

  /// An outcome with these warnings.
  package init(warnings: [String] = []) { self.warnings = warnings }
}
