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
struct CQLWords {
  private let bytes: [UInt8]
  private var index = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  mutating func next() -> String? {
    while index < bytes.count {
      if skipQuotedOrComment() { continue }
      if Self.isWord(bytes[index]) { return word() }
      index += 1
    }
    return nil
  }

  /// Gives the place of every byte that is in no string, quoted name or comment.
  mutating func forEachBareByte(_ body: (Int) -> Void) {
    while index < bytes.count {
      if skipQuotedOrComment() { continue }
      body(index)
      index += 1
    }
  }

  /// Steps over a string, a quoted name or a comment; false when none begins here.
  private mutating func skipQuotedOrComment() -> Bool {
    switch bytes[index] {
    case UInt8(ascii: "'"): skipQuoted(by: UInt8(ascii: "'"))
    case UInt8(ascii: "\""): skipQuoted(by: UInt8(ascii: "\""))
    case UInt8(ascii: "$") where peek(1) == UInt8(ascii: "$"): skip(after: [UInt8(ascii: "$"), UInt8(ascii: "$")])
    case UInt8(ascii: "-") where peek(1) == UInt8(ascii: "-"): skip(after: [UInt8(ascii: "\n")])
    case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "/"): skip(after: [UInt8(ascii: "\n")])
    case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"): skip(after: [UInt8(ascii: "*"), UInt8(ascii: "/")])
    default: return false
    }
    return true
  }

  private func peek(_ distance: Int) -> UInt8? { index + distance < bytes.count ? bytes[index + distance] : nil }

  static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }

  private mutating func word() -> String {
    let start = index
    while index < bytes.count, Self.isWord(bytes[index]) { index += 1 }
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
