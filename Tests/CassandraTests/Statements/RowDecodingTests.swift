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

  // MARK: - Names and parts

  @Test(arguments: [
    ("imageUrl", "image_url"), ("imageURL", "image_url"), ("URLOfImage", "url_of_image"), ("image_url", "image_url"),
    ("a", "a"), ("ID", "id"), ("sizeCm2", "size_cm2"), ("Genus", "genus"), ("", ""), ("höheCm", "höhe_cm"),
    ("x2Y", "x2_y"), ("_leading", "_leading"), ("already_Snake", "already_snake"),
  ])
  func keysInSnakeCase(_ key: String, _ name: String) {
    #expect(ColumnNaming.snakeCase.convert?(key) == name)
  }

  @Test func keysBecomeNamesOfColumnsAndFields() throws {
    struct Plant: Decodable, Equatable {
      var latinName: String
      var leafSize: LeafSize
      var other: Int?

      struct LeafSize: Decodable, Equatable {
        var widthCm: Int
        var lengthCm: Float?
      }
    }
    let size = UserDefinedType(
      keyspace: "k", name: "size", fields: [.init("width_cm", .int), .init("length_cm", .float)])
    let page = try page(
      [("leaf_size", .udt(size)), ("latin_name", .text)],
      [
        [.udt([.init("width_cm", .int(3)), .init("length_cm", .float(4.5))]), .text("a")],
        [.udt([.init("width_cm", .int(3))]), .text("b")],
      ])
    let decoder = RowDecoder(page, naming: .snakeCase)
    #expect(
      try decoder.next(Plant.self)
        == Plant(latinName: "a", leafSize: .init(widthCm: 3, lengthCm: 4.5), other: nil))
    #expect(
      try decoder.next(Plant.self)
        == Plant(latinName: "b", leafSize: .init(widthCm: 3, lengthCm: nil), other: nil))
    #expect(try decoder.next(Plant.self) == nil)
  }

  @Test func namesAreComparedByTheirBytes() throws {
    let page = try page([("e\u{301}", .int), ("\u{e9}", .int)], [[.int(1), .int(2)]])
    struct Keyed: Decodable {
      var value: Int
      enum CodingKeys: String, CodingKey { case value = "\u{e9}" }
    }
    #expect(try decode(Keyed.self, page).first?.value == 2)
  }

  @Test func userDefinedTypesAreNestedTypes() throws {
    struct Place: Decodable, Equatable {
      var name: String
      var position: Position?
      var visits: [Visit]
      var byYear: [String: Visit]
      var pair: Pair

      struct Position: Decodable, Equatable { var x: Double, y: Double }
      struct Visit: Decodable, Equatable {
        var day: Int
        var tags: [String]?
      }
      struct Pair: Decodable, Equatable {
        var first: Int
        var second: String?
        init(first: Int, second: String?) { (self.first, self.second) = (first, second) }
        init(from decoder: any Decoder) throws {
          var container = try decoder.unkeyedContainer()
          first = try container.decode(Int.self)
          second = try container.decodeIfPresent(String.self)
          guard container.isAtEnd else { throw CancellationError() }
        }
      }
    }
    let position = UserDefinedType(keyspace: "k", name: "position", fields: [.init("x", .double), .init("y", .double)])
    let visit = UserDefinedType(keyspace: "k", name: "visit", fields: [.init("day", .int), .init("tags", .set(.text))])
    func visited(_ day: Int32, _ tags: [String]? = nil) -> CQLValue {
      .udt([.init("day", .int(day)), .init("tags", tags.map { .set($0.map { .text($0) }) } ?? .null)])
    }
    let page = try page(
      [
        ("name", .text), ("position", .udt(position)), ("visits", .list(.udt(visit))),
        ("byYear", .map(key: .text, value: .udt(visit))), ("pair", .tuple([.int, .text])),
      ],
      [
        [
          .text("home"), .udt([.init("x", .double(1.5)), .init("y", .double(-2))]),
          .list([visited(1, ["a", "b"]), visited(2)]), .map([.init(.text("1999"), visited(3, ["c"]))]),
          .tuple([.int(7), .text("x")]),
        ],
        [.text("away"), .null, .null, .map([]), .tuple([.int(7)])],
      ])
    let values = try decode(Place.self, page)
    #expect(
      values.first
        == Place(
          name: "home", position: .init(x: 1.5, y: -2),
          visits: [.init(day: 1, tags: ["a", "b"]), .init(day: 2, tags: nil)],
          byYear: ["1999": .init(day: 3, tags: ["c"])], pair: .init(first: 7, second: "x")))
    #expect(values.last?.position == nil)
    #expect(values.last?.visits == [])
    #expect(values.last?.pair == .init(first: 7, second: nil))
  }

  @Test func partsThatDoNotGoTogetherAreRefused() throws {
    struct Missing: Decodable { var v: Inner; struct Inner: Decodable { var absent: Int } }
    struct Wrong: Decodable { var v: Inner; struct Inner: Decodable { var a: String } }
    struct Null: Decodable { var v: Inner; struct Inner: Decodable { var b: Int } }
    struct Text: Decodable { var t: Inner; struct Inner: Decodable { var a: Int } }
    let type = UserDefinedType(keyspace: "k", name: "u", fields: [.init("a", .int), .init("b", .int)])
    let page = try page(
      [("v", .udt(type)), ("t", .text)], [[.udt([.init("a", .int(1))]), .text("x")]])
    for failure in [
      failure(Missing.self, page), failure(Wrong.self, page), failure(Null.self, page), failure(Text.self, page),
    ] {
      #expect(failure.contains("undecodableRow"))
    }
  }
}
