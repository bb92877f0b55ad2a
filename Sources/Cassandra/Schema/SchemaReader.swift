internal import CassandraBytes
internal import CassandraWire

extension CassandraClient {
  /// What the database defines, read now from `system_schema`.
  ///
  /// It is read from one node, so right after a change that the nodes do not agree on yet another one may say otherwise;
  /// a statement that changes the schema waits for that (``Rows/isSchemaAgreed``).
  ///
  /// - Parameters:
  ///   - keyspaces: The keyspaces to read; all by default, those of the system among them.
  ///   - options: How it is to be read, where it differs from the client's defaults; the consistency is ONE.
  /// - Throws: ``CassandraError``.
  public nonisolated(nonsending) func schema(
    of keyspaces: [String]? = nil, options: QueryOptions = QueryOptions()
  ) async throws(CassandraError) -> ClusterSchema {
    var options = options
    options.consistency = .one
    options.keyspace = nil
    var reader = SchemaReader()
    func rows(_ table: Statement, _ selected: Statement) async throws(CassandraError) -> [Row] {
      var rows: [Row] = []
      for try await row in try await query(keyspaces == nil ? table : selected, options: options) { rows.append(row) }
      return rows
    }
    let names = keyspaces ?? []
    reader.keyspaces = try await rows(
      "SELECT * FROM system_schema.keyspaces",
      "SELECT * FROM system_schema.keyspaces WHERE keyspace_name IN \(names)")
    reader.types = try await rows(
      "SELECT * FROM system_schema.types", "SELECT * FROM system_schema.types WHERE keyspace_name IN \(names)")
    reader.tables = try await rows(
      "SELECT * FROM system_schema.tables", "SELECT * FROM system_schema.tables WHERE keyspace_name IN \(names)")
    reader.views = try await rows(
      "SELECT * FROM system_schema.views", "SELECT * FROM system_schema.views WHERE keyspace_name IN \(names)")
    reader.columns = try await rows(
      "SELECT * FROM system_schema.columns", "SELECT * FROM system_schema.columns WHERE keyspace_name IN \(names)")
    reader.indexes = try await rows(
      "SELECT * FROM system_schema.indexes", "SELECT * FROM system_schema.indexes WHERE keyspace_name IN \(names)")
    do throws(RowError) { return try reader.schema() } catch { throw .undecodable(error) }
  }

  /// The schema now, and again whenever it has changed.
  ///
  /// ```swift
  /// for try await schema in client.schemaUpdates(of: ["naturalist"]) { … }
  /// ```
  /// Servers tell of changes; the schema is read once they have been quiet for ``ClientLimits/eventQuietTime``, and given
  /// when it differs from the one before. Reading it starts with the loop and ends with it: nothing is kept for those who
  /// do not ask.
  ///
  /// - Parameter keyspaces: The keyspaces to read; all by default, those of the system among them.
  public func schemaUpdates(of keyspaces: [String]? = nil) -> SchemaUpdates { SchemaUpdates(self, keyspaces) }
}

/// Makes a schema of the rows of `system_schema`.
struct SchemaReader {
  /// Bytes that the protocol would take to name the largest type that is read, user types with all their fields wherever
  /// they stand: 64 KiB. A larger one is left out, and stays its text where it is a part of another or of a column.
  static let maximumTypeBytes = 64 << 10
  /// Bytes that all user types within others and within columns may take together beyond the text of these: 64 MiB. In what
  /// is beyond it, types with user types stay their texts.
  static let maximumExpansionBytes = 64 << 20

  var keyspaces: [Row] = []
  var types: [Row] = []
  var tables: [Row] = []
  var views: [Row] = []
  var columns: [Row] = []
  var indexes: [Row] = []

  private struct TableName: Hashable {
    var keyspace: ByteText
    var table: ByteText

    init(_ row: Row, _ column: String = "table_name") throws(RowError) {
      keyspace = ByteText(try row.decode(String.self, "keyspace_name"))
      table = ByteText(try row.decode(String.self, column))
    }
  }

