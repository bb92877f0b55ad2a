import CQLLanguage
import CassandraWire

/// Makes restrictions of the relations of a WHERE clause.
struct RestrictionPlanner {
  /// The table.
  let table: Table
  /// For messages: `UPDATE` and `DELETE` allow less than `SELECT`.
  let statement: String
  /// The restriction of each column of the primary key, and of others, by name.
  private(set) var byColumn: NameMap<Restriction> = [:]
  /// The restriction of the token.
  private(set) var token: Restriction?
  /// Restrictions of clustering columns as tuples.
  private(set) var tuples: [Restriction] = []

  init(_ table: Table, statement: String) {
    self.table = table
    self.statement = statement
  }

  mutating func add(_ relations: [Relation], _ terms: inout TermPlanner) throws(EngineFailure) {
    for relation in relations { try add(relation, &terms) }
  }

  private mutating func add(_ relation: Relation, _ terms: inout TermPlanner) throws(EngineFailure) {
    switch relation.kind {
    case .column(let name, let sign, let term):
      let column = try table.column(named: name)
      try put(try restriction(column, sign, term, &terms))
    case .columnIn(let name, let values):
      let column = try table.column(named: name)
      try checkComparable(column, "IN")
      let receiver = Receiver(column, of: table)
      var kind = Restriction.Kind.isIn(try terms.values(values, receiver))
      // One value is an equality, with all that is allowed with one.
      if case .isIn(.list(let parts)) = kind, parts.count == 1 { kind = .equal(parts) }
      try put(Restriction(columns: [column], kind: kind))
    case .isNotNull(let name):
      let column = try table.column(named: name)
      throw EngineFailure.invalid("Unsupported restriction: \(column.cql) IS NOT NULL")
    case .element(let name, let key, let sign, let term):
      let column = try table.column(named: name)
      try put(try element(column, key, sign, term, &terms))
    case .token(let names, let sign, let term): try addToken(names, sign, term, &terms)
    case .tuple(let names, let sign, let term):
      let columns = try tupleColumns(names, "\(Self.tuple(names)) \(sign.rawValue) \(term.cql)")
      let kind = try tupleKind(columns, sign, term, &terms)
      try putTuple(Restriction(columns: columns, kind: kind, isTuple: true))
    case .tupleIn(let names, let values):
      let columns = try tupleColumns(names, "\(Self.tuple(names)) IN …")
      let receiver = terms.receiver(
        "(\(names.map(\.name).joined(separator: ",")))", .tuple(columns.map(\.wire)))
      var options: InValues
      if case .terms(let list) = values {
        var parts: [Expression] = []
        for term in list {
          guard case .tuple(let elements) = term.kind else {
            parts.append(try terms.expression(term, receiver))
            continue
          }
          try Self.checkCount(elements, columns, term)
          var values: [Expression] = []
          for (element, column) in zip(elements, columns) {
            values.append(try terms.expression(element, Receiver(column, of: table)))
          }
          parts.append(.tuple(values))
        }
        options = .list(parts)
      } else {
        let list = terms.receiver(names.map(\.name).joined(separator: ","), receiver.type)
        options = try terms.values(values, list)
      }
      if case .list(let parts) = options, parts.count == 1, columns.count == 1 { options = .list(parts) }
      try putTuple(Restriction(columns: columns, kind: .isIn(options), isTuple: true))
    case .customIndex(let name, _):
      throw EngineFailure.invalid(
        "Invalid index expression, index \(name.name.name) not found for \(table.qualifiedName)")
    }
  }

  // MARK: One column

  private func restriction(
    _ column: Column, _ sign: Relation.Operator, _ term: Term, _ terms: inout TermPlanner
  ) throws(EngineFailure) -> Restriction {
    let receiver = Receiver(column, of: table)
    switch sign {
    case .equal:
      try checkComparable(column, "=")
      return Restriction(columns: [column], kind: .equal([try terms.expression(term, receiver)]))
    case .less, .lessOrEqual, .greater, .greaterOrEqual:
      try checkComparable(column, sign.rawValue)
      if column.type.hasDuration {
        throw EngineFailure.invalid("Slice restrictions are not supported on duration columns")
      }
      let value = try terms.expression(term, receiver)
      return Restriction(columns: [column], kind: Self.slice([value], sign))
    case .notEqual:
      throw EngineFailure.invalid("Unsupported \"!=\" relation: \(column.cql) != \(term.cql)")
    case .contains:
      try refuseContains("CONTAINS")
      let element = try collectionElement(column, "CONTAINS", isKey: false)
      let value = try terms.expression(term, terms.receiver("value(\(column.name))", element))
      return Restriction(columns: [column], kind: .contains(values: [value], keys: [], entries: []))
    case .containsKey:
      try refuseContains("CONTAINS KEY")
      let element = try collectionElement(column, "CONTAINS KEY", isKey: true)
      let value = try terms.expression(term, terms.receiver("key(\(column.name))", element))
      return Restriction(columns: [column], kind: .contains(values: [], keys: [value], entries: []))
    case .like:
      // What is wrong with the value is said first.
      _ = try terms.expression(term, Receiver(column, of: table))
      throw EngineFailure.invalid(
        "LIKE restriction is only supported on properly indexed columns. \(column.cql) LIKE \(term.cql) is not valid.")
    }
  }

