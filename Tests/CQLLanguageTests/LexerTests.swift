import Testing

@testable import CQLLanguage

@Suite struct LexerTests {
  /// The kinds of the tokens of `text`, with white space and comments left out.
  private func kinds(_ text: String) -> [TokenKind] {
    var lexer = Lexer(Array(text.utf8))
    return lexer.tokens(atMost: 1_000).dropLast().map(\.kind)
  }

  /// The text of the only token.
  private func text(_ source: String) -> String {
    let tokens = TokenStream(Array(source.utf8), limits: CQLLimits())
    return tokens.quotedText(tokens.token)
  }

  @Test(arguments: [
    ("1", TokenKind.integer), ("-12", .integer), ("1.", .float), ("-1.5e-3", .float), ("1e5", .float),
    ("0xCAFE", .blobLiteral),
    ("0x", .blobLiteral), ("1h", .duration), ("-1y2mo3w4d5h6m7s8ms9us10ns", .duration), ("3µs", .duration),
    ("P1Y2M3DT4H5M6S", .duration), ("-P1D", .duration), ("PT1M", .duration), ("P2W", .duration),
    ("P0001-02-03T04:05:06", .duration), ("P1", .identifier), ("P1YX", .identifier), ("p1y", .identifier),
    ("123e4567-e89b-12d3-a456-426655440000", .uuid), ("abcdef01-e89b-12d3-a456-426655440000", .uuid),
    ("12345678-e89b-12d3-a456-426655440000", .uuid), ("1234567d-e89b-12d3-a456-426655440000", .uuid),
    ("nan", .positiveNaN), ("-NaN", .negativeNaN), ("INFINITY", .positiveInfinity), ("-infinity", .negativeInfinity),
    ("true", .boolean), ("FALSE", .boolean), ("'x'", .string), ("$$x$$", .string), ("\"x\"", .quotedName),
    ("\"\"", .emptyQuotedName), ("a_1", .identifier), ("SeLeCt", .select), ("table", .columnfamily),
    ("select_masked", .selectMasked), ("maxwritetimes", .identifier), ("?", .questionMark), ("expr(", .expression),
    ("a", .identifier), ("..", .range), ("+=", .plusEqual), ("-=", .minusEqual), ("!=", .notEqual),
  ])
  func single(_ text: String, _ kind: TokenKind) {
    #expect(kinds(text) == [kind])
  }

  @Test func sequences() {
    #expect(kinds("1..2") == [.integer, .range, .integer])
    #expect(kinds("1...2") == [.float, .range, .integer])
    #expect(kinds("a-1") == [.identifier, .integer])
    #expect(kinds("a - 1") == [.identifier, .minus, .integer])
    #expect(kinds("<=<>=>") == [.lessOrEqual, .less, .greaterOrEqual, .greater])
    #expect(kinds("a--c\nb/*c*/c//d\r") == [.identifier, .identifier, .identifier])
    #expect(kinds("1dx") == [.duration, .identifier])
    #expect(kinds("EXPR(") == [.identifier, .leftParenthesis])
  }

  @Test func quotesAreUndone() {
    #expect(text("'it''s'") == "it's")
    #expect(text("''''") == "'")
    #expect(text("\"a\"\"b\"") == "a\"b")
    #expect(text("$$it's $ $$") == "it's $ ")
  }

  @Test(arguments: [
    ("'abc", 4), ("\"abc", 4), ("$$abc", 4), ("$x", 1), ("@", 0), ("12abc", 5), ("1e", 2), ("--x", 3), ("/*x", 3),
    ("-n", 2), ("é", 0), ("1h2", 3), ("1.5e+", 5), ("!", 1),
  ])
  func failures(_ text: String, _ offset: Int) {
    var lexer = Lexer(Array(text.utf8))
    #expect(lexer.tokens(atMost: 10).last?.kind == .lexicalError)
    #expect(lexer.failure?.offset == offset)
  }

  @Test func everyKeywordIsFound() {
    for (index, kind) in [TokenKind.keys, .ann, .ascii, .time, .ttl, .count, .null, .add, .with].enumerated() {
      let words = ["keys", "ann", "ascii", "time", "ttl", "count", "null", "add", "with"]
      #expect(kinds(words[index]) == [kind])
      #expect(kinds(words[index].uppercased()) == [kind])
    }
  }
}
