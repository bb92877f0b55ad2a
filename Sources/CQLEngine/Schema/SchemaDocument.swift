import CassandraBytes
import CQLLanguage
import CassandraWire

/// The schema as bytes, in the store's area of names and values.
///
/// Each keyspace, each type and each table is a value of its own, so that a change writes what it changes, however many
/// others there are. One more value has the version of the format; a schema of a later one is refused. Keyspaces of the
/// node are not kept.
enum SchemaDocument {
  /// The name of the value with the format and the schema's version; in formats 1 and 2 it has all.
  static let metaName = "schema"
  /// What the names of all other values begin with.
  static let prefix = "schema/"
  /// The version of the format. 2 has numbers of dropped columns; 3 has a value for each keyspace, type and table; 4 has
  /// the views of each table, and functions and aggregates; 5 has the masks of columns, and which tables are compact.
  private static let format: UInt32 = 5
  /// The first version with a value for each keyspace, type and table.
  private static let dividedFormat: UInt32 = 3
  /// The first version with the masks of columns.
  private static let maskedFormat: UInt32 = 5
  private static let oldestFormat: UInt32 = 1

  /// A value to be kept, or (nil) to be removed.
  typealias Entry = (name: String, value: [UInt8]?)

  /// What makes the kept values of one version of the schema those of another; `old` nil: nothing is kept yet.
  static func changes(from old: Schema?, to new: Schema) -> [Entry] {
    var writer = DocumentWriter()
    writer.write(format)
    writer.write(new.version.high)
    writer.write(new.version.low)
    var entries: [Entry] = [(metaName, writer.bytes)]
    for keyspace in new.sortedKeyspaces where !keyspace.isSystem {
      changes(from: old?.keyspaces[keyspace.name], to: keyspace, into: &entries)
    }
    for keyspace in old?.sortedKeyspaces ?? [] where !keyspace.isSystem && new.keyspaces[keyspace.name] == nil {
      entries.append((name(of: keyspace), nil))
      for type in keyspace.sortedTypes { entries.append((name(of: type, in: keyspace), nil)) }
      for table in keyspace.sortedTables { entries.append((name(of: table, in: keyspace), nil)) }
      for signature in keyspace.functions.keys {
        entries.append((name(of: signature, isAggregate: false, in: keyspace), nil))
      }
      for signature in keyspace.aggregates.keys {
        entries.append((name(of: signature, isAggregate: true, in: keyspace), nil))
      }
    }
    return entries
  }

  private static func changes(from old: Keyspace?, to new: Keyspace, into entries: inout [Entry]) {
    if old?.replication != new.replication || old?.durableWrites != new.durableWrites {
      var writer = DocumentWriter()
      writer.write(new.name)
      writer.write(new.replication)
      writer.write(new.durableWrites)
      entries.append((name(of: new), writer.bytes))
    }
    for type in new.types.values where old?.types[type.name] != type {
      var writer = DocumentWriter()
      writer.write(new.name)
      writer.write(type.name)
      writer.write(type.fields) { writer, field in
        writer.write(field.name)
        writer.write(field.type.name)
      }
      entries.append((name(of: type, in: new), writer.bytes))
    }
    // A changed table is another object.
    for table in new.tables.values where !table.isView && old?.tables[table.name] !== table {
      var writer = DocumentWriter()
      writer.write(new.name)
      writer.write(table.definition)
      writer.write(table.definition.views) { $1.write(to: &$0) }
      writer.writeMasks(of: table)
      writer.write(table.definition.isCompact)
      entries.append((name(of: table, in: new), writer.bytes))
    }
    functionChanges(from: old, to: new, into: &entries)
    guard let old else { return }
    for type in old.types.values where new.types[type.name] == nil { entries.append((name(of: type, in: new), nil)) }
    for table in old.tables.values where !table.isView && new.tables[table.name]?.isView ?? true {
      entries.append((name(of: table, in: new), nil))
    }
  }

  // The name of a keyspace has no slash.
  private static func name(of keyspace: Keyspace) -> String { "\(prefix)keyspace/\(keyspace.name)" }
  private static func name(of type: UserType, in keyspace: Keyspace) -> String {
    "\(prefix)type/\(keyspace.name)/\(type.name)"
  }
  private static func name(of table: Table, in keyspace: Keyspace) -> String {
    "\(prefix)table/\(keyspace.name)/\(table.name)"
  }

  /// Whether such a value, of ``metaName``, is of an older format, so that the schema has to be written anew.
  static func isOld(_ bytes: [UInt8]) -> Bool {
    var reader = DocumentReader(bytes)
    return (oldestFormat..<format).contains(reader.number(UInt32.self))
  }

