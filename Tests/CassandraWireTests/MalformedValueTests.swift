import CassandraDice
import CassandraBytes
import CassandraRowJSON
import CassandraWire
import CassandraJSON
import Testing

/// Cells that are cut, changed and forged.
@Suite struct MalformedValueTests {
  private struct Cell {
    var type: CQLType
    var bytes: [UInt8]
  }

  /// Every cell of the fixtures.
  private func cells() throws -> [Cell] {
    var cells: [Cell] = []
    var type = CQLType.empty
    for line in try fixture("cassandra-json.txt") {
      let parts = line.split(separator: " ", maxSplits: 1)
      if parts[0] == "T" {
        var position = 0
        type = try CQLType(reading: bytes(parts[1]).span, at: &position)
      } else {
        cells.append(Cell(type: type, bytes: bytes(parts[0])))
      }
    }
    for line in try fixture("driver-values.txt") {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      cells.append(Cell(type: CQLType(marshalClassName: String(fields[0])), bytes: bytes(fields[2])))
    }
    return cells
  }

  /// Decodes and writes a cell; what is a value for one of them is for the other.
  private func decode(_ cell: [UInt8], as type: CQLType) {
    let value = try? CQLValue.decode(cell.span, as: type)
    var json: [UInt8] = []
    let isWritten: ()? = try? CellJSONWriter(type).write(cell.span, into: &json)
    #expect((value == nil) == (isWritten == nil), "\(type) \(digits(cell))")
    #expect(json.count <= CellJSONWriter.freeBytes + 64 * cell.count)
    guard let value else { return }
    var encoded: [UInt8] = []
    try? value.encode(as: type, into: &encoded)
    _ = value.description
    let limits = JSONLimits(bytes: .max, stringBytes: .max, numberBytes: .max)
    let tree = try? JSONValue(parsing: json, limits: limits, duplicateKeys: .lastWins)
    #expect((tree != nil) == (isWritten != nil), "\(type) \(digits(cell))")
  }

  private static func decode<Value: CQLDecodable>(
    _: Value.Type, _ cell: [UInt8], as type: CQLType
  ) throws(CQLValueError) -> Value {
    try Value.decode(cell.span, as: type)
  }

  @Test func truncatedAtEveryByte() throws {
    for cell in try cells() {
      var rest = cell.bytes
      while !rest.isEmpty {
        rest.removeLast()
        decode(rest, as: cell.type)
      }
      decode(cell.bytes + [0], as: cell.type)
    }
  }

