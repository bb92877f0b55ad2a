import CassandraBytes
import CQLLanguage
import CassandraWire

/// A materialized view as its base table has it: what it shows of the base, and under which key.
///
/// The view as a table follows from this and the base, so that a column that is added to or renamed in the base, or a type
/// that is altered, is the same in all views.
struct View: Sendable {
  /// A clustering column.
  struct Clustering: Sendable {
    var name: String
    var isDescending: Bool
  }

  /// Its name, which no other table or view of the keyspace has.
  var name: String
  /// The number in `system_schema.views`, which stays as long as the view.
  var id: CQLUUID
  /// The number of its records; another one after TRUNCATE of the base.
  var number: TableNumber
  /// The names of the columns of its partition key.
  var partitionKey: [String]
  /// Its clustering columns.
  var clustering: [Clustering]
  /// The names of its columns in the order of the statement; nil: all columns of the base, also later ones.
  var selected: [String]?
  /// The relations behind WHERE.
  var relations: [Relation]
  /// What these say of rows of the base.
  var filters: [KeyFilter]
  var options = TableOptions()
  /// Whether it does not have all rows yet, so that it may not be read.
  var isBuilding = false

  /// The relations as `system_schema.views` and DESCRIBE write them.
  var condition: String { relations.map(\.cql).joined(separator: " AND ") }

  /// Whether a column of the base is in its primary key.
  func hasKey(_ name: String) -> Bool {
    partitionKey.contains { $0.hasSameBytes(as: name) } || clustering.contains { $0.name.hasSameBytes(as: name) }
  }

  /// The view after a column of the base has got another name.
  mutating func rename(_ from: String, to name: Identifier) {
    func renamed(_ old: String) -> String { old.hasSameBytes(as: from) ? name.name : old }
    partitionKey = partitionKey.map(renamed)
    for index in clustering.indices { clustering[index].name = renamed(clustering[index].name) }
    selected = selected?.map(renamed)
    relations = relations.map { $0.renaming(from, to: name) }
  }
}

extension Table {
  /// What the definition of a view has beside that of a table.
  struct Base: Sendable {
    /// The base's name.
    var name: String
    /// The base's number in `system_schema.tables`.
    var id: CQLUUID
    /// The columns with cells in its rows, also those that the view does not show.
    var columns: [Column]
    /// The view as the base has it.
    var view: View
  }
}

extension Table.Definition {
  /// The table that a view of a base is.
  init(_ view: View, of base: Table.Definition) {
    let columns = NameMap(base.partitionKey + base.clustering + base.regulars)
    self.init(
      keyspace: base.keyspace, name: view.name, id: view.id, number: view.number, partitionKey: [], clustering: [],
      statics: [], regulars: [])
    for name in view.partitionKey {
      guard let column = columns[name] else { continue }
      partitionKey.append(
        Column(
          column.name, .partitionKey, position: partitionKey.count, column.type, id: Column.noCells, mask: column.mask))
    }
    for key in view.clustering {
      guard let column = columns[key.name] else { continue }
      clustering.append(
        Column(
          column.name, .clustering, position: clustering.count, column.type, isDescending: key.isDescending,
          id: Column.noCells, mask: column.mask))
    }
    let selected = view.selected.map { Set($0.map { ByteText($0) }) }
    regulars = base.regulars.filter { column in
      !view.hasKey(column.name) && selected?.contains(ByteText(column.name)) ?? true
    }
    options = view.options
    dropped = base.dropped
    nextColumnID = base.nextColumnID
    self.base = Table.Base(name: base.name, id: base.id, columns: base.regulars, view: view)
  }
}

