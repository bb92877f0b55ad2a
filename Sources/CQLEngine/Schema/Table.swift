import CassandraBytes
import CQLLanguage
import CassandraWire

/// A table as one version of the schema has it; a changed table is another object.
final class Table: Sendable {
  /// What a table consists of; a change makes a copy of it.
  struct Definition: Sendable {
    var keyspace: String
    var name: String
    /// The number in `system_schema.tables`, which stays as long as the table.
    var id: CQLUUID
    /// The number of its records; another one after TRUNCATE.
    var number: TableNumber
    var partitionKey: [Column]
    var clustering: [Column]
    /// Static columns in the order of their names.
    var statics: [Column]
    /// Regular columns in the order of their names.
    var regulars: [Column]
    var options = TableOptions()
    /// The indexes in the order of their names.
    var indexes: [Index] = []
    /// The views of it in the order of their names.
    var views: [View] = []
    /// What it is a view of, when it is one.
    var base: Base?
    /// What was dropped and not added again, and what was, by name.
    var dropped: NameMap<DroppedColumn> = [:]
    /// The number of the next column.
    var nextColumnID: ColumnID = 0
    /// Whether it was made `WITH COMPACT STORAGE`.
    var isCompact = false
    /// Whether its rows are made when they are read.
    var source = Source.stored
  }

  /// Where rows come from.
  enum Source: Sendable, Hashable {
    /// From the store.
    case stored
    /// From what the engine knows.
    case system
    /// From what the engine knows, in a keyspace that Cassandra too calls virtual.
    case virtual
  }

  /// The most columns of a table; Cassandra sets no limit and becomes slow long before.
  static let maximumColumns = 16_384

  /// What it consists of.
  let definition: Definition
  /// The columns in the order of `SELECT *`.
  let columns: [Column]
  /// The columns that its records have cells of; in a view also those of the base that it does not show.
  let cellColumns: [Column]
  /// The views of it.
  let views: [Table]
  /// What the storage has to know of it.
  let handle: TableHandle
  /// Of columns that were dropped and added again, the timestamp up to which cells do not show.
  let hiddenThrough: [ColumnID: Int64]
  /// Of the columns of vectors that are indexed, how near two values are; empty in most tables.
  private let similarities: [ColumnID: VectorSimilarity]
  private let byName: NameMap<Column>
  /// Whether some of its columns are masked.
  let hasMasks: Bool
  /// Whether a list is part of its primary key.
  let hasListKeys: Bool

  init(_ definition: Definition) {
    self.definition = definition
    columns = definition.partitionKey + definition.clustering + definition.statics + definition.regulars
    hasMasks = columns.contains { $0.mask != nil }
    hasListKeys = (definition.partitionKey + definition.clustering).contains { column in
      if case .list = column.wire { true } else { false }
    }
    let byName = NameMap(columns)
    self.byName = byName
    var hiddenThrough: [ColumnID: Int64] = [:]
    cellColumns = definition.base?.columns ?? definition.statics + definition.regulars
    for column in cellColumns {
      hiddenThrough[column.id] = definition.dropped[column.name]?.time
    }
    self.hiddenThrough = hiddenThrough
    var similarities: [ColumnID: VectorSimilarity] = [:]
    var stored: [IndexDefinition] = []
    for index in definition.indexes {
      guard let column = byName[index.column] else { continue }
      // The neighbours of a vector are found in the rows themselves.
      if FloatVector.dimensions(column.wire) != nil, index.className != nil {
        similarities[column.id] = index.similarity
      } else {
        stored.append(IndexDefinition(index, on: column))
      }
    }
    self.similarities = similarities
    handle = TableHandle(
      number: definition.number, graceSeconds: Int64(definition.options.graceSeconds), indexes: stored,
      views: definition.views.map { ViewDefinition($0, of: definition, hiddenThrough: hiddenThrough) })
    views = definition.views.map { Table(Definition($0, of: definition)) }
  }

  var keyspace: String { definition.keyspace }
  var name: String { definition.name }
  var partitionKey: [Column] { definition.partitionKey }
  var clustering: [Column] { definition.clustering }
  var hasStatics: Bool { !definition.statics.isEmpty }
  var number: TableNumber { definition.number }
  var indexes: [Index] { definition.indexes }
  var isVirtual: Bool { definition.source != .stored }
  var isView: Bool { definition.base != nil }

  /// Whether a row is there because it was inserted, and not only as long as one of its columns has a value.
  var hasRowMarkers: Bool { !definition.isCompact || definition.isDense && definition.regulars.isEmpty }

  /// Whether its columns are counters.
  var isCounter: Bool {
    definition.regulars.contains { $0.type.isCounter } || definition.statics.contains { $0.type.isCounter }
  }

  /// The column of that name.
  func column(_ name: String) -> Column? { byName[name] }

  /// The column of that name, or Cassandra's refusal.
  func column(named name: Identifier) throws(EngineFailure) -> Column {
    guard let column = byName[name.name] else {
      throw EngineFailure.invalid(
        "Undefined column name \(name.cql) in table \(Identifier.cql(keyspace)).\(Identifier.cql(self.name))")
    }
    return column
  }

  /// `keyspace.name`, as messages write it.
  var qualifiedName: String { "\(keyspace).\(name)" }

  /// Whether vectors are indexed.
  var hasIndexedVectors: Bool { !similarities.isEmpty }

  /// How near two vectors of a column are by its index; nil when it has none.
  func similarity(of column: Column) -> VectorSimilarity? { similarities[column.id] }

  /// The indexes on a column.
  func indexes(on column: Column) -> [Index] { indexes.filter { $0.column == column.name } }
}