  func schema() throws(RowError) -> ClusterSchema {
    var indexesOfTables: [TableName: [IndexSchema]] = [:]
    for row in indexes {
      let index = IndexSchema(
        name: try row.decode(String.self, "index_name"), kind: try row.decode(String.self, "kind"),
        options: try row.decode([ByteText: String].self, "options"))
      indexesOfTables[try TableName(row), default: []].append(index)
    }
    var all: [KeyspaceSchema] = []
    var expansion = 0
    let types = try typesOfKeyspaces(&expansion)
    let columns = try columnsOfTables(types, &expansion)
    for row in keyspaces {
      let name = try row.decode(String.self, "keyspace_name")
      var keyspace = KeyspaceSchema(
        name: name, replication: try row.decode([ByteText: String].self, "replication"),
        durableWrites: try row.decode(Bool.self, "durable_writes"))
      keyspace.types = types[ByteText(name)] ?? []
      all.append(keyspace)
    }
    let places = Dictionary(all.indices.map { (ByteText(all[$0].name), $0) }) { first, _ in first }
    for row in tables {
      let name = try TableName(row)
      guard let place = places[name.keyspace] else { continue }
      all[place].tables.append(
        TableSchema(
          name: name.table.text, columns: columns[name] ?? [], indexes: indexesOfTables[name] ?? [],
          comment: try row.decode(String?.self, "comment") ?? ""))
    }
    for row in views {
      let name = try TableName(row, "view_name")
      guard let place = places[name.keyspace] else { continue }
      all[place].tables.append(
        TableSchema(
          name: name.table.text, baseTable: try row.decode(String.self, "base_table_name"),
          columns: columns[name] ?? [],
          indexes: indexesOfTables[name] ?? [], comment: try row.decode(String?.self, "comment") ?? ""))
    }
    for place in all.indices {
      all[place].tables.sort { ByteText($0.name) < ByteText($1.name) }
      for table in all[place].tables.indices {
        all[place].tables[table].indexes.sort { ByteText($0.name) < ByteText($1.name) }
      }
    }
    all.sort { ByteText($0.name) < ByteText($1.name) }
    return ClusterSchema(keyspaces: all)
  }

  /// The types of each keyspace. One may have fields of another, so a type is read when it is asked for.
  private func typesOfKeyspaces(_ expansion: inout Int) throws(RowError) -> [ByteText: [UserDefinedType]] {
    struct Definition {
      var names: [String]
      var types: [String]
    }
    var definitions: [ByteText: [ByteText: Definition]] = [:]
    for row in types {
      let name = try TableName(row, "type_name")
      definitions[name.keyspace, default: [:]][name.table] = Definition(
        names: try row.decode([String].self, "field_names"), types: try row.decode([String].self, "field_types"))
    }
    var all: [ByteText: [UserDefinedType]] = [:]
    for (keyspace, ofKeyspace) in definitions {
      // Nil for what is too large.
      var known: [ByteText: UserDefinedType?] = [:]
      var spent = expansion
      // A server allows no type within itself; one that says otherwise is stopped here.
      func type(_ name: String, depth: Int) -> UserDefinedType? {
        if let found = known[ByteText(name)] { return found }
        guard depth <= TypeText.maximumNesting, let definition = ofKeyspace[ByteText(name)] else { return nil }
        let fields = zip(definition.names, definition.types).map { name, text in
          UserDefinedType.Field(name, Self.bounded(TypeText.type(text) { type($0, depth: depth + 1) }, text, &spent))
        }
        let made = UserDefinedType(keyspace: keyspace.text, name: name, fields: fields)
        var bytes = 0
        let isSmall = CQLType.udt(made).addExtent(to: &bytes, limit: Self.maximumTypeBytes)
        known.updateValue(isSmall ? made : nil, forKey: ByteText(name))
        return isSmall ? made : nil
      }
      all[keyspace] = ofKeyspace.keys.sorted().compactMap { type($0.text, depth: 0) }
      expansion = spent
    }
    return all
  }

  /// The type that a text says; one that is too large stays its text.
  private static func bounded(_ type: CQLType, _ text: String, _ expansion: inout Int) -> CQLType {
    var bytes = 0
    guard type.addExtent(to: &bytes, limit: maximumTypeBytes) else { return .custom(text) }
    // Without user types it is no longer than its text.
    let further = max(0, bytes - text.utf8.count)
    guard expansion + further <= maximumExpansionBytes else { return .custom(text) }
    expansion += further
    return type
  }

  private func columnsOfTables(
    _ types: [ByteText: [UserDefinedType]], _ expansion: inout Int
  ) throws(RowError) -> [TableName: [ColumnSchema]] {
    var byName: [ByteText: [ByteText: UserDefinedType]] = [:]
    for (keyspace, all) in types {
      byName[keyspace] = Dictionary(all.map { (ByteText($0.name), $0) }) { first, _ in first }
    }
    var all: [TableName: [ColumnSchema]] = [:]
    for row in columns {
      let table = try TableName(row)
      let known = byName[table.keyspace] ?? [:]
      // Another kind of column would be one of a newer server; to a reader it is like any other.
      let kind = ColumnSchema.Kind(named: try row.decode(String.self, "kind")) ?? .regular
      let text = try row.decode(String.self, "type")
      all[table, default: []].append(
        ColumnSchema(
          name: try row.decode(String.self, "column_name"), kind: kind, position: try row.decode(Int.self, "position"),
          type: Self.bounded(TypeText.type(text) { known[ByteText($0)] }, text, &expansion),
          isDescending: try row.decode(String?.self, "clustering_order")?
            .withUTF8Span { $0.isEqualIgnoringCase(to: "desc") } ?? false))
    }
    func rank(_ column: ColumnSchema) -> Int {
      switch column.kind {
      case .partitionKey: 0
      case .clustering: 1
      case .static: 2
      case .regular: 3
      }
    }
    for table in all.keys {
      all[table]?.sort { left, right in
        (rank(left), left.position, ByteText(left.name)) < (rank(right), right.position, ByteText(right.name))
      }
    }
    return all
  }
}
