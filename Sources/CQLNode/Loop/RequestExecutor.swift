package import CQLEngine
package import CassandraWire

/// What runs the statements of one loop: the engine's executor, or a stand-in of tests.
package protocol RequestExecutor: AnyObject {
  /// Begins to note what a request of a client does; nil when nothing is noted here.
  func trace(for client: NodeAddress?) -> RequestTrace?

  /// Runs a statement given as text.
  func query(
    _ text: String, _ parameters: QueryParameters, session: inout EngineSession, into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome

  /// Prepares a statement.
  func prepare(
    _ text: String, keyspace: String?, session: EngineSession, into body: inout [UInt8]
  ) throws(EngineFailure) -> EngineOutcome

  /// Runs a prepared statement.
  func execute(
    id: ArraySlice<UInt8>, resultMetadataID: ArraySlice<UInt8>?, _ parameters: QueryParameters,
    session: inout EngineSession, into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome

  /// Runs several statements as one.
  func batch(
    _ batch: Batch, session: inout EngineSession, into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome
}

extension EngineExecutor: RequestExecutor {}

/// What a node's loops get their executors from: the engine, or a stand-in of tests.
package protocol RequestBackend: Sendable {
  /// Makes the executor of one loop, on that loop. A long read awaits `yielding` between its slices; the writes of a turn
  /// go to the disk together.
  func executor(
    turns: LoopTurns, yielding: @escaping () async -> Void
  ) throws(EngineStartError) -> any RequestExecutor
  /// Calls `handler` for every change of the schema, before it is acknowledged; it must not block.
  func onSchemaChange(_ handler: @escaping @Sendable (SchemaChange) -> Void)
  /// Is told who knows the clients.
  func observe(_ status: @escaping @Sendable () -> NodeStatus)
  /// Is told at which address the node listens.
  func advertise(_ address: NodeAddress)
  /// Who knows who may log in; nil when there is nobody but the user of the configuration.
  var logins: (any LoginAuthority)? { get }
}

extension RequestBackend {
  /// Nobody.
  package var logins: (any LoginAuthority)? { nil }
}

extension Engine: RequestBackend {
  /// Its roles.
  package var logins: (any LoginAuthority)? { roleLogins }

  /// The executor of one loop.
  package func executor(
    turns: LoopTurns, yielding: @escaping () async -> Void
  ) throws(EngineStartError) -> any RequestExecutor {
    try makeExecutor(turns: turns, yielding: yielding)
  }
}
