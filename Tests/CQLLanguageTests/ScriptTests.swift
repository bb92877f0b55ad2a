import CQLLanguage
import Testing

@Suite struct ScriptTests {
  private func parts(_ text: String) throws -> [String] {
    try CQLScript.parts(of: text).map { "\($0.line) \($0.text)" }
  }

  @Test func statementsEndWithSemicolons() throws {
    #expect(try parts("") == [])
    #expect(try parts(" ;; ; \n-- nothing") == [])
    #expect(try parts("USE a") == ["1 USE a"])
    #expect(try parts("USE a;\n\n  USE b;USE c") == ["1 USE a", "3 USE b", "3 USE c"])
  }

  @Test func semicolonsInTextsAndCommentsEndNothing() throws {
    #expect(try parts("INSERT ';' ; -- a; b\nUSE b /* ; */ ;") == ["1 INSERT ';'", "2 USE b"])
    #expect(try parts("SELECT \"a;b\";SELECT $$ ; $$;// USE x;\n") == ["1 SELECT \"a;b\"", "1 SELECT $$ ; $$"])
  }

  @Test func aBatchIsOneStatement() throws {
    let batch = "BEGIN UNLOGGED BATCH\nINSERT a;\nINSERT b;\nAPPLY BATCH"
    #expect(try parts("USE a;\n\(batch);\nUSE b;") == ["1 USE a", "2 \(batch)", "6 USE b"])
    // Without its end it goes on to that of the text, where the parser says what is wrong.
    #expect(try parts("BEGIN BATCH INSERT a; INSERT b;") == ["1 BEGIN BATCH INSERT a; INSERT b;"])
  }

  @Test func aTextWithoutItsEndIsRefusedWithItsLine() throws {
    for text in ["USE a;\nINSERT 'b", "USE a;\nSELECT \"b;", "USE a;\nSELECT #;"] {
      let error = try #require(throws: CQLSyntaxError.self) { try CQLScript.parts(of: text) }
      #expect(error.line == 2)
    }
  }
}
