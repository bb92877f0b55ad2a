import CassandraBytes
import CassandraWire
import Testing

private func encoded(_ value: some CQLEncodable, as type: CQLType) throws(CQLValueError) -> [UInt8] {
  var buffer: [UInt8] = []
  try value.encode(as: type, into: &buffer)
  return buffer
}

private func decoded<Value: CQLDecodable>(
  _ cell: [UInt8], as type: CQLType, _: Value.Type = Value.self
) throws(CQLValueError) -> Value {
  try Value.check(type)
  return try Value.decode(cell.span, as: type)
}

/// The code of the error that something throws.
private func code(_ body: () throws -> Void) -> CQLValueError.Code? {
  do {
    try body()
    return nil
  } catch {
    return (error as? CQLValueError)?.code
  }
}

@Suite struct IntegerTests {
  @Test func goIntoEveryIntegerTypeTheyFitInto() throws {
    let sizes: [(CQLType, Int)] = [(.tinyint, 1), (.smallint, 2), (.int, 4), (.bigint, 8), (.counter, 8), (.varint, 1)]
    for (type, size) in sizes {
      #expect(try encoded(-5, as: type).count == size)
      #expect(try decoded(try encoded(-5, as: type), as: type, Int.self) == -5)
      #expect(try decoded(try encoded(UInt8(100), as: type), as: type, UInt64.self) == 100)
      #expect(code { _ = try decoded(try encoded(-5, as: type), as: type, UInt.self) } == .outOfRange)
    }
    #expect(code { _ = try encoded(128, as: .tinyint) } == .outOfRange)
    #expect(code { _ = try encoded(Int(Int32.max) + 1, as: .int) } == .outOfRange)
    #expect(code { _ = try encoded(UInt64.max, as: .bigint) } == .outOfRange)
    #expect(code { _ = try decoded([0, 0, 1, 0], as: .int, Int8.self) } == .outOfRange)
  }

  @Test func neverIntoOtherTypes() {
    for type in [CQLType.text, .float, .double, .decimal, .boolean, .timestamp, .blob, .list(.int)] {
      #expect(code { _ = try encoded(1, as: type) } == .typeMismatch)
      #expect(code { try Int.check(type) } == .typeMismatch)
    }
  }

  @Test func varintsOfAnyLength() throws {
    #expect(try encoded(UInt64.max, as: .varint) == [0] + [UInt8](repeating: 0xff, count: 8))
    #expect(try decoded([0] + [UInt8](repeating: 0xff, count: 8), as: .varint, UInt64.self) == .max)
    #expect(code { _ = try decoded([0] + [UInt8](repeating: 0xff, count: 8), as: .varint, Int64.self) } == .outOfRange)
    #expect(try decoded([0xff, 0x7f] + [UInt8](repeating: 0, count: 1), as: .varint, Int.self) == -33_024)
    #expect(try decoded([UInt8](repeating: 0xff, count: 40), as: .varint, Int8.self) == -1)
    #expect(try decoded([UInt8](repeating: 0, count: 39) + [7], as: .varint, UInt8.self) == 7)
    #expect(code { _ = try decoded([1] + [UInt8](repeating: 0, count: 8), as: .varint, UInt64.self) } == .outOfRange)
    #expect(
      code { _ = try decoded([0xff, 0x7f] + [UInt8](repeating: 0, count: 7), as: .varint, Int64.self) } == .outOfRange)
    for value in [0, 1, -1, 127, 128, -128, -129, 255, 256, Int.max, Int.min, 1 << 55, -(1 << 55)] {
      #expect(try decoded(try encoded(value, as: .varint), as: .varint, Int.self) == value)
      #expect(try encoded(value, as: .varint) == CQLVarint(Int64(value)).twosComplement)
    }
  }

  @Test func emptyAndNull() throws {
    #expect(code { _ = try decoded([], as: .int, Int.self) } == .unexpectedEmpty)
    #expect(try decoded([], as: .int, Int?.self) == nil)
    #expect(code { _ = try Int.decodeNull() } == .unexpectedNull)
    #expect(try Int?.decodeNull() == nil)
    #expect(try decoded([], as: .text, String?.self) == "")
  }
}

