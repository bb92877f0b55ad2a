import CassandraBytes
import CassandraWire

/// Values as JSON in the bytes that Cassandra writes.
enum JSONText {
  /// Appends a value; one of no bytes is an empty text, whatever its type.
  static func append(_ value: ArraySlice<UInt8>, _ type: CQLType, to text: inout [UInt8]) {
    if case .custom(let className) = type, case .lexicalUUID = ClassType(className: className) {
      return append(value, .uuid, to: &text)
    }
    switch type {
    case .text, .ascii: return append(quoted: value, to: &text)
    case .blob, .custom:
      text += Array("\"0x".utf8)
      text.append(hexadecimal: value.span)
      text.append(UInt8(ascii: "\""))
      return
    default: break
    }
    guard !value.isEmpty else {
      text += Array("\"\"".utf8)
      return
    }
    switch type {
    case .list(let element), .set(let element): append(list: Parts.elementsOrNulls(value) ?? [], element, to: &text)
    case .map(let keyType, let valueType): append(map: value, keyType, valueType, to: &text)
    case .vector(let element, let dimensions):
      append(list: Parts.vector(value, element, dimensions) ?? [], element, to: &text)
    case .tuple(let types):
      text.append(UInt8(ascii: "["))
      for (index, (field, type)) in zip(Parts.fields(value, count: types.count), types).enumerated() {
        if index > 0 { text += Array(", ".utf8) }
        appendOptional(field, type, to: &text)
      }
      text.append(UInt8(ascii: "]"))
    case .udt(let definition):
      text.append(UInt8(ascii: "{"))
      for (index, (value, field)) in zip(Parts.fields(value, count: definition.fields.count), definition.fields)
        .enumerated()
      {
        if index > 0 { text += Array(", ".utf8) }
        append(name: field.name, to: &text)
        appendOptional(value, field.type, to: &text)
      }
      text.append(UInt8(ascii: "}"))
    default: append(scalar: value, type, to: &text)
    }
  }

  /// Appends a value, or `null` where there is none.
  static func appendOptional(_ value: ArraySlice<UInt8>?, _ type: CQLType, to text: inout [UInt8]) {
    if let value { append(value, type, to: &text) } else { text += Array("null".utf8) }
  }

  /// Appends the name of a member and the colon behind it; a name with large letters keeps its quotes.
  static func append(name: String, to text: inout [UInt8]) {
    let hasCase = !name.utf8.elementsEqual(name.lowercased().utf8)
    append(quoted: Array((hasCase ? "\"\(name)\"" : name).utf8)[...], to: &text)
    text += Array(": ".utf8)
  }

  private static func append(list: [ArraySlice<UInt8>?], _ type: CQLType, to text: inout [UInt8]) {
    text.append(UInt8(ascii: "["))
    for (index, element) in list.enumerated() {
      if index > 0 { text += Array(", ".utf8) }
      appendOptional(element, type, to: &text)
    }
    text.append(UInt8(ascii: "]"))
  }

  private static func append(
    map value: ArraySlice<UInt8>, _ keyType: CQLType, _ valueType: CQLType, to text: inout [UInt8]
  ) {
    let parts = Parts.elements(value, perElement: 2) ?? []
    text.append(UInt8(ascii: "{"))
    for index in stride(from: 0, to: parts.count, by: 2) {
      if index > 0 { text += Array(", ".utf8) }
      // A key has to be a text: what is none by itself is put into one.
      var key: [UInt8] = []
      append(parts[index], keyType, to: &key)
      if key.first == UInt8(ascii: "\"") { text += key } else { append(quoted: key[...], to: &text) }
      text += Array(": ".utf8)
      append(parts[index + 1], valueType, to: &text)
    }
    text.append(UInt8(ascii: "}"))
  }

  /// Appends a text in quotes, with what has to be escaped and nothing else.
  private static func append(quoted value: ArraySlice<UInt8>, to text: inout [UInt8]) {
    text.reserveCapacity(text.count + value.count + 2)
    text.append(UInt8(ascii: "\""))
    for byte in value {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
      case 0x08: text += Array("\\b".utf8)
      case 0x09: text += Array("\\t".utf8)
      case 0x0a: text += Array("\\n".utf8)
      case 0x0c: text += Array("\\f".utf8)
      case 0x0d: text += Array("\\r".utf8)
      case 0..<0x20: text += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: text.append(byte)
      }
    }
    text.append(UInt8(ascii: "\""))
  }

  private static let digits = Array("0123456789ABCDEF".utf8)

  private static func append(scalar value: ArraySlice<UInt8>, _ type: CQLType, to text: inout [UInt8]) {
    guard let decoded = try? CQLValue.decode(value.span, as: type) else {
      text += Array("null".utf8)
      return
    }
    switch decoded {
    case .boolean(let value): text += Array((value ? "true" : "false").utf8)
    // JSON has no number for what is none, or infinite.
    case .float(let number): text += Array((number.isFinite ? JavaNumber.text(number) : "null").utf8)
    case .double(let number): text += Array((number.isFinite ? JavaNumber.text(number) : "null").utf8)
    case .inet(let address): text += Array("\"\(JavaNumber.text(address))\"".utf8)
    case .date(let date): text += Array("\"\(date)\"".utf8)
    case .time(let time): text += Array("\"\(time)\"".utf8)
    case .timestamp(let timestamp):
      text.append(UInt8(ascii: "\""))
      timestamp.writeAsCassandra(into: &text)
      text.append(UInt8(ascii: "\""))
    default:
      switch type {
      case .tinyint, .smallint, .int, .bigint, .counter, .varint, .decimal: text += Array(decoded.description.utf8)
      default: text += Array("\"\(decoded.description)\"".utf8)
      }
    }
  }
}
