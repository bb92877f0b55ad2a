import CassandraRowJSON
import CassandraWire
import FuzzDriver
import CassandraJSON

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
      let limits = JSONLimits(bytes: .max, stringBytes: .max, numberBytes: .max)
      let tree = try? JSONValue(parsing: json, limits: limits, duplicateKeys: .lastWins)
      precondition(tree != nil, "the JSON is not valid")
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
