import CassandraWire

/// The rows that system tables have of materialized views.
enum ViewRows {
  /// The row of a view in `system_schema.views`; `options` are those that a table has in `system_schema.tables`.
  static func view(_ view: Table, _ options: SchemaRows.Values) -> SystemRow? {
    guard let base = view.definition.base else { return nil }
    return SystemRow(
      options + [
        ("keyspace_name", .text(view.keyspace)), ("view_name", .text(view.name)), ("base_table_id", .uuid(base.id)),
        ("base_table_name", .text(base.name)), ("include_all_columns", .boolean(base.view.selected == nil)),
        ("where_clause", .text(base.view.condition)),
      ])
  }

  /// The rows of `system.built_views`.
  static func built(_ schema: Schema) -> [SystemRow] {
    views(schema).compactMap { view in
      guard view.definition.base?.view.isBuilding == false else { return nil }
      return SystemRow([
        ("keyspace_name", .text(view.keyspace)), ("view_name", .text(view.name)), ("status_replicated", .boolean(true)),
      ])
    }
  }

  /// The rows of `system_distributed.view_build_status`.
  static func buildStatus(_ schema: Schema, host: CQLUUID) -> [SystemRow] {
    views(schema).map { view in
      let isBuilding = view.definition.base?.view.isBuilding == true
      return SystemRow([
        ("keyspace_name", .text(view.keyspace)), ("view_name", .text(view.name)), ("host_id", .uuid(host)),
        ("status", .text(isBuilding ? "STARTED" : "SUCCESS")),
      ])
    }
  }

  private static func views(_ schema: Schema) -> [Table] { schema.sortedKeyspaces.flatMap(\.sortedViews) }
}
