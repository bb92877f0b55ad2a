import CassandraWire
import Testing

@testable import Cassandra

@Suite struct StatementTests {
  private func values(_ statement: Statement) -> String {
    statement.values.map { value in
      switch value {
      case .text(let text): "text \(text)"
      case .integer(let number): "integer \(number)"
      case .float(let number): "float \(number)"
      case .texts(let texts): "texts \(texts)"
      case .null: "null"
      case .other(let value): "other \(value)"
      }
    }.joined(separator: ", ")
  }

  @Test func valuesBecomeMarkers() {
    let (genus, count, nothing) = ("Plantago'; DROP TABLE plants; --", 3, String?.none)
    let statement: Statement = "INSERT INTO plants (a, b, c) VALUES (\(genus), \(count), \(nothing))"
    #expect(statement.text == "INSERT INTO plants (a, b, c) VALUES (?, ?, ?)")
    #expect(values(statement) == "text Plantago'; DROP TABLE plants; --, integer 3, null")
  }

  @Test func markersStandWhereTheValuesStood() {
    let one = 1
    #expect(("\(one)" as Statement).text == "?")
    #expect(("\(one)\(one)" as Statement).text == "??")
    #expect(("a\(one)\(one)b" as Statement).text == "a??b")
    #expect(("\(one)a\(one)b\(one)c\(one)d\(one)e\(one)" as Statement).text == "?a?b?c?d?e?")
    #expect(("a\(one)b\(one)c\(one)d" as Statement).text == "a?b?c?d")
    #expect(("a\(one)b\(one)c\(one)d\(one)" as Statement).text == "a?b?c?d?")
    #expect(("" as Statement).text == "")
  }

  @Test func namesAreQuotedAndKeepTheirPlace() {
    let (table, value) = (Identifier("Wei\"rd; name"), 1)
    let statement: Statement = "SELECT a FROM \(table) WHERE k = \(value) AND \(Identifier("c")) > \(value) LIMIT 1"
    #expect(statement.text == #"SELECT a FROM "Wei""rd; name" WHERE k = ? AND "c" > ? LIMIT 1"#)
    #expect(statement.identity == nil)
    #expect(statement.values.count == 2)
    let beginning: Statement = "\(Identifier("a"))\(value)\(Identifier("b"))"
    #expect(beginning.text == #""a"?"b""#)
  }

  @Test func identifiersAreNamesWhateverTheyContain() {
    #expect("\(Identifier("plain"))" == "\"plain\"")
    #expect("\(Identifier("\""))" == "\"\"\"\"")
    #expect("\(Identifier(""))" == "\"\"")
    #expect("\(Identifier("e\u{301}\" ü"))" == "\"e\u{301}\"\" ü\"")
  }

  @Test func aQuoteWithAMarkBehindItIsStillAQuote() {
    // As a Character it is none, and to a server it ends the name.
    let name = Identifier("x\"\u{301} (a) VALUES (1); --").description
    #expect(Array(name.utf8) == Array("\"x\"\"\u{301} (a) VALUES (1); --\"".utf8))
  }

  @Test func literalsTakeTheirValuesBeside() {
    let name = "k"
    #expect(Statement("SELECT a FROM t WHERE k = ?", [name]).text == "SELECT a FROM t WHERE k = ?")
    #expect(Statement(unsafeCQL: "SELECT a FROM t", []).text == "SELECT a FROM t")
    #expect(Statement(unsafeCQL: "SELECT \u{e9}").text == "SELECT \u{e9}")
    #expect(Statement(unsafeCQL: "SELECT a, b".dropLast(3)).text == "SELECT a")
    #expect(!Statement(unsafeCQL: "SELECT a").isInterpolated)
    #expect(!Statement("SELECT a", []).isInterpolated)
    let (table, value): (Identifier, Int) = (Identifier("t"), 1)
    #expect(("SELECT a FROM \(table) WHERE k = \(value)" as Statement).isInterpolated)
    #expect(("SELECT a" as Statement).isInterpolated)
  }

  @Test(arguments: [
    "SELECT a FROM t_?", "SELECT a FROM ?_t", "SELECT a FROM t WHERE a? = 1", "SELECT a FROM \"t\"?",
    "SELECT a FROM ?\"t\"", "UPDATE t SET a = 'x'? WHERE k = ?", "INSERT INTO t (a) VALUES (x?)",
    "SELECT a FROM t WHERE k = 1?",
  ])
  func aValueIsNoPieceOfAName(_ text: String) {
    #expect(MarkerPlaces(text).touchesAName)
    #expect(MarkerPlaces(text).problem(values: 1)?.contains("Identifier") == true)
  }

  @Test(arguments: [
    "SELECT a FROM t WHERE k = '?'", "SELECT a FROM t WHERE k = 'a ? b'", "SELECT a FROM \"?\"",
    "SELECT a FROM t -- ?", "SELECT a /* ? */ FROM t", "INSERT INTO t (a) VALUES ($$?$$)",
  ])
  func aValueStandsInNoQuotes(_ text: String) {
    #expect(MarkerPlaces(text).problem(values: 1)?.contains("quotes") == true)
    #expect(MarkerPlaces(text).problem(values: 0) == nil)
  }

