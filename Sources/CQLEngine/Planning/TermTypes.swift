import CQLLanguage
import CassandraWire

/// Finds out what types terms have and what they could be values for, in one keyspace and table.
struct TermTypes {
  /// The keyspace in which user types and functions are looked up.
  let keyspace: Keyspace?
  /// The table of the statement, for messages.
  let table: Table?
  /// How often a type was found out.
  let typings = TypingCount()

  init(keyspace: Keyspace?, table: Table?) {
    self.keyspace = keyspace
    self.table = table
  }

  /// A receiver that belongs to the table.
  func receiver(_ name: String, _ type: CQLType) -> Receiver {
    Receiver(name, type, keyspace: table?.keyspace ?? keyspace?.name ?? "", table: table?.name ?? "")
  }

  /// A type of a statement; user types are those of the table's keyspace.
  func type(_ name: TypeName) throws(EngineFailure) -> ColumnType {
    guard let keyspace else { return try TypeResolver(keyspace: "", types: [:]).resolve(name) }
    return try TypeResolver(keyspace).resolve(name)
  }

  /// Whether a value of one type may be used where another one is wanted, without changing its bytes.
  static func isAssignable(_ type: CQLType, to wanted: CQLType) -> Bool {
    if type == wanted || wanted == .blob { return true }
    switch (type, wanted) {
    case (.ascii, .text), (.timeuuid, .uuid), (.counter, .bigint), (.bigint, .counter), (.timestamp, .bigint),
      (.bigint, .timestamp), (.int, .varint), (.bigint, .varint), (.timestamp, .varint), (.int, .date),
      (.bigint, .time):
      return true
    case (.list(let left), .list(let right)), (.set(let left), .set(let right)): return isAssignable(left, to: right)
    case (.map(let leftKey, let leftValue), .map(let rightKey, let rightValue)):
      return isAssignable(leftKey, to: rightKey) && isAssignable(leftValue, to: rightValue)
    default: return false
    }
  }

  /// How well a term goes with a type, which nothing is known about yet.
  func findFit(_ term: TypedTerm, _ type: CQLType) -> Literal.Fit {
    switch term.term.kind {
    case .null, .marker: return .weak
    case .constant(let constant):
      guard Literal.fit(constant, type) != .none else { return .none }
      return Literal.preferredType(constant) == type ? .exact : .weak
    case .list(let elements):
      switch type {
      case .list(let element): return worst(term.parts, element)
      case .vector(let element, let dimensions):
        return elements.count == dimensions ? worst(term.parts, element) : .none
      default: return .none
      }
    case .set(let elements):
      if case .set(let element) = type { return worst(term.parts, element) }
      if case .map = type, elements.isEmpty { return .weak }
      return .none
    case .map:
      guard case .map(let key, let value) = type else { return .none }
      return min(worst(term.keys, key), worst(term.values, value))
    case .userType(let fields):
      guard case .udt(let definition) = type else { return .none }
      for (field, value) in zip(fields, term.parts) {
        guard let declared = definition.fields.first(where: { $0.name == field.field.name }),
          fit(value, declared.type) != .none
        else { return .none }
      }
      return .weak
    case .tuple(let elements):
      let types: [CQLType]
      switch type {
      case .tuple(let fields): types = fields
      case .udt(let definition): types = definition.fields.map(\.type)
      default: return elements.count == 1 ? fit(term.parts[0], type) : .none
      }
      guard elements.count <= types.count else { return .none }
      return zip(term.parts, types).allSatisfy { fit($0, $1) != .none } ? .weak : .none
    case .call(let name, _):
      guard
        let function = try? FunctionCatalog.scalar(
          name, term.parts.map { Argument(self, $0) }, receiver: receiver("", type), table: table, in: keyspace)
      else { return .weak }
      return fit(function.returnType, type)
    case .typeHint(let name, _):
      guard let hinted = try? self.type(name) else { return .none }
      return fit(hinted.wire, type)
    case .cast(_, let native): return fit(native.wire, type)
    case .negation, .arithmetic:
      // As of a call: what is wrong is said when it is planned.
      guard let function = try? operation(term, receiver: type) else { return .weak }
      return fit(function.returnType, type)
    }
  }

  private func fit(_ type: CQLType, _ wanted: CQLType) -> Literal.Fit {
    type == wanted ? .exact : Self.isAssignable(type, to: wanted) ? .weak : .none
  }

  private func worst(_ terms: [TypedTerm], _ type: CQLType) -> Literal.Fit {
    var result = Literal.Fit.exact
    for term in terms { result = min(result, fit(term, type)) }
    return terms.isEmpty ? .weak : result
  }

  /// The type that a term has by itself, which nothing is known about yet, or nil when anything could be meant.
  func findNaturalType(_ term: TypedTerm) -> CQLType? {
    switch term.term.kind {
    case .null, .marker, .userType: return nil
    case .constant(let constant): return Literal.preferredType(constant)
    case .list: return firstType(term.parts).map { .list($0) }
    case .set: return firstType(term.parts).map { .set($0) }
    case .map:
      guard let key = firstType(term.keys), let value = firstType(term.values) else { return nil }
      return .map(key: key, value: value)
    case .tuple:
      var types: [CQLType] = []
      for element in term.parts {
        guard let type = naturalType(element) else { return nil }
        types.append(type)
      }
      return .tuple(types)
    case .call(let name, _):
      return try? FunctionCatalog.scalar(
        name, term.parts.map { Argument(self, $0) }, receiver: nil, table: table, in: keyspace
      ).returnType
    case .typeHint(let name, _): return try? type(name).wire
    case .cast(_, let native): return native.wire
    case .negation, .arithmetic: return try? operation(term, receiver: nil).returnType
    }
  }

  private func firstType(_ terms: [TypedTerm]) -> CQLType? {
    for term in terms {
      if let type = naturalType(term) { return type }
    }
    return nil
  }

  /// The function of a sign or an operator, whose result is wanted for a type where that is known.
  func operation(_ typed: TypedTerm, receiver: CQLType?) throws(EngineFailure) -> ScalarFunction {
    let arguments = typed.parts.map { Argument(self, $0) }
    guard case .arithmetic(_, let sign, _) = typed.term.kind, arguments.count == 2 else {
      return try ArithmeticFunctions.negation(arguments[0], receiver: receiver)
    }
    return try ArithmeticFunctions.function(
      sign, arguments[0], arguments[1], receiver: receiver,
      areMarkersBeside: typed.parts.contains { part in if case .marker = part.term.kind { true } else { false } })
  }
}

/// An argument of a call whose function is still to be found.
struct Argument {
  /// How well it goes with a type.
  let fit: (CQLType) -> Literal.Fit
  /// How many elements it has when it is written as `[…]`.
  let elementCount: Int?
  private let findType: () -> CQLType?
  private let write: () -> String

  /// The type that it has by itself.
  var type: CQLType? { findType() }
  /// Its text, for messages.
  var text: String { write() }

  init(_ types: TermTypes, _ term: TypedTerm) {
    self.init(
      text: term.term.cql, type: types.naturalType(term), elementCount: term.elementCount
    ) { types.fit(term, $0) }
  }

  init(
    text: @autoclosure @escaping () -> String, type: @autoclosure @escaping () -> CQLType?, elementCount: Int? = nil,
    fit: @escaping (CQLType) -> Literal.Fit
  ) {
    self.elementCount = elementCount
    self.fit = fit
    findType = type
    write = text
  }
}
