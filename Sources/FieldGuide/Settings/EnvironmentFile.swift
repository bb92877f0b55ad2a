/// A `.env` file: one setting a line.
///
/// ```
/// # a comment
/// export NAME=value       # another one
/// NAME='as it stands, $ and \ included'
/// NAME="with \" \\ \n \r \t \$"
/// ```
struct EnvironmentFile {
  /// Bytes that a file may have: 64 KiB.
  static let maximumBytes = 64 << 10

  /// A value, and the line where it stands.
  struct Entry: Equatable {
    var value: String
    var line: Int
  }

  private(set) var entries: [String: Entry] = [:]

  /// A line that is not of the form.
  struct LineError: Error, Equatable {
    var line: Int
    var problem: String
  }

  /// Reads the text of a file.
  init(parsing text: String) throws(LineError) {
    // Some editors begin a file with the mark of its byte order.
    let text = text.unicodeScalars.first == "\u{feff}" ? String(text.unicodeScalars.dropFirst()) : text
    var number = 0
    // The newline and the pair of return and newline are both one Character that isNewline.
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      number += 1
      var rest = line.drop(while: \.isWhitespace)
      if rest.isEmpty || rest.hasPrefix("#") { continue }
      if rest.hasPrefix("export"), rest.dropFirst(6).first?.isWhitespace == true {
        rest = rest.dropFirst(6).drop(while: \.isWhitespace)
      }
      guard let equals = rest.firstIndex(of: "=") else {
        throw LineError(line: number, problem: "there is no = after the name")
      }
      let name = rest[..<equals]
      guard let first = name.first, first.isASCII, first.isLetter || first == "_",
        name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
      else { throw LineError(line: number, problem: "a name has letters, digits and _, and no blank before the =") }
      let value = try Self.value(of: rest[rest.index(after: equals)...], line: number)
      guard entries.updateValue(Entry(value: value, line: number), forKey: String(name)) == nil else {
        throw LineError(line: number, problem: "\(name) is set a second time")
      }
    }
  }

  private static func value(of text: Substring, line: Int) throws(LineError) -> String {
    let text = text.drop(while: \.isWhitespace)
    guard let quote = text.first, quote == "'" || quote == "\"" else {
      var value = ""
      var previous: Character = " "
      for character in text {
        if character == "#" && previous.isWhitespace { break }
        value.append(character)
        previous = character
      }
      while value.last?.isWhitespace == true { value.removeLast() }
      return value
    }
    var value = ""
    var rest = text.dropFirst()
    while let character = rest.popFirst() {
      if character == quote {
        let end = rest.drop(while: \.isWhitespace)
        guard end.isEmpty || end.hasPrefix("#") else {
          throw LineError(line: line, problem: "something follows the closing quote")
        }
        return value
      }
      guard quote == "\"", character == "\\" else {
        value.append(character)
        continue
      }
      switch rest.popFirst() {
      case "n": value.append("\n")
      case "r": value.append("\r")
      case "t": value.append("\t")
      case let escaped? where escaped == "\"" || escaped == "\\" || escaped == "$": value.append(escaped)
      case _: throw LineError(line: line, problem: #"after \ comes one of n r t " \ $"#)
      }
    }
    throw LineError(line: line, problem: "the quote is not closed")
  }
}
