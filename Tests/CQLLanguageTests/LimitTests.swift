import CQLLanguage
import Testing

@Suite struct LimitTests {
  private func code(_ statement: String, _ limits: CQLLimits = CQLLimits()) -> CQLSyntaxError.Code? {
    do throws(CQLSyntaxError) {
      _ = try CQLParser.parse(statement, limits: limits)
      return nil
    } catch {
      return error.code
    }
  }

  @Test(arguments: [
    ("(", ")"), ("[", "]"), ("{", "}"), ("f(", ")"), ("-(", ")"), ("(list<int>)[", "]"), ("{1: ", "}"), ("{a: ", "}"),
  ])
  func nestedTermsAreBounded(_ open: String, _ close: String) {
    func statement(_ depth: Int) -> String {
      "INSERT INTO t (a) VALUES (" + String(repeating: open, count: depth) + "1"
        + String(repeating: close, count: depth) + ")"
    }
    #expect(code(statement(30)) == nil)
    #expect(code(statement(100_000)) == .limit)
  }

  @Test(arguments: [("(", ")"), ("[", "]"), ("{", "}"), ("f(", ")"), ("- ", ""), ("(int)", ""), ("(a)[", "]")])
  func nestedSelectablesAreBounded(_ open: String, _ close: String) {
    func statement(_ depth: Int) -> String {
      "SELECT " + String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth) + " FROM t"
    }
    #expect(code(statement(30)) == nil)
    #expect(code(statement(100_000)) == .limit)
  }

  @Test func nestedTypesAndRelationsAreBounded() {
    let types = String(repeating: "list<", count: 100_000)
    #expect(code("CREATE TABLE t (a \(types)") == .limit)
    let relations = String(repeating: "(", count: 100_000)
    #expect(code("SELECT a FROM t WHERE \(relations)") == .limit)
  }

  @Test func chainsAreBounded() {
    // Each operator makes the tree one deeper, and so does each field.
    #expect(code("SELECT 1" + String(repeating: " + 1", count: 60) + " FROM t") == nil)
    #expect(code("SELECT 1" + String(repeating: " + 1", count: 65) + " FROM t") == .limit)
    #expect(code("SELECT a" + String(repeating: ".b", count: 60) + " FROM t") == nil)
    #expect(code("SELECT a" + String(repeating: ".b", count: 65) + " FROM t") == .limit)
    #expect(code("SELECT a" + String(repeating: "[1]", count: 65) + " FROM t") == .limit)
    #expect(code("SELECT a FROM t WHERE k = 1" + String(repeating: " * 1", count: 65)) == .limit)
  }

  /// A chain in a chain in a chain makes a tree as deep as all of them, though the parser recurses little.
  @Test func chainsWithinChainsAreBounded() {
    func chain(_ inner: String, _ count: Int) -> String { "(\(inner)" + String(repeating: " + 1", count: count) + ")" }
    var text = "1"
    for _ in 0..<3 { text = chain(text, 18) }
    #expect(code("SELECT \(text) FROM t") == nil)
    #expect(code("INSERT INTO t (a) VALUES (\(text))") == nil)
    text = chain(text, 18)
    #expect(code("SELECT \(text) FROM t") == .limit)
    #expect(code("INSERT INTO t (a) VALUES (\(text))") == .limit)
    // What stands beside each other makes nothing deeper.
    let list = Array(repeating: "a.b.c + 1", count: 500).joined(separator: ", ")
    #expect(code("SELECT \(list) FROM t") == nil)
    #expect(code("SELECT [\(list)] FROM t") == nil)
    let terms = Array(repeating: "1 + 2 * 3", count: 500).joined(separator: ", ")
    #expect(code("INSERT INTO t (a) VALUES ([\(terms)])") == nil)
  }

  @Test func numbersAreBounded() {
    func list(_ count: Int) -> String {
      "SELECT * FROM t WHERE k IN (" + Array(repeating: "?", count: count).joined(separator: ",") + ")"
    }
    #expect(code(list(65_535)) == nil)
    #expect(code(list(65_536)) == .limit)
    func numbers(_ count: Int) -> String {
      "INSERT INTO t (k, l) VALUES (1, [" + Array(repeating: "1", count: count).joined(separator: ",") + "])"
    }
    // Two more: the key and the list.
    #expect(code(numbers(131_070)) == nil)
    #expect(code(numbers(131_071)) == .limit)
    #expect(code(list(11), CQLLimits(terms: 10)) == .limit)
    #expect(code(list(11), CQLLimits(markers: 10)) == .limit)
    #expect(code(list(11), CQLLimits(tokens: 20)) == .limit)
    #expect(code("SELECT a FROM t", CQLLimits(bytes: 14)) == .limit)
    #expect(code("SELECT a FROM t", CQLLimits(bytes: 15)) == nil)
    #expect(
      refusal(of: list(11), limits: CQLLimits(terms: 10))
        == "The statement passes the limit of 10 for its number of terms")
  }

  @Test func alternativesAreNotTriedWithoutEnd() {
    // Cassandra's parser needs time that doubles with each of these.
    let hints = String(repeating: "[(a)", count: 30) + "!" + String(repeating: "]", count: 30)
    #expect(code("SELECT \(hints) FROM t") == .syntax)
    let fields = String(repeating: "(a)[{", count: 15)
    #expect(code("SELECT \(fields) FROM t") == .syntax)
  }
}