  @Test(arguments: [
    "SELECT a FROM t WHERE k=? AND c>?", "SELECT a FROM t WHERE k = ?LIMIT?", "INSERT INTO t (a, b) VALUES (?,?)",
    "UPDATE t SET a[?]=? WHERE k=?IF a=?", "SELECT (int)? FROM t", "SELECT a FROM t WHERE k IN? AND c = 'x?y' AND d=?",
    "UPDATE t USING TTL? AND TIMESTAMP ? SET a = {?: ?} WHERE k = ?", "SELECT a FROM t WHERE token(k)>?",
    "INSERT INTO t (a) VALUES (?)IF NOT EXISTS", "SELECT a FROM t WHERE \"K\" = ?",
  ])
  func valuesStandWhereCQLTakesThem(_ text: String) {
    let places = MarkerPlaces(text)
    #expect(places.problem(values: places.markers) == nil)
    #expect(places.markers > 0)
  }

  @Test func thePlaceInTheProgramTellsTheStatement() {
    func statement(_ value: Int) -> Statement { "SELECT a FROM t WHERE k = \(value)" }
    let other: Statement = "SELECT a FROM t WHERE j = \(1)"
    #expect(statement(1).identity != nil)
    #expect(statement(1).identity == statement(2).identity)
    #expect(statement(1).identity != other.identity)
    #expect(Statement("SELECT a FROM t WHERE k = ?", [1]).identity == nil)
  }

  @Test func theSameLiteralWithAndWithoutAValueAreTwoStatements() {
    let with: Statement = "SELECT a FROM t LIMIT \(1)"
    let without: Statement = "SELECT a FROM t LIMIT "
    #expect(with.text != without.text)
    #expect(with.identity != without.identity)
    let (front, back): (Statement, Statement) = ("\(1)LIMIT 1", "LIMIT 1\(1)")
    #expect(front.text != back.text)
    #expect(front.identity != back.identity)
  }

  @Test func textTakesItsValuesInOrderOrByName() {
    let positional = Statement("SELECT a FROM t WHERE k = ? AND c = ?", ["k", 2])
    #expect(positional.names == nil)
    #expect(values(positional) == "other k, other 2")
    let named = Statement("SELECT a FROM t WHERE k = :k AND c = :c", named: ["c": 2, "k": "k"])
    #expect(named.text == "SELECT a FROM t WHERE k = :k AND c = :c")
    #expect(Set(named.names ?? []) == ["c", "k"])
  }

  @Test(arguments: [
    ("SELECT a FROM t", "select"), ("  select a from t", "select"), ("-- USE x\nSELECT 1", "select"),
    ("/* USE x */ insert into t (a) values (1)", "modify"), ("// x\r\nUPDATE t SET a = 1", "modify"),
    ("DELETE FROM t", "modify"), ("BEGIN BATCH APPLY BATCH", "modify"), ("CREATE TABLE t", "define"),
    ("alter table t", "define"), ("DROP TABLE t", "define"), ("TRUNCATE t", "define"), ("GRANT x", "define"),
    ("REVOKE x", "define"), ("USE k", "use"), ("use \"K\"", "use"), ("LIST ROLES", "other"), ("", "other"),
    ("DESCRIBE t", "other"), ("\"SELECT\" x", "other"), ("(((", "other"), ("/* open", "other"), ("'open", "other"),
  ])
  func theFirstWordTellsWhatItDoes(_ text: String, _ expected: String) {
    // A quoted first word is stepped over like a string, and then the statement is not CQL anyway.
    let verb = "\(StatementKind(text).verb)"
    #expect(verb == expected || text.hasPrefix("\"") && verb == "other")
  }

  @Test(arguments: [
    ("INSERT INTO t (a) VALUES (1) IF NOT EXISTS", true), ("UPDATE t SET a = 1 WHERE k = 1 if a = 2", true),
    ("DELETE FROM t WHERE k = 1 IF EXISTS", true), ("INSERT INTO t (a) VALUES ('IF')", false),
    ("INSERT INTO t (a) VALUES ('it''s IF')", false), ("UPDATE t SET \"if\" = 1 WHERE k = 1", false),
    ("INSERT INTO t (a) VALUES ($$ IF it's $$)", false), ("INSERT INTO t (a) VALUES (1) -- IF", false),
    ("INSERT INTO t (a) VALUES (1) /* IF */", false), ("INSERT INTO t (iff, gif) VALUES (1, 2)", false),
    ("SELECT a FROM t WHERE k = 1 IF", false),
    ("BEGIN BATCH INSERT INTO t (a) VALUES (1) IF NOT EXISTS; APPLY BATCH", true),
  ])
  func conditionsAreFoundOutsideOfQuotesAndComments(_ text: String, _ isConditional: Bool) {
    let kind = StatementKind(text)
    #expect(kind.isConditional == isConditional)
    #expect(kind.takesTimestamp == (kind.verb == .modify && !isConditional))
  }

  @Test func kindsNeverTrapOnStrangeText() {
    for text in ["$", "$$", "$$x", "-", "--", "/", "/*", "/*/", "''", "'''", "\"", "é", "\u{0}", "if"] {
      _ = StatementKind(text)
      _ = StatementKind("INSERT " + text)
    }
  }
}
