internal import CassandraBytes
internal import CassandraWire

/// Reads a type as `system_schema` writes it, such as `map<text, frozen<list<inner>>>`.
///
/// Nobody but a server of ours writes these; what cannot be read is kept as a custom type with its text.
struct TypeText {
  /// How deep types may be in each other, `frozen` counted: each may stand in one.
  static let maximumNesting = 2 * CQLType.maximumNesting

  private let bytes: [UInt8]
  private var position = 0
  /// The user-defined type of a name.
  private let resolve: (String) -> UserDefinedType?

  /// The type of a text, in a keyspace whose user-defined types `resolve` knows.
  static func type(_ text: String, resolve: @escaping (String) -> UserDefinedType?) -> CQLType {
    var reader = TypeText(bytes: Array(text.utf8), resolve: resolve)
    guard let type = reader.type(depth: 0), reader.isAtEnd else { return .custom(text) }
    return type
  }

  private init(bytes: [UInt8], resolve: @escaping (String) -> UserDefinedType?) {
    self.bytes = bytes
    self.resolve = resolve
  }

  private var isAtEnd: Bool { position == bytes.count }

  private mutating func skip(_ byte: UInt8) -> Bool {
    while position < bytes.count, bytes[position] == UInt8(ascii: " ") { position += 1 }
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func name() -> (text: String, isQuoted: Bool)? {
    while position < bytes.count, bytes[position] == UInt8(ascii: " ") { position += 1 }
    if skip(UInt8(ascii: "\"")) { return quoted(by: UInt8(ascii: "\"")).map { ($0, true) } }
    let start = position
    while position < bytes.count, CQLWords.isWord(bytes[position]) { position += 1 }
    guard position > start else { return nil }
    return (String(decoding: bytes[start..<position], as: UTF8.self), false)
  }

  private mutating func quoted(by quote: UInt8) -> String? {
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == quote {
        guard position < bytes.count, bytes[position] == quote else { return String(decoding: text, as: UTF8.self) }
        position += 1
      }
      text.append(byte)
    }
    return nil
  }

  private mutating func type(depth: Int) -> CQLType? {
    guard depth <= Self.maximumNesting else { return nil }
    if skip(UInt8(ascii: "'")) { return quoted(by: UInt8(ascii: "'")).map { .custom($0) } }
    guard let name = name() else { return nil }
    if !name.isQuoted {
      if let simple = Self.simple[name.text] { return simple }
      switch name.text {
      case "frozen": return parameters(depth, 1)?[0]
      case "list": return parameters(depth, 1).map { .list($0[0]) }
      case "set": return parameters(depth, 1).map { .set($0[0]) }
      case "map": return parameters(depth, 2).map { .map(key: $0[0], value: $0[1]) }
      case "tuple": return parameters(depth, nil).map { .tuple($0) }
      case "vector": return vector(depth)
      default: break
      }
    }
    return resolve(name.text).map { .udt($0) }
  }

  private mutating func parameters(_ depth: Int, _ count: Int?) -> [CQLType]? {
    guard skip(UInt8(ascii: "<")) else { return nil }
    var types: [CQLType] = []
    repeat {
      guard let type = type(depth: depth + 1) else { return nil }
      types.append(type)
    } while skip(UInt8(ascii: ","))
    guard skip(UInt8(ascii: ">")), types.count == count ?? types.count else { return nil }
    return types
  }

  private mutating func vector(_ depth: Int) -> CQLType? {
    guard skip(UInt8(ascii: "<")), let element = type(depth: depth + 1), skip(UInt8(ascii: ",")), let digits = name(),
      let dimensions = Int32(digits.text), dimensions > 0, skip(UInt8(ascii: ">"))
    else { return nil }
    return .vector(element, dimensions: Int(dimensions))
  }

  private static let simple: [String: CQLType] = [
    "ascii": .ascii, "bigint": .bigint, "blob": .blob, "boolean": .boolean, "counter": .counter, "date": .date,
    "decimal": .decimal, "double": .double, "duration": .duration, "empty": .empty, "float": .float, "inet": .inet,
    "int": .int, "smallint": .smallint, "text": .text, "time": .time, "timestamp": .timestamp, "timeuuid": .timeuuid,
    "tinyint": .tinyint, "uuid": .uuid, "varchar": .text, "varint": .varint,
  ]
}
