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
    // Not by characters: a quote or a # with a combining mark behind it is another one, and thousands of marks cost seconds.
    let lines = Self.lines(of: text)
    var number = 0
    while number < lines.count {
      var rest = lines[number].drop(while: \.properties.isWhitespace)
      number += 1
      if rest.isEmpty || rest.first == "#" { continue }
      if rest.starts(with: "export".unicodeScalars), rest.dropFirst(6).first?.properties.isWhitespace == true {
        rest = rest.dropFirst(6).drop(while: \.properties.isWhitespace)
      }
      let start = number
      let isOurs = prefixes.isEmpty || prefixes.contains { rest.starts(with: $0.unicodeScalars) }
      do throws(LineError) {
        let name = try Self.name(of: &rest, line: start)
        let value = try Self.value(of: rest, line: start) { () -> Line? in
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

  private typealias Line = Substring.UnicodeScalarView

  /// The lines of a text; a return with a newline behind it is one end.
  private static func lines(of text: String) -> [Line] {
    var rest = Substring(text).unicodeScalars
    // Some editors begin a file with the mark of its byte order.
    if rest.first == "\u{feff}" { rest.removeFirst() }
    var lines: [Line] = []
    while let end = rest.firstIndex(where: { Character($0).isNewline }) {
      lines.append(rest[..<end])
      let isReturn = rest[end] == "\r"
      rest = rest[rest.index(after: end)...]
      if isReturn && rest.first == "\n" { rest.removeFirst() }
    }
    return lines + [rest]
  }

  /// The name in front of the equals sign, which is taken off.
  private static func name(of rest: inout Line, line: Int) throws(LineError) -> String {
    guard let equals = rest.firstIndex(of: "=") else {
      throw LineError(line: line, problem: "there is no = after the name")
    }
    var name = rest[..<equals]
    while name.last?.properties.isWhitespace == true { name.removeLast() }
    let isLetter = { (scalar: Unicode.Scalar) in scalar.isASCII && scalar.properties.isAlphabetic || scalar == "_" }
    guard let first = name.first, isLetter(first), name.allSatisfy({ isLetter($0) || ("0"..."9").contains($0) }) else {
      throw LineError(line: line, problem: "a name has letters, digits and _")
    }
    rest = rest[rest.index(after: equals)...]
    return String(name)
  }

  /// The value behind the equals sign; `more` gives the next line, for a value in quotes that goes over several.
  private static func value(of text: Line, line: Int, more: () -> Line?) throws(LineError) -> String {
    let text = text.drop(while: \.properties.isWhitespace)
    var value = String.UnicodeScalarView()
    guard let quote = text.first, quote == "'" || quote == "\"" || quote == "`" else {
      var previous: Unicode.Scalar = " "
      for scalar in text {
        if scalar == "#" && previous.properties.isWhitespace { break }
        value.append(scalar)
        previous = scalar
      }
      while value.last?.properties.isWhitespace == true { value.removeLast() }
      return String(value)
    }
    var rest = text.dropFirst()
    while true {
      guard let scalar = rest.popFirst() else {
        guard let next = more() else { break }
        value.append("\n")
        rest = next
        continue
      }
      if scalar == quote {
        let end = rest.drop(while: \.properties.isWhitespace)
        guard end.isEmpty || end.first == "#" else {
          throw LineError(line: line, problem: "something follows the closing quote")
        }
        return String(value)
      }
      guard quote == "\"", scalar == "\\" else {
        value.append(scalar)
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
