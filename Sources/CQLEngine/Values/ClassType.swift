import CassandraBytes
import CQLLanguage
import CassandraWire

/// The types that have no name in CQL: they are named by the class of Cassandra's that does their work.
enum ClassType {
  case composite(CompositeType)
  case dynamicComposite(DynamicCompositeType)
  /// UUIDs in the order of their bytes, as numbers with a sign.
  case lexicalUUID

  private static let package = "org.apache.cassandra.db.marshal."

  /// The type of a class's name with its parameters; nil for any other class.
  init?(className: String) { self.init(className: className, depth: 1) }

  private init?(className: String, depth: Int) {
    // The names of all classes are ASCII.
    guard depth <= CQLType.maximumNesting, className.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
    var text = className[...]
    if text.hasPrefix(bytesOf: Self.package) { text = text.dropFirst(bytes: Self.package.utf8.count) }
    guard let parameters = Self.parameters(of: text) else { return nil }
    switch text.prefix(beforeASCII: "(") {
    case "LexicalUUIDType" where parameters.isEmpty: self = .lexicalUUID
    case "CompositeType":
      var components: [CQLType] = []
      for parameter in parameters {
        guard let type = Self.type(parameter[...], depth: depth) else { return nil }
        components.append(type)
      }
      self = .composite(CompositeType(components))
    case "DynamicCompositeType":
      var aliases: [(alias: UInt8, type: DynamicCompositeType.Component)] = []
      for parameter in parameters {
        guard let arrow = parameter.firstRange(of: "=>") else { return nil }
        let alias = parameter[..<arrow.lowerBound].trimmingBlanks()
        guard alias.utf8.count == 1, let byte = alias.utf8.first,
          let component = DynamicCompositeType.Component(
            parameter[arrow.upperBound...].trimmingBlanks(), { Self.type($0, depth: depth) })
        else { return nil }
        aliases.append((byte, component))
      }
      self = .dynamicComposite(DynamicCompositeType(aliases))
    default: return nil
    }
  }

  /// The type of a component; nil for what is no type.
  private static func type(_ text: Substring, depth: Int) -> CQLType? {
    let type = CQLType(marshalClassName: String(text.trimmingBlanks()))
    guard case .custom(let name) = type else { return type }
    return ClassType(className: name, depth: depth + 1).map { .custom($0.className) }
  }

  /// The class's name as Cassandra writes it.
  var className: String {
    switch self {
    case .composite(let type):
      Self.package + "CompositeType(\(type.components.map(\.marshalClassName).joined(separator: ",")))"
    case .dynamicComposite(let type): Self.package + "DynamicCompositeType(\(type.parameters))"
    case .lexicalUUID: Self.package + "LexicalUUIDType"
    }
  }

  /// What stands in the parentheses behind a name, with the commas between them that do not stand in further ones; nil
  /// when it does not end where the parentheses do.
  private static func parameters(of text: Substring) -> [String]? {
    guard let open = text.firstIndex(ofASCII: "(") else { return [] }
    guard text.hasSuffix(bytesOf: ")") else { return nil }
    let inner = text[text.utf8.index(after: open)...].dropLast(bytes: 1)
    if inner.trimmingBlanks().isEmpty { return [] }
    var parts: [String] = []
    var depth = 0
    var part: [UInt8] = []
    for byte in inner.utf8 {
      switch byte {
      case UInt8(ascii: ",") where depth == 0:
        parts.append(String(decoding: part, as: UTF8.self))
        part = []
        continue
      case UInt8(ascii: "("): depth += 1
      case UInt8(ascii: ")"): depth -= 1
      default: break
      }
      guard depth >= 0 else { return nil }
      part.append(byte)
    }
    return depth == 0 ? parts + [String(decoding: part, as: UTF8.self)] : nil
  }
}

// MARK: - Values

extension ClassType {
  /// The bytes of a constant.
  func bytes(_ constant: Constant) throws(EngineFailure) -> [UInt8] {
    if constant.kind == .blob {
      let value = try Literal.bytes(constant, .blob)
      if case .lexicalUUID = self, value.count != 16, !value.isEmpty {
        throw EngineFailure(
          .serverError,
          "java.lang.RuntimeException: java.io.IOException: Expected exactly 16 bytes, but was \(value.count)")
      }
      return value
    }
    switch self {
    case .composite(let type): return try type.bytes(constant.text)
    case .dynamicComposite(let type): return try type.bytes(constant.text)
    case .lexicalUUID:
      guard let uuid = CQLUUID(constant.text) else {
        throw EngineFailure.invalid("unable to make UUID from '\(constant.text)'")
      }
      var value: [UInt8] = []
      value.append(bigEndian: uuid.high)
      value.append(bigEndian: uuid.low)
      return value
    }
  }

  /// Throws unless `value` is a value of the type.
  func validate(_ value: Span<UInt8>) throws(EngineFailure) {
    switch self {
    case .composite(let type): try type.validate(value)
    case .dynamicComposite(let type): try type.validate(value)
    case .lexicalUUID: try ValueCheck.validate(value, .uuid)
    }
  }

  /// Appends bytes that are ordered as Cassandra orders the values.
  func append(_ value: Span<UInt8>, into key: inout [UInt8]) throws(EngineFailure) {
    switch self {
    case .composite(let type): try type.append(value, into: &key)
    case .dynamicComposite(let type): try type.append(value, into: &key)
    case .lexicalUUID:
      guard value.count == 16 else { return OrderedKeyEncoding.append(escaped: value, into: &key) }
      key.append(OrderedKeyEncoding.present)
      for index in value.indices { key.append(value[index] ^ (index % 8 == 0 ? 0x80 : 0)) }
    }
  }
}
