import CQLLanguage
import CassandraWire

/// Plans SELECT, with Cassandra's rules on what is refused.
struct SelectPlanner {
  let statement: SelectStatement
  let table: Table
  var terms: TermPlanner
  var selectors: SelectorPlanner
  var restrictions: RestrictionPlanner
  private var filters: [Filter] = []
  /// The restrictions that only reading rows one by one can answer, or an index.
  var filtered: [Restriction] = []
  /// The vector whose neighbours are wanted.
  var neighbours: NeighbourOrder?
  /// Those of them that are about clustering columns.
  var pendingClustering: [Restriction] = []
  /// Whether Cassandra would ask an index.
  var usesIndex = false

  static let needsFiltering = EngineFailure.invalid(
    "Cannot execute this query as it might involve data filtering and thus may have unpredictable performance. If you "
      + "want to execute this query despite the performance unpredictability, use ALLOW FILTERING")

  /// With `showsMasks` the plan is for those who may not see the values of masked columns.
  init(
    _ statement: SelectStatement, _ table: Table, _ keyspace: Keyspace?, markers: [String?], showsMasks: Bool = false
  ) {
    self.statement = statement
    self.table = table
    terms = TermPlanner(keyspace: keyspace, table: table, markers: markers)
    selectors = SelectorPlanner(table, terms)
    selectors.showsMasks = showsMasks
    restrictions = RestrictionPlanner(table, statement: "SELECT")
  }

  /// What may stand beside an order by nearness.
  var neighbourRules: NeighbourRules { NeighbourRules(table: table, restrictions: restrictions) }

  /// How often a type was found out.
  var typings: TypingCount { terms.types.typings }

  /// The plan and what is known of the markers.
  mutating func plan() throws(EngineFailure) -> (SelectPlan, TermPlanner) {
    let (outputs, columns) = try selection()
    terms = selectors.terms
    neighbours = try neighbourOrder()
    try restrictions.add(statement.relations, &terms)
    if let neighbours { try neighbourRules.checkOnly(neighbours) }
    try checkStaticOnly()
    if statement.isDistinct { try checkDistinct() }
    let keys = try keyRestrictions()
    let clustering = try clusteringRestrictions(hasKeys: keys != nil)
    try addRemainingFilters()
    let index = try chooseIndex(hasKeys: keys != nil)
    let isReversed = try order(hasKeys: keys != nil)
    let partitions: SelectPlan.Partitions
    if let keys {
      partitions = .keys(keys)
    } else if let index {
      partitions = index
    } else if let token = restrictions.token {
      partitions = .tokens(token)
    } else {
      partitions = .all
    }
    var sortColumns: [Column] = []
    if keys?.contains(where: \.isIn) == true {
      for ordering in statement.orderBy { sortColumns.append(try table.column(named: ordering.column)) }
    }
    let grouping = try self.grouping()
    let perPartition = try limit(statement.perPartitionLimit, "[per_partition_limit]")
    let limit = try limit(statement.limit, "[limit]")
    if statement.isDistinct, perPartition != nil {
      throw EngineFailure.invalid("PER PARTITION LIMIT is not allowed with SELECT DISTINCT queries")
    }
    if perPartition != nil, !selectors.aggregates.isEmpty, grouping == nil {
      throw EngineFailure.invalid("PER PARTITION LIMIT is not allowed with aggregate queries.")
    }
    var warnings: [String] = []
    if !selectors.aggregates.isEmpty || grouping != nil {
      let ofKey = table.partitionKey.compactMap { restrictions.byColumn[$0.name] }
      if ofKey.contains(where: \.isIn) {
        warnings.append("Aggregation query used on multiple partition keys (IN restriction)")
      } else if ofKey.isEmpty, restrictions.token == nil {
        warnings.append("Aggregation query used without partition key")
      }
    }
    let plan = SelectPlan(
      table: table, shape: selectors.shape, outputs: outputs, columns: columns, aggregates: selectors.aggregates,
      selectedKeys: selectors.selectedKeys, grouping: grouping,
      partitions: partitions, token: restrictions.token, clustering: clustering, filters: filters,
      isReversed: isReversed,
      isDistinct: statement.isDistinct, sortColumns: sortColumns, neighbours: neighbours, limit: limit,
      perPartitionLimit: perPartition,
      warnings: warnings, restrictedMasks: restrictedMasks())
    return (plan, terms)
  }

