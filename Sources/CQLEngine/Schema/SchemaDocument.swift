import CassandraBytes
import CQLLanguage
import CassandraWire

/// The schema as bytes, in the store's area of names and values.
///
/// It begins with a version of its format; a document of another version is refused. Keyspaces of the node are not in it.
enum SchemaDocument {
  /// The name in the store.
  static let metaName = "schema"
  /// The version of the format.
  private static let format: UInt32 = 2
  /// The oldest version that can be read: its dropped columns have no numbers.
  private static let oldestFormat: UInt32 = 1

  /// The bytes of a schema.
  static func bytes(_ schema: Schema) -> [UInt8] {
    var writer = DocumentWriter()
    writer.write(format)
    writer.write(schema.version.high)
    writer.write(schema.version.low)
    writer.write(schema.sortedKeyspaces.filter { !$0.isSystem }) { writer, keyspace in
      writer.write(keyspace.name)
      writer.write(keyspace.replication)
      writer.write(keyspace.durableWrites)
      writer.write(keyspace.sortedTypes) { writer, type in
        writer.write(type.name)
        writer.write(type.fields) { writer, field in
          writer.write(field.name)
          writer.write(field.type.name)
        }
      }
      writer.write(keyspace.sortedTables) { $0.write($1.definition) }
    }
    return writer.bytes
  }

  /// The schema of such bytes, with the keyspaces of the node added; nil when they are damaged or of another format.
  static func schema(_ bytes: [UInt8], adding system: [Keyspace]) -> Schema? {
    var reader = DocumentReader(bytes)
    let format = reader.number(UInt32.self)
    guard (oldestFormat...Self.format).contains(format) else { return nil }
    reader.hasDroppedNumbers = format >= 2
    let version = CQLUUID(high: reader.number(), low: reader.number())
    var keyspaces: NameMap<Keyspace> = [:]
    for keyspace in system { keyspaces[keyspace.name] = keyspace }
    for _ in 0..<reader.count() {
      var keyspace = Keyspace(name: reader.text(), replication: reader.entries(), durableWrites: reader.boolean())
      // A type may stand before one that it is made of: names first, then what they mean.
      var unresolved: [(name: String, fields: [(String, TypeName)])] = []
      for _ in 0..<reader.count() {
        let name = reader.text()
        unresolved.append((name, (0..<reader.count()).map { _ in (reader.text(), reader.typeName()) }))
      }
      guard let types = resolved(unresolved, in: keyspace) else { return nil }
      keyspace.types = types
      let resolver = TypeResolver(keyspace)
      for _ in 0..<reader.count() {
        guard let definition = reader.table(keyspace.name, resolver) else { return nil }
        keyspace.tables[definition.name] = Table(definition)
      }
      keyspaces[keyspace.name] = keyspace
    }
    return reader.isDamaged ? nil : Schema(version: version, generation: 1, keyspaces: keyspaces)
  }

  private static func resolved(
    _ types: [(name: String, fields: [(String, TypeName)])], in keyspace: Keyspace
  ) -> NameMap<UserType>? {
    var keyspace = keyspace
    var left = types
    while !left.isEmpty {
      let before = left.count
      left = left.filter { type in
        let resolver = TypeResolver(keyspace)
        do throws(EngineFailure) {
          var fields: [UserType.Field] = []
          for (name, typeName) in type.fields {
            fields.append(UserType.Field(name: name, type: try resolver.resolve(typeName)))
          }
          keyspace.types[type.name] = UserType(keyspace: keyspace.name, name: type.name, fields: fields)
          return false
        } catch {
          return true
        }
      }
      guard left.count < before else { return nil }
    }
    return keyspace.types
  }
}

