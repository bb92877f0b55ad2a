import CassandraBytes
import CQLLanguage
import CassandraWire

/// Applies a statement that changes the schema to a copy of it, or refuses as Cassandra does.
///
/// It does no I/O: the engine stores the result, tells the storage what to drop and build, and publishes it.
struct SchemaEditor {
  /// The schema so far, changed by ``apply(_:)``.
  var keyspaces: NameMap<Keyspace>
  /// The keyspace in use.
  let used: String?
  /// The data centre of the node, the only one that replication may name.
  let dataCentre: String
  /// Microseconds since 1970, for dropped columns.
  let now: Int64
  /// Makes the number of a new table or index.
  let makeNumber: () -> TableNumber
  /// Makes the id of a new table.
  let makeID: () -> CQLUUID

  /// The tables and indexes whose records have to go.
  var droppedNumbers: [TableNumber] = []
  /// The index that has to be built, with its table.
  var indexToBuild: (keyspace: String, table: String, index: String)?
  /// The view that has to be built, with its base.
  var viewToBuild: (keyspace: String, table: String, view: String)?
  /// What the client should be warned of.
  var warnings: [String] = []

  init(
    _ schema: Schema, used: String?, dataCentre: String, now: Int64, makeNumber: @escaping () -> TableNumber,
    makeID: @escaping () -> CQLUUID
  ) {
    keyspaces = schema.keyspaces
    self.used = used
    self.dataCentre = dataCentre
    self.now = now
    self.makeNumber = makeNumber
    self.makeID = makeID
  }

  /// Applies a statement; nil when nothing has changed, because of an `IF`.
  mutating func apply(_ statement: CQLStatement) throws(EngineFailure) -> SchemaChange? {
    switch statement {
    case .createKeyspace(let statement): try create(statement)
    case .alterKeyspace(let statement): try alter(statement)
    case .createTable(let statement): try create(statement)
    case .alterTable(let statement): try alter(statement)
    case .createType(let statement): try create(statement)
    case .alterType(let statement): try alter(statement)
    case .createIndex(let statement): try create(statement)
    case .drop(let statement): try drop(statement)
    case .createView(let statement): try create(statement)
    case .alterView(let statement): try alter(statement)
    case .createTrigger: throw EngineFailure.unsupported("CREATE TRIGGER")
    case .dropTrigger(let statement): try drop(statement)
    case .createFunction(let statement): try create(statement)
    case .createAggregate(let statement): try create(statement)
    case .dropFunction(let statement): try drop(statement)
    default: throw EngineFailure.unsupported(statement.name)
    }
  }

  /// The keyspace of a name, and a refusal for those that belong to the node.
  func modifiableKeyspace(of name: QualifiedName) throws(EngineFailure) -> String {
    let keyspace = try Schema.keyspaceName(of: name, in: used)
    try checkModifiable(keyspace)
    return keyspace
  }

  /// Refuses changes of what belongs to the node.
  func checkModifiable(_ keyspace: String) throws(EngineFailure) {
    guard keyspaces[keyspace]?.isSystem == true else { return }
    if keyspaces[keyspace]?.isVirtual == true {
      throw EngineFailure.invalid("Virtual keyspace '\(keyspace)' is not user-modifiable")
    }
    throw EngineFailure(.unauthorized, "\(keyspace) keyspace is not user-modifiable.")
  }

  /// `keyspace.name`.
  func qualified(_ name: QualifiedName) throws(EngineFailure) -> String {
    "\(try Schema.keyspaceName(of: name, in: used)).\(name.name.name)"
  }

  /// The table of a statement, or nil; the keyspace may be missing too.
  func table(_ name: QualifiedName) throws(EngineFailure) -> Table? {
    keyspaces[try modifiableKeyspace(of: name)]?.tables[name.name.name]
  }

  /// Replaces a table, or adds it.
  mutating func put(_ definition: Table.Definition) {
    keyspaces[definition.keyspace]?.put(Table(definition))
  }

  static func isWord(_ name: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }
}

extension SchemaEditor {
  // MARK: DROP

