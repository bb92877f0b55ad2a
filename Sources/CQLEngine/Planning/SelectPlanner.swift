import CQLLanguage
import CassandraWire

/// Plans SELECT, with Cassandra's rules on what is refused.
struct SelectPlanner {
  let statement: SelectStatement
  let table: Table
  var terms: TermPlanner
  var selectors: SelectorPlanner
  private(set) var restrictions: RestrictionPlanner
  private var filters: [Filter] = []
  /// The restrictions that only reading rows one by one can answer, or an index.
  private var filtered: [Restriction] = []
  /// The vector whose neighbours are wanted.
  private var neighbours: NeighbourOrder?
  /// Those of them that are about clustering columns.
  private var pendingClustering: [Restriction] = []
  /// Whether Cassandra would ask an index.
  private var usesIndex = false

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
    let (outputs, columns) = try selection()
    terms = selectors.terms
    neighbours = try neighbourOrder()
    try restrictions.add(statement.relations, &terms)
    if let neighbours { try checkOnlyNeighbour(neighbours) }
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
      grouping: grouping,
      partitions: partitions, token: restrictions.token, clustering: clustering, filters: filters,
      isReversed: isReversed,
      isDistinct: statement.isDistinct, sortColumns: sortColumns, neighbours: neighbours, limit: limit,
      perPartitionLimit: perPartition,
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
    filters.append(
      Filter(
        slots: slots, types: restriction.columns.map(\.wire), kind: restriction.kind, isTuple: restriction.isTuple,
        isExact: index(for: restriction).map { $0.0.className == nil } ?? false))
  }

  // MARK: Indexes

  private func index(for restriction: Restriction) -> (Index, SelectPlan.IndexValue)? {
    guard restriction.columns.count == 1 else { return nil }
    let column = restriction.columns[0]
    // The index of a vector has no entries: it says how near two of them are.
    if FloatVector.dimensions(column.wire) != nil { return nil }
    for index in table.indexes(on: column) where !index.isBuilding {
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

  /// Whether an index can answer a restriction: one of the first kind, or a storage-attached one.
  private func isIndexed(_ restriction: Restriction) -> Bool {
    index(for: restriction) != nil || isStorageAttached(restriction)
  }

  /// Whether storage-attached indexes can answer all of a restriction.
  private func isStorageAttached(_ restriction: Restriction) -> Bool {
    guard restriction.columns.count == 1 else { return false }
    let column = restriction.columns[0]
    if FloatVector.dimensions(column.wire) != nil { return false }
    let parts = table.indexes(on: column).filter { $0.className != nil && !$0.isBuilding }.map(\.part)
    switch restriction.kind {
    case .equal: return parts.contains(.simple) || parts.contains(.full)
    case .slice:
      guard parts.contains(.simple) else { return false }
      switch column.wire {
      case .ascii, .text, .boolean, .vector: return false
      default: return true
      }
    case .isIn: return false
    case .contains(let values, let keys, let entries):
      return (values.isEmpty || parts.contains(.values) || parts.contains(.simple))
        && (keys.isEmpty || parts.contains(.keys)) && (entries.isEmpty || parts.contains(.entries))
    }
  }

  /// Whether one index of the first kind can answer a restriction without anything beside it.
  private func isAnsweredByOne(_ restriction: Restriction) -> Bool {
    guard index(for: restriction) != nil else { return false }
    if case .contains(let values, let keys, let entries) = restriction.kind {
      return values.count + keys.count + entries.count == 1
    }
    return true
  }

  private var hasIndexedRestriction: Bool {
    neighbours != nil || restrictions.byColumn.values.contains { isIndexed($0) }
  }

  /// The index to ask, and Cassandra's refusal of what neither keys nor an index can answer.
  private mutating func chooseIndex(hasKeys: Bool) throws(EngineFailure) -> SelectPlan.Partitions? {
    if let neighbours {
      try checkNeighbours(neighbours, hasKeys: hasKeys, needsClusteringFilter: !pendingClustering.isEmpty)
    } else {
      try checkVectors(filtered)
    }
    let isIndexing = hasIndexedRestriction
    // As in Cassandra: an index is used for what keys do not answer, and for a range of keys.
    usesIndex = isIndexing && (!hasKeys || !filtered.isEmpty || neighbours != nil)
    if !statement.allowsFiltering, !hasKeys || usesIndex || !filtered.isEmpty {
      var needed = filtered
      if !hasKeys {
        needed += restrictions.byColumn.values.filter { restriction in
          restriction.columns[0].kind == .clustering && !filtered.contains { $0.columns[0] === restriction.columns[0] }
        }
      }
      let isAnswered =
        needed.isEmpty || needed.allSatisfy { isStorageAttached($0) }
        || neighbours == nil && needed.count == 1 && isAnsweredByOne(needed[0])
      guard isAnswered else { throw Self.needsFiltering }
    }
    if usesIndex {
      if restrictions.byColumn.values.contains(where: { $0.columns[0].kind == .partitionKey && $0.isIn }) {
        throw EngineFailure.invalid(
          "Select on indexed columns and with IN clause for the PRIMARY KEY are not supported")
      }
    }
    for slice in pendingClustering where slice.isSlice && slice.columns.count > 1 {
      guard
        usesIndex && filtered.contains(where: { isStorageAttached($0) })
          || slice.columns.contains(where: { column in
            table.indexes(on: column).contains { $0.className != nil && !$0.isBuilding }
          })
      else { continue }
      throw EngineFailure.invalid("Multi-column slice restrictions cannot be used for filtering.")
    }
    guard !hasKeys else { return nil }
    for restriction in restrictions.byColumn.values.filter({ isIndexed($0) }).sorted(by: { $0.names < $1.names }) {
      guard let (index, value) = index(for: restriction) else { continue }
      return .index(index.number, value, restriction.columns[0])
    }
    return nil
  }

  // MARK: Order

  /// Whether rows are read backwards.
  private func order(hasKeys: Bool) throws(EngineFailure) -> Bool {
    guard !statement.orderBy.isEmpty, neighbours == nil else { return false }
    for ordering in statement.orderBy {
      let column = try table.column(named: ordering.column)
      guard column.kind == .clustering else {
        throw EngineFailure.invalid(
          "Order by is currently only supported on the clustered columns of the PRIMARY KEY, got \(column.name)")
      }
    }
    if usesIndex {
      throw EngineFailure.invalid("ORDER BY with 2ndary indexes is not supported, except for ANN queries.")
    }
    guard hasKeys else {
      throw EngineFailure.invalid(
        "ORDER BY is only supported when the partition key is restricted by an EQ or an IN.")
    }
    var isReversed: Bool?
    var position = 0
    // Of a column that is named twice the place of the first and the direction of the last count.
    var orderings: [SelectStatement.Ordering] = []
    for ordering in statement.orderBy {
      if let place = orderings.firstIndex(where: { $0.column == ordering.column }) {
        orderings[place].isDescending = ordering.isDescending
      } else {
        orderings.append(ordering)
      }
    }
    for ordering in orderings {
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
