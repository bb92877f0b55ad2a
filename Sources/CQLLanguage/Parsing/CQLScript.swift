/// A text of several statements, as a file of CQL has them.
public enum CQLScript {
  /// One statement of a script.
  public struct Part: Sendable, Equatable {
    /// The statement, without the semicolon at its end.
    public var text: String
    /// The line that it begins in, from 1.
    public var line: Int
  }

  /// Cuts a script into its statements. Each ends with a semicolon, but for the last; those between `BEGIN BATCH` and
  /// `APPLY BATCH` are one. Comments are left out, and a semicolon in one, or in a text, ends nothing.
  ///
  /// - Throws: ``CQLSyntaxError`` when a token is none, such as a text without its end. Whether a statement makes sense is
  ///   for the parser to say.
  public static func parts(of text: String) throws(CQLSyntaxError) -> [Part] {
    // A comment has to end with its line.
    let source = Array(text.utf8) + [UInt8(ascii: "\n")]
    guard source.count <= Int(UInt32.max) else {
      throw CQLSyntaxError(.limit, message: "The script has more than 4 GiB")
    }
    var lexer = Lexer(source)
    var parts: [Part] = []
    var start: Int?
    var end = 0
    var line = LineCounter()
    var isBatch = false
    var previous = TokenKind.semicolon
    while true {
      let position = lexer.position
      let token = lexer.next()
      switch token.kind {
      case .hidden: continue
      case .lexicalError:
        // Where the token began; it may have failed far behind, as a text without its end does.
        let place = line.advance(to: position, in: source)
        throw CQLSyntaxError(line: place, message: "line \(place): this is no CQL")
      case .endOfInput:
        if let start { parts.append(line.part(start..<end, of: source)) }
        return parts
      case .semicolon where !isBatch:
        if let start { parts.append(line.part(start..<end, of: source)) }
        start = nil
      default:
        if start == nil {
          start = Int(token.start)
          isBatch = token.kind == .begin
        } else if isBatch, previous == .apply, token.kind == .batch {
          isBatch = false
        }
        end = Int(token.end)
      }
      previous = token.kind
    }
  }

  /// Counts lines, going over the text once.
  private struct LineCounter {
    private var line = 1
    private var position = 0

    mutating func advance(to offset: Int, in source: [UInt8]) -> Int {
      while position < offset {
        if source[position] == UInt8(ascii: "\n") { line += 1 }
        position += 1
      }
      return line
    }

    mutating func part(_ range: Range<Int>, of source: [UInt8]) -> Part {
      Part(
        text: String(decoding: source[range], as: UTF8.self), line: advance(to: range.lowerBound, in: source))
    }
  }
}
