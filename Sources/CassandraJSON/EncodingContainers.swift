/// The members of an object that a type encodes.
///
/// The method over `JSONWritable` serves the protocol's many for single types. The widest integers and, because they may
/// not be finite, the floating-point numbers need methods of their own.
struct EncodingMembers<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let encoder: ValueEncoder

  var codingPath: [any CodingKey] { encoder.codingPath }

  func encodeNil(forKey key: Key) throws { try encoder.writeMember(key, Bool?.none) }

  func encode(_ value: some Encodable & JSONWritable, forKey key: Key) throws { try encoder.writeMember(key, value) }

  func encode(_ value: Int128, forKey key: Key) throws { try encoder.writeMember(key, value) }

  func encode(_ value: UInt128, forKey key: Key) throws { try encoder.writeMember(key, value) }

  func encode(_ value: Double, forKey key: Key) throws {
    try encoder.checkFinite(value, key)
    try encoder.writeMember(key, value)
  }

  func encode(_ value: Float, forKey key: Key) throws {
    try encoder.checkFinite(value, key)
    try encoder.writeMember(key, value)
  }

  func encode(_ value: some Encodable, forKey key: Key) throws { try encoder.encodeMember(key, value) }

  func nestedContainer<Inner: CodingKey>(
    keyedBy type: Inner.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Inner> { encoder.detached(forKey: key).container(keyedBy: type) }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    encoder.detached(forKey: key).unkeyedContainer()
  }

  func superEncoder() -> any Encoder { encoder.detached(forKey: SuperKey()) }

  func superEncoder(forKey key: Key) -> any Encoder { encoder.detached(forKey: key) }
}

/// The elements of an array that a type encodes.
struct EncodingElements: UnkeyedEncodingContainer {
  let encoder: ValueEncoder

  var codingPath: [any CodingKey] { encoder.codingPath }

  var count: Int { encoder.count }

  func encodeNil() throws { try encoder.writeElement(Bool?.none) }

  func encode(_ value: some Encodable & JSONWritable) throws { try encoder.writeElement(value) }

  func encode(_ value: Int128) throws { try encoder.writeElement(value) }

  func encode(_ value: UInt128) throws { try encoder.writeElement(value) }

  func encode(_ value: Double) throws {
    try encoder.checkFinite(value, IndexKey(count))
    try encoder.writeElement(value)
  }

  func encode(_ value: Float) throws {
    try encoder.checkFinite(value, IndexKey(count))
    try encoder.writeElement(value)
  }

  func encode(_ value: some Encodable) throws { try encoder.encodeElement(value) }

  func nestedContainer<Inner: CodingKey>(keyedBy type: Inner.Type) -> KeyedEncodingContainer<Inner> {
    encoder.detachedElement().container(keyedBy: type)
  }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder.detachedElement().unkeyedContainer() }

  func superEncoder() -> any Encoder { encoder.detachedElement() }
}

/// The one value that a type encodes.
struct EncodingSingleValue: SingleValueEncodingContainer {
  let encoder: ValueEncoder

  var codingPath: [any CodingKey] { encoder.codingPath }

  func encodeNil() throws { try encoder.writeSingle(Bool?.none) }

  func encode(_ value: some Encodable & JSONWritable) throws { try encoder.writeSingle(value) }

  func encode(_ value: Int128) throws { try encoder.writeSingle(value) }

  func encode(_ value: UInt128) throws { try encoder.writeSingle(value) }

  func encode(_ value: Double) throws {
    try encoder.checkFinite(value, nil)
    try encoder.writeSingle(value)
  }

  func encode(_ value: Float) throws {
    try encoder.checkFinite(value, nil)
    try encoder.writeSingle(value)
  }

  func encode(_ value: some Encodable) throws { try encoder.encodeSingle(value) }
}
