import CassandraBytes
import CQLLanguage
import CassandraWire

/// Makes, alters and drops materialized views.
enum ViewEditor {
  /// What Cassandra says to everybody who makes a view.
  private static let viewWarning =
    "Materialized views are experimental and are not recommended for production use."

  static func create(
    _ draft: inout SchemaDraft, _ statement: CreateViewStatement
  ) throws(EngineFailure) -> SchemaChange? {
    let keyspaceName = try draft.modifiableKeyspace(of: statement.view)
    let name = statement.view.name.name
    let tableName = statement.table.name.name
    if let other = statement.table.keyspace, !other.name.hasSameBytes(as: keyspaceName) {
      throw EngineFailure.invalid("Cannot create a materialized view on a table in a different keyspace")
    }
    guard let keyspace = draft.keyspaces[keyspaceName] else {
      throw EngineFailure.invalid("Keyspace '\(keyspaceName)' doesn't exist")
    }
    guard let table = keyspace.tables[tableName] else {
      throw EngineFailure.invalid("Base table '\(tableName)' doesn't exist")
    }
    if let known = keyspace.tables[name] {
      guard known.isView else {
        throw EngineFailure.invalid(
          "Cannot create materialized view '\(name)' - a table with the same name already exists")
      }
      if statement.ifNotExists {
        draft.warnings.append(Self.viewWarning)
        return nil
      }
      throw EngineFailure(
        .alreadyExists, "Cannot add already existing table \"\(name)\" to keyspace \"\(keyspaceName)\"",
        detail: .alreadyExists(keyspace: keyspaceName, table: name))
    }
    if table.isCounter { throw EngineFailure.invalid("Materialized views are not supported on counter tables") }
    if table.isView {
      throw EngineFailure.invalid("Materialized views cannot be created against other materialized views")
    }
    if table.definition.options.graceSeconds == 0 {
      throw EngineFailure.invalid(
        "Cannot create materialized view '\(name)' for base table '\(tableName)' with gc_grace_seconds of 0, since this "
          + "value is used to TTL undelivered updates. Setting gc_grace_seconds too low might cause undelivered updates "
          + "to expire before being replayed.")
    }
    var properties: [Property] = []
    var id: CQLUUID?
    for case .property(let property) in statement.options {
      if property.name.name == "id" { id = try TableEditor.tableID(property) } else { properties.append(property) }
    }
    var view = try ViewPlanner(statement, of: table, in: keyspace).view(
      id: try TableEditor.unused(draft, id) ?? draft.makeID(), number: draft.makeNumber())
    try view.options.applyToNew(properties)
    if view.options.defaultTimeToLive != 0 {
      throw EngineFailure.invalid(
        "Cannot set default_time_to_live for a materialized view. Data in a materialized view always expire at the same "
          + "time than the corresponding data in the parent table.")
    }
    try TableEditor.checkName(name, of: keyspaceName)
    var definition = table.definition
    definition.views.append(view)
    definition.views.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    draft.put(definition)
    draft.warnings.append(Self.viewWarning)
    draft.viewToBuild = (keyspaceName, tableName, name)
    return SchemaChange(.created, keyspace: keyspaceName, .table(name))
  }

  static func alter(
    _ draft: inout SchemaDraft, _ statement: AlterViewStatement
  ) throws(EngineFailure) -> SchemaChange? {
    guard let view = try draft.table(statement.view), let base = base(draft, of: view) else {
      return try draft.missing(
        "Materialized view '\(try draft.qualified(statement.view))' doesn't exist", ifExists: statement.ifExists)
    }
    var options = view.definition.options
    try options.apply(statement.properties)
    if options.graceSeconds == 0 {
      throw EngineFailure.invalid(
        "Cannot alter gc_grace_seconds of a materialized view to 0, since this value is used to TTL undelivered updates. "
          + "Setting gc_grace_seconds too low might cause undelivered updates to expire before being replayed.")
    }
    if options.defaultTimeToLive > 0 {
      throw EngineFailure.invalid(
        "Forbidden default_time_to_live detected for a materialized view. Data in a materialized view always expire at "
          + "the same time than the corresponding data in the parent table. default_time_to_live must be set to zero, see "
          + "CASSANDRA-12868 for more information")
    }
    guard options != view.definition.options else { return nil }
    var definition = base.definition
    for index in definition.views.indices where definition.views[index].name == view.name {
      definition.views[index].options = options
    }
    draft.put(definition)
    return SchemaChange(.updated, keyspace: view.keyspace, .table(view.name))
  }

  static func drop(_ draft: inout SchemaDraft, _ statement: DropStatement) throws(EngineFailure) -> SchemaChange? {
    guard let view = try draft.table(statement.name), let base = base(draft, of: view) else {
      return try draft.missing(
        "Materialized view '\(try draft.qualified(statement.name))' doesn't exist", ifExists: statement.ifExists)
    }
    var definition = base.definition
    definition.views.removeAll { $0.name == view.name }
    draft.put(definition)
    draft.droppedNumbers.append(view.number)
    return SchemaChange(.dropped, keyspace: view.keyspace, .table(view.name))
  }

  /// The table that a view is of; nil for a table.
  private static func base(_ draft: SchemaDraft, of view: Table) -> Table? {
    view.definition.base.flatMap { draft.keyspaces[view.keyspace]?.tables[$0.name] }
  }

  // MARK: What a table may no longer do that has views

  /// Refuses DROP TABLE of a view, and of what views are of.
  static func checkDroppable(_ table: Table) throws(EngineFailure) {
    if table.isView {
      throw EngineFailure.invalid(
        "Cannot use DROP TABLE on a materialized view. Please use DROP MATERIALIZED VIEW instead.")
    }
    guard table.views.isEmpty else {
      throw EngineFailure.invalid(
        "Cannot drop a table when materialized views still depend on it (\(table.keyspace))")
    }
  }

  /// Refuses to drop a column of a table that has views.
  static func checkDroppable(_ column: Column, of table: Table.Definition) throws(EngineFailure) {
    guard table.views.isEmpty else {
      throw EngineFailure.invalid(
        "Cannot drop column \(column.name) on base table \(table.name) with materialized views")
    }
  }

  /// Refuses options that a table with views cannot have.
  static func checkViews(of table: Table, _ options: TableOptions) throws(EngineFailure) {
    guard !table.views.isEmpty else { return }
    if options.graceSeconds == 0 {
      throw EngineFailure.invalid(
        "Cannot alter gc_grace_seconds of the base table of a materialized view to 0, since this value is used to TTL "
          + "undelivered updates. Setting gc_grace_seconds too low might cause undelivered updates to expire before being "
          + "replayed.")
    }
  }
}
