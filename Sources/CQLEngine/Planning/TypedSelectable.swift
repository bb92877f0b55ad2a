import CassandraBytes
import CQLLanguage
import CassandraWire

/// A selectable with the type that it has by itself, which is found once, from those of its parts; see ``TypedTerm``.
final class TypedSelectable {
  /// The selectable.
  let selectable: Selectable
  /// The term that it is, when it is one.
  let term: TypedTerm?
  /// The elements, arguments, keys and values in turn, or the one selectable that it is made of.
  private(set) lazy var parts: [TypedSelectable] = selectable.parts.map { TypedSelectable($0) }
  fileprivate var natural: CQLType??

  init(_ selectable: Selectable) {
    self.selectable = selectable
    if case .term(let term) = selectable.kind { self.term = TypedTerm(term) } else { term = nil }
  }
}

extension Selectable {
  /// The selectables that have types of their own; the column of an attribute has none.
  fileprivate var parts: [Selectable] {
    switch kind {
    case .column, .term, .countRows, .attribute: []
    case .call(_, let elements), .tuple(let elements), .list(let elements), .set(let elements): elements
    case .cast(let inner, _), .field(let inner, _), .element(let inner, _), .slice(let inner, _, _),
      .typeHint(_, let inner), .negation(let inner):
      [inner]
    case .mapOrUserType(let entries): entries.flatMap { [$0.key, $0.value] }
    case .arithmetic(let left, _, let right): [left, right]
    }
  }
}

extension SelectorPlanner {
  /// An argument of a function that is still to be found.
  func argument(_ typed: TypedSelectable) -> Argument {
    if let term = typed.term { return Argument(terms.types, term) }
    if case .tuple = typed.selectable.kind, typed.parts.count == 1 {
      let inner = argument(typed.parts[0])
      return Argument(text: naturalName(typed), type: nil) { wanted in
        if case .tuple = wanted { return .none }
        return inner.fit(wanted)
      }
    }
    var elementCount: Int?
    if case .list(let elements) = typed.selectable.kind { elementCount = elements.count }
    // A literal without a type is judged when the function is known.
    guard let type = naturalType(typed) else {
      return Argument(text: "", type: nil, elementCount: elementCount, fit: { _ in .weak })
    }
    return Argument(text: naturalName(typed), type: type, elementCount: elementCount) { wanted in
      if let elementCount, case .vector(_, let dimensions) = wanted {
        return elementCount == dimensions ? .weak : .none
      }
      return type == wanted ? .exact : TermTypes.isAssignable(type, to: wanted) ? .weak : .none
    }
  }

  /// The first type that one of several has by itself.
  func firstType(_ parts: [TypedSelectable]) -> CQLType? {
    for part in parts {
      if let type = naturalType(part) { return type }
    }
    return nil
  }

  /// The type that a selectable has by itself; nil when that depends on where it stands, or when it is wrong.
  func naturalType(_ typed: TypedSelectable) -> CQLType? {
    if let known = typed.natural { return known }
    terms.types.typings.count += 1
    let type = findNaturalType(typed)
    typed.natural = .some(type)
    return type
  }

  private func findNaturalType(_ typed: TypedSelectable) -> CQLType? {
    let parts = typed.parts
    switch typed.selectable.kind {
    case .column(let name): return try? table.column(named: name).wire
    case .term, .mapOrUserType: return nil
    case .negation, .arithmetic: return try? operation(typed).returnType
    case .countRows: return .bigint
    case .call(let function, _): return returnType(function, parts)
    case .attribute(let kind, let of): return attributeType(kind, of)
    case .cast(_, let native):
      guard let source = parts[0].term.map({ terms.types.naturalType($0) }) ?? naturalType(parts[0]) else { return nil }
      guard source != native.wire else { return source }
      return try? CastFunctions.function(from: source, to: native, name: "").returnType
    case .field(_, let field):
      guard case .udt(let definition) = naturalType(parts[0]) else { return nil }
      return definition.fields.first { $0.name == field.name }?.type
    case .element:
      let whole = naturalType(parts[0])
      if case .map(_, let value) = whole { return value }
      return whole?.elementKey
    case .slice:
      let whole = naturalType(parts[0])
      return whole?.elementKey == nil ? nil : whole
    case .typeHint(let name, _): return try? terms.types.type(name).wire
    case .tuple:
      // Whether it is a tuple or what stands in parentheses, what it is wanted for has to say.
      if parts.count == 1 { return nil }
      var types: [CQLType] = []
      for part in parts {
        guard let type = naturalType(part) else { return nil }
        types.append(type)
      }
      return .tuple(types)
    case .list: return firstType(parts).map { .list($0) }
    case .set: return firstType(parts).map { .set($0) }
    }
  }

