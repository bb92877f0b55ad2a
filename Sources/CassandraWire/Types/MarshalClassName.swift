import CassandraBytes

/// Types by the names of Cassandra's Java classes, such as
/// `org.apache.cassandra.db.marshal.VectorType(org.apache.cassandra.db.marshal.FloatType , 3)`.
///
/// So the protocol names what has no number of its own, and so do the oldest schema tables. The package in front of a name
/// may be left out. User-defined types have their names in hexadecimal digits.
extension CQLType {
  static let marshalPackage = "org.apache.cassandra.db.marshal."

  /// The type of a class name; ``custom(_:)`` with the whole text when it or a part of it is not understood.
  ///
  /// `FrozenType` and `ReversedType` tell how a value is stored, and only what is inside of them is kept. `DateType`, the
  /// old class of timestamps, is a timestamp.
  public init(marshalClassName text: String) { self.init(marshalClassName: text, depth: 1) }

  /// The same for a type that stands inside of others.
  init(marshalClassName text: String, depth: Int) {
    var parser = MarshalParser(bytes: Array(text.utf8))
    let type = parser.type(depth: depth)
    self = if let type, parser.isAtEnd { type } else { .custom(text) }
  }

  /// The class name with its package and parameters, as Cassandra writes it.
  public var marshalClassName: String {
    switch self {
    case .custom(let name): name
    case .ascii: Self.marshalPackage + "AsciiType"
    case .bigint: Self.marshalPackage + "LongType"
    case .blob: Self.marshalPackage + "BytesType"
    case .boolean: Self.marshalPackage + "BooleanType"
    case .counter: Self.marshalPackage + "CounterColumnType"
    case .decimal: Self.marshalPackage + "DecimalType"
    case .double: Self.marshalPackage + "DoubleType"
    case .float: Self.marshalPackage + "FloatType"
    case .int: Self.marshalPackage + "Int32Type"
    case .timestamp: Self.marshalPackage + "TimestampType"
    case .uuid: Self.marshalPackage + "UUIDType"
    case .text: Self.marshalPackage + "UTF8Type"
    case .varint: Self.marshalPackage + "IntegerType"
    case .timeuuid: Self.marshalPackage + "TimeUUIDType"
    case .inet: Self.marshalPackage + "InetAddressType"
    case .date: Self.marshalPackage + "SimpleDateType"
    case .time: Self.marshalPackage + "TimeType"
    case .smallint: Self.marshalPackage + "ShortType"
    case .tinyint: Self.marshalPackage + "ByteType"
    case .duration: Self.marshalPackage + "DurationType"
    case .empty: Self.marshalPackage + "EmptyType"
    case .list(let element): Self.marshalPackage + "ListType(\(element.marshalClassName))"
    case .set(let element): Self.marshalPackage + "SetType(\(element.marshalClassName))"
    case .map(let key, let value): Self.marshalPackage + "MapType(\(key.marshalClassName),\(value.marshalClassName))"
    case .tuple(let types): Self.marshalPackage + "TupleType(\(types.map(\.marshalClassName).joined(separator: ",")))"
    case .udt(let type):
      Self.marshalPackage + "UserType("
        + ([type.keyspace, Self.hexadecimal(type.name)]
        + type.fields.map { "\(Self.hexadecimal($0.name)):\($0.type.marshalClassName)" }).joined(separator: ",") + ")"
    case .vector(let element, let dimensions):
      Self.marshalPackage + "VectorType(\(element.marshalClassNameInVector) , \(dimensions))"
    }
  }

  /// Inside of a vector Cassandra says that a collection or a user-defined type is frozen.
  private var marshalClassNameInVector: String {
    switch self {
    case .list, .set, .map, .udt: Self.marshalPackage + "FrozenType(\(marshalClassName))"
    case .custom, .ascii, .bigint, .blob, .boolean, .counter, .decimal, .double, .float, .int, .timestamp, .uuid, .text,
      .varint, .timeuuid, .inet, .date, .time, .smallint, .tinyint, .duration, .empty, .tuple, .vector:
      marshalClassName
    }
  }

  private static func hexadecimal(_ text: String) -> String {
    var digits: [UInt8] = []
    digits.append(hexadecimal: Array(text.utf8).span)
    return String(decoding: digits, as: UTF8.self)
  }
}

/// Reads class names; nil from any function means that the text is not understood.
private struct MarshalParser {
  let bytes: [UInt8]
  var position = 0

  var isAtEnd: Bool {
    mutating get {
      skipBlanks()
      return position == bytes.count
    }
  }

