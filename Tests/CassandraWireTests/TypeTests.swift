import CassandraBytes
import CassandraWire
import Testing

@Suite struct TypeTests {
  private static let package = "org.apache.cassandra.db.marshal."

  private func option(_ type: CQLType, _ version: ProtocolVersion = .v5) throws -> [UInt8] {
    var buffer: [UInt8] = []
    try type.encode(into: &buffer, version: version)
    return buffer
  }

  @Test func classNames() {
    let pair = UserDefinedType(
      keyspace: "ks", name: "Pair é", fields: [.init("a b", .int), .init("ß", .list(.text))])
    let types: [CQLType] = [
      .ascii, .bigint, .blob, .boolean, .counter, .decimal, .double, .float, .int, .timestamp, .uuid, .text, .varint,
      .timeuuid, .inet, .date, .time, .smallint, .tinyint, .duration, .empty, .list(.int), .set(.text),
      .map(key: .text, value: .list(.int)), .tuple([.int, .text]), .udt(pair), .vector(.float, dimensions: 3),
      .vector(.list(.udt(pair)), dimensions: 2), .vector(.vector(.int, dimensions: 4), dimensions: 2),
      .list(.custom("com.example.Own(x=1,y)")), .custom("com.example.Own"),
    ]
    for type in types { #expect(CQLType(marshalClassName: type.marshalClassName) == type, "\(type)") }
    #expect(
      CQLType.vector(.list(.int), dimensions: 2).marshalClassName
        == "\(Self.package)VectorType(\(Self.package)FrozenType(\(Self.package)ListType(\(Self.package)Int32Type)) , 2)"
    )
    #expect(
      CQLType.udt(.init(keyspace: "ks", name: "tt", fields: [.init("a", .int)])).marshalClassName
        == "\(Self.package)UserType(ks,7474,61:\(Self.package)Int32Type)")
  }

  @Test func classNamesInOtherForms() {
    func type(_ name: String) -> CQLType { CQLType(marshalClassName: name) }
    #expect(type("Int32Type") == .int)
    #expect(type("\(Self.package)ReversedType(\(Self.package)UTF8Type)") == .text)
    #expect(type(" FrozenType ( MapType(AsciiType ,\tBytesType ) ) ") == .map(key: .ascii, value: .blob))
    #expect(type("DateType") == .timestamp)
    #expect(type("TupleType(Int32Type,FrozenType(SetType(LongType)))") == .tuple([.int, .set(.bigint)]))
    let composite = "CompositeType(Int32Type,UTF8Type)"
    #expect(type(composite) == .custom(composite))
    #expect(type("ListType(\(composite))") == .list(.custom(composite)))
    let dynamic = "DynamicCompositeType(a=>Int32Type,b=>UTF8Type)"
    #expect(type("MapType(UTF8Type,\(dynamic))") == .map(key: .text, value: .custom(dynamic)))
    #expect(type("VectorType(own.Type , 3)") == .vector(.custom("own.Type"), dimensions: 3))
    // Whatever is not understood stays as it is.
    for name in [
      "", "()", "ListType", "ListType()", "ListType(Int32Type", "ListType(Int32Type))", "ListType(Int32Type,Int32Type)",
      "MapType(Int32Type)", "Int32Type x", "VectorType(FloatType)", "VectorType(FloatType , 0)",
      "VectorType(FloatType , -1)", "VectorType(FloatType , 2147483648)", "VectorType(EmptyType , 5)",
      "UserType(ks)", "UserType(ks,7)", "UserType(ks,74,6:Int32Type)", "UserType(ks,ff)", "UserType(ks,74,61:)",
      "UserType(ks,zz)", "é", "ListType(é)",
    ] {
      #expect(type(name) == .custom(name), "\(name)")
    }
  }

  @Test func options() throws {
    let types: [CQLType] = [
      .custom("x"), .map(key: .text, value: .list(.int)), .tuple([]), .tuple([.duration, .date]), .empty,
      .vector(.tuple([.int]), dimensions: 2),
    ]
    for version in ProtocolVersion.allCases {
      for type in types {
        var position = 0
        let bytes = try option(type, version)
        #expect(try CQLType(reading: bytes.span, at: &position) == type)
        #expect(position == bytes.count)
      }
    }
    #expect(try option(.date, .v4) == [0, 0x11])
    #expect(try option(.date, .v3).count == 2 + 2 + "\(Self.package)SimpleDateType".utf8.count)
    #expect(try option(.duration, .v4).count == 2 + 2 + "\(Self.package)DurationType".utf8.count)
    // The number that text had in the oldest versions.
    var position = 0
    #expect(try CQLType(reading: [0, 0x0a].span, at: &position) == .text)
  }

  @Test func nesting() throws {
    func nested(_ depth: Int) -> [UInt8] {
      [UInt8](repeating: 0, count: 2 * depth).indices.map { $0 % 2 == 0 ? 0 : $0 < 2 * depth - 1 ? 0x20 : 9 }
    }
    var position = 0
    _ = try CQLType(reading: nested(CQLType.maximumNesting).span, at: &position)
    position = 0
    let error = #expect(throws: WireError.self) {
      try CQLType(reading: nested(CQLType.maximumNesting + 1).span, at: &position)
    }
    #expect(error?.code == .nestedTooDeep)
    #expect(error?.position == 2 * CQLType.maximumNesting)
    position = 0
    #expect(throws: WireError.self) { try CQLType(reading: nested(1_000_000).span, at: &position) }
    // In a class name it is not an error, but nothing that is understood.
    func name(_ depth: Int) -> String {
      String(repeating: "ListType(", count: depth - 1) + "Int32Type" + String(repeating: ")", count: depth - 1)
    }
    #expect(CQLType(marshalClassName: name(CQLType.maximumNesting)) != .custom(name(CQLType.maximumNesting)))
    #expect(CQLType(marshalClassName: name(CQLType.maximumNesting + 1)) == .custom(name(CQLType.maximumNesting + 1)))
    #expect(CQLType(marshalClassName: name(7_000)) == .custom(name(7_000)))
    let unknown = "X" + String(repeating: "(", count: 30_000) + String(repeating: ")", count: 30_000)
    #expect(CQLType(marshalClassName: unknown) == .custom(unknown))
    // A class name within options counts on from them.
    let inner = name(CQLType.maximumNesting / 2 + 4)
    var mixed = Array(nested(CQLType.maximumNesting / 2 + 5).dropLast(2)) + [0, 0]
    mixed.append(bigEndian: UInt16(inner.utf8.count))
    mixed.append(utf8: inner)
    position = 0
    var type = try CQLType(reading: mixed.span, at: &position)
    while case .list(let element) = type { type = element }
    #expect(type == .custom(inner))
  }

  @Test func descriptions() {
    let pair = UserDefinedType(keyspace: "ks", name: "Pair", fields: [])
    #expect(CQLType.map(key: .text, value: .list(.udt(pair))).description == "map<text, list<\"Pair\">>")
    #expect(CQLType.tuple([.int, .vector(.float, dimensions: 3)]).description == "tuple<int, vector<float, 3>>")
    #expect(CQLType.udt(.init(keyspace: "k", name: "a_1", fields: [])).description == "a_1")
    #expect(CQLType.udt(.init(keyspace: "k", name: "1\"a", fields: [])).description == "\"1\"\"a\"")
    #expect(CQLType.custom("x.Y").description == "'x.Y'")
  }
}
