internal import CassandraBytes

/// The classes of Cassandra's that a type may be named by.
enum CassandraClass {
  private static let package = "org.apache.cassandra.db.marshal."

  private static let names: Set<ByteText> = [
    "AsciiType", "BooleanType", "ByteType", "BytesType", "CompositeType", "CounterColumnType", "DateType",
    "DecimalType", "DoubleType", "DurationType", "DynamicCompositeType", "EmptyType", "FloatType", "FrozenType",
    "InetAddressType", "Int32Type", "IntegerType", "LegacyTimeUUIDType", "LexicalUUIDType", "ListType", "LongType",
    "MapType", "PartitionerDefinedOrder", "ReversedType", "SetType", "ShortType", "SimpleDateType", "TimeType",
    "TimeUUIDType", "TimestampType", "TupleType", "UTF8Type", "UUIDType", "UserType", "VectorType",
  ]

  /// A class's name with its package.
  static func fullName(_ name: String) -> String { name.contains(ascii: ".") ? name : package + name }

  /// The name, with its package, of the class that `text` begins with, if Cassandra has none of this name.
  ///
  /// What stands in parentheses behind it is not looked at.
  static func missing(in text: String) -> String? {
    let name = text.unicodeScalars.drop { $0 == " " || $0 == "\t" || $0 == "\n" }.prefix { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "-", "+", ".", "_", "&": true
      default: false
      }
    }
    // No name at all stands for BytesType.
    if name.isEmpty { return nil }
    let full = fullName(String(name))
    let isKnown = full.hasPrefix(bytesOf: package) && names.contains(String(full.dropFirst(bytes: package.utf8.count)))
    return isKnown ? nil : full
  }
}
