import CassandraBytes
import CQLLanguage
import CassandraWire

/// A function that a user has declared. The node keeps and describes it, and runs none.
struct UserFunction: Sendable, Hashable {
  /// An argument.
  struct Argument: Sendable, Hashable {
    var name: String
    var type: ColumnType
  }

  var keyspace: String
  var name: String
  var arguments: [Argument]
  var returnType: ColumnType
  /// Whether it is called when an argument is null.
  var isCalledOnNullInput: Bool
  /// The language in lower case.
  var language: String
  /// Its text, at which the node does not look.
  var body: String

  /// Its name and the types of its arguments, which only one function or aggregate of the keyspace has.
  var signature: FunctionSignature { FunctionSignature(name, arguments.map(\.type)) }
}

/// An aggregate that a user has declared. The node keeps and describes it, and computes none.
struct UserAggregate: Sendable, Hashable {
  var keyspace: String
  var name: String
  var argumentTypes: [ColumnType]
  /// The name of the function that adds a row to the state.
  var stateFunction: String
  var stateType: ColumnType
  /// The name of the function that makes the result of the last state.
  var finalFunction: String?
  /// The first state as CQL text.
  var initialCondition: String?
  var returnType: ColumnType

  var signature: FunctionSignature { FunctionSignature(name, argumentTypes) }

  /// Whether it is made of a function.
  func uses(_ function: UserFunction) -> Bool {
    if stateFunction == function.name, function.arguments.map(\.type) == [stateType] + argumentTypes { return true }
    return finalFunction == function.name && function.arguments.map(\.type) == [stateType]
  }
}

/// The name of a function or an aggregate with the types of its arguments.
struct FunctionSignature: Sendable, Hashable, Comparable {
  private let name: ByteText
  /// The types of the arguments as CQL writes them: what is frozen in any case is not called so.
  let types: [TypeName]

  init(_ name: String, _ types: [ColumnType]) {
    self.name = ByteText(name)
    self.types = types.map { type in
      if case .frozen(let inner) = type.name { inner } else { type.name }
    }
  }

  /// `name(int, text)`, the name in quotes where it has to be.
  var cql: String { "\(Identifier.cql(name.text))\(list)" }
  /// The same with the name as it is.
  var text: String { "\(name.text)\(list)" }
  private var list: String { "(\(types.map(\.cql).joined(separator: ", ")))" }

  /// The types as events tell them, which name the keyspace of user types.
  func types(in keyspace: String) -> [String] { types.map { $0.qualifyingUserTypes(keyspace).cql } }

  /// Cassandra's order is without regard to case.
  static func < (left: FunctionSignature, right: FunctionSignature) -> Bool {
    ByteText(left.text.lowercased()) < ByteText(right.text.lowercased())
  }
}

extension TypeName {
  /// The type with the keyspace of its user types.
  fileprivate func qualifyingUserTypes(_ keyspace: String) -> TypeName {
    switch self {
    case .native, .custom: self
    case .list(let element): .list(element.qualifyingUserTypes(keyspace))
    case .set(let element): .set(element.qualifyingUserTypes(keyspace))
    case .map(let key, let value):
      .map(key: key.qualifyingUserTypes(keyspace), value: value.qualifyingUserTypes(keyspace))
    case .tuple(let elements): .tuple(elements.map { $0.qualifyingUserTypes(keyspace) })
    case .vector(let element, let dimension):
      .vector(element: element.qualifyingUserTypes(keyspace), dimension: dimension)
    case .frozen(let inner): .frozen(inner.qualifyingUserTypes(keyspace))
    case .userDefined(let name): .userDefined(QualifiedName(name.name, in: Identifier(keyspace)))
    }
  }
}

extension Keyspace {
  /// The functions in the order of their names and types.
  var sortedFunctions: [UserFunction] { functions.values.sorted { $0.signature < $1.signature } }

  /// The aggregates in the order of their names and types.
  var sortedAggregates: [UserAggregate] { aggregates.values.sorted { $0.signature < $1.signature } }

  /// The functions of a name.
  func functions(named name: String) -> [UserFunction] { sortedFunctions.filter { $0.name == name } }

  /// The aggregates of a name.
  func aggregates(named name: String) -> [UserAggregate] { sortedAggregates.filter { $0.name == name } }
}
