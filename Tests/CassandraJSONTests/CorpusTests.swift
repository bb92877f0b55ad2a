import CassandraJSON
import Testing

@Suite struct CorpusTests {
  @Test(arguments: Corpus.accepted + Corpus.acceptedByChoice)
  func accepted(text: String, rewritten: String) throws {
    let tree = try JSONValue(parsing: bytes(text))
    var again: [UInt8] = []
    again.append(json: tree)
    #expect(again == bytes(rewritten))
    #expect(try JSONValue(parsing: again) == tree)
  }

  @Test(arguments: Corpus.refused + Corpus.refusedByChoice)
  func refused(text: String, code: JSONError.Code) throws {
    let thrown = try #require(error { _ = try JSONValue(parsing: bytes(text)) })
    #expect(thrown.code == code)
    #expect(try #require(thrown.offset) <= bytes(text).count)
    #expect(try #require(thrown.line) >= 1)
    #expect(try #require(thrown.column) >= 1)
    #expect(thrown.description.utf8.count < 200)
  }

  /// Each prefix of a text is refused, so a text that is cut is never taken for a whole one.
  @Test(arguments: Corpus.accepted)
  func noPrefixIsAccepted(text: String, rewritten: String) {
    let whole = bytes(rewritten)
    guard let last = whole.last, last != UInt8(ascii: "0"), whole.count > 1 else { return }
    guard [UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: "\"")].contains(last) else { return }
    for length in whole.indices {
      #expect(error { _ = try JSONValue(parsing: Array(whole[..<length])) } != nil)
    }
  }

  @Test func thereAreEnough() {
    let count =
      Corpus.accepted.count + Corpus.acceptedByChoice.count + Corpus.refused.count + Corpus.refusedByChoice.count
    #expect(count >= 250)
  }
}
