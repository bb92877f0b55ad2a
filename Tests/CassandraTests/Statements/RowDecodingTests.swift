import CassandraWire
import Testing

@testable import Cassandra

@Suite struct RowDecodingTests {
  struct Animal: Decodable, Equatable {
    var genus: String
    var sightings: Int
    var size: Float?
    var taxonomy: [String]
    var kind: Kind?

    enum Kind: String, Decodable { case beetle, bird }
  }

  static let columns: [(String, CQLType)] = [
    ("genus", .text), ("sightings", .int), ("size", .float), ("taxonomy", .list(.text)), ("kind", .text),
  ]
  static let row: [CQLValue] = [
    .text("Vanellus"), .int(7), .float(4.8), .list([.text("a"), .text("b")]), .text("bird"),
  ]

  private func page(_ columns: [(String, CQLType)], _ rows: [[CQLValue]]) throws -> Page {
    let specifications = columns.map { ColumnSpecification(keyspace: "k", table: "t", name: $0.0, type: $0.1) }
    var bytes: [UInt8] = []
    try RowsResult(metadata: ResultMetadata(columns: specifications), rowCount: rows.count)
      .encode(into: &bytes, version: .v5)
    for row in rows {
      for (value, column) in zip(row, specifications) { try bytes.append(value: value, as: column.type) }
    }
    return try Page(body: bytes, at: 4, version: .v5, layout: nil)
  }

  private func decode<Value: Decodable>(_ type: Value.Type, _ page: Page) throws -> [Value] {
    let decoder = RowDecoder(page)
    var values: [Value] = []
    while let value = try decoder.next(type) { values.append(value) }
    return values
  }

  private func failure<Value: Decodable>(_ type: Value.Type, _ page: Page) -> String {
    do {
      _ = try decode(type, page)
      return "none"
    } catch let error as CassandraError {
      #expect(error.code == .undecodableRow)
      return error.debugDescription
    } catch { return "another error" }
  }

  @Test func aRowBecomesAValue() throws {
    let animal = Animal(genus: "Vanellus", sightings: 7, size: 4.8, taxonomy: ["a", "b"], kind: .bird)
    #expect(try decode(Animal.self, page(Self.columns, [Self.row, Self.row])) == [animal, animal])
  }

  @Test func theOrderOfTheColumnsDoesNotMatterNorDoOthers() throws {
    let columns = Array((Self.columns + [("other", .blob)]).reversed())
    let row = Array((Self.row + [.blob([1])]).reversed())
    #expect(try decode(Animal.self, page(columns, [row])).first?.genus == "Vanellus")
  }

  @Test func nullsAreOptionalsOrEmptyCollections() throws {
    let animal = try decode(Animal.self, page(Self.columns, [[.text("x"), .int(1), .null, .null, .null]])).first
    #expect(animal == Animal(genus: "x", sightings: 1, size: nil, taxonomy: [], kind: nil))
  }

