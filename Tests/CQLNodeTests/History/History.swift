import CassandraDice
import CassandraWire

/// A sequence of statements that follows from a seed: writes with explicit timestamps in any order and with ties,
/// deletions of every kind, times to live, changes of the schema.
///
/// Time is an argument of every statement (protocol v5, `now_in_seconds`), so that two servers see the same one.
struct History {
  /// A statement with the time at which it happens.
  struct Step {
    var text: String
    var now: Int32

    /// The same rows in a form that no index of the first kind answers, where one answers this.
    var scan: Step? {
      guard let value = text.split(separator: " WHERE v = ").dropFirst().first else { return nil }
      let form = text.replacing(" WHERE v = \(value)", with: " WHERE v >= \(value) AND v <= \(value) ALLOW FILTERING")
      return Step(text: form, now: now)
    }
  }

  private var random: Dice
  private var now: Int32 = 2_000_000_000
  /// Columns that were added, by name; a name is never used again, because a dropped column hides old writes.
  private var added: [String] = []
  private var nextColumn = 0
  private var hasIndex = false

  /// Whether no column is dropped, as of a table that has views.
  private let keepsColumns: Bool

  init(seed: UInt64, keepsColumns: Bool = false) {
    random = Dice(seed: seed)
    self.keepsColumns = keepsColumns
  }

  static let setUp = [
    """
    CREATE TABLE t (k int, c int, d text, s int static, v int, w text, m map<int, int>, l list<int>, \
    st set<text>, PRIMARY KEY (k, c, d)) WITH CLUSTERING ORDER BY (c DESC, d ASC)
    """
  ]

  /// The next change.
  mutating func write() -> Step {
    if pick(8) == 0 { now += Int32(pick(30)) }
    return Step(text: statement(), now: now)
  }

  private mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

  private mutating func one<Value>(_ values: [Value]) -> Value { values[pick(values.count)] }

  private mutating func key() -> String { "k = \(pick(4))" }
  private mutating func clustering() -> Int { pick(6) - 2 }
  private mutating func text() -> String { one(["", "a", "b", "ab", "é"]) }
  private mutating func row() -> String { "\(key()) AND c = \(clustering()) AND d = '\(text())'" }
  /// Few times, so that there are ties.
  private mutating func timestamp() -> Int { pick(40) }

  private mutating func using(ttl: Bool) -> String {
    ttl && pick(4) == 0 ? "TIMESTAMP \(timestamp()) AND TTL \(1 + pick(200))" : "TIMESTAMP \(timestamp())"
  }

  private mutating func statement() -> String {
    switch pick(100) {
    case 0..<20: return insert()
    case 20..<45: return "UPDATE t USING \(using(ttl: true)) SET \(assignment()) WHERE \(row())"
    case 45..<52: return "UPDATE t USING \(using(ttl: true)) SET s = \(one(["1", "2", "null"])) WHERE \(key())"
    case 52..<60: return "DELETE \(target()) FROM t USING TIMESTAMP \(timestamp()) WHERE \(row())"
    case 60..<68: return "DELETE FROM t USING TIMESTAMP \(timestamp()) WHERE \(row())"
    case 68..<78: return "DELETE FROM t USING TIMESTAMP \(timestamp()) WHERE \(key()) AND \(range())"
    case 78..<81: return "DELETE FROM t USING TIMESTAMP \(timestamp()) WHERE \(key())"
    case 81..<83: return "DELETE s FROM t USING TIMESTAMP \(timestamp()) WHERE \(key())"
    case 83..<94: return batch()
    case 94..<96:
      return "UPDATE t USING TIMESTAMP \(timestamp()) SET v = 5 WHERE k IN (0, 2) AND c IN (1, -1) AND d = 'a'"
    default: return schemaChange()
    }
  }

  private mutating func insert() -> String {
    let column = one(["v", "w", "m", "l", "st"])
    let rest = pick(3) == 0 ? "" : ", \(column)"
    let value = rest.isEmpty ? "" : ", \(value(of: column))"
    return
      "INSERT INTO t (k, c, d\(rest)) VALUES (\(pick(4)), \(clustering()), '\(text())'\(value)) USING \(using(ttl: true))"
  }

  private mutating func value(of column: String) -> String {
    switch column {
    case "v": one(["0", "1", "-1", "2147483647", "null"])
    case "w": one(["''", "'x'", "'y'", "null"])
    case "m": one(["{}", "{1: 1}", "{1: 2, 2: 3}", "{3: 3}", "null"])
    case "l": one(["[]", "[1]", "[3, 1, 2]", "null"])
    case "st": one(["{}", "{'a'}", "{'b', 'a'}", "null"])
    default: "\(pick(10))"
    }
  }

