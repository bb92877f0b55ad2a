import CassandraBytes
import CQLLanguage
import CassandraWire

/// A copy of the schema that a statement changes, and what has to be done when it is kept.
struct SchemaDraft {
  /// The schema so far.
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

  /// Notes that the records of a table, its indexes and its views have to go.
  mutating func drop(recordsOf table: Table) {
    droppedNumbers.append(table.number)
    droppedNumbers += table.indexes.map(\.number) + table.definition.views.map(\.number)
  }

  /// Refuses because something is not there, unless `IF EXISTS` allows it.
  func missing(_ message: String, ifExists: Bool) throws(EngineFailure) -> SchemaChange? {
    guard ifExists else { throw EngineFailure.invalid(message) }
    return nil
  }
}

extension Identifier {
  /// Whether a name is made of letters, digits and underscores of ASCII alone.
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
