internal import CassandraBytes

/// The encoder of one value: of the whole one, of a member or element, or of a nested container.
final class ValueEncoder: Encoder {
  private enum Form {
    case nothing
    case object
    case array
    case single
  }

  let session: EncodingSession
  let output: EncodingOutput
  private let parent: ValueEncoder?
  private let key: (any CodingKey)?
  /// The encoder during whose `encode(to:)` a detached one may be written to; nil for one that is not detached.
  private let host: ValueEncoder?
  private var form = Form.nothing
  private(set) var count = 0

  init(
    session: EncodingSession, output: EncodingOutput, parent: ValueEncoder?, key: (any CodingKey)?,
    host: ValueEncoder? = nil
  ) {
    (self.session, self.output, self.parent, self.key, self.host) = (session, output, parent, key, host)
  }

  var userInfo: [CodingUserInfoKey: Any] { [:] }

  var codingPath: [any CodingKey] {
    let path = parent?.codingPath ?? []
    return key.map { path + [$0] } ?? path
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    open(.object, "{")
    return KeyedEncodingContainer(EncodingMembers<Key>(encoder: self))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    open(.array, "[")
    return EncodingElements(encoder: self)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { EncodingSingleValue(encoder: self) }

  /// Begins the object or array, unless it has begun: a class and its superclass may share one.
  private func open(_ wanted: Form, _ bracket: StaticString) {
    if form == .nothing {
      form = wanted
      output.bytes.append(bracket)
    } else if form != wanted, session.misuse == nil {
      session.misuse = error("a type asked for two kinds of containers")
    }
  }

  /// Ends what was begun; a type that encoded nothing is an empty object.
  func close() {
    switch form {
    case .nothing: output.bytes.append("{}")
    case .object: output.bytes.append("}")
    case .array: output.bytes.append("]")
    case .single: break
    }
  }

  private func error(_ message: String) -> JSONError {
    JSONError(.encodingFailed, message, at: JSONPointer(codingPath))
  }
}

/// Writing one member, element or single value.
extension ValueEncoder {
  func writeMember(_ key: some CodingKey, _ value: some JSONWritable) throws {
    try begin(key)
    value.writeJSON(to: &output.bytes)
  }

  func writeElement(_ value: some JSONWritable) throws {
    try begin()
    value.writeJSON(to: &output.bytes)
  }

  func writeSingle(_ value: some JSONWritable) throws {
    try beginSingle()
    value.writeJSON(to: &output.bytes)
  }

  func encodeMember(_ key: some CodingKey, _ value: some Encodable) throws {
    if let value = Self.known(value) { return try writeMember(key, value) }
    try undoingOnFailure {
      try begin(key)
      try encodeInner(value, key)
    }
  }

  func encodeElement(_ value: some Encodable) throws {
    if let value = Self.known(value) { return try writeElement(value) }
    let key = IndexKey(count)
    try undoingOnFailure {
      try begin()
      try encodeInner(value, key)
    }
  }

  func encodeSingle(_ value: some Encodable) throws {
    if let value = Self.known(value) { return try writeSingle(value) }
    try undoingOnFailure {
      try beginSingle()
      try encodeInner(value, nil)
    }
  }

  /// The value, if it is of a type that needs no encoder of its own.
  ///
  /// The elements of arrays and the values of optionals arrive without their type; for the frequent ones an encoder would
  /// cost more than all the rest. Numbers and trees of this package would lose digits on their way through one.
  private static func known<Value: Encodable>(_ value: Value) -> (any JSONWritable)? {
    if Value.self == String.self { return value as? String }
    if Value.self == Int.self { return value as? Int }
    if Value.self == JSONValue.self { return value as? JSONValue }
    if Value.self == JSONNumber.self { return value as? JSONNumber }
    return nil
  }

  /// Refuses what JSON cannot say.
  func checkFinite(_ value: some BinaryFloatingPoint, _ key: (any CodingKey)?) throws {
    guard !value.isFinite else { return }
    let path = key.map { codingPath + [$0] } ?? codingPath
    throw JSONError(.nonFiniteNumber, "expected a finite number, found \(value)", at: JSONPointer(path))
  }

  /// A type may go on after an error of one of its values, so nothing may stay of that value.
  private func undoingOnFailure(_ body: () throws -> Void) throws {
    let (length, insertions, oldCount, oldForm) = (output.bytes.count, output.insertions.count, count, form)
    do {
      try body()
    } catch {
      output.bytes.removeSubrange(length...)
      output.insertions.removeSubrange(insertions...)
      (count, form) = (oldCount, oldForm)
      throw error
    }
  }

  private func begin(_ key: some CodingKey) throws {
    try begin()
    output.bytes.append(jsonString: key.stringValue)
    output.bytes.append(UInt8(ascii: ":"))
  }

  private func begin() throws {
    try checkTurn()
    if count > 0 { output.bytes.append(UInt8(ascii: ",")) }
    count += 1
  }

  private func beginSingle() throws {
    try checkTurn()
    guard form == .nothing else { throw error("a type encoded a single value and something else") }
    form = .single
  }

  private func checkTurn() throws {
    if let misuse = session.misuse { throw misuse }
    guard session.innermost === host ?? self else {
      throw error("a container was written to while its value was not being encoded")
    }
  }

  private func encodeInner(_ value: some Encodable, _ key: (any CodingKey)?) throws {
    let inner = ValueEncoder(session: session, output: output, parent: self, key: key)
    let outer = session.innermost
    session.innermost = inner
    defer { session.innermost = outer }
    let start = output.bytes.count
    try value.encode(to: inner)
    inner.close()
    if FoundationDate.isType(type(of: value)) { FoundationDate.rewrite(&output.bytes, from: start) }
  }
}

/// Containers and encoders that a type may write to in any order.
extension ValueEncoder {
  func detached(forKey key: some CodingKey) -> ValueEncoder { detached(key) { try begin(key) } }

  func detachedElement() -> ValueEncoder { detached(IndexKey(count)) { try begin() } }

  private func detached(_ key: any CodingKey, after begin: () throws -> Void) -> ValueEncoder {
    let encoder = ValueEncoder(
      session: session, output: EncodingOutput(), parent: self, key: key, host: host ?? self)
    do {
      try begin()
      output.insertions.append((output.bytes.count, session.detached.count))
      session.detached.append(encoder)
    } catch {
      // The protocol's call cannot throw; the next one that can does.
      session.misuse = session.misuse ?? EncodingSession.jsonError(error)
    }
    return encoder
  }
}
