/// Whether the values of an interpolated text stand where CQL takes values.
///
/// A value becomes a marker wherever it is interpolated. In `SELECT a FROM t_\(n)` or `'\(name)'` that is not what is
/// meant, and what the server would say of it helps nobody.
struct MarkerPlaces: Equatable {
  /// Markers outside of quotes and comments.
  private(set) var markers = 0
  /// Whether a marker touches a name or something in quotes, as a piece of a name does.
  private(set) var touchesAName = false

  /// Looks at a text; once for each, when it is not known yet.
  init(_ text: String) {
    let bytes = Array(text.utf8)
    var words = CQLWords(text)
    words.forEachBareByte { index in
      guard bytes[index] == UInt8(ascii: "?") else { return }
      markers += 1
      let before = bytes[..<index].reversed().prefix { CQLWords.isWord($0) }
      let behind = bytes[(index + 1)...].prefix { CQLWords.isWord($0) }
      if Self.isName(before.reversed()) || Self.isName(behind) { touchesAName = true }
      if index > 0, Self.isQuote(bytes[index - 1]) { touchesAName = true }
      if index + 1 < bytes.count, Self.isQuote(bytes[index + 1]) { touchesAName = true }
    }
  }

  /// Whether a word is none of the keywords that CQL takes beside a marker without a space between.
  private static func isName(_ word: some Collection<UInt8>) -> Bool {
    guard !word.isEmpty else { return false }
    let word = String(decoding: word.map { (65...90).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    return !keywords.contains(word)
  }

  private static let keywords: Set<String> = [
    "allow", "and", "apply", "as", "between", "by", "contains", "delete", "distinct", "from", "group", "if", "in",
    "insert", "is", "key", "like", "limit", "not", "or", "order", "per", "select", "set", "timestamp", "ttl", "update",
    "using", "where",
  ]

  private static func isQuote(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") }

  /// What is wrong with an interpolated statement of so many values; nil when nothing is.
  func problem(values: Int) -> String? {
    if touchesAName {
      return "A value is bound and cannot be part of a name: interpolate an Identifier of the whole name."
    }
    if markers < values {
      return "A value is bound and cannot stand inside quotes or a comment: interpolate it without quotes."
    }
    return nil
  }
}
