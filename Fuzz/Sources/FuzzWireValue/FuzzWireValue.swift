import CQLWire
import FuzzDriver

/// The input begins with a type as metadata have it; the rest is a cell of that type.
///
/// A cell that is a value has JSON and the other way round, the JSON is valid and bounded, and what is encoded decodes to
/// the same bytes. Decoding into Swift types that do not fit must not trap either.
@main
enum FuzzWireValue {
  static func main() {
    runFuzzer { input in
      var position = 0
      guard let type = try? CQLType(reading: input.span, at: &position) else { return }
      let cell = Array(input[position...])
      checkType(type)
      checkCell(cell, type)
      decodeAnyhow(cell, type)
    }
  }

  private static func checkType(_ type: CQLType) {
    _ = type.description
    let name = CQLType(marshalClassName: type.marshalClassName)
    precondition(CQLType(marshalClassName: name.marshalClassName) == name, "a class name does not read back")
  }

  private static func checkCell(_ cell: [UInt8], _ type: CQLType) {
    let value = try? CQLValue.decode(cell.span, as: type)
    var json: [UInt8] = []
    do throws(CQLValueError) {
      try CellJSONWriter(type).write(cell.span, into: &json)
      precondition(value != nil, "what is no value has JSON")
      precondition(json.count <= CellJSONWriter.freeBytes + CellJSONWriter.maximumExpansion * cell.count, "too long")
      var checker = JSONChecker(text: json)
      precondition(checker.isValid(), "the JSON is not valid")
    } catch {
      precondition(value == nil || error.code == .tooLarge, "a value has no JSON")
    }
    guard let value else { return }
    _ = value.description
    var first: [UInt8] = []
    do throws(CQLValueError) {
      try value.encode(as: type, into: &first)
    } catch {
      // Nulls in collections and UUIDs of another version are read but not written.
      precondition(error.code == .outOfRange, "what was decoded cannot be encoded")
      return
    }
    guard let again = try? CQLValue.decode(first.span, as: type) else { preconditionFailure("it does not read back") }
    var second: [UInt8] = []
    precondition((try? again.encode(as: type, into: &second)) != nil && second == first, "it reads back as another")
  }

  private static func decodeAnyhow(_ cell: [UInt8], _ type: CQLType) {
    func decode<Value: CQLDecodable>(_: Value.Type) { _ = try? Value.decode(cell.span, as: type) }
    decode(Int.self)
    decode(UInt8.self)
    decode(UInt64?.self)
    decode(Double.self)
    decode(String.self)
    decode(Bool?.self)
    decode([UInt8].self)
    decode([Float].self)
    decode([String?].self)
    decode([[Int32]].self)
    decode(Set<String>.self)
    decode([String: [Int]].self)
    decode(CQLTuple<Int?, String?, [Double]>.self)
    decode(CQLUUID.self)
    decode(CQLInet.self)
    decode(CQLVarint.self)
    decode(CQLDecimal.self)
    decode(CQLDuration.self)
  }
}

/// Whether a text is JSON (RFC 8259).
struct JSONChecker {
  let text: [UInt8]
  private var position = 0

  init(text: [UInt8]) { self.text = text }

  mutating func isValid() -> Bool {
    String(validating: text, as: UTF8.self) != nil && value() && position == text.count
  }

  private mutating func skip(_ word: String) -> Bool {
    guard text[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  private mutating func value() -> Bool {
    guard position < text.count else { return false }
    switch text[position] {
    case UInt8(ascii: "{"): return members("{", "}") { $0.string() && $0.skip(":") && $0.value() }
    case UInt8(ascii: "["): return members("[", "]") { $0.value() }
    case UInt8(ascii: "\""): return string()
    case UInt8(ascii: "t"): return skip("true")
    case UInt8(ascii: "f"): return skip("false")
    case UInt8(ascii: "n"): return skip("null")
    default: return number()
    }
  }

  private mutating func members(_ open: String, _ close: String, _ member: (inout JSONChecker) -> Bool) -> Bool {
    guard skip(open) else { return false }
    if skip(close) { return true }
    repeat {
      guard member(&self) else { return false }
    } while skip(",")
    return skip(close)
  }

  private mutating func string() -> Bool {
    guard skip("\"") else { return false }
    while position < text.count {
      switch text[position] {
      case UInt8(ascii: "\""):
        position += 1
        return true
      case 0..<0x20: return false
      case UInt8(ascii: "\\"):
        position += 1
        guard position < text.count, "\"\\/bfnrtu".utf8.contains(text[position]) else { return false }
        position += 1
      default: position += 1
      }
    }
    return false
  }

  private mutating func digits() -> Bool {
    let start = position
    while position < text.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[position]) { position += 1 }
    return position > start
  }

  private mutating func number() -> Bool {
    _ = skip("-")
    let start = position
    guard digits(), text[start] != UInt8(ascii: "0") || position == start + 1 else { return false }
    if skip("."), !digits() { return false }
    if skip("E") {
      if !skip("+") { _ = skip("-") }
      return digits()
    }
    return true
  }
}
