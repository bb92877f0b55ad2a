import CQLLanguage
import CassandraWire

/// A column of a table.
final class Column: Sendable {
  /// What a column is for.
  enum Kind: UInt8, Sendable, Hashable {
    /// A part of the partition key.
    case partitionKey
    /// A part of the order of rows in their partition.
    case clustering
    /// One value for all rows of a partition.
    case `static`
    /// Any other.
    case regular

    /// The name in `system_schema.columns`.
    var name: String {
      switch self {
      case .partitionKey: "partition_key"
      case .clustering: "clustering"
      case .static: "static"
      case .regular: "regular"
      }
    }
  }

  /// Its name.
  let name: String
  /// What it is for.
  let kind: Kind
  /// Its place in the partition key or among the clustering columns, from 0; -1 for other columns.
  let position: Int
  /// Its type.
  let type: ColumnType
  /// Whether rows are ordered from its largest value to its least.
  let isDescending: Bool
  /// Its number in records; 65,535 for a column of the primary key, which has no cells.
  let id: ColumnID
  /// What those see in place of its values who may not see them.
  let mask: ColumnMasking?

  init(
    _ name: String, _ kind: Kind, position: Int = -1, _ type: ColumnType, isDescending: Bool = false, id: ColumnID,
    mask: ColumnMasking? = nil
  ) {
    self.mask = mask
    self.name = name
    self.kind = kind
    self.position = position
    self.type = type
    self.isDescending = isDescending
    self.id = id
  }

  /// The number of columns without cells.
  static let noCells: ColumnID = 65_535

  var isPrimaryKey: Bool { kind == .partitionKey || kind == .clustering }

  /// The type on the wire.
  var wire: CQLType { type.wire }

  /// The name as CQL writes it.
  var cql: String { Identifier.cql(name) }

  /// The same column with another name or type.
  func changed(name: String? = nil, type: ColumnType? = nil) -> Column {
    Column(
      name ?? self.name, kind, position: position, type ?? self.type, isDescending: isDescending, id: id, mask: mask)
  }

  /// The same column with another mask, or with none.
  func masked(with mask: ColumnMasking?) -> Column {
    Column(name, kind, position: position, type, isDescending: isDescending, id: id, mask: mask)
  }
}

/// A column that its table no longer has.
struct DroppedColumn: Sendable {
  /// Its name.
  var name: String
  /// Its type, with user types as tuples of their fields.
  var type: ColumnType
  /// Whether it was static.
  var isStatic: Bool
  /// The moment since when it is gone, in microseconds since 1970: a cell that is newer shows again when the column is
  /// added anew.
  var time: Int64
  /// Its number in records, which it has again when it is added anew; nil for what an older file says.
  var id: ColumnID?
}
