import CassandraBytes
import CQLLanguage
import CassandraWire

/// Carries out ALTER TABLE.
enum TableAlteration {
  static func alter(
    _ draft: inout SchemaDraft, _ statement: AlterTableStatement
  ) throws(EngineFailure) -> SchemaChange? {
    guard let table = try draft.table(statement.table) else {
      return try draft.missing(
        "Table '\(try draft.qualified(statement.table))' doesn't exist", ifExists: statement.ifExists)
    }
    if table.isView {
      throw EngineFailure.invalid("Cannot use ALTER TABLE on a materialized view; use ALTER MATERIALIZED VIEW instead")
    }
    var definition = table.definition
    var hasChanged = true
    switch statement.change {
    case .alterType: throw EngineFailure.invalid("Altering column types is no longer supported")
    case .mask(let name, let mask, let ifExists):
      hasChanged = try self.mask(draft, name, mask, ifExists: ifExists, in: &definition, table)
    case .dropCompactStorage:
      throw EngineFailure.invalid("DROP COMPACT STORAGE is disabled. Enable in cassandra.yaml to use.")
    case .properties(let properties):
      try definition.options.apply(properties)
      hasChanged = definition.options != table.definition.options
      if definition.options.defaultTimeToLive > 0, table.isCounter {
        throw EngineFailure.invalid("Cannot set default_time_to_live on a table with counters")
      }
      try ViewEditor.checkViews(of: table, definition.options)
    case .add(let columns, let ifNotExists):
      hasChanged = try add(draft, columns, ifNotExists: ifNotExists, to: &definition, table)
    case .drop(let columns, let ifExists, let timestamp):
      hasChanged = try drop(draft, columns, ifExists: ifExists, at: timestamp ?? draft.now, from: &definition, table)
    case .rename(let renamings, _):
      var columns = NameMap(table.columns)
      for renaming in renamings { try rename(renaming, in: &definition, table, &columns) }
    }
    guard hasChanged else { return nil }
    try TypeExtent.check(definition)
    draft.put(definition)
    return SchemaChange(.updated, keyspace: definition.keyspace, .table(definition.name))
  }

  /// Adds columns; false when all are there already and may be. What holds for all of them is found out once: a statement
  /// may have thousands, as a table may.
  private static func add(
    _ draft: SchemaDraft, _ columns: [ColumnDefinition], ifNotExists: Bool, to definition: inout Table.Definition,
    _ table: Table
  ) throws(EngineFailure) -> Bool {
    // A column of the other kind is refused, so this stays as it is while columns are added.
    let isCounterTable = table.isCounter
    if definition.isCompact { throw EngineFailure.invalid("Cannot add new column to a COMPACT STORAGE table") }
    var names = Set(table.columns.map { ByteText($0.name) })
    var hasChanged = false
    for column in columns {
      guard names.insert(column.name.name).inserted else {
        if ifNotExists { continue }
        throw EngineFailure.invalid("Column with name '\(column.name.name)' already exists")
      }
      try add(draft, column, isCounterTable: isCounterTable, to: &definition)
      hasChanged = true
    }
    return hasChanged
  }

  /// Adds a column that is not there.
  private static func add(
    _ draft: SchemaDraft, _ column: ColumnDefinition, isCounterTable: Bool, to definition: inout Table.Definition
  ) throws(EngineFailure) {
    let name = column.name.name
    guard let keyspace = draft.keyspaces[definition.keyspace] else { return }
    let type = try TypeResolver(keyspace).resolve(column.type)
    try type.checkStorable()
    if column.isStatic, definition.clustering.isEmpty {
      throw EngineFailure.invalid(
        "Static columns are only useful (and thus allowed) if the table has at least one clustering column")
    }
    if let dropped = definition.dropped[name] {
      guard dropped.type.name == type.name.expandingUserTypes(keyspace) else {
        throw EngineFailure.invalid(
          "Cannot re-add previously dropped column '\(name)' of type \(type.cql), incompatible with previous type "
            + dropped.type.cql)
      }
      guard dropped.isStatic == column.isStatic else {
        throw EngineFailure.invalid(
          "Cannot re-add previously dropped column '\(name)' of kind \(column.isStatic ? "STATIC" : "REGULAR"), "
            + "incompatible with previous kind \(dropped.isStatic ? "STATIC" : "REGULAR")")
      }
      if type.isCounter { throw EngineFailure.invalid("Cannot re-add previously dropped counter column \(name)") }
    }
    if isCounterTable, !type.isCounter {
      throw EngineFailure.configuration(
        "\(definition.keyspace).\(definition.name): Cannot have a non counter column (\"\(name)\") in a counter table")
    }
    if type.isCounter, !isCounterTable {
      throw EngineFailure.configuration(
        "\(definition.keyspace).\(definition.name): Cannot have a counter column (\"\(name)\") in a non counter table")
    }
    guard definition.statics.count + definition.regulars.count < Table.maximumColumns else {
      throw EngineFailure.invalid("A table may have at most \(Table.maximumColumns) columns")
    }
    guard definition.nextColumnID < Column.noCells else {
      throw EngineFailure.invalid("The table has had \(Column.noCells) columns, and none can be added any more")
    }
    let mask = try column.mask.map { mask throws(EngineFailure) in
      try MaskPlanner.mask(mask, of: name, type, in: keyspace)
    }
    definition.add(name, type, isStatic: column.isStatic, mask: mask)
  }

