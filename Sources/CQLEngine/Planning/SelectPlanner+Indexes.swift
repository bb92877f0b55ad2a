import CQLLanguage
import CassandraWire

/// Which index answers, and in which order.
extension SelectPlanner {
  // MARK: Indexes

  func index(for restriction: Restriction) -> (Index, SelectPlan.IndexValue)? {
    guard restriction.columns.count == 1 else { return nil }
    let column = restriction.columns[0]
    // The index of a vector has no entries: it says how near two of them are.
    if FloatVector.dimensions(column.wire) != nil { return nil }
    for index in readyIndexes(on: column) {
      switch (restriction.kind, index.part) {
      case (.equal(let values), .simple), (.equal(let values), .full):
        return (index, .value(values[0], column.wire, index.analysis))
      case (.contains(let values, _, _), .values), (.contains(let values, _, _), .simple):
        guard let value = values.first else { continue }
        switch column.wire {
        case .list(let element), .set(let element): return (index, .value(value, element, index.analysis))
        case .map(_, let element): return (index, .value(value, element, index.analysis))
        default: continue
        }
      case (.contains(_, let keys, _), .keys):
        guard let key = keys.first, case .map(let keyType, _) = column.wire else { continue }
        return (index, .value(key, keyType, index.analysis))
      case (.contains(_, _, let entries), .entries):
        guard let entry = entries.first, case .map(let keyType, let valueType) = column.wire else { continue }
        return (index, .entry(key: entry.key, keyType, value: entry.value, valueType))
      default: continue
      }
    }
    return nil
  }

  /// The indexes on a column that may be asked: those of the first kind before storage-attached ones, as Cassandra asks.
  private func readyIndexes(on column: Column) -> [Index] {
    let indexes = table.indexes(on: column).filter { !$0.isBuilding }
    return indexes.filter { $0.className == nil } + indexes.filter { $0.className != nil }
  }

  /// What the storage-attached indexes do with texts that answer a restriction: those of the column or of the values of a
  /// collection, and those of the keys of a map. Where an index of the first kind is asked, all texts are compared as they
  /// are.
  func analyses(for restriction: Restriction) -> (values: TextAnalysis?, keys: TextAnalysis?) {
    guard restriction.columns.count == 1 else { return (nil, nil) }
    let indexes = readyIndexes(on: restriction.columns[0]).filter { $0.className != nil }
    guard indexes.contains(where: { $0.analysis != nil }),
      !restrictions.byColumn.values.contains(where: { isOfFirstKind(index(for: $0)) })
    else { return (nil, nil) }
    let ofKeys = indexes.first { $0.part == .keys }?.analysis
    let ofValues = indexes.first { $0.part == .values || $0.part == .simple }?.analysis
    return (ofValues, ofKeys)
  }

  private func isOfFirstKind(_ found: (Index, SelectPlan.IndexValue)?) -> Bool {
    guard let (index, _) = found else { return false }
    return index.className == nil
  }

  /// Whether an index can answer a restriction: one of the first kind, or a storage-attached one.
  func isIndexed(_ restriction: Restriction) -> Bool {
    index(for: restriction) != nil || isStorageAttached(restriction)
  }

  /// Whether storage-attached indexes can answer all of a restriction.
  func isStorageAttached(_ restriction: Restriction) -> Bool {
    guard restriction.columns.count == 1 else { return false }
    let column = restriction.columns[0]
    if FloatVector.dimensions(column.wire) != nil { return false }
    let parts = table.indexes(on: column).filter { $0.className != nil && !$0.isBuilding }.map(\.part)
    switch restriction.kind {
    case .equal: return parts.contains(.simple) || parts.contains(.full)
    case .slice:
      guard parts.contains(.simple) else { return false }
      switch column.wire {
      case .ascii, .text, .boolean, .uuid, .vector: return false
      default: return true
      }
    case .isIn: return false
    case .contains(let values, let keys, let entries):
      return (values.isEmpty || parts.contains(.values) || parts.contains(.simple))
        && (keys.isEmpty || parts.contains(.keys)) && (entries.isEmpty || parts.contains(.entries))
    }
  }

  /// Whether one index of the first kind can answer a restriction without anything beside it.
  func isAnsweredByOne(_ restriction: Restriction) -> Bool {
    guard index(for: restriction) != nil else { return false }
    if case .contains(let values, let keys, let entries) = restriction.kind {
      return values.count + keys.count + entries.count == 1
    }
    return true
  }

  var hasIndexedRestriction: Bool {
    neighbours != nil || restrictions.byColumn.values.contains { isIndexed($0) }
  }

  /// The index to ask, and Cassandra's refusal of what neither keys nor an index can answer.
  mutating func chooseIndex(hasKeys: Bool) throws(EngineFailure) -> SelectPlan.Partitions? {
    if let neighbours {
      try neighbourRules.check(neighbours, hasKeys: hasKeys, needsClusteringFilter: !pendingClustering.isEmpty)
    } else {
      try neighbourRules.checkVectors(filtered)
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
  func order(hasKeys: Bool) throws(EngineFailure) -> Bool {
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
