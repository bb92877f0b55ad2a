import CassandraBytes
import CassandraWire

/// How alike two vectors are: `similarity_cosine`, `similarity_euclidean` and `similarity_dot_product`.
enum VectorFunctions {
  /// Those that there are.
  private static let similarities: NameMap<VectorSimilarity> = [
    "similarity_cosine": .cosine, "similarity_euclidean": .euclidean, "similarity_dot_product": .dotProduct,
  ]

  /// The function of that name for such arguments; nil when it is none of these. `receiver` is what its value is for,
  /// nil in a selection.
  static func function(
    _ name: String, _ arguments: [Argument], receiver: Receiver?
  ) throws(EngineFailure) -> ScalarFunction? {
    guard let similarity = similarities[name] else { return nil }
    let signature = "system.\(name)(vector<float, n>, vector<float, n>)"
    guard arguments.count == 2 else {
      throw EngineFailure.invalid("Invalid number of arguments for function \(signature)")
    }
    // Where a value of a type is wanted, Cassandra takes a literal for one of that type.
    if let receiver, let literal = arguments.first(where: { $0.elementCount != nil }) {
      throw EngineFailure.invalid(
        "Function system.\(name) requires a float vector argument, but found argument \(literal.text) of type "
          + CQLTypeText.text(receiver.type))
    }
    // Each argument has the type of the other one where that is known.
    let known = arguments.map { vectorType(of: $0) }
    var counts: [Int] = []
    for (index, argument) in arguments.enumerated() {
      guard let type = known[1 - index] ?? known[index] else {
        throw EngineFailure.invalid(
          "Cannot infer type of argument \(argument.text) in call to function \(signature): use type casts to "
            + "disambiguate")
      }
      guard let count = FloatVector.dimensions(type), argument.fit(type) != .none else {
        throw EngineFailure.invalid(
          "Function system.\(name) requires a float vector argument, but found argument \(argument.text) of type "
            + CQLTypeText.text(argument.type ?? type))
      }
      counts.append(count)
    }
    let dimensions = counts[0]
    guard dimensions == counts[1] else {
      throw EngineFailure.invalid("All arguments must have the same vector dimensions")
    }
    let type = CQLType.vector(.float, dimensions: dimensions)
    return ScalarFunction(name, [type, type], .float) { values, _ throws(EngineFailure) in
      guard let left = values[0], let right = values[1] else { return nil }
      let vectors = [FloatVector.elements(left.span), FloatVector.elements(right.span)]
      // An empty value is no vector.
      guard vectors.allSatisfy({ $0.count == dimensions }) else { return nil }
      if similarity == .cosine, vectors.contains(where: { VectorRules.isZero($0) }) {
        throw EngineFailure.invalid("Function system.\(name) doesn't support all-zero vectors.")
      }
      var bytes: [UInt8] = []
      bytes.append(bigEndian: similarity.score(vectors[0], vectors[1]).bitPattern)
      return bytes[...]
    }
  }

  /// The type of an argument: of a literal a vector of as many elements, of what is no vector its own.
  private static func vectorType(of argument: Argument) -> CQLType? {
    if let count = argument.elementCount { return .vector(.float, dimensions: count) }
    return argument.type
  }
}
