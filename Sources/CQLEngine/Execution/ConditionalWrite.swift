import CassandraBytes
import CQLLanguage
import CassandraWire

/// A condition with its values.
enum BoundCondition: Sendable {
  case exists
  case notExists
  case columns([BoundColumnCondition])
}

/// One condition on a column with its values.
struct BoundColumnCondition: Sendable {
  /// Which part of the column.
  enum Part: Sendable {
    case whole
    case element(ArraySlice<UInt8>?)
    case field(Int)
  }

  /// How it is compared.
  enum Test: Sendable {
    case compares(Relation.Operator, ArraySlice<UInt8>?)
    case isIn([ArraySlice<UInt8>?])
  }

  let column: Column
  let part: Part
  let type: CQLType
  let test: Test
}

extension WriteBinder {
  func bind(_ condition: WriteCondition) throws(EngineFailure) -> BoundCondition {
    switch condition {
    case .exists: return .exists
    case .notExists: return .notExists
    case .columns(let conditions):
      var bound: [BoundColumnCondition] = []
      for condition in conditions {
        bound.append(try bind(condition))
      }
      return .columns(bound)
    }
  }

  /// What Cassandra says of an index of a list that has not four bytes.
  private static let noIndex = EngineFailure(.serverError, "java.lang.IndexOutOfBoundsException")

  private func bind(_ condition: PlannedColumnCondition) throws(EngineFailure) -> BoundColumnCondition {
    var part = BoundColumnCondition.Part.whole
    switch condition.part {
    case .whole: break
    case .field(let index): part = .field(index)
    case .element(let key):
      let value = try evaluator.value(key)
      // What is at no place is no value, to which nothing is equal; of a list Cassandra stumbles at it.
      if case .unset = value, case .list = condition.column.wire { throw Self.noIndex }
      if case .unset = value {
        return BoundColumnCondition(column: condition.column, part: .whole, type: condition.type, test: .isIn([]))
      }
      guard let slice = value.slice else {
        throw EngineFailure.invalid(
          "Invalid null value for \(condition.column.wire.isMap ? "map" : "list") element access")
      }
      if case .list = condition.column.wire {
        guard slice.count == 4 else { throw Self.noIndex }
        let index = slice.span.int32(at: 0)
        guard index >= 0 else { throw EngineFailure.invalid("Invalid negative list index \(index)") }
      }
      part = .element(slice)
    }
    switch condition.test {
    case .compares(let sign, let expression):
      let value = try evaluator.value(expression)
      if case .unset = value { throw EngineFailure.invalid("Invalid 'unset' value in condition") }
      if value == .null, sign != .equal, sign != .notEqual {
        throw EngineFailure.invalid("Invalid comparison with null for operator \"\(sign.rawValue)\"")
      }
      let bound = BoundColumnCondition(
        column: condition.column, part: part, type: condition.type, test: .compares(sign, value.slice))
      switch sign {
      case .less, .lessOrEqual, .greater, .greaterOrEqual:
        guard bound.isEmptyCollection(value.slice) else { break }
        let name =
          switch condition.type {
          case .list: "list"
          case .set: "set"
          default: "map"
          }
        throw EngineFailure.invalid("Invalid comparison with an empty \(name) for operator \"\(sign.rawValue)\"")
      case .equal, .notEqual, .contains, .containsKey, .like: break
      }
      return bound
    case .isIn(let values):
      var options: [ArraySlice<UInt8>?] = []
      switch values {
      case .list(let expressions):
        for expression in expressions {
          let value = try evaluator.value(expression)
          if case .unset = value { continue }
          options.append(value.slice)
        }
      case .marker(let index, let type):
        if case .bytes(let whole) = evaluator.bindings.given(index), let elements = Parts.elementsOrNulls(whole[...]),
          elements.contains(nil)
        {
          for case let element? in elements { try ValueCheck.validate(element.span, type) }
          options = elements
          break
        }
        let value = try evaluator.bindings.value(index, .list(type))
        guard let whole = value.slice else {
          throw EngineFailure.invalid("Invalid null list in IN condition")
        }
        options = (Parts.elements(whole) ?? []).map { $0 }
      }
      return BoundColumnCondition(column: condition.column, part: part, type: condition.type, test: .isIn(options))
    }
  }
}

