import CQLLanguage
import Testing

@Suite struct CorpusTests {
  /// Whether these resources exist is found out by Cassandra's parser itself.
  static let lookedUpWhileParsing: Set<String> = [
    "GRANT EXECUTE ON FUNCTION ks.f() TO r", "GRANT CREATE ON FUNCTION ks.f(int) TO r",
  ]

  /// The only message of the corpus that is worded otherwise: it names functions that stand for operators.
  static let wordedOtherwise: Set<String> = ["CREATE KEYSPACE k WITH a = {'a': 1 + 2}"]

  @Test func isLarge() {
    #expect(Corpus.entries.count >= 1_300)
    #expect(Corpus.entries.count { $0.answer == .accepted } >= 600)
    #expect(Corpus.entries.count { $0.answer != .accepted } >= 600)
  }

  @Test func acceptsAndRefusesWhatCassandraDoes() {
    for entry in Corpus.entries where !Self.lookedUpWhileParsing.contains(entry.statement) {
      let isAccepted = (try? CQLParser.parse(entry.statement)) != nil
      #expect(isAccepted == (entry.answer == .accepted), "\(entry.statement)")
    }
  }

  @Test func refusesInTheSameWords() {
    for entry in Corpus.entries where !Self.wordedOtherwise.contains(entry.statement) {
      guard case .refused(let message) = entry.answer else { continue }
      #expect(refusal(of: entry.statement) == message)
    }
  }
}

/// The message with which a statement is refused, or nil when it is not.
func refusal(of statement: String, limits: CQLLimits = CQLLimits()) -> String? {
  do throws(CQLSyntaxError) {
    _ = try CQLParser.parse(statement, limits: limits)
    return nil
  } catch {
    return error.message
  }
}
