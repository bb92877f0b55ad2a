import CassandraBytes
import CQLLanguage
import CassandraWire

/// Runs the writes of one loop.
final class WriteExecutor {
  private let engine: Engine
  private let schema: LoopSchema
  /// The loop's way to the writer.
  private let store: StoreWrites
  /// The clustering values of the row that was written last, kept for their memory.
  private var noteBuffer: [UInt8] = []

  init(_ engine: Engine, _ schema: LoopSchema, _ store: StoreWrites) {
    self.engine = engine
    self.schema = schema
    self.store = store
  }

  /// What has happened when a write is done; of a conditional one, when it is decided.
  var activity: String {
    engine.configuration.location.isDurable
      ? "Committed with the writes of its group, and synced to the disk" : "Committed with the writes of its group"
  }

  /// What evaluates and stamps the writes of one request.
  func binder(
    _ bindings: Bindings, _ parameters: QueryParameters, timestamp: Int64?, isConditional: Bool
  ) -> WriteBinder {
    let evaluator = engine.evaluator(bindings)
    let now = parameters.nowInSeconds.map { Int64($0) } ?? evaluator.context.now / 1_000_000
    return WriteBinder(
      evaluator: evaluator, timestamp: timestamp ?? parameters.defaultTimestamp ?? engine.timestamps.next(), now: now,
      uuids: engine.uuids, clock: engine.timestamps, isConditional: isConditional)
  }

  /// The timestamp of writes of which one has a condition: the node's, in whose order conditions are decided, whatever the
  /// request says. Nil for other writes.
  func ownTimestamp(_ plans: [WritePlan]) -> Int64? {
    plans.contains { $0.condition != nil } ? engine.timestamps.next() : nil
  }