extension BoundColumnCondition {
  /// Whether a row with this value of the column meets it.
  func isMet(by value: CellValue, _ entries: inout MapEntries) throws(EngineFailure) -> Bool {
    let current = try partOf(value, &entries)
    switch test {
    case .isIn(let options):
      for option in options where try compare(current, .equal, option) { return true }
      return false
    case .compares(let sign, let wanted):
      if sign == .contains || sign == .containsKey { return try contains(current, sign, wanted) }
      return try compare(current, sign, wanted)
    }
  }

  private func partOf(_ value: CellValue, _ entries: inout MapEntries) throws(EngineFailure) -> ArraySlice<UInt8>? {
    guard let whole = value.slice else { return nil }
    switch part {
    case .whole: return whole
    case .field(let index):
      guard case .udt(let definition) = column.wire else { return nil }
      return Parts.fields(whole, count: definition.fields.count)[index]
    case .element(let key):
      guard let key else { return nil }
      switch column.wire {
      case .list:
        let elements = entries.elements(of: column, whole)
        let index = key.count == 4 ? Int(key.span.int32(at: 0)) : -1
        return elements.indices.contains(index) ? elements[index] : nil
      case .map(let keyType, _): return try entries.value(at: key, keyType, of: column, whole)
      default: return nil
      }
    }
  }

  private func compare(
    _ current: ArraySlice<UInt8>?, _ sign: Relation.Operator, _ wanted: ArraySlice<UInt8>?
  ) throws(EngineFailure) -> Bool {
    // An empty collection that is stored by element is not there.
    let wanted = isEmptyCollection(wanted) && current == nil ? nil : wanted
    guard let wanted else { return sign == .equal ? current == nil : sign == .notEqual ? current != nil : false }
    guard let current else { return sign == .notEqual }
    // Values with the same bytes are the same, however long they are; of a null duration there is no order at all.
    if sign == .equal, current == wanted { return true }
    let left = type.hasDuration ? Array(current) : try ValueOrder.key(current, type)
    let right = type.hasDuration ? Array(wanted) : try ValueOrder.key(wanted, type)
    switch sign {
    case .equal: return left == right
    case .notEqual: return left != right
    case .less: return left.lexicographicallyPrecedes(right)
    case .lessOrEqual: return !right.lexicographicallyPrecedes(left)
    case .greater: return right.lexicographicallyPrecedes(left)
    case .greaterOrEqual: return !left.lexicographicallyPrecedes(right)
    case .contains, .containsKey, .like: return false
    }
  }

  /// Whether a value is an empty collection for a column that is stored by element.
  fileprivate func isEmptyCollection(_ value: ArraySlice<UInt8>?) -> Bool {
    guard case .whole = part, column.type.isMultiCell, column.type.isCollection, let value else { return false }
    return value.count <= 4
  }

  private func contains(
    _ current: ArraySlice<UInt8>?, _ sign: Relation.Operator, _ wanted: ArraySlice<UInt8>?
  ) throws(EngineFailure) -> Bool {
    guard let current, let wanted else { return false }
    let isMap = type.isMap
    let parts = Parts.elements(current, perElement: isMap ? 2 : 1) ?? []
    let element: CQLType
    switch type {
    case .list(let inner), .set(let inner): element = inner
    case .map(let key, let value): element = sign == .containsKey ? key : value
    default: return false
    }
    let wantedKey = try ValueOrder.key(wanted, element)
    let first = isMap && sign == .contains ? 1 : 0
    for index in stride(from: first, to: parts.count, by: isMap ? 2 : 1)
    where try ValueOrder.key(parts[index], element) == wantedKey {
      return true
    }
    return false
  }
}

/// The collections of a row, put in order when they are asked first: conditions may be about each of their elements.
struct MapEntries {
  private var maps: [ColumnID: [[UInt8]: ArraySlice<UInt8>]] = [:]
  private var lists: [ColumnID: [ArraySlice<UInt8>]] = [:]

  /// The value of a map's key; `whole` is the map.
  mutating func value(
    at key: ArraySlice<UInt8>, _ type: CQLType, of column: Column, _ whole: ArraySlice<UInt8>
  ) throws(EngineFailure) -> ArraySlice<UInt8>? {
    let wanted = try ValueOrder.key(key, type)
    if let known = maps[column.id] { return known[wanted] }
    let parts = Parts.elements(whole, perElement: 2) ?? []
    var entries: [[UInt8]: ArraySlice<UInt8>] = [:]
    for index in stride(from: 0, to: parts.count, by: 2) {
      entries[try ValueOrder.key(parts[index], type)] = parts[index + 1]
    }
    maps[column.id] = entries
    return entries[wanted]
  }

