import Testing

@testable import CassandraBytes

/// Looking for ASCII in texts whose characters have a million combining marks: what goes over characters does not come to an
/// end.
@Suite(.timeLimit(.minutes(5))) struct ASCIITextTests {
  private static let marks =
    String(repeating: "\u{301}", count: 500_000) + String(repeating: "\u{316}", count: 500_000)
  private static let long = "e\(marks).e\(marks)/e"

  private enum Direction: String, CaseIterable {
    case up
    case down
  }

  @Test func textsAreSplitByTheirBytes() {
    #expect("a.b..c".split(ascii: ".") == ["a", "b", "c"])
    #expect("a.b..c".split(ascii: ".", omittingEmptySubsequences: false) == ["a", "b", "", "c"])
    #expect("a.b.c".split(ascii: ".", maxSplits: 1) == ["a", "b.c"])
    #expect("".split(ascii: ".").isEmpty)
    #expect("".split(ascii: ".", omittingEmptySubsequences: false) == [""])
    #expect("a.".split(ascii: ".", omittingEmptySubsequences: false) == ["a", ""])
    // A letter with a mark is another one; the separator with a mark is the separator.
    #expect("a.\u{301}b".split(ascii: ".") == ["a", "\u{301}b"])
    #expect(Self.long.split(ascii: ".").count == 2)
  }

  @Test func placesAreThoseOfBytes() {
    #expect("a:b:c".firstIndex(ofASCII: ":").map { "a:b:c"[..<$0] } == "a")
    #expect("a:b:c".lastIndex(ofASCII: ":").map { "a:b:c"[..<$0] } == "a:b")
    #expect("abc".firstIndex(ofASCII: ":") == nil)
    #expect("abc".lastIndex(ofASCII: ":") == nil)
    #expect("3/1".prefix(beforeASCII: "/") == "3")
    #expect("3".prefix(beforeASCII: "/") == "3")
    #expect(Self.long.contains(ascii: "/"))
    #expect(!Self.long.contains(ascii: ":"))
    #expect(Self.long.prefix(beforeASCII: "/").utf8.count == Self.long.utf8.count - 2)
  }

  @Test func endsAreThoseOfBytes() {
    #expect("abc".hasPrefix(bytesOf: "ab"))
    #expect(!"abc".hasPrefix(bytesOf: "abcd"))
    #expect("abc".hasSuffix(bytesOf: "bc"))
    #expect(!"abc".hasSuffix(bytesOf: "zabc"))
    #expect(!Self.long.hasPrefix(bytesOf: "0x"))
    #expect(Self.long.hasSuffix(bytesOf: "/e"))
  }

  @Test func wordsAreFoundAmongBytes() {
    #expect("-----BEGIN PRIVATE KEY".withUTF8Span { $0.contains(bytesOf: "PRIVATE KEY") })
    #expect(!"PRIVATE".withUTF8Span { $0.contains(bytesOf: "PRIVATE KEY") })
    #expect("LZ4".withUTF8Span { $0.isEqualIgnoringCase(to: "lz4") })
    #expect(!"lz4s".withUTF8Span { $0.isEqualIgnoringCase(to: "lz4") })
    // The sign of Kelvin is a k in lower case, and no letter of ASCII.
    #expect(!"\u{212a}".withUTF8Span { $0.isEqualIgnoringCase(to: "k") })
    #expect(!Self.long.withUTF8Span { $0.contains(bytesOf: "beta") })
  }

  @Test func casesAreFoundByTheirBytes() {
    #expect(Direction(named: "up") == .up)
    #expect(Direction(named: "Up") == nil)
    #expect(Direction(named: Self.long) == nil)
  }
}
