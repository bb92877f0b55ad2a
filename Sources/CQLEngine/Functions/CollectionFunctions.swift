import CassandraBytes
import CassandraWire

/// Functions of a collection; their types depend on that of the argument.
enum CollectionFunctions {
  typealias Factory = @Sendable ([Argument]) throws(EngineFailure) -> ScalarFunction

  static let factories: NameMap<Factory> = [
    "map_keys": { arguments throws(EngineFailure) in
      let type = try type("map_keys", arguments, "a map") { $0.isMap }
      guard case .map(let key, _) = type else { throw EngineFailure.invalid("Not a map") }
      return ScalarFunction("map_keys", type, .set(key), ofOne: { parts($0, type, from: 0, by: 2) })
    },
    "map_values": { arguments throws(EngineFailure) in
      let type = try type("map_values", arguments, "a map") { $0.isMap }
      guard case .map(_, let value) = type else { throw EngineFailure.invalid("Not a map") }
      return ScalarFunction("map_values", type, .list(value), ofOne: { parts($0, type, from: 1, by: 2) })
    },
    "collection_count": { arguments throws(EngineFailure) in
      let type = try type("collection_count", arguments, "a collection") { $0.isCollection }
      return ScalarFunction("collection_count", type, .int, ofOne: { Array($0.prefix(4)) })
    },
    "collection_min": { arguments throws(EngineFailure) in try extreme("collection_min", arguments, .min) },
    "collection_max": { arguments throws(EngineFailure) in try extreme("collection_max", arguments, .max) },
    "collection_sum": { arguments throws(EngineFailure) in try number("collection_sum", arguments, .sum) },
    "collection_avg": { arguments throws(EngineFailure) in try number("collection_avg", arguments, .avg) },
  ]

  private static func type(
    _ name: String, _ arguments: [Argument], _ wanted: String, _ isWanted: (CQLType) -> Bool
  ) throws(EngineFailure) -> CQLType {
    guard arguments.count == 1 else {
      throw EngineFailure.invalid(
        "Invalid number of arguments for function system.\(name)(\(wanted.split(separator: " ").last ?? ""))")
    }
    guard let type = arguments[0].type else {
      throw EngineFailure.invalid(
        "Cannot infer type of argument \(arguments[0].text) in call to function system.\(name): use type casts to "
          + "disambiguate")
    }
    guard isWanted(type) else {
      if name.hasPrefix(bytesOf: "map_"), case .udt = type {
        // Cassandra takes a user type for a map until it asks for its keys.
        throw EngineFailure(
          .serverError,
          "java.lang.ClassCastException: class org.apache.cassandra.db.marshal.UserType cannot be cast to class "
            + "org.apache.cassandra.db.marshal.MapType")
      }
      throw EngineFailure.invalid(
        "Function system.\(name) requires \(wanted) argument, but found argument \(arguments[0].text) of type "
          + CQLTypeText.text(type))
    }
    return type
  }

  private static func parts(_ value: ArraySlice<UInt8>, _ type: CQLType, from start: Int, by step: Int) -> [UInt8]? {
    guard let elements = Parts.elements(value, perElement: step) else { return nil }
    return Parts.collection(stride(from: start, to: elements.count, by: step).map { elements[$0] })
  }

  private static func element(_ type: CQLType) -> CQLType? {
    switch type {
    case .list(let element), .set(let element): element
    default: nil
    }
  }

  private static func extreme(
    _ name: String, _ arguments: [Argument], _ kind: AggregateFunction.Kind
  ) throws(EngineFailure) -> ScalarFunction {
    let type = try type(name, arguments, "a set or list") { element($0) != nil }
    guard let element = element(type) else { throw EngineFailure.invalid("Not a set or list") }
    return folding(name, type, AggregateFunction(kind, of: element))
  }

  private static func number(
    _ name: String, _ arguments: [Argument], _ kind: AggregateFunction.Kind
  ) throws(EngineFailure) -> ScalarFunction {
    let type = try type(name, arguments, "a numeric set or list") { element($0)?.isNumber ?? false }
    guard let element = element(type) else { throw EngineFailure.invalid("Not a set or list") }
    return folding(name, type, AggregateFunction(kind, of: element))
  }

  private static func folding(_ name: String, _ type: CQLType, _ aggregate: AggregateFunction) -> ScalarFunction {
    ScalarFunction(
      name, type, aggregate.returnType,
      ofOne: { value throws(EngineFailure) in
        guard let elements = Parts.elements(value) else { return nil }
        var accumulator = Accumulator(aggregate)
        for element in elements { try accumulator.add(element) }
        return try accumulator.result()
      })
  }
}
