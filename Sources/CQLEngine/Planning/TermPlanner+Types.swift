import CQLLanguage
import CassandraWire

extension TermPlanner {
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

  /// How well a term goes with a type.
  func fit(_ term: Term, _ type: CQLType) -> Literal.Fit {
    switch term.kind {
    case .null, .marker: return .weak
    case .constant(let constant):
      guard Literal.fit(constant, type) != .none else { return .none }
      return Literal.preferredType(constant) == type ? .exact : .weak
    case .list(let elements):
      switch type {
      case .list(let element): return worst(elements, element)
      case .vector(let element, let dimensions): return elements.count == dimensions ? worst(elements, element) : .none
      default: return .none
      }
    case .set(let elements):
      if case .set(let element) = type { return worst(elements, element) }
      if case .map = type, elements.isEmpty { return .weak }
      return .none
    case .map(let entries):
      guard case .map(let key, let value) = type else { return .none }
      return min(worst(entries.map(\.key), key), worst(entries.map(\.value), value))
    case .userType(let fields):
      guard case .udt(let definition) = type else { return .none }
      for field in fields {
        guard let declared = definition.fields.first(where: { $0.name == field.field.name }),
          fit(field.value, declared.type) != .none
        else { return .none }
      }
      return .weak
    case .tuple(let elements):
      let types: [CQLType]
      switch type {
      case .tuple(let fields): types = fields
      case .udt(let definition): types = definition.fields.map(\.type)
      default: return elements.count == 1 ? fit(elements[0], type) : .none
      }
      guard elements.count <= types.count else { return .none }
      return zip(elements, types).allSatisfy { fit($0, $1) != .none } ? .weak : .none
    case .call(let name, let arguments):
      let planned = self
      guard
        let function = try? FunctionCatalog.scalar(
          name, arguments.map { Argument(planned, $0) }, receiver: receiver("", type), table: table)
      else { return .weak }
      return fit(function.returnType, type)
    case .typeHint(let name, _):
      guard let hinted = try? self.type(name) else { return .none }
      return fit(hinted.wire, type)
    case .cast(_, let native): return fit(native.wire, type)
    case .negation, .arithmetic: return .weak
    }
  }

  private func fit(_ type: CQLType, _ wanted: CQLType) -> Literal.Fit {
    type == wanted ? .exact : Self.isAssignable(type, to: wanted) ? .weak : .none
  }

  private func worst(_ terms: [Term], _ type: CQLType) -> Literal.Fit {
    var result = Literal.Fit.exact
    for term in terms { result = min(result, fit(term, type)) }
    return terms.isEmpty ? .weak : result
  }

  /// The type that a term has by itself, or nil when anything could be meant.
  func naturalType(_ term: Term) -> CQLType? {
    switch term.kind {
    case .null, .marker, .userType, .negation, .arithmetic: return nil
    case .constant(let constant): return Literal.preferredType(constant)
    case .list(let elements): return elements.lazy.compactMap { naturalType($0) }.first.map { .list($0) }
    case .set(let elements): return elements.lazy.compactMap { naturalType($0) }.first.map { .set($0) }
    case .map(let entries):
      guard let key = entries.lazy.compactMap({ naturalType($0.key) }).first,
        let value = entries.lazy.compactMap({ naturalType($0.value) }).first
      else { return nil }
      return .map(key: key, value: value)
    case .tuple(let elements):
      var types: [CQLType] = []
      for element in elements {
        guard let type = naturalType(element) else { return nil }
        types.append(type)
      }
      return .tuple(types)
    case .call(let name, let arguments):
      let planned = self
      return try? FunctionCatalog.scalar(
        name, arguments.map { Argument(planned, $0) }, receiver: nil, table: table
      ).returnType
    case .typeHint(let name, _): return try? type(name).wire
    case .cast(_, let native): return native.wire
    }
  }
}

/// An argument of a call whose function is still to be found.
struct Argument {
  /// How well it goes with a type.
  let fit: (CQLType) -> Literal.Fit
  /// The type that it has by itself.
  let type: CQLType?
  /// Its text, for messages.
  let text: String

  init(_ planner: TermPlanner, _ term: Term) {
    fit = { planner.fit(term, $0) }
    type = planner.naturalType(term)
    text = term.cql
  }

  init(text: String, type: CQLType?, fit: @escaping (CQLType) -> Literal.Fit) {
    self.fit = fit
    self.type = type
    self.text = text
  }
}

extension Term {
  /// Whether there is a marker in it.
  var hasMarker: Bool {
    switch kind {
    case .marker: true
    case .constant, .null: false
    case .list(let parts), .set(let parts), .tuple(let parts), .call(_, let parts): parts.contains(where: \.hasMarker)
    case .map(let entries): entries.contains { $0.key.hasMarker || $0.value.hasMarker }
    case .userType(let fields): fields.contains { $0.value.hasMarker }
    case .typeHint(_, let inner), .cast(let inner, _), .negation(let inner): inner.hasMarker
    case .arithmetic(let left, _, let right): left.hasMarker || right.hasMarker
    }
  }
}
