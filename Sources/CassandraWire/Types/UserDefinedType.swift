/// A type that a keyspace defines: named fields in an order.
///
/// A value may have fewer fields than its type, when fields were added to the type after it was written; the missing ones
/// are null.
public struct UserDefinedType: Hashable, Sendable {
  /// A field of the type.
  public struct Field: Hashable, Sendable {
    /// The field's name.
    public var name: String
    /// The type of its values.
    public var type: CQLType

    /// A field by name and type.
    public init(_ name: String, _ type: CQLType) {
      self.name = name
      self.type = type
    }
  }

  /// The keyspace that defines it.
  public var keyspace: String
  /// Its name within the keyspace.
  public var name: String
  /// Its fields in the order of their definition, which is that of a value's bytes.
  public var fields: [Field]

  /// A type by keyspace, name and fields.
  public init(keyspace: String, name: String, fields: [Field]) {
    self.keyspace = keyspace
    self.name = name
    self.fields = fields
  }
}
