import CassandraBytes
import CQLLanguage
import CassandraWire

/// The type of values that have several components, as tables had them before there were clustering columns: each
/// component with its length in 2 bytes before it and a byte behind it, which tells whether it is meant or what is next to it.
struct CompositeType {
  /// The types of the components; a value may have fewer.
  let components: [CQLType]

  /// The type of values with such components.
  init(_ components: [CQLType]) { self.components = components }
}

// MARK: - Text

extension CompositeType {
  /// The value that a text stands for: the components with colons between them, of which one that is meant has a backslash
  /// before it; `!` and `_` at the end stand for what comes behind or before all that begins with the others.
  func bytes(_ text: String) throws(EngineFailure) -> [UInt8] {
    guard !text.isEmpty else { return [] }
    var value: [UInt8] = []
    for (index, part) in Self.components(of: text).enumerated() {
      if let end = Self.end(part) {
        if !value.isEmpty { value[value.count - 1] = end }
        break
      }
      guard index < components.count else {
        throw EngineFailure(
          .serverError,
          "java.lang.ArrayIndexOutOfBoundsException: Index \(index) out of bounds for length \(components.count)")
      }
      try Self.append(
        part.isEmpty ? [] : Self.bytes(of: String(decoding: part, as: UTF8.self), components[index]), to: &value)
    }
    return value
  }

  /// Appends a component with its length and what stands behind it.
  static func append(_ component: [UInt8], to value: inout [UInt8]) throws(EngineFailure) {
    guard let length = UInt16(exactly: component.count) else {
      throw EngineFailure.invalid("A component of \(component.count) bytes is over the limit of 65535")
    }
    value.append(bigEndian: length)
    value += component
    value.append(0)
  }

  /// What the component before it ends with, if this one only says so.
  static func end(_ part: [UInt8]) -> UInt8? {
    switch part {
    case [UInt8(ascii: "!")]: 1
    case [UInt8(ascii: "_")]: 0xff
    default: nil
    }
  }

  /// The bytes of a component that is not empty.
  static func bytes(of text: String, _ type: CQLType) throws(EngineFailure) -> [UInt8] {
    try Literal.bytes(Constant(.string, type == .blob ? "0x\(text)" : text), type)
  }

  static func components(of text: String) -> [[UInt8]] {
    var parts: [[UInt8]] = [[]]
    for byte in text.utf8 {
      let isEscaped = parts[parts.count - 1].last == UInt8(ascii: "\\")
      if byte == UInt8(ascii: ":"), !isEscaped {
        parts.append([])
        continue
      }
      if byte == UInt8(ascii: ":") { parts[parts.count - 1].removeLast() }
      parts[parts.count - 1].append(byte)
    }
    // What ends like an escape is written with an exclamation mark behind it.
    for index in parts.indices where parts[index].count > 1 && parts[index].last == UInt8(ascii: "!") {
      parts[index].removeLast()
    }
    return parts
  }
}

// MARK: - Bytes

extension CompositeType {
  /// Throws unless `value` is a value of the type.
  func validate(_ value: Span<UInt8>) throws(EngineFailure) {
    var position = 0
    var index = 0
    while position < value.count {
      guard index < components.count else { throw EngineFailure.invalid("Too many bytes for comparator") }
      try Self.validate(value, &position, index, components[index])
      index += 1
    }
  }

  /// Throws unless a component follows and what stands behind it.
  static func validate(
    _ value: Span<UInt8>, _ position: inout Int, _ index: Int, _ type: CQLType
  ) throws(EngineFailure) {
    guard let range = component(value, &position) else {
      throw EngineFailure.invalid("Not enough bytes to read value of component \(index)")
    }
    try ValueCheck.validate(value.extracting(range), type)
    guard position < value.count else {
      throw EngineFailure.invalid("Not enough bytes to read the end-of-component byte of component\(index)")
    }
    position += 1
    if value[position - 1] != 0, position < value.count {
      throw EngineFailure.invalid("Invalid bytes remaining after an end-of-component at component\(index)")
    }
  }

  /// Appends bytes that are ordered as Cassandra orders the values; what is no value, which a constant in hexadecimal digits
  /// may be, comes behind its beginning.
  func append(_ value: Span<UInt8>, into key: inout [UInt8]) throws(EngineFailure) {
    var position = 0
    var index = 0
    while position < value.count {
      let start = position
      guard index < components.count, let range = Self.component(value, &position) else {
        key.append(OrderedKeyEncoding.present + 1)
        OrderedKeyEncoding.append(escaped: value.extracting(start..<value.count), into: &key)
        return
      }
      key.append(OrderedKeyEncoding.present)
      try OrderedKeyEncoding.append(value.extracting(range), components[index], into: &key)
      key.append((position < value.count ? value[position] : 0) ^ 0x80)
      position += 1
      index += 1
    }
    key.append(OrderedKeyEncoding.absent)
  }

  /// The bytes of the component at a position, which moves behind them.
  static func component(_ value: Span<UInt8>, _ position: inout Int) -> Range<Int>? {
    guard value.count - position >= 2 else { return nil }
    let start = position + 2
    let length = Int(value.uint16(at: position))
    guard length <= value.count - start else { return nil }
    position = start + length
    return start..<position
  }
}
