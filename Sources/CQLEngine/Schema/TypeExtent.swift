import CassandraBytes
import CassandraWire

/// How many bytes the protocol takes to name types, user types with all their fields wherever they stand.
///
/// What goes over types goes over all of them (`CQLType.addExtent`), so it is bounded where types are declared and where
/// columns are named.
struct TypeExtent {
  /// Bytes of the name of one type: 64 KiB, which is a user type with some thousand fields.
  static let maximumTypeBytes = 64 << 10
  /// Bytes of the names and types of all columns of a result together with those of the markers: 8 MiB.
  static let maximumColumnBytes = 8 << 20

  private let limit: Int
  /// The bytes that were counted; what is beyond the limit is not.
  private(set) var bytes = 0

  private init(limit: Int) { self.limit = limit }

  /// Refuses a type that is too long or too deep to be named.
  static func check(_ type: ColumnType) throws(EngineFailure) {
    var extent = TypeExtent(limit: maximumTypeBytes)
    guard type.wire.addExtent(to: &extent.bytes, limit: extent.limit) else {
      throw EngineFailure.invalid(
        "The type \(type.cql.shown(limit: 100)) is too large: with the user types in it, it may have at most "
          + "\(maximumTypeBytes) bytes in the protocol, and \(CQLType.maximumNesting) types within each other")
    }
  }

  /// Refuses a table whose columns are too long to be named together.
  static func check(_ table: Table.Definition) throws(EngineFailure) {
    var extent = TypeExtent(limit: maximumColumnBytes)
    for column in [table.partitionKey, table.clustering, table.statics, table.regulars].joined() {
      extent.bytes += 2 + column.name.utf8.count
      guard column.type.wire.addExtent(to: &extent.bytes, limit: extent.limit) else {
        throw EngineFailure.invalid(
          "The columns of table \(table.keyspace).\(table.name) are too large together: their names and types may have at "
            + "most \(maximumColumnBytes) bytes in the protocol")
      }
    }
  }

  /// The bytes that the columns of a result and the markers of a statement take, or a refusal when they are too many.
  static func bytes(
    ofColumns columns: [ColumnSpecification], markers: [ColumnSpecification]
  ) throws(EngineFailure) -> Int {
    var extent = TypeExtent(limit: maximumColumnBytes)
    guard extent.add(columns), extent.add(markers) else {
      throw EngineFailure.invalid(
        "The names and types of the statement's columns and markers are too long together: they may have at most "
          + "\(maximumColumnBytes) bytes in the protocol")
    }
    return extent.bytes
  }

  private mutating func add(_ columns: [ColumnSpecification]) -> Bool {
    for column in columns {
      bytes += 2 + column.name.utf8.count
      guard column.type.addExtent(to: &bytes, limit: limit) else { return false }
    }
    return true
  }
}
