import CassandraBytes
import CQLLanguage
import CassandraWire

/// What the rows of a SELECT are grouped by: the partition, and leading clustering columns.
struct Grouping: Sendable {
  /// The clustering columns whose values are the same in all rows of a group.
  let columns: [Column]
  /// What has the same value in all rows of a group beside: a function of the clustering column behind them.
  let function: Expression?
}

extension SelectPlanner {
  /// What `GROUP BY` asks for, nil without one; throws Cassandra's refusal.
  mutating func grouping() throws(EngineFailure) -> Grouping? {
    guard !statement.groupBy.isEmpty else { return nil }
    let key = table.partitionKey + table.clustering
    var next = 0
    var function: Expression?
    let order = EngineFailure.invalid(
      "Group by currently only support groups of columns following their declared order in the PRIMARY KEY")
    for selectable in statement.groupBy {
      let column: Column
      switch selectable.kind {
      case .column(let name):
        column = try table.column(named: name)
        guard column.isPrimaryKey else {
          throw EngineFailure.invalid(
            "Group by is currently only supported on the columns of the PRIMARY KEY, got \(column.name)")
        }
        guard function == nil else {
          throw EngineFailure.invalid("Functions are only supported on the last element of the GROUP BY clause")
        }
      case .call, .countRows, .arithmetic, .negation:
        let found = try groupingFunction(selectable)
        column = found.column
        function = found.function
      default:
        throw EngineFailure(
          .serverError, "java.lang.ClassCastException: GROUP BY takes columns and functions of one, and nothing else")
      }
      while true {
        guard next < key.count else { throw order }
        let candidate = key[next]
        next += 1
        if candidate === column { break }
        guard restrictions.byColumn[candidate.name]?.isEquality ?? false else { throw order }
      }
    }
    guard next >= table.partitionKey.count else {
      throw EngineFailure.invalid("Group by is not supported on only a part of the partition key")
    }
    try checkMonotonic(function)
    let count = next - table.partitionKey.count
    if statement.isDistinct, count > 0 {
      throw EngineFailure.invalid("Grouping on clustering columns is not allowed for SELECT DISTINCT queries")
    }
    return Grouping(columns: Array(table.clustering.prefix(function == nil ? count : count - 1)), function: function)
  }

  /// Refuses functions that do not keep the order of their values, so that a group could end and begin again.
  private func checkMonotonic(_ expression: Expression?) throws(EngineFailure) {
    guard case .call(let function, let parts) = expression else { return }
    for part in parts { try checkMonotonic(part) }
    guard TimeFunctions.keepOrder.contains(ByteText(function.name)) else {
      throw EngineFailure.invalid(
        "Only monotonic functions are supported in the GROUP BY clause. Got: \(function.signature) ")
    }
  }

  /// A function of one clustering column, and the column.
  private mutating func groupingFunction(_ selectable: Selectable) throws(EngineFailure) -> (
    column: Column, function: Expression
  ) {
    if case .call(let name, _) = selectable.kind, AggregateFunction.names.contains(name.name.name) {
      throw EngineFailure.invalid(
        "Aggregate functions are not supported within the GROUP BY clause, got: system.\(name.name.name)")
    }
    if case .countRows = selectable.kind {
      throw EngineFailure.invalid(
        "Aggregate functions are not supported within the GROUP BY clause, got: system.count_rows")
    }
    let planned = try planGroupingFunction(selectable)
    guard let first = planned.columns.first else {
      throw EngineFailure.invalid("GROUP BY functions must have one clustering column name as parameter")
    }
    guard planned.columns.count == 1 else {
      throw EngineFailure.invalid(
        "GROUP BY functions accept only one clustering column as parameter, got: "
          + planned.columns.map(\.cql).joined(separator: ","))
    }
    guard first.kind == .clustering else {
      throw EngineFailure.invalid("Group by functions are only supported on clustering columns, got \(first.name)")
    }
    return (first, planned.expression)
  }
}

extension Expression {
  /// The slots of the columns in it, each once.
  var slots: [Int] {
    var found: [Int] = []
    collectSlots(into: &found)
    return found
  }

  private func collectSlots(into found: inout [Int]) {
    switch self {
    case .column(let slot): if !found.contains(slot) { found.append(slot) }
    case .attribute(let selector): if !found.contains(selector.slot) { found.append(selector.slot) }
    case .list(let parts), .set(let parts, _), .map(let parts, _), .tuple(let parts), .vector(let parts, _),
      .call(_, let parts):
      for part in parts { part.collectSlots(into: &found) }
    case .field(let whole, _, _), .element(let whole, _, _), .slice(let whole, _, _, _, _):
      whole.collectSlots(into: &found)
    case .constant, .null, .unset, .marker, .aggregate: break
    }
  }
}
