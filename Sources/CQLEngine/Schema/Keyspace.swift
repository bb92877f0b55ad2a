import CassandraBytes
import CQLLanguage
import CassandraWire

/// A keyspace as one version of the schema has it.
struct Keyspace: Sendable {
  /// Its name.
  var name: String
  /// The options of its replication with the full name of the class; kept and shown.
  var replication: NameMap<String>
  /// Kept and shown.
  var durableWrites = true
  /// Its user types by name.
  var types: NameMap<UserType> = [:]
  /// Its tables and their views by name.
  private(set) var tables: NameMap<Table> = [:]
  /// Its functions.
  var functions: [FunctionSignature: UserFunction] = [:]
  /// Its aggregates.
  var aggregates: [FunctionSignature: UserAggregate] = [:]
  /// Whether it belongs to the node.
  var isSystem = false
  /// Whether Cassandra too makes its rows when they are read, and keeps it out of `system_schema`.
  var isVirtual = false

  /// The tables in the order of their names, without views.
  var sortedTables: [Table] { sorted { !$0.isView } }

  /// The views in the order of their names.
  var sortedViews: [Table] { sorted { $0.isView } }

  private func sorted(_ isWanted: (Table) -> Bool) -> [Table] {
    tables.values.filter(isWanted).sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// Adds a table and its views, or replaces what there is of them.
  mutating func put(_ table: Table) {
    removeTable(table.name)
    tables[table.name] = table
    for view in table.views { tables[view.name] = view }
  }

  /// Removes a table and its views; the table that was there.
  @discardableResult
  mutating func removeTable(_ name: String) -> Table? {
    guard let table = tables.removeValue(forKey: name) else { return nil }
    for view in table.views { tables[view.name] = nil }
    return table
  }

  /// The types in the order of their names.
  var sortedTypes: [UserType] { types.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } }

  /// The table of that name, or Cassandra's refusal.
  func table(named name: String) throws(EngineFailure) -> Table {
    guard let table = tables[name] else { throw EngineFailure.invalid("table \(name) does not exist") }
    return table
  }

  /// How many replicas its replication wants in a datacenter.
  func replicas(in dataCentre: String) -> Int {
    let text = replication[dataCentre] ?? replication["replication_factor"]
    // Behind a slash stands how many of them would be transient.
    return text.flatMap { Int($0.prefix(beforeASCII: "/")) } ?? (isSystem ? 1 : 0)
  }

  /// Whether its replication factor is zero.
  var isUnreplicated: Bool {
    replication["replication_factor"].map { Int($0.prefix(beforeASCII: "/")) == 0 } ?? false
  }

  /// The table that has an index of that name.
  func table(withIndex name: String) -> Table? {
    tables.values.first { $0.indexes.contains { $0.name == name } }
  }

  /// Whether Cassandra would replicate it.
  var isReplicated: Bool { replication["replication_factor"] != nil }
}

/// One version of the schema: replaced as a whole, never changed.
final class Schema: Sendable {
  /// The version in `system.local`: another one after each change.
  let version: CQLUUID
  /// Counts the versions since the start.
  let generation: Int
  /// All keyspaces by name, those of the node too.
  let keyspaces: NameMap<Keyspace>
  /// Whether there is a keyspace that nobody has a replica of.
  let hasUnreplicated: Bool

  init(version: CQLUUID, generation: Int, keyspaces: NameMap<Keyspace>) {
    hasUnreplicated = keyspaces.values.contains { $0.isUnreplicated }
    self.version = version
    self.generation = generation
    self.keyspaces = keyspaces
  }

  /// The keyspaces in the order of their names.
  var sortedKeyspaces: [Keyspace] {
    keyspaces.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// The keyspace of a statement's name: its own, else the one in use.
  static func keyspaceName(of name: QualifiedName, in used: String?) throws(EngineFailure) -> String {
    if let keyspace = name.keyspace { return keyspace.name }
    guard let used else {
      throw EngineFailure.invalid(
        "No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename")
    }
    return used
  }

  /// The table of that name in a statement that reads or writes.
  func table(_ name: QualifiedName, in used: String?) throws(EngineFailure) -> Table {
    let keyspaceName = try Self.keyspaceName(of: name, in: used)
    guard let keyspace = keyspaces[keyspaceName] else {
      throw EngineFailure.invalid("keyspace \(keyspaceName) does not exist")
    }
    return try keyspace.table(named: name.name.name)
  }

  /// The tables that the store keeps.
  var storedTables: [Table] { keyspaces.values.flatMap { $0.tables.values.filter { !$0.isVirtual } } }
}