  /// Only a SELECT looks into collections: a write names its rows.
  private func refuseContains(_ what: String) throws(EngineFailure) {
    if statement != "SELECT" { throw EngineFailure.invalid("Cannot use \(statement) with \(what)") }
  }

  private static func slice(_ values: [Expression], _ sign: Relation.Operator) -> Restriction.Kind {
    switch sign {
    case .less: .slice(lower: nil, upper: SliceBound(values: values, isInclusive: false))
    case .lessOrEqual: .slice(lower: nil, upper: SliceBound(values: values, isInclusive: true))
    case .greater: .slice(lower: SliceBound(values: values, isInclusive: false), upper: nil)
    default: .slice(lower: SliceBound(values: values, isInclusive: true), upper: nil)
    }
  }

  /// Refuses comparing a whole column that is stored by element.
  private func checkComparable(_ column: Column, _ sign: String) throws(EngineFailure) {
    guard column.type.isMultiCell else { return }
    if column.type.isCollection {
      throw EngineFailure.invalid(
        "Collection column '\(column.name)' (\(column.type.cql)) cannot be restricted by a '\(sign)' relation")
    }
    throw EngineFailure.invalid(
      "Non-frozen UDT column '\(column.name)' (\(column.type.cql)) cannot be restricted by any relation")
  }

  private func collectionElement(_ column: Column, _ what: String, isKey: Bool) throws(EngineFailure) -> CQLType {
    switch column.wire {
    case .list(let element) where !isKey, .set(let element) where !isKey: return element
    case .map(let key, let value): return isKey ? key : value
    default:
      throw EngineFailure.invalid(
        "Cannot use \(what) on non-\(isKey ? "map" : "collection") column \(column.name)")
    }
  }

  private func element(
    _ column: Column, _ key: Term, _ sign: Relation.Operator, _ term: Term, _ terms: inout TermPlanner
  ) throws(EngineFailure) -> Restriction {
    switch column.wire {
    case .list:
      throw EngineFailure.invalid(
        "Indexes on list entries (\(column.name)[index] = value) are not currently supported.")
    case .map(let keyType, let valueType):
      guard column.type.isMultiCell else {
        throw EngineFailure.invalid(
          "Map-entry equality predicates on frozen map column \(column.name) are not supported")
      }
      guard sign == .equal else { throw EngineFailure.invalid("Only EQ relations are supported on map entries") }
      let keyValue = try terms.expression(key, terms.receiver("key(\(column.name))", keyType))
      let value = try terms.expression(term, terms.receiver("value(\(column.name))", valueType))
      return Restriction(
        columns: [column], kind: .contains(values: [], keys: [], entries: [(key: keyValue, value: value)]))
    default: throw EngineFailure.invalid("Column \(column.name) cannot be used as a map")
    }
  }

  private mutating func put(_ restriction: Restriction) throws(EngineFailure) {
    let column = restriction.columns[0]
    for tuple in tuples where tuple.columns.contains(where: { $0 === column }) {
      try checkStart(restriction, tuple)
      // A tuple that overlaps is kept apart; only what both say about the same end is refused.
      _ = try tuple.merged(with: restriction)
    }
    guard var other = byColumn.removeValue(forKey: column.name) else {
      byColumn[column.name] = restriction
      return
    }
    if !other.add(restriction) { other = try other.merged(with: restriction) }
    byColumn[column.name] = other
  }

  /// Refuses two slices that begin with different columns.
  private func checkStart(_ restriction: Restriction, _ other: Restriction) throws(EngineFailure) {
    let (first, second) = (restriction.columns[0], other.columns[0])
    guard restriction.isSlice, other.isSlice, first !== second else { return }
    throw EngineFailure.invalid(
      "Column \"\(first.position > second.position ? first.name : second.name)\" cannot be restricted by two "
        + "inequalities not starting with the same column")
  }

  // MARK: Tuples

  private static func tuple(_ names: [Identifier]) -> String {
    "(\(names.map(\.cql).joined(separator: ", ")))"
  }