  private mutating func assignment() -> String {
    switch pick(12) {
    case 0: return "m[\(pick(3))] = \(one(["7", "8", "null"]))"
    case 1: return "m = m + {\(pick(3)): \(pick(9))}"
    case 2: return "m = m - {\(pick(3))}"
    case 3: return "st = st + {'\(one(["p", "q"]))'}"
    case 4: return "st = st - {'\(one(["p", "q", "a"]))'}"
    case 5: return "l = l + [\(pick(5))]"
    case 6: return "l = [\(pick(5)), \(pick(5))] + l"
    case 7: return "l = l - [\(pick(5))]"
    case 8 where !added.isEmpty:
      let column = one(added)
      return "\(column) = \(pick(10))"
    default:
      let column = one(["v", "w", "m", "l", "st", "v", "w"])
      return "\(column) = \(value(of: column))"
    }
  }

  private mutating func target() -> String {
    switch pick(4) {
    case 0: "m[\(pick(3))]"
    case 1: "st['\(one(["p", "a"]))']"
    default: one(["v", "w", "m", "l", "st"])
    }
  }

  private mutating func range() -> String {
    switch pick(7) {
    case 0: "c = \(clustering())"
    case 1: "c > \(clustering())"
    case 2: "c <= \(clustering())"
    case 3: "c >= \(clustering()) AND c < \(clustering())"
    case 4: "c = \(clustering()) AND d > '\(text())'"
    case 5: "c = \(clustering()) AND d >= '\(text())' AND d <= '\(text())'"
    default: "(c, d) = (\(clustering()), '\(text())')"
    }
  }

  private mutating func batch() -> String {
    var parts: [String] = []
    for _ in 0..<1 + pick(4) {
      switch pick(4) {
      case 0: parts.append(insert())
      case 1: parts.append("DELETE FROM t USING TIMESTAMP \(timestamp()) WHERE \(key()) AND \(range())")
      case 2: parts.append("DELETE FROM t USING TIMESTAMP \(timestamp()) WHERE \(row())")
      default: parts.append("UPDATE t USING \(using(ttl: true)) SET v = \(value(of: "v")) WHERE \(row())")
      }
    }
    return "BEGIN UNLOGGED BATCH \(parts.joined(separator: "; ")); APPLY BATCH"
  }

  private mutating func schemaChange() -> String {
    switch pick(40) {
    case 0..<4 where added.count < 3:
      nextColumn += 1
      added.append("a\(nextColumn)")
      return "ALTER TABLE t ADD a\(nextColumn) int"
    case 4..<7 where !added.isEmpty && !keepsColumns: return "ALTER TABLE t DROP \(added.remove(at: pick(added.count)))"
    case 7:
      hasIndex.toggle()
      return hasIndex ? "CREATE INDEX t_v ON t (v)" : "DROP INDEX t_v"
    case 8: return "TRUNCATE t"
    default: return insert()
    }
  }

  /// Reads that show everything, each in several orders, with the pages that they come in.
  mutating func reads() -> [(step: Step, pageSize: Int32)] {
    let key = pick(4)
    // All columns, or none, also of the static ones: see the difference `older-columns` of the documentation.
    let others = (["m", "l", "st"] + added).joined(separator: ", ")
    var texts = [
      "SELECT * FROM t WHERE k = \(key)",
      "SELECT * FROM t WHERE k = \(key) ORDER BY c ASC",
      "SELECT k, c, d, v, writetime(v), ttl(v), w, writetime(w), ttl(w), s, writetime(s), ttl(s), \(others) FROM t WHERE k = \(key)",
      "SELECT * FROM t WHERE k = \(key) AND c \(one([">", "<", ">=", "<=", "="])) \(clustering())",
      "SELECT c, d FROM t WHERE k = \(key) AND c IN (2, -1, 0)",
      "SELECT k, c, d, v, w, s, \(others) FROM t WHERE k IN (3, 0, 2)",
      "SELECT DISTINCT k FROM t",
      "SELECT count(*) FROM t",
      "SELECT * FROM t",
      "SELECT k, c, d FROM t PER PARTITION LIMIT 2",
      "SELECT * FROM t WHERE v > 0 ALLOW FILTERING",
      "SELECT max(v), min(v), sum(v), min(w), count(w) FROM t",
      "SELECT * FROM t WHERE \(row())",
    ]
    if hasIndex { texts.append("SELECT k, c, d FROM t WHERE v = \(one(["0", "1", "-1"]))") }
    let step = Step(text: one(texts), now: now + Int32(pick(100)))
    return [1, 2, 7, 5000].map { (step, $0) }
  }

  /// The same rows in the order of the table and in the other, for a server that is compared with itself.
  mutating func mirroredReads() -> (forwards: Step, backwards: Step) {
    let text = "SELECT * FROM t WHERE k = \(pick(4)) ORDER BY c"
    let time = now + Int32(pick(100))
    return (Step(text: "\(text) DESC", now: time), Step(text: "\(text) ASC", now: time))
  }
}
