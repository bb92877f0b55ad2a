import CassandraBytes
import CassandraRowJSON
import CassandraWire

/// An answer as lines of text, so that two servers can be compared and a person can read what a file expects.
enum AnswerText {
  /// The lines of the answer to a statement: what it is, then its columns and rows.
  static func lines(_ answer: WireClient.Answer, version: ProtocolVersion) throws -> [String] {
    var lines: [String]
    switch answer.message {
    case .error(let error): lines = ["error \(hex(error.code.rawValue)) \(oneLine(error.message))"]
    case .result(let result): lines = try self.lines(result, answer.body, version)
    case .ready, .authenticate, .supported, .event, .authChallenge, .authSuccess: lines = ["\(answer.message)"]
    }
    for warning in answer.warnings { lines.append("  warning \(oneLine(warning))") }
    return lines
  }

  private static func hex(_ code: Int32) -> String {
    let digits = String(code, radix: 16)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  private static func oneLine(_ text: String) -> String {
    text.replacing("\n", with: "\\n").replacing("\r", with: "\\r")
  }

  private static func lines(
    _ result: ResultResponse, _ body: [UInt8], _ version: ProtocolVersion
  ) throws -> [String] {
    switch result {
    case .void: return ["void"]
    case .setKeyspace(let keyspace): return ["keyspace \(keyspace)"]
    case .schemaChange(let change): return ["schema \(change.change.rawValue) \(name(change))"]
    case .prepared(let prepared):
      return ["prepared \(prepared.parameters.partitionKeyIndexes)"]
        + prepared.parameters.columns.map { "  ? \(column($0))" }
        + (prepared.result.columns ?? []).map { "  = \(column($0))" }
    case .rows(let rows):
      let columns = rows.metadata.columns ?? []
      return ["rows \(rows.rowCount)\(rows.metadata.pageState == nil ? "" : " and more")"]
        + columns.map { "  : \(column($0))" } + (try self.rows(rows, columns, body))
    }
  }

  private static func name(_ change: SchemaChange) -> String {
    switch change.target {
    case .keyspace: "keyspace \(change.keyspace)"
    case .table(let name): "table \(change.keyspace).\(name)"
    case .type(let name): "type \(change.keyspace).\(name)"
    case .function(let name, let types): "function \(change.keyspace).\(name)(\(types.joined(separator: ", ")))"
    case .aggregate(let name, let types): "aggregate \(change.keyspace).\(name)(\(types.joined(separator: ", ")))"
    }
  }

  private static func column(_ column: ColumnSpecification) -> String {
    "\(column.keyspace).\(column.table) \(column.name) \(column.type)"
  }

  /// One line a row: the JSON of each cell; `-` for null, and the bytes of a cell that is no value of its type.
  static func rows(_ rows: RowsResult, _ columns: [ColumnSpecification], _ body: [UInt8]) throws -> [String] {
    let writers = columns.map { CellJSONWriter($0.type) }
    var position = rows.content.lowerBound
    var lines: [String] = []
    for _ in 0..<rows.rowCount {
      var cells: [String] = []
      for writer in writers {
        guard let range = try body.span.readBytes(&position) else {
          cells.append("-")
          continue
        }
        let cell = body.span.extracting(range)
        var text: [UInt8] = []
        do throws(CQLValueError) { try writer.write(cell, into: &text) } catch {
          text = Array("0x".utf8)
          for index in 0..<cell.count {
            text += Array((cell[index] < 16 ? "0" : "").utf8) + Array(String(cell[index], radix: 16).utf8)
          }
        }
        cells.append(oneLine(String(decoding: text, as: UTF8.self)))
      }
      lines.append("  | " + cells.joined(separator: " | "))
    }
    return lines
  }
}
