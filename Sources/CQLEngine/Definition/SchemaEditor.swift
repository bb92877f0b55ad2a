import CQLLanguage
import CassandraWire

/// Applies a statement that changes the schema to a draft of it, or refuses as Cassandra does.
///
/// It does no I/O: the engine stores the result, tells the storage what to drop and build, and publishes it. For each kind
/// of thing there is an editor, which knows what may become of it.
enum SchemaEditor {
  /// Applies a statement; nil when nothing has changed, because of an `IF`.
  static func apply(_ statement: CQLStatement, to draft: inout SchemaDraft) throws(EngineFailure) -> SchemaChange? {
    switch statement {
    case .createKeyspace(let statement): try KeyspaceEditor.create(&draft, statement)
    case .alterKeyspace(let statement): try KeyspaceEditor.alter(&draft, statement)
    case .createTable(let statement): try TableEditor.create(&draft, statement)
    case .alterTable(let statement): try TableAlteration.alter(&draft, statement)
    case .createType(let statement): try TypeEditor.create(&draft, statement)
    case .alterType(let statement): try TypeEditor.alter(&draft, statement)
    case .createIndex(let statement): try IndexEditor.create(&draft, statement)
    case .drop(let statement): try drop(&draft, statement)
    case .createView(let statement): try ViewEditor.create(&draft, statement)
    case .alterView(let statement): try ViewEditor.alter(&draft, statement)
    case .createTrigger: throw EngineFailure.unsupported("CREATE TRIGGER")
    case .dropTrigger(let statement): try drop(draft, statement)
    case .createFunction(let statement): try FunctionEditor.create(&draft, statement)
    case .createAggregate(let statement): try FunctionEditor.create(&draft, statement)
    case .dropFunction(let statement): try FunctionEditor.drop(&draft, statement)
    default: throw EngineFailure.unsupported(statement.name)
    }
  }

  private static func drop(
    _ draft: inout SchemaDraft, _ statement: DropStatement
  ) throws(EngineFailure) -> SchemaChange? {
    switch statement.kind {
    case .keyspace: try KeyspaceEditor.drop(&draft, statement)
    case .table: try TableEditor.drop(&draft, statement)
    case .type: try TypeEditor.drop(&draft, statement)
    case .index: try IndexEditor.drop(&draft, statement)
    case .view: try ViewEditor.drop(&draft, statement)
    }
  }

  private static func drop(
    _ draft: SchemaDraft, _ statement: DropTriggerStatement
  ) throws(EngineFailure) -> SchemaChange? {
    let table = try draft.qualified(statement.table)
    return try draft.missing(
      "Trigger '\(statement.trigger.name)' on '\(table)' doesn't exist", ifExists: statement.ifExists)
  }
}
