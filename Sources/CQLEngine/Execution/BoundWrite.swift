import CassandraBytes
import CassandraWire

/// An element of a collection or a field of a user type, as it is stored: the path that orders it, and the cell's value.
struct ElementCell: Sendable {
  var path: [UInt8]
  /// nil removes it.
  var value: [UInt8]?
}

/// What a write does to one column, with its values.
enum BoundOperation: Sendable {
  /// Sets a column of one cell; nil removes its value.
  case cell(Column, ArraySlice<UInt8>?)
  /// Gives a column that is stored by element these elements in place of all others.
  case replace(Column, [ElementCell], isDeletion: Bool)
  /// Sets and removes elements.
  case elements(Column, [ElementCell])
  /// Sets the element of a list at an index, or removes it.
  case listElement(Column, index: Int, ArraySlice<UInt8>?)
  /// Removes all elements of a list that are one of these, by their ordered bytes.
  case listDiscard(Column, Set<[UInt8]>)
  /// Adds to a counter.
  case counter(Column, Int64)
  /// Adds to the number or text that is there; nothing where none is.
  case increase(Column, ArraySlice<UInt8>)

  var column: Column {
    switch self {
    case .cell(let column, _), .replace(let column, _, _), .elements(let column, _), .listElement(let column, _, _),
      .listDiscard(let column, _), .counter(let column, _), .increase(let column, _):
      column
    }
  }

  /// Whether what it does depends on what is there.
  var readsFirst: Bool {
    switch self {
    case .listElement, .listDiscard, .increase: true
    default: false
    }
  }
}

/// A row that a write names.
struct RowAddress: Sendable {
  /// The ordered bytes of the clustering values.
  var clustering: [UInt8]
  /// The clustering values, each behind its length.
  var note: [UInt8]
}

/// A write with its values: what is left is to make records of it.
struct BoundWrite: Sendable {
  let plan: WritePlan
  let partitions: [PartitionKey]
  /// The rows that are written; empty when only static columns are.
  let rows: [RowAddress]
  /// The ranges of rows that are deleted.
  let ranges: [ClusteringRange]
  let operations: [BoundOperation]
  let timestamp: Int64
  let expiry: Expiry?
  let localSeconds: UInt32
  /// What is wrong with the values of a conditional write, which nobody looks at unless the condition holds.
  let failure: EngineFailure?

  /// Whether what is written depends on what is there.
  var readsFirst: Bool { operations.contains(where: \.readsFirst) }

  var deletion: Deletion { Deletion(timestamp: timestamp, localSeconds: localSeconds) }
}

/// Makes bound writes: evaluates the terms of a plan.
struct WriteBinder {
  let evaluator: Evaluator
  /// The timestamp of writes that have none of their own.
  let timestamp: Int64
  /// Seconds since 1970.
  let now: Int64
  /// Makes the paths of list elements.
  let uuids: TimeUUIDSource
  /// Makes the paths of elements in front of a list.
  let clock: TimestampSource
  /// Whether one of the writes has a condition: what is wrong with values is then told when it holds, and nobody looks at
  /// the length of clustering values.
  let isConditional: Bool

  /// The timestamp of a write: its own, or that of the request.
  func timestamp(_ plan: WritePlan) throws(EngineFailure) -> Int64 {
    guard let expression = plan.timestamp else { return timestamp }
    switch try evaluator.value(expression) {
    case .bytes(let bytes) where bytes.count == 8:
      let own = bytes.span.int64(at: 0)
      guard own != .min else {
        throw EngineFailure.invalid("Out of bound timestamp, must be in [\(Int64.min + 1), \(Int64.max)]")
      }
      return own
    case .unset: return timestamp
    default: throw EngineFailure.invalid("Invalid null value of timestamp")
    }
  }

