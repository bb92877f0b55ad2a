import CassandraBytes
import CassandraWire

/// Reads single rows by their whole primary key, without anything that larger reads need.
final class PointReader {
  /// What a read of one row has found.
  enum Found {
    /// No row.
    case nothing
    /// The row, whose values have been appended.
    case row
    /// A row that the answer may not have before it has room for so many bytes.
    case needsRoom(Int)
  }

  private let reader: Reader
  private let pageStateKey: SipKey
  /// The key of the record that was looked for last, kept for its memory.
  private var keyBuffer: [UInt8] = []

  init(_ reader: Reader, pageStateKey: SipKey) {
    self.reader = reader
    self.pageStateKey = pageStateKey
  }

  /// Reads one row, whose values it appends.
  func read(
    _ key: [Restriction], _ plan: SelectPlan, _ planned: PlannedStatement, _ evaluator: Evaluator, now: Int64,
    meter: (any AnswerMeter)?, into body: inout [UInt8]
  ) throws(EngineFailure) -> Found {
    guard case .slots(let slots) = plan.outputs else { return .nothing }
    var record: [UInt8] = []
    swap(&record, &keyBuffer)
    defer { swap(&record, &keyBuffer) }
    record.removeAll(keepingCapacity: true)
    try appendKey(key, plan, evaluator, to: &record)
    var image = planned.takeImage(plan.finishedShape)
    var found = Found.nothing
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
  private func appendKey(
    _ key: [Restriction], _ plan: SelectPlan, _ evaluator: Evaluator, to record: inout [UInt8]
  ) throws(EngineFailure) {
    try ReadRanges.appendPartition(key, evaluator, to: &record)
    record.append(RecordKind.row.rawValue)
    for restriction in plan.clustering {
      guard case .equal(let values) = restriction.kind else { continue }
      let column = restriction.columns[0]
      try ReadRanges.append(try evaluator.required(values[0], column.name), column, to: &record)
    }
  }

  /// Puts the state of a page that has ended with its only row into a result.
  func insertState(_ planned: PlannedStatement, start: Int, into body: inout [UInt8]) {
    let state = PageState(
      digest: planned.digest, partitionIndex: 0, remaining: .max, countInPartition: 1, partitionHasRow: true,
      isAfterPartition: false, position: keyBuffer)
    PlannedStatement.insert(state.bytes(pageStateKey), intoHeadAt: start, of: &body)
  }
}
