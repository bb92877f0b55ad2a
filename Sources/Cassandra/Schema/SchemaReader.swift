internal import CassandraBytes
internal import CassandraReactor
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
    var (rowCount, byteCount) = (0, 0)
    func rows(_ table: Statement, _ selected: Statement) async throws(CassandraError) -> [Row] {
      var rows: [Row] = []
      for try await page in try await query(keyspaces == nil ? table : selected, options: options).pages {
        rowCount += page.rowCount
        byteCount += page.byteCount
        guard rowCount <= SchemaReader.maximumRows, byteCount <= SchemaReader.maximumBytes else {
          throw CassandraError(
            .responseTooLarge,
            "The database defines more than this client reads: ask for the schema of fewer keyspaces.",
            logDetail: "\(rowCount) rows and \(byteCount) bytes of system_schema so far", isRetrySafe: true)
        }
        rows.append(contentsOf: page)
      }
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
    var slices = WorkSlices(on: .current, of: SchemaReader.workAtOnce)
    do throws(RowError) { return try await reader.schema(&slices) } catch { throw .undecodable(error) }
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
  /// Rows of `system_schema` that are read: 256 Ki, as many as a thousand tables of 250 columns have. A database that defines
  /// more has its keyspaces read one by one.
  static let maximumRows = 256 << 10
  /// Bytes of these rows: 256 MiB.
  static let maximumBytes = 256 << 20
  /// Work that is done before the loop looks at its sockets, in bytes of texts and of what is said of a row: 64 KiB, which
  /// takes about a millisecond.
  static let workAtOnce = 64 << 10
  /// The same for a row beside its texts.
  private static let workOfRow = 128

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

  func schema(_ slices: inout WorkSlices) async throws(RowError) -> ClusterSchema {
    var indexesOfTables: [TableName: [IndexSchema]] = [:]
    for row in indexes {
      let index = IndexSchema(
        name: try row.decode(String.self, "index_name"), kind: try row.decode(String.self, "kind"),
        options: try row.decode([ByteText: String].self, "options"))
      indexesOfTables[try TableName(row), default: []].append(index)
      await slices.spend(row.byteCount + Self.workOfRow)
    }
    var all: [KeyspaceSchema] = []
    var expansion = 0
    let types = try await typesOfKeyspaces(&expansion, &slices)
    let columns = try await columnsOfTables(types, &expansion, &slices)
    for row in keyspaces {
      let name = try row.decode(String.self, "keyspace_name")
      var keyspace = KeyspaceSchema(
        name: name, replication: try row.decode([ByteText: String].self, "replication"),
        durableWrites: try row.decode(Bool.self, "durable_writes"))
      keyspace.types = types[ByteText(name)] ?? []
      all.append(keyspace)
      await slices.spend(row.byteCount + Self.workOfRow)
    }
    let places = Dictionary(all.indices.map { (ByteText(all[$0].name), $0) }) { first, _ in first }
    for row in tables {
      let name = try TableName(row)
      await slices.spend(row.byteCount + Self.workOfRow)
      guard let place = places[name.keyspace] else { continue }
      all[place].tables.append(
        TableSchema(
          name: name.table.text, columns: columns[name] ?? [], indexes: indexesOfTables[name] ?? [],
          comment: try row.decode(String?.self, "comment") ?? ""))
    }
    for row in views {
      let name = try TableName(row, "view_name")
      await slices.spend(row.byteCount + Self.workOfRow)
      guard let place = places[name.keyspace] else { continue }
      all[place].tables.append(
        TableSchema(
          name: name.table.text, baseTable: try row.decode(String.self, "base_table_name"),
          columns: columns[name] ?? [],
          indexes: indexesOfTables[name] ?? [], comment: try row.decode(String?.self, "comment") ?? ""))
    }
    for place in all.indices {
      // Out of its place, so that it is sorted where it lies.
      var tables: [TableSchema] = []
      swap(&tables, &all[place].tables)
      await tables.sort(in: &slices) { ByteText($0.name) < ByteText($1.name) }
      for table in tables.indices {
        var indexes: [IndexSchema] = []
        swap(&indexes, &tables[table].indexes)
        await indexes.sort(in: &slices) { ByteText($0.name) < ByteText($1.name) }
        tables[table].indexes = indexes
      }
      all[place].tables = tables
    }
    await all.sort(in: &slices) { ByteText($0.name) < ByteText($1.name) }
    return ClusterSchema(keyspaces: all)
  }

  /// The types of each keyspace. One may have fields of another, so a type is read when it is asked for.
  private func typesOfKeyspaces(
    _ expansion: inout Int, _ slices: inout WorkSlices
  ) async throws(RowError) -> [ByteText: [UserDefinedType]] {
    struct Definition {
      var names: [String]
      var types: [String]
    }
    var definitions: [ByteText: [ByteText: Definition]] = [:]
    for row in types {
      let name = try TableName(row, "type_name")
      definitions[name.keyspace, default: [:]][name.table] = Definition(
        names: try row.decode([String].self, "field_names"), types: try row.decode([String].self, "field_types"))
      await slices.spend(row.byteCount + Self.workOfRow)
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
      var names = Array(ofKeyspace.keys)
      await names.sort(in: &slices) { $0 < $1 }
      var made: [UserDefinedType] = []
      for name in names {
        let before = spent
        if let type = type(name.text, depth: 0) { made.append(type) }
        await slices.spend(spent - before + Self.workOfRow)
      }
      all[keyspace] = made
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
    _ types: [ByteText: [UserDefinedType]], _ expansion: inout Int, _ slices: inout WorkSlices
  ) async throws(RowError) -> [TableName: [ColumnSchema]] {
    var byName: [ByteText: [ByteText: UserDefinedType]] = [:]
    for (keyspace, all) in types {
      byName[keyspace] = Dictionary(all.map { (ByteText($0.name), $0) }) { first, _ in first }
    }
    var all: [TableName: [ColumnSchema]] = [:]
    for row in columns {
      let before = expansion
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
      await slices.spend(row.byteCount + expansion - before + Self.workOfRow)
    }
    func rank(_ column: ColumnSchema) -> Int {
      switch column.kind {
      case .partitionKey: 0
      case .clustering: 1
      case .static: 2
      case .regular: 3
      }
    }
    for table in Array(all.keys) {
      guard var columns = all.updateValue([], forKey: table) else { continue }
      await columns.sort(in: &slices) { left, right in
        (rank(left), left.position, ByteText(left.name)) < (rank(right), right.position, ByteText(right.name))
      }
      all[table] = columns
    }
    return all
  }
}
