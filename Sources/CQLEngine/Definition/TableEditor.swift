import CassandraBytes
import CQLLanguage
import CassandraWire

/// Makes and drops tables.
enum TableEditor {
  /// The most characters of a table's name.
  private static let maximumNameLength = 222

  static func create(
    _ draft: inout SchemaDraft, _ statement: CreateTableStatement
  ) throws(EngineFailure) -> SchemaChange? {
    let keyspaceName = try draft.modifiableKeyspace(of: statement.table)
    let name = statement.table.name.name
    let written = statement.table.keyspace.map { "\($0.name).\(name)" } ?? name
    let key = try primaryKey(of: statement, named: written)
    guard let keyspace = draft.keyspaces[keyspaceName] else {
      throw EngineFailure.invalid("Keyspace '\(keyspaceName)' doesn't exist")
    }
    guard keyspace.tables[name] == nil else {
      if statement.ifNotExists { return nil }
      throw EngineFailure(
        .alreadyExists, "Cannot add already existing table \"\(name)\" to keyspace \"\(keyspaceName)\"",
        detail: .alreadyExists(keyspace: keyspaceName, table: name))
    }
    let definition = try definition(draft, statement, key, in: keyspace)
    try TypeExtent.check(definition)
    draft.put(definition)
    return SchemaChange(.created, keyspace: keyspaceName, .table(name))
  }

  /// Refuses what cannot be the name of a table.
  static func checkName(_ name: String, of keyspace: String) throws(EngineFailure) {
    guard Identifier.isWord(name) else {
      throw EngineFailure.configuration(
        "\(keyspace).\(name): Table name must not be empty or not contain non-alphanumeric-underscore characters (got "
          + "\"\(name)\")")
    }
    guard name.count <= maximumNameLength else {
      throw EngineFailure.configuration(
        "\(keyspace).\(name): Table name must not be more than \(maximumNameLength) characters long (got "
          + "\(name.count) characters for \"\(name)\")")
    }
  }

  /// The number that a statement gives its table.
  static func tableID(_ property: Property) throws(EngineFailure) -> CQLUUID {
    guard let id = CQLUUID(try property.text()) else { throw EngineFailure.configuration("Invalid table id") }
    return id
  }

  /// Refuses the number of another table.
  static func unused(_ draft: SchemaDraft, _ id: CQLUUID?) throws(EngineFailure) -> CQLUUID? {
    guard let id else { return nil }
    guard draft.keyspaces.values.allSatisfy({ $0.tables.values.allSatisfy { $0.definition.id != id } }) else {
      throw EngineFailure(.serverError, "java.lang.IllegalArgumentException: Multiple entries with same key: \(id)")
    }
    return id
  }

  /// The definition of a table that is in no keyspace yet.
  static func definition(
    _ draft: SchemaDraft, _ statement: CreateTableStatement, _ key: PrimaryKeyColumns, in keyspace: Keyspace
  ) throws(EngineFailure) -> Table.Definition {
    let name = statement.table.name.name
    try Self.checkName(name, of: keyspace.name)
    guard statement.columns.count <= Table.maximumColumns else {
      throw EngineFailure.invalid("A table may have at most \(Table.maximumColumns) columns")
    }
    let columns = try ColumnDeclarations(statement, key, keyspace, name: name)
    var orders: [ClusteringOrder] = []
    var properties: [Property] = []
    var id: CQLUUID?
    var isCompact = false
    for option in statement.options {
      switch option {
      case .property(let property) where property.name.name == "id": id = try Self.tableID(property)
      case .property(let property): properties.append(property)
      case .compactStorage: isCompact = true
      case .clusteringOrder(let columns): orders = columns
      }
    }
    let descending = try Self.descending(orders, key.clustering)
    var definition = Table.Definition(
      keyspace: keyspace.name, name: name, id: try unused(draft, id) ?? draft.makeID(), number: draft.makeNumber(),
      partitionKey: [],
      clustering: [],
      statics: [], regulars: [])
    for column in key.partition {
      let type = try columns.keyType(column)
      definition.partitionKey.append(
        Column(
          column.name, .partitionKey, position: definition.partitionKey.count, type, id: Column.noCells,
          mask: columns.masks[column.name]))
    }
    for column in key.clustering {
      let type = try columns.keyType(column)
      definition.clustering.append(
        Column(
          column.name, .clustering, position: definition.clustering.count, type,
          isDescending: descending.contains(column.name) || columns.reversed.contains(column.name), id: Column.noCells,
          mask: columns.masks[column.name]))
    }
    for column in columns.others {
      definition.add(column.name, column.type, isStatic: column.isStatic, mask: columns.masks[column.name])
    }
    definition.isCompact = isCompact
    try definition.checkCompact()
    if !definition.statics.isEmpty, definition.clustering.isEmpty {
      throw EngineFailure.invalid(
        "Static columns are only useful (and thus allowed) if the table has at least one clustering column")
    }
    let others = definition.statics + definition.regulars
    if others.contains(where: { $0.type.isCounter }), !others.allSatisfy({ $0.type.isCounter }) {
      throw EngineFailure.invalid("Cannot mix counter and non counter columns in the same table")
    }
    try definition.options.applyToNew(properties)
    if definition.options.defaultTimeToLive > 0, others.contains(where: { $0.type.isCounter }) {
      throw EngineFailure.invalid("Cannot set default_time_to_live on a table with counters")
    }
    return definition
  }