@Suite struct ScalarTests {
  @Test func floatingPoint() throws {
    #expect(try encoded(Float(4.8), as: .float) == [0x40, 0x99, 0x99, 0x9a])
    #expect(try decoded([0x40, 0x99, 0x99, 0x9a], as: .float, Float.self) == 4.8)
    #expect(try decoded([0x40, 0x99, 0x99, 0x9a], as: .float, Double.self) == Double(Float(4.8)))
    #expect(try decoded(try encoded(Float(0.1), as: .double), as: .double, Double.self) == Double(Float(0.1)))
    // A Double that is no float would be another number there, and a Float is too small for a double.
    #expect(code { _ = try encoded(4.8, as: .float) } == .outOfRange)
    #expect(code { _ = try encoded(1e300, as: .float) } == .outOfRange)
    #expect(code { _ = try encoded(4.8, as: .int) } == .typeMismatch)
    for exact in [0, -0.0, 0.5, -1024, 16_777_216, .infinity, -.infinity, Double(Float.leastNonzeroMagnitude)] {
      #expect(try encoded(exact, as: .float) == encoded(Float(exact), as: .float))
    }
    #expect(try decoded(try encoded(Double.nan, as: .float), as: .float, Float.self).isNaN)
    #expect(code { try Float.check(.double) } == .typeMismatch)
    #expect(code { _ = try decoded([0, 0, 0], as: .float, Float.self) } == .malformed)
  }

  @Test func doublesAndDecimals() throws {
    for (number, text) in [(0.1, "0.1"), (0, "0.0"), (-12.5, "-12.5"), (1e21, "1E+21"), (1.5e-9, "1.5E-9"), (3, "3.0")]
    {
      #expect(try decoded(try encoded(number, as: .decimal), as: .decimal, CQLDecimal.self).description == text)
      #expect(try decoded(try encoded(number, as: .decimal), as: .decimal, Double.self) == number)
    }
    // The same number with other zeros.
    for (text, number) in [("1.00", 1), ("100", 100), ("-0", 0), ("1E+2", 100), ("0.10", 0.1), ("0E+9", 0)] {
      let decimal = try #require(CQLDecimal(text))
      #expect(try decoded(try encoded(decimal, as: .decimal), as: .decimal, Double.self) == number)
      #expect(Double(nearest: decimal) == number)
    }
    // More digits than a double keeps, and numbers that are too large or too small.
    for text in ["0.1000000000000000055511151231257827", "12345678901234567890", "1E+400", "1E-400"] {
      let decimal = try #require(CQLDecimal(text))
      #expect(code { _ = try decoded(try encoded(decimal, as: .decimal), as: .decimal, Double.self) } == .outOfRange)
    }
    #expect(Double(nearest: try #require(CQLDecimal("12345678901234567890"))) == 12_345_678_901_234_567_168)
    #expect(Double(nearest: try #require(CQLDecimal("1E+400"))) == .infinity)
    for number in [Double.nan, .infinity, -.infinity] {
      #expect(code { _ = try encoded(number, as: .decimal) } == .outOfRange)
      #expect(CQLDecimal(number) == nil)
    }
    #expect(code { _ = try encoded(Float(0.5), as: .decimal) } == .typeMismatch)
    #expect(code { _ = try decoded([0, 0, 0, 1], as: .decimal, Double.self) } == .malformed)
  }

  @Test func text() throws {
    #expect(try encoded("é", as: .text) == [0xc3, 0xa9])
    #expect(code { _ = try encoded("é", as: .ascii) } == .invalidText)
    #expect(code { _ = try decoded([0xff], as: .text, String.self) } == .invalidText)
    #expect(code { _ = try encoded("1", as: .int) } == .typeMismatch)
    #expect(code { try String.check(.uuid) } == .typeMismatch)
  }