  /// The masked columns about which the statement says something.
  private func restrictedMasks() -> [String] {
    guard table.hasMasks else { return [] }
    let named = Set(
      (restrictions.byColumn.values.flatMap(\.columns) + restrictions.tuples.flatMap(\.columns)).map(\.name))
    return table.columns.filter { $0.mask != nil && named.contains($0.name) }.map(\.name)
  }

  // MARK: What is selected

  /// The vector whose neighbours are wanted; nil when the statement asks for none.
  private mutating func neighbourOrder() throws(EngineFailure) -> NeighbourOrder? {
    var orders: [(column: Column, vector: Expression)] = []
    for ordering in statement.orderBy {
      let column = try table.column(named: ordering.column)
      guard let vector = ordering.nearestNeighbourOf else { continue }
      orders.append((column, try terms.expression(vector, Receiver(column, of: table))))
    }
    guard let order = orders.first else { return nil }
    guard orders.count == 1 else { throw EngineFailure.invalid("Cannot specify more than one ANN ordering") }
    guard statement.orderBy.count == 1, let ordering = statement.orderBy.first else {
      throw EngineFailure.invalid("ANN ordering does not support any other ordering")
    }
    guard !ordering.isDescending else { throw EngineFailure.invalid("Descending ANN ordering is not supported") }
    return NeighbourOrder(
      slot: selectors.shape.slot(order.column), vector: order.vector, column: order.column,
      similarity: table.similarity(of: order.column) ?? .cosine)
  }

  private mutating func selection() throws(EngineFailure) -> (SelectPlan.Outputs, [ColumnSpecification]) {
    var planned: [SelectorPlanner.Selector] = []
    switch statement.selection {
    case .all:
      for column in table.columns { planned.append(try selectors.plan(Selectable(.column(Identifier(column.name))))) }
    case .selectors(let list):
      for selector in list {
        var one = try selectors.plan(selector.selectable)
        if let alias = selector.alias {
          guard alias.name.utf8.count <= SelectorPlanner.maximumNameBytes else {
            throw EngineFailure.invalid("An alias has more than \(SelectorPlanner.maximumNameBytes) bytes")
          }
          one.name = alias.name
        }
        planned.append(one)
      }
    }
    if statement.isJSON {
      let row = JSONFunctions.row(planned.map(\.name), planned.map(\.type))
      return (
        .expressions([.call(row, planned.map(\.expression))]),
        [ColumnSpecification(keyspace: table.keyspace, table: table.name, name: "[json]", type: .text)]
      )
    }
    let columns = planned.map {
      ColumnSpecification(keyspace: table.keyspace, table: table.name, name: $0.name, type: $0.type)
    }
    var slots: [Int] = []
    for selector in planned {
      // A row that is made of a group is computed, also where it has only columns of the first row.
      guard statement.groupBy.isEmpty, case .column(let slot) = selector.expression else {
        return (.expressions(planned.map(\.expression)), columns)
      }
      slots.append(slot)
    }
    return (.slots(slots), columns)
  }

  /// The expression of a function in `GROUP BY` and the columns in it.
  mutating func planGroupingFunction(
    _ selectable: Selectable
  ) throws(EngineFailure) -> (expression: Expression, columns: [Column]) {
    selectors.terms = terms
    // Rows are grouped by what they are.
    let showsMasks = selectors.showsMasks
    selectors.showsMasks = false
    defer { selectors.showsMasks = showsMasks }
    let planned = try selectors.plan(selectable)
    terms = selectors.terms
    return (planned.expression, planned.expression.slots.map { selectors.shape.columns[$0] })
  }