  func bind(_ plan: WritePlan) throws(EngineFailure) -> BoundWrite {
    let timestamp = try timestamp(plan)
    try checkKeys(plan)
    let partitions = try ReadRanges.partitions(plan.partitionKey, evaluator)
    var rows: [RowAddress] = []
    var ranges: [ClusteringRange] = []
    if plan.namesRows, !plan.isStaticOnly,
      !plan.table.clustering.isEmpty || plan.kind != .delete || !plan.operations.isEmpty
    {
      rows = try self.rows(plan)
    } else if plan.kind == .delete, plan.operations.isEmpty, !plan.clustering.isEmpty {
      ranges = try ReadRanges.clustering(plan.clustering, evaluator)
    }
    guard partitions.count * max(rows.count, ranges.count) <= Evaluator.maximumInValues else {
      throw EngineFailure.invalid("The statement names rows of partitions, more than \(Evaluator.maximumInValues)")
    }
    var operations: [BoundOperation] = []
    var expiry: Expiry?
    var failure: EngineFailure?
    do throws(EngineFailure) {
      expiry = try self.expiry(plan)
      for operation in plan.operations {
        if let bound = try bind(operation, plan.kind) { operations.append(bound) }
      }
      if !plan.table.indexes.isEmpty { try IndexedValueLimit.check(operations, rows, of: plan.table) }
    } catch {
      guard isConditional else { throw error }
      failure = error
    }
    return BoundWrite(
      plan: plan, partitions: partitions, rows: rows, ranges: ranges, operations: operations, timestamp: timestamp,
      expiry: expiry, localSeconds: UInt32(clamping: now), failure: failure)
  }

  /// The last moment at which a cell may expire, in seconds since 1970: as in Cassandra with its default storage format.
  static let lastExpiry = Int64(Int32.max) - 1

  /// When what is written expires; nil: never.
  func expiry(_ plan: WritePlan) throws(EngineFailure) -> Expiry? {
    var seconds = plan.kind == .delete ? 0 : plan.table.definition.options.defaultTimeToLive
    if let expression = plan.timeToLive {
      switch try evaluator.value(expression) {
      case .bytes(let bytes) where bytes.count == 4: seconds = bytes.span.int32(at: 0)
      case .unset: break
      default: seconds = 0
      }
    }
    guard seconds >= 0 else {
      throw EngineFailure.invalid("A TTL must be greater or equal to 0, but was \(seconds)")
    }
    guard seconds <= TableOptions.maximumTimeToLive else {
      throw EngineFailure.invalid(
        "ttl is too large. requested (\(seconds)) maximum (\(TableOptions.maximumTimeToLive))")
    }
    guard seconds > 0 else { return nil }
    guard evaluator.context.now / 1_000_000 + Int64(seconds) <= Self.lastExpiry else {
      throw EngineFailure.invalid(
        "Request on table \(plan.table.qualifiedName) with \(plan.timeToLive == nil ? "default " : "")ttl of \(seconds) "
          + "seconds exceeds maximum supported expiration date of 2038-01-19T03:14:06+00:00. In order to avoid this use a "
          + "lower TTL, change the expiration date overflow policy or upgrade to a version where this limitation is fixed. "
          + "See CASSANDRA-14092 and CASSANDRA-14227 for more details.")
    }
    return Expiry(ttl: UInt32(seconds), seconds: UInt32(clamping: now + Int64(seconds)))
  }

  // MARK: Rows

  /// The rows that equality and IN name.
  private func rows(_ plan: WritePlan) throws(EngineFailure) -> [RowAddress] {
    var rows = [RowAddress(clustering: [], note: [])]
    var bytes = 0
    for restriction in plan.clustering {
      var tails: [RowAddress] = []
      switch restriction.kind {
      case .equal(let values):
        let column = restriction.columns[0]
        tails = [try address([try evaluator.required(values[0], column.name)], [column])]
      case .isIn(let values):
        let name = restriction.columns.map(\.name).joined(separator: ",")
        for value in try evaluator.list(values, name) {
          guard restriction.isTuple else {
            tails.append(try address([value], restriction.columns))
            continue
          }
          var fields: [ArraySlice<UInt8>] = []
          for (index, field) in Parts.fields(value, count: restriction.columns.count).enumerated() {
            guard let field else {
              throw EngineFailure.invalid(
                "Invalid null value in condition for column \(restriction.columns[index].name)")
            }
            fields.append(field)
          }
          tails.append(try address(fields, restriction.columns))
        }
      case .slice, .contains: break
      }
      bytes = try Evaluator.combined(
        rows.count, bytes, with: tails.count, tails.reduce(0) { $0 + $1.clustering.count + $1.note.count },
        "names rows,")
      rows = rows.flatMap { head in
        tails.map { RowAddress(clustering: head.clustering + $0.clustering, note: head.note + $0.note) }
      }
    }
    if !isConditional { for row in rows { try KeyLayout.checkClustering(note: row.note, of: plan.table) } }
    return rows
  }

