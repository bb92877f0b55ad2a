import CassandraBytes
import CassandraWire

/// Runs the reads of one loop.
final class ReadExecutor {
  private let engine: Engine
  private let schema: LoopSchema
  private let reader: Reader
  private let points: PointReader
  private let systemTables: SystemTables
  /// Lets the loop do other work.
  private let yielding: () async -> Void

  init(_ engine: Engine, _ schema: LoopSchema, _ reader: Reader, yielding: @escaping () async -> Void) {
    self.engine = engine
    self.schema = schema
    self.reader = reader
    points = PointReader(reader, pageStateKey: engine.pageStateKey)
    systemTables = SystemTables(engine, schema)
    self.yielding = yielding
  }

  /// Runs a SELECT.
  func select(
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
    try schema.checkAvailable(consistency, for: plan.table)
    let start = body.count
    let hasChanged = knownMetadata.map { !$0.elementsEqual(planned.metadataID) } ?? false
    let evaluator = engine.evaluator(bindings)
    let now = parameters.nowInSeconds.map { Int64($0) } ?? evaluator.context.now / 1_000_000
    session.trace?.note("Reading \(plan.activity)")
    if let key = plan.pointKey, parameters.pageState == nil {
      let countOffset = try planned.writeHead(
        into: &body, version: version, skipsMetadata: parameters.skipsMetadata, change: hasChanged)
      var found = try points.read(key, plan, planned, evaluator, now: now, meter: session.meter, into: &body)
      while case .needsRoom(let bytes) = found {
        _ = try await session.meter?.waitForRoom(bytes)
        found = try points.read(key, plan, planned, evaluator, now: now, meter: session.meter, into: &body)
      }
      if case .row = found {
        body.store(bigEndian: Int32(1), at: countOffset)
        // Cassandra looks no further when a page is full, and says that more may follow.
        // A partition that has one row only is another matter: nothing can follow.
        if parameters.pageSize == 1, !plan.table.clustering.isEmpty {
          points.insertState(planned, start: start, into: &body)
        }
      }
      session.trace?.note("Looked for one row by its key")
      return EngineOutcome(warnings: plan.warnings)
    }
    let source: RowSource =
      plan.table.isVirtual ? .memory(try systemTables.rows(of: plan.table, plan, evaluator)) : .store(reader)
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
