import CassandraBytes
import CQLLanguage
package import CassandraWire

/// Runs the requests of one loop: it has its own reader of the data and its own cache of plans.
///
/// It is not Sendable and takes no lock on its hot path; it is to be used on one loop only, by any number of requests at
/// once. Each function appends the whole body of a RESULT, from its kind on; when it throws, `body` is as it was before.
package final class EngineExecutor {
  /// The database.
  let engine: Engine
  /// This loop's reader.
  let reader: Reader
  /// This loop's way to the writer.
  let writes: StoreWrites
  /// Lets the loop do other work.
  let yielding: () async -> Void
  /// The schema as this loop has seen it last.
  private var schema: Schema
  /// The plans of prepared statements.
  private var plans: [StatementID: PlannedStatement] = [:]
  /// How many plans are kept.
  private static let maximumPlans = 2_000
  /// About how many bytes they take, and how many they may: 16 MiB.
  private var plansCost = 0
  private static let maximumPlansCost = 16 << 20
  /// The key of the record that a point read looks for, kept for its memory.
  var keyBuffer: [UInt8] = []
  /// The rows of the node's own tables, with the generation of the schema for which they were made.
  var systemRows: NameMap<(generation: Int, rows: MemoryTable)> = [:]

  init(_ engine: Engine, reader: Reader, writes: StoreWrites, yielding: @escaping () async -> Void) {
    self.engine = engine
    self.reader = reader
    self.writes = writes
    self.yielding = yielding
    schema = engine.schema
  }

  /// The newest schema.
  @inline(__always)
  func currentSchema() -> Schema {
    if engine.generation != schema.generation { schema = engine.schema }
    return schema
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
    let parsed = try Self.parse(text)
    session.trace?.note("Planning the statement")
    let keyspace = parameters.keyspace ?? session.keyspace
    let schema = currentSchema()
    let planned = try StatementPlanner.plan(
      parsed, schema, keyspace: keyspace, digest: Self.digest(text, parameters, keyspace))
    let bindings = try Bindings(parameters.values, for: planned.markers, isPrepared: false)
    return try await run(
      planned, bindings, parameters, keyspace: keyspace, knownMetadata: nil, session: &session, into: &body)
  }

  /// The digest is only wanted where a page can end.
  private static func digest(_ text: String, _ parameters: QueryParameters, _ keyspace: String?) -> UInt64 {
    guard parameters.pageSize != nil || parameters.pageState != nil else { return 0 }
    return StatementID(keyspace: keyspace, text: text).digest
  }

  private static func parse(_ text: String) throws(EngineFailure) -> ParsedStatement {
    do throws(CQLSyntaxError) {
      return try CQLParser.parse(text)
    } catch {
      throw EngineFailure(
        error.code == .limit ? .invalid : .syntaxError, HiddenPasswords(in: text).hide(in: error.message))
    }
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
    if let known = engine.prepared.find(id) {
      session.trace?.note("The statement has been prepared before")
      statement = known
    } else {
      session.trace?.note("Parsing \(shown)")
      statement = PreparedStatement(id: id, keyspace: used, parsed: try Self.parse(text), text: text)
    }
    session.trace?.note("Planning the statement")
    let planned = try plan(statement)
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

  /// The plan of a prepared statement for the newest schema.
  private func plan(_ statement: PreparedStatement) throws(EngineFailure) -> PlannedStatement {
    let schema = currentSchema()
    if let known = plans[statement.id], Self.isCurrent(known, schema) { return known }
    let planned = try StatementPlanner.plan(
      statement.parsed, schema, keyspace: statement.keyspace, digest: statement.id.digest)
    planned.allKnowColumns = statement.hasFirstColumns(planned.metadataID)
    let cost = statement.cost(withColumns: planned.columnBytes)
    if plans[statement.id] == nil { plansCost += cost }
    if plans.count >= Self.maximumPlans || plansCost > Self.maximumPlansCost {
      plans.removeAll()
      plansCost = cost
    }
    plans[statement.id] = planned
    return planned
  }

  /// The plan of a statement given as text.
  func plan(text: String, keyspace: String?) throws(EngineFailure) -> PlannedStatement {
    try StatementPlanner.plan(try Self.parse(text), currentSchema(), keyspace: keyspace, digest: 0)
  }

  /// Whether a plan still is about the tables of the schema.
  @inline(__always)
  private static func isCurrent(_ planned: PlannedStatement, _ schema: Schema) -> Bool {
    if planned.generation == schema.generation { return true }
    func has(_ table: Table) -> Bool { schema.keyspaces[table.keyspace]?.tables[table.name] === table }
    let isCurrent =
      switch planned.plan {
      case .select(let plan): has(plan.table)
      case .write(let plan): has(plan.table)
      case .batch(let plan): plan.members.allSatisfy { has($0.table) }
      case .other: true
      }
    if isCurrent { planned.generation = schema.generation }
    return isCurrent
  }

  /// The plan of an id.
  func plan(id bytes: some Collection<UInt8>) throws(EngineFailure) -> (PlannedStatement, keyspace: String?) {
    guard let id = StatementID(bytes) else { throw Self.unprepared(Array(bytes)) }
    let schema = currentSchema()
    if let known = plans[id], Self.isCurrent(known, schema) {
      guard case .other = known.plan else { return (known, nil) }
    }
    guard let statement = engine.prepared.find(id) else { throw Self.unprepared(Array(bytes)) }
    return (try plan(statement), statement.keyspace)
  }

  private static func unprepared(_ id: [UInt8]) -> EngineFailure {
    var digits: [UInt8] = []
    digits.append(hexadecimal: id.span)
    return EngineFailure(
      .unprepared,
      "Prepared query with ID \(String(decoding: digits, as: UTF8.self)) not found (either the query was not prepared on "
        + "this host (maybe the host has been restarted?) or you have prepared too many queries and it has been evicted "
        + "from the internal cache)", detail: .unprepared(id: id))
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
    let (planned, keyspace) = try plan(id: id)
    let bindings = try Bindings(parameters.values, for: planned.markers, isPrepared: true)
    return try await run(
      planned, bindings, parameters, keyspace: keyspace ?? session.keyspace, knownMetadata: resultMetadataID,
      session: &session, into: &body)
  }

  /// Runs a plan.
  private func run(
    _ planned: PlannedStatement, _ bindings: Bindings, _ parameters: QueryParameters, keyspace: String?,
    knownMetadata: ArraySlice<UInt8>?, session: inout EngineSession, into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome {
    let start = body.count
    if let access = try access(of: session) { try StatementAccess.check(planned.plan, access) }
    do throws(EngineFailure) {
      switch planned.plan {
      case .select(let plan):
        return try await select(
          plan, planned, bindings, parameters, knownMetadata: knownMetadata, session: session, into: &body)
      case .write(let plan):
        session.trace?.note("Writing to \(plan.table.qualifiedName)\(plan.condition == nil ? "" : ", if it may")")
        var outcome = EngineOutcome()
        let bindings = try plan.json.map { json throws(EngineFailure) in try bindings.reading(json) } ?? bindings
        if let cells = plan.pointCells {
          _ = try await writePoint(plan, cells, bindings, parameters)
          body.append(bigEndian: ResultResponse.Kind.void.rawValue)
        } else {
          outcome = try await write([plan], bindings, parameters, version: session.version, into: &body)
        }
        session.trace?.note(writeActivity)
        return outcome
      case .batch(let plan):
        session.trace?.note("Writing a batch of \(plan.members.count) statements")
        let outcome = try await batch(plan, bindings, parameters, version: session.version, into: &body)
        session.trace?.note(writeActivity)
        return outcome
      case .other(let statement):
        session.trace?.note("Carrying out \(statement.name)")
        return try await run(statement, keyspace: keyspace, parameters, session: &session, into: &body)
      }
    } catch {
      body.removeSubrange(start...)
      throw error
    }
  }

  /// Refuses the levels that one node cannot reach for a table, as Cassandra does: two replicas of three, for one.
  func checkAvailable(_ consistency: Consistency, for table: Table) throws(EngineFailure) {
    switch consistency {
    case .any, .one, .localOne, .nodeLocal: return
    case .two, .three, .quorum, .all, .localQuorum, .eachQuorum, .serial, .localSerial: break
    }
    let replicas = currentSchema().keyspaces[table.keyspace]?.replicas(in: engine.configuration.dataCentre) ?? 1
    let required: Int =
      switch consistency {
      case .two: 2
      case .three: 3
      case .all: replicas
      default: replicas / 2 + 1
      }
    guard required > 1 else { return }
    let cure =
      replicas > 1
      ? ": keyspace \(table.keyspace) has \(replicas) replicas, and this node is the only one; alter its replication to 1, "
        + "or ask for ONE" : ""
    throw EngineFailure(
      .unavailable, "Cannot achieve consistency level \(consistency)\(cure)",
      detail: .unavailable(consistency, required: Int32(clamping: required), alive: 1))
  }

  /// The values and the time of a request.
  func evaluator(_ bindings: Bindings) -> Evaluator {
    Evaluator(bindings, FunctionContext(now: WallClock.microseconds(), uuids: engine.uuids))
  }

  // MARK: SELECT

  private func select(
    _ plan: SelectPlan, _ planned: PlannedStatement, _ bindings: Bindings, _ parameters: QueryParameters,
    knownMetadata: ArraySlice<UInt8>?, session: EngineSession, into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome {
    let version = session.version
    if parameters.consistency == .any {
      throw EngineFailure.invalid("ANY ConsistencyLevel is only supported for writes")
    }
    if parameters.pageSize == 0 { throw EngineFailure(.protocolError, "The page size cannot be 0") }
    var consistency = parameters.consistency
    var warnings = plan.warnings
    if plan.neighbours != nil {
      let lowered = try NeighbourSearch.consistency(consistency)
      consistency = lowered.used
      if let warning = lowered.warning { warnings.append(warning) }
    }
    try checkAvailable(consistency, for: plan.table)
    let start = body.count
    let hasChanged = knownMetadata.map { !$0.elementsEqual(planned.metadataID) } ?? false
    let evaluator = evaluator(bindings)
    let now = parameters.nowInSeconds.map { Int64($0) } ?? evaluator.context.now / 1_000_000
    session.trace?.note("Reading \(plan.activity)")
    if let key = plan.pointKey, parameters.pageState == nil {
      let countOffset = try planned.writeHead(
        into: &body, version: version, skipsMetadata: parameters.skipsMetadata, change: hasChanged)
      var found = try readPoint(key, plan, planned, evaluator, now: now, meter: session.meter, into: &body)
      while case .needsRoom(let bytes) = found {
        _ = try await session.meter?.waitForRoom(bytes)
        found = try readPoint(key, plan, planned, evaluator, now: now, meter: session.meter, into: &body)
      }
      if case .row = found {
        body.store(bigEndian: Int32(1), at: countOffset)
        // Cassandra looks no further when a page is full, and says that more may follow.
        // A partition that has one row only is another matter: nothing can follow.
        if parameters.pageSize == 1, !plan.table.clustering.isEmpty {
          insertPointState(planned, start: start, into: &body)
        }
      }
      session.trace?.note("Looked for one row by its key")
      return EngineOutcome(warnings: plan.warnings)
    }
    let source: RowSource =
      plan.table.isVirtual ? .memory(try systemRows(plan.table, plan, evaluator)) : .store(reader)
    let execution = try SelectExecution(
      plan, source, image: planned.takeImage(plan.finishedShape), evaluator: evaluator, digest: planned.digest,
      stateKey: engine.pageStateKey, parameters: parameters, now: now, yielding: yielding, meter: session.meter)
    let countOffset = try planned.writeHead(
      into: &body, version: version, skipsMetadata: parameters.skipsMetadata, change: hasChanged)
    let page = try await execution.run(into: &body)
    session.trace?.note(
      "Read \(execution.recordCount) records in \(execution.sliceCount) slices for \(page.count) rows"
        + (page.state == nil ? "" : ", and more may follow"))
    if case .index(let number, _, let column) = plan.partitions, !engine.isWhole(number, of: plan.table) {
      throw EngineFailure.invalid("The index on column \(column.name) was dropped while it was read")
    }
    planned.giveBack(execution.image)
    body.store(bigEndian: Int32(truncatingIfNeeded: page.count), at: countOffset)
    if let state = page.state {
      PlannedStatement.insert(state.bytes(engine.pageStateKey), intoHeadAt: start, of: &body)
    }
    if !execution.warnings.isEmpty { warnings += execution.warnings }
    return EngineOutcome(warnings: warnings)
  }
}

extension EngineExecutor {
  /// Begins to note what a request of a client does.
  package func trace(for client: NodeAddress?) -> RequestTrace? {
    RequestTrace(engine.traces, uuids: engine.uuids, client: client?.address)
  }

  /// What has happened when a write is done; of a conditional one, when it is decided.
  var writeActivity: String {
    engine.configuration.location.isDurable
      ? "Committed with the writes of its group, and synced to the disk" : "Committed with the writes of its group"
  }
}

/// Writes the bodies of results.
enum ResponseBody {
  /// Appends a result whose message knows how to write itself.
  static func append(
    _ result: ResultResponse, to body: inout [UInt8], version: ProtocolVersion
  ) throws(WireError) {
    try ResponseMessage.result(result).encode(into: &body, version: version)
  }

  /// Appends a result, or fails as a bug of the server.
  static func write(
    _ result: ResultResponse, to body: inout [UInt8], version: ProtocolVersion
  ) throws(EngineFailure) {
    do throws(WireError) {
      try append(result, to: &body, version: version)
    } catch {
      throw EngineFailure(.serverError, "\(error)")
    }
  }

  /// Appends rows that are made already.
  static func write(
    columns: [ColumnSpecification], rows: [UInt8], count: Int, to body: inout [UInt8], version: ProtocolVersion
  ) throws(EngineFailure) {
    do throws(WireError) {
      try RowsResult(metadata: ResultMetadata(columns: columns), rowCount: count).encode(into: &body, version: version)
    } catch {
      throw EngineFailure(.serverError, "\(error)")
    }
    body += rows
  }
}
