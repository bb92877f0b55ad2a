import CQLLanguage
import CassandraWire

/// A type that a keyspace declares.
struct UserType: Sendable, Hashable {
  /// A field of the type.
  struct Field: Sendable, Hashable {
    /// Its name.
    var name: String
    /// Its type.
    var type: ColumnType
  }

  /// The keyspace.
  let keyspace: String
  /// The name.
  let name: String
  /// The fields in the order of their declaration.
  var fields: [Field]

  /// The type of a value of it, frozen.
  var whole: ColumnType { ColumnType(.frozen(.userDefined(QualifiedName(Identifier(name)))), .udt(wire)) }

  /// The type on the wire.
  var wire: UserDefinedType {
    UserDefinedType(keyspace: keyspace, name: name, fields: fields.map { .init($0.name, $0.type.wire) })
  }
}
