import CassandraBytes
import CassandraWire

/// `to_json` and `from_json`, whose types depend on what stands in them and around them.
enum JSONFunctions {
  /// The function of that name, or nil when it is another one.
  static func function(
    _ name: String, _ arguments: [Argument], _ receiver: Receiver?
  ) throws(EngineFailure) -> ScalarFunction? {
    switch name {
    case "to_json", "tojson": return try toJSON(name, arguments)
    case "from_json", "fromjson": return try fromJSON(name, arguments, receiver)
    default: return nil
    }
  }

  private static func toJSON(_ name: String, _ arguments: [Argument]) throws(EngineFailure) -> ScalarFunction {
    guard arguments.count == 1 else {
      throw EngineFailure.invalid("Invalid number of arguments for function system.\(name)(any)")
    }
    guard let type = arguments[0].type else {
      throw EngineFailure.invalid(
        "Cannot infer type of argument \(arguments[0].text) in call to function system.\(name)(any): use type casts "
          + "to disambiguate")
    }
    return ScalarFunction(name, [type], .text) { arguments, _ throws(EngineFailure) in
      var text: [UInt8] = []
      if case .decimal = type, arguments[0]?.count == 4 { throw Number.withoutDigits }
      // A number, or another value, of no bytes is none for the function; in a row of SELECT JSON it is an empty text.
      let isEmpty = arguments[0]?.isEmpty ?? true
      JSONText.appendOptional(isEmpty && !type.mayBeEmpty ? nil : arguments[0], type, to: &text)
      return text[...]
    }
  }

  private static func fromJSON(
    _ name: String, _ arguments: [Argument], _ receiver: Receiver?
  ) throws(EngineFailure) -> ScalarFunction {
    guard arguments.count == 1 else {
      throw EngineFailure.invalid("Invalid number of arguments for function system.\(name)(text)")
    }
    guard let receiver else {
      throw EngineFailure.invalid(
        "\(name)() cannot be used in the selection clause of a SELECT statement")
    }
    guard arguments[0].fit(.text) != .none else {
      throw EngineFailure.invalid(
        "Function system.\(name) requires an argument of type text, but found argument \(arguments[0].text) of type "
          + (arguments[0].type.map { CQLTypeText.text($0) } ?? "unknown"))
    }
    let type = receiver.type
    return ScalarFunction(name, [.text], type) { arguments, _ throws(EngineFailure) in
      guard let text = arguments[0] else { return nil }
      let tree: JSONTree
      do throws(JSONSyntaxProblem) {
        tree = try JSONParser.parse(text)
      } catch {
        throw failure(
          name,
          "execution of 'system.\(name)[text]' failed: Could not decode JSON string "
            + "'\(String(decoding: text, as: UTF8.self))': \(error.className): \(error.described)")
      }
      if case .null = tree { return nil }
      do throws(EngineFailure) {
        return try JSONValue.bytes(tree, type)[...]
      } catch {
        if error.response.code == .serverError { throw error }
        // Cassandra's durations refuse a text themselves.
        if case .duration = type, case .string = tree { throw error }
        throw failure(name, "org.apache.cassandra.serializers.MarshalException: \(error.response.message)")
      }
    }
  }

  private static func failure(_ name: String, _ message: String) -> EngineFailure {
    EngineFailure(
      .functionFailure, message,
      detail: .functionFailure(keyspace: "system", function: name, argumentTypes: ["text"]))
  }

  /// The function that makes a row of `SELECT JSON` of its columns.
  static func row(_ names: [String], _ types: [CQLType]) -> ScalarFunction {
    let heads = names.enumerated().map { index, name in
      var head = Array((index == 0 ? "{" : ", ").utf8)
      JSONText.append(name: name, to: &head)
      return head
    }
    return ScalarFunction("[json]", types, .text) { arguments, _ in
      var text: [UInt8] = []
      for (index, head) in heads.enumerated() {
        text += head
        JSONText.appendOptional(arguments[index], types[index], to: &text)
      }
      text.append(UInt8(ascii: "}"))
      return text[...]
    }
  }
}
