import CassandraBytes
import CassandraWire

/// What the definition of a view says of the primary key of its base, its values in order.
struct KeyFilter: Sendable {
  /// One end of a slice: the ordered bytes of a value for each column.
  struct Bound: Sendable {
    var values: [[UInt8]]
    var isInclusive: Bool
  }

  /// What is said.
  enum Test: Sendable {
    /// The columns are one of these.
    case isIn([[[UInt8]]])
    /// The columns, as a tuple, lie between bounds.
    case slice(lower: Bound?, upper: Bound?)
  }

  /// The columns of the base.
  private let columns: [Column]
  private let test: Test

  /// A restriction with its values.
  init(_ restriction: Restriction, _ evaluator: Evaluator) throws(EngineFailure) {
    let columns = restriction.columns
    self.columns = columns
    let types = columns.map(\.wire)
    switch restriction.kind {
    case .equal(let values): test = .isIn([try Self.keys(values, columns, evaluator)])
    case .isIn(let values):
      var tuples: [[[UInt8]]] = []
      for value in try evaluator.list(values, restriction.names) {
        guard restriction.isTuple else {
          tuples.append([try ValueOrder.key(value, types[0])])
          continue
        }
        var keys: [[UInt8]] = []
        for (index, field) in Parts.fields(value, count: columns.count).enumerated() {
          if let field { keys.append(try ValueOrder.key(field, types[index])) }
        }
        if keys.count == columns.count { tuples.append(keys) }
      }
      test = .isIn(tuples)
    case .slice(let lower, let upper):
      let low = try lower.map { bound throws(EngineFailure) in
        Bound(values: try Self.keys(bound.values, columns, evaluator), isInclusive: bound.isInclusive)
      }
      let high = try upper.map { bound throws(EngineFailure) in
        Bound(values: try Self.keys(bound.values, columns, evaluator), isInclusive: bound.isInclusive)
      }
      test = .slice(lower: low, upper: high)
    case .contains: throw EngineFailure.unsupported("CONTAINS in the definition of a materialized view")
    }
  }

  private static func keys(
    _ values: [Expression], _ columns: [Column], _ evaluator: Evaluator
  ) throws(EngineFailure) -> [[UInt8]] {
    var keys: [[UInt8]] = []
    for (value, column) in zip(values, columns) {
      keys.append(try ValueOrder.key(try evaluator.required(value, column.name), column.wire))
    }
    return keys
  }

  /// Whether a row of the base passes.
  func passes(_ row: borrowing BaseRow) -> Bool {
    var keys: [[UInt8]] = []
    for column in columns {
      guard let place = row.value(of: column) else { return false }
      var key: [UInt8] = []
      let isOrdered = row.withBytes(place) { bytes in
        do throws(EngineFailure) {
          try OrderedKeyEncoding.append(bytes, column.wire, into: &key)
          return true
        } catch {
          return false
        }
      }
      guard isOrdered else { return false }
      keys.append(key)
    }
    switch test {
    case .isIn(let tuples): return tuples.contains(keys)
    case .slice(let lower, let upper):
      if let lower {
        let order = Self.compare(keys, lower.values)
        guard order > 0 || order == 0 && lower.isInclusive else { return false }
      }
      if let upper {
        let order = Self.compare(keys, upper.values)
        guard order < 0 || order == 0 && upper.isInclusive else { return false }
      }
      return true
    }
  }

  /// Compares as many components as the bound has.
  private static func compare(_ row: [[UInt8]], _ bound: [[UInt8]]) -> Int {
    for (left, right) in zip(row, bound) where left != right {
      return left.lexicographicallyPrecedes(right) ? -1 : 1
    }
    return 0
  }
}