  private mutating func skipBlanks() {
    while position < bytes.count, [UInt8(ascii: " "), 0x09, 0x0a].contains(bytes[position]) { position += 1 }
  }

  /// Skips blanks and then `byte`, if it follows.
  private mutating func skip(_ byte: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard position < bytes.count, bytes[position] == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  private mutating func identifier() -> String? {
    skipBlanks()
    let start = position
    scan: while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "&"):
        position += 1
      default: break scan
      }
    }
    return position > start ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
  }

  /// A name in hexadecimal digits.
  private mutating func hexadecimalName() -> String? {
    guard let digits = identifier().map({ Array($0.utf8) }), digits.count % 2 == 0 else { return nil }
    var name: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = hexadecimalValue(digits[index]), let low = hexadecimalValue(digits[index + 1]) else {
        return nil
      }
      name.append(high << 4 | low)
    }
    return String(validating: name.span)
  }

  mutating func type(depth: Int) -> CQLType? {
    guard depth <= CQLType.maximumNesting else { return nil }
    skipBlanks()
    let start = position
    guard let name = identifier() else { return nil }
    let short =
      name.hasPrefix(bytesOf: CQLType.marshalPackage)
      ? String(name.dropFirst(bytes: CQLType.marshalPackage.utf8.count)) : name
    if let simple = Self.simple[short] { return simple }
    switch short {
    case "ListType": return parameters(depth: depth, 1).map { .list($0[0]) }
    case "SetType": return parameters(depth: depth, 1).map { .set($0[0]) }
    case "MapType": return parameters(depth: depth, 2).map { .map(key: $0[0], value: $0[1]) }
    case "TupleType": return parameters(depth: depth, nil).map { .tuple($0) }
    // These add no level to the value, and one could be hidden in the other without end: the depth counts them too.
    case "FrozenType", "ReversedType": return parameters(depth: depth, 1).map { $0[0] }
    case "UserType": return userType(depth: depth)
    case "VectorType": return vector(depth: depth)
    default: return custom(from: start)
    }
  }

  private mutating func parameters(depth: Int, _ wanted: Int?) -> [CQLType]? {
    guard skip("(") else { return nil }
    var types: [CQLType] = []
    repeat {
      guard let type = type(depth: depth + 1) else { return nil }
      types.append(type)
    } while skip(",")
    guard skip(")"), types.count == wanted ?? types.count else { return nil }
    return types
  }

  private mutating func userType(depth: Int) -> CQLType? {
    guard skip("("), let keyspace = identifier(), skip(","), let name = hexadecimalName() else { return nil }
    var fields: [UserDefinedType.Field] = []
    while skip(",") {
      guard let field = hexadecimalName(), skip(":"), let type = type(depth: depth + 1) else { return nil }
      fields.append(.init(field, type))
    }
    return skip(")") ? .udt(UserDefinedType(keyspace: keyspace, name: name, fields: fields)) : nil
  }

  private mutating func vector(depth: Int) -> CQLType? {
    guard skip("("), let element = type(depth: depth + 1), skip(","), let digits = identifier(), skip(")"),
      let dimensions = Int32(digits), dimensions > 0
    else { return nil }
    // Elements without bytes would make a value of any number of them from nothing.
    if case .empty = element { return nil }
    return .vector(element, dimensions: Int(dimensions))
  }

  /// The text of a class that is not known, up to the end of its parameters.
  private mutating func custom(from start: Int) -> CQLType? {
    var end = position
    if skip("(") {
      var open = 1
      while open > 0 {
        guard position < bytes.count else { return nil }
        if bytes[position] == UInt8(ascii: "(") { open += 1 }
        if bytes[position] == UInt8(ascii: ")") { open -= 1 }
        position += 1
      }
      end = position
    }
    return String(validating: bytes.span.extracting(start..<end)).map { .custom($0) }
  }

  private static let simple: [String: CQLType] = [
    "AsciiType": .ascii, "LongType": .bigint, "BytesType": .blob, "BooleanType": .boolean,
    "CounterColumnType": .counter, "DecimalType": .decimal, "DoubleType": .double, "FloatType": .float,
    "Int32Type": .int, "TimestampType": .timestamp, "DateType": .timestamp, "UUIDType": .uuid, "UTF8Type": .text,
    "IntegerType": .varint, "TimeUUIDType": .timeuuid, "InetAddressType": .inet, "SimpleDateType": .date,
    "TimeType": .time, "ShortType": .smallint, "ByteType": .tinyint, "DurationType": .duration, "EmptyType": .empty,
  ]
}
