import CassandraBytes
import CassandraWire

extension EngineExecutor {
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
      try await writes.apply(plan.table.handle, key: key, record: record)
    } catch {
      throw EngineFailure(error)
    }
    return true
  }

  private func makePoint(
    _ plan: WritePlan, _ cells: [WritePlan.PointCell], _ bindings: Bindings, _ parameters: QueryParameters,
    _ key: inout [UInt8], _ record: inout [UInt8]
  ) throws(EngineFailure) -> Bool {
    let binder = binder(bindings, parameters, timestamp: nil)
    let evaluator = binder.evaluator
    let timestamp = try binder.timestamp(plan)
    key.reserveCapacity(Self.pointKeyBytes)
    key.append(bigEndian: plan.table.number.rawValue)
    try appendPointPartition(plan.partitionKey, evaluator, to: &key)
    key.append(RecordKind.row.rawValue)
    var note: [UInt8] = []
    for restriction in plan.clustering {
      guard case .equal(let values) = restriction.kind else { continue }
      let column = restriction.columns[0]
      let value = try evaluator.required(values[0], column.name)
      try WriteBinder.checkClustering(value)
      try ReadRanges.append(value, column, to: &key)
      Parts.append(value, to: &note)
    }
    var expiry: Expiry?
    var failure: EngineFailure?
    do throws(EngineFailure) { expiry = try binder.expiry(plan) } catch { failure = error }
    var builder = RecordBuilder()
    let hasMarker = plan.kind == .insert && plan.table.hasRowMarkers
    if hasMarker { builder.setMarker(timestamp: timestamp, expiry: expiry) }
    if !note.isEmpty { builder.setNote(note) }
    var isEmpty = !hasMarker
    for cell in cells {
      switch try evaluator.value(cell.value) {
      case .bytes(let value):
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
  func checkWrite(_ parameters: QueryParameters, _ table: Table) throws(EngineFailure) {
    if parameters.consistency.isSerial {
      throw EngineFailure.invalid("You must use conditional updates for serializable writes")
    }
    try checkAvailable(parameters.consistency, for: table)
  }

  /// Bytes that the key of a row is expected to take; a longer one grows.
  private static let pointKeyBytes = 96
}
