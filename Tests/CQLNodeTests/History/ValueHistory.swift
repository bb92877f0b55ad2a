import CassandraBytes
import CassandraDice

/// Random statements about values, as they follow from a seed: casts, functions and arithmetic on extremes, comparisons by
/// scan, key and index, and bound collections whose elements come in any order.
struct ValueHistory {
  /// A statement with the values that are bound to it.
  struct Step {
    var text: String
    var values: [[UInt8]] = []
    /// The table with an index that this is about.
    var indexedTable: String?

    /// The same on the table that has the same rows and no index.
    var scan: Step? {
      guard let table = indexedTable else { return nil }
      return Step(text: text.replacing(" \(table) ", with: " s\(table) ", maxReplacements: 1))
    }
  }

  private var random: Dice

  init(seed: UInt64) { random = Dice(seed: seed) }

  /// The types, each with literals of which some are no values of it.
  private static let literals: [(type: String, texts: [String])] = {
    let integers = [
      "0", "1", "-1", "3", "10", "127", "-128", "32767", "-32768", "2147483647", "-2147483648", "9223372036854775807",
      "-9223372036854775808",
    ]
    let floats = [
      "0.0", "-0.0", "1.5", "-2.5", "0.1", "3.4028235E38", "1.4E-45", "1.7976931348623157E308", "4.9E-324", "NaN",
      "Infinity", "-Infinity", "1E10", "123456789.125", "100", "-7",
    ]
    return [
      ("tinyint", Array(integers.prefix(7))), ("smallint", Array(integers.prefix(9))),
      ("int", Array(integers.prefix(11))),
      ("bigint", integers),
      ("varint", integers + ["170141183460469231731687303715884105728", "-1208925819614629174706177"]),
      ("float", floats), ("double", floats),
      (
        "decimal",
        ["0", "1.0", "1.00", "-0.5", "1E+10", "1E-20", "123456789012345678901234567890.123", "-7", "0.000", "3.14159"]
      ), ("text", ["''", "'a'", "'ABC'", "'é'", "'12'", "'-1.5'", "'2024-02-29'", "'true'"]),
      ("ascii", ["''", "'a'", "'Z'", "'127'", "'é'"]), ("boolean", ["true", "false"]),
      ("blob", ["0x", "0x00", "0xdeadbeef", "0x0000000000000001", "0xff"]),
      (
        "date", ["'1970-01-01'", "'2024-02-29'", "'1582-10-10'", "'-0044-03-15'", "0", "2147483648", "4294967295"]
      ), ("time", ["'00:00:00'", "'23:59:59.999999999'", "'08:12:54.123'", "0", "86399999999999", "86400000000000"]),
      (
        "timestamp",
        [
          "0", "-1", "'2024-02-29 12:34:56+0000'", "9223372036854775807", "-9223372036854775808", "8640000000000000",
          "'1969-12-31 23:59:59.999+0000'", "'1500-01-01'",
        ]
      ),
      (
        "uuid",
        [
          "123e4567-e89b-12d3-a456-426614174000", "00000000-0000-0000-0000-000000000000",
          "ffffffff-ffff-4fff-bfff-ffffffffffff", "50554d6e-29bb-11e5-b345-feff819cdc9f",
        ]
      ),
      (
        "timeuuid",
        [
          "50554d6e-29bb-11e5-b345-feff819cdc9f", "00000000-0000-1000-8080-808080808080",
          "ffffffff-ffff-1fff-bf7f-7f7f7f7f7f7f", "123e4567-e89b-42d3-a456-426614174000",
        ]
      ), ("inet", ["'127.0.0.1'", "'::1'", "'255.255.255.255'", "'fe80::1'", "'0.0.0.0'"]),
      ("duration", ["1mo2d3ns", "-1h", "1d", "12mo", "2w", "1y", "0ns", "100ms"]),
    ]
  }()

  /// The name of the column of a type.
  private static func column(_ type: String) -> String { "c_\(type)" }

  /// The types that can be compared, and so stand in keys and indexes.
  private static let ordered = literals.filter { $0.type != "duration" }
  /// The kinds of indexes, by what the names of their tables begin with.
  private static let indexed = ["f": "", "a": " USING 'sai'"]

