import CassandraBytes
import CassandraWire

/// Makes the mutations of a bound write.
struct MutationBuilder {
  /// Bytes of the records that one request may write: 64 MiB, as many as one record may have. A value is written into
  /// each row that the statement names, and a value of a named marker into each that the batch does.
  static let maximumBytes = 64 << 20

  private let write: BoundWrite
  private let plan: WritePlan
  private let lists: ListReader?

  private init(_ write: BoundWrite, _ lists: ListReader?) {
    self.write = write
    self.lists = lists
    plan = write.plan
  }

  /// The mutations of the writes of one request; `reader` is there when they depend on what is there.
  static func mutations(
    of writes: [BoundWrite], _ reader: Reader? = nil
  ) throws(WriteRefusal) -> [PartitionMutation] {
    var result: [PartitionMutation] = []
    result.reserveCapacity(writes.reduce(0) { $0 + $1.partitions.count })
    var bytes = 0
    let lists = reader.map { ListReader($0) }
    for write in writes {
      if let failure = write.failure { throw .invalid(failure) }
      let builder = MutationBuilder(write, lists)
      for partition in write.partitions { result.append(try builder.mutation(partition, &bytes)) }
    }
    return result
  }

  /// Counts what is written, before more of it is made.
  private static func count(_ record: [UInt8], _ bytes: inout Int) throws(WriteRefusal) {
    bytes += record.count
    guard bytes <= maximumBytes else {
      throw .invalid(
        EngineFailure.invalid("The request writes more than \(maximumBytes) bytes: write fewer rows with one statement")
      )
    }
  }

  private func mutation(
    _ partition: PartitionKey, _ bytes: inout Int
  ) throws(WriteRefusal) -> PartitionMutation {
    var mutation = PartitionMutation(table: plan.table.handle, partition: partition)
    let statics = write.operations.filter { $0.column.kind == .static }
    let isPartitionDeletion =
      plan.kind == .delete && plan.operations.isEmpty && write.rows.isEmpty && plan.clustering.isEmpty
    if !statics.isEmpty || isPartitionDeletion || !write.ranges.isEmpty {
      var head = RecordBuilder()
      if isPartitionDeletion { head.setDeletion(write.deletion) }
      for range in write.ranges { Self.add(range, write.deletion, to: &head) }
      let lists = try contents(statics, partition.head)
      try add(statics, lists, to: &head)
      mutation.head = head.finish()
      try Self.count(mutation.head, &bytes)
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
      let lists = try contents(regulars, partition.row(row.clustering))
      try add(regulars, lists, to: &record)
      let finished = record.finish()
      try Self.count(finished, &bytes)
      mutation.rows.append(RowMutation(clustering: row.clustering, record: finished))
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

  /// The lists of a record that operations look into; nil when there are none.
  private func contents(_ operations: [BoundOperation], _ key: @autoclosure () -> [UInt8]) throws(WriteRefusal)
    -> ListContents?
  {
    guard let lists, operations.contains(where: \.readsFirst) else { return nil }
    return try lists.contents(operations, key(), plan.table, now: Int64(write.localSeconds))
  }

  private func add(
    _ operations: [BoundOperation], _ lists: ListContents?, to record: inout RecordBuilder
  ) throws(WriteRefusal) {
    // What is added to a column several times is added up.
    var sums: [(column: Column, value: ArraySlice<UInt8>)] = []
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
        let path = try (lists ?? .nothing).path(at: index, of: column, isDeletion: value == nil)
        add(ElementCell(path: path, value: value.map { Array($0) }), column, to: &record)
      case .listDiscard(let column, let keys):
        for path in lists?.paths(of: keys, column) ?? [] {
          record.addTombstone(column.id, path: path.span, write.deletion)
        }
      case .counter(let column, let delta):
        record.addCounter(column.id, delta: delta, timestamp: write.timestamp)
      case .increase(let column, let addition):
        let place = sums.firstIndex { $0.column === column }
        guard let value = place.map({ sums[$0].value }) ?? lists?.value(of: column) else { continue }
        do throws(EngineFailure) {
          guard let sum = try ArithmeticFunctions.sum(value, addition, column.wire) else { continue }
          if let place { sums[place].value = sum[...] } else { sums.append((column, sum[...])) }
        } catch {
          throw .invalid(error)
        }
      }
    }
    for sum in sums {
      record.addCell(sum.column.id, value: sum.value.span, timestamp: write.timestamp, expiry: write.expiry)
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
