import CassandraBytes
import CQLLanguage
import CassandraWire

/// The row of an `INSERT … JSON ?`: which marker its text comes for, and where the values of the columns go.
struct JSONInsert: Sendable {
  /// The marker of the text.
  let marker: Int
  /// The columns of the table. The value of each stands behind the values of the statement's markers, in their order.
  let columns: [Column]
  /// Whether a column that the text does not name keeps its value.
  let defaultsToUnset: Bool

  /// The values of columns that a JSON object names; throws Cassandra's refusal.
  static func values(
    _ text: some Collection<UInt8>, _ columns: [Column], defaultsToUnset: Bool
  ) throws(EngineFailure) -> [CellValue] {
    let given = try object(text).withoutQuotes
    var values: [CellValue] = []
    values.reserveCapacity(columns.count)
    for column in columns {
      switch given[column.name] {
      case nil: values.append(defaultsToUnset ? .unset : .null)
      case .null: values.append(.null)
      case let tree?:
        do throws(EngineFailure) {
          values.append(.bytes(try JSONValue.bytes(tree, column.wire)))
        } catch {
          // Of durations Cassandra says no more than what is wrong.
          if case .duration = column.wire, case .string = tree { throw error }
          if error.response.code == .serverError { throw error }
          throw EngineFailure.invalid("Error decoding JSON value for \(column.name): \(error.response.message)")
        }
      }
    }
    let known = Set(columns.map { ByteText($0.name) })
    if let unknown = given.members.first(where: { !known.contains(ByteText($0.name)) }) {
      throw EngineFailure.invalid("JSON values map contains unrecognized column: \(unknown.name)")
    }
    return values
  }

  private static func object(_ text: some Collection<UInt8>) throws(EngineFailure) -> JSONObject {
    let tree: JSONTree
    do throws(JSONSyntaxProblem) {
      tree = try JSONParser.parse(text)
    } catch {
      throw undecodable("\(error.className): \(error.described)", text)
    }
    switch tree {
    case .object(let object): return object
    case .null: throw EngineFailure.invalid("Got null for INSERT JSON values")
    case .list: throw undecodable(Self.mismatch("Array value (token `JsonToken.START_ARRAY`)"), text)
    case .integer: throw undecodable(Self.mismatch("Integer value (token `JsonToken.VALUE_NUMBER_INT`)"), text)
    case .floating:
      throw undecodable(Self.mismatch("Floating-point value (token `JsonToken.VALUE_NUMBER_FLOAT`)"), text)
    case .boolean(let value):
      throw undecodable(
        Self.mismatch("Boolean value (token `JsonToken.VALUE_\(value ? "TRUE" : "FALSE")`)"), text)
    case .string(let value):
      throw undecodable(
        "\(Self.mismatchClass): Cannot construct instance of `java.util.LinkedHashMap` (although at least one Creator exists): "
          + "no String-argument constructor/factory method to deserialize from String value ('\(value)')\n at "
          + JSONSyntaxProblem.place(1, 1), text)
    }
  }

  private static let mismatchClass = "com.fasterxml.jackson.databind.exc.MismatchedInputException"

  private static func mismatch(_ found: String) -> String {
    "\(mismatchClass): Cannot deserialize value of type `java.util.LinkedHashMap<java.lang.Object,java.lang.Object>` from "
      + "\(found)\n at \(JSONSyntaxProblem.place(1, 1))"
  }

  private static func undecodable(_ problem: String, _ text: some Collection<UInt8>) -> EngineFailure {
    .invalid(
      "Could not decode JSON string as a map: \(problem). (String was: \(String(decoding: text, as: UTF8.self)))")
  }
}

extension Bindings {
  /// These values and those of the columns that the JSON text among them names.
  func reading(_ json: JSONInsert) throws(EngineFailure) -> Bindings {
    let text: ArraySlice<UInt8>
    switch try value(json.marker, .text) {
    case .bytes(let bytes): text = bytes
    case .unset: text = []
    case .null: throw EngineFailure.invalid("Got null for INSERT JSON values")
    }
    return appending(try JSONInsert.values(text, json.columns, defaultsToUnset: json.defaultsToUnset))
  }
}

extension WritePlanner {
  /// Plans an `INSERT … JSON`, which writes all columns of the table.
  mutating func plan(
    _ statement: InsertStatement, _ source: InsertStatement.JSONSource, defaultsToUnset: Bool
  ) throws(EngineFailure) -> WritePlan {
    if table.isCounter {
      throw EngineFailure.invalid("INSERT statements are not allowed on counter tables, use UPDATE instead")
    }
    var values: [Expression] = []
    var json: JSONInsert?
    switch source {
    case .text(let text):
      for value in try JSONInsert.values(text.utf8, table.columns, defaultsToUnset: defaultsToUnset) {
        switch value {
        case .bytes(let bytes): values.append(.constant(bytes))
        case .null: values.append(.null)
        case .unset: values.append(.unset)
        }
      }
    case .marker(let marker):
      terms.note(marker, terms.receiver("[json]", .text))
      let first = terms.reserveValues(table.columns.count)
      json = JSONInsert(marker: marker.index, columns: table.columns, defaultsToUnset: defaultsToUnset)
      for (index, column) in table.columns.enumerated() { values.append(.marker(first + index, column.wire)) }
    }
    var keys: NameMap<Restriction> = [:]
    for (column, value) in zip(table.columns, values) {
      if column.isPrimaryKey {
        keys[column.name] = Restriction(columns: [column], kind: .equal([value]))
      } else {
        operations.append(.set(column, value))
      }
    }
    return try insertion(statement, keys, json: json)
  }
}
