package import CQLWire

/// Runs the requests of one loop: it has its own reader of the data and its own cache of plans.
///
/// It is not Sendable and takes no lock on its hot path; it is to be used on one loop only, by any number of requests at
/// once. Each function appends the whole body of a RESULT, from its kind on; when it throws, `body` is as it was before.
package final class EngineExecutor {
  /// The database.
  let engine: Engine
  /// Lets the loop do other work.
  let yielding: () async -> Void

  init(_ engine: Engine, yielding: @escaping () async -> Void) {
    self.engine = engine
    self.yielding = yielding
  }

  /// Runs a statement given as text.
  package func query(
    _ text: String, _ parameters: QueryParameters, session: inout EngineSession, into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome {
    throw EngineFailure.unsupported("QUERY")
  }

  /// Prepares a statement, for `keyspace` or else for that of the session.
  package func prepare(
    _ text: String, keyspace: String?, session: EngineSession, into body: inout [UInt8]
  ) throws(EngineFailure) -> EngineOutcome {
    throw EngineFailure.unsupported("PREPARE")
  }

  /// Runs a prepared statement; fails with `.unprepared` when the node does not know `id`.
  ///
  /// `resultMetadataID` is what the client knows about the rows' columns, from v5 on: when they are others, the result has
  /// them.
  package func execute(
    id: ArraySlice<UInt8>, resultMetadataID: ArraySlice<UInt8>?, _ parameters: QueryParameters,
    session: inout EngineSession, into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome {
    throw EngineFailure.unsupported("EXECUTE")
  }

  /// Runs several statements as one.
  package func batch(
    _ batch: Batch, session: inout EngineSession, into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome {
    throw EngineFailure.unsupported("BATCH")
  }
}
