/// A `.env` file: one setting a line, in the forms that dotenv and shells have.
///
/// ```
/// # a comment
/// export NAME=value       # another one
/// NAME = 'as it stands, $ and \ included'
/// NAME="with \" \\ \n \r \t \$, and
/// over several lines"
/// ```
/// The file may be another program's too: what is set there under a name that is none of this program's settings is left
/// alone, whatever it looks like.
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
  ///
  /// - Parameter prefixes: How the names of this program's settings begin; what is wrong under another name is passed over.
  ///   Without any every name is one.
  init(parsing text: String, prefixes: [String] = []) throws(LineError) {
    // Some editors begin a file with the mark of its byte order.
    let text = text.unicodeScalars.first == "\u{feff}" ? String(text.unicodeScalars.dropFirst()) : text
    // The newline and the pair of return and newline are both one Character that isNewline.
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    var number = 0
    while number < lines.count {
      var rest = lines[number].drop(while: \.isWhitespace)
      number += 1
      if rest.isEmpty || rest.hasPrefix("#") { continue }
      if rest.hasPrefix("export"), rest.dropFirst(6).first?.isWhitespace == true {
        rest = rest.dropFirst(6).drop(while: \.isWhitespace)
      }
      let start = number
      let isOurs = prefixes.isEmpty || prefixes.contains { rest.hasPrefix($0) }
      do throws(LineError) {
        let name = try Self.name(of: &rest, line: start)
        let value = try Self.value(of: rest, line: start) { () -> Substring? in
          guard number < lines.count else { return nil }
          defer { number += 1 }
          return lines[number]
        }
        guard entries.updateValue(Entry(value: value, line: start), forKey: name) == nil || !isOurs else {
          throw LineError(line: start, problem: "\(name) is set a second time")
        }
      } catch {
        guard !isOurs else { throw error }
        // Nobody can tell where a value of another program ends; the next line is looked at by itself.
        number = start
      }
    }
  }

  /// The name in front of the equals sign, which is taken off.
  private static func name(of rest: inout Substring, line: Int) throws(LineError) -> String {
    guard let equals = rest.firstIndex(of: "=") else {
      throw LineError(line: line, problem: "there is no = after the name")
    }
    var name = rest[..<equals]
    while name.last?.isWhitespace == true { name.removeLast() }
    guard let first = name.first, first.isASCII, first.isLetter || first == "_",
      name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
    else { throw LineError(line: line, problem: "a name has letters, digits and _") }
    rest = rest[rest.index(after: equals)...]
    return String(name)
  }

  /// The value behind the equals sign; `more` gives the next line, for a value in quotes that goes over several.
  private static func value(
    of text: Substring, line: Int, more: () -> Substring?
  ) throws(LineError) -> String {
    let text = text.drop(while: \.isWhitespace)
    guard let quote = text.first, quote == "'" || quote == "\"" || quote == "`" else {
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
    while true {
      guard let character = rest.popFirst() else {
        guard let next = more() else { break }
        value.append("\n")
        rest = next
        continue
      }
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
