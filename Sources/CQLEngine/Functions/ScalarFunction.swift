import CassandraWire

/// A function that makes a value of values.
struct ScalarFunction: Sendable {
  /// What a function computes; nil stands for null.
  typealias Body =
    @Sendable (_ arguments: [ArraySlice<UInt8>?], _ context: FunctionContext) throws(EngineFailure) ->
    ArraySlice<UInt8>?

  /// The name, without its keyspace.
  let name: String
  /// The types of the arguments.
  let argumentTypes: [CQLType]
  /// The type of the result.
  let returnType: CQLType
  /// What it computes.
  let body: Body

  init(_ name: String, _ argumentTypes: [CQLType], _ returnType: CQLType, _ body: @escaping Body) {
    self.name = name
    self.argumentTypes = argumentTypes
    self.returnType = returnType
    self.body = body
  }

  /// A function of one value that is null for null.
  init(
    _ name: String, _ argumentType: CQLType, _ returnType: CQLType,
    ofOne body: @escaping @Sendable (ArraySlice<UInt8>) throws(EngineFailure) -> [UInt8]?
  ) {
    self.init(name, [argumentType], returnType) { arguments, _ throws(EngineFailure) in
      guard let argument = arguments[0] else { return nil }
      return try body(argument).map { $0[...] }
    }
  }

  /// The name with its keyspace.
  var qualifiedName: String { "system.\(name)" }

  /// The signature as messages write it.
  var signature: String {
    let arguments = argumentTypes.map { CQLTypeText.text($0) }.joined(separator: ", ")
    return "\(qualifiedName) : (\(arguments)) -> \(CQLTypeText.text(returnType))"
  }
}

/// What functions know of the request.
struct FunctionContext: Sendable {
  /// Microseconds since 1970.
  let now: Int64
  /// Makes UUIDs.
  let uuids: TimeUUIDSource
}
