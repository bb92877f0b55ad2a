import Testing

@testable import CassandraTerminal

@Suite struct ChecklistTests {
  private func lines(
    _ mark: Checklist.Mark, _ label: String, _ text: String, advice: String = "", isTerminal: Bool = false,
    hasColours: Bool = false
  ) -> String {
    Checklist.lines(mark, label, text, advice: advice, isTerminal: isTerminal, hasColours: hasColours)
  }

  @Test func outsideOfATerminalThereAreWords() {
    #expect(lines(.ok, "name", "it is there") == "ok       name         it is there")
    #expect(lines(.skipped, "tables", "why") == "skipped  tables       why")
    #expect(lines(.failed, "a very long label", "x") == "failed   a very long label x")
  }

  @Test func whatToDoStandsBelow() {
    let margin = String(repeating: " ", count: 22)
    #expect(
      lines(.failed, "name", "one\ntwo", advice: "Do it.")
        == "failed   name         one\n\(margin)two\n\(margin)→ Do it.")
  }

  @Test func onATerminalThereAreMarks() {
    #expect(lines(.ok, "name", "there", isTerminal: true) == "✓ name         there")
    #expect(
      lines(.failed, "name", "gone", isTerminal: true, hasColours: true) == "\u{1b}[31m✗ \u{1b}[0mname         gone")
    let signs = Set(Checklist.Mark.allCases.map { lines($0, "", "", isTerminal: true).first })
    #expect(signs.count == Checklist.Mark.allCases.count)
  }

  /// What a server says of itself is shown, and not obeyed; line feeds are the program's own.
  @Test func aTerminalDoesNotActOnWhatServersSay() {
    let text = "dc\u{1b}[2J\u{9b}31m\u{202e}\r1\ntwo"
    for isTerminal in [false, true] {
      let lines = lines(.failed, "lo\u{7}gin", text, advice: "Set X=\u{1b}c.", isTerminal: isTerminal)
      #expect(lines.contains(#"dc\u001b[2J\u009b31m\u202e\u000d1"#) && lines.contains(#"X=\u001bc."#))
      #expect(!lines.unicodeScalars.contains { $0 != "\n" && ($0.value < 0x20 || 0x7f...0x9f ~= $0.value) })
    }
  }
}
