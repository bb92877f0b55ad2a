import CassandraBytes
import CQLLanguage
package import CassandraWire

/// Runs the requests of one loop: it has its own reader of the data and its own cache of plans.
///
/// It is not Sendable and takes no lock on its hot path; it is to be used on one loop only, by any number of requests at
/// once. Each function appends the whole body of a RESULT, from its kind on; when it throws, `body` is as it was before.
package final class EngineExecutor {
  private let engine: Engine
  let plans: StatementPlans
  private let reads: ReadExecutor
  private let writes: WriteExecutor
  private let definitions: DefinitionExecutor

  init(_ engine: Engine, reader: Reader, writes: StoreWrites, yielding: @escaping () async -> Void) {
    self.engine = engine
    let schema = LoopSchema(engine)
    plans = StatementPlans(schema, prepared: engine.prepared)
    reads = ReadExecutor(engine, schema, reader, yielding: yielding)
    self.writes = WriteExecutor(engine, schema, writes)
    definitions = DefinitionExecutor(engine, schema)
  }

  /// Begins to note what a request of a client does.
  package func trace(for client: NodeAddress?) -> RequestTrace? {
    RequestTrace(engine.traces, uuids: engine.uuids, client: client?.address)
  }

  /// Runs a statement given as text.
  package func query(
    _ text: String, _ parameters: QueryParameters, session: inout EngineSession, into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome {
    if let trace = session.trace {
      let shown = HiddenPasswords(in: text).shown
      trace.describe("Execute CQL3 query", shown, parameters)
      trace.note("Parsing \(shown)")
    }
    let parsed = try StatementPlans.parse(text)
    session.trace?.note("Planning the statement")
    let keyspace = parameters.keyspace ?? session.keyspace
    let planned = try plans.plan(
      parsed, keyspace: keyspace, digest: Self.digest(text, parameters, keyspace))
    let bindings = try Bindings(parameters.values, for: planned.markers, isPrepared: false)
    return try await run(
      planned, bindings, parameters, keyspace: keyspace, knownMetadata: nil, session: &session, into: &body)
  }

  /// The digest is only wanted where a page can end.
  private static func digest(_ text: String, _ parameters: QueryParameters, _ keyspace: String?) -> UInt64 {
    guard parameters.pageSize != nil || parameters.pageState != nil else { return 0 }
    return StatementID(keyspace: keyspace, text: text).digest
  }

  /// Prepares a statement, for `keyspace` or else for that of the session.
  package func prepare(
    _ text: String, keyspace: String?, session: EngineSession, into body: inout [UInt8]
  ) throws(EngineFailure) -> EngineOutcome {
    let shown = session.trace == nil ? "" : HiddenPasswords(in: text).shown
    session.trace?.describe("Preparing CQL3 query", shown, nil)
    let used = keyspace ?? session.keyspace
    let id = StatementID(keyspace: used, text: text)
    let statement: PreparedStatement
    if let known = plans.known(id) {
      session.trace?.note("The statement has been prepared before")
      statement = known
    } else {
      session.trace?.note("Parsing \(shown)")
      statement = try plans.prepare(text, id: id, keyspace: used)
    }
    session.trace?.note("Planning the statement")
    let planned = try plans.plan(statement)
    engine.prepared.put(statement, cost: statement.cost(withColumns: planned.columnBytes))
    let result = PreparedResult(
      id: id.bytes, resultMetadataID: planned.metadataID,
      parameters: PreparedMetadata(columns: planned.markers, partitionKeyIndexes: planned.partitionKeyIndexes),
      result: planned.columns.map { ResultMetadata(columns: $0) } ?? ResultMetadata(columnCount: 0))
    let start = body.count
    do throws(WireError) {
      try ResponseBody.append(.prepared(result), to: &body, version: session.version)
    } catch {
      body.removeSubrange(start...)
      throw EngineFailure(.serverError, "\(error)")
    }
    return EngineOutcome()
  }

  /// Runs a prepared statement; fails with `.unprepared` when the node does not know `id`.
  ///
  /// `resultMetadataID` is what the client knows about the rows' columns, from v5 on: when they are others, the result has
  /// them.
  package func execute(
    id: ArraySlice<UInt8>, resultMetadataID: ArraySlice<UInt8>?, _ parameters: QueryParameters,
    session: inout EngineSession, into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome {
    if let trace = session.trace {
      let text = StatementID(id).flatMap { engine.prepared.find($0) }?.text
      trace.describe("Execute CQL3 prepared query", text.map { HiddenPasswords(in: $0).shown }, parameters)
      trace.note("Looking up the prepared statement")
    }
    let (planned, keyspace) = try plans.plan(id: id)
    let bindings = try Bindings(parameters.values, for: planned.markers, isPrepared: true)
    return try await run(
      planned, bindings, parameters, keyspace: keyspace ?? session.keyspace, knownMetadata: resultMetadataID,
      session: &session, into: &body)
  }

  /// Runs several statements as one.
  package func batch(
    _ batch: Batch, session: inout EngineSession, into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome {
    let parameters = batch.parameters
    session.trace?.describe("Execute batch of CQL3 queries", nil, parameters)
    session.trace?.note("Planning \(batch.statements.count) statements")
    let access = try session.access(in: engine.access)
    var plans: [WritePlan] = []
    var values: [Bindings] = []
    for statement in batch.statements {
      let planned: PlannedStatement
      switch statement.text {
      case .prepared(let id): planned = try self.plans.plan(id: id).0
      case .query(let text):
        planned = try self.plans.plan(text: text, keyspace: parameters.keyspace ?? session.keyspace)
      }
      guard case .write(let plan) = planned.plan else {
        throw EngineFailure.invalid(
          "Invalid statement in batch: only UPDATE, INSERT and DELETE statements are allowed.")
      }
      if let access { try StatementAccess.check(plan, access) }
      var bindings = try Bindings(.positional(statement.values), for: planned.markers, isPrepared: true)
      if let json = plan.json { bindings = try bindings.reading(json) }
      plans.append(plan)
      values.append(bindings)
    }
    let ownTimestamp = writes.ownTimestamp(plans)
    let timestamp = ownTimestamp ?? parameters.defaultTimestamp ?? engine.timestamps.next()
    var bound: [(BoundWrite, BoundCondition?)] = []
    for (plan, bindings) in zip(plans, values) {
      let binder = writes.binder(bindings, parameters, timestamp: timestamp, isConditional: ownTimestamp != nil)
      bound.append(try writes.bind(plan, binder))
    }
    let kind: BatchStatement.Kind =
      switch batch.kind {
      case .logged: .logged
      case .unlogged: .unlogged
      case .counter: .counter
      }
    try BatchRules.check(plans, kind: kind, hasTimestamp: false)
    let start = body.count
    session.trace?.note("Writing a batch of \(plans.count) statements")
    do throws(EngineFailure) {
      let outcome = try await writes.apply(bound, parameters, batch: kind, version: session.version, into: &body)
      session.trace?.note(writes.activity)
      return outcome
    } catch {
      body.removeSubrange(start...)
      throw error
    }
  }

  /// Runs a plan.
  private func run(
    _ planned: PlannedStatement, _ bindings: Bindings, _ parameters: QueryParameters, keyspace: String?,
    knownMetadata: ArraySlice<UInt8>?, session: inout EngineSession, into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome {
    let start = body.count
    let access = try session.access(in: engine.access)
    if let access { try StatementAccess.check(planned.plan, access) }
    do throws(EngineFailure) {
      switch planned.plan {
      case .select(let plan):
        return try await reads.select(
          access.flatMap { planned.masked(for: $0) } ?? plan, planned, bindings, parameters,
          knownMetadata: knownMetadata, session: session, into: &body)
      case .write(let plan):
        session.trace?.note("Writing to \(plan.table.qualifiedName)\(plan.condition == nil ? "" : ", if it may")")
        var outcome = EngineOutcome()
        let bindings = try plan.json.map { json throws(EngineFailure) in try bindings.reading(json) } ?? bindings
        if let cells = plan.pointCells {
          _ = try await writes.writePoint(plan, cells, bindings, parameters)
          body.append(bigEndian: ResultResponse.Kind.void.rawValue)
        } else {
          outcome = try await writes.write([plan], bindings, parameters, version: session.version, into: &body)
        }
        session.trace?.note(writes.activity)
        return outcome
      case .batch(let plan):
        session.trace?.note("Writing a batch of \(plan.members.count) statements")
        let outcome = try await writes.batch(plan, bindings, parameters, version: session.version, into: &body)
        session.trace?.note(writes.activity)
        return outcome
      case .other(let statement):
        session.trace?.note("Carrying out \(statement.name)")
        return try await definitions.run(statement, keyspace: keyspace, session: &session, into: &body)
      }
    } catch {
      body.removeSubrange(start...)
      throw error
    }
  }
}