  private func returnType(_ function: QualifiedName, _ arguments: [TypedSelectable]) -> CQLType? {
    let name = function.name.name
    guard AggregateFunction.names.contains(name), function.keyspace.map({ $0.name == "system" }) ?? true else {
      return try? FunctionCatalog.scalar(
        function, arguments.map { argument($0) }, receiver: nil, table: table, in: terms.types.keyspace
      ).returnType
    }
    guard let kind = AggregateFunction.Kind(named: name), arguments.count == 1, let argument = arguments.first else {
      return nil
    }
    if kind == .count, case .constant = argument.term?.term.kind { return .bigint }
    guard let type = naturalType(argument), kind != .sum && kind != .avg || type.isNumber else { return nil }
    return AggregateFunction(kind, of: type).returnType
  }

  private func attributeType(_ kind: Selectable.CellAttribute, _ of: Selectable) -> CQLType? {
    let base: Selectable
    var isWhole = true
    switch of.kind {
    case .element(let inner, _), .field(let inner, _): (base, isWhole) = (inner, false)
    case .slice(let inner, _, _): base = inner
    default: base = of
    }
    guard case .column(let name) = base.kind, let column = try? table.column(named: name) else { return nil }
    let single: CQLType = kind == .timeToLive ? .int : .bigint
    return column.type.isMultiCell && kind != .maximumWriteTime && isWhole ? .list(single) : single
  }

  /// How messages name a selectable whose type is known.
  func naturalName(_ typed: TypedSelectable) -> String {
    func list(_ parts: [TypedSelectable]) -> String {
      parts.map { naturalName($0) }.joined(separator: ", ")
    }
    let parts = typed.parts
    switch typed.selectable.kind {
    case .column(let name): return name.name
    case .term(let term): return term.cql
    case .countRows: return "count"
    case .call(let function, _): return "system.\(function.name.name)(\(list(parts)))"
    case .attribute(let kind, let of): return "\(kind.rawValue)(\(SelectableText.text(of)))"
    case .cast(_, let native): return "cast(\(list(parts)) as \(native.rawValue))"
    case .field(_, let field): return "\(list(parts)).\(field.cql)"
    case .element(_, let key): return "\(list(parts))[\(key.cql)]"
    case .slice(_, let from, let to): return "\(list(parts))[\(from?.cql ?? "")..\(to?.cql ?? "")]"
    case .typeHint(let name, _): return "(\(name.cql))\(list(parts))"
    case .tuple: return "(\(list(parts)))"
    case .list: return "[\(list(parts))]"
    case .set, .mapOrUserType: return "{\(list(parts))}"
    case .negation: return "-\(list(parts))"
    case .arithmetic(_, let sign, _): return parts.map { naturalName($0) }.joined(separator: " \(sign.rawValue) ")
    }
  }

  /// The function of a sign or an operator in a selection, where nothing says which type is wanted.
  func operation(_ typed: TypedSelectable) throws(EngineFailure) -> ScalarFunction {
    var arguments: [Argument] = []
    for part in typed.parts {
      try checkOperand(part)
      switch part.selectable.kind {
      case .element, .slice, .field, .list, .set, .mapOrUserType:
        guard naturalType(part) == nil else { break }
        arguments.append(Argument(text: naturalName(part), type: nil, fit: { _ in .none }))
        continue
      default: break
      }
      arguments.append(argument(part))
    }
    guard case .arithmetic(_, let sign, _) = typed.selectable.kind, arguments.count == 2 else {
      return try ArithmeticFunctions.negation(arguments[0], receiver: nil)
    }
    return try ArithmeticFunctions.function(
      sign, arguments[0], arguments[1], receiver: nil, areMarkersBeside: false)
  }

  /// Says what is wrong within an operand, and not that its type is unknown because of it.
  private func checkOperand(_ part: TypedSelectable) throws(EngineFailure) {
    guard part.term == nil, naturalType(part) == nil else { return }
    switch part.selectable.kind {
    case .column(let name): _ = try table.column(named: name)
    case .negation, .arithmetic: _ = try operation(part)
    case .call, .cast:
      var within = self
      _ = try within.plan(part)
    default: for inner in part.parts { try checkOperand(inner) }
    }
  }
}
