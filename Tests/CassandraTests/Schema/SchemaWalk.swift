import Cassandra
import CassandraWire

/// A walk of changes and uses that a seed decides, and what each has to lead to.
struct SchemaWalk {
  private enum ColumnType: String, CaseIterable {
    case int, bigint, smallint, text, ascii, blob, varint
    case pair = "frozen<pair>"
    case pairs = "frozen<list<frozen<pair>>>"
  }

  private struct Table {
    var key: ColumnType
    var value: ColumnType
    var rows: [String: CQLValue] = [:]
  }

  private let clients: [CassandraClient]
  private var state: UInt64
  private var tables: [Table?] = [nil, nil]
  /// The fields of the type, all of them numbers; names come and go.
  private var fields = ["a", "b"]
  private var hasType = false
  private(set) var count = 0

  init(seed: UInt64, clients: [CassandraClient]) {
    state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
    self.clients = clients
  }

  private mutating func random(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(truncatingIfNeeded: state >> 33) % bound
  }

  private mutating func client() -> CassandraClient { clients[random(clients.count)] }

  /// Does something; returns what is wrong, if anything is.
  mutating func step() async throws -> String? {
    count += 1
    if !hasType {
      try await client().query("CREATE TYPE pair (a int, b int)")
      hasType = true
    }
    let table = random(2)
    guard tables[table] != nil else { return try await create(table) }
    switch random(20) {
    case 0: return try await create(table)
    case 1: return try await changeType()
    default: return try await use(table)
    }
  }

  private mutating func create(_ index: Int) async throws -> String? {
    let table = Table(
      key: random(3) == 0 ? .text : random(2) == 0 ? .int : .bigint,
      value: ColumnType.allCases[random(ColumnType.allCases.count)])
    let client = client()
    let name = Identifier("t\(index)")
    if tables[index] != nil { try await client.query("DROP TABLE \(name)") }
    try await client.query(
      Statement(
        unsafeCQL: "CREATE TABLE t" + "\(index) (k \(table.key.rawValue) PRIMARY KEY, v \(table.value.rawValue))"))
    tables[index] = table
    return nil
  }

  private mutating func changeType() async throws -> String? {
    let client = client()
    if fields.count < 6, random(2) == 0 {
      let name = "f\(count)"
      try await client.query("ALTER TYPE pair ADD \(Identifier(name)) int")
      fields.append(name)
    } else {
      // The first takes the name of a new one, and the second may take that of the first, as a swap would.
      let name = "g\(count)"
      let old = fields[0]
      try await client.query("ALTER TYPE pair RENAME \(Identifier(old)) TO \(Identifier(name))")
      fields[0] = name
      if random(2) == 0 {
        let second = fields[1]
        try await client.query("ALTER TYPE pair RENAME \(Identifier(second)) TO \(Identifier(old))")
        fields[1] = old
      }
    }
    // What was stored keeps its bytes and has other names now.
    for index in tables.indices { tables[index]?.rows = [:] }
    for (index, table) in tables.enumerated() where table != nil {
      try await client.query("TRUNCATE \(Identifier("t\(index)"))")
    }
    return nil
  }

  /// A value to bind, and what it is in a column of a type; nil where it has to be refused.
  private mutating func value(for type: ColumnType) -> (any CQLEncodable, CQLValue?) {
    switch random(4) {
    case 0:
      let number = [7, 0x6162, 0x6162_6364, 1 << 40][random(4)]
      return (number, integer(number, type))
    case 1:
      let text = ["abcd", "abcdefgh", "", "\u{e9}"][random(4)]
      switch type {
      case .text: return (text, .text(text))
      case .ascii: return (text, text.utf8.allSatisfy { $0 < 0x80 } ? .ascii(text) : nil)
      default: return (text, nil)
      }
    case 2:
      // Without bytes it would be an empty list as well.
      let bytes: [UInt8] = [[0x61, 0x62, 0x63, 0x64], type == .blob ? [] : [0]][random(2)]
      return (bytes, type == .blob ? .blob(bytes) : nil)
    default:
      let pair = pair()
      switch type {
      case .pair: return (pair.value, pair.stored)
      case .pairs where random(2) == 0:
        return (CQLValue.list([pair.value]), pair.stored.map { .list([$0]) })
      default: return (pair.value, nil)
      }
    }
  }

