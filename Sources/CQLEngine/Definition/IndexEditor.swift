import CQLLanguage
import CassandraWire

/// Makes and drops indexes.
enum IndexEditor {
  static func create(
    _ draft: inout SchemaDraft, _ statement: CreateIndexStatement
  ) throws(EngineFailure) -> SchemaChange? {
    let keyspaceName = try draft.modifiableKeyspace(of: statement.table)
    guard let keyspace = draft.keyspaces[keyspaceName] else {
      throw EngineFailure.invalid("Keyspace '\(keyspaceName)' doesn't exist")
    }
    let tableName = statement.table.name.name
    guard let table = keyspace.tables[tableName] else {
      throw EngineFailure.invalid("Table '\(tableName)' doesn't exist")
    }
    let className = try Self.className(statement)
    if let name = statement.name {
      if keyspace.table(withIndex: name.name) != nil {
        if statement.ifNotExists { return nil }
        throw EngineFailure.invalid("Index '\(name.name)' already exists")
      }
    }
    if table.isView { throw EngineFailure.invalid("Secondary indexes on materialized views aren't supported") }
    if table.isCounter { throw EngineFailure.invalid("Secondary indexes on counter tables aren't supported") }
    guard let target = statement.targets.first else {
      throw EngineFailure.invalid("Only CUSTOM indexes can be created without specifying a target column")
    }
    guard statement.targets.count == 1 else {
      throw EngineFailure.invalid("Only CUSTOM indexes support multiple columns")
    }
    let options = try Self.options(statement, className)
    let column = try table.column(named: target.column)
    if table.definition.isCompact, column.isPrimaryKey {
      throw EngineFailure.invalid(
        "Secondary indexes are not supported on PRIMARY KEY columns in COMPACT STORAGE tables")
    }
    if table.definition.isDense {
      throw EngineFailure.invalid(
        "Secondary indexes are not supported on compact value column of COMPACT STORAGE tables")
    }
    let part = try Self.part(target.part, of: column, in: table)
    let name = statement.name?.name ?? Self.freeName(table.name + "_" + column.name, in: keyspace)
    if className != nil {
      try Self.checkAttachable(column, part)
      try IndexOptions.check(options, on: column, part)
    }
    let index = Index(
      name: name, column: column.name, part: part, className: className, options: options, number: draft.makeNumber(),
      isBuilding: true)
    if className != nil, table.indexes(on: column).contains(where: { $0.className != nil && $0.part == part }) {
      if statement.ifNotExists { return nil }
      throw EngineFailure.invalid(
        "Cannot create more than one storage-attached index on the same column: \(column.name)")
    }
    if let twin = table.indexes.first(where: {
      $0.column == index.column && $0.part == index.part && $0.className == index.className
    }) {
      if statement.ifNotExists { return nil }
      throw EngineFailure.invalid("Index \(name) is a duplicate of existing index \(twin.name)")
    }
    guard Identifier.isWord(name) else { throw EngineFailure.configuration("Illegal index name \(name)") }
    var definition = table.definition
    definition.indexes.append(index)
    definition.indexes.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    draft.put(definition)
    // Cassandra says it of all such indexes of the table whenever one is made.
    let vectors = definition.indexes.count { index in
      index.className != nil && table.column(index.column).flatMap { FloatVector.dimensions($0.wire) } != nil
    }
    draft.warnings += Array(repeating: IndexOptions.vectorWarning, count: vectors)
    draft.indexToBuild = (keyspaceName, tableName, name)
    return SchemaChange(.updated, keyspace: keyspaceName, .table(tableName))
  }

  /// The class of a storage-attached index; nil for an index of Cassandra's first kind.
  private static func className(_ statement: CreateIndexStatement) throws(EngineFailure) -> String? {
    guard let implementation = statement.implementation else {
      guard statement.isCustom else { return nil }
      throw EngineFailure.configuration("Unable to find custom indexer class 'legacy_local_table'")
    }
    switch implementation.lowercased() {
    case "legacy_local_table" where !statement.isCustom: return nil
    case "sai", "storageattachedindex", "org.apache.cassandra.index.sai.storageattachedindex":
      return implementation
    case "org.apache.cassandra.index.sasi.sasiindex":
      throw EngineFailure.invalid("SASI indexes are disabled. Enable in cassandra.yaml to use.")
    default: throw EngineFailure.configuration("Unable to find custom indexer class '\(implementation)'")
    }
  }