  /// The statements that make the tables.
  static let setUp: [String] = {
    let columns = literals.map { "\(column($0.type)) \($0.type)" }.joined(separator: ", ")
    var statements = ["CREATE TABLE n (k int PRIMARY KEY, \(columns))"]
    for (type, _) in ordered {
      for (name, using) in indexed.sorted(by: { $0.key < $1.key }) where !(name == "a" && type == "blob") {
        statements += [
          "CREATE TABLE \(name)_\(type) (k int, c \(type), v \(type), PRIMARY KEY (k, c))",
          "CREATE INDEX ON \(name)_\(type) (v)\(using)",
        ]
      }
    }
    return statements + [
      "CREATE TYPE u (a int, b frozen<set<int>>)",
      """
      CREATE TABLE p (s frozen<set<int>>, l frozen<list<frozen<set<int>>>>, m frozen<map<int, frozen<set<int>>>>, \
      t frozen<tuple<int, frozen<set<int>>>>, w frozen<u>, n int, PRIMARY KEY (s, l))
      """,
    ]
  }()

  /// The tables of ``Step/scan``.
  static let setUpOfScans = setUp.filter { $0.hasPrefix("CREATE TABLE f_") || $0.hasPrefix("CREATE TABLE a_") }.map {
    $0.replacing("CREATE TABLE ", with: "CREATE TABLE s")
  }

  private mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
  private mutating func one<Value>(_ values: [Value]) -> Value { values[pick(values.count)] }

  /// The next statement.
  mutating func next() -> Step {
    switch pick(20) {
    case 0..<4: return Step(text: insert())
    case 4..<12: return Step(text: "SELECT \(expression(depth: 2)) FROM n WHERE k = \(pick(4))")
    case 12: return Step(text: "SELECT \(aggregate()) FROM n")
    case 13: return Step(text: filter())
    case 14..<17: return ordering()
    default: return bound()
    }
  }

  private mutating func insert() -> String {
    let (type, texts) = one(Self.literals)
    let (other, others) = one(Self.literals.filter { $0.type != type })
    return """
      INSERT INTO n (k, \(Self.column(type)), \(Self.column(other))) VALUES (\(pick(4)), \(value(type, texts)), \
      \(value(other, others)))
      """
  }

  /// A literal of a type; of floating-point numbers every second one is any that there is.
  private mutating func value(_ type: String, _ texts: [String]) -> String {
    guard type == "float" || type == "double", pick(2) == 0 else { return one(texts) }
    let number = Double(bitPattern: random.next())
    let single = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
    let text = type == "float" ? "\(single)" : "\(number)"
    return text.contains("n") ? one(texts) : text
  }

  // MARK: Expressions

  private mutating func expression(depth: Int) -> String {
    guard depth > 0 else { return one([Self.column(one(Self.literals).type), Self.column(number())]) }
    switch pick(10) {
    case 0..<3:
      let type = one(Self.literals.map(\.type).filter { $0 != "duration" })
      return "CAST(\(expression(depth: depth - 1)) AS \(type))"
    case 3..<5:
      let type = number()
      // Powers of e soon have more digits than the node computes with.
      let functions = ["abs", "log", "log10", "round"] + (type == "varint" || type == "decimal" ? [] : ["exp"])
      return "\(one(functions))(\(Self.column(type)))"
    case 5: return "\(one(["to_date", "to_timestamp", "to_unix_timestamp"]))(\(Self.column(time())))"
    case 6:
      // See the difference `timeuuid-aggregates` of the documentation. Of a duration that is none Cassandra fails in another
      // way than of other values.
      let type = one(Self.literals.map(\.type).filter { $0 != "blob" && $0 != "timeuuid" && $0 != "duration" })
      return one([
        "\(type)_as_blob(\(Self.column(type)))", "blob_as_\(type)(c_blob)",
        "blob_as_\(type)(\(type)_as_blob(\(Self.column(type))))",
        "to_json(\(expression(depth: depth - 1)))", "min_timeuuid(c_timestamp)", "max_timeuuid(c_timestamp)",
        // Of months at the end of all time Cassandra's arithmetic overflows.
        "floor(\(Self.column(one(["timestamp", "date", "time"]))), \(one(["1d", "1h", "100ms", "7d"])))",
        "floor(c_date, \(one(["1mo", "2mo"])))",
      ])
    case 7: return "-\(Self.column(number()))"
    case 8: return "\(Self.column(time())) \(one(["+", "-"])) \(one(["1d", "1mo", "1y", "1h", "c_duration"]))"
    default:
      let left = Self.column(number())
      let right = one([Self.column(number()), one(["1", "2", "-3", "0", "1.5", "7"])])
      return "\(left) \(one(["+", "-", "*", "/", "%"])) \(right)"
    }
  }

  private mutating func number() -> String {
    one(["tinyint", "smallint", "int", "bigint", "varint", "float", "double", "decimal"])
  }

  private mutating func time() -> String { one(["timestamp", "date", "timeuuid"]) }

