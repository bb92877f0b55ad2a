import CQLLanguage
import Testing

/// The commonest mistakes, as transcripts: what is written, and what Cassandra answers.
@Suite struct ErrorTests {
  @Test(arguments: [
    ("SELEC a FROM t", "line 1:0 no viable alternative at input 'SELEC' ([SELEC]...)"),
    ("SELECT a FORM t", "line 1:9 no viable alternative at input 'FORM' (SELECT [a] FORM...)"),
    ("SELECT * FORM t", "line 1:9 mismatched input 'FORM' expecting K_FROM (SELECT * [FORM]...)"),
    ("SELECT a FROM t WHERE", "line 0:-1 no viable alternative at input '<EOF>'"),
    ("UPDATE t SET a = 1", "line 0:-1 mismatched input '<EOF>' expecting K_WHERE"),
    ("SELECT a FROM t LIMIT 1 x", "line 1:24 mismatched input 'x' expecting EOF (...a FROM t LIMIT 1 [x])"),
    ("SELECT a\nFROM t WHERE k = 'x", "line 2:19 mismatched character '<EOF>' expecting '''"),
    ("CREATE TABLE t (a blah<int>)", "line 1:22 mismatched input '<' expecting ')' (CREATE TABLE t (a blah[<]...)"),
    ("", "line 0:-1 no viable alternative at input '<EOF>'"),
  ])
  func messages(_ statement: String, _ message: String) {
    #expect(refusal(of: statement) == message)
  }

  @Test func places() throws {
    let error = #expect(throws: CQLSyntaxError.self) { try CQLParser.parse("SELECT a\n  FROM t WHERE 'é' 1") }
    #expect(error?.code == .syntax)
    #expect(error?.line == 2)
    #expect(error?.column == 15)
    let atTheEnd = #expect(throws: CQLSyntaxError.self) { try CQLParser.parse("SELECT a FROM") }
    #expect(atTheEnd?.line == 0)
    #expect(atTheEnd?.column == -1)
    let withoutPlace = #expect(throws: CQLSyntaxError.self) { try CQLParser.parse("USE ?") }
    #expect(withoutPlace?.line == nil)
    #expect(withoutPlace?.message == "Bind variables cannot be used for keyspace names")
  }

  @Test func whatAnAlternativeRefusedDoesNotOutliveIt() {
    // The interval is no type here, but a name in parentheses.
    #expect(refusal(of: "SELECT (interval) FROM t") == nil)
    #expect(refusal(of: "SELECT JSON FROM t") == nil)
    #expect(refusal(of: "SELECT (a)[?] + (b) FROM t WHERE k = ?") == nil)
  }

  @Test func markersOfAnAlternativeThatWasGivenUpDoNotCount() throws {
    let statement = try CQLParser.parse("SELECT (a)[?], :b FROM t WHERE k = ?")
    #expect(statement.markers == [nil, "b", nil])
  }

  @Test func invalidUTF8IsNoCrash() {
    for bytes in [
      [0x27, 0xff, 0x27], [0xff], [0x22, 0xc3, 0x22], [0x24, 0x24, 0xc3], [0x31, 0xc2], [0x2d, 0x50, 0xff],
    ] {
      let statement = Array("SELECT a FROM t WHERE k = ".utf8) + bytes.map { UInt8($0) }
      _ = try? CQLParser.parse(statement)
      let span = statement.span
      _ = try? CQLParser.parse(span)
    }
  }
}
