import Testing

@testable import CQLEngine

/// What indexes make of texts before they compare them.
@Suite(.timeLimit(.minutes(5))) struct TextAnalysisTests {
  private static func apply(_ text: String, _ options: [(String, String)]) throws -> String {
    let analysis = try #require(TextAnalysis(options))
    let bytes = Array(text.utf8)
    return String(decoding: analysis.apply(bytes.span), as: UTF8.self)
  }

  private static func same(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

  @Test func optionsThatChangeNothingAreNone() {
    #expect(TextAnalysis([]) == nil)
    #expect(TextAnalysis([("case_sensitive", "TRUE"), ("normalize", "false"), ("ascii", "False")]) == nil)
    #expect(TextAnalysis([("case_sensitive", "FALSE")]) != nil)
  }

  @Test(arguments: [
    ("case_sensitive", "false", "AbÄ\u{130}", "abäi\u{307}"),
    ("case_sensitive", "false", "ΟΔΟΣ ΟΔΟΣΑ Σ", "οδος οδοσα σ"),
    ("normalize", "true", "A\u{308}\u{323}", "\u{1ea0}\u{308}"),
    ("normalize", "true", "\u{212b}\u{1100}\u{1161}", "\u{c5}\u{ac00}"),
    ("normalize", "true", "\u{f73}\u{f72}\u{f73}", "\u{f71}\u{f71}\u{f72}\u{f72}\u{f72}"),
    ("ascii", "true", "Œ\u{e9}⑫\u{fb01}ß", "OEe12fiss"),
  ])
  func textsAreChangedAsCassandraDoes(key: String, value: String, text: String, expected: String) throws {
    let found = try Self.apply(text, [(key, value)])
    #expect(Self.same(found, expected), "\(Array(found.unicodeScalars)) instead of \(Array(expected.unicodeScalars))")
  }

  /// A letter with 60,000 marks of two ranks in turn, in no order, and signs that consist of marks.
  @Test func manyMarksAreInOrderWithoutTheSquareOfTheirNumber() throws {
    let count = 30_000
    let mixed = try Self.apply("x" + String(repeating: "\u{301}\u{323}", count: count), [("normalize", "true")])
    let ordered =
      "x" + String(repeating: "\u{323}", count: count) + String(repeating: "\u{301}", count: count)
    #expect(Self.same(mixed, ordered))
    let signs = try Self.apply("x" + String(repeating: "\u{f73}", count: count), [("normalize", "true")])
    #expect(
      Self.same(signs, "x" + String(repeating: "\u{f71}", count: count) + String(repeating: "\u{f72}", count: count)))
    // So many would take hours if each were moved past the others.
    let many = 400_000
    _ = try Self.apply("x" + String(repeating: "\u{301}\u{323}", count: many), [("normalize", "true")])
    _ = try Self.apply("Σ" + String(repeating: "\u{301}", count: many) + "Σ", [("case_sensitive", "false")])
  }
}
