internal import CassandraBytes
internal import CassandraWire

/// Decodes one value of a page: a cell, or a part of one. A user-defined type is a container by the names of its fields, a
/// collection one without names.
final class PartDecoder: Decoder {
  let page: Page
  let value: PageValue
  let naming: ColumnNaming
  let codingPath: [any CodingKey]

  init(_ page: Page, _ value: PageValue, naming: ColumnNaming, path: [any CodingKey]) {
    self.page = page
    self.value = value
    self.naming = naming
    codingPath = path
  }

  var userInfo: [CodingUserInfoKey: Any] { [:] }

  /// A value of any type: one that knows CQL, or one that decodes itself.
  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    guard let known = type as? any CQLDecodable.Type, let decoded = try decodeKnown(known) as? Value else {
      return try Value(from: self)
    }
    return decoded
  }

  private func decodeKnown<Value: CQLDecodable>(_ type: Value.Type) throws(CQLValueError) -> Any {
    try page.decode(type, value)
  }

  private func mismatch(_ type: Any.Type, _ what: String) -> DecodingError {
    guard value.range != nil else {
      return .valueNotFound(type, .init(codingPath: codingPath, debugDescription: "The value is null."))
    }
    return .typeMismatch(type, .init(codingPath: codingPath, debugDescription: "A value of \(value.type) \(what)."))
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard value.range != nil, let parts = try page.namedParts(of: value) else {
      throw mismatch([String: Any].self, "has no fields with names")
    }
    return KeyedDecodingContainer(NamedParts<Key>(self, parts))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard let elements = try page.elements(of: value) else { throw mismatch([Any].self, "has no elements") }
    return Elements(self, elements)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { SinglePart(decoder: self) }
}

private struct SinglePart: SingleValueDecodingContainer {
  let decoder: PartDecoder
  var codingPath: [any CodingKey] { decoder.codingPath }

  func decodeNil() -> Bool { decoder.value.range == nil }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    guard let known = type as? any CQLDecodable.Type, let decoded = try decodeKnown(known) as? Value else {
      return try Value(from: decoder)
    }
    return decoded
  }

  private func decodeKnown<Value: CQLDecodable>(_ type: Value.Type) throws(CQLValueError) -> Any {
    try decoder.page.decode(type, decoder.value)
  }
}

private struct NamedParts<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: PartDecoder
  private let parts: [(name: String, value: PageValue)]
  private let places: [ByteText: Int]

  init(_ decoder: PartDecoder, _ parts: [(name: String, value: PageValue)]) {
    self.decoder = decoder
    self.parts = parts
    places = Dictionary(parts.enumerated().map { (ByteText($1.name), $0) }) { first, _ in first }
  }

  var codingPath: [any CodingKey] { decoder.codingPath }
  var allKeys: [Key] { parts.compactMap { Key(stringValue: $0.name) } }

  private func find(_ key: Key) -> PageValue? {
    // The entries of a map are named by data, and data is taken as it is.
    let isMap = if case .map = decoder.value.type { true } else { false }
    let name = isMap ? key.stringValue : decoder.naming.convert?(key.stringValue) ?? key.stringValue
    return places[ByteText(name)].map { parts[$0].value }
  }

  private func part(_ key: Key) throws -> PartDecoder {
    guard let value = find(key) else {
      throw DecodingError.keyNotFound(
        key, .init(codingPath: codingPath, debugDescription: "The value has no field \(key.stringValue)."))
    }
    return PartDecoder(decoder.page, value, naming: decoder.naming, path: codingPath + [key])
  }

  func contains(_ key: Key) -> Bool { find(key) != nil }
  func decodeNil(forKey key: Key) throws -> Bool { try part(key).value.range == nil }
  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try part(key).decode(type) }
  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> { try part(key).container(keyedBy: type) }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try part(key).unkeyedContainer()
  }
  func superDecoder() throws -> any Decoder { decoder }
  func superDecoder(forKey key: Key) throws -> any Decoder { try part(key) }
}

private struct Elements: UnkeyedDecodingContainer {
  private struct Index: CodingKey {
    var intValue: Int?
    var stringValue: String { "\(intValue ?? 0)" }
    init(_ index: Int) { intValue = index }
    init?(intValue: Int) { self.intValue = intValue }
    init?(stringValue: String) { nil }
  }

  let decoder: PartDecoder
  private let elements: [PageValue]
  private(set) var currentIndex = 0

  init(_ decoder: PartDecoder, _ elements: [PageValue]) {
    self.decoder = decoder
    self.elements = elements
  }

  var codingPath: [any CodingKey] { decoder.codingPath }
  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex >= elements.count }

  private func current() throws -> PartDecoder {
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(
        Any.self, .init(codingPath: codingPath, debugDescription: "The value has no more elements."))
    }
    return PartDecoder(
      decoder.page, elements[currentIndex], naming: decoder.naming, path: codingPath + [Index(currentIndex)])
  }

  mutating func decodeNil() throws -> Bool {
    guard try current().value.range == nil else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    let value = try current().decode(type)
    currentIndex += 1
    return value
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    let container = try current().container(keyedBy: type)
    currentIndex += 1
    return container
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    let container = try current().unkeyedContainer()
    currentIndex += 1
    return container
  }

  mutating func superDecoder() throws -> any Decoder {
    let part = try current()
    currentIndex += 1
    return part
  }
}
