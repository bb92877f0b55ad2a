import CassandraBytes
import CQLLanguage
import CassandraWire

/// The statements that make a schema anew, as Cassandra's DESCRIBE writes them.
enum SchemaDescription {
  static func keyspace(_ keyspace: Keyspace) -> String {
    if keyspace.isVirtual {
      return virtual(
        "Keyspace \(Identifier.cql(keyspace.name))", "keyspace", "VIRTUAL KEYSPACE \(Identifier.cql(keyspace.name));")
    }
    return
      "CREATE KEYSPACE \(Identifier.cql(keyspace.name)) WITH replication = \(replication(keyspace.replication))  AND "
      + "durable_writes = \(keyspace.durableWrites);"
  }

  private static func virtual(_ what: String, _ kind: String, _ structure: String) -> String {
    "/*\nWarning: \(what) is a virtual \(kind) and cannot be recreated with CQL.\nStructure, for reference:\n\(structure)\n*/"
  }

  /// The class without its package comes first.
  private static func replication(_ options: NameMap<String>) -> String {
    var parts: [String] = []
    if let className = options["class"] {
      parts.append("'class': \(Constant.quoted(String(className.split(ascii: ".").last ?? "")))")
    }
    for (key, value) in options.sorted where key != "class" {
      parts.append("\(Constant.quoted(key)): \(Constant.quoted(value))")
    }
    return "{\(parts.joined(separator: ", "))}"
  }

  static func type(_ type: UserType) -> String {
    let fields = type.fields.map { "    \(Identifier.cql($0.name)) \($0.type.cql)" }.joined(separator: ",\n")
    return "CREATE TYPE \(Identifier.cql(type.keyspace)).\(Identifier.cql(type.name)) (\n\(fields)\n);"
  }

  static func index(_ index: Index, of table: Table) -> String {
    let name = "\(Identifier.cql(table.keyspace)).\(Identifier.cql(table.name))"
    guard let className = index.className else {
      return "CREATE INDEX \(Identifier.cql(index.name)) ON \(name) (\(index.target));"
    }
    var text =
      "CREATE CUSTOM INDEX \(Identifier.cql(index.name)) ON \(name) (\(index.target)) USING \(Constant.quoted(className))"
    if !index.options.isEmpty {
      let options = index.options.map { "\(Constant.quoted($0.0)): \(Constant.quoted($0.1))" }
      text += " WITH OPTIONS = {\(options.joined(separator: ", "))}"
    }
    return text + ";"
  }

  static func table(_ table: Table, withInternals: Bool) -> String {
    let definition = table.definition
    let isVirtual = definition.source == .virtual
    let name = "\(Identifier.cql(table.keyspace)).\(Identifier.cql(table.name))"
    var lines: [String] = []
    let isShortKey = definition.partitionKey.count == 1 && definition.clustering.isEmpty && !definition.isCompact
    for column in definition.partitionKey {
      lines.append("    \(column.cql) \(column.type.cql)\(mask(column))\(isShortKey ? " PRIMARY KEY" : "")")
    }
    for column in definition.clustering { lines.append("    \(column.cql) \(column.type.cql)\(mask(column))") }
    // What was dropped stands at the end with internals, so that what follows can drop it.
    let isKept = { (column: Column) in !withInternals || definition.dropped[column.name] == nil }
    for column in inOrder(definition.statics) where isKept(column) {
      lines.append("    \(column.cql) \(column.type.cql) static\(mask(column))")
    }
    for column in inOrder(definition.regulars) where isKept(column) {
      lines.append("    \(column.cql) \(column.type.cql)\(mask(column))")
    }
    if withInternals {
      for column in dropped(definition) {
        lines.append("    \(Identifier.cql(column.name)) \(column.type.cql)\(column.isStatic ? " static" : "")")
      }
    }
    if !isShortKey { lines.append("    \(primaryKey(definition))") }
    var clauses: [String] = []
    if withInternals, !isVirtual { clauses.append("ID = \(definition.id)") }
    if definition.isCompact { clauses.append("COMPACT STORAGE") }
    if definition.isStaticCompact, let hidden = definition.hiddenColumns.first {
      clauses.append("CLUSTERING ORDER BY (\(hidden.name) ASC)")
    }
    if !definition.clustering.isEmpty {
      let orders = definition.clustering.map { "\($0.cql) \($0.isDescending ? "DESC" : "ASC")" }
      clauses.append("CLUSTERING ORDER BY (\(orders.joined(separator: ", ")))")
    }
    clauses += isVirtual ? ["comment = \(Constant.quoted(definition.options.comment))"] : options(definition.options)
    let text =
      "\(isVirtual ? "VIRTUAL" : "CREATE") TABLE \(name) (\n\(lines.joined(separator: ",\n"))\n) WITH "
      + clauses.joined(separator: "\n    AND ") + ";"
    if isVirtual { return virtual("Table \(name)", "table", text) }
    if definition.isCompact {
      return
        "/*\nWarning: Table \(name) omitted because it has constructs not compatible with CQL (was created via legacy "
        + "API).\nApproximate structure, for reference:\n(this should not be used to reproduce this schema)\n\n\(text)\n*/"
    }
    guard withInternals else { return text }
    return text + changes(definition, name)
  }

