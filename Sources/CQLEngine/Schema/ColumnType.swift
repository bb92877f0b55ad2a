import CQLLanguage
import CassandraWire

/// The type of a column or of a field: as CQL names it, as the protocol does, and how it is stored.
struct ColumnType: Sendable, Hashable {
  /// The name as Cassandra writes it in its schema: `frozen` wherever it is meant, without the keyspace of user types.
  let name: TypeName
  /// The type on the wire.
  let wire: CQLType
  /// Whether it is stored by element or field: a collection or a user type that is not frozen.
  let isMultiCell: Bool
  /// Whether it is a user type that is not frozen and has a field that is not frozen either, which no table can store.
  let hasUnfrozenFields: Bool

  /// The name as CQL text.
  var cql: String { name.cql }

  init(_ name: TypeName, _ wire: CQLType, isMultiCell: Bool = false, hasUnfrozenFields: Bool = false) {
    self.name = name
    self.wire = wire
    self.isMultiCell = isMultiCell
    self.hasUnfrozenFields = hasUnfrozenFields
  }

  /// A type that needs no declaration.
  init(_ native: NativeType) { self.init(.native(native.canonical), native.wire) }

  var isCounter: Bool { wire == .counter }

  var isUserType: Bool {
    if case .udt = wire { true } else { false }
  }

  var isCollection: Bool { wire.isCollection }

  /// Whether a duration is in it, which has no order.
  var hasDuration: Bool { wire.hasDuration }
}

extension NativeType {
  /// `text` for both of its names.
  var canonical: NativeType { self == .varchar ? .text : self }

  /// The type on the wire.
  var wire: CQLType {
    switch self {
    case .ascii: .ascii
    case .bigint: .bigint
    case .blob: .blob
    case .boolean: .boolean
    case .counter: .counter
    case .decimal: .decimal
    case .double: .double
    case .duration: .duration
    case .float: .float
    case .inet: .inet
    case .int: .int
    case .smallint: .smallint
    case .text, .varchar: .text
    case .timestamp: .timestamp
    case .tinyint: .tinyint
    case .uuid: .uuid
    case .varint: .varint
    case .timeuuid: .timeuuid
    case .date: .date
    case .time: .time
    }
  }
}