  private mutating func aggregate() -> String {
    // See the difference `timeuuid-aggregates` of the documentation.
    let type = one(Self.literals.map(\.type).filter { $0 != "timeuuid" && $0 != "duration" })
    return one([
      "min(\(Self.column(type))), max(\(Self.column(type)))", "count(\(Self.column(type)))",
      "sum(\(Self.column(number()))), avg(\(Self.column(number())))",
    ])
  }

  private mutating func filter() -> String {
    let (type, texts) = one(Self.literals)
    let values = pick(4) == 0 ? "IN (\(one(texts)), \(one(texts)))" : "\(comparison()) \(one(texts))"
    return "SELECT k FROM n WHERE \(Self.column(type)) \(values) ALLOW FILTERING"
  }

  private mutating func comparison() -> String { one(["=", "=", "<", "<=", ">", ">="]) }

  /// Values as clustering keys and behind indexes.
  private mutating func ordering() -> Step {
    let (type, texts) = one(Self.ordered)
    let table = "\(type == "blob" ? "f" : one(["f", "a"]))_\(type)"
    // Of equal keys that are written in two ways Cassandra shows the one that it has in memory, be it a deleted row's.
    let keys = type == "decimal" ? texts.filter { $0 != "1.00" && $0 != "0.000" } : texts
    let text: String
    switch pick(8) {
    case 0..<3: text = "INSERT INTO \(table) (k, c, v) VALUES (\(pick(2)), \(one(keys)), \(one(texts)))"
    case 3: text = "SELECT c, v FROM \(table) WHERE k = \(pick(2)) ORDER BY c \(one(["ASC", "DESC"]))"
    case 4: text = "SELECT c, v FROM \(table) WHERE k = \(pick(2)) AND c \(comparison()) \(one(texts))"
    case 5: text = "SELECT c FROM \(table) WHERE k = \(pick(2)) AND c IN (\(one(texts)), \(one(texts)), \(one(texts)))"
    case 6: text = "DELETE FROM \(table) WHERE k = \(pick(2)) AND c \(comparison()) \(one(keys))"
    default: text = "SELECT k, c, v FROM \(table) WHERE v \(comparison()) \(one(texts)) ALLOW FILTERING"
    }
    return Step(text: text, indexedTable: table)
  }

  // MARK: Bound values

  private mutating func bound() -> Step {
    switch pick(7) {
    case 0..<3:
      return Step(
        text: "INSERT INTO p (s, l, m, t, w, n) VALUES (?, ?, ?, ?, ?, ?)",
        values: [set(), list(), map(), tuple(), tuple(), Self.int(pick(9))])
    case 3: return Step(text: "SELECT * FROM p WHERE s = ?", values: [set()])
    case 4: return Step(text: "SELECT * FROM p WHERE s = ? AND l \(comparison()) ?", values: [set(), list()])
    case 5:
      let (column, value) = one([("m", map()), ("t", tuple()), ("w", tuple())])
      let operation = column == "w" ? "=" : comparison()
      return Step(text: "SELECT * FROM p WHERE \(column) \(operation) ? ALLOW FILTERING", values: [value])
    default:
      let (column, value) = one([("m", map()), ("t", tuple()), ("w", tuple())])
      return Step(
        text: "UPDATE p SET n = ? WHERE s = ? AND l = ? IF \(column) \(one(["=", "!="])) ?",
        values: [Self.int(pick(9)), set(), list(), value])
    }
  }

  private static func int(_ value: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: Int32(truncatingIfNeeded: value))
    return bytes
  }

  private static func parts(_ parts: [[UInt8]]) -> [UInt8] { parts.flatMap { int($0.count) + $0 } }

  /// Elements in any order, at times one of them twice.
  private mutating func set() -> [UInt8] {
    var elements = Array([-1, 0, 1, 2].shuffled(using: &random).prefix(pick(4)))
    if pick(12) == 0, let first = elements.first { elements.append(first) }
    return Self.int(elements.count) + Self.parts(elements.map { Self.int($0) })
  }

  private mutating func list() -> [UInt8] {
    let count = pick(3)
    return Self.int(count) + Self.parts((0..<count).map { _ in set() })
  }

  private mutating func map() -> [UInt8] {
    let keys = Array([1, 2, -3].shuffled(using: &random).prefix(pick(4)))
    return Self.int(keys.count) + Self.parts(keys.flatMap { [Self.int($0), set()] })
  }

  /// A tuple of an integer and a set, or a user type with these fields.
  private mutating func tuple() -> [UInt8] { Self.parts([Self.int(pick(3)), set()]) }
}
