import CassandraBytes
import CQLLanguage
import CassandraWire

/// Literals with columns in them, and signs and operators.
extension SelectorPlanner {
  mutating func tuple(
    _ elements: [TypedSelectable], _ expected: CQLType?
  ) throws(EngineFailure) -> Selector {
    if elements.count == 1, let only = elements.first {
      guard let expected else { throw Self.cannotInfer("(\(naturalName(only)))") }
      guard case .tuple = expected else {
        var planned = try plan(only, expected)
        planned.name = "(\(planned.name))"
        return planned
      }
    }
    var types: [CQLType?] = Array(repeating: nil, count: elements.count)
    if case .tuple(let wanted) = expected, wanted.count >= elements.count { types = wanted.map { $0 } }
    var parts: [Selector] = []
    for (element, type) in zip(elements, types) { parts.append(try plan(element, type)) }
    return Selector(
      expression: .tuple(parts.map(\.expression)), type: expected ?? .tuple(parts.map(\.type)),
      name: "(\(parts.map(\.name).joined(separator: ", ")))")
  }

  mutating func list(
    _ elements: [TypedSelectable], _ expected: CQLType?
  ) throws(EngineFailure) -> Selector {
    var elementType: CQLType?
    switch expected {
    case .list(let element), .vector(let element, _): elementType = element
    default: break
    }
    let parts = try same(elements, elementType)
    let name = "[\(parts.map(\.name).joined(separator: ", "))]"
    if case .vector(let element, _) = expected {
      return Selector(expression: .vector(parts.map(\.expression), element), type: expected ?? .blob, name: name)
    }
    guard let type = expected ?? parts.first.map({ .list($0.type) }) else { throw Self.cannotInfer(name) }
    return Selector(expression: .list(parts.map(\.expression)), type: type, name: name)
  }

  mutating func set(
    _ elements: [TypedSelectable], _ expected: CQLType?
  ) throws(EngineFailure) -> Selector {
    if elements.isEmpty, case .map(let key, _) = expected {
      return Selector(expression: .map([], key), type: expected ?? .blob, name: "{}")
    }
    var elementType: CQLType?
    if case .set(let element) = expected { elementType = element }
    let parts = try same(elements, elementType)
    let name = "{\(parts.map(\.name).joined(separator: ", "))}"
    guard let element = elementType ?? parts.first?.type else { throw Self.cannotInfer(name) }
    return Selector(expression: .set(parts.map(\.expression), element), type: .set(element), name: name)
  }

  /// Selectors of one type, which the first one decides that has a type by itself.
  mutating func same(
    _ elements: [TypedSelectable], _ expected: CQLType?
  ) throws(EngineFailure) -> [Selector] {
    let type = expected ?? firstType(elements)
    var parts: [Selector] = []
    for element in elements { parts.append(try plan(element, type)) }
    return parts
  }

  mutating func map(_ typed: TypedSelectable, _ expected: CQLType?) throws(EngineFailure) -> Selector {
    let entries = typed.parts
    switch expected {
    case .map(let keyType, let valueType):
      var parts: [Expression] = []
      var names: [String] = []
      for index in stride(from: 0, to: entries.count, by: 2) {
        let key = try plan(entries[index], keyType)
        let value = try plan(entries[index + 1], valueType)
        parts += [key.expression, value.expression]
        names.append("\(key.name): \(value.name)")
      }
      return Selector(
        expression: .map(parts, keyType), type: .map(key: keyType, value: valueType),
        name: "{\(names.joined(separator: ", "))}")
    case .udt(let definition):
      // The first of several values for a field counts.
      var given: NameMap<TypedSelectable> = [:]
      for index in stride(from: 0, to: entries.count, by: 2) {
        guard case .column(let name) = entries[index].selectable.kind, given[name.name] == nil else { continue }
        given[name.name] = entries[index + 1]
      }
      var parts: [Expression] = []
      var names: [String] = []
      for field in definition.fields {
        guard let entry = given[field.name] else {
          parts.append(.null)
          continue
        }
        let value = try plan(entry, field.type)
        parts.append(value.expression)
        names.append("\(field.name): \(value.name)")
      }
      return Selector(
        expression: .tuple(parts), type: .udt(definition), name: "{\(names.joined(separator: ", "))}")
    default:
      var texts: [String] = []
      for index in stride(from: 0, to: entries.count, by: 2) {
        texts.append(
          "\(naturalName(entries[index])): \(naturalName(entries[index + 1]))")
      }
      throw Self.cannotInfer("{\(texts.joined(separator: ", "))}")
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