  /// The elements of a list, which is `whole`.
  mutating func elements(of column: Column, _ whole: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    if let known = lists[column.id] { return known }
    let elements = Parts.elements(whole) ?? []
    lists[column.id] = elements
    return elements
  }
}

/// Conditional writes of one partition: decided on the writer's thread, so that nothing comes between.
struct ConditionalRequest: Sendable {
  /// A row that has conditions.
  struct Target: Sendable {
    /// The row; nil for the static columns.
    var row: RowAddress?
    /// What has to hold.
    var conditions: [BoundCondition]
  }

  /// What has come of it.
  enum Outcome: Sendable {
    /// It was written.
    case applied
    /// A condition did not hold: the rows as they are, each as on the wire.
    case refused([[UInt8]])
    /// It makes no sense with what is there.
    case failed(EngineFailure)
  }

  /// Bytes of the rows that are shown where a condition does not hold: 64 MiB.
  private static let maximumShownBytes = 64 << 20

  let table: Table
  let partition: PartitionKey
  let writes: [BoundWrite]
  let targets: [Target]
  /// The columns to show when a condition does not hold.
  let shown: [Column]
  /// Whether static values are looked at: as in Cassandra, only when a write or a condition is about one.
  let readsStatics: Bool
  /// Seconds since 1970.
  let now: Int64

  func decide(_ reader: Reader) throws(StorageError) -> WriteDecision<Outcome> {
    do throws(WriteRefusal) {
      var shownRows: [(clustering: [UInt8], bytes: [UInt8])] = []
      var bytes = 0
      var staticRow: [UInt8]?
      var isMet = true
      var found = try CurrentRows(of: partition, table, reader, now: now, readsStatics: readsStatics)
      for target in targets {
        let current = try found.row(target.row, reader)
        if try !current.meets(target.conditions) { isMet = false }
        if current.exists, let address = target.row {
          let row = current.written(shown)
          bytes += row.count
          guard bytes <= Self.maximumShownBytes else {
            throw WriteRefusal.invalid(
              EngineFailure.invalid(
                "The rows with conditions have more than \(Self.maximumShownBytes) bytes together: name fewer in one batch"
              ))
          }
          shownRows.append((address.clustering, row))
        }
        if current.hasStatics, staticRow == nil { staticRow = current.written(shown, isStatic: true) }
      }
      // They stand in the order of the partition, whatever that of the statements is.
      shownRows.sort { $0.clustering.lexicographicallyPrecedes($1.clustering) }
      var rows = shownRows.map(\.bytes)
      // Where only static columns have conditions Cassandra looks at the first row of the partition beside them, so that
      // a partition without static values is told from none at all.
      if !isMet, targets.allSatisfy({ $0.row == nil }), let first = try firstRow(reader, &found) {
        rows.append(first.written(shown, withRegulars: writesRows))
      }
      // Without any of the rows the static values are shown by themselves.
      if rows.isEmpty, let staticRow { rows = [staticRow] }
      guard isMet else { return WriteDecision([], outcome: .refused(rows)) }
      return WriteDecision(try MutationBuilder.mutations(of: writes, reader), outcome: .applied)
    } catch {
      switch error {
      case .invalid(let failure): return WriteDecision([], outcome: .failed(failure))
      case .storage(let error): throw error
      }
    }
  }
}

extension ConditionalRequest {
  /// Whether any of the writes is about more than static columns.
  private var writesRows: Bool { writes.contains { !$0.plan.isStaticOnly } }

  /// The first row of the partition. Regular columns are only read where some are written, so elsewhere a row counts only
  /// when an INSERT has made it.
  private func firstRow(_ reader: Reader, _ found: inout CurrentRows) throws(WriteRefusal) -> CurrentRow? {
    var address: RowAddress?
    var rest = KeyRange.rows(of: partition)
    do throws(StorageError) {
      while true {
        let end = try reader.scan(table.number, rest, now: now) { record throws(StorageError) in
          guard try writesRows ? record.isLive() : record.marker != nil else { return .next }
          address = RowAddress(clustering: [UInt8](copying: record.clustering), note: [])
          return .stop
        }
        guard case .slice(let left) = end else { break }
        rest = left
      }
    } catch {
      throw .storage(error)
    }
    guard let address else { return nil }
    return try found.row(address, reader)
  }
}