  /// Old servers took any number for a `time`; it can be read and written back.
  @Test func aTimeBeyondADayIsItsBytes() throws {
    for number: Int64 in [CQLTime.nanosecondsPerDay, -1, .max, .min] {
      let bytes = (0..<8).map { UInt8(truncatingIfNeeded: number >> Int64(56 - 8 * $0)) }
      #expect(code { _ = try decoded(bytes, as: .time, CQLTime.self) } == .malformed)
      let value = try decoded(bytes, as: .time, CQLValue.self)
      #expect(value == .custom(bytes))
      #expect(try encoded(value, as: .time) == bytes)
    }
    #expect(
      try decoded([0, 0, 0, 0, 0, 0, 0, 1], as: .time, CQLValue.self) == CQLTime(nanoseconds: 1).map { .time($0) })
    #expect(code { _ = try encoded(CQLValue.custom([1, 2, 3]), as: .time) } == .typeMismatch)
    #expect(code { _ = try encoded(CQLValue.blob([0, 0, 0, 0, 0, 0, 0, 1]), as: .time) } == .typeMismatch)
  }

  @Test func booleans() throws {
    #expect(try encoded(true, as: .boolean) == [1])
    #expect(try decoded([2], as: .boolean, Bool.self))
    #expect(code { _ = try decoded([0, 0], as: .boolean, Bool.self) } == .malformed)
  }

  @Test func presence() throws {
    var buffer: [UInt8] = []
    try buffer.append(value: Int?.none, as: .int)
    try buffer.append(value: CQLUnset(), as: .int)
    try buffer.append(value: "ab" as String?, as: .text)
    #expect(buffer == bytes("ffffffff" + "fffffffe" + "00000002" + "6162"))
  }

  /// A description says neither the value nor the type, for whoever may see it.
  @Test func errorsAreSafeToShow() {
    let error = CQLValueError.mismatch(Int.self, .udt(.init(keyspace: "secret", name: "secret", fields: [])))
    #expect(!error.description.contains("secret"))
    #expect(error.debugDescription.contains("secret"))
  }
}

@Suite struct CollectionTests {
  @Test func listsSetsAndMaps() throws {
    let list = try encoded(["a", "b"], as: .list(.text))
    #expect(list == bytes("00000002" + "0000000161" + "0000000162"))
    #expect(try decoded(list, as: .list(.text), [String].self) == ["a", "b"])
    #expect(try decoded(list, as: .set(.text), Set<String>.self) == ["a", "b"])
    let map = try encoded(["a": 1], as: .map(key: .text, value: .int))
    #expect(try decoded(map, as: .map(key: .text, value: .int), [String: Int].self) == ["a": 1])
    #expect(try [String].decodeNull() == [])
    #expect(try Set<Int>.decodeNull() == [])
    #expect(try [Int: Int].decodeNull() == [:])
    #expect(try decoded([], as: .list(.int), [Int].self) == [])
    #expect(try decoded([], as: .list(.int), [Int]?.self) == nil)
    #expect(code { try Set<Int>.check(.list(.int)) } == .typeMismatch)
    #expect(code { try [Int].check(.list(.text)) } == .typeMismatch)
    #expect(code { _ = try encoded([1, nil], as: .list(.int)) } == .outOfRange)
    let nulls = bytes("00000002" + "ffffffff" + "0000000400000007")
    #expect(try decoded(nulls, as: .list(.int), [Int?].self) == [nil, 7])
    #expect(code { _ = try decoded(nulls, as: .list(.int), [Int].self) } == .unexpectedNull)
  }

  @Test func bytesAreABlob() throws {
    #expect(try encoded([1, 2] as [UInt8], as: .blob) == [1, 2])
    #expect(try decoded([1, 2], as: .blob, [UInt8].self) == [1, 2])
    #expect(try decoded([1, 2], as: .custom("x.Y"), [UInt8].self) == [1, 2])
    #expect(try encoded([1, 2] as [UInt8], as: .list(.tinyint)).count == 14)
    #expect(code { try [Int].check(.blob) } == .typeMismatch)
    #expect(code { _ = try encoded([1, 2], as: .blob) } == .typeMismatch)
  }

