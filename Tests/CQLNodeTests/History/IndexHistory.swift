import CassandraDice
/// Random statements about a table with indexes, as they follow from a seed: writes, conditional writes of static columns,
/// and reads in which what an index can answer meets every other clause of SELECT.
///
/// `{}` stands for the table, so that the same statements can be run on several.
struct IndexHistory {
  /// The kinds of indexes that a table may have.
  enum Kind: String, CaseIterable {
    case none = "n"
    case first = "f"
    case attached = "a"
  }

  private var random: Dice

  init(seed: UInt64) { random = Dice(seed: seed) }

  /// The statements that make a table with indexes of one kind.
  static func setUp(_ table: String, _ kind: Kind) -> [String] {
    let create = """
      CREATE TABLE \(table) (k int, c int, d text, s int static, z text static, v int, w text, b boolean, st set<int>, \
      m map<int, int>, l list<int>, PRIMARY KEY (k, c, d)) WITH CLUSTERING ORDER BY (c DESC, d ASC)
      """
    let using: String
    switch kind {
    case .none: return [create]
    case .first: using = ""
    case .attached: using = " USING 'sai'"
    }
    let targets = ["v", "w", "s", "z", "st", "keys(m)", "entries(m)", "l", "d"]
    return [create] + targets.map { "CREATE INDEX ON \(table) (\($0))\(using)" }
  }

  private mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
  private mutating func one(_ values: [String]) -> String { values[pick(values.count)] }
  private mutating func key() -> String { "k = \(pick(5))" }
  private mutating func text() -> String { one(["", "a", "b", "ab"]) }
  private mutating func row() -> String { "\(key()) AND c = \(pick(4)) AND d = '\(text())'" }

  /// The next change.
  mutating func write() -> String {
    switch pick(20) {
    case 0..<8:
      let key = "\(pick(5)), \(pick(4)), '\(text())'"
      let values = "\(pick(3)), '\(text())', \(one(["true", "false", "null"]))"
      let collections = [
        one(["{}", "{1}", "{1, 2}"]), one(["{}", "{1: 1}", "{1: 2, 2: 1}"]), one(["[]", "[1]", "[2, 1]"]),
      ].joined(separator: ", ")
      return "INSERT INTO {} (k, c, d, v, w, b, st, m, l) VALUES (\(key), \(values), \(collections))"
    case 8..<11: return "UPDATE {} SET \(assignment()) WHERE \(row())"
    case 11: return "INSERT INTO {} (k, s) VALUES (\(pick(8)), \(pick(3)))"
    case 12: return "UPDATE {} SET z = '\(text())' WHERE \(key())"
    case 13: return "DELETE FROM {} WHERE \(row())"
    case 14: return "DELETE FROM {} WHERE \(key()) AND c \(one(["=", ">", "<="])) \(pick(4))"
    case 15: return "DELETE \(one(["v", "w", "st", "m[1]", "l"])) FROM {} WHERE \(row())"
    case 16: return "DELETE s FROM {} WHERE \(key())"
    case 17: return "UPDATE {} SET s = \(pick(3)) WHERE \(row()) IF \(condition())"
    case 18: return "UPDATE {} SET v = \(pick(3)), z = '\(text())' WHERE \(row()) IF \(condition())"
    default:
      return pick(6) == 0 ? "DELETE FROM {} WHERE \(key())" : "DELETE s, z FROM {} WHERE \(row()) IF \(condition())"
    }
  }

  private mutating func assignment() -> String {
    one([
      "v = \(pick(3))", "v = null", "w = '\(text())'", "st = st + {\(pick(3))}, st = st - {\(pick(3))}",
      "m[\(pick(3))] = \(pick(3))", "l = l + [\(pick(3))]", "b = true",
    ])
  }

  private mutating func condition() -> String {
    one([
      "v = \(pick(3))", "v != \(pick(3))", "w IN ('a', null)", "v = null", "st CONTAINS \(pick(3))",
      "m[1] = \(pick(3))",
      "v > 0 AND s = \(pick(3))", "l = []",
    ])
  }

  /// A read, and the sizes of pages in which it is to be read.
  mutating func read() -> (text: String, pageSizes: [Int32]) {
    var relations = [driver()]
    if pick(3) == 0 { relations.append(driver()) }
    if pick(2) == 0 { relations.append(clause()) }
    if pick(4) == 0 { relations.append(clause()) }
    var seen: Set<String> = []
    relations = relations.filter { seen.insert(String($0.prefix { $0 != " " && $0 != "[" })).inserted }
    let isDistinct = pick(6) == 0
    let selection =
      isDistinct ? one(["DISTINCT k", "DISTINCT k, s", "DISTINCT k, z"]) : one(["k, c, d", "*", "k, s, v, w"])
    var text = "SELECT \(selection) FROM {} WHERE \(relations.joined(separator: " AND "))"
    if !isDistinct, pick(5) == 0 { text += " PER PARTITION LIMIT \(1 + pick(2))" }
    if pick(4) == 0 { text += " LIMIT \(1 + pick(4))" }
    return (text + " ALLOW FILTERING", [1, 3, 5000])
  }

  private mutating func driver() -> String {
    one([
      "v = \(pick(3))", "w = '\(text())'", "s = \(pick(3))", "z = '\(text())'", "st CONTAINS \(pick(3))",
      "m CONTAINS KEY \(pick(3))", "m[1] = \(pick(3))", "l CONTAINS \(pick(3))", "d = '\(text())'",
    ])
  }

  private mutating func clause() -> String {
    one([
      "token(k) > \(one(["-4069959284402364209", "-3485513579396041028", "0", "-9223372036854775808"]))",
      "token(k) <= \(one(["-4069959284402364209", "-3485513579396041028", "0"]))", key(), "c = \(pick(4))",
      "c > \(pick(4))", "c IN (1, 2)", "(c) IN ((1))", "(c, d) IN ((1, 'a'), (2, ''))", "(c, d) = (1, 'a')", "b = true",
      "v >= \(pick(3))", "v IN (0, 1)", "s > 0",
    ])
  }
}