  /// The schema of such values, with the keyspaces of the node added; nil when they are damaged or of a later format.
  /// `bytes` is the value of ``metaName``, and `entries` are those whose names begin with ``prefix``.
  static func schema(_ bytes: [UInt8], _ entries: [Entry], adding system: [Keyspace]) -> Schema? {
    var reader = DocumentReader(bytes)
    let found = reader.number(UInt32.self)
    if (oldestFormat..<dividedFormat).contains(found) { return oldSchema(bytes, adding: system) }
    guard (dividedFormat...format).contains(found) else { return nil }
    let version = CQLUUID(high: reader.number(), low: reader.number())
    var keyspaces: NameMap<Keyspace> = [:]
    for keyspace in system { keyspaces[keyspace.name] = keyspace }
    var types: NameMap<[UnresolvedType]> = [:]
    var tables: [DocumentReader] = []
    var functions: [DocumentReader] = []
    var aggregates: [DocumentReader] = []
    for entry in entries {
      var reader = DocumentReader(entry.value ?? [])
      if entry.name.utf8.starts(with: "\(prefix)keyspace/".utf8) {
        let keyspace = Keyspace(name: reader.text(), replication: reader.entries(), durableWrites: reader.boolean())
        keyspaces[keyspace.name] = keyspace
      } else if entry.name.utf8.starts(with: "\(prefix)type/".utf8) {
        types[reader.text(), default: []].append(reader.type())
      } else if entry.name.utf8.starts(with: "\(prefix)function/".utf8) {
        functions.append(reader)
      } else if entry.name.utf8.starts(with: "\(prefix)aggregate/".utf8) {
        aggregates.append(reader)
      } else {
        tables.append(reader)
      }
      if reader.isDamaged { return nil }
    }
    for (name, types) in types {
      guard let keyspace = keyspaces[name], let resolved = resolved(types, in: keyspace) else { return nil }
      keyspaces[name]?.types = resolved
    }
    guard addFunctions(functions, aggregates, to: &keyspaces) else { return nil }
    for var reader in tables {
      guard let keyspace = keyspaces[reader.text()],
        var definition = reader.table(keyspace.name, TypeResolver(keyspace)), !reader.isDamaged
      else { return nil }
      if found > dividedFormat {
        guard let views = View.views(of: definition, from: &reader), !reader.isDamaged else { return nil }
        definition.views = views
      }
      if found >= maskedFormat {
        guard reader.readMasks(into: &definition) else { return nil }
        definition.isCompact = reader.boolean()
        guard !reader.isDamaged else { return nil }
      }
      keyspaces[keyspace.name]?.put(Table(definition))
    }
    return reader.isDamaged ? nil : Schema(version: version, generation: 1, keyspaces: keyspaces)
  }

  /// The schema of one value that has all of it, as formats 1 and 2 have it.
  private static func oldSchema(_ bytes: [UInt8], adding system: [Keyspace]) -> Schema? {
    var reader = DocumentReader(bytes)
    reader.hasDroppedNumbers = reader.number(UInt32.self) >= 2
    let version = CQLUUID(high: reader.number(), low: reader.number())
    var keyspaces: NameMap<Keyspace> = [:]
    for keyspace in system { keyspaces[keyspace.name] = keyspace }
    for _ in 0..<reader.count() {
      var keyspace = Keyspace(name: reader.text(), replication: reader.entries(), durableWrites: reader.boolean())
      // A type may stand before one that it is made of: names first, then what they mean.
      let unresolved = (0..<reader.count()).map { _ in reader.type() }
      guard let types = resolved(unresolved, in: keyspace) else { return nil }
      keyspace.types = types
      let resolver = TypeResolver(keyspace)
      for _ in 0..<reader.count() {
        guard let definition = reader.table(keyspace.name, resolver) else { return nil }
        keyspace.put(Table(definition))
      }
      keyspaces[keyspace.name] = keyspace
    }
    return reader.isDamaged ? nil : Schema(version: version, generation: 1, keyspaces: keyspaces)
  }

  /// A type with the names of its fields' types.
  fileprivate typealias UnresolvedType = (name: String, fields: [(String, TypeName)])

  private static func resolved(
    _ types: [UnresolvedType], in keyspace: Keyspace
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
            fields.append(UserType.Field(name: name, type: try resolver.meaning(of: typeName)))
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
  fileprivate mutating func type() -> SchemaDocument.UnresolvedType {
    let name = text()
    return (name, (0..<count()).map { _ in (text(), typeName()) })
  }

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
      guard let type = try? resolver.meaning(of: typeName()) else { return nil }
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
      guard let type = try? resolver.meaning(of: typeName()) else { return nil }
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
