import CQLLanguage

extension Property {
  /// The value as text.
  func text() throws(EngineFailure) -> String {
    switch value {
    case .constant(let constant): return constant.text
    case .keyword(let word): return word
    case .map:
      throw EngineFailure.syntax("Invalid value for property '\(name.name)'. It should be a string.")
    }
  }

  /// The entries of a map.
  func entries() throws(EngineFailure) -> NameMap<String> {
    guard case .map(let entries) = value else {
      throw EngineFailure.syntax("Invalid value for property '\(name.name)'. It should be a map.")
    }
    var result: NameMap<String> = [:]
    for entry in entries { result[entry.key.text] = entry.value.text }
    return result
  }

  /// True or false, of which Cassandra knows more than one spelling.
  func boolean() throws(EngineFailure) -> Bool {
    let text = try text()
    switch text.lowercased() {
    case "1", "true", "yes": return true
    case "0", "false", "no": return false
    default:
      throw EngineFailure.syntax(
        "Invalid boolean value \(text) for '\(name.name)'. Positive values can be '1', 'true' or 'yes'. Negative values "
          + "can be '0', 'false' or 'no'.")
    }
  }

  /// A floating-point number.
  func number() throws(EngineFailure) -> Double {
    let text = try text()
    guard let number = JavaNumber.reading(text, { Double($0) }) else {
      throw EngineFailure.syntax("Invalid double value \(text) for '\(name.name)'")
    }
    return number
  }

  /// A whole number, which Cassandra may want to be at least so large.
  func integer(atLeast minimum: Int32 = .min) throws(EngineFailure) -> Int32 {
    let text = try text()
    guard let number = Int32(text) else {
      throw EngineFailure.syntax("Invalid integer value \(text) for '\(name.name)'")
    }
    guard number >= minimum else {
      throw EngineFailure.configuration(
        "\(name.name) must be greater than or equal to \(minimum) (got \(number))")
    }
    return number
  }
}
