internal import CassandraBytes
public import CassandraWire

/// A value that is bound by its `Encodable` conformance: a struct becomes a user-defined type by the names of its fields,
/// an array of structs a list of these, a dictionary of them a map.
///
/// ```swift
/// struct Address: Codable { var street: String, number: Int? }
/// try await client.query("UPDATE people SET home = \(CQLEncoded(address)) WHERE id = \(id)")
/// ```
/// Parts that know CQL (``CassandraWire/CQLEncodable``) are encoded as they are anywhere else. A field that the type does
/// not have is refused; one that the value does not have is null. Vectors take elements that know CQL only.
public struct CQLEncoded<Value: Encodable & Sendable>: CQLEncodable {
  /// The value.
  public let value: Value
  private let naming: ColumnNaming

  /// A value whose keys become the names of fields as `naming` says.
  public init(_ value: Value, naming: ColumnNaming = .asWritten) {
    self.value = value
    self.naming = naming
  }

  /// Null for an optional that is nil, else that of the value.
  public var presence: CQLPresence {
    if let known = value as? any CQLEncodable { return known.presence }
    return (value as? any OptionalValue)?.isNil == true ? .null : .value
  }

  /// Appends the value.
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    do {
      buffer += try PartEncoder.encode(value, as: type, naming, []) ?? []
    } catch let error as CQLValueError { throw error } catch {
      // What it says may hold the value.
      throw CQLValueError(.typeMismatch, type: type, "The value does not encode itself.")
    }
  }
}

private protocol OptionalValue {
  var isNil: Bool { get }
}

extension Optional: OptionalValue {
  fileprivate var isNil: Bool { self == nil }
}

/// Encodes a value as one of a CQL type, or a part of one.
private final class PartEncoder: Encoder {
  /// The bytes of a part, nil for null, or who is going to know them.
  enum Part {
    case bytes([UInt8]?)
    case encoder(PartEncoder)

    func bytes() throws -> [UInt8]? {
      switch self {
      case .bytes(let bytes): bytes
      case .encoder(let encoder): try encoder.bytes()
      }
    }
  }

  enum Form {
    case nothing
    case single(Part)
    /// By their places in the user-defined type.
    case fields(UserDefinedType, [Part?])
    case entries([(key: Part, value: Part)])
    case elements([Part])
    /// A container was asked for that the type does not have.
    case refused(CQLValueError)
  }

  let type: CQLType
  let naming: ColumnNaming
  let codingPath: [any CodingKey]
  var form = Form.nothing
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(_ type: CQLType, _ naming: ColumnNaming, _ path: [any CodingKey]) {
    self.type = type
    self.naming = naming
    codingPath = path
  }

  /// The bytes of a value without their length; nil for null.
  static func encode<Value: Encodable>(
    _ value: Value, as type: CQLType, _ naming: ColumnNaming, _ path: [any CodingKey]
  ) throws -> [UInt8]? {
    guard let known = value as? any CQLEncodable else {
      let encoder = PartEncoder(type, naming, path)
      try value.encode(to: encoder)
      return try encoder.bytes()
    }
    switch known.presence {
    case .null: return nil
    case .unset: throw CQLValueError(.outOfRange, type: type, "A part of a value cannot be unset.")
    case .value:
      var bytes: [UInt8] = []
      try known.encode(as: type, into: &bytes)
      return bytes
    }
  }

  func part<Value: Encodable>(_ value: Value, as type: CQLType, _ key: (any CodingKey)?) throws -> Part {
    .bytes(try Self.encode(value, as: type, naming, codingPath + (key.map { [$0] } ?? [])))
  }

  func child(_ type: CQLType, _ key: (any CodingKey)?) -> PartEncoder {
    PartEncoder(type, naming, codingPath + (key.map { [$0] } ?? []))
  }

  private func refuse(_ what: String) { form = .refused(CQLValueError(.typeMismatch, type: type, what)) }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    switch (self.type, form) {
    case (.udt(let type), .nothing): form = .fields(type, Array(repeating: nil, count: type.fields.count))
    case (.map, .nothing): form = .entries([])
    case (_, .nothing): refuse("A value with named parts goes into a user-defined type or a map only.")
    case (_, .single), (_, .fields), (_, .entries), (_, .elements), (_, .refused): break
    }
    return KeyedEncodingContainer(NamedParts<Key>(encoder: self))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    switch (type, form) {
    case (.list, .nothing), (.set, .nothing), (.tuple, .nothing): form = .elements([])
    case (_, .nothing): refuse("A value with elements goes into a list, a set or a tuple only.")
    case (_, .single), (_, .fields), (_, .entries), (_, .elements), (_, .refused): break
    }
    return Elements(encoder: self)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { SinglePart(encoder: self) }

  /// The bytes of what was encoded; nil for null.
  func bytes() throws -> [UInt8]? {
    var buffer: [UInt8] = []
    switch form {
    case .nothing: throw CQLValueError(.typeMismatch, type: type, "The value encodes nothing.")
    case .refused(let error): throw error
    case .single(let part): return try part.bytes()
    case .fields(_, let parts):
      // Fields behind the last one that is given are left out, as they are for a type that has got them later.
      let last = parts.lastIndex { $0 != nil } ?? -1
      for index in 0..<(last + 1) { try buffer.append(part: parts[index]?.bytes(), of: type) }
    case .entries(let entries):
      buffer.append(bigEndian: try count(entries.count))
      for entry in entries {
        try buffer.append(part: try present(entry.key), of: type)
        try buffer.append(part: try present(entry.value), of: type)
      }
    case .elements(let parts):
      if case .tuple = type {
        for part in parts { try buffer.append(part: try part.bytes(), of: type) }
      } else {
        buffer.append(bigEndian: try count(parts.count))
        for part in parts { try buffer.append(part: try present(part), of: type) }
      }
    }
    return buffer
  }