  private func address(_ values: [ArraySlice<UInt8>], _ columns: [Column]) throws(EngineFailure) -> RowAddress {
    var row = RowAddress(clustering: [], note: [])
    for (value, column) in zip(values, columns) {
      if !isConditional { try Self.checkClustering(value) }
      try ReadRanges.append(value, column, to: &row.clustering)
      Parts.append(value, to: &row.note)
    }
    return row
  }

  /// Refuses a clustering value that is too long.
  static func checkClustering(_ value: ArraySlice<UInt8>) throws(EngineFailure) {
    guard value.count <= KeyLayout.maximumKeyBytes else {
      throw EngineFailure.invalid(
        "Key length of \(value.count) is longer than maximum of \(KeyLayout.maximumKeyBytes)")
    }
  }

  // MARK: Operations

  private func bind(_ operation: WriteOperation, _ kind: WritePlan.Kind) throws(EngineFailure) -> BoundOperation? {
    switch operation {
    case .set(let column, let expression):
      let value = try self.value(expression, of: column)
      if case .unset = value { return nil }
      guard column.type.isMultiCell else { return .cell(column, value.slice) }
      guard let whole = value.slice else { return .replace(column, [], isDeletion: kind == .delete) }
      return .replace(column, try elements(of: whole, column), isDeletion: false)
    case .append(let column, let expression):
      let value = try self.value(expression, of: column)
      if case .unset = value { return nil }
      guard let whole = value.slice else { return nil }
      return .elements(column, try elements(of: whole, column))
    case .prepend(let column, let expression):
      guard let whole = try value(expression, of: column).slice else { return nil }
      return .elements(column, prepended(Parts.elements(whole) ?? []))
    case .discard(let column, let expression): return try discard(column, try discarded(expression, from: column))
    case .setElement(let column, let key, let expression):
      let keyValue = try evaluator.value(key)
      let value = try evaluator.value(expression)
      if case .unset = value { return nil }
      return try element(column, keyValue, value.slice)
    case .deleteElement(let column, let key):
      let key = try evaluator.value(key)
      // What is at no place of a list is not there to be removed.
      if case .unset = key, case .list = column.wire { return nil }
      return try element(column, key, nil)
    case .setField(let column, let index, let expression):
      let value = try evaluator.value(expression)
      if case .unset = value { return nil }
      return .elements(column, [ElementCell(path: Self.path(ofField: index), value: value.slice.map { Array($0) })])
    case .increase(let column, let expression):
      let value = try evaluator.value(expression)
      let isText = ArithmeticFunctions.isText(column.wire)
      if case .unset = value, isText { return nil }
      guard let addition = value.slice, isText || !addition.isEmpty else {
        throw EngineFailure(.serverError, "java.lang.NullPointerException: what is added to \(column.cql) is null")
      }
      return .increase(column, addition)
    case .add(let column, let expression, let isNegative):
      switch try evaluator.value(expression) {
      case .bytes(let bytes) where bytes.count == 8:
        let delta = bytes.span.int64(at: 0)
        guard isNegative else { return .counter(column, delta) }
        guard delta != .min else {
          throw EngineFailure.invalid(
            "The negation of \(delta) overflows supported counter precision (signed 8 bytes integer)")
        }
        return .counter(column, -delta)
      case .unset: return nil
      default:
        throw EngineFailure.invalid("Invalid null value for counter \(isNegative ? "decrement" : "increment")")
      }
    }
  }

