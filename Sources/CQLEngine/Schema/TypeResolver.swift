import CassandraBytes
import CQLLanguage
import CassandraWire

/// Finds out what the names of types in a statement mean in a keyspace.
struct TypeResolver {
  /// The keyspace in which user types are looked up.
  let keyspace: String
  /// Its user types.
  let types: NameMap<UserType>

  init(_ keyspace: Keyspace) {
    self.keyspace = keyspace.name
    types = keyspace.types
  }

  init(keyspace: String, types: NameMap<UserType>) {
    self.keyspace = keyspace
    self.types = types
  }

  /// The type of that name in a statement, or a refusal.
  func resolve(_ name: TypeName) throws(EngineFailure) -> ColumnType {
    let type = try meaning(of: name)
    try TypeExtent.check(type)
    return type
  }

  /// The type of that name, however large it is, such as one that is kept already; or Cassandra's refusal.
  func meaning(of name: TypeName) throws(EngineFailure) -> ColumnType {
    switch name {
    case .native(let native): return ColumnType(native)
    case .list(let element):
      let inner = try part(element, of: name)
      return ColumnType(.list(inner.name), .list(inner.wire), isMultiCell: true)
    case .set(let element):
      let inner = try part(element, of: name)
      if inner.wire == .duration {
        throw EngineFailure.invalid("Durations are not allowed inside sets: \(name.cql)")
      }
      return ColumnType(.set(inner.name), .set(inner.wire), isMultiCell: true)
    case .map(let key, let value):
      let keyType = try part(key, of: name)
      if keyType.wire == .duration {
        throw EngineFailure.invalid("Durations are not allowed as map keys: \(name.cql)")
      }
      let valueType = try part(value, of: name)
      return ColumnType(
        .map(key: keyType.name, value: valueType.name), .map(key: keyType.wire, value: valueType.wire),
        isMultiCell: true)
    case .tuple(let elements):
      var inner: [ColumnType] = []
      for element in elements {
        if element == .native(.counter) { throw EngineFailure.invalid("Counters are not allowed inside tuples") }
        inner.append(try frozen(element))
      }
      return ColumnType(.frozen(.tuple(inner.map(\.name))), .tuple(inner.map(\.wire)))
    case .vector(let element, let dimension):
      guard dimension > 0 else {
        throw EngineFailure.invalid("vectors may only have positive dimensions; given \(dimension)")
      }
      let inner = try frozen(element)
      return ColumnType(
        .vector(element: inner.name, dimension: dimension), .vector(inner.wire, dimensions: dimension))
    case .frozen(let inner): return try frozen(inner)
    case .userDefined(let qualified):
      let type = try userType(qualified)
      return ColumnType(
        .userDefined(QualifiedName(Identifier(type.name))), .udt(type.wire), isMultiCell: true,
        hasUnfrozenFields: type.fields.contains { $0.type.isMultiCell })
    case .custom(let className): return try custom(className)
    }
  }

  /// The type of that name, frozen through and through.
  private func frozen(_ name: TypeName) throws(EngineFailure) -> ColumnType {
    switch name {
    case .native(let native): return ColumnType(native)
    case .list(let element):
      let inner = try frozenPart(element, of: name)
      return ColumnType(.frozen(.list(inner.name)), .list(inner.wire))
    case .set(let element):
      let inner = try frozenPart(element, of: name)
      if inner.wire == .duration {
        throw EngineFailure.invalid("Durations are not allowed inside sets: \(name.cql)")
      }
      return ColumnType(.frozen(.set(inner.name)), .set(inner.wire))
    case .map(let key, let value):
      let keyType = try frozenPart(key, of: name)
      if keyType.wire == .duration {
        throw EngineFailure.invalid("Durations are not allowed as map keys: \(name.cql)")
      }
      let valueType = try frozenPart(value, of: name)
      return ColumnType(
        .frozen(.map(key: keyType.name, value: valueType.name)), .map(key: keyType.wire, value: valueType.wire))
    case .tuple, .vector, .custom: return try meaning(of: name)
    case .frozen(let inner): return try frozen(inner)
    case .userDefined(let qualified):
      return try userType(qualified).whole
    }
  }

  /// The type of what stands in a collection that is not frozen, and has to be frozen itself.
  private func part(_ element: TypeName, of collection: TypeName) throws(EngineFailure) -> ColumnType {
    if element == .native(.counter) {
      throw EngineFailure.invalid("Counters are not allowed inside collections: \(collection.cql)")
    }
    let type = try meaning(of: element)
    guard !type.isMultiCell else {
      let what = type.isUserType ? "UDTs" : "collections"
      throw EngineFailure.invalid("Non-frozen \(what) are not allowed inside collections: \(collection.cql)")
    }
    return type
  }

  private func frozenPart(_ element: TypeName, of collection: TypeName) throws(EngineFailure) -> ColumnType {
    if element == .native(.counter) {
      throw EngineFailure.invalid("Counters are not allowed inside collections: \(collection.cql)")
    }
    return try frozen(element)
  }

  private func userType(_ name: QualifiedName) throws(EngineFailure) -> UserType {
    if let other = name.keyspace, other.name != keyspace {
      throw EngineFailure.invalid(
        "Statement on keyspace \(keyspace) cannot refer to a user type in keyspace \(other.name); user types can only be "
          + "used in the keyspace they are defined in")
    }
    guard let type = types[name.name.name] else {
      throw EngineFailure.invalid("Unknown type \(keyspace).\(name.name.name)")
    }
    return type
  }

  /// The type of the name of a class with its parameters.
  private func custom(_ className: String) throws(EngineFailure) -> ColumnType {
    if let meaning = ClassType(className: className) {
      return ColumnType(.custom(className: meaning.className), .custom(meaning.className))
    }
    if let name = MarshalledName.typeName(className) { return try meaning(of: name) }
    let base = className.prefix(beforeASCII: "(")
    let short = String(base.split(ascii: ".").last ?? "")
    if short.hasSameBytes(as: "EmptyType") || short.hasSameBytes(as: "PartitionerDefinedOrder") {
      throw EngineFailure.unsupported("The class of types '\(className)'")
    }
    let qualified = base.contains(ascii: ".") ? String(base) : "org.apache.cassandra.db.marshal." + base
    throw EngineFailure.syntax("Error setting type \(className): Invalid definition for comparator \(qualified).")
  }
}

extension TypeName {
  /// The user types that are named in it.
  var userTypes: Set<ByteText> {
    switch self {
    case .native, .custom: []
    case .list(let element), .set(let element), .vector(let element, _), .frozen(let element): element.userTypes
    case .map(let key, let value): key.userTypes.union(value.userTypes)
    case .tuple(let elements): elements.reduce(into: []) { $0.formUnion($1.userTypes) }
    case .userDefined(let name): [ByteText(name.name.name)]
    }
  }
}