  private mutating func drop(_ statement: DropStatement) throws(EngineFailure) -> SchemaChange? {
    switch statement.kind {
    case .keyspace: try dropKeyspace(statement)
    case .table: try dropTable(statement)
    case .type: try dropType(statement)
    case .index: try dropIndex(statement)
    case .view: try dropView(statement)
    }
  }

  /// Refuses because something is not there, unless `IF EXISTS` allows it.
  func missing(_ message: String, ifExists: Bool) throws(EngineFailure) -> SchemaChange? {
    guard ifExists else { throw EngineFailure.invalid(message) }
    return nil
  }

  private mutating func dropKeyspace(_ statement: DropStatement) throws(EngineFailure) -> SchemaChange? {
    let name = statement.name.name.name
    try checkModifiable(name)
    guard let keyspace = keyspaces.removeValue(forKey: name) else {
      return try missing("Keyspace '\(name)' doesn't exist", ifExists: statement.ifExists)
    }
    for table in keyspace.sortedTables { drop(recordsOf: table) }
    return SchemaChange(.dropped, keyspace: name, .keyspace)
  }

  private mutating func dropTable(_ statement: DropStatement) throws(EngineFailure) -> SchemaChange? {
    let keyspace = try modifiableKeyspace(of: statement.name)
    let name = statement.name.name.name
    guard let table = keyspaces[keyspace]?.tables[name] else {
      return try missing("Table '\(keyspace).\(name)' doesn't exist", ifExists: statement.ifExists)
    }
    try checkDroppable(table)
    keyspaces[keyspace]?.removeTable(name)
    drop(recordsOf: table)
    return SchemaChange(.dropped, keyspace: keyspace, .table(name))
  }

  private mutating func drop(recordsOf table: Table) {
    droppedNumbers.append(table.number)
    droppedNumbers += table.indexes.map(\.number) + table.definition.views.map(\.number)
  }

  private mutating func dropType(_ statement: DropStatement) throws(EngineFailure) -> SchemaChange? {
    let keyspaceName = try modifiableKeyspace(of: statement.name)
    let name = statement.name.name.name
    guard let keyspace = keyspaces[keyspaceName], keyspace.types[name] != nil else {
      return try missing("Type '\(keyspaceName).\(name)' doesn't exist", ifExists: statement.ifExists)
    }
    try checkUnusedByFunctions(name, in: keyspace)
    let types = keyspace.sortedTypes.filter { type in type.fields.contains { $0.type.name.userTypes.contains(name) } }
    guard types.isEmpty else {
      throw EngineFailure.invalid(
        "Cannot drop user type '\(keyspaceName).\(name)' as it is still used by user types "
          + types.map(\.name).joined(separator: ", "))
    }
    let tables = keyspace.sortedTables.filter { table in
      table.columns.contains { $0.type.name.userTypes.contains(name) }
    }
    guard tables.isEmpty else {
      throw EngineFailure.invalid(
        "Cannot drop user type '\(keyspaceName).\(name)' as it is still used by tables "
          + tables.map(\.name).joined(separator: ", "))
    }
    keyspaces[keyspaceName]?.types[name] = nil
    return SchemaChange(.dropped, keyspace: keyspaceName, .type(name))
  }

  private mutating func dropIndex(_ statement: DropStatement) throws(EngineFailure) -> SchemaChange? {
    let keyspace = try modifiableKeyspace(of: statement.name)
    let name = statement.name.name.name
    guard let table = keyspaces[keyspace]?.table(withIndex: name) else {
      return try missing("Index '\(keyspace).\(name)' doesn't exist'", ifExists: statement.ifExists)
    }
    var definition = table.definition
    droppedNumbers += definition.indexes.filter { $0.name == name }.map(\.number)
    definition.indexes.removeAll { $0.name == name }
    put(definition)
    return SchemaChange(.updated, keyspace: keyspace, .table(table.name))
  }

  private func drop(_ statement: DropTriggerStatement) throws(EngineFailure) -> SchemaChange? {
    let table = try qualified(statement.table)
    return try missing(
      "Trigger '\(statement.trigger.name)' on '\(table)' doesn't exist", ifExists: statement.ifExists)
  }
}