  @Test func flippedBits() throws {
    var generator = Dice(seed: 3)
    for cell in try cells() where !cell.bytes.isEmpty {
      for _ in 0..<100 {
        var changed = cell.bytes
        changed[Int.random(in: 0..<changed.count, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        decode(changed, as: cell.type)
      }
    }
  }

  /// The bytes of one type as every other.
  @Test func underOtherTypes() throws {
    let cells = try cells()
    let types = Set(cells.map(\.type))
    for cell in cells where cell.bytes.count < 100 {
      for type in types { decode(cell.bytes, as: type) }
    }
  }

  @Test func hugeCounts() {
    let counts = ["7fffffff", "ffffffff", "80000000", "00010000", "7fffffff00000000"].map { bytes($0) }
    for count in counts {
      for type in [CQLType.list(.int), .set(.text), .map(key: .int, value: .int), .list(.tuple([])), .list(.empty)] {
        #expect(throws: CQLValueError.self) { try Self.decode(CQLValue.self, count, as: type) }
        decode(count, as: type)
      }
    }
    #expect(throws: CQLValueError.self) { try Self.decode([String].self, counts[0], as: .list(.text)) }
    #expect(throws: CQLValueError.self) { try Self.decode(Set<Int>.self, counts[0], as: .set(.int)) }
    #expect(throws: CQLValueError.self) {
      try Self.decode([Int: Int].self, counts[0], as: .map(key: .int, value: .int))
    }
    // Vectors of more elements than any value could have, of elements whose sizes overflow, and of lengths that do.
    let enormous = CQLType.vector(.vector(.double, dimensions: 1 << 30), dimensions: 1 << 30)
    for type in [enormous, .vector(enormous, dimensions: 1 << 30), .vector(.text, dimensions: 1 << 30)] {
      #expect(throws: CQLValueError.self) { try Self.decode(CQLValue.self, counts[0], as: type) }
      decode(counts[0], as: type)
    }
    for length in ["ffffffffffffffffff", "f0ffffffff", "f07fffffff", "80", "c0"].map({ bytes($0) }) {
      #expect(throws: CQLValueError.self) { try Self.decode(CQLValue.self, length, as: .vector(.text, dimensions: 1)) }
      decode(length, as: .vector(.text, dimensions: 1))
    }
  }

  /// A tuple of many fields that are not there, many times: four bytes each could become any amount of text.
  @Test func missingFieldsAreBounded() throws {
    let wide = CQLType.tuple([CQLType](repeating: .int, count: 65_535))
    var cell: [UInt8] = []
    cell.append(bigEndian: Int32(10_000))
    cell.append(contentsOf: [UInt8](repeating: 0, count: 40_000))
    var json: [UInt8] = []
    let error = #expect(throws: CQLValueError.self) {
      try CellJSONWriter(.list(wide)).write(cell.span, into: &json)
    }
    #expect(error?.code == .tooLarge)
    guard case .list(let tuples) = try CQLValue.decode(cell.span, as: .list(wide)) else { return }
    #expect(tuples == [CQLValue](repeating: .tuple([]), count: 10_000))
    // One such tuple is fine.
    json = []
    let none: [UInt8] = []
    try CellJSONWriter(wide).write(none.span, into: &json)
    #expect(json.count == 65_535 * 5 + 1)
  }

  /// A quotation mark in a key in a key in a key: each level doubles what stands in front of it.
  @Test func keysInKeysAreBounded() throws {
    var type = CQLType.text
    var cell: [UInt8] = [UInt8(ascii: "\"")]
    for _ in 0..<30 {
      type = .map(key: type, value: .int)
      var outer: [UInt8] = []
      outer.append(bigEndian: Int32(1))
      outer.append(bigEndian: Int32(cell.count))
      outer += cell
      outer.append(bigEndian: Int32(-1))
      cell = outer
    }
    var json: [UInt8] = []
    let error = #expect(throws: CQLValueError.self) { try CellJSONWriter(type).write(cell.span, into: &json) }
    #expect(error?.code == .tooLarge)
    _ = try CQLValue.decode(cell.span, as: type)
  }

  /// As deep as a type that was decoded can be.
  @Test func deepValues() throws {
    var type = CQLType.int
    var cell: [UInt8] = [0, 0, 0, 7]
    for _ in 1..<CQLType.maximumNesting {
      type = .list(type)
      var outer: [UInt8] = []
      outer.append(bigEndian: Int32(1))
      outer.append(bigEndian: Int32(cell.count))
      cell = outer + cell
    }
    var json: [UInt8] = []
    try CellJSONWriter(type).write(cell.span, into: &json)
    let brackets = CQLType.maximumNesting - 1
    #expect(
      String(decoding: json, as: UTF8.self)
        == String(repeating: "[", count: brackets) + "7" + String(repeating: "]", count: brackets))
    var encoded: [UInt8] = []
    try CQLValue.decode(cell.span, as: type).encode(as: type, into: &encoded)
    #expect(encoded == cell)
  }

  @Test func invalidText() {
    var json: [UInt8] = []
    for length in 0..<20 {
      for place in 0...length {
        var text = [UInt8](repeating: 0x61, count: length)
        text.insert(0xff, at: place)
        #expect(throws: CQLValueError.self) { try CellJSONWriter(.text).write(text.span, into: &json) }
        #expect(throws: CQLValueError.self) { try CellJSONWriter(.ascii).write(text.span, into: &json) }
        #expect(throws: CQLValueError.self) { try Self.decode(String.self, text, as: .text) }
      }
    }
  }
}