extension DocumentWriter {
  mutating func write(_ table: Table.Definition) {
    write(table.name)
    write(table.id.high)
    write(table.id.low)
    write(table.number.rawValue)
    write(table.nextColumnID)
    write(table.partitionKey + table.clustering + table.statics + table.regulars) { writer, column in
      writer.write(column.name)
      writer.write(column.kind.rawValue)
      writer.write(column.isDescending)
      writer.write(column.id)
      writer.write(column.type.name)
    }
    write(table.options)
    write(table.indexes) { writer, index in
      writer.write(index.name)
      writer.write(index.column)
      writer.write(index.part.rawValue)
      writer.write(index.className ?? "")
      writer.write(index.options) { writer, option in
        writer.write(option.0)
        writer.write(option.1)
      }
      writer.write(index.number.rawValue)
    }
    write(table.dropped.values.sorted { $0.name < $1.name }) { writer, column in
      writer.write(column.name)
      writer.write(column.isStatic)
      writer.write(column.time)
      writer.write(column.type.name)
      writer.write(column.id ?? Column.noCells)
    }
  }

  mutating func write(_ options: TableOptions) {
    for entries in [options.caching, options.compaction, options.compression] { write(entries) }
    for text in [
      options.additionalWritePolicy, options.comment, options.memtable, options.readRepair, options.speculativeRetry,
    ] {
      write(text)
    }
    for flag in [options.allowAutoSnapshot, options.changeDataCapture, options.incrementalBackups] { write(flag) }
    for number in [options.bloomFilterFalsePositiveChance, options.checksumCheckChance] { write(number.bitPattern) }
    for number in [
      options.defaultTimeToLive, options.graceSeconds, options.maximumIndexInterval, options.memtableFlushPeriod,
      options.minimumIndexInterval,
    ] {
      write(number)
    }
  }
}

extension DocumentReader {
  mutating func table(_ keyspace: String, _ resolver: TypeResolver) -> Table.Definition? {
    var definition = Table.Definition(
      keyspace: keyspace, name: text(), id: CQLUUID(high: number(), low: number()),
      number: TableNumber(rawValue: number()), partitionKey: [], clustering: [], statics: [], regulars: [])
    definition.nextColumnID = number()
    for _ in 0..<count() {
      let name = text()
      guard let kind = Column.Kind(rawValue: number()) else { return nil }
      let isDescending = boolean()
      let id = number(ColumnID.self)
      guard let type = try? resolver.resolve(typeName()) else { return nil }
      func column(at position: Int) -> Column {
        Column(name, kind, position: position, type, isDescending: isDescending, id: id)
      }
      switch kind {
      case .partitionKey: definition.partitionKey.append(column(at: definition.partitionKey.count))
      case .clustering: definition.clustering.append(column(at: definition.clustering.count))
      case .static: definition.statics.append(column(at: -1))
      case .regular: definition.regulars.append(column(at: -1))
      }
    }
    definition.options = options()
    for _ in 0..<count() {
      let name = text()
      let column = text()
      guard let part = Index.Part(rawValue: text()) else { return nil }
      let className = text()
      let options = (0..<count()).map { _ in (text(), text()) }
      definition.indexes.append(
        Index(
          name: name, column: column, part: part, className: className.isEmpty ? nil : className, options: options,
          number: TableNumber(rawValue: number())))
    }
    for _ in 0..<count() {
      let name = text()
      let isStatic = boolean()
      let time = number(Int64.self)
      guard let type = try? resolver.resolve(typeName()) else { return nil }
      let id = hasDroppedNumbers ? number(ColumnID.self) : Column.noCells
      definition.dropped[name] = DroppedColumn(
        name: name, type: type, isStatic: isStatic, time: time, id: id == Column.noCells ? nil : id)
    }
    return definition
  }

  mutating func options() -> TableOptions {
    var options = TableOptions()
    options.caching = entries()
    options.compaction = entries()
    options.compression = entries()
    options.additionalWritePolicy = text()
    options.comment = text()
    options.memtable = text()
    options.readRepair = text()
    options.speculativeRetry = text()
    options.allowAutoSnapshot = boolean()
    options.changeDataCapture = boolean()
    options.incrementalBackups = boolean()
    options.bloomFilterFalsePositiveChance = Double(bitPattern: number())
    options.checksumCheckChance = Double(bitPattern: number())
    options.defaultTimeToLive = number()
    options.graceSeconds = number()
    options.maximumIndexInterval = number()
    options.memtableFlushPeriod = number()
    options.minimumIndexInterval = number()
    return options
  }
}
