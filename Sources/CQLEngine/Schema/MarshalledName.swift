import CassandraBytes
import CQLLanguage
import CassandraWire

/// The names of Cassandra's classes for types that have a name in CQL as well.
enum MarshalledName {
  private static let package = "org.apache.cassandra.db.marshal."

  /// The name in CQL of the type of a class; nil when there is none.
  static func typeName(_ className: String) -> TypeName? {
    // The names of all classes are ASCII, and the parts of other texts are no characters.
    guard className.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
    var text = className.trimmingBlanks()
    var isFrozen = false
    while let inner = inside(text, "ReversedType") ?? inside(text, "FrozenType") {
      if inside(text, "FrozenType") != nil { isFrozen = true }
      text = inner.trimmingBlanks()
    }
    // No name at all is that of bytes, and the parameters of a type that takes none are passed over.
    if text.isEmpty { return .native(.blob) }
    let base = text.prefix(beforeASCII: "(")
    if base == "LegacyTimeUUIDType" || base == "\(package)LegacyTimeUUIDType" { return .native(.timeuuid) }
    if let native = native(CQLType(marshalClassName: String(base))) { return .native(native) }
    guard let name = name(CQLType(marshalClassName: String(text))) else { return nil }
    return isFrozen ? frozen(name) : name
  }

  /// Whether a class orders the values of another one the other way round.
  static func isReversed(_ className: String) -> Bool { inside(className.trimmingBlanks(), "ReversedType") != nil }

  private static func frozen(_ name: TypeName) -> TypeName {
    switch name {
    case .list, .set, .map, .userDefined: .frozen(name)
    default: name
    }
  }

  private static func native(_ type: CQLType) -> NativeType? {
    if case .empty = type { return nil }
    return NativeType.allCases.first { $0.wire == type && $0 != .varchar }
  }

  /// The name of a type; what is inside of others is frozen.
  private static func name(_ type: CQLType) -> TypeName? {
    func part(_ type: CQLType) -> TypeName? { name(type).map(frozen) }
    switch type {
    case .list(let element): return part(element).map { .list($0) }
    case .set(let element): return part(element).map { .set($0) }
    case .map(let key, let value):
      guard let key = part(key), let value = part(value) else { return nil }
      return .map(key: key, value: value)
    case .tuple(let types):
      let names = types.compactMap(part)
      return names.count == types.count && !names.isEmpty ? .tuple(names) : nil
    case .vector(let element, let dimension): return part(element).map { .vector(element: $0, dimension: dimension) }
    case .udt(let definition):
      return .userDefined(QualifiedName(Identifier(definition.name), in: Identifier(definition.keyspace)))
    case .custom(let className): return ClassType(className: className).map { .custom(className: $0.className) }
    default: return native(type).map { .native($0) }
    }
  }

  private static func inside(_ text: Substring, _ name: String) -> Substring? {
    for start in ["\(name)(", "\(package)\(name)("] where text.hasPrefix(bytesOf: start) && text.hasSuffix(bytesOf: ")")
    {
      return text.dropFirst(bytes: start.utf8.count).dropLast(bytes: 1)
    }
    return nil
  }
}
