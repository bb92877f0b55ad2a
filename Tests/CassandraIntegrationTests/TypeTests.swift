import CassandraWire
import Cassandra
import Testing

@Suite(.enabled(if: !Database.all.isEmpty, Database.anyReason), .serialized, .timeLimit(.minutes(5))) struct TypeTests {
  static let keyspace = Keyspace(
    "driver_types",
    [
      "CREATE TYPE KEYSPACE.address (street text, number int, tags frozen<list<text>>)",
      """
      CREATE TABLE KEYSPACE.types (id int PRIMARY KEY, aascii ascii, abigint bigint, ablob blob,
        aboolean boolean, adate date, adecimal decimal, adouble double, aduration duration, afloat float,
        ainet inet, aint int, asmallint smallint, atext text, atime time, atimestamp timestamp,
        atimeuuid timeuuid, atinyint tinyint, auuid uuid, avarchar varchar, avarint varint, alist list<text>,
        aset set<int>, amap map<text, bigint>, afrozenlist frozen<list<int>>,
        anested frozen<map<text, frozen<list<frozen<set<int>>>>>>,
        atuple frozen<tuple<int, text, frozen<list<int>>>>, audt address, afrozenudt frozen<address>,
        avector vector<float, 3>, atextvector vector<text, 2>)
      """,
      "CREATE TABLE KEYSPACE.counters (id int PRIMARY KEY, n counter)",
    ])

  /// Values of each column, those at the edges among them.
  static let values: [(column: String, values: [CQLValue])] = [
    ("aascii", [.ascii(""), .ascii("plain ~")]),
    ("abigint", [.bigint(0), .bigint(.min), .bigint(.max)]),
    ("ablob", [.blob([]), .blob([0, 255]), .blob(Array(repeating: 7, count: 300_000))]),
    ("aboolean", [.boolean(true), .boolean(false)]),
    (
      "adate",
      [.date(CQLDate(daysSinceEpoch: 0)), .date(CQLDate(daysSinceEpoch: .min)), .date(CQLDate(daysSinceEpoch: .max))]
    ),
    (
      "adecimal",
      ["0", "-1.50", "1E+40", "0.000000000000000000001", "-12345678901234567890123456789012345678901234567890.5"]
        .compactMap { CQLDecimal($0) }.map { .decimal($0) }
    ),
    (
      "adouble",
      [
        .double(0), .double(-0.1), .double(.infinity), .double(.greatestFiniteMagnitude),
        .double(.leastNonzeroMagnitude),
      ]
    ),
    (
      "aduration",
      [
        .duration(CQLDuration()), .duration(CQLDuration(months: 1, days: 2, nanoseconds: 3)),
        .duration(CQLDuration(months: .min + 1, days: .min + 1, nanoseconds: .min + 1)),
        .duration(CQLDuration(months: .max, days: .max, nanoseconds: .max)),
      ]
    ),
    ("afloat", [.float(4.8), .float(-.infinity), .float(.leastNonzeroMagnitude)]),
    (
      "ainet",
      ["127.0.0.1", "255.255.255.255", "::1", "2001:db8::8a2e:370:7334"].compactMap { CQLInet($0) }.map { .inet($0) }
    ),
    ("aint", [.int(0), .int(.min), .int(.max)]),
    ("asmallint", [.smallint(.min), .smallint(.max)]),
    ("atext", [.text(""), .text("日本 é 🌱"), .text(String(repeating: "x", count: 200_000))]),
    ("atime", [0, 86_399_999_999_999].compactMap { CQLTime(nanoseconds: $0) }.map { .time($0) }),
    (
      "atimestamp",
      [
        .timestamp(CQLTimestamp(milliseconds: 0)), .timestamp(CQLTimestamp(milliseconds: -1)),
        .timestamp(CQLTimestamp(milliseconds: .max)),
      ]
    ),
    ("atimeuuid", [.timeuuid(CQLUUID(ticks: CQLUUID.ticksAtUnixEpoch, clockSequence: 1, node: 2))]),
    ("atinyint", [.tinyint(.min), .tinyint(.max)]),
    ("auuid", [.uuid(CQLUUID(high: 0, low: 0)), .uuid(CQLUUID(high: .max, low: .max))]),
    ("avarchar", [.text("varchar")]),
    (
      "avarint",
      ["0", "-1", "127", "128", "-129", "123456789012345678901234567890123456789012345678901234567890"]
        .compactMap { CQLVarint($0) }.map { .varint($0) }
    ),
    ("alist", [.list([.text("b"), .text("a"), .text("b")])]),
    ("aset", [.set([.int(-1), .int(2)])]),
    ("amap", [.map([.init(.text("a"), .bigint(1)), .init(.text("b"), .bigint(.max))])]),
    ("afrozenlist", [.list([]), .list([.int(3), .int(1)])]),
    (
      "anested",
      [
        .map([
          .init(.text(""), .list([])), .init(.text("x"), .list([.set([.int(1), .int(2)]), .set([])])),
        ])
      ]
    ),
    ("atuple", [.tuple([.int(1), .text("two"), .list([.int(3)])]), .tuple([.null, .null, .null])]),
    (
      "audt",
      [.udt([.init("street", .text("Straße")), .init("number", .int(5)), .init("tags", .list([.text("a")]))])]
    ),
    ("afrozenudt", [.udt([.init("street", .null), .init("number", .int(5)), .init("tags", .null)])]),
    ("avector", [.vector([.float(1), .float(-2.5), .float(0)])]),
    ("atextvector", [.vector([.text(""), .text("long enough")])]),
  ]

  @Test(arguments: Database.all) func everyTypeComesBack(_ database: Database) async throws {
    try await Self.keyspace.withClient(database) { client in
      for (column, values) in Self.values {
        #expect(!values.isEmpty, "\(column)")
        for value in values {
          let name = Identifier(column)
          try await client.query("INSERT INTO types (id, \(name)) VALUES (\(1), \(value))")
          let row = try #require(try await client.query("SELECT \(name) FROM types WHERE id = \(1)").first())
          #expect(try row.decode(CQLValue.self, at: 0) == value, "\(column)")
        }
      }
    }
  }

  @Test(arguments: Database.all) func nullAndUnset(_ database: Database) async throws {
    try await Self.keyspace.withClient(database) { client in
      for (column, values) in Self.values {
        let (name, value) = (Identifier(column), try #require(values.last))
        func read() async throws -> CQLValue? {
          try await client.query("SELECT \(name) FROM types WHERE id = \(2)").first()?.decode(CQLValue.self, at: 0)
        }
        try await client.query("INSERT INTO types (id, \(name)) VALUES (\(2), \(value))")
        try await client.query("INSERT INTO types (id, \(name)) VALUES (\(2), \(CQLUnset()))")
        #expect(try await read() == value, "\(column) stays as it is")
        try await client.query("INSERT INTO types (id, \(name)) VALUES (\(2), \(CQLValue.null))")
        #expect(try await read() == .null, "\(column)")
      }
    }
  }

  struct Everything: Decodable, Equatable {
    var id: Int
    var atext: String
    var abigint: Int64?
    var aboolean: Bool
    var adouble: Double
    var afloat: Float
    var auuid: CQLUUID
    var atimestamp: CQLTimestamp
    var adate: CQLDate?
    var alist: [String]
    var aset: Set<Int>
    var amap: [String: Int]
    var ablob: [UInt8]
    var avector: [Float]
    var avarint: Int
  }

  @Test(arguments: Database.all) func swiftTypes(_ database: Database) async throws {
    try await Self.keyspace.withClient(database) { client in
      let expected = Everything(
        id: 3, atext: "x", abigint: nil, aboolean: true, adouble: 0.1, afloat: 4.8, auuid: CQLUUID(high: 1, low: 2),
        atimestamp: CQLTimestamp(milliseconds: 12), adate: CQLDate(year: 2024, month: 2, day: 29), alist: [], aset: [3],
        amap: ["a": 1], ablob: [1, 2], avector: [1, 2, 3], avarint: 9)
      try await client.query(
        """
        INSERT INTO types (id, atext, abigint, aboolean, adouble, afloat, auuid, atimestamp, adate, alist, aset,
          amap, ablob, avector, avarint) VALUES (\(expected.id), \(expected.atext), \(expected.abigint), \(expected.aboolean), \(expected.adouble),
          \(expected.afloat), \(expected.auuid), \(expected.atimestamp), \(expected.adate), \(expected.alist), \(expected.aset),
          \(expected.amap), \(expected.ablob), \(expected.avector), \(expected.avarint))
        """)
      #expect(try await client.query("SELECT * FROM types WHERE id = 3").first(Everything.self) == expected)
      let tuple = try await client.query("SELECT id, atext, alist, avarint FROM types WHERE id = \(3)")
        .first((Int32, String, [String]?, CQLVarint).self)
      #expect(tuple?.0 == 3)
      #expect(tuple?.1 == "x")
      #expect(tuple?.2 == nil)
      #expect(tuple?.3 == 9)
      let pair = CQLTuple(1, "two", [3])
      try await client.query("INSERT INTO types (id, atuple) VALUES (\(4), \(pair))")
      #expect(
        try await client.query("SELECT atuple FROM types WHERE id = \(4)").first(CQLTuple<Int, String, [Int]>.self)
          == pair)
    }
  }

  @Test(arguments: Database.all) func valuesThatDoNotGoWithTheirColumn(_ database: Database) async throws {
    try await Self.keyspace.withClient(database) { (client) async throws in
      #expect(
        try await failure { try await client.query("INSERT INTO types (id) VALUES (\(1 << 40))") }.code == .invalidValue
      )
      #expect(
        try await failure { try await client.query("INSERT INTO types (id) VALUES (\("text"))") }.code == .invalidValue)
      #expect(
        try await failure { _ = try await client.query("SELECT id FROM types").first(String.self) }.code
          == .undecodableRow)
      #expect(
        try await failure { _ = try await client.query("SELECT id FROM types").first((Int, Int).self) }.code
          == .undecodableRow)
    }
  }

  @Test(arguments: Database.all) func counters(_ database: Database) async throws {
    try await Self.keyspace.withClient(database) { (client) async throws in
      let id = database.version == .v4 ? 1 : 2
      for _ in 0..<3 { try await client.query("UPDATE counters SET n = n + \(5) WHERE id = \(id)") }
      try await client.batch(.counter) {
        $0.add("UPDATE counters SET n = n - \(1) WHERE id = \(id)")
        $0.add("UPDATE counters SET n = n + \(10) WHERE id = \(id)")
      }
      #expect(try await client.query("SELECT n FROM counters WHERE id = \(id)").first(Int.self) == 24)
    }
  }
}
