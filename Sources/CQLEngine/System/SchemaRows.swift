import CassandraBytes
import CQLLanguage
import CassandraWire

/// The rows of `system_schema` and `system_virtual_schema`.
enum SchemaRows {
  static func rows(of table: Table, _ schema: Schema) -> [SystemRow] {
    let isVirtual = table.keyspace == "system_virtual_schema"
    let keyspaces = schema.sortedKeyspaces.filter { $0.isVirtual == isVirtual }
    switch (isVirtual, table.name) {
    case (true, "keyspaces"): return keyspaces.map { SystemRow([("keyspace_name", .text($0.name))]) }
    case (true, "tables"):
      return tables(keyspaces) { table in [("comment", .text(table.definition.options.comment))] }
    case (_, "columns"): return tables(keyspaces, withViews: true) { columns(of: $0) }
    case (_, "keyspaces"):
      return keyspaces.map {
        SystemRow([
          ("keyspace_name", .text($0.name)), ("durable_writes", .boolean($0.durableWrites)),
          ("replication", .map($0.replication)),
        ])
      }
    case (_, "tables"): return tables(keyspaces) { options($0) }
    case (_, "views"): return keyspaces.flatMap { $0.sortedViews.compactMap { ViewRows.view($0, options($0)) } }
    case (_, "functions"): return keyspaces.flatMap { $0.sortedFunctions.map { FunctionRows.function($0) } }
    case (_, "aggregates"): return keyspaces.flatMap { $0.sortedAggregates.map { FunctionRows.aggregate($0) } }
    case (_, "types"): return keyspaces.flatMap { keyspace in keyspace.sortedTypes.map { type($0) } }
    case (_, "indexes"): return tables(keyspaces) { table in table.indexes.map { index($0) } }
    case (_, "column_masks"):
      return tables(keyspaces, withViews: true) { table in table.columns.compactMap { mask(of: $0) } }
    case (_, "dropped_columns"):
      return tables(keyspaces) { table in table.definition.dropped.values.map { dropped($0) } }
    default: return []
    }
  }

  /// The values of a row that differ from those of others, by column.
  typealias Values = [(String, SystemValue?)]

  /// A row for each table.
  private static func tables(_ keyspaces: [Keyspace], _ body: (Table) -> Values) -> [SystemRow] {
    tables(keyspaces) { [body($0)] }
  }

  /// Rows for each table.
  private static func tables(
    _ keyspaces: [Keyspace], withViews: Bool = false, _ body: (Table) -> [Values]
  ) -> [SystemRow] {
    keyspaces.flatMap { keyspace in
      (keyspace.sortedTables + (withViews ? keyspace.sortedViews : [])).flatMap { table in
        body(table).map {
          SystemRow([("keyspace_name", .text(keyspace.name)), ("table_name", .text(table.name))] + $0)
        }
      }
    }
  }

  private static func columns(of table: Table) -> [Values] {
    guard table.definition.isCompact else { return table.columns.map { column($0) } }
    let shown = table.columns.map { column in
      column.kind == .regular && table.definition.isStaticCompact
        ? Self.column(Column(column.name, .static, column.type, id: column.id)) : Self.column(column)
    }
    return shown
      + table.definition.hiddenColumns.map { hidden in
        [
          ("column_name", .text(hidden.name)),
          ("clustering_order", .text(hidden.kind == .clustering ? "asc" : "none")),
          ("column_name_bytes", .text(hidden.name)), ("kind", .text(hidden.kind.name)),
          ("position", .int(hidden.position)), ("type", .text(hidden.type)),
        ]
      }
  }

  /// What the column `flags` says of a table.
  private static func flags(_ table: Table) -> [String] {
    let definition = table.definition
    var flags: [String] = []
    if !definition.isCompact || definition.clustering.count > 1 { flags.append("compound") }
    if table.isCounter { flags.append("counter") }
    if definition.isDense { flags.append("dense") }
    return flags
  }

  private static func column(_ column: Column) -> Values {
    let order = column.kind == .clustering ? (column.isDescending ? "desc" : "asc") : "none"
    return [
      ("column_name", .text(column.name)), ("clustering_order", .text(order)),
      ("column_name_bytes", .text(column.name)), ("kind", .text(column.kind.name)),
      ("position", .int(Int32(column.position))), ("type", .text(column.type.cql)),
    ]
  }

  private static func mask(of column: Column) -> Values? {
    guard let mask = column.mask else { return nil }
    let texts = zip(mask.arguments, mask.argumentTypes).map { value, type in
      value.map { MaskArgument.text($0, type) } ?? ""
    }
    return [
      ("column_name", .text(column.name)), ("function_keyspace", .text("system")),
      ("function_name", .text(mask.function.name)),
      ("function_argument_types", .texts(mask.argumentTypes.map { CQLTypeText.text($0, isFrozen: true) })),
      ("function_argument_values", .texts(texts)),
      ("function_argument_nulls", .booleans(mask.arguments.map { $0 == nil })),
    ]
  }

  private static func options(_ table: Table) -> Values {
    let options = table.definition.options
    return [
      ("additional_write_policy", .text(options.additionalWritePolicy)),
      ("allow_auto_snapshot", options.allowAutoSnapshot ? nil : .boolean(false)),
      ("bloom_filter_fp_chance", .double(options.bloomFilterFalsePositiveChance)), ("caching", .map(options.caching)),
      // A Cassandra that captures no changes, as is its default, says of no table whether it would.
      ("cdc", nil), ("comment", .text(options.comment)),
      ("compaction", .map(options.compaction)), ("compression", .map(options.compression)),
      ("crc_check_chance", .double(options.checksumCheckChance)), ("dclocal_read_repair_chance", .double(0)),
      ("default_time_to_live", .int(options.defaultTimeToLive)), ("extensions", .map([:])),
      ("flags", .texts(flags(table))),
      ("gc_grace_seconds", .int(options.graceSeconds)), ("id", .uuid(table.definition.id)),
      ("incremental_backups", options.incrementalBackups ? nil : .boolean(false)),
      ("max_index_interval", .int(options.maximumIndexInterval)),
      ("memtable_flush_period_in_ms", .int(options.memtableFlushPeriod)),
      ("min_index_interval", .int(options.minimumIndexInterval)), ("read_repair", .text(options.readRepair)),
      ("read_repair_chance", .double(0)), ("speculative_retry", .text(options.speculativeRetry)),
    ]
  }

  private static func type(_ type: UserType) -> SystemRow {
    SystemRow([
      ("keyspace_name", .text(type.keyspace)), ("type_name", .text(type.name)),
      ("field_names", .texts(type.fields.map(\.name))), ("field_types", .texts(type.fields.map(\.type.cql))),
    ])
  }

  private static func index(_ index: Index) -> Values {
    var options: NameMap<String> = ["target": index.target]
    for (key, value) in index.options { options[key] = value }
    if let className = index.className { options["class_name"] = className }
    return [
      ("index_name", .text(index.name)), ("kind", .text(index.className == nil ? "COMPOSITES" : "CUSTOM")),
      ("options", .map(options)),
    ]
  }

  private static func dropped(_ column: DroppedColumn) -> Values {
    [
      ("column_name", .text(column.name)), ("dropped_time", .timestamp(milliseconds: column.time / 1_000)),
      ("kind", .text(column.isStatic ? "static" : "regular")), ("type", .text(column.type.cql)),
    ]
  }
}
