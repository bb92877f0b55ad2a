import CassandraBytes
import CQLLanguage
package import CassandraWire

extension EngineExecutor {
  /// What evaluates and stamps the writes of one request.
  func binder(_ bindings: Bindings, _ parameters: QueryParameters, timestamp: Int64?) -> WriteBinder {
    let evaluator = evaluator(bindings)
    let now = parameters.nowInSeconds.map { Int64($0) } ?? evaluator.context.now / 1_000_000
    return WriteBinder(
      evaluator: evaluator, timestamp: timestamp ?? parameters.defaultTimestamp ?? engine.timestamps.next(), now: now,
      uuids: engine.uuids, clock: engine.timestamps)
  }

  /// Runs writes with the same values: one statement, or a batch that is one statement.
  func write(
    _ plans: [WritePlan], _ bindings: Bindings, _ parameters: QueryParameters, version: ProtocolVersion,
    into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome {
    let binder = binder(bindings, parameters, timestamp: nil)
    var writes: [(BoundWrite, BoundCondition?)] = []
    for plan in plans { writes.append(try bind(plan, binder)) }
    return try await apply(writes, parameters, batch: nil, version: version, into: &body)
  }

  private func bind(_ plan: WritePlan, _ binder: WriteBinder) throws(EngineFailure) -> (BoundWrite, BoundCondition?) {
    let condition = try plan.condition.map { condition throws(EngineFailure) in try binder.bind(condition) }
    return (try binder.bind(plan), condition)
  }

  /// Runs a BATCH that is one statement.
  func batch(
    _ batch: BatchPlan, _ bindings: Bindings, _ parameters: QueryParameters, version: ProtocolVersion,
    into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome {
    var bindings = bindings
    for json in batch.members.compactMap(\.json) { bindings = try bindings.reading(json) }
    let evaluator = evaluator(bindings)
    var timestamp: Int64?
    if let expression = batch.timestamp, case .bytes(let bytes) = try evaluator.value(expression), bytes.count == 8 {
      timestamp = bytes.span.int64(at: 0)
    }
    let binder = binder(bindings, parameters, timestamp: timestamp)
    var writes: [(BoundWrite, BoundCondition?)] = []
    for plan in batch.members { writes.append(try bind(plan, binder)) }
    return try await apply(writes, parameters, batch: batch.kind, version: version, into: &body)
  }

  /// Runs several statements as one.
  package func batch(
    _ batch: Batch, session: inout EngineSession, into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome {
    let parameters = batch.parameters
    session.trace?.describe("Execute batch of CQL3 queries", nil, parameters)
    session.trace?.note("Planning \(batch.statements.count) statements")
    let timestamp = parameters.defaultTimestamp ?? engine.timestamps.next()
    let access = try access(of: session)
    var plans: [WritePlan] = []
    var writes: [(BoundWrite, BoundCondition?)] = []
    for statement in batch.statements {
      let planned: PlannedStatement
      switch statement.text {
      case .prepared(let id): planned = try plan(id: id).0
      case .query(let text): planned = try plan(text: text, keyspace: parameters.keyspace ?? session.keyspace)
      }
      guard case .write(let plan) = planned.plan else {
        throw EngineFailure.invalid(
          "Invalid statement in batch: only UPDATE, INSERT and DELETE statements are allowed.")
      }
      if let access { try StatementAccess.check(plan, access) }
      var bindings = try Bindings(.positional(statement.values), for: planned.markers, isPrepared: true)
      if let json = plan.json { bindings = try bindings.reading(json) }
      plans.append(plan)
      writes.append(try bind(plan, binder(bindings, parameters, timestamp: timestamp)))
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
      let outcome = try await apply(writes, parameters, batch: kind, version: session.version, into: &body)
      session.trace?.note(writeActivity)
      return outcome
    } catch {
      body.removeSubrange(start...)
      throw error
    }
  }

  private func apply(
    _ writes: [(BoundWrite, BoundCondition?)], _ parameters: QueryParameters, batch: BatchStatement.Kind?,
    version: ProtocolVersion, into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome {
    if writes.contains(where: { $0.0.plan.condition != nil }) {
      return try await applyConditional(writes, isBatch: batch != nil, version: version, into: &body)
    }
    for write in writes { try checkWrite(parameters, write.0.plan.table) }
    let bound = writes.map(\.0)
    let warnings = try batch.map { kind throws(EngineFailure) in try BatchMeasure(bound).warnings(kind) } ?? []
    if bound.contains(where: \.readsFirst) {
      try await applyReading(bound)
    } else {
      let mutations: [PartitionMutation]
      do throws(WriteRefusal) {
        mutations = try MutationBuilder.mutations(of: bound)
      } catch {
        throw error.failure
      }
      if !mutations.isEmpty {
        do throws(StorageError) {
          try await self.writes.apply(mutations)
        } catch {
          throw EngineFailure(error)
        }
      }
    }
    body.append(bigEndian: ResultResponse.Kind.void.rawValue)
    return EngineOutcome(warnings: warnings)
  }

  /// Writes what depends on what is there: elements of lists by index or value.
  private func applyReading(_ writes: [BoundWrite]) async throws(EngineFailure) {
    let failure: EngineFailure?
    do throws(StorageError) {
      failure = try await self.writes.apply { reader throws(StorageError) -> WriteDecision<EngineFailure?> in
        let mutations: [PartitionMutation]
        do throws(WriteRefusal) {
          mutations = try MutationBuilder.mutations(of: writes, reader)
        } catch {
          switch error {
          case .invalid(let failure): return WriteDecision([], outcome: failure)
          case .storage(let error): throw error
          }
        }
        return WriteDecision(mutations, outcome: nil)
      }
    } catch {
      throw EngineFailure(error)
    }
    if let failure { throw failure }
  }

  // MARK: IF

  private func applyConditional(
    _ writes: [(BoundWrite, BoundCondition?)], isBatch: Bool, version: ProtocolVersion, into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome {
    guard let first = writes.first?.0 else { throw EngineFailure.invalid("An empty batch has no conditions") }
    let table = first.plan.table
    guard let partition = first.partitions.first, writes.allSatisfy({ $0.0.partitions == [partition] }) else {
      throw EngineFailure.invalid("Batch with conditions cannot span multiple partitions")
    }
    guard writes.allSatisfy({ $0.0.plan.table === table }) else {
      throw EngineFailure.invalid("Batch with conditions cannot span multiple tables")
    }
    let request = ConditionalRequest(
      table: table, partition: partition, writes: writes.map(\.0), targets: try Self.targets(writes),
      shown: Self.shown(writes, table, isBatch: isBatch),
      readsStatics: table.hasStatics && Self.areAboutStatics(writes),
      now: WallClock.seconds())
    let outcome: ConditionalRequest.Outcome
    do throws(StorageError) {
      outcome = try await self.writes.apply { reader throws(StorageError) in try request.decide(reader) }
    } catch {
      throw EngineFailure(error)
    }
    var columns = [
      ColumnSpecification(keyspace: table.keyspace, table: table.name, name: "[applied]", type: .boolean)
    ]
    var rows: [UInt8] = []
    var count = 1
    switch outcome {
    case .failed(let failure): throw failure
    case .applied: Self.appendFlag(true, to: &rows)
    case .refused(let found) where found.isEmpty: Self.appendFlag(false, to: &rows)
    case .refused(let found):
      columns += request.shown.map {
        ColumnSpecification(keyspace: table.keyspace, table: table.name, name: $0.name, type: $0.wire)
      }
      count = found.count
      for row in found {
        Self.appendFlag(false, to: &rows)
        rows += row
      }
    }
    try ResponseBody.write(columns: columns, rows: rows, count: count, to: &body, version: version)
    return EngineOutcome()
  }

  private static func appendFlag(_ flag: Bool, to rows: inout [UInt8]) {
    rows.append(bigEndian: Int32(1))
    rows.append(flag ? 1 : 0)
  }

  /// The rows that have conditions, each once.
  private static func targets(
    _ writes: [(BoundWrite, BoundCondition?)]
  ) throws(EngineFailure) -> [ConditionalRequest.Target] {
    var targets = ConditionTargets()
    for (write, condition) in writes {
      guard let condition else { continue }
      // The one row of a partition without clustering columns has no address of its own when it is deleted.
      let row = write.plan.isStaticOnly ? nil : write.rows.first ?? RowAddress(clustering: [], note: [])
      if case .columns(let conditions) = condition {
        // What is said about static columns is said about the partition, whichever row the statement names.
        let (statics, regulars) = (
          conditions.filter { $0.column.kind == .static }, conditions.filter { $0.column.kind != .static }
        )
        if !regulars.isEmpty { try targets.add(.columns(regulars), of: row) }
        if !statics.isEmpty { try targets.add(.columns(statics), of: nil) }
      } else {
        try targets.add(condition, of: row)
      }
    }
    return targets.all
  }

  /// Whether a static column is written or has a condition.
  private static func areAboutStatics(_ writes: [(BoundWrite, BoundCondition?)]) -> Bool {
    writes.contains { write, condition in
      if write.operations.contains(where: { $0.column.kind == .static }) || write.plan.isStaticOnly { return true }
      guard case .columns(let conditions) = condition else { return false }
      return conditions.contains { $0.column.kind == .static }
    }
  }

  /// The columns to show of rows that do not meet their conditions.
  private static func shown(
    _ writes: [(BoundWrite, BoundCondition?)], _ table: Table, isBatch: Bool
  ) -> [Column] {
    var columns: [Column] = isBatch ? table.partitionKey + table.clustering : []
    for (_, condition) in writes {
      switch condition {
      case nil: break
      case .exists, .notExists: return table.columns
      case .columns(let conditions):
        let ordered = conditions.filter { $0.column.kind != .static } + conditions.filter { $0.column.kind == .static }
        for condition in ordered where !columns.contains(where: { $0 === condition.column }) {
          columns.append(condition.column)
        }
      }
    }
    return columns
  }
}
