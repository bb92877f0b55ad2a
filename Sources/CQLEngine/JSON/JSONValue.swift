import CassandraBytes
import CQLLanguage
import CassandraWire

/// Values of types made of JSON, by the rules of Cassandra's types: texts are taken where numbers and other values are
/// wanted, and the refusals say what was found.
enum JSONValue {
  /// The bytes of a value other than null.
  static func bytes(_ tree: JSONTree, _ type: CQLType) throws(EngineFailure) -> [UInt8] {
    switch type {
    case .list(let element):
      return Parts.collection(try elements(tree, "a list", "list", element))
    case .set(let element):
      let elements = try elements(tree, "a list (representing a set)", "set", element)
      return Parts.collection(try ValueOrder.sorted(elements, element))
    case .map(let keyType, let valueType): return try map(tree, keyType, valueType)
    case .vector(let element, let dimensions): return try vector(tree, element, dimensions)
    case .tuple(let types): return try tuple(tree, types)
    case .udt(let definition): return try userType(tree, definition)
    default: return try scalar(tree, type)
    }
  }

  private static func refusal(_ expected: String, _ tree: JSONTree) -> EngineFailure {
    .invalid("Expected \(expected), but got a \(tree.className): \(tree.text)")
  }

  // MARK: Scalars

  private static func scalar(_ tree: JSONTree, _ type: CQLType) throws(EngineFailure) -> [UInt8] {
    if case .custom(let className) = type, case .lexicalUUID = ClassType(className: className) {
      guard case .string(let text) = tree else { throw refusal("a string representation of a uuid", tree) }
      return text.isEmpty ? [] : try Literal.bytes(Constant(.string, text), type)
    }
    switch type {
    case .text, .custom: return try text(tree, type, "a UTF-8 string")
    case .ascii: return try text(tree, type, "an ascii string")
    case .tinyint:
      switch tree {
      case .string(let text), .integer(let text): return try parsed(text, type)
      case .floating(let number): return try parsed(JavaNumber.text(number), type)
      default: throw refusal("a byte value", tree)
      }
    case .smallint:
      switch tree {
      case .string(let text), .integer(let text): return try parsed(text, type)
      case .floating(let number): return try parsed(JavaNumber.text(number), type)
      default: throw refusal("a short value", tree)
      }
    case .int:
      switch tree {
      case .string(let text): return try parsed(text, type)
      case .integer(let digits) where Int32(digits) != nil: return try parsed(digits, type)
      default: throw refusal("an int value", tree)
      }
    case .bigint, .counter:
      switch tree {
      case .string(let text): return try parsed(text, type)
      case .integer(let digits) where Int64(digits) != nil: return try parsed(digits, type)
      default: throw refusal("a bigint value", tree)
      }
    case .float, .double:
      switch tree {
      case .string(let text), .integer(let text): return try parsed(text, type)
      case .floating(let number): return try Number.floating(number).bytes(type)
      default: throw refusal("a \(type) value", tree)
      }
    case .varint:
      guard let number = CQLVarint(tree.text) else {
        throw EngineFailure.invalid("Value '\(tree.text)' is not a valid representation of a varint value")
      }
      return number.twosComplement
    case .decimal:
      if case .string(let text) = tree, text.isEmpty { return [] }
      guard let number = CQLDecimal(tree.text) else {
        throw EngineFailure.invalid("Value '\(tree.text)' is not a valid representation of a decimal value")
      }
      return try Number.decimal(number).bytes(.decimal)
    case .boolean: return try boolean(tree)
    case .blob: return try blob(tree)
    case .timestamp:
      switch tree {
      case .string(let text): return try parsed(text, type)
      // Of a number that fits into 32 bits Cassandra's reader makes an integer, which is none of these.
      case .integer(let digits) where Int64(digits) != nil && Int32(digits) == nil: return try parsed(digits, type)
      default: throw refusal("a long or a datestring representation of a timestamp value", tree)
      }
    case .uuid, .timeuuid: return try text(tree, type, "a string representation of a \(type)")
    case .inet: return try text(tree, type, "a string representation of an inet value")
    case .date, .time: return try text(tree, type, "a string representation of a \(type) value")
    default: return try text(tree, type, "a string representation of a \(type)")
    }
  }

  private static func text(_ tree: JSONTree, _ type: CQLType, _ expected: String) throws(EngineFailure) -> [UInt8] {
    guard case .string(let text) = tree else { throw refusal(expected, tree) }
    return try parsed(text, type)
  }

  /// The value of a text as Cassandra's types read it; an empty one is a value of no bytes for most.
  private static func parsed(_ text: String, _ type: CQLType) throws(EngineFailure) -> [UInt8] {
    switch type {
    case .text, .ascii, .date, .time, .custom: break
    default: if text.isEmpty { return [] }
    }
    if case .custom = type { return Array(text.utf8) }
    return try Literal.bytes(Constant(.string, text), type)
  }

  private static func boolean(_ tree: JSONTree) throws(EngineFailure) -> [UInt8] {
    switch tree {
    case .boolean(let value): return [value ? 1 : 0]
    case .string(let text):
      switch text.lowercased() {
      case "true": return [1]
      case "", "false": return [0]
      default: throw EngineFailure.invalid("Unable to make boolean from '\(text)'")
      }
    default: throw refusal("a boolean value", tree)
    }
  }