  /// Refuses naming rows where nothing of a row is wanted.
  private func checkStaticOnly() throws(EngineFailure) {
    guard table.hasStatics, case .selectors = statement.selection else { return }
    let selected = selectors.shape.columns
    guard selected.contains(where: { $0.kind == .static }),
      selected.allSatisfy({ $0.kind == .partitionKey || $0.kind == .static })
    else { return }
    let namesRows =
      !restrictions.tuples.isEmpty
      || table.clustering.contains { restrictions.byColumn[$0.name] != nil }
    guard !namesRows else {
      throw EngineFailure.invalid("Cannot restrict clustering columns when selecting only static columns")
    }
  }

  private func checkDistinct() throws(EngineFailure) {
    guard
      restrictions.byColumn.values.allSatisfy({ restriction in
        restriction.columns.allSatisfy { $0.kind == .partitionKey || $0.kind == .static }
      }), restrictions.tuples.isEmpty, neighbours.map({ $0.column.kind == .static }) ?? true
    else {
      throw EngineFailure.invalid(
        "SELECT DISTINCT with WHERE clause only supports restriction by partition key and/or static columns.")
    }
    let selected = selectors.shape.columns
    for column in selected where column.kind != .partitionKey && column.kind != .static {
      throw EngineFailure.invalid(
        "SELECT DISTINCT queries must only request partition key columns and/or static columns (not \(column.name))")
    }
    // Rows of several partitions are put in order by columns that are read for that, and DISTINCT does not read them.
    if neighbours == nil, let column = statement.orderBy.first.flatMap({ table.column($0.column.name) }),
      column.kind == .clustering,
      table.partitionKey.contains(where: { restrictions.byColumn[$0.name]?.namesSeveral ?? false })
    {
      throw EngineFailure.invalid(
        "SELECT DISTINCT queries must only request partition key columns and/or static columns (not \(column.name))")
    }
    let namesPartitions = table.partitionKey.allSatisfy { column in
      restrictions.byColumn[column.name].map { $0.isEquality || $0.isIn } ?? false
    }
    for column in table.partitionKey where !selected.contains(where: { $0 === column }) {
      // Of each partition one row is wanted, and all of them are named.
      if namesPartitions { continue }
      throw EngineFailure.invalid(
        "SELECT DISTINCT queries must request all the partition key columns (missing \(column.name))")
    }
  }

  private mutating func limit(_ term: Term?, _ name: String) throws(EngineFailure) -> Expression? {
    guard let term else { return nil }
    return try terms.expression(term, terms.receiver(name, .int))
  }

  // MARK: Where

  /// The restrictions of the partition key when they name partitions; else they become filters.
  private mutating func keyRestrictions() throws(EngineFailure) -> [Restriction]? {
    let given = table.partitionKey.map { restrictions.byColumn[$0.name] }
    let found = given.compactMap { $0 }
    if found.count == given.count, found.allSatisfy({ $0.isEquality || $0.isIn }) {
      return found
    }
    for restriction in found {
      addFilter(restriction)
      // Part of the key, or a range of it, finds nothing by itself.
      filtered.append(restriction)
    }
    return nil
  }