  /// Drops columns; false when none is there and need not be.
  private static func drop(
    _ draft: SchemaDraft, _ columns: [Identifier], ifExists: Bool, at time: Int64,
    from definition: inout Table.Definition, _ table: Table
  ) throws(EngineFailure) -> Bool {
    var left = NameMap(table.columns)
    var dropped: Set<ByteText> = []
    for name in columns.map(\.name) {
      guard let column = left.removeValue(forKey: name) else {
        if ifExists { continue }
        throw EngineFailure.invalid("Column \(name) was not found in table '\(table.qualifiedName)'")
      }
      try drop(draft, column, at: time, from: &definition)
      dropped.insert(name)
    }
    guard !dropped.isEmpty else { return false }
    definition.statics.removeAll { dropped.contains($0.name) }
    definition.regulars.removeAll { dropped.contains($0.name) }
    return true
  }

  /// Remembers a column as dropped.
  private static func drop(
    _ draft: SchemaDraft, _ column: Column, at time: Int64, from definition: inout Table.Definition
  ) throws(EngineFailure) {
    let name = column.name
    if column.isPrimaryKey { throw EngineFailure.invalid("Cannot drop PRIMARY KEY column \(name)") }
    if column.type.isMultiCell, case .udt(let type) = column.wire {
      throw EngineFailure.invalid("Cannot drop non-frozen column \(name) of user type \(type.name)")
    }
    let dependent = definition.indexes.filter { $0.column.hasSameBytes(as: name) }
    guard dependent.isEmpty else {
      throw EngineFailure.invalid(
        "Cannot drop column \(name) because it has dependent secondary indexes "
          + "(\(dependent.map(\.name).joined(separator: ", ")))")
    }
    try ViewEditor.checkDroppable(column, of: definition)
    if definition.isDense { throw EngineFailure.invalid("Cannot drop the only value of a COMPACT STORAGE table") }
    var type = column.type
    if let keyspace = draft.keyspaces[definition.keyspace] {
      type = try TypeResolver(keyspace).meaning(of: column.type.name.expandingUserTypes(keyspace))
    }
    // What an earlier drop has taken away does not come back with one at an earlier time.
    definition.dropped[name] = DroppedColumn(
      name: name, type: type, isStatic: column.kind == .static,
      time: max(time, definition.dropped[name]?.time ?? .min), id: column.id)
  }

  private static func rename(
    _ renaming: Renaming, in definition: inout Table.Definition, _ table: Table, _ columns: inout NameMap<Column>
  ) throws(EngineFailure) {
    guard let column = columns[renaming.from.name] else {
      throw EngineFailure.invalid(
        "Undefined column name \(renaming.from.cql) in table \(definition.keyspace).\(definition.name)")
    }
    guard column.isPrimaryKey else {
      throw EngineFailure.invalid("Cannot rename non PRIMARY KEY column \(column.name)")
    }
    guard columns[renaming.to.name] == nil else {
      throw EngineFailure.invalid(
        "Cannot rename column \(column.name) to \(renaming.to.name) in table '\(table.qualifiedName)'; another column "
          + "with that name already exists")
    }
    let dependent = table.indexes(on: column)
    guard dependent.isEmpty else {
      throw EngineFailure.invalid(
        "Can't rename column \(column.name) because it has dependent secondary indexes "
          + "(\(dependent.map(\.name).joined(separator: ", ")))")
    }
    for index in definition.views.indices { definition.views[index].rename(column.name, to: renaming.to) }
    let renamed = column.changed(name: renaming.to.name)
    columns.removeValue(forKey: column.name)
    columns[renamed.name] = renamed
    if column.kind == .partitionKey {
      definition.partitionKey[column.position] = renamed
    } else {
      definition.clustering[column.position] = renamed
    }
  }
}

extension TypeName {
  /// The type with every user type as a tuple of its fields, as Cassandra remembers the types of dropped columns.
  func expandingUserTypes(_ keyspace: Keyspace) -> TypeName {
    switch self {
    case .native, .custom: self
    case .list(let element): .list(element.expandingUserTypes(keyspace))
    case .set(let element): .set(element.expandingUserTypes(keyspace))
    case .map(let key, let value):
      .map(key: key.expandingUserTypes(keyspace), value: value.expandingUserTypes(keyspace))
    case .tuple(let elements): .tuple(elements.map { $0.expandingUserTypes(keyspace) })
    case .vector(let element, let dimension):
      .vector(element: element.expandingUserTypes(keyspace), dimension: dimension)
    case .frozen(let inner): .frozen(inner.expandingUserTypes(keyspace))
    case .userDefined(let name):
      .tuple((keyspace.types[name.name.name]?.fields ?? []).map { $0.type.name.expandingUserTypes(keyspace) })
    }
  }
}
