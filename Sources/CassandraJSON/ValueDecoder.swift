/// The decoder of one value of a tree.
struct ValueDecoder: Decoder {
  /// The way to a container from the whole value, turned into a list only when something asks for it.
  final class Path {
    let parent: Path?
    let key: any CodingKey

    init(_ parent: Path?, _ key: any CodingKey) { (self.parent, self.key) = (parent, key) }
  }

  let value: JSONValue
  /// The way to the container that the value is in.
  private let outside: Path?
  private let key: (any CodingKey)?

  /// The decoder of the whole value.
  init(_ value: JSONValue) { (self.value, outside, key) = (value, nil, nil) }

  /// The decoder of the member or element `key` of the container at `path`.
  init(_ value: JSONValue, in path: Path?, _ key: (any CodingKey)?) {
    (self.value, self.outside, self.key) = (value, path, key)
  }

  /// The way to the value; made for each container, and not for each value in it.
  var path: Path? { key.map { Path(outside, $0) } ?? outside }

  var userInfo: [CodingUserInfoKey: Any] { [:] }

  var codingPath: [any CodingKey] { path.keys }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard let members = value.members else { throw mismatch([JSONValue.Member].self, "an object") }
    return KeyedDecodingContainer(DecodingMembers<Key>(members: members, path: path))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard let elements = value.array else { throw mismatch([JSONValue].self, "an array") }
    return DecodingElements(elements: elements, path: path)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { DecodingSingleValue(decoder: self) }
}

extension ValueDecoder.Path? {
  /// The keys on the way, the outermost first.
  var keys: [any CodingKey] {
    var keys: [any CodingKey] = []
    var step = self
    while let current = step {
      keys.append(current.key)
      step = current.parent
    }
    return keys.reversed()
  }
}

/// Values of single types.
extension ValueDecoder {
  func decode(_ type: Bool.Type) throws -> Bool {
    guard let flag = value.bool else { throw mismatch(type, "a boolean") }
    return flag
  }

  func decode(_ type: String.Type) throws -> String {
    guard let text = value.string else { throw mismatch(type, "a string") }
    return text
  }

  func decode(_ type: Double.Type) throws -> Double {
    guard let number = value.number else { throw mismatch(type, "a number") }
    guard let result = number.double else { throw failure(.numberOutOfRange, "expected a number of 64 bits") }
    return result
  }

  func decode(_ type: Float.Type) throws -> Float {
    guard let number = value.number else { throw mismatch(type, "a number") }
    guard let result = number.float else { throw failure(.numberOutOfRange, "expected a number of 32 bits") }
    return result
  }

  func decode<Value: FixedWidthInteger & Decodable>(_ type: Value.Type) throws -> Value {
    guard let number = value.number else { throw mismatch(type, "a number") }
    if let result = number.exactInteger(type) { return result }
    guard number.isWhole else { throw failure(.fractionalNumber, "expected a whole number, found a fraction") }
    throw failure(.numberOutOfRange, "expected a number from \(Value.min) to \(Value.max)")
  }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    // Our own types are taken as they are; a string spares a container, because lists of them are frequent.
    if type == String.self, let text = try decode(String.self) as? Value { return text }
    if type == JSONValue.self, let value = value as? Value { return value }
    if type == JSONNumber.self {
      guard let number = value.number else { throw mismatch(type, "a number") }
      if let number = number as? Value { return number }
    }
    if FoundationDate.isType(type), let text = value.string {
      guard let seconds = FoundationDate.seconds(text) else {
        throw failure(.rejectedValue, "expected a date and time such as 2024-02-29T12:30:00Z")
      }
      return try Value(from: ValueDecoder(.number(seconds), in: outside, key))
    }
    return try Value(from: self)
  }
}

/// Errors, as Swift's own coders throw them, with one of ours inside that has the code and the words.
extension ValueDecoder {
  func mismatch(_ type: any Any.Type, _ expected: StaticString) -> DecodingError {
    let message = "expected \(expected), found \(value.kind)"
    if value.isNull { return .valueNotFound(type, context(.unexpectedNull, message)) }
    return .typeMismatch(type, context(.typeMismatch, message))
  }

  func failure(_ code: JSONError.Code, _ message: String) -> DecodingError {
    .dataCorrupted(context(code, message))
  }

  private func context(_ code: JSONError.Code, _ message: String) -> DecodingError.Context {
    DecodingError.Context(code, message, at: codingPath)
  }
}

extension DecodingError.Context {
  /// The context of an error of ours; `missing` is the part that `path` does not have.
  init(_ code: JSONError.Code, _ message: String, at path: [any CodingKey], missing: (any CodingKey)? = nil) {
    let pointer = JSONPointer(missing.map { path + [$0] } ?? path)
    self.init(
      codingPath: path, debugDescription: message, underlyingError: JSONError(code, message, at: pointer))
  }
}
