import CassandraBytes
import CassandraWire

/// Makes the mutations of a bound write.
struct MutationBuilder {
  private let write: BoundWrite
  private let plan: WritePlan

  init(_ write: BoundWrite) {
    self.write = write
    plan = write.plan
  }

  /// The mutations; `reader` is there when the write depends on what is there.
  func mutations(_ reader: Reader? = nil) throws(WriteRefusal) -> [PartitionMutation] {
    if let failure = write.failure { throw .invalid(failure) }
    var result: [PartitionMutation] = []
    result.reserveCapacity(write.partitions.count)
    for partition in write.partitions { result.append(try mutation(partition, reader)) }
    return result
  }

  private func mutation(_ partition: PartitionKey, _ reader: Reader?) throws(WriteRefusal) -> PartitionMutation {
    var mutation = PartitionMutation(table: plan.table.handle, partition: partition)
    let statics = write.operations.filter { $0.column.kind == .static }
    let isPartitionDeletion =
      plan.kind == .delete && plan.operations.isEmpty && write.rows.isEmpty && plan.clustering.isEmpty
    if !statics.isEmpty || isPartitionDeletion || !write.ranges.isEmpty {
      var head = RecordBuilder()
      if isPartitionDeletion { head.setDeletion(write.deletion) }
      for range in write.ranges { Self.add(range, write.deletion, to: &head) }
      let lists = try ListContents(statics, partition.head, plan.table, reader, write)
      try add(statics, lists, to: &head)
      mutation.head = head.finish()
    }
    let regulars = write.operations.filter { $0.column.kind == .regular }
    for row in write.rows {
      var record = RecordBuilder()
      let hasMarker = plan.kind == .insert && plan.table.hasRowMarkers
      if hasMarker { record.setMarker(timestamp: write.timestamp, expiry: write.expiry) }
      if plan.kind == .delete, plan.operations.isEmpty {
        record.setDeletion(write.deletion)
      } else if !row.note.isEmpty {
        record.setNote(row.note.span)
      }
      // A write of static columns that names a row leaves the row alone.
      if regulars.isEmpty, !hasMarker, plan.kind != .delete { continue }
      if regulars.isEmpty, plan.kind == .delete, !plan.operations.isEmpty { continue }
      let lists = try ListContents(regulars, partition.row(row.clustering), plan.table, reader, write)
      try add(regulars, lists, to: &record)
      mutation.rows.append(RowMutation(clustering: row.clustering, record: record.finish()))
    }
    return mutation
  }

  private static func add(_ range: ClusteringRange, _ deletion: Deletion, to head: inout RecordBuilder) {
    let lower = range.beginsAfter ? KeyRange.prefixEnd(range.lower) : range.lower
    // Nothing comes after the largest bytes.
    if range.beginsAfter, lower.isEmpty { return }
    let upper = range.endsAfter ? KeyRange.prefixEnd(range.upper) : range.upper
    head.addRangeDeletion(from: lower, upTo: upper.isEmpty ? nil : upper, deletion)
  }

  private func add(
    _ operations: [BoundOperation], _ lists: ListContents, to record: inout RecordBuilder
  ) throws(WriteRefusal) {
    for operation in operations {
      switch operation {
      case .cell(let column, let value):
        if let value {
          if plan.table.hasIndexedVectors { try checkVector(value, column) }
          record.addCell(column.id, value: value.span, timestamp: write.timestamp, expiry: write.expiry)
        } else {
          record.addTombstone(column.id, write.deletion)
        }
      case .replace(let column, let elements, let isDeletion):
        // What is set together with the deletion must not be hidden by it.
        var deletion = write.deletion
        if !isDeletion { deletion.timestamp -= 1 }
        record.addCollectionDeletion(column.id, deletion)
        for element in elements { add(element, column, to: &record) }
      case .elements(let column, let elements):
        for element in elements { add(element, column, to: &record) }
      case .listElement(let column, let index, let value):
        let path = try lists.path(at: index, of: column, isDeletion: value == nil)
        add(ElementCell(path: path, value: value.map { Array($0) }), column, to: &record)
      case .listDiscard(let column, let keys):
        for path in lists.paths(of: keys, column) { record.addTombstone(column.id, path: path.span, write.deletion) }
      case .counter(let column, let delta):
        record.addCounter(column.id, delta: delta, timestamp: write.timestamp)
      }
    }
  }

