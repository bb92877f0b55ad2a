import CassandraBytes

/// The passwords in the text of a statement, so that none is shown in traces, tables and errors: every text in quotes
/// behind the word PASSWORD, as in `WITH PASSWORD = '…'` and `WITH HASHED PASSWORD '…'`.
///
/// It looks at the text alone, since one that cannot be parsed may have a password as well.
struct HiddenPasswords {
  private static let word = Array("password".utf8)
  private static let stars = Array("*******".utf8)
  /// Passwords that are looked for in errors: 16. A statement with more is told so in place of what else is wrong.
  private static let limit = 16

  /// The text with stars in place of each password.
  let shown: String
  private let passwords: Set<[UInt8]>

  /// The passwords in a text; none in nearly all of them.
  init(in text: String) {
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

  private static func find(in text: Span<UInt8>) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var index = 0
    while index + word.count <= text.count {
      guard isWord(in: text, at: index) else {
        index += 1
        continue
      }
      index += word.count
      var start = index
      while start < text.count, isBetween(text[start]) { start += 1 }
      // An empty one is none, and there would be nothing to look for.
      guard start < text.count, let end = end(ofTextAt: start, in: text) else { continue }
      if end - start > 2 { found.append(start..<end) }
      index = end
    }
    return found
  }

  private static func isWord(in text: Span<UInt8>, at index: Int) -> Bool {
    for offset in 0..<word.count where text[index + offset] | 0x20 != word[offset] { return false }
    return true
  }

  /// What may stand between the word and the password.
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

  /// What is said about the text, with stars in place of each password.
  func hide(in message: String) -> String {
    guard !passwords.isEmpty else { return message }
    guard passwords.count <= Self.limit else {
      return "The statement is wrong, and has too many passwords to say where"
    }
    var bytes = Array(message.utf8)
    for password in passwords {
      var hidden: [UInt8] = []
      var index = 0
      while index < bytes.count {
        if bytes[index] == password[0], bytes[index...].starts(with: password) {
          hidden += Self.stars
          index += password.count
        } else {
          hidden.append(bytes[index])
          index += 1
        }
      }
      bytes = hidden
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
