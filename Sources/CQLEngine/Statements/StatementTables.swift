import CassandraBytes
import CQLLanguage
import CassandraWire

/// The tables that a statement reads or writes, and what they were when it was prepared.
///
/// A client keeps what the preparation has told it: the columns of the result, the types of the markers. When these may be
/// others, a Cassandra has forgotten the statement, so that the client asks again; and so does the node.
struct StatementTables: Sendable {
  private let names: [(keyspace: String, table: String)]
  /// A digest of what the tables were.
  private let digest: [UInt8]

  /// The tables of a statement whose unqualified names belong to a keyspace.
  init(of statement: CQLStatement, in used: String?, _ schema: Schema) {
    let written: [QualifiedName] =
      switch statement {
      case .select(let statement): [statement.table]
      case .insert(let statement): [statement.table]
      case .update(let statement): [statement.table]
      case .delete(let statement): [statement.table]
      case .batch(let batch): batch.members.map(\.table)
      default: []
      }
    names = written.compactMap { name in
      (name.keyspace?.name ?? used).map { (keyspace: $0, table: name.name.name) }
    }
    digest = Self.digest(of: names, schema)
  }

  /// Whether they are what they were: the same columns of the same types, the same indexes. Options do not count, nor does
  /// what is in them.
  func areUnchanged(in schema: Schema) -> Bool { names.isEmpty || Self.digest(of: names, schema) == digest }

  private static func digest(of names: [(keyspace: String, table: String)], _ schema: Schema) -> [UInt8] {
    var writer = DocumentWriter()
    for name in names {
      guard let table = schema.keyspaces[name.keyspace]?.tables[name.table] else {
        writer.write(false)
        continue
      }
      writer.write(true)
      writer.write(table.definition.id.high)
      writer.write(table.definition.id.low)
      writer.write(table.columns) { writer, column in
        writer.write(column.name)
        writer.write(column.kind.rawValue)
        writer.write(column.type.isMultiCell)
        writer.write(column.wire.marshalClassName)
        writer.write(column.mask?.cql ?? "")
      }
      writer.write(table.indexes) { $0.write($1.number.rawValue) }
    }
    return MD5.digest(writer.bytes)
  }
}

extension BatchStatement.Member {
  fileprivate var table: QualifiedName {
    switch self {
    case .insert(let statement): statement.table
    case .update(let statement): statement.table
    case .delete(let statement): statement.table
    }
  }
}