extension ViewDefinition {
  /// What the storage has to know of a view; `hiddenThrough` is the base's.
  init(_ view: View, of base: Table.Definition, hiddenThrough: [ColumnID: Int64]) {
    let table = Table.Definition(view, of: base)
    let sources = NameMap(base.partitionKey + base.clustering + base.regulars)
    let keyColumn = base.regulars.first { view.hasKey($0.name) }
    let partition = table.partitionKey.compactMap { sources[$0.name] }
    let clustering = table.clustering.compactMap { column in sources[column.name].map { (column, $0) } }
    let isComposite = base.partitionKey.count > 1
    let filters = view.filters
    self.init(
      number: view.number, keyColumn: keyColumn?.id,
      hiddenThrough: keyColumn.flatMap { hiddenThrough[$0.id] } ?? .min
    ) { key, note, value, viewKey, viewNote in
      let row = BaseRow(key: key, note: note, value: value, isComposite: isComposite)
      guard filters.allSatisfy({ $0.passes(row) }) else { return .leftOut }
      let placement = ViewPlace.appendPartition(partition, row, to: &viewKey)
      guard case .placed = placement else { return placement }
      viewKey.append(RecordKind.row.rawValue)
      for (column, source) in clustering {
        guard let place = row.value(of: source) else { return .leftOut }
        let isOrdered = row.withBytes(place) { bytes in
          viewNote.append(bigEndian: UInt32(bytes.count))
          viewNote.append(copying: bytes)
          do throws(EngineFailure) {
            try OrderedKeyEncoding.append(bytes, column.wire, isDescending: column.isDescending, into: &viewKey)
            return true
          } catch {
            return false
          }
        }
        guard isOrdered else { return .leftOut }
      }
      return .placed
    }
  }
}

/// A row of a base table as a view is made of it: its key, its note, and the value that is in the view's key.
struct BaseRow: ~Escapable {
  /// Where a value stands.
  enum Place {
    case key(Range<Int>)
    case note(Range<Int>)
    case value
  }

  /// The record's key, without the table's number.
  let key: Span<UInt8>
  let note: Span<UInt8>
  let value: Span<UInt8>
  let isComposite: Bool

  @_lifetime(copy key, copy note, copy value)
  init(key: Span<UInt8>, note: Span<UInt8>, value: Span<UInt8>, isComposite: Bool) {
    self.key = key
    self.note = note
    self.value = value
    self.isComposite = isComposite
  }

  /// The token of the base's partition.
  var token: Int64 { Int64(bitPattern: key.uint64(at: 0) ^ (1 << 63)) }

  /// Where the value of a column of the base stands.
  func value(of column: Column) -> Place? {
    switch column.kind {
    case .partitionKey:
      let start = PartitionKey.headerBytes
      guard key.count > start else { return nil }
      let end = start + Int(key.uint16(at: 8))
      guard end <= key.count else { return nil }
      guard isComposite else { return .key(start..<end) }
      guard let range = KeyLayout.component(column.position, ofComposite: key.extracting(start..<end)) else {
        return nil
      }
      return .key((start + range.lowerBound)..<(start + range.upperBound))
    case .clustering: return KeyLayout.component(column.position, ofNote: note).map { .note($0) }
    case .static, .regular: return .value
    }
  }

  /// Gives the bytes at a place to `body`.
  func withBytes<Result>(_ place: Place, _ body: (Span<UInt8>) -> Result) -> Result {
    switch place {
    case .key(let range): body(key.extracting(range))
    case .note(let range): body(note.extracting(range))
    case .value: body(value)
    }
  }
}

/// Makes the keys of views.
private enum ViewPlace {
  /// Appends what the key of a view's record begins with.
  static func appendPartition(
    _ columns: [Column], _ row: borrowing BaseRow, to viewKey: inout [UInt8]
  ) -> ViewDefinition.Placement {
    var partition: [UInt8] = []
    for column in columns {
      guard let place = row.value(of: column) else { return .leftOut }
      let isShort = row.withBytes(place) { bytes in
        guard bytes.count <= KeyLayout.maximumKeyBytes else { return false }
        if columns.count > 1 { partition.append(bigEndian: UInt16(bytes.count)) }
        partition.append(copying: bytes)
        if columns.count > 1 { partition.append(0) }
        return true
      }
      guard isShort else { return .tooLong }
    }
    guard partition.count <= KeyLayout.maximumKeyBytes else { return .tooLong }
    // A partition may have an empty key, though none can be asked for, and it is the first one.
    let token = partition.isEmpty ? .min : Murmur3.token(partition.span)
    PartitionKey.append(token: token, key: partition.span, to: &viewKey)
    return .placed
  }
}
