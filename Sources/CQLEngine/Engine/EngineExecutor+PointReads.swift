import CassandraBytes
import CassandraWire

extension EngineExecutor {
  /// What a read of one row has found.
  enum PointRead {
    /// No row.
    case nothing
    /// The row, whose values have been appended.
    case row
    /// A row that the answer may not have before it has room for so many bytes.
    case needsRoom(Int)
  }

  /// Reads one row by its whole primary key, without anything that larger reads need.
  func readPoint(
    _ key: [Restriction], _ plan: SelectPlan, _ planned: PlannedStatement, _ evaluator: Evaluator, now: Int64,
    meter: (any AnswerMeter)?, into body: inout [UInt8]
  ) throws(EngineFailure) -> PointRead {
    guard case .slots(let slots) = plan.outputs else { return .nothing }
    var record: [UInt8] = []
    swap(&record, &keyBuffer)
    defer { swap(&record, &keyBuffer) }
    record.removeAll(keepingCapacity: true)
    try appendPointKey(key, plan, evaluator, to: &record)
    var image = planned.takeImage(plan.finishedShape)
    var found = PointRead.nothing
    do throws(StorageError) {
      _ = try reader.record(plan.table.number, record, now: now) { row throws(StorageError) in
        let count = row.bytes.count * plan.repetition
        if count > AnswerRoom.free, let meter, meter.room(for: count) == nil {
          found = .needsRoom(count)
          return
        }
        guard try image.loadRow(row) else { return }
        found = .row
        for slot in slots { image.write(slot, of: row, into: &body) }
      }
    } catch {
      throw EngineFailure(error)
    }
    planned.giveBack(consume image)
    return found
  }

  /// Appends the key of the one record that equality with all columns of the primary key names.
  private func appendPointKey(
    _ key: [Restriction], _ plan: SelectPlan, _ evaluator: Evaluator, to record: inout [UInt8]
  ) throws(EngineFailure) {
    try appendPointPartition(key, evaluator, to: &record)
    record.append(RecordKind.row.rawValue)
    for restriction in plan.clustering {
      guard case .equal(let values) = restriction.kind else { continue }
      let column = restriction.columns[0]
      try ReadRanges.append(try evaluator.required(values[0], column.name), column, to: &record)
    }
  }

  /// Appends what the key of a record begins with, for equality with all columns of the partition key.
  func appendPointPartition(
    _ key: [Restriction], _ evaluator: Evaluator, to record: inout [UInt8]
  ) throws(EngineFailure) {
    if key.count == 1, case .equal(let values) = key[0].kind {
      let column = key[0].columns[0]
      let value = try evaluator.required(values[0], column.name)
      try ReadRanges.checkPartitionKey(value, column, isOnly: true)
      guard value.count <= KeyLayout.maximumKeyBytes else {
        _ = try KeyLayout.partitionKey([value])
        return
      }
      PartitionKey.append(token: Murmur3.token(value.span), key: value.span, to: &record)
    } else {
      record += try ReadRanges.partitions(key, evaluator)[0].bytes
    }
  }

  /// Puts the state of a page that has ended with its only row into a result.
  func insertPointState(_ planned: PlannedStatement, start: Int, into body: inout [UInt8]) {
    let state = PageState(
      digest: planned.digest, partitionIndex: 0, remaining: .max, countInPartition: 1, partitionHasRow: true,
      isAfterPartition: false, position: keyBuffer)
    PlannedStatement.insert(state.bytes(engine.pageStateKey), intoHeadAt: start, of: &body)
  }
}
