import CassandraWire
import Testing

@testable import Cassandra

/// Structs and collections of them as values of statements.
@Suite struct EncodedValueTests {
  struct Street: Codable, Equatable, Sendable {
    var name: String
    var number: Int?
  }

  struct Address: Codable, Equatable, Sendable {
    var street: Street
    var tags: [String]
    var floors: [Int: Double]?
    var kind: Kind
    var postCode: String?

    enum Kind: String, Codable { case home, work }
  }

  private static let street = UserDefinedType(
    keyspace: "k", name: "street", fields: [.init("name", .text), .init("number", .int)])
  private static let address = UserDefinedType(
    keyspace: "k", name: "address",
    fields: [
      .init("tags", .set(.text)), .init("street", .udt(street)), .init("kind", .text),
      .init("floors", .map(key: .int, value: .double)), .init("post_code", .text), .init("added_later", .blob),
    ])
  private static let value = Address(
    street: Street(name: "Rue é", number: nil), tags: ["a", "b"], floors: [1: 0.5], kind: .work, postCode: "12")
  private static let fields: [CQLValue.Field] = [
    .init("tags", .set([.text("a"), .text("b")])),
    .init("street", .udt([.init("name", .text("Rue é"))])), .init("kind", .text("work")),
    .init("floors", .map([.init(.int(1), .double(0.5))])), .init("post_code", .text("12")),
  ]

  private func bytes(_ value: some CQLEncodable, _ type: CQLType) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try bytes.append(value: value, as: type)
    return bytes
  }

  private func expectRefused(_ value: some CQLEncodable, _ type: CQLType) {
    do {
      _ = try bytes(value, type)
      Issue.record("\(type) took it")
    } catch {}
  }

  @Test func aStructIsAUserDefinedType() throws {
    let encoded = CQLEncoded(Self.value, naming: .snakeCase)
    #expect(try bytes(encoded, .udt(Self.address)) == bytes(CQLValue.udt(Self.fields), .udt(Self.address)))
  }

  @Test func whatIsEncodedIsDecoded() throws {
    struct Row: Codable, Equatable, Sendable { var address: Address }
    let cell = try bytes(CQLEncoded(Self.value, naming: .snakeCase), .udt(Self.address))
    var body: [UInt8] = []
    let column = ColumnSpecification(keyspace: "k", table: "t", name: "address", type: .udt(Self.address))
    try RowsResult(metadata: ResultMetadata(columns: [column]), rowCount: 1).encode(into: &body, version: .v5)
    let decoder = RowDecoder(try Page(body: body + cell, at: 4, version: .v5, layout: nil), naming: .snakeCase)
    #expect(try decoder.next(Row.self) == Row(address: Self.value))
  }

  @Test func structsInCollections() throws {
    let (one, two) = (Street(name: "a", number: 1), Street(name: "b", number: nil))
    let values: [CQLValue] = [
      .udt([.init("name", .text("a")), .init("number", .int(1))]), .udt([.init("name", .text("b"))]),
    ]
    #expect(
      try bytes(CQLEncoded([one, two]), .list(.udt(Self.street)))
        == bytes(CQLValue.list(values), .list(.udt(Self.street))))
    #expect(
      try bytes(CQLEncoded(["x": one]), .map(key: .text, value: .udt(Self.street)))
        == bytes(CQLValue.map([.init(.text("x"), values[0])]), .map(key: .text, value: .udt(Self.street))))
    #expect(
      try bytes(CQLEncoded([7: one]), .map(key: .bigint, value: .udt(Self.street)))
        == bytes(CQLValue.map([.init(.bigint(7), values[0])]), .map(key: .bigint, value: .udt(Self.street))))
    #expect(
      try bytes(CQLEncoded([two]), .tuple([.udt(Self.street)]))
        == bytes(CQLValue.tuple([values[1]]), .tuple([.udt(Self.street)])))
  }

  @Test func whatKnowsCQLIsEncodedAsEver() throws {
    #expect(try bytes(CQLEncoded(5), .int) == bytes(5, .int))
    #expect(
      try bytes(CQLEncoded(["a": 1]), .map(key: .text, value: .bigint))
        == bytes(["a": 1], .map(key: .text, value: .bigint)))
    #expect(
      try bytes(CQLEncoded([Float(1), 2]), .vector(.float, dimensions: 2))
        == bytes([Float(1), 2], .vector(.float, dimensions: 2)))
    #expect(try bytes(CQLEncoded(Address.Kind.home), .text) == bytes("home", .text))
  }

  @Test func nothingIsNull() throws {
    #expect(try bytes(CQLEncoded(Street?.none), .udt(Self.street)) == [0xff, 0xff, 0xff, 0xff])
    #expect(try bytes(CQLEncoded(Int?.none), .int) == [0xff, 0xff, 0xff, 0xff])
    let some = Street?.some(Street(name: "a", number: 1))
    #expect(try bytes(CQLEncoded(some), .udt(Self.street)) == bytes(CQLEncoded(some!), .udt(Self.street)))
  }

  @Test func whatHasNoPlaceIsRefused() throws {
    struct Other: Codable, Sendable {
      var name: String
      var colour: String
    }
    struct Nothing: Codable, Sendable {}
    struct Nested: Encodable, Sendable {
      enum Keys: String, CodingKey { case nowhere }
      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        var nested = container.nestedUnkeyedContainer(forKey: .nowhere)
        try nested.encode(1)
      }
    }
    expectRefused(CQLEncoded(Other(name: "a", colour: "red")), .udt(Self.street))
    expectRefused(CQLEncoded(Street(name: "a", number: 5_000_000_000)), .udt(Self.street))
    expectRefused(CQLEncoded(Street(name: "a", number: 1)), .text)
    expectRefused(CQLEncoded([Street(name: "a", number: 1)]), .udt(Self.street))
    expectRefused(CQLEncoded([Street?.none]), .list(.udt(Self.street)))
    expectRefused(CQLEncoded([Street(name: "a"), Street(name: "b")]), .tuple([.udt(Self.street)]))
    expectRefused(CQLEncoded(["x": Street(name: "a")]), .map(key: .int, value: .udt(Self.street)))
    expectRefused(CQLEncoded(Nested()), .udt(Self.street))
    // A struct without fields is a value all of whose fields are null.
    #expect(try bytes(CQLEncoded(Nothing()), .udt(Self.street)) == [0, 0, 0, 0])
  }

  @Test func aStatementTakesThem() throws {
    let statement: Statement = "UPDATE t SET home = \(CQLEncoded(Street(name: "a", number: 1))) WHERE id = \(1)"
    #expect(statement.values.count == 2)
  }
}
