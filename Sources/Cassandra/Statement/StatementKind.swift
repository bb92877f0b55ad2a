/// What a statement does, as far as the client has to know it.
struct StatementKind: Sendable, Equatable {
  enum Verb: Sendable, Equatable {
    /// Reads; idempotent.
    case select
    /// INSERT, UPDATE, DELETE or a BATCH as text.
    case modify
    /// Changes the schema, roles or permissions; never prepared.
    case define
    /// USE, which would change one connection of many.
    case use
    /// Anything else.
    case other
  }

  var verb: Verb
  /// Whether it has a condition: a lightweight transaction, which takes its timestamp from its own protocol.
  var isConditional: Bool

  /// Whether a write is given the client's time.
  var takesTimestamp: Bool { verb == .modify && !isConditional }

  /// Reads the first keyword, and looks for IF in what modifies.
  ///
  /// This is no parser: it steps over comments, strings and quoted names, so that it cannot be misled by what they hold.
  init(_ text: String) {
    var words = CQLWords(text)
    switch words.next() {
    case "select": verb = .select
    case "insert", "update", "delete", "begin": verb = .modify
    case "create", "alter", "drop", "truncate", "grant", "revoke": verb = .define
    case "use": verb = .use
    default: verb = .other
    }
    isConditional = false
    if verb == .modify {
      while !isConditional, let word = words.next() { isConditional = word == "if" }
    }
  }
}

/// The bare words of a CQL text, in lower case.
private struct CQLWords {
  private let bytes: [UInt8]
  private var index = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  mutating func next() -> String? {
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "'"): skipQuoted(by: UInt8(ascii: "'"))
      case UInt8(ascii: "\""): skipQuoted(by: UInt8(ascii: "\""))
      case UInt8(ascii: "$") where peek(1) == UInt8(ascii: "$"): skip(after: [UInt8(ascii: "$"), UInt8(ascii: "$")])
      case UInt8(ascii: "-") where peek(1) == UInt8(ascii: "-"): skip(after: [UInt8(ascii: "\n")])
      case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "/"): skip(after: [UInt8(ascii: "\n")])
      case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"): skip(after: [UInt8(ascii: "*"), UInt8(ascii: "/")])
      case let byte where isWord(byte): return word()
      default: index += 1
      }
    }
    return nil
  }

  private func peek(_ distance: Int) -> UInt8? { index + distance < bytes.count ? bytes[index + distance] : nil }

  private func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }

  private mutating func word() -> String {
    let start = index
    while index < bytes.count, isWord(bytes[index]) { index += 1 }
    return String(decoding: bytes[start..<index].map { (65...90).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }

  /// Steps over a quoted piece; a doubled quote inside begins what looks like another one, which is stepped over next.
  private mutating func skipQuoted(by quote: UInt8) {
    index += 1
    while index < bytes.count, bytes[index] != quote { index += 1 }
    index += 1
  }

  private mutating func skip(after end: [UInt8]) {
    index += end.count
    while index < bytes.count, !bytes[index...].starts(with: end) { index += 1 }
    index += end.count
  }
}
