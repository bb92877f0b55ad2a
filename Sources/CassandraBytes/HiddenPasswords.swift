/// The passwords in the text of a statement, so that none is shown in traces, tables, errors, logs and spans: every text in
/// quotes behind the word PASSWORD, as in `WITH PASSWORD = '…'` and `WITH HASHED PASSWORD '…'`.
///
/// It looks at the text alone, since one that cannot be parsed may have a password as well.
package struct HiddenPasswords {
  private static let password = Array("password".utf8)
  private static let role = Array("role".utf8)
  private static let user = Array("user".utf8)
  private static let stars = Array("*******".utf8)
  /// Bytes of a password that tell something of it: 4.
  private static let shortestPiece = 4
  /// Bytes of passwords times those of an error, up to which pieces are looked for. Of longer ones nothing is said.
  private static let maximumComparisons = 1 << 20

  /// The text with stars in place of each password.
  package let shown: String
  private let passwords: Set<[UInt8]>

  /// The passwords in a text; none in nearly all of them.
  package init(in text: String) {
    // Asked of every statement that is traced, and answered without memory of its own.
    guard text.withUTF8Span({ Self.mayHavePassword($0) }) else {
      shown = text
      passwords = []
      return
    }
    let bytes = Array(text.utf8)
    let found = Self.find(in: bytes.span)
    passwords = Set(found.map { Array(bytes[$0]) })
    guard !found.isEmpty else {
      shown = text
      return
    }
    var hidden: [UInt8] = []
    var position = 0
    for range in found {
      hidden += bytes[position..<range.lowerBound]
      hidden += Self.stars
      position = range.upperBound
    }
    hidden += bytes[position...]
    shown = String(decoding: hidden, as: UTF8.self)
  }

  /// Whether the word may stand in the text. Two of its letters are enough to pass over nearly everything.
  private static func mayHavePassword(_ text: Span<UInt8>) -> Bool {
    var index = 0
    while index + 7 < text.count {
      // The last letter and the first one.
      if text[index + 7] | 0x20 == UInt8(ascii: "d"), text[index] | 0x20 == UInt8(ascii: "p"),
        isWord(password, in: text, at: index)
      {
        return true
      }
      index += 1
    }
    return false
  }

  private static func find(in text: Span<UInt8>) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var index = 0
    // Behind the word in a statement about roles every text is taken for a password, since it may be wrong in any way.
    var isAboutRoles = false
    var hidesAll = false
    // Comments that hold the word again and again are passed over again and again.
    var passed = 0
    while index < text.count {
      if hidesAll, isQuote(text[index]), let end = end(ofTextAt: index, in: text) {
        if end - index > 2 { found.append(index..<end) }
        index = end
        continue
      }
      if !isAboutRoles, isWord(role, in: text, at: index) || isWord(user, in: text, at: index) { isAboutRoles = true }
      guard isWord(password, in: text, at: index) else {
        index += 1
        continue
      }
      index += password.count
      if isAboutRoles { hidesAll = true }
      let start = skip(from: index, in: text)
      passed += start - index
      guard passed <= 2 * text.count else {
        found.append(index..<text.count)
        return found
      }
      // An empty one is none, and there would be nothing to look for.
      guard start < text.count, let end = end(ofTextAt: start, in: text) else { continue }
      if end - start > 2 { found.append(start..<end) }
      index = end
    }
    return found
  }

  private static func isQuote(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "'") || byte == UInt8(ascii: "$") || byte == UInt8(ascii: "\"")
  }

  private static func isWord(_ word: [UInt8], in text: Span<UInt8>, at index: Int) -> Bool {
    guard index + word.count <= text.count else { return false }
    for offset in 0..<word.count where text[index + offset] | 0x20 != word[offset] { return false }
    return true
  }

  /// Passes over what may stand between the word and the password, comments among it.
  private static func skip(from start: Int, in text: Span<UInt8>) -> Int {
    let slash = UInt8(ascii: "/")
    let star = UInt8(ascii: "*")
    let dash = UInt8(ascii: "-")
    var index = start
    while index < text.count {
      if isBetween(text[index]) {
        index += 1
        continue
      }
      guard index + 1 < text.count else { return index }
      switch (text[index], text[index + 1]) {
      case (slash, star):
        // `/*/` is not closed.
        index += 3
        while index < text.count, text[index - 1] != star || text[index] != slash { index += 1 }
        index += 1
      case (slash, slash), (dash, dash):
        while index < text.count, text[index] != UInt8(ascii: "\n"), text[index] != UInt8(ascii: "\r") { index += 1 }
      default: return index
      }
    }
    return text.count
  }

  private static func isBetween(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "=") || byte == UInt8(ascii: " ") || (9...13).contains(byte)
  }

  /// The end of a text in quotes or dollars, or that of the whole when it is not closed; nil when there is none.
  private static func end(ofTextAt start: Int, in text: Span<UInt8>) -> Int? {
    let dollar = UInt8(ascii: "$")
    if text[start] == dollar, start + 1 < text.count, text[start + 1] == dollar {
      var index = start + 2
      while index + 1 < text.count {
        if text[index] == dollar, text[index + 1] == dollar { return index + 2 }
        index += 1
      }
      return text.count
    }
    let quote = text[start]
    guard quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return nil }
    var index = start + 1
    while index < text.count {
      if text[index] == quote {
        guard index + 1 < text.count, text[index + 1] == quote else { return index + 1 }
        index += 1
      }
      index += 1
    }
    return text.count
  }

  /// What is said about the text, with stars in place of each password and of pieces of one: an error quotes what is around
  /// a mistake, and cuts what is long.
  package func hide(in message: String) -> String {
    guard !passwords.isEmpty else { return message }
    let bytes = Array(message.utf8)
    guard passwords.reduce(0, { $0 + $1.count }) * bytes.count <= Self.maximumComparisons else {
      return "The statement is wrong, and its passwords are too long to say where"
    }
    var hidden: [UInt8] = []
    var index = 0
    while index < bytes.count {
      let length = passwords.reduce(0) { max($0, Self.piece(of: $1, in: bytes, at: index)) }
      if length > 0 {
        hidden += Self.stars
        index += length
      } else {
        hidden.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: hidden, as: UTF8.self)
  }

  /// How many bytes at `index` are a piece of the password, when they are enough to tell something of it.
  private static func piece(of password: [UInt8], in bytes: [UInt8], at index: Int) -> Int {
    var longest = 0
    for start in password.indices {
      var length = 0
      while start + length < password.count, index + length < bytes.count,
        password[start + length] == bytes[index + length]
      {
        length += 1
      }
      longest = max(longest, length)
    }
    return longest >= min(shortestPiece, password.count) ? longest : 0
  }
}