  /// The primary key, wherever it is declared.
  static func primaryKey(of statement: CreateTableStatement, named name: String)
    throws(EngineFailure) -> PrimaryKeyColumns
  {
    let table = statement.table.name.name
    var seen: Set<ByteText> = []
    for column in statement.columns where !seen.insert(column.name.name).inserted {
      throw EngineFailure.invalid("Duplicate column '\(column.name.name)' declaration for table '\(name)'")
    }
    let keys =
      statement.primaryKeys.map { PrimaryKeyColumns(partition: $0.partition, clustering: $0.clustering) }
      + statement.columns.filter(\.isPrimaryKey).map { PrimaryKeyColumns(partition: [$0.name], clustering: []) }
    guard let key = keys.first else {
      throw EngineFailure.invalid("No PRIMARY KEY specifed for table '\(name)' (exactly one required)")
    }
    guard keys.count == 1 else {
      throw EngineFailure.invalid("Multiple PRIMARY KEY specified for table '\(name)' (exactly one required)")
    }
    var declarations: NameMap<ColumnDefinition> = [:]
    for column in statement.columns { declarations[column.name.name] = column }
    var used: Set<ByteText> = []
    for column in key.partition + key.clustering {
      guard let declared = declarations[column.name] else {
        throw EngineFailure.invalid("Unknown column '\(column.name)' referenced in PRIMARY KEY for table '\(table)'")
      }
      guard used.insert(column.name).inserted else {
        throw EngineFailure.invalid("Duplicate column '\(column.name)' in PRIMARY KEY clause for table '\(table)'")
      }
      if declared.isStatic {
        throw EngineFailure.invalid("Static column '\(column.name)' cannot be part of the PRIMARY KEY")
      }
    }
    return key
  }

  /// The names of the clustering columns in descending order.
  private static func descending(
    _ orders: [ClusteringOrder], _ clustering: [Identifier]
  ) throws(EngineFailure) -> Set<ByteText> {
    guard !orders.isEmpty else { return [] }
    let names = Set(clustering.map { ByteText($0.name) })
    let strangers = orders.map(\.column.name).filter { !names.contains($0) }
    guard strangers.isEmpty else {
      throw EngineFailure.invalid(
        "Only clustering key columns can be defined in CLUSTERING ORDER directive: [\(strangers.joined(separator: ", "))] "
          + "are not clustering columns")
    }
    // Columns at the end may be left out.
    for (name, order) in zip(clustering.map(\.name), orders) where !order.column.name.hasSameBytes(as: name) {
      guard orders.contains(where: { $0.column.name.hasSameBytes(as: name) }) else {
        throw EngineFailure.invalid("Missing CLUSTERING ORDER for column \(name)")
      }
      throw EngineFailure.invalid(
        "The order of columns in the CLUSTERING ORDER directive must match that of the clustering columns (\(name) must "
          + "appear before \(order.column.name))")
    }
    return Set(orders.filter(\.isDescending).map { ByteText($0.column.name) })
  }

