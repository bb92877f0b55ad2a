package import CassandraWire

/// Watches over the memory that an answer takes while it is made.
package protocol AnswerMeter: AnyObject {
  /// Is told between two slices of a read how many bytes its answer has, and waits until there is room for them; throws
  /// when there will be none, or when nobody wants the answer any more.
  func answerHas(_ bytes: Int) async throws(EngineFailure)
}

/// What the engine knows of one connection.
package struct EngineSession {
  /// The keyspace of names without one, which `USE` sets; nil at the beginning.
  package var keyspace: String?
  /// The version of the protocol in which results are written.
  package var version: ProtocolVersion
  /// The name of the user who logged in; `anonymous` without authentication.
  package var user: String
  /// Where the client is.
  package var peer: NodeAddress?
  /// Who watches over the memory of the answer.
  package var meter: (any AnswerMeter)?

  /// The session of a new connection.
  package init(version: ProtocolVersion, keyspace: String? = nil, user: String = "anonymous", peer: NodeAddress? = nil)
  {
    self.keyspace = keyspace
    self.version = version
    self.user = user
    self.peer = peer
  }
}

/// What a request brought beside the body of its RESULT.
package struct EngineOutcome: Sendable, Hashable {
  /// Warnings for the client, which go in front of the body from v4 on.
  package var warnings: [String]

  /// An outcome with these warnings.
  package init(warnings: [String] = []) { self.warnings = warnings }
}