  /// Refuses a vector that its index cannot compare with others.
  private func checkVector(_ value: ArraySlice<UInt8>, _ column: Column) throws(WriteRefusal) {
    guard let similarity = plan.table.similarity(of: column),
      let fault = VectorRules.fault(FloatVector.elements(value.span), similarity)
    else { return }
    throw .invalid(fault)
  }

  private func add(_ element: ElementCell, _ column: Column, to record: inout RecordBuilder) {
    if let value = element.value {
      record.addCell(
        column.id, path: element.path.span, value: value.span, timestamp: write.timestamp, expiry: write.expiry)
    } else {
      record.addTombstone(column.id, path: element.path.span, write.deletion)
    }
  }
}

/// Why a write that depends on what is there cannot be made.
enum WriteRefusal: Error {
  /// The statement makes no sense with what is there.
  case invalid(EngineFailure)
  /// The storage failed.
  case storage(StorageError)

  var failure: EngineFailure {
    switch self {
    case .invalid(let failure): failure
    case .storage(let error): EngineFailure(error)
    }
  }
}

/// The elements of the lists that a write changes by index or by value.
private struct ListContents {
  /// Where path and value of each element stand in `bytes`: a list may have so many that an array for each costs more than
  /// to read them.
  private var elements: [ColumnID: [(path: Range<Int>, value: Range<Int>)]] = [:]
  private var bytes: [UInt8] = []

  init(
    _ operations: [BoundOperation], _ key: [UInt8], _ table: Table, _ reader: Reader?, _ write: BoundWrite
  ) throws(WriteRefusal) {
    let wanted = Set(operations.filter(\.readsFirst).map(\.column.id))
    guard !wanted.isEmpty, let reader else { return }
    var found: [ColumnID: [(path: Range<Int>, value: Range<Int>)]] = [:]
    var kept: [UInt8] = []
    // Of an element that is looked for by its index, the value does not matter.
    let wantsValues = operations.contains { if case .listDiscard = $0 { true } else { false } }
    do throws(StorageError) {
      _ = try reader.record(table.number, key, now: Int64(write.localSeconds)) { record throws(StorageError) in
        var position = record.start
        while let cell = try record.next(&position) {
          guard wanted.contains(cell.column), cell.timestamp > table.hiddenThrough[cell.column] ?? .min else {
            continue
          }
          let start = kept.count
          kept.append(copying: record.path(of: cell))
          let middle = kept.count
          if wantsValues { kept.append(copying: record.value(of: cell)) }
          found[cell.column, default: []].append((start..<middle, middle..<kept.count))
        }
      }
    } catch {
      throw .storage(error)
    }
    elements = found
    bytes = kept
  }

  func path(at index: Int, of column: Column, isDeletion: Bool) throws(WriteRefusal) -> [UInt8] {
    let verb = isDeletion ? "delete an element from" : "set an element on"
    guard let list = elements[column.id] else {
      throw .invalid(EngineFailure.invalid("Attempted to \(verb) a list which is null"))
    }
    guard index >= 0, index < list.count else {
      throw .invalid(EngineFailure.invalid("List index \(index) out of bound, list has size \(list.count)"))
    }
    return Array(bytes[list[index].path])
  }

  func paths(of keys: Set<[UInt8]>, _ column: Column) -> [[UInt8]] {
    guard case .list(let type) = column.wire else { return [] }
    return (elements[column.id] ?? []).compactMap { element in
      guard let key = try? ValueOrder.key(bytes[element.value], type) else { return nil }
      return keys.contains(key) ? Array(bytes[element.path]) : nil
    }
  }
}
