import CassandraBytes
import CQLLanguage
import CassandraWire

/// Finds the function that a call means.
enum FunctionCatalog {
  /// The functions with fixed types, by name.
  private static let overloads: NameMap<[ScalarFunction]> = {
    var result: NameMap<[ScalarFunction]> = [:]
    for function in TimeFunctions.all + FloorFunctions.all + BlobFunctions.all + MathFunctions.all + [uuid] {
      result[function.name, default: []].append(function)
    }
    return result
  }()

  private static let uuid = ScalarFunction("uuid", [], .uuid) { _, _ in
    var generator = SystemRandomNumberGenerator()
    let uuid = CQLUUID.random(using: &generator)
    var bytes: [UInt8] = []
    bytes.append(uuid: uuid)
    return bytes[...]
  }

  /// The function of that name for such arguments; throws Cassandra's refusal, which has other words in a selection.
  static func scalar(
    _ name: QualifiedName, _ arguments: [Argument], receiver: Receiver?, table: Table?, in keyspace: Keyspace?,
    inSelection: Bool = false
  ) throws(EngineFailure) -> ScalarFunction {
    let text = name.name.name
    if let qualifier = name.keyspace, qualifier.name != "system" {
      if let keyspace { try UserFunctions.refuseCall(name, in: keyspace) }
      throw unknown(name, inSelection: inSelection)
    }
    if let function = try MaskingFunctions.function(text, arguments) { return function }
    if let function = try JSONFunctions.function(text, arguments, receiver) { return function }
    if text == "token" { return try checked(TokenFunction.function(table), arguments) }
    if let factory = CollectionFunctions.factories[text] { return try factory(arguments) }
    if let function = try VectorFunctions.function(text, arguments, receiver: inSelection ? nil : receiver) {
      return function
    }
    guard let candidates = overloads[text] else {
      if AggregateFunction.names.contains(text) { throw notScalar(text, arguments, receiver) }
      if let keyspace { try UserFunctions.refuseCall(name, in: keyspace) }
      throw unknown(name, inSelection: inSelection)
    }
    return try choose(candidates, arguments, receiver, name: name.cql)
  }

  private static func unknown(_ name: QualifiedName, inSelection: Bool) -> EngineFailure {
    .invalid(inSelection ? "Unknown function '\(name.cql)'" : "Unknown function \(name.cql) called")
  }

  private static func notScalar(_ name: String, _ arguments: [Argument], _ receiver: Receiver?) -> EngineFailure {
    EngineFailure.invalid("Aggregation function are not supported in the where clause")
  }

  private static func checked(
    _ function: ScalarFunction, _ arguments: [Argument]
  ) throws(EngineFailure) -> ScalarFunction {
    guard arguments.count == function.argumentTypes.count else {
      throw EngineFailure.invalid(
        "Invalid number of arguments in call to function \(function.qualifiedName): \(function.argumentTypes.count) "
          + "required but \(arguments.count) provided")
    }
    for (index, argument) in arguments.enumerated() where argument.fit(function.argumentTypes[index]) == .none {
      throw EngineFailure.invalid(
        "Type error: \(argument.text) cannot be passed as argument \(index) of function \(function.qualifiedName) of type "
          + CQLTypeText.text(function.argumentTypes[index], isFrozen: true))
    }
    return function
  }

  /// The one of several functions that the arguments, and else the receiver, decide for.
  static func choose(
    _ candidates: [ScalarFunction], _ arguments: [Argument], _ receiver: Receiver?, name: String
  ) throws(EngineFailure) -> ScalarFunction {
    if candidates.count == 1 { return try checked(candidates[0], arguments) }
    var weak: [ScalarFunction] = []
    for candidate in candidates where candidate.argumentTypes.count == arguments.count {
      let fit = zip(arguments, candidate.argumentTypes).map { $0.fit($1) }.min() ?? .exact
      switch fit {
      case .exact: return candidate
      case .weak: weak.append(candidate)
      case .none: break
      }
    }
    if let first = weak.first, weak.count == 1 { return first }
    guard !weak.isEmpty else {
      throw EngineFailure.invalid(
        "Invalid call to function \(name), none of its type signatures match (known type signatures: "
          + "\(candidates.map(\.signature).joined(separator: ", ")))")
    }
    if let receiver, let match = weak.first(where: { $0.returnType == receiver.type }),
      weak.count(where: { $0.returnType == receiver.type }) == 1
    {
      return match
    }
    // A constant may fit several; the one of its own type is meant.
    if let match = weak.first(where: { candidate in
      zip(arguments, candidate.argumentTypes).allSatisfy { $0.type == $1 }
    }) {
      return match
    }
    throw EngineFailure.invalid(
      "Ambiguous call to function \(name) (can be matched by following signatures: "
        + "\(weak.map(\.signature).joined(separator: ", "))): use type casts to disambiguate")
  }
}

/// `token(…)`: where a partition stands.
enum TokenFunction {
  static func function(_ table: Table?) throws(EngineFailure) -> ScalarFunction {
    guard let table else { throw EngineFailure.invalid("Unknown function token called") }
    return ScalarFunction("token", table.partitionKey.map(\.wire), .bigint) { arguments, _ throws(EngineFailure) in
      var values: [ArraySlice<UInt8>] = []
      for argument in arguments {
        guard let argument else { return nil }
        values.append(argument)
      }
      let key = try KeyLayout.partitionKey(values)
      var bytes: [UInt8] = []
      // Of nothing it is the least token, at which nothing stands.
      bytes.append(bigEndian: key.isEmpty ? .min : Murmur3.token(key.span))
      return bytes[...]
    }
  }
}
