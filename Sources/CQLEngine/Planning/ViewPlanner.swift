import CassandraBytes
import CQLLanguage
import CassandraWire

/// Plans the definition of a materialized view, with Cassandra's rules on what is refused.
struct ViewPlanner {
  private let statement: CreateViewStatement
  private let table: Table
  private let keyspace: Keyspace
  private var name: String { statement.view.name.name }

  /// A definition over a table of the keyspace.
  init(_ statement: CreateViewStatement, of table: Table, in keyspace: Keyspace) {
    self.statement = statement
    self.table = table
    self.keyspace = keyspace
  }

  /// The view.
  func view(id: CQLUUID, number: TableNumber) throws(EngineFailure) -> View {
    let selected = try selected()
    try checkKey(selected)
    let orders = try orders()
    try checkRelations()
    let clustering = statement.primaryKey.clustering.map { column in
      // A column that nothing is said of keeps the order that it has in the base.
      View.Clustering(
        name: column.name,
        isDescending: orders.first { $0.column == column }?.isDescending ?? table.column(column.name)?.isDescending
          ?? false)
    }
    return View(
      name: name, id: id, number: number, partitionKey: statement.primaryKey.partition.map(\.name),
      clustering: clustering, selected: selected, relations: statement.relations,
      filters: try Self.filters(statement.relations, table, keyspace), isBuilding: true)
  }

  // MARK: SELECT

  /// The names of the columns; nil for all.
  private func selected() throws(EngineFailure) -> [String]? {
    let columns: [Column]
    var names: [String]?
    switch statement.selection {
    case .all: columns = table.columns
    case .selectors(let selectors):
      var found: [Column] = []
      for selector in selectors {
        guard selector.alias == nil else {
          throw EngineFailure.invalid(
            "Cannot use aliases when defining a materialized view (got \(SelectableText.text(selector.selectable)))")
        }
        guard case .column(let name) = selector.selectable.kind else {
          throw EngineFailure.invalid(
            "Can only select columns by name when defining a materialized view (got \(SelectableText.text(selector.selectable)))"
          )
        }
        found.append(try table.column(named: name))
      }
      columns = found
      var seen: Set<ByteText> = []
      names = found.map(\.name).filter { seen.insert(ByteText($0)).inserted }
    }
    if let column = columns.first(where: { $0.kind == .static || table.definition.isStaticCompact && !$0.isPrimaryKey })
    {
      throw EngineFailure.invalid("Cannot include static column '\(column.name)' in materialized view '\(name)'")
    }
    return names
  }

  // MARK: PRIMARY KEY

  private func checkKey(_ selected: [String]?) throws(EngineFailure) {
    var seen: Set<ByteText> = []
    var others: [Column] = []
    for key in statement.primaryKey.partition + statement.primaryKey.clustering {
      guard let column = table.column(key.name), selected?.contains(key.name) ?? true else {
        throw EngineFailure.invalid(
          "Unknown column '\(key.name)' referenced in PRIMARY KEY for materialized view '\(name)'")
      }
      guard seen.insert(ByteText(key.name)).inserted else {
        throw EngineFailure.invalid(
          "Duplicate column '\(key.name)' in PRIMARY KEY clause for materialized view '\(name)'")
      }
      let type = column.type
      if type.isMultiCell {
        throw EngineFailure.invalid(
          "Invalid non-frozen \(type.isCollection ? "collection" : "user-defined") type '\(type.cql)' for PRIMARY KEY "
            + "column '\(column.name)'")
      }
      if type.isCounter {
        throw EngineFailure.invalid("counter type is not supported for PRIMARY KEY column '\(column.name)'")
      }
      if type.hasDuration {
        throw EngineFailure.invalid("duration type is not supported for PRIMARY KEY column '\(column.name)'")
      }
      if !column.isPrimaryKey { others.append(column) }
    }
    _ = try orders()
    let missing = (table.partitionKey + table.clustering).filter { !seen.contains(ByteText($0.name)) }
    guard missing.isEmpty else {
      throw EngineFailure.invalid(
        "Cannot create materialized view '\(name)' without primary key columns "
          + "\(missing.map(\.name).joined(separator: ", ")) from base table '\(table.name)'")
    }
    guard others.count <= 1 else {
      throw EngineFailure.invalid(
        "Cannot include more than one non-primary key column in materialized view primary key (got "
          + "\(others.map(\.name).joined(separator: ", ")))")
    }
  }

  /// What `CLUSTERING ORDER BY` says.
  private func orders() throws(EngineFailure) -> [ClusteringOrder] {
    var orders: [ClusteringOrder] = []
    for case .clusteringOrder(let columns) in statement.options { orders = columns }
    guard orders.isEmpty || orders.map(\.column) == statement.primaryKey.clustering else {
      throw EngineFailure.invalid(
        "Clustering key columns must exactly match columns in CLUSTERING ORDER BY directive")
    }
    return orders
  }

  // MARK: WHERE

  private func checkRelations() throws(EngineFailure) {
    var isRestricted: Set<ByteText> = []
    for relation in statement.relations {
      switch relation.kind {
      case .token: throw EngineFailure.invalid("Cannot use token relation when defining a materialized view")
      case .customIndex:
        throw EngineFailure.invalid(
          "WHERE clause for materialized view '\(name)' cannot contain custom index expressions")
      default: break
      }
    }
    for relation in statement.relations {
      if case .isNotNull(let column) = relation.kind {
        isRestricted.insert(ByteText(try table.column(named: column).name))
      }
    }
    let restrictions = try Self.restrictions(statement.relations, table, keyspace)
    for restriction in restrictions { isRestricted.formUnion(restriction.columns.map { ByteText($0.name) }) }
    let key = statement.primaryKey.partition + statement.primaryKey.clustering
    let free = key.filter { !isRestricted.contains(ByteText($0.name)) }
    guard free.isEmpty else {
      throw EngineFailure.invalid(
        "Primary key columns \(free.map(\.name).joined(separator: ", ")) must be restricted with 'IS NOT NULL' or "
          + "otherwise")
    }
    let others = restrictions.flatMap(\.columns).filter { !$0.isPrimaryKey }
    guard others.isEmpty else {
      throw EngineFailure.invalid(
        "Non-primary key columns can only be restricted with 'IS NOT NULL' (got: "
          + "\(others.map(\.name).joined(separator: ",")) restricted illegally)")
    }
  }

  /// What the relations say beside `IS NOT NULL`.
  private static func restrictions(
    _ relations: [Relation], _ table: Table, _ keyspace: Keyspace?
  ) throws(EngineFailure) -> [Restriction] {
    var terms = TermPlanner(keyspace: keyspace, table: table, markers: [])
    var planner = RestrictionPlanner(table, statement: "SELECT")
    let others = relations.filter { relation in
      if case .isNotNull = relation.kind { false } else { true }
    }
    try planner.add(others, &terms)
    let ofColumns = table.columns.compactMap { planner.byColumn[$0.name] }
    return ofColumns + planner.tuples
  }

  /// What the relations of a view say of the primary key of its base.
  static func filters(
    _ relations: [Relation], _ table: Table, _ keyspace: Keyspace?
  ) throws(EngineFailure) -> [KeyFilter] {
    let context = FunctionContext(now: WallClock.microseconds(), uuids: TimeUUIDSource())
    let evaluator = Evaluator(.none, context)
    var filters: [KeyFilter] = []
    for restriction in try restrictions(relations, table, keyspace) {
      filters.append(try KeyFilter(restriction, evaluator))
    }
    return filters
  }
}
