import CQLLanguage
import CassandraWire

extension TermPlanner {
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

  /// The expression of a sign or an operator with what it stands for.
  mutating func operation(_ typed: TypedTerm, _ receiver: Receiver) throws(EngineFailure) -> Expression {
    let function = try operation(typed, receiver: receiver.type)
    var parts: [Expression] = []
    for (index, (part, type)) in zip(typed.parts, function.argumentTypes).enumerated() {
      parts.append(try expression(part, self.receiver("arg\(index)(\(function.qualifiedName))", type)))
    }
    return .call(function, parts)
  }
}

extension SelectorPlanner {
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

  /// The selector of a sign or an operator, named as it is written.
  mutating func operation(planning typed: TypedSelectable) throws(EngineFailure) -> Selector {
    let function = try operation(typed)
    var parts: [Selector] = []
    for (part, type) in zip(typed.parts, function.argumentTypes) { parts.append(try plan(part, type)) }
    var name = "-\(parts[0].name)"
    if case .arithmetic(_, let sign, _) = typed.selectable.kind {
      name = parts.map(\.name).joined(separator: " \(sign.rawValue) ")
    }
    return Selector(expression: .call(function, parts.map(\.expression)), type: function.returnType, name: name)
  }
}