  static func drop(_ draft: inout SchemaDraft, _ statement: DropStatement) throws(EngineFailure) -> SchemaChange? {
    let keyspace = try draft.modifiableKeyspace(of: statement.name)
    let name = statement.name.name.name
    guard let table = draft.keyspaces[keyspace]?.tables[name] else {
      return try draft.missing("Table '\(keyspace).\(name)' doesn't exist", ifExists: statement.ifExists)
    }
    try ViewEditor.checkDroppable(table)
    draft.keyspaces[keyspace]?.removeTable(name)
    draft.drop(recordsOf: table)
    return SchemaChange(.dropped, keyspace: keyspace, .table(name))
  }
}

/// The names of a primary key's columns.
struct PrimaryKeyColumns {
  /// The columns that a partition is found by.
  var partition: [Identifier]
  /// The columns that its rows are ordered by.
  var clustering: [Identifier]
}

/// The columns that a CREATE TABLE declares, with what their types mean.
private struct ColumnDeclarations {
  private var types: NameMap<ColumnType> = [:]
  /// The columns outside of the primary key, in the order of the text.
  private(set) var others: [(name: String, type: ColumnType, isStatic: Bool)] = []
  /// The columns whose types are named by the class that turns an order round.
  private(set) var reversed: Set<ByteText> = []
  /// The masks of all columns that have one.
  private(set) var masks: NameMap<ColumnMasking> = [:]

  init(
    _ statement: CreateTableStatement, _ key: PrimaryKeyColumns, _ keyspace: Keyspace, name: String
  ) throws(EngineFailure) {
    let resolver = TypeResolver(keyspace)
    let keyNames = Set((key.partition + key.clustering).map { ByteText($0.name) })
    for column in statement.columns {
      let type = try resolver.resolve(column.type)
      if case .custom(let className) = column.type {
        // Only the name in CQL makes a table one of counters.
        if type.isCounter {
          throw EngineFailure.configuration(
            "\(keyspace.name).\(name): Cannot have a counter column (\"\(column.name.name)\") in a non counter table")
        }
        if MarshalledName.isReversed(className) { reversed.insert(ByteText(column.name.name)) }
      }
      if let mask = column.mask {
        masks[column.name.name] = try MaskPlanner.mask(mask, of: column.name.name, type, in: keyspace)
      }
      types[column.name.name] = type
      if keyNames.contains(column.name.name) { continue }
      try type.checkStorable()
      others.append((column.name.name, type, column.isStatic))
    }
  }

  /// The type of a column of the primary key.
  func keyType(_ column: Identifier) throws(EngineFailure) -> ColumnType {
    guard let type = types[column.name] else { throw EngineFailure.invalid("Unknown column '\(column.name)'") }
    if type.isCounter {
      throw EngineFailure.invalid("counter type is not supported for PRIMARY KEY column '\(column.name)'")
    }
    if type.isMultiCell {
      if case .udt(let definition) = type.wire {
        throw EngineFailure.invalid(
          "Invalid non-frozen user-defined type \"\(definition.keyspace).\(definition.name)\" for PRIMARY KEY column '"
            + "\(column.name)'")
      }
      throw EngineFailure.invalid(
        "Invalid non-frozen collection type \(type.cql) for PRIMARY KEY column '\(column.name)'")
    }
    if type.hasDuration {
      throw EngineFailure.invalid("duration type is not supported for PRIMARY KEY column '\(column.name)'")
    }
    return type
  }
}

extension ColumnType {
  /// Refuses what cannot be a column outside of the primary key.
  func checkStorable() throws(EngineFailure) {
    if hasUnfrozenFields {
      throw EngineFailure.invalid("Non-frozen UDTs with nested non-frozen collections are not supported")
    }
  }
}

extension Table.Definition {
  /// Adds a column outside of the primary key: with a number of its own, or with the one that it had before.
  mutating func add(_ name: String, _ type: ColumnType, isStatic: Bool, mask: ColumnMasking?) {
    let former = dropped[name]?.id
    let column = Column(name, isStatic ? .static : .regular, type, id: former ?? nextColumnID, mask: mask)
    if former == nil { nextColumnID += 1 }
    if isStatic { Self.insert(column, into: &statics) } else { Self.insert(column, into: &regulars) }
  }

  /// Puts a column where its name belongs, without sorting the others anew.
  private static func insert(_ column: Column, into columns: inout [Column]) {
    var low = 0
    var high = columns.count
    while low < high {
      let middle = (low + high) / 2
      if columns[middle].name.utf8.lexicographicallyPrecedes(column.name.utf8) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    columns.insert(column, at: low)
  }
}