  private static func blob(_ tree: JSONTree) throws(EngineFailure) -> [UInt8] {
    guard case .string(let text) = tree else {
      throw EngineFailure.invalid(
        "Value '\(tree.text)' is not a valid blob representation: class java.lang.\(tree.className) cannot be cast to class "
          + "java.lang.String (java.lang.\(tree.className) and java.lang.String are in module java.base of loader "
          + "'bootstrap')")
    }
    do throws(EngineFailure) {
      guard text.hasPrefix(bytesOf: "0x") else {
        throw EngineFailure.invalid("String representation of blob is missing 0x prefix: \(text)")
      }
      return try Literal.bytes(Constant(.blob, text), .blob)
    } catch {
      throw EngineFailure.invalid("Value '\(text)' is not a valid blob representation: \(error.response.message)")
    }
  }

  // MARK: Several values

  /// A text in the place of a list or an object is read once more as JSON.
  private static func opened(_ tree: JSONTree) throws(EngineFailure) -> JSONTree {
    guard case .string(let text) = tree else { return tree }
    let opened: JSONTree
    do throws(JSONSyntaxProblem) {
      opened = try JSONParser.parse(text.utf8)
    } catch {
      throw EngineFailure.invalid("Error decoding JSON string: \(error.described)")
    }
    guard case .null = opened else { return opened }
    // This is what Cassandra stumbles at.
    throw EngineFailure(
      .serverError,
      "java.lang.NullPointerException: Cannot invoke \"Object.getClass()\" because \"parsed\" is null")
  }

  private static func elements(
    _ tree: JSONTree, _ expected: String, _ name: String, _ type: CQLType
  ) throws(EngineFailure) -> [ArraySlice<UInt8>] {
    let tree = try opened(tree)
    guard case .list(let list) = tree else { throw refusal(expected, tree) }
    var elements: [ArraySlice<UInt8>] = []
    elements.reserveCapacity(list.count)
    for element in list {
      if case .null = element { throw EngineFailure.invalid("Invalid null element in \(name)") }
      elements.append(try bytes(element, type)[...])
    }
    return elements
  }

  private static func map(
    _ tree: JSONTree, _ keyType: CQLType, _ valueType: CQLType
  ) throws(EngineFailure) -> [UInt8] {
    let tree = try opened(tree)
    guard case .object(let object) = tree else { throw refusal("a map", tree) }
    var parts: [ArraySlice<UInt8>] = []
    parts.reserveCapacity(object.members.count * 2)
    for (name, value) in object.members {
      if case .null = value { throw EngineFailure.invalid("Invalid null value in map") }
      parts.append(try bytes(.string(name), keyType)[...])
      parts.append(try bytes(value, valueType)[...])
    }
    return Parts.collection(try ValueOrder.sorted(parts, keyType, perElement: 2), perElement: 2)
  }

  private static func vector(_ tree: JSONTree, _ type: CQLType, _ dimensions: Int) throws(EngineFailure) -> [UInt8] {
    let tree = try opened(tree)
    guard case .list(let list) = tree else { throw refusal("a list", tree) }
    guard list.count == dimensions else {
      throw EngineFailure.invalid(
        "List had incorrect size: expected \(dimensions) but given \(list.count); \(tree.text)")
    }
    var elements: [ArraySlice<UInt8>] = []
    for element in list {
      if case .null = element { throw EngineFailure.invalid("Invalid null element in list") }
      elements.append(try bytes(element, type)[...])
    }
    return Parts.vector(elements, type)
  }

  private static func tuple(_ tree: JSONTree, _ types: [CQLType]) throws(EngineFailure) -> [UInt8] {
    let tree = try opened(tree)
    guard case .list(let list) = tree else { throw refusal("a list representation of a tuple", tree) }
    guard list.count <= types.count else {
      throw EngineFailure.invalid("Tuple contains extra items (expected \(types.count)): \(tree.text)")
    }
    guard list.count == types.count else {
      throw EngineFailure.invalid("Tuple is missing items (expected \(types.count)): \(tree.text)")
    }
    var fields: [ArraySlice<UInt8>?] = []
    for (element, type) in zip(list, types) { fields.append(try optional(element, type)) }
    return Parts.tuple(fields)
  }

  private static func userType(
    _ tree: JSONTree, _ definition: UserDefinedType
  ) throws(EngineFailure) -> [UInt8] {
    let tree = try opened(tree)
    guard case .object(let object) = tree else { throw refusal("a map", tree) }
    let given = object.withoutQuotes
    var fields: [ArraySlice<UInt8>?] = []
    for field in definition.fields { fields.append(try optional(given[field.name] ?? .null, field.type)) }
    let known = Set(definition.fields.map { ByteText($0.name) })
    if let unknown = given.members.first(where: { !known.contains(ByteText($0.name)) }) {
      throw EngineFailure.invalid(
        "Unknown field '\(unknown.name)' in value of user defined type \(definition.name)")
    }
    return Parts.tuple(fields)
  }

  private static func optional(_ tree: JSONTree, _ type: CQLType) throws(EngineFailure) -> ArraySlice<UInt8>? {
    if case .null = tree { return nil }
    return try bytes(tree, type)[...]
  }
}