  private func integer(_ number: Int, _ type: ColumnType) -> CQLValue? {
    switch type {
    case .int: Int32(exactly: number).map { .int($0) }
    case .bigint: .bigint(Int64(number))
    case .smallint: Int16(exactly: number).map { .smallint($0) }
    case .varint: .varint(CQLVarint(number))
    default: nil
    }
  }

  private mutating func pair() -> (value: CQLValue, stored: CQLValue?) {
    let names = random(4) == 0 ? ["a", "b"] : [fields[random(fields.count)], fields.last ?? ""]
    var given: [CQLValue.Field] = []
    for name in names where !given.contains(where: { $0.name == name }) {
      given.append(.init(name, .int(Int32(count))))
    }
    guard given.allSatisfy({ field in fields.contains(field.name) }) else { return (.udt(given), nil) }
    return (.udt(given), .udt(fields.map { name in given.first { $0.name == name } ?? .init(name, .null) }))
  }

  private mutating func use(_ index: Int) async throws -> String? {
    guard let table = tables[index] else { return nil }
    let client = client()
    let (key, storedKey): (any CQLEncodable, CQLValue?) =
      switch random(3) {
      case 0: ("abcd", table.key == .text ? .text("abcd") : nil)
      case 1: (0x6162_6364, integer(0x6162_6364, table.key))
      default: (1, integer(1, table.key))
      }
    let (value, stored) = value(for: table.value)
    let isFine = storedKey != nil && stored != nil
    do {
      try await insert(index, key, value, client)
    } catch let error as CassandraError {
      return isFine || error.code != .invalidValue
        ? "\(value) into \(table.value) under \(key) into \(table.key): \(error.debugDescription)" : nil
    }
    guard isFine, let storedKey, let stored else {
      return "\(value) was taken for \(table.value), or \(key) for \(table.key)"
    }
    tables[index]?.rows["\(storedKey)"] = stored
    let reader = self.client()
    let row = try await select(index, key, reader).first()
    let found = try row?.decode(CQLValue.self, at: 0)
    return Self.isSame(found, stored) ? nil : "stored \(stored), and read \(found.map { "\($0)" } ?? "nothing")"
  }

  /// Empty collections and missing last fields of a type are as good as null.
  private static func isSame(_ found: CQLValue?, _ stored: CQLValue) -> Bool {
    switch (found, stored) {
    case (.udt(let left)?, .udt(let right)):
      let fields = right.map { field in left.first { $0.name == field.name } ?? .init(field.name, .null) }
      return fields == right && left.count <= right.count
    case (.list(let left)?, .list(let right)):
      return left.count == right.count && zip(left, right).allSatisfy { isSame($0, $1) }
    case (let left?, _): return left == stored
    case (nil, _): return false
    }
  }

  // The texts stand in the program, so that they are found by where they stand.
  private mutating func insert(
    _ index: Int, _ key: any CQLEncodable, _ value: any CQLEncodable, _ client: CassandraClient
  ) async throws {
    switch (random(4), index) {
    case (0, 0):
      try await client.query(Statement("INSERT INTO t0 (k, v) VALUES (:k, :v)", named: ["k": key, "v": value]))
    case (0, _):
      try await client.query(Statement("INSERT INTO t1 (k, v) VALUES (:k, :v)", named: ["k": key, "v": value]))
    case (1, 0): try await client.batch { $0.add("INSERT INTO t0 (k, v) VALUES (\(key), \(value))") }
    case (1, _):
      try await client.batch(.unlogged) {
        $0.add("INSERT INTO t1 (k, v) VALUES (\(key), \(value))")
        $0.add(Statement("INSERT INTO t1 (k, v) VALUES (?, ?)", [key, value]))
      }
    case (_, 0): try await client.query("INSERT INTO t0 (k, v) VALUES (\(key), \(value))")
    case (_, _): try await client.query("INSERT INTO t1 (k, v) VALUES (\(key), \(value))")
    }
  }

  private func select(_ index: Int, _ key: any CQLEncodable, _ client: CassandraClient) async throws -> Rows {
    index == 0
      ? try await client.query("SELECT v FROM t0 WHERE k = \(key)")
      : try await client.query("SELECT v FROM t1 WHERE k = \(key)")
  }
}
