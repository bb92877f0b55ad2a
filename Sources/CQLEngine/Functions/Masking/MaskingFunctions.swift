import CassandraBytes
import CassandraWire

/// The functions of dynamic data masking. What they make of a value has the value's type, but for a hash, so that a column
/// may be masked with them.
enum MaskingFunctions {
  /// Their names.
  private enum Name: String, CaseIterable {
    case null = "mask_null"
    case `default` = "mask_default"
    case replace = "mask_replace"
    case inner = "mask_inner"
    case outer = "mask_outer"
    case hash = "mask_hash"

    /// The parameters as messages write them.
    var parameters: String {
      switch self {
      case .null, .default: "any"
      case .replace: "any, any"
      case .inner, .outer: "\(MaskingFunctions.texts), int, int, [text]"
      case .hash: "any, [text]"
      }
    }

    /// How many arguments there may be.
    var counts: ClosedRange<Int> {
      switch self {
      case .null, .default: 1...1
      case .replace: 2...2
      case .inner, .outer: 3...4
      case .hash: 1...2
      }
    }
  }

  private static let texts = "[text|varchar|ascii]"

  /// The types of all arguments that the function of that name takes with a first one of a type; empty when there is none.
  static func argumentTypes(_ name: String, of type: CQLType) -> [CQLType] {
    switch Name(named: name) {
    case .null, .default: [type]
    case .replace: [type, type]
    case .inner, .outer: [type, .int, .int, .text]
    case .hash: [type, .text]
    case nil: []
    }
  }

  /// The function of that name for such arguments; nil when it is none of these. What its value is for does not count.
  static func function(_ text: String, _ arguments: [Argument]) throws(EngineFailure) -> ScalarFunction? {
    guard let name = Name(named: text) else { return nil }
    guard name.counts.contains(arguments.count) else {
      throw EngineFailure.invalid("Invalid number of arguments for function system.\(text)(\(name.parameters))")
    }
    guard let type = arguments[0].type else {
      throw EngineFailure.invalid(
        "Cannot infer type of argument \(arguments[0].text) in call to function system.\(text)(\(name.parameters)): use "
          + "type casts to disambiguate")
    }
    let types = Array(argumentTypes(text, of: type).prefix(arguments.count))
    switch name {
    case .null: return ScalarFunction(text, [type], type) { _, _ in nil }
    case .default:
      let value = try MaskedValue.standard(type)[...]
      return ScalarFunction(text, [type], type) { _, _ in value }
    case .replace:
      if arguments[1].fit(type) == .none {
        throw EngineFailure.invalid(
          "Type error: \(arguments[1].text) cannot be passed as argument 1 of function system.\(text) of type "
            + CQLTypeText.text(type, isFrozen: true))
      }
      return ScalarFunction(text, types, type) { values, _ in values[1] }
    case .inner, .outer:
      guard type == .text || type == .ascii else {
        throw EngineFailure.invalid(
          "Function system.\(text) requires an argument of type \(texts), but found argument \(arguments[0].text) of type "
            + CQLTypeText.text(type))
      }
      try check(arguments, types, of: text)
      return ScalarFunction(text, types, type) { values, _ throws(EngineFailure) in
        let padding = try MaskedText.padding(values.count > 3 ? values[3] : nil, function: text)
        guard let value = values[0] else { return nil }
        return MaskedText.mask(
          value, isInner: name == .inner, first: number(values[1]), last: number(values[2]), padding: padding,
          isASCII: type == .ascii)[...]
      }
    case .hash:
      try check(arguments, types, of: text)
      return ScalarFunction(text, types, .blob) { values, _ throws(EngineFailure) in
        let algorithm = values.count > 1 ? values[1].map { String(decoding: $0, as: UTF8.self) } : nil
        let digest = try MaskingDigest(algorithm ?? MaskingDigest.standard)
        return try values[0].map { value throws(EngineFailure) in try digest.digest(value)[...] }
      }
    }
  }

  private static func number(_ value: ArraySlice<UInt8>?) -> Int {
    guard let value, value.count == 4 else { return 0 }
    return Int(value.span.int32(at: 0))
  }

  private static func check(
    _ arguments: [Argument], _ types: [CQLType], of name: String
  ) throws(EngineFailure) {
    for (index, argument) in arguments.enumerated() where index > 0 && argument.fit(types[index]) == .none {
      throw EngineFailure.invalid(
        "Function system.\(name) requires an argument of type \(CQLTypeText.text(types[index])), but found argument "
          + "\(argument.text) of type \(argument.type.map { CQLTypeText.text($0) } ?? "unknown")")
    }
  }
}
