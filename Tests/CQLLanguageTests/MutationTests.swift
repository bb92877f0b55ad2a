import CassandraDice
import CQLLanguage
import Testing

@Suite struct MutationTests {
  /// Words, spaces and signs of a statement.
  private func pieces(_ statement: String) -> [String] {
    var pieces: [String] = []
    for character in statement {
      let isWord = character.isLetter || character.isNumber || character == "_"
      if isWord, let last = pieces.last?.last, last.isLetter || last.isNumber || last == "_" {
        pieces[pieces.count - 1].append(character)
      } else {
        pieces.append(String(character))
      }
    }
    return pieces
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func mutatedStatementsNeverTrap(seed: UInt64) {
    var random = Dice(seed: seed)
    let statements = Corpus.entries.map { pieces($0.statement) }
    let words = statements.flatMap { $0 }
    var accepted = 0
    for _ in 0..<10_000 {
      guard var statement = statements.randomElement(using: &random) else { continue }
      for _ in 0...Int.random(in: 0...2, using: &random) {
        guard let index = statement.indices.randomElement(using: &random) else { break }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: statement.remove(at: index)
        case 1: statement.insert(words.randomElement(using: &random) ?? "", at: index)
        case 2: statement[index] = words.randomElement(using: &random) ?? ""
        default: statement.removeSubrange(index...)
        }
      }
      if refusal(of: statement.joined()) == nil { accepted += 1 }
    }
    #expect(accepted > 500 && accepted < 9_500)
  }

  @Test(arguments: [4] as [UInt64])
  func mutatedBytesNeverTrap(seed: UInt64) {
    var random = Dice(seed: seed)
    for _ in 0..<20_000 {
      guard let entry = Corpus.entries.randomElement(using: &random) else { continue }
      var bytes = Array(entry.statement.utf8)
      for _ in 0...Int.random(in: 0...3, using: &random) {
        guard let index = bytes.indices.randomElement(using: &random) else { break }
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes.remove(at: index)
        case 1: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
        default: bytes[index] = UInt8.random(in: 0...255, using: &random)
        }
      }
      _ = try? CQLParser.parse(bytes)
    }
  }
}
