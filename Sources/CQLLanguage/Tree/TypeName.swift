/// A type as it is written in a statement.
public indirect enum TypeName: Sendable, Equatable, Hashable {
  /// A type that needs no declaration.
  case native(NativeType)
  /// `list<element>`.
  case list(TypeName)
  /// `set<element>`.
  case set(TypeName)
  /// `map<key, value>`.
  case map(key: TypeName, value: TypeName)
  /// `tuple<a, b, …>`.
  case tuple([TypeName])
  /// `vector<element, dimension>`; the dimension may be less than 1, which is for the schema to refuse.
  case vector(element: TypeName, dimension: Int)
  /// `frozen<type>`.
  case frozen(TypeName)
  /// A type that a user has declared.
  case userDefined(QualifiedName)
  /// `'class'`: a type by the name of its class in Cassandra.
  case custom(className: String)
}

/// The types that need no declaration.
public enum NativeType: String, Sendable, Equatable, Hashable, CaseIterable {
  /// Text of 7-bit characters.
  case ascii
  /// A signed number of 64 bits.
  case bigint
  /// Bytes.
  case blob
  /// True or false.
  case boolean
  /// A 64-bit number that is only added to.
  case counter
  /// A decimal number of any precision.
  case decimal
  /// A binary floating-point number of 64 bits.
  case double
  /// Months, days and nanoseconds.
  case duration
  /// A binary floating-point number of 32 bits.
  case float
  /// An IPv4 or IPv6 address.
  case inet
  /// A signed number of 32 bits.
  case int
  /// A signed number of 16 bits.
  case smallint
  /// Text.
  case text
  /// Milliseconds since 1970.
  case timestamp
  /// A signed number of 8 bits.
  case tinyint
  /// A UUID of any version.
  case uuid
  /// Another name of `text`.
  case varchar
  /// An integer of any precision.
  case varint
  /// A UUID of version 1.
  case timeuuid
  /// A day without a time.
  case date
  /// A time of day, in nanoseconds.
  case time
}
