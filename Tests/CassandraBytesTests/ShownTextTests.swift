import Testing

@testable import CassandraBytes

/// What a person gets to see of a text that a stranger chose.
@Suite struct ShownTextTests {
  @Test(arguments: [
    ("\u{1b}[2J", #"\u001b[2J"#), ("\u{9b}31m", #"\u009b31m"#), ("a\r\nb", #"a\u000d\u000ab"#), ("\u{7f}", #"\u007f"#),
    ("\u{202e}\u{2066}\u{200f}\u{61c}", #"\u202e\u2066\u200f\u061c"#), ("a\u{200b}b\u{feff}", #"a\u200bb\ufeff"#),
    ("\u{e0041}", #"\udb40\udc41"#), ("é € 😀 \u{301}", "é € 😀 \u{301}"), ("", ""),
  ])
  func whatATerminalMayActOnIsEscaped(_ text: String, _ shown: String) {
    #expect(text.shown().hasSameBytes(as: shown))
  }

  @Test func linesMayStay() {
    #expect("a\nb\tc".shown(keepingLines: true) == "a\nb\\u0009c")
  }

  @Test func aLongTextIsCutBetweenCharacters() {
    #expect("abcdef".shown(limit: 6) == "abcdef")
    #expect("abcdef".shown(limit: 5) == "abcde…")
    #expect("aé€".shown(limit: 5) == "aé…")
    #expect("aé€".shown(limit: 6) == "aé€")
    #expect("a".shown(limit: 0) == "…")
  }
}