  private static func options(
    _ statement: CreateIndexStatement, _ className: String?
  ) throws(EngineFailure) -> [(String, String)] {
    var result: [(String, String)] = []
    for property in statement.properties {
      guard property.name.name == "options" else {
        throw EngineFailure.syntax("Unknown property '\(property.name.name)'")
      }
      guard className != nil else {
        throw EngineFailure.invalid("Cannot specify options for a non-CUSTOM index")
      }
      for (key, value) in try property.entries().sorted(by: { $0.key < $1.key }) { result.append((key, value)) }
    }
    return result
  }

  private static func part(
    _ part: Index.Part, of column: Column, in table: Table
  ) throws(EngineFailure) -> Index.Part {
    let name = column.cql
    if column.kind == .partitionKey, table.partitionKey.count == 1 {
      throw EngineFailure.invalid("Cannot create secondary index on the only partition key column \(name)")
    }
    let type = column.type
    if type.wire == .duration {
      throw EngineFailure.invalid("Secondary indexes are not supported on duration columns")
    }
    if type.hasDuration {
      throw EngineFailure.invalid(
        "Secondary indexes are not supported on \(type.isCollection ? "collections" : "UDTs") containing durations")
    }
    if part == .full, !type.isCollection || type.isMultiCell {
      throw EngineFailure.invalid("full() indexes can only be created on frozen collections")
    }
    guard type.isCollection else {
      if part != .simple {
        throw EngineFailure.invalid(
          "Cannot create \(part.rawValue)() index on \(name). Non-collection columns only support simple indexes")
      }
      if type.isMultiCell { throw EngineFailure.invalid("Cannot create index on non-frozen UDT column \(name)") }
      return .simple
    }
    if !type.isMultiCell {
      guard part == .full else {
        throw EngineFailure.invalid(
          "Cannot create \(part == .simple ? "values" : part.rawValue)() index on frozen column \(name). Frozen "
            + "collections are immutable and must be fully indexed by using the 'full(\(name))' modifier")
      }
      return .full
    }
    if case .map = type.wire { return part == .simple ? .values : part }
    guard part == .simple || part == .values else {
      throw EngineFailure.invalid("Cannot create index on \(part.rawValue) of column \(name) with non-map type")
    }
    return .values
  }

  /// Refuses what a storage-attached index cannot order.
  private static func checkAttachable(_ column: Column, _ part: Index.Part) throws(EngineFailure) {
    var types = [column.wire]
    if part != .full {
      switch column.wire {
      case .list(let element), .set(let element): types = [element]
      case .map(let key, let value): types = part == .entries ? [key, value] : [part == .keys ? key : value]
      default: break
      }
    }
    if types.last == .blob { throw EngineFailure.invalid("Unsupported type: blob") }
    for type in types {
      if case .custom(let className) = type, case .lexicalUUID? = ClassType(className: className) {
        throw EngineFailure.invalid("Unsupported type: '\(className)'")
      }
    }
  }

  private static func freeName(_ stem: String, in keyspace: Keyspace) -> String {
    let base = String(stem.filter { Identifier.isWord(String($0)) }) + "_idx"
    var name = base
    var number = 0
    while keyspace.table(withIndex: name) != nil {
      number += 1
      name = "\(base)_\(number)"
    }
    return name
  }

  static func drop(_ draft: inout SchemaDraft, _ statement: DropStatement) throws(EngineFailure) -> SchemaChange? {
    let keyspace = try draft.modifiableKeyspace(of: statement.name)
    let name = statement.name.name.name
    guard let table = draft.keyspaces[keyspace]?.table(withIndex: name) else {
      return try draft.missing("Index '\(keyspace).\(name)' doesn't exist'", ifExists: statement.ifExists)
    }
    var definition = table.definition
    draft.droppedNumbers += definition.indexes.filter { $0.name == name }.map(\.number)
    definition.indexes.removeAll { $0.name == name }
    draft.put(definition)
    return SchemaChange(.updated, keyspace: keyspace, .table(table.name))
  }
}