  /// Runs writes with the same values: one statement, or a batch that is one statement.
  func write(
    _ plans: [WritePlan], _ bindings: Bindings, _ parameters: QueryParameters, version: ProtocolVersion,
    into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome {
    let binder = binder(
      bindings, parameters, timestamp: ownTimestamp(plans), isConditional: plans.contains { $0.condition != nil })
    var writes: [(BoundWrite, BoundCondition?)] = []
    for plan in plans { writes.append(try bind(plan, binder)) }
    return try await apply(writes, parameters, batch: nil, version: version, into: &body)
  }

  /// A write and its condition with their values.
  func bind(_ plan: WritePlan, _ binder: WriteBinder) throws(EngineFailure) -> (BoundWrite, BoundCondition?) {
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
    let evaluator = engine.evaluator(bindings)
    var timestamp: Int64?
    if let expression = batch.timestamp, case .bytes(let bytes) = try evaluator.value(expression), bytes.count == 8 {
      timestamp = bytes.span.int64(at: 0)
    }
    let binder = binder(
      bindings, parameters, timestamp: timestamp ?? ownTimestamp(batch.members),
      isConditional: batch.members.contains { $0.condition != nil })
    var writes: [(BoundWrite, BoundCondition?)] = []
    for plan in batch.members { writes.append(try bind(plan, binder)) }
    return try await apply(writes, parameters, batch: batch.kind, version: version, into: &body)
  }

  /// Carries out writes with their values, as one.
  func apply(
    _ writes: [(BoundWrite, BoundCondition?)], _ parameters: QueryParameters, batch: BatchStatement.Kind?,
    version: ProtocolVersion, into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome {
    if writes.contains(where: { $0.0.plan.condition != nil }) {
      guard !parameters.consistency.isSerial else {
        throw EngineFailure.invalid(
          "\(parameters.consistency) is not supported as conditional update commit consistency. Use ANY if you mean \"make "
            + "sure it is accepted but I don't care how many replicas commit it for non-SERIAL reads\"")
      }
      if let table = writes.first?.0.plan.table {
        try schema.checkReplicated(parameters.serialConsistency ?? .serial, for: table)
      }
      return try await applyConditional(writes, isBatch: batch != nil, version: version, into: &body)
    }
    for write in writes { try checkWrite(parameters, write.0.plan.table, isBatch: batch != nil) }
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
          try await store.apply(mutations)
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
      failure = try await store.apply { reader throws(StorageError) -> WriteDecision<EngineFailure?> in
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
    let request = try ConditionalRequest(writes, isBatch: isBatch)
    let outcome: ConditionalRequest.Outcome
    do throws(StorageError) {
      outcome = try await store.apply { reader throws(StorageError) in try request.decide(reader) }
    } catch {
      throw EngineFailure(error)
    }
    try request.write(outcome, to: &body, version: version)
    return EngineOutcome()
  }

  // MARK: One row

  /// Writes one row by its whole primary key (``WritePlan/pointCells``), without anything that other writes need: its key
  /// and its record are the only memory that it takes. False when nothing was done, because nothing of the row is set.
  ///
  /// What is wrong is refused in the order in which ``WriteBinder/bind(_:)`` refuses it.
  func writePoint(
    _ plan: WritePlan, _ cells: [WritePlan.PointCell], _ bindings: Bindings, _ parameters: QueryParameters
  ) async throws(EngineFailure) -> Bool {
    var key: [UInt8] = []
    var record: [UInt8] = []
    guard try makePoint(plan, cells, bindings, parameters, &key, &record) else { return false }
    do throws(StorageError) {
      try await store.apply(plan.table.handle, key: key, record: record)
    } catch {
      throw EngineFailure(error)
    }
    return true
  }

  private func makePoint(
    _ plan: WritePlan, _ cells: [WritePlan.PointCell], _ bindings: Bindings, _ parameters: QueryParameters,
    _ key: inout [UInt8], _ record: inout [UInt8]
  ) throws(EngineFailure) -> Bool {
    let binder = binder(bindings, parameters, timestamp: nil, isConditional: false)
    let evaluator = binder.evaluator
    let timestamp = try binder.timestamp(plan)
    try binder.checkKeys(plan)
    key.reserveCapacity(Self.pointKeyBytes)
    key.append(bigEndian: plan.table.number.rawValue)
    try ReadRanges.appendPartition(plan.partitionKey, evaluator, to: &key)
    key.append(RecordKind.row.rawValue)
    var note: [UInt8] = []
    swap(&note, &noteBuffer)
    defer { swap(&note, &noteBuffer) }
    note.removeAll(keepingCapacity: true)
    for restriction in plan.clustering {
      guard case .equal(let values) = restriction.kind else { continue }
      let column = restriction.columns[0]
      let value = try evaluator.required(values[0], column.name)
      try WriteBinder.checkClustering(value)
      try ReadRanges.append(value, column, to: &key)
      Parts.append(value, to: &note)
    }
    try KeyLayout.checkClustering(note: note, of: plan.table)
    let hasIndexes = !plan.table.indexes.isEmpty
    if hasIndexes { try IndexedValueLimit.check(note: note, of: plan.table) }
    var expiry: Expiry?
    var failure: EngineFailure?
    do throws(EngineFailure) { expiry = try binder.expiry(plan) } catch { failure = error }
    var builder = RecordBuilder()
    let hasMarker = plan.kind == .insert && plan.table.hasRowMarkers
    if hasMarker { builder.setMarker(timestamp: timestamp, expiry: expiry) }
    if !note.isEmpty { builder.setNote(note) }
    var isEmpty = !hasMarker
    for cell in cells {
      switch try binder.value(cell.value, of: cell.column) {
      case .bytes(let value):
        if hasIndexes { try IndexedValueLimit.check(value.count, in: cell.column, of: plan.table) }
        builder.addCell(cell.column.id, value: value.span, timestamp: timestamp, expiry: expiry)
      case .null:
        builder.addTombstone(
          cell.column.id, Deletion(timestamp: timestamp, localSeconds: UInt32(clamping: binder.now)))
      case .unset: continue
      }
      isEmpty = false
    }
    if let failure { throw failure }
    try checkWrite(parameters, plan.table)
    record = builder.finish()
    return !isEmpty
  }

  /// Refuses consistencies that a write without conditions cannot have.
  private func checkWrite(
    _ parameters: QueryParameters, _ table: Table, isBatch: Bool = false
  ) throws(EngineFailure) {
    if parameters.consistency.isSerial, !isBatch {
      throw EngineFailure.invalid("You must use conditional updates for serializable writes")
    }
    if parameters.consistency == .any, table.isCounter {
      throw EngineFailure.invalid(
        "Consistency level ANY is not yet supported for counter table \(table.name)")
    }
    try schema.checkAvailable(parameters.consistency, for: table)
  }

  /// Bytes that the key of a row is expected to take; a longer one grows.
  private static let pointKeyBytes = 96
}
