import CassandraBytes

/// The type of a column, a bind marker or a part of a value, as the protocol names it (section 4.2.5.2).
///
/// `frozen` is not part of it: it says how a table stores a value, the protocol never tells, and the bytes of a value are
/// the same. What Cassandra sends as a class name (vectors, and in older versions of the protocol also newer types) is
/// translated where the name is known and stays ``custom(_:)`` where it is not.
public indirect enum CQLType: Hashable, Sendable {
  /// A type this module does not know, by the name of its Java class and its parameters; its values are bytes.
  case custom(String)
  /// Text in ASCII.
  case ascii
  /// An integer of 64 bits.
  case bigint
  /// Bytes.
  case blob
  /// True or false.
  case boolean
  /// A counter; its values are integers of 64 bits.
  case counter
  /// A decimal number of any length.
  case decimal
  /// A floating-point number of 64 bits.
  case double
  /// A floating-point number of 32 bits.
  case float
  /// An integer of 32 bits.
  case int
  /// A moment in milliseconds.
  case timestamp
  /// A UUID of any version.
  case uuid
  /// Text in UTF-8; `varchar` is the same type.
  case text
  /// An integer of any length.
  case varint
  /// A UUID of version 1.
  case timeuuid
  /// An IPv4 or IPv6 address.
  case inet
  /// A day.
  case date
  /// A time of day in nanoseconds.
  case time
  /// An integer of 16 bits.
  case smallint
  /// An integer of 8 bits.
  case tinyint
  /// Months, days and nanoseconds.
  case duration
  /// The type of the one value column that a table made by Thrift may have without using it: all its values are empty.
  case empty
  /// Elements in an order.
  case list(CQLType)
  /// Different elements; Cassandra keeps them sorted.
  case set(CQLType)
  /// Values by different keys; Cassandra keeps them sorted by key.
  case map(key: CQLType, value: CQLType)
  /// Named fields.
  case udt(UserDefinedType)
  /// A fixed number of values, each of a type of its own.
  case tuple([CQLType])
  /// A fixed number of values of one type, none of them null.
  case vector(CQLType, dimensions: Int)

  /// How many types may stand inside of each other; a deeper one is refused where types come from a peer.
  ///
  /// Cassandra sets no limit of its own: it takes 400 lists inside of each other, and of 1,000 its stack overflows.
  public static let maximumNesting = 64
}

extension CQLType: CustomStringConvertible {
  /// The type as CQL writes it, without `frozen`, such as `map<text, list<int>>`; a custom one in quotation marks.
  public var description: String {
    switch self {
    case .custom(let name): "'\(name)'"
    case .ascii: "ascii"
    case .bigint: "bigint"
    case .blob: "blob"
    case .boolean: "boolean"
    case .counter: "counter"
    case .decimal: "decimal"
    case .double: "double"
    case .float: "float"
    case .int: "int"
    case .timestamp: "timestamp"
    case .uuid: "uuid"
    case .text: "text"
    case .varint: "varint"
    case .timeuuid: "timeuuid"
    case .inet: "inet"
    case .date: "date"
    case .time: "time"
    case .smallint: "smallint"
    case .tinyint: "tinyint"
    case .duration: "duration"
    case .empty: "empty"
    case .list(let element): "list<\(element)>"
    case .set(let element): "set<\(element)>"
    case .map(let key, let value): "map<\(key), \(value)>"
    case .udt(let type): Self.quotedWhereNeeded(type.name)
    case .tuple(let types): "tuple<\(types.map(\.description).joined(separator: ", "))>"
    case .vector(let element, let dimensions): "vector<\(element), \(dimensions)>"
    }
  }

  /// A name as CQL needs it: as it is when it is lower-case letters, digits and underscores, else in quotation marks.
  private static func quotedWhereNeeded(_ name: String) -> String {
    let isPlain =
      name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: false
        }
      } && name.utf8.first.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } ?? false
    if isPlain { return name }
    return "\"" + name.split(ascii: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }
}

extension CQLType {
  /// Whether a value of no bytes is a value like any other; for all other types Cassandra allows it for the sake of old
  /// clients only, or not at all, and it means nothing.
  @usableFromInline
  var emptyIsValue: Bool {
    switch self {
    case .ascii, .text, .blob, .custom, .empty, .tuple, .udt: true
    case .bigint, .boolean, .counter, .decimal, .double, .float, .int, .timestamp, .uuid, .varint, .timeuuid, .inet,
      .date, .time, .smallint, .tinyint, .duration, .list, .set, .map, .vector:
      false
    }
  }

  /// How many bytes each element of this type takes in a vector, or nil when each has its length before it.
  ///
  /// It is what Cassandra's code says and not what the types suggest: date, time, smallint and tinyint have a length.
  @usableFromInline
  package var sizeInVector: Int? {
    switch self {
    case .boolean: 1
    case .float, .int: 4
    case .bigint, .double, .timestamp: 8
    case .uuid, .timeuuid: 16
    case .vector(let element, let dimensions):
      element.sizeInVector.flatMap { size in
        let (total, overflow) = size.multipliedReportingOverflow(by: dimensions)
        return overflow ? nil : total
      }
    case .custom, .ascii, .blob, .counter, .decimal, .text, .varint, .inet, .date, .time, .smallint, .tinyint,
      .duration, .empty, .list, .set, .map, .udt, .tuple:
      nil
    }
  }
}