  private func count(_ count: Int) throws(CQLValueError) -> Int32 {
    guard let count = Int32(exactly: count) else {
      throw CQLValueError(.tooLarge, type: type, "The value has more than \(Int32.max) elements.")
    }
    return count
  }

  private func present(_ part: Part) throws -> [UInt8] {
    guard let bytes = try part.bytes() else {
      throw CQLValueError(.outOfRange, type: type, "An element of a collection can be neither null nor unset.")
    }
    return bytes
  }
}

extension [UInt8] {
  /// Appends a part behind its length; nil is null.
  fileprivate mutating func append(part: [UInt8]?, of type: CQLType) throws(CQLValueError) {
    guard let part else { return append(bigEndian: Int32(-1)) }
    guard let length = Int32(exactly: part.count) else {
      throw CQLValueError(.tooLarge, type: type, "The value has more than \(Int32.max) bytes.")
    }
    append(bigEndian: length)
    append(contentsOf: part)
  }
}

private struct NamedParts<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let encoder: PartEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }

  /// Puts a part where its key says, when its type is known.
  private func put(_ key: any CodingKey, _ part: (CQLType) throws -> PartEncoder.Part) throws {
    switch (encoder.form, encoder.type) {
    case (.fields(let type, var parts), _):
      let name = encoder.naming.convert?(key.stringValue) ?? key.stringValue
      guard let place = type.fields.firstIndex(where: { $0.name.hasSameBytes(as: name) }) else {
        throw CQLValueError(
          .outOfRange, type: .udt(type), "The user-defined type has no field of the name of one of the value's.")
      }
      parts[place] = try part(type.fields[place].type)
      encoder.form = .fields(type, parts)
    case (.entries(var entries), .map(let keyType, let valueType)):
      // The keys of a map are data, and data is taken as it is.
      var name: [UInt8] = []
      if case .text = keyType {
        name = Array(key.stringValue.utf8)
      } else {
        guard let number = key.intValue else { throw CQLValueError.mismatch(String.self, keyType) }
        try number.encode(as: keyType, into: &name)
      }
      entries.append((.bytes(name), try part(valueType)))
      encoder.form = .entries(entries)
    case (.refused(let error), _): throw error
    case (.nothing, _), (.single, _), (.elements, _), (.entries, _):
      throw CQLValueError(.typeMismatch, type: encoder.type, "The value encodes itself in two ways.")
    }
  }

  mutating func encodeNil(forKey key: Key) throws { try put(key) { _ in .bytes(nil) } }

  mutating func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
    try put(key) { try encoder.part(value, as: $0, key) }
  }

  /// An encoder for a part; what is wrong with its place is told when the whole is put together.
  private func child(_ key: any CodingKey) -> PartEncoder {
    var made: PartEncoder?
    do {
      try put(key) { type in
        let child = encoder.child(type, key)
        made = child
        return .encoder(child)
      }
    } catch {
      encoder.form = .refused(
        error as? CQLValueError ?? CQLValueError(.typeMismatch, type: encoder.type, "The part has no place."))
    }
    return made ?? encoder.child(encoder.type, key)
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> { child(key).container(keyedBy: type) }
  mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    child(key).unkeyedContainer()
  }
  mutating func superEncoder() -> any Encoder { encoder }
  mutating func superEncoder(forKey key: Key) -> any Encoder { child(key) }
}

private struct Elements: UnkeyedEncodingContainer {
  let encoder: PartEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }
  var count: Int { if case .elements(let parts) = encoder.form { parts.count } else { 0 } }

  private func add(_ part: (CQLType) throws -> PartEncoder.Part) throws {
    guard case .elements(var parts) = encoder.form else {
      if case .refused(let error) = encoder.form { throw error }
      throw CQLValueError(.typeMismatch, type: encoder.type, "The value encodes itself in two ways.")
    }
    let type: CQLType
    switch encoder.type {
    case .list(let element), .set(let element): type = element
    case .tuple(let types) where parts.count < types.count: type = types[parts.count]
    default: throw CQLValueError(.outOfRange, type: encoder.type, "The tuple has fewer parts than the value.")
    }
    parts.append(try part(type))
    encoder.form = .elements(parts)
  }

  mutating func encodeNil() throws { try add { _ in .bytes(nil) } }
  mutating func encode<Value: Encodable>(_ value: Value) throws { try add { try encoder.part(value, as: $0, nil) } }

  private func child() -> PartEncoder {
    var made: PartEncoder?
    do {
      try add { type in
        let child = encoder.child(type, nil)
        made = child
        return .encoder(child)
      }
    } catch {
      encoder.form = .refused(
        error as? CQLValueError ?? CQLValueError(.typeMismatch, type: encoder.type, "The part has no place."))
    }
    return made ?? encoder.child(encoder.type, nil)
  }

  mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
    child().container(keyedBy: type)
  }
  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { child().unkeyedContainer() }
  mutating func superEncoder() -> any Encoder { child() }
}

private struct SinglePart: SingleValueEncodingContainer {
  let encoder: PartEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }

  mutating func encodeNil() throws { encoder.form = .single(.bytes(nil)) }
  mutating func encode<Value: Encodable>(_ value: Value) throws {
    encoder.form = .single(try encoder.part(value, as: encoder.type, nil))
  }
}