  /// The elements of a whole collection or user type.
  private func elements(of whole: ArraySlice<UInt8>, _ column: Column) throws(EngineFailure) -> [ElementCell] {
    switch column.wire {
    case .list: return (Parts.elements(whole) ?? []).map { ElementCell(path: nextPath(), value: Array($0)) }
    case .set(let type):
      var cells: [ElementCell] = []
      for element in Parts.elements(whole) ?? [] {
        cells.append(ElementCell(path: try ValueOrder.key(element, type), value: Array(element)))
      }
      return cells
    case .map(let type, _):
      let parts = Parts.elements(whole, perElement: 2) ?? []
      var cells: [ElementCell] = []
      for index in stride(from: 0, to: parts.count, by: 2) {
        let (key, value) = (parts[index], parts[index + 1])
        cells.append(
          ElementCell(path: try ValueOrder.key(key, type), value: MapCell.bytes(key: key.span, value: value.span)))
      }
      return cells
    case .udt(let definition):
      var cells: [ElementCell] = []
      for (index, field) in Parts.fields(whole, count: definition.fields.count).enumerated() {
        guard let field else { continue }
        cells.append(ElementCell(path: Self.path(ofField: index), value: Array(field)))
      }
      return cells
    default: return []
    }
  }

  static func path(ofField index: Int) -> [UInt8] {
    [UInt8(truncatingIfNeeded: index >> 8), UInt8(truncatingIfNeeded: index)]
  }

  /// The path of a list's next element.
  private func nextPath() -> [UInt8] { Self.path(of: uuids.next()) }

  private static func path(of uuid: CQLUUID) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(uuid: uuid)
    // A UUID of 16 bytes always has an encoding.
    return (try? ValueOrder.key(bytes[...], .timeuuid)) ?? bytes
  }

  /// Elements in front of all others: their paths count backwards from 2010, as Cassandra's do.
  private func prepended(_ values: [ArraySlice<UInt8>]) -> [ElementCell] {
    let reference: Int64 = 1_262_304_000_000_000
    var cells: [ElementCell] = []
    for value in values.reversed() {
      let moment = reference - (clock.next() - reference)
      cells.append(ElementCell(path: Self.path(of: uuids.uuid(microseconds: moment)), value: Array(value)))
    }
    return cells.reversed()
  }

  private func discard(_ column: Column, _ value: CellValue) throws(EngineFailure) -> BoundOperation? {
    guard let whole = value.slice else { return nil }
    let parts = Parts.elements(whole) ?? []
    switch column.wire {
    case .list(let type):
      var keys: Set<[UInt8]> = []
      for part in parts { keys.insert(try ValueOrder.key(part, type)) }
      return .listDiscard(column, keys)
    case .set(let type), .map(let type, _):
      var cells: [ElementCell] = []
      for part in parts { cells.append(ElementCell(path: try ValueOrder.key(part, type), value: nil)) }
      return .elements(column, cells)
    default: return nil
    }
  }

  private func element(
    _ column: Column, _ key: CellValue, _ value: ArraySlice<UInt8>?
  ) throws(EngineFailure) -> BoundOperation {
    switch column.wire {
    case .list:
      switch key {
      case .bytes(let bytes) where bytes.count == 4:
        return .listElement(column, index: Int(bytes.span.int32(at: 0)), value)
      case .unset: throw EngineFailure.invalid("Invalid unset value for list index")
      default: throw EngineFailure.invalid("Invalid null value for list index")
      }
    case .map(let type, _):
      switch key {
      case .bytes(let bytes):
        let cell = value.map { MapCell.bytes(key: bytes.span, value: $0.span) }
        return .elements(column, [ElementCell(path: try ValueOrder.key(bytes, type), value: cell)])
      case .unset: throw EngineFailure.invalid("Invalid unset map key")
      case .null: throw EngineFailure.invalid("Invalid null map key")
      }
    case .set(let type):
      switch key {
      case .bytes(let bytes):
        return .elements(column, [ElementCell(path: try ValueOrder.key(bytes, type), value: nil)])
      case .unset: throw EngineFailure.invalid("Invalid unset set element")
      case .null: throw EngineFailure.invalid("Invalid null set element")
      }
    default: throw EngineFailure.invalid("Invalid operation for column \(column.name)")
    }
  }
}
