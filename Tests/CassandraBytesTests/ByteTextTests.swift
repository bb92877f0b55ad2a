import CassandraBytes
import Testing

@Suite struct ByteTextTests {
  @Test func canonicallyEqualTextsAreTwo() {
    let composed: ByteText = "caf\u{e9}"
    let decomposed: ByteText = "cafe\u{301}"
    #expect(composed != decomposed)
    #expect(Set([composed, decomposed]).count == 2)
    #expect(composed == ByteText("caf" + "\u{e9}"))
    #expect(!"caf\u{e9}".hasSameBytes(as: "cafe\u{301}"))
  }

  @Test func ordersByBytes() {
    let texts: [ByteText] = ["b", "\u{e9}", "a", "", "ab", "\u{10000}", "\u{ffff}"]
    #expect(texts.sorted().map(\.text) == ["", "a", "ab", "b", "\u{e9}", "\u{ffff}", "\u{10000}"])
  }

  /// Two texts beside each other are hashed as two.
  @Test func hashesKeepTextsApart() {
    struct Pair: Hashable {
      var first: ByteText
      var second: ByteText
    }
    #expect(Pair(first: "ab", second: "c").hashValue != Pair(first: "a", second: "bc").hashValue)
  }

  /// Combining marks of two classes in turn: a comparison that normalizes would take minutes, and the run would end.
  @Test(.timeLimit(.minutes(5))) func runsOfMarksCostNoMoreThanTheirBytes() {
    let marks = String(repeating: "\u{301}", count: 500_000) + String(repeating: "\u{316}", count: 500_000)
    let (left, right) = (ByteText("genu" + marks), ByteText("genu" + marks + "x"))
    #expect(left != right)
    #expect(Set([left, right, left]).count == 2)
    #expect(left < right)
  }
}
