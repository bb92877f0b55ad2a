import CQLLanguage
import FuzzDriver

/// What is accepted means the same with white space around it and within limits; what is refused says where.
@main
enum FuzzCQL {
  static func main() {
    runFuzzer { input in
      let statement: ParsedStatement
      do throws(CQLSyntaxError) {
        statement = try CQLParser.parse(input)
      } catch {
        checkError(error, input)
        checkLimits(input, isAccepted: false)
        return
      }
      checkSurroundings(statement, input)
      checkLimits(input, isAccepted: true)
      checkWriting(statement.statement)
    }
  }

  private static func checkError(_ error: CQLSyntaxError, _ input: [UInt8]) {
    precondition(!error.message.isEmpty, "an error says nothing")
    guard let line = error.line, let column = error.column else { return }
    precondition(error.message.hasPrefix("line \(line):\(column) "), "a message has another place than its error")
    precondition(line >= 0 && line <= input.count + 1 && column >= -1 && column <= input.count, "a place is outside")
    precondition((line == 0) == (column == -1), "only the end of the text has no place")
  }

  private static func checkSurroundings(_ statement: ParsedStatement, _ input: [UInt8]) {
    let surrounded = Array("/* ; */\n".utf8) + input + Array("\n;; // end\n".utf8)
    precondition((try? CQLParser.parse(surrounded)) == statement, "white space and semicolons make a difference")
  }

  private static func checkLimits(_ input: [UInt8], isAccepted: Bool) {
    guard let first = input.last else { return }
    let limits = CQLLimits(
      bytes: Int(first) * 4, tokens: Int(first >> 1), depth: Int(first & 7), terms: Int(first >> 3),
      markers: Int(first >> 5))
    precondition((try? CQLParser.parse(input, limits: limits)) == nil || isAccepted, "narrow limits take more")
  }

  /// Constants, types and names that are written read back.
  private static func checkWriting(_ statement: CQLStatement) {
    switch statement {
    case .insert(let insert):
      guard case .values(_, let values) = insert.source else { return }
      for value in values {
        let text = value.cql
        // Markers are numbered anew, and depth is lost to the statement around.
        if text.utf8.contains(UInt8(ascii: "?")) || text.utf8.contains(UInt8(ascii: ":")) { continue }
        guard case .insert(let again)? = try? CQLParser.parse("INSERT INTO t (a) VALUES (\(text))").statement,
          case .values(_, let read) = again.source
        else { preconditionFailure("a term does not read back: \(text)") }
        precondition(read == [value], "a term reads back as another: \(text)")
      }
    case .createTable(let table):
      for column in table.columns {
        let text = "CREATE TABLE t (\(column.name.cql) \(column.type.cql))"
        guard case .createTable(let again)? = try? CQLParser.parse(text).statement else {
          preconditionFailure("a column does not read back: \(text)")
        }
        precondition(again.columns[0].name == column.name, "a name reads back as another: \(text)")
        precondition(again.columns[0].type == column.type, "a type reads back as another: \(text)")
      }
    default: break
    }
  }
}