  private func tupleColumns(_ names: [Identifier], _ text: String) throws(EngineFailure) -> [Column] {
    var columns: [Column] = []
    for name in names {
      let column = try table.column(named: name)
      guard column.kind == .clustering else {
        throw EngineFailure.invalid(
          "Multi-column relations can only be applied to clustering columns but was applied to: \(column.name)")
      }
      if columns.contains(where: { $0 === column }) {
        throw EngineFailure.invalid("Column \"\(column.name)\" appeared twice in a relation: \(text)")
      }
      if let last = columns.last, column.position != last.position + 1 {
        throw EngineFailure.invalid(
          "Clustering columns must appear in the PRIMARY KEY order in multi-column relations: \(text)")
      }
      columns.append(column)
    }
    return columns
  }

  private static func checkCount(_ elements: [Term], _ columns: [Column], _ term: Term) throws(EngineFailure) {
    guard elements.count == columns.count else {
      throw EngineFailure.invalid(
        "Expected \(columns.count) elements in value tuple, but got \(elements.count): \(term.cql)")
    }
  }

  private func tupleKind(
    _ columns: [Column], _ sign: Relation.Operator, _ term: Term, _ terms: inout TermPlanner
  ) throws(EngineFailure) -> Restriction.Kind {
    var values: [Expression] = []
    switch term.kind {
    case .tuple(let elements):
      try Self.checkCount(elements, columns, term)
      for (element, column) in zip(elements, columns) {
        values.append(try terms.expression(element, Receiver(column, of: table)))
      }
    case .marker:
      let receiver = terms.receiver(
        "(\(columns.map(\.name).joined(separator: ",")))", .tuple(columns.map(\.wire)))
      let whole = try terms.expression(term, receiver)
      for index in columns.indices { values.append(.field(whole, index: index, count: columns.count)) }
    default:
      guard columns.count == 1 else {
        throw EngineFailure.invalid("Expected \(columns.count) elements in value tuple, but got 1: \(term.cql)")
      }
      values.append(try terms.expression(term, Receiver(columns[0], of: table)))
    }
    switch sign {
    case .equal: return .equal(values)
    case .less, .lessOrEqual, .greater, .greaterOrEqual: return Self.slice(values, sign)
    default:
      throw EngineFailure.invalid(
        "Unsupported \"\(sign.rawValue)\" relation: \(Self.tuple(columns.map { Identifier($0.name) })) \(sign.rawValue) "
          + term.cql)
    }
  }

  private mutating func putTuple(_ restriction: Restriction) throws(EngineFailure) {
    // An equality of tuples says the same of each column by itself.
    if case .equal(let values) = restriction.kind {
      for (column, value) in zip(restriction.columns, values) {
        try put(Restriction(columns: [column], kind: .equal([value])))
      }
      return
    }
    for column in restriction.columns {
      guard let single = byColumn[column.name] else { continue }
      try checkStart(single, restriction)
      _ = try single.merged(with: restriction)
    }
    for (index, other) in tuples.enumerated()
    where other.columns.contains(where: { column in restriction.columns.contains { $0 === column } }) {
      try checkStart(restriction, other)
      let merged = try other.merged(with: restriction)
      if other.columns.count == restriction.columns.count {
        tuples[index] = merged
        return
      }
    }
    tuples.append(restriction)
  }

  // MARK: The token

  private mutating func addToken(
    _ names: [Identifier], _ sign: Relation.Operator, _ term: Term, _ terms: inout TermPlanner
  ) throws(EngineFailure) {
    if statement != "SELECT" {
      throw EngineFailure.invalid("The token function cannot be used in WHERE clauses for \(statement) statements")
    }
    var columns: [Column] = []
    for name in names { columns.append(try table.column(named: name)) }
    let key = table.partitionKey
    for (index, column) in columns.enumerated() where columns[..<index].contains(where: { $0 === column }) {
      throw EngineFailure.invalid("The token() function contains duplicate partition key components")
    }
    guard columns.count == key.count, columns.allSatisfy({ $0.kind == .partitionKey }) else {
      throw EngineFailure.invalid(
        "The token() function must be applied to all partition key components or none of them")
    }
    guard zip(columns, key).allSatisfy({ $0 === $1 }) else {
      throw EngineFailure.invalid(
        "The token function arguments must be in the partition key order: \(key.map(\.name).joined(separator: ", "))")
    }
    let value = try terms.expression(term, terms.receiver("partition key token", .bigint))
    let kind: Restriction.Kind =
      switch sign {
      case .equal: .equal([value])
      case .less, .lessOrEqual, .greater, .greaterOrEqual: Self.slice([value], sign)
      default:
        throw EngineFailure.invalid(
          "Unsupported \"\(sign.rawValue)\" relation: token(\(names.map(\.cql).joined(separator: ", "))) \(sign.rawValue) "
            + term.cql)
      }
    let restriction = Restriction(columns: columns, kind: kind)
    if let token { self.token = try token.merged(with: restriction) } else { token = restriction }
  }
}