  @Test func vectors() throws {
    let type = CQLType.vector(.float, dimensions: 3)
    let vector = try encoded([Float(1), 2, 3], as: type)
    #expect(vector == bytes("3f8000004000000040400000"))
    #expect(try decoded(vector, as: type, [Float].self) == [1, 2, 3])
    #expect(code { _ = try encoded([Float(1)], as: type) } == .outOfRange)
    #expect(code { _ = try decoded([1, 2, 3, 4], as: type, [Float].self) } == .malformed)
    let texts = try encoded(["a", ""], as: .vector(.text, dimensions: 2))
    #expect(texts == [1, 0x61, 0])
    #expect(try decoded(texts, as: .vector(.text, dimensions: 2), [String].self) == ["a", ""])
  }

  @Test func tuples() throws {
    let type = CQLType.tuple([.int, .text, .boolean])
    let tuple = CQLTuple(7, "x" as String?, true)
    let cell = try encoded(tuple, as: type)
    #expect(cell == bytes("0000000400000007" + "0000000178" + "0000000101"))
    #expect(try decoded(cell, as: type) == tuple)
    #expect(
      try decoded(bytes("0000000400000007" + "ffffffff"), as: type, CQLTuple<Int, String?, Bool?>.self)
        == CQLTuple(7, nil, nil))
    #expect(code { try CQLTuple<Int, String>.check(type) } == .typeMismatch)
    #expect(code { try CQLTuple<Int, Int, Bool>.check(type) } == .typeMismatch)
    let definition = UserDefinedType(
      keyspace: "k", name: "n", fields: [.init("a", .int), .init("b", .text), .init("c", .int)])
    #expect(try encoded(CQLTuple(1, "y"), as: .udt(definition)) == bytes("0000000400000001" + "0000000179"))
    #expect(
      try decoded(bytes("0000000400000001" + "0000000179" + "ffffffff"), as: .udt(definition))
        == CQLTuple(1, "y"))
    #expect(Set([CQLTuple(1, 2), CQLTuple(1, 2), CQLTuple(2, 1)]).count == 2)
  }

  @Test func dynamicValues() throws {
    let definition = UserDefinedType(
      keyspace: "k", name: "n", fields: [.init("a", .int), .init("b", .list(.text)), .init("c", .int)])
    let value = CQLValue.udt([.init("b", .list([.text("x")])), .init("a", .int(1))])
    let cell = try encoded(value, as: .udt(definition))
    #expect(
      try decoded(cell, as: .udt(definition))
        == CQLValue.udt([.init("a", .int(1)), .init("b", .list([.text("x")]))]))
    #expect(code { _ = try encoded(CQLValue.udt([.init("z", .int(1))]), as: .udt(definition)) } == .outOfRange)
    #expect(code { _ = try encoded(CQLValue.int(1), as: .text) } == .typeMismatch)
    #expect(code { _ = try encoded(CQLValue.list([]), as: .set(.int)) } == .typeMismatch)
    #expect(try encoded(CQLValue.bigint(5), as: .int) == [0, 0, 0, 5])
    #expect(try decoded([], as: .int) == CQLValue.empty)
    #expect(try CQLValue.decodeNull() == .null)
  }
}

/// Whether values are in the order in which Cassandra puts them.
@Suite struct OrderTests {
  @Test func isCassandras() throws {
    for line in try fixture("cassandra-order.txt") {
      let fields = line.split(separator: " ")
      let cells = fields.dropFirst().map { bytes($0) }
      #expect(cells.count == 30)
      switch fields[0] {
      case "uuid": try expectOrder(cells, as: .uuid, CQLUUID.self, by: <)
      case "timeuuid": try expectOrder(cells, as: .timeuuid, CQLUUID.self) { $0.precedesByTime($1) }
      case "inet": try expectOrder(cells, as: .inet, CQLInet.self, by: <)
      case "varint": try expectOrder(cells, as: .varint, CQLVarint.self, by: <)
      default: Issue.record("unknown type")
      }
    }
  }

  private func expectOrder<Value: CQLDecodable & Hashable>(
    _ cells: [[UInt8]], as type: CQLType, _: Value.Type, by precedes: (Value, Value) -> Bool
  ) throws {
    let values = try cells.map { try decoded($0, as: type, Value.self) }
    for (index, value) in values.enumerated() {
      for (otherIndex, other) in values.enumerated() {
        #expect(precedes(value, other) == (index < otherIndex && value != other), "\(type) \(index) \(otherIndex)")
      }
    }
  }
}