  /// The restrictions of leading clustering columns; the others become filters.
  private mutating func clusteringRestrictions(hasKeys: Bool) throws(EngineFailure) -> [Restriction] {
    var used: [Restriction] = []
    var position = 0
    var isOpen = hasKeys
    var blocker: Column?
    var pending: [Restriction] = []
    var endsInSlice = false
    while position < table.clustering.count {
      let column = table.clustering[position]
      let tuple = restrictions.tuples.first { $0.columns[0] === column }
      let single = restrictions.byColumn[column.name]
      guard let restriction = tuple ?? single else {
        if isOpen {
          isOpen = false
          blocker = blocker ?? column
        }
        position += 1
        continue
      }
      if isOpen, restriction.isContains {
        isOpen = false
        blocker = column
        pending.append(restriction)
      } else if isOpen {
        used.append(restriction)
        // What else is said about the same columns is tested row by row, which changes nothing about what is allowed.
        if tuple != nil, let single { addFilter(single) }
        for other in restrictions.tuples
        where other.columns[0] === column && other.columns.count != restriction.columns.count {
          addFilter(other)
        }
        if restriction.isSlice {
          isOpen = false
          blocker = column
          endsInSlice = true
        }
      } else {
        pending.append(restriction)
        if tuple != nil, let single { pending.append(single) }
      }
      position += restriction.columns.count
    }
    try checkSlices()
    try refuseUnlessFiltered(pending, hasKeys: hasKeys, blocker: blocker, endsInSlice: endsInSlice)
    pendingClustering = pending
    for restriction in pending {
      addFilter(restriction)
      filtered.append(restriction)
    }
    return used
  }

  /// Refuses restrictions of columns behind one that is restricted by a slice, unless rows may be filtered.
  private func checkSlices() throws(EngineFailure) {
    guard !statement.allowsFiltering else { return }
    let all = restrictions.tuples + restrictions.byColumn.values.filter { $0.columns[0].kind == .clustering }
    guard let slice = all.filter(\.isSlice).min(by: { $0.columns[0].position < $1.columns[0].position }) else { return }
    for other in all where other.columns[0].position > slice.columns[0].position {
      throw EngineFailure.invalid(
        "Clustering column \"\(other.columns[0].name)\" cannot be restricted (preceding column "
          + "\"\(slice.columns[0].name)\" is restricted by a non-EQ relation)")
    }
  }

  private func refuseUnlessFiltered(
    _ pending: [Restriction], hasKeys: Bool, blocker: Column?, endsInSlice: Bool
  ) throws(EngineFailure) {
    if !statement.allowsFiltering, pending.contains(where: { $0.isContains && !isIndexed($0) }) {
      throw EngineFailure.invalid(
        "Clustering columns can only be restricted with CONTAINS with a secondary index or filtering")
    }
    guard hasKeys, !statement.allowsFiltering, let first = pending.first, let blocker else { return }
    guard !pending.contains(where: { isIndexed($0) }), !hasIndexedRestriction else { return }
    let column = first.columns[0]
    if endsInSlice {
      throw EngineFailure.invalid(
        "Clustering column \"\(column.name)\" cannot be restricted (preceding column \"\(blocker.name)\" is restricted by a "
          + "non-EQ relation)")
    }
    throw EngineFailure.invalid(
      "PRIMARY KEY column \"\(column.name)\" cannot be restricted as preceding column \"\(blocker.name)\" is not "
        + "restricted")
  }

  private mutating func addRemainingFilters() throws(EngineFailure) {
    for restriction in restrictions.byColumn.values.sorted(by: { $0.names < $1.names })
    where !restriction.columns[0].isPrimaryKey {
      filtered.append(restriction)
      addFilter(restriction)
    }
  }

  private mutating func addFilter(_ restriction: Restriction) {
    var slots: [Int] = []
    for column in restriction.columns { slots.append(selectors.shape.slot(column)) }
    let analyses = analyses(for: restriction)
    var filter = Filter(
      slots: slots, types: restriction.columns.map(\.wire), kind: restriction.kind, isTuple: restriction.isTuple,
      isExact: index(for: restriction).map { $0.0.className == nil } ?? false, analysis: analyses.values,
      keyAnalysis: analyses.keys)
    filters.append(filter)
    // What the index finds is compared once more as it is.
    if restriction.isSlice, restriction.columns[0].wire == .inet, isStorageAttached(restriction) {
      filter.mapsAddresses = true
      filters.append(filter)
    }
  }
}