  @Test func errorsNameTheColumnInTheDetailOnly() throws {
    #expect(failure(Animal.self, try page(Self.columns, [[.null] + Self.row.dropFirst()])).contains("genus"))
    #expect(
      failure(Animal.self, try page(Array(Self.columns.dropFirst()), [Array(Self.row.dropFirst())])).contains("genus"))
    var wrong = Self.columns
    wrong[1].1 = .text
    var row = Self.row
    row[1] = .text("seven")
    #expect(failure(Animal.self, try page(wrong, [row])).contains("sightings"))
    #expect(failure(Animal.self, try page(Self.columns, [Self.row.dropLast() + [.text("fish")]])).contains("fish"))
  }

  @Test func aNumberThatDoesNotFitIsRefused() throws {
    struct Small: Decodable { var n: Int8 }
    #expect(try decode(Small.self, page([("n", .int)], [[.int(-128)]])).first?.n == -128)
    #expect(failure(Small.self, try page([("n", .int)], [[.int(128)]])).contains("n"))
  }

  @Test func everyKindOfNumberIsRead() throws {
    struct Numbers: Decodable, Equatable {
      var a: Int, b: Int8, c: Int16, d: Int32, e: Int64, f: UInt, g: UInt8, h: UInt16, i: UInt32, j: UInt64
      var k: Double, l: Float, m: Bool
    }
    let names = "abcdefghijklm".map { String($0) }
    let types: [CQLType] = [
      .int, .tinyint, .smallint, .int, .bigint, .bigint, .tinyint, .smallint, .int, .varint, .double, .float, .boolean,
    ]
    let row: [CQLValue] = [
      .int(1), .tinyint(2), .smallint(3), .int(4), .bigint(5), .bigint(6), .tinyint(7), .smallint(8), .int(9),
      .varint(CQLVarint("18446744073709551615") ?? 0), .double(1.5), .float(2.5), .boolean(true),
    ]
    #expect(
      try decode(Numbers.self, page(Array(zip(names, types)), [row]))
        == [
          Numbers(a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8, i: 9, j: .max, k: 1.5, l: 2.5, m: true)
        ])
  }

  @Test func optionalsOfEveryKind() throws {
    struct Optionals: Decodable, Equatable {
      var a: Int?, b: Int32?, c: Int64?, d: Double?, e: Float?, f: Bool?, g: String?, h: [Int]?, i: Int16?
    }
    let names = "abcdefghi".map { String($0) }
    let types: [CQLType] = [
      .int, .int, .bigint, .double, .float, .boolean, .text, .list(.int), .smallint,
    ]
    let page = try page(
      Array(zip(names, types)),
      [
        Array(repeating: .null, count: 9),
        [
          .int(1), .int(2), .bigint(3), .double(4), .float(5), .boolean(true), .text("x"), .list([.int(6)]),
          .smallint(7),
        ],
      ])
    #expect(
      try decode(Optionals.self, page)
        == [
          Optionals(), Optionals(a: 1, b: 2, c: 3, d: 4, e: 5, f: true, g: "x", h: [6], i: 7),
        ])
  }

  @Test func aRowOfOneColumnCanBeAPlainValue() throws {
    #expect(try decode(String.self, page([("a", .text)], [[.text("x")], [.text("y")]])) == ["x", "y"])
    #expect(try decode(Animal.Kind.self, page([("a", .text)], [[.text("bird")]])) == [.bird])
  }

  @Test func theTypesOfTheColumnsCanBeDecodedDirectly() throws {
    struct Values: Decodable, Equatable {
      var id: CQLUUID
      var moment: CQLTimestamp?
      var map: [String: Int]
    }
    #expect(failure([String].self, try page([("a", .text)], [[.text("x")]])).contains("undecodableRow"))
    let id = CQLUUID(high: 1, low: 2)
    let page = try page(
      [("id", .uuid), ("moment", .timestamp), ("map", .map(key: .text, value: .int))],
      [[.uuid(id), .timestamp(CQLTimestamp(milliseconds: 5)), .map([.init(.text("a"), .int(1))])]])
    #expect(try decode(Values.self, page) == [Values(id: id, moment: CQLTimestamp(milliseconds: 5), map: ["a": 1])])
  }

  @Test func aPageThatEndsWithinARowIsAnError() throws {
    struct One: Decodable { var a: String, b: String }
    var bytes: [UInt8] = []
    let columns = ["a", "b"].map { ColumnSpecification(keyspace: "k", table: "t", name: $0, type: .text) }
    try RowsResult(metadata: ResultMetadata(columns: columns), rowCount: 1).encode(into: &bytes, version: .v5)
    bytes += [0, 0, 0, 1, 0x61, 0x7f, 0xff, 0xff, 0xff]
    let page = try Page(body: bytes, at: 4, version: .v5, layout: nil)
    #expect(failure(One.self, page).contains("undecodableRow"))
  }
}
