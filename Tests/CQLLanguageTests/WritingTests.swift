import CQLLanguage
import Testing

@Suite struct WritingTests {
  @Test(arguments: [
    ("a", "a"), ("a_1", "a_1"), ("A", "\"A\""), ("a b", "\"a b\""), ("a\"b", "\"a\"\"b\""), ("1a", "\"1a\""),
    ("_a", "\"_a\""), ("", "\"\""), ("select", "\"select\""), ("token", "\"token\""), ("nan", "\"nan\""),
    ("key", "key"), ("text", "text"), ("keys", "keys"), ("true", "true"), ("é", "\"é\""),
    ("averyveryverylongname", "averyveryverylongname"),
  ])
  func identifiers(_ name: String, _ cql: String) {
    #expect(Identifier(name).cql == cql)
  }

  @Test(arguments: [
    "int", "list<int>", "set<text>", "map<text, frozen<list<int>>>", "tuple<int, text>", "vector<float, 3>",
    "frozen<ks.\"Udt\">", "udt", "'Int32Type'",
  ])
  func types(_ type: String) throws {
    let statement = try CQLParser.parse("CREATE TABLE t (a \(type) PRIMARY KEY)").statement
    guard case .createTable(let table) = statement else {
      Issue.record("not a table")
      return
    }
    #expect(table.columns[0].type.cql == type)
  }

  @Test(arguments: [
    "1", "-1.5", "'it''s'", "true", "NULL", "?", ":a", ":\"A\"", "[1, 2]", "{1, 2}", "{}", "{'a': 1}", "{f: 1}",
    "(1, 'a')", "ks.f(1, g())", "(list<int>)[1]", "CAST(1 AS text)", "- (1)", "1 + 2 * 3", "1h", "0xcafe", "NaN",
    "123e4567-e89b-12d3-a456-426655440000",
  ])
  func termsReadBack(_ text: String) throws {
    let term = try term(text)
    #expect(term.cql == text)
    #expect(try self.term(term.cql) == term)
  }

  /// A quote that a mark is combined with, before or after it, is doubled like any other.
  @Test(arguments: ["'\u{301}", "\u{603}'", "a'\u{659}b", "'\u{200d}'"])
  func quotesWithCombiningMarksReadBack(_ text: String) throws {
    let constant = Term.Kind.constant(Constant(.string, text))
    #expect(try term(Constant.quoted(text)).kind == constant)
  }

  private func term(_ text: String) throws -> Term {
    guard case .insert(let insert) = try CQLParser.parse("INSERT INTO t (a) VALUES (\(text))").statement,
      case .values(_, let values) = insert.source
    else { throw CQLSyntaxError(message: "not an insert") }
    return values[0]
  }

  @Test func everyTermOfTheCorpusReadsBack() throws {
    for entry in Corpus.entries where entry.answer == .accepted {
      guard case .insert(let insert) = try? CQLParser.parse(entry.statement).statement,
        case .values(_, let values) = insert.source
      else { continue }
      for value in values {
        // Markers are numbered anew, which is a difference.
        if value.cql.contains("?") || value.cql.contains(":") { continue }
        #expect(try term(value.cql) == value)
      }
    }
  }
}
