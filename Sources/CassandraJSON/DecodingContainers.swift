internal import CassandraBytes

/// The members of an object, as a type asks for them.
///
/// The method over `FixedWidthInteger` serves the protocol's ten for single types; the widest need their own.
struct DecodingMembers<Key: CodingKey>: KeyedDecodingContainerProtocol {
  private let members: [JSONValue.Member]
  private let index: MemberIndex
  private let path: ValueDecoder.Path?

  init(members: [JSONValue.Member], path: ValueDecoder.Path?) {
    (self.members, self.path) = (members, path)
    index = MemberIndex(members[...])
  }

  var codingPath: [any CodingKey] { path.keys }

  var allKeys: [Key] { members.compactMap { Key(stringValue: $0.name.text) } }

  func contains(_ key: Key) -> Bool { value(key) != nil }

  func decodeNil(forKey key: Key) throws -> Bool { try inner(key).value.isNull }

  func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try inner(key).decode(type) }

  func decode(_ type: String.Type, forKey key: Key) throws -> String { try inner(key).decode(type) }

  func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try inner(key).decode(type) }

  func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try inner(key).decode(type) }

  func decode(_ type: Int128.Type, forKey key: Key) throws -> Int128 { try inner(key).decode(type) }

  func decode(_ type: UInt128.Type, forKey key: Key) throws -> UInt128 { try inner(key).decode(type) }

  func decode<Value: FixedWidthInteger & Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    try inner(key).decode(type)
  }

  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try inner(key).decode(type) }

  func nestedContainer<Inner: CodingKey>(
    keyedBy type: Inner.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Inner> { try inner(key).container(keyedBy: type) }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try inner(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { try inner(SuperKey()) }

  func superDecoder(forKey key: Key) throws -> any Decoder { try inner(key) }

  private func value(_ key: some CodingKey) -> JSONValue? {
    index.position(of: ByteText(key.stringValue), in: members[...]).map { members[$0].value }
  }

  private func inner(_ key: some CodingKey) throws -> ValueDecoder {
    guard let value = value(key) else {
      let message = "expected a member, found none"
      throw DecodingError.keyNotFound(key, .init(.missingMember, message, at: codingPath, missing: key))
    }
    return ValueDecoder(value, in: path, key)
  }
}

/// The elements of an array, as a type asks for them.
struct DecodingElements: UnkeyedDecodingContainer {
  private let elements: [JSONValue]
  private let path: ValueDecoder.Path?
  private(set) var currentIndex = 0

  init(elements: [JSONValue], path: ValueDecoder.Path?) { (self.elements, self.path) = (elements, path) }

  var codingPath: [any CodingKey] { path.keys }

  var count: Int? { elements.count }

  var isAtEnd: Bool { currentIndex >= elements.count }

  mutating func decodeNil() throws -> Bool {
    let isNull = try inner(Never.self).value.isNull
    if isNull { currentIndex += 1 }
    return isNull
  }

  mutating func decode(_ type: Bool.Type) throws -> Bool { try next { try $0.decode(type) } }

  mutating func decode(_ type: String.Type) throws -> String { try next { try $0.decode(type) } }

  mutating func decode(_ type: Double.Type) throws -> Double { try next { try $0.decode(type) } }

  mutating func decode(_ type: Float.Type) throws -> Float { try next { try $0.decode(type) } }

  mutating func decode(_ type: Int128.Type) throws -> Int128 { try next { try $0.decode(type) } }

  mutating func decode(_ type: UInt128.Type) throws -> UInt128 { try next { try $0.decode(type) } }

  mutating func decode<Value: FixedWidthInteger & Decodable>(_ type: Value.Type) throws -> Value {
    try next { try $0.decode(type) }
  }

  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try next { try $0.decode(type) } }

  mutating func nestedContainer<Inner: CodingKey>(keyedBy type: Inner.Type) throws -> KeyedDecodingContainer<Inner> {
    try next { try $0.container(keyedBy: type) }
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try next { try $0.unkeyedContainer() }
  }

  mutating func superDecoder() throws -> any Decoder { try next { $0 } }

  /// An element that cannot be decoded is not left behind, so that a type may try another way.
  private mutating func next<Value>(_ decode: (ValueDecoder) throws -> Value) throws -> Value {
    let value = try decode(inner(Value.self))
    currentIndex += 1
    return value
  }

  private func inner(_ type: any Any.Type) throws -> ValueDecoder {
    let key = IndexKey(currentIndex)
    guard !isAtEnd else {
      let message = "expected an element, found the end of the array"
      throw DecodingError.valueNotFound(type, .init(.missingMember, message, at: codingPath, missing: key))
    }
    return ValueDecoder(elements[currentIndex], in: path, key)
  }
}

/// The value itself, as a type asks for it.
struct DecodingSingleValue: SingleValueDecodingContainer {
  let decoder: ValueDecoder

  var codingPath: [any CodingKey] { decoder.codingPath }

  func decodeNil() -> Bool { decoder.value.isNull }

  func decode(_ type: Bool.Type) throws -> Bool { try decoder.decode(type) }

  func decode(_ type: String.Type) throws -> String { try decoder.decode(type) }

  func decode(_ type: Double.Type) throws -> Double { try decoder.decode(type) }

  func decode(_ type: Float.Type) throws -> Float { try decoder.decode(type) }

  func decode(_ type: Int128.Type) throws -> Int128 { try decoder.decode(type) }

  func decode(_ type: UInt128.Type) throws -> UInt128 { try decoder.decode(type) }

  func decode<Value: FixedWidthInteger & Decodable>(_ type: Value.Type) throws -> Value { try decoder.decode(type) }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoder.decode(type) }
}