  private static func mask(_ column: Column) -> String { column.mask.map { " MASKED WITH \($0.cql)" } ?? "" }

  /// The clause of a primary key.
  static func primaryKey(_ definition: Table.Definition) -> String {
    let partition = definition.partitionKey.map(\.cql).joined(separator: ", ")
    let key = [definition.partitionKey.count > 1 ? "(\(partition))" : partition] + definition.clustering.map(\.cql)
    return "PRIMARY KEY (\(key.joined(separator: ", ")))"
  }

  /// Columns of one cell first, as they are stored.
  private static func inOrder(_ columns: [Column]) -> [Column] {
    columns.filter { !$0.type.isMultiCell } + columns.filter(\.type.isMultiCell)
  }

  private static func dropped(_ definition: Table.Definition) -> [DroppedColumn] {
    definition.dropped.values.sorted { $0.name < $1.name }
  }

  private static func changes(_ definition: Table.Definition, _ name: String) -> String {
    var text = ""
    for column in dropped(definition) {
      let cql = Identifier.cql(column.name)
      text += "\nALTER TABLE \(name) DROP \(cql) USING TIMESTAMP \(column.time);"
      if let again = (definition.statics + definition.regulars).first(where: { $0.name == column.name }) {
        text += "\nALTER TABLE \(name) ADD \(cql) \(again.type.cql)\(column.isStatic ? " static" : "");"
      }
    }
    return text
  }

  static func options(_ options: TableOptions) -> [String] {
    [
      "additional_write_policy = \(Constant.quoted(options.additionalWritePolicy))",
      "allow_auto_snapshot = \(options.allowAutoSnapshot)",
      "bloom_filter_fp_chance = \(JavaNumber.text(options.bloomFilterFalsePositiveChance))",
      "caching = \(map(options.caching))", "cdc = \(options.changeDataCapture)",
      "comment = \(Constant.quoted(options.comment))", "compaction = \(map(options.compaction))",
      "compression = \(map(options.compression))", "memtable = \(Constant.quoted(options.memtable))",
      "crc_check_chance = \(JavaNumber.text(options.checksumCheckChance))",
      "default_time_to_live = \(options.defaultTimeToLive)", "extensions = {}",
      "gc_grace_seconds = \(options.graceSeconds)", "incremental_backups = \(options.incrementalBackups)",
      "max_index_interval = \(options.maximumIndexInterval)",
      "memtable_flush_period_in_ms = \(options.memtableFlushPeriod)",
      "min_index_interval = \(options.minimumIndexInterval)", "read_repair = \(Constant.quoted(options.readRepair))",
      "speculative_retry = \(Constant.quoted(options.speculativeRetry))",
    ]
  }

  private static func map(_ entries: NameMap<String>) -> String {
    let parts = entries.sorted.map { "\(Constant.quoted($0.key)): \(Constant.quoted($0.value))" }
    return "{\(parts.joined(separator: ", "))}"
  }
}
