import CQLLanguage
import CassandraWire

/// Plans SELECT, with Cassandra's rules on what is refused.
struct SelectPlanner {
  private let statement: SelectStatement
  private let table: Table
  private var terms: TermPlanner
  private var selectors: SelectorPlanner
  private var restrictions: RestrictionPlanner
  private var filters: [Filter] = []
  /// How many restrictions only reading rows one by one can answer, or an index.
  private var filteredRestrictions = 0

  static let needsFiltering = EngineFailure.invalid(
    "Cannot execute this query as it might involve data filtering and thus may have unpredictable performance. If you "
      + "want to execute this query despite the performance unpredictability, use ALLOW FILTERING")

  init(_ statement: SelectStatement, _ table: Table, _ keyspace: Keyspace?, markers: [String?]) {
    self.statement = statement
    self.table = table
    terms = TermPlanner(keyspace: keyspace, table: table, markers: markers)
    selectors = SelectorPlanner(table, terms)
    restrictions = RestrictionPlanner(table, statement: "SELECT")
  }

  /// How often a type was found out.
  var typings: TypingCount { terms.typings }

  /// The plan and what is known of the markers.
  mutating func plan() throws(EngineFailure) -> (SelectPlan, TermPlanner) {
    if statement.isJSON { throw EngineFailure.unsupported("SELECT JSON") }
    if !statement.groupBy.isEmpty { throw EngineFailure.unsupported("GROUP BY") }
    if statement.orderBy.contains(where: { $0.nearestNeighbourOf != nil }) {
      throw EngineFailure.unsupported("Vector search (ORDER BY … ANN OF)")
    }
    let (outputs, columns) = try selection()
    terms = selectors.terms
    try restrictions.add(statement.relations, &terms)
    try checkStaticOnly()
    if statement.isDistinct { try checkDistinct() }
    let keys = try keyRestrictions()
    let clustering = try clusteringRestrictions(hasKeys: keys != nil)
    try addRemainingFilters()
    let index = try chooseIndex(hasKeys: keys != nil)
    let isReversed = try order(hasKeys: keys != nil, usesIndex: index != nil)
    let partitions: SelectPlan.Partitions
    if let keys {
      partitions = .keys(keys, token: restrictions.token)
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
    let perPartition = try limit(statement.perPartitionLimit, "[per_partition_limit]")
    let limit = try limit(statement.limit, "[limit]")
    if statement.isDistinct, perPartition != nil {
      throw EngineFailure.invalid("PER PARTITION LIMIT is not allowed with SELECT DISTINCT queries")
    }
    if perPartition != nil, !selectors.aggregates.isEmpty {
      throw EngineFailure.invalid("PER PARTITION LIMIT is not allowed with aggregate queries.")
    }
    var warnings: [String] = []
    if !selectors.aggregates.isEmpty {
      if let keys {
        if keys.contains(where: \.isIn) {
          warnings.append("Aggregation query used on multiple partition keys (IN restriction)")
        }
      } else {
        warnings.append("Aggregation query used without partition key")
      }
    }
    let plan = SelectPlan(
      table: table, shape: selectors.shape, outputs: outputs, columns: columns, aggregates: selectors.aggregates,
      partitions: partitions, clustering: clustering, filters: filters, isReversed: isReversed,
      isDistinct: statement.isDistinct, sortColumns: sortColumns, limit: limit, perPartitionLimit: perPartition,
      warnings: warnings)
    return (plan, terms)
  }

  // MARK: What is selected

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
    let columns = planned.map {
      ColumnSpecification(keyspace: table.keyspace, table: table.name, name: $0.name, type: $0.type)
    }
    var slots: [Int] = []
    for selector in planned {
      guard case .column(let slot) = selector.expression else {
        return (.expressions(planned.map(\.expression)), columns)
      }
      slots.append(slot)
    }
    return (.slots(slots), columns)
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
      }), restrictions.tuples.isEmpty
    else {
      throw EngineFailure.invalid(
        "SELECT DISTINCT with WHERE clause only supports restriction by partition key and/or static columns.")
    }
    let selected = selectors.shape.columns
    for column in selected where column.kind != .partitionKey && column.kind != .static {
      throw EngineFailure.invalid(
        "SELECT DISTINCT queries must only request partition key columns and/or static columns (not \(column.name))")
    }
    // Restricted columns need not be selected.
    for column in table.partitionKey where !selected.contains(where: { $0 === column }) {
      if case .equal = restrictions.byColumn[column.name]?.kind { continue }
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
      filteredRestrictions += 1
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
      if isOpen {
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
    try refuseUnlessFiltered(pending, hasKeys: hasKeys, blocker: blocker, endsInSlice: endsInSlice)
    for restriction in pending {
      addFilter(restriction)
      filteredRestrictions += 1
    }
    return used
  }

  private func refuseUnlessFiltered(
    _ pending: [Restriction], hasKeys: Bool, blocker: Column?, endsInSlice: Bool
  ) throws(EngineFailure) {
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
      if case .contains(let values, let keys, let entries) = restriction.kind {
        filteredRestrictions += values.count + keys.count + entries.count
      } else {
        filteredRestrictions += 1
      }
      addFilter(restriction)
    }
  }

  private mutating func addFilter(_ restriction: Restriction) {
    var slots: [Int] = []
    for column in restriction.columns { slots.append(selectors.shape.slot(column)) }
    filters.append(Filter(slots: slots, types: restriction.columns.map(\.wire), kind: restriction.kind))
  }

  // MARK: Indexes

  private func index(for restriction: Restriction) -> (Index, SelectPlan.IndexValue)? {
    guard restriction.columns.count == 1 else { return nil }
    let column = restriction.columns[0]
    for index in table.indexes(on: column) {
      switch (restriction.kind, index.part) {
      case (.equal(let values), .simple), (.equal(let values), .full):
        return (index, .value(values[0], column.wire))
      case (.contains(let values, _, _), .values), (.contains(let values, _, _), .simple):
        guard let value = values.first else { continue }
        switch column.wire {
        case .list(let element), .set(let element): return (index, .value(value, element))
        case .map(_, let element): return (index, .value(value, element))
        default: continue
        }
      case (.contains(_, let keys, _), .keys):
        guard let key = keys.first, case .map(let keyType, _) = column.wire else { continue }
        return (index, .value(key, keyType))
      case (.contains(_, _, let entries), .entries):
        guard let entry = entries.first, case .map(let keyType, let valueType) = column.wire else { continue }
        return (index, .entry(key: entry.key, keyType, value: entry.value, valueType))
      default: continue
      }
    }
    return nil
  }

  private func isIndexed(_ restriction: Restriction) -> Bool {
    index(for: restriction) != nil || isStorageAttached(restriction)
  }

  /// Whether a storage-attached index could answer, which takes slices and IN too.
  private func isStorageAttached(_ restriction: Restriction) -> Bool {
    restriction.columns.count == 1
      && table.indexes(on: restriction.columns[0]).contains { $0.className != nil && $0.part == .simple }
  }

  private var hasIndexedRestriction: Bool { restrictions.byColumn.values.contains { isIndexed($0) } }

  /// The index to ask, and Cassandra's refusal of what neither keys nor an index can answer.
  private func chooseIndex(hasKeys: Bool) throws(EngineFailure) -> SelectPlan.Partitions? {
    let indexed = restrictions.byColumn.values.filter { isIndexed($0) }
    if !statement.allowsFiltering {
      let allAttached =
        indexed.count == restrictions.byColumn.values.count { !$0.columns[0].isPrimaryKey || isIndexed($0) }
        && indexed.allSatisfy { isStorageAttached($0) }
      let allowed = indexed.isEmpty ? 0 : allAttached ? filteredRestrictions : 1
      if filteredRestrictions > allowed { throw Self.needsFiltering }
      if restrictions.token != nil, !hasKeys, !filters.isEmpty, indexed.isEmpty { throw Self.needsFiltering }
    }
    guard !hasKeys else { return nil }
    for restriction in indexed.sorted(by: { $0.names < $1.names }) {
      guard let (index, value) = index(for: restriction) else { continue }
      return .index(index.number, value, restriction.columns[0])
    }
    return nil
  }

  // MARK: Order

  /// Whether rows are read backwards.
  private func order(hasKeys: Bool, usesIndex: Bool) throws(EngineFailure) -> Bool {
    guard !statement.orderBy.isEmpty else { return false }
    for ordering in statement.orderBy {
      let column = try table.column(named: ordering.column)
      guard column.kind == .clustering else {
        throw EngineFailure.invalid(
          "Order by is currently only supported on the clustered columns of the PRIMARY KEY, got \(column.name)")
      }
    }
    let asksIndex = restrictions.byColumn.values.contains { !$0.columns[0].isPrimaryKey && isIndexed($0) }
    if usesIndex || asksIndex {
      throw EngineFailure.invalid("ORDER BY with 2ndary indexes is not supported, except for ANN queries.")
    }
    guard hasKeys else {
      throw EngineFailure.invalid(
        "ORDER BY is only supported when the partition key is restricted by an EQ or an IN.")
    }
    var isReversed: Bool?
    var position = 0
    for ordering in statement.orderBy {
      let column = try table.column(named: ordering.column)
      // Columns with one value only may be left out.
      while position < column.position {
        guard case .equal = restrictions.byColumn[table.clustering[position].name]?.kind else {
          throw EngineFailure.invalid(
            "Order by currently only supports the ordering of columns following their declared order in the PRIMARY KEY"
          )
        }
        position += 1
      }
      guard column.position == position else {
        throw EngineFailure.invalid(
          "Order by currently only supports the ordering of columns following their declared order in the PRIMARY KEY")
      }
      position += 1
      let reverses = ordering.isDescending != column.isDescending
      if let isReversed, isReversed != reverses { throw EngineFailure.invalid("Unsupported order by relation") }
      isReversed = reverses
    }
    return isReversed ?? false
  }
}
