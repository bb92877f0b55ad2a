import CassandraBytes
import CQLLanguage
import CassandraWire

/// Checks the terms of one statement against what they are values for, and collects its markers on the way.
struct TermPlanner {
  /// What types the terms have.
  private(set) var types: TermTypes
  /// What is known of the markers; nil where one has not been met yet.
  private(set) var markers: [ColumnSpecification?]
  /// How many values follow those of the markers.
  private var reserved = 0
  /// The marker of each column of the partition key, by position.
  private var keyMarkers: [Int: Int] = [:]

  init(keyspace: Keyspace?, table: Table?, markers: [String?]) {
    types = TermTypes(keyspace: keyspace, table: table)
    self.markers = Array(repeating: nil, count: markers.count)
  }

  /// The markers' specifications; one that stands nowhere a type is known gets a blob.
  var specifications: [ColumnSpecification] {
    markers.map { $0 ?? ColumnSpecification(keyspace: "", table: "", name: "?", type: .blob) }
  }

  /// Notes what a marker is a value for.
  mutating func note(_ marker: BindMarker, _ receiver: Receiver) {
    markers[marker.index] = receiver.specification(named: marker.name)
    if let position = receiver.keyPosition { keyMarkers[position] = marker.index }
  }

  /// Takes places for values that do not come with the request but are made of those that do; returns the first.
  mutating func reserveValues(_ count: Int) -> Int {
    defer { reserved += count }
    return markers.count + reserved
  }

  /// For each column of the partition key the index of its marker; empty when one has none.
  var partitionKeyIndexes: [UInt16] {
    guard let table = types.table else { return [] }
    let indexes = table.partitionKey.indices.compactMap { keyMarkers[$0] }
    return indexes.count == table.partitionKey.count ? indexes.map { UInt16(truncatingIfNeeded: $0) } : []
  }

  /// Begins the next statement of a batch: another table, the same markers. They stay where they are, for a copy of them for
  /// each statement would cost the square of their number.
  mutating func begin(in keyspace: Keyspace?, table: Table) {
    types = TermTypes(keyspace: keyspace, table: table)
    keyMarkers = [:]
  }

  /// Gives away all that is known, and knows nothing afterwards.
  mutating func take() -> TermPlanner {
    var taken = TermPlanner(keyspace: nil, table: nil, markers: [])
    swap(&taken, &self)
    return taken
  }

  /// A receiver that belongs to the table.
  func receiver(_ name: String, _ type: CQLType) -> Receiver { types.receiver(name, type) }

  /// The expression of a term that is a value for `receiver`; throws Cassandra's refusal.
  mutating func expression(_ term: Term, _ receiver: Receiver) throws(EngineFailure) -> Expression {
    try expression(TypedTerm(term), receiver)
  }

  /// The expression of a term that is a value for `receiver`; throws Cassandra's refusal.
  mutating func expression(_ typed: TypedTerm, _ receiver: Receiver) throws(EngineFailure) -> Expression {
    let term = typed.term
    switch term.kind {
    case .null:
      if receiver.type == .counter { throw EngineFailure.invalid("Invalid null value for counter increment/decrement") }
      return .null
    case .marker(let marker):
      note(marker, receiver)
      return .marker(marker.index, receiver.type)
    case .constant(let constant): return try expression(constant, receiver)
    case .list: return try list(typed.parts, receiver)
    case .set: return try set(typed.parts, receiver)
    case .map: return try map(typed, receiver)
    case .userType(let fields): return try userType(fields, typed.parts, receiver)
    case .tuple: return try tuple(typed.parts, receiver)
    case .call(let function, _): return try call(function, typed.parts, receiver)
    case .typeHint(let name, _):
      let inner = typed.parts[0]
      let hinted = try types.type(name)
      guard TermTypes.isAssignable(hinted.wire, to: receiver.type) else {
        throw EngineFailure.invalid(
          "Cannot assign value \(term.cql) to \(receiver.name) of type \(receiver.typeText)")
      }
      guard types.fit(inner, hinted.wire) != .none else {
        throw EngineFailure.invalid("Cannot cast value \(inner.term.cql) to type \(name.cql)")
      }
      // The hint chooses among types and converts nothing: the value is one of the receiver's type.
      return try expression(inner, receiver)
    case .cast(_, let native):
      let inner = typed.parts[0]
      guard let source = types.naturalType(inner) else {
        throw EngineFailure.invalid("Cannot infer type of \(inner.term.cql) in CAST; use a type hint")
      }
      guard TermTypes.isAssignable(native.wire, to: receiver.type) else {
        throw EngineFailure.invalid(
          "Type error: cannot assign result of function system.cast_as_\(native.rawValue) (type \(native.wire)) to "
            + "\(receiver.name) (type \(receiver.typeText))")
      }
      let argument = try expression(inner, self.receiver("arg0", source))
      guard source != native.wire else { return argument }
      return .call(try CastFunctions.function(from: source, to: native, name: inner.term.cql), [argument])
    case .negation, .arithmetic: return try operation(typed, receiver)
    }
  }

  /// The values behind `IN`.
  mutating func values(_ values: Relation.Values, _ receiver: Receiver) throws(EngineFailure) -> InValues {
    switch values {
    case .terms(let list):
      var parts: [Expression] = []
      for term in list { parts.append(try expression(term, receiver)) }
      return .list(parts)
    case .marker(let marker):
      note(
        marker,
        Receiver(
          "in(\(receiver.name))", .list(receiver.type), keyspace: receiver.keyspace, table: receiver.table))
      return .marker(marker.index, receiver.type)
    }
  }

  private func expression(_ constant: Constant, _ receiver: Receiver) throws(EngineFailure) -> Expression {
    guard Literal.fit(constant, receiver.type) != .none else {
      throw EngineFailure.invalid(
        "Invalid \(Literal.kindName(constant)) constant (\(Self.text(constant))) for \"\(receiver.name)\" of type "
          + receiver.typeText)
    }
    return .constant(try Literal.bytes(constant, receiver.type)[...])
  }

  private static func text(_ constant: Constant) -> String { constant.text }

  // MARK: Collections

  private mutating func list(
    _ elements: [TypedTerm], _ receiver: Receiver
  ) throws(EngineFailure) -> Expression {
    switch receiver.type {
    case .list(let element):
      let part = receiver.part("value(\(receiver.name))", element)
      return .list(try checked(elements, part, "Invalid list literal for \(receiver.name)"))
    case .vector(let element, let dimensions):
      let part = receiver.part("value(\(receiver.name))", element)
      guard elements.count == dimensions else {
        throw EngineFailure.invalid(
          "Invalid vector literal for \(receiver.name) of type \(receiver.typeText); expected \(dimensions) elements, but "
            + "given \(elements.count)")
      }
      return .vector(
        try checked(elements, part, "Invalid vector literal for \(receiver.name)", isVector: true), element)
    default:
      throw EngineFailure.invalid(
        "Unexpected receiver type '\(receiver.typeText)'; only list and vector are expected")
    }
  }

  private mutating func set(
    _ elements: [TypedTerm], _ receiver: Receiver
  ) throws(EngineFailure) -> Expression {
    switch receiver.type {
    case .set(let element):
      let part = receiver.part("value(\(receiver.name))", element)
      return .set(try checked(elements, part, "Invalid set literal for \(receiver.name)"), element)
    case .map(let key, _) where elements.isEmpty: return .map([], key)
    default:
      throw EngineFailure.invalid(
        "Invalid set literal for \(receiver.name) of type \(receiver.typeText)")
    }
  }

  private mutating func checked(
    _ elements: [TypedTerm], _ part: Receiver, _ complaint: String, isVector: Bool = false
  ) throws(EngineFailure) -> [Expression] {
    var result: [Expression] = []
    result.reserveCapacity(elements.count)
    for element in elements {
      if !isVector, element.hasMarker {
        throw EngineFailure.invalid("\(complaint): bind variables are not supported inside collection literals")
      }
      guard types.fit(element, part.type) != .none else {
        throw EngineFailure.invalid(
          "\(complaint): value \(element.term.cql) is not of type \(CQLTypeText.text(part.type, isFrozen: true))")
      }
      if case .null = element.term.kind { throw EngineFailure.invalid("null is not supported inside collections") }
      result.append(try expression(element, part))
    }
    return result
  }

  private mutating func map(_ typed: TypedTerm, _ receiver: Receiver) throws(EngineFailure) -> Expression {
    guard case .map(let keyType, let valueType) = receiver.type else {
      throw EngineFailure.invalid(
        "Invalid map literal for \(receiver.name) of type \(receiver.typeText)")
    }
    let keys = receiver.part("key(\(receiver.name))", keyType)
    let values = receiver.part("value(\(receiver.name))", valueType)
    var parts: [Expression] = []
    for (index, part) in typed.parts.enumerated() {
      let isKey = index.isMultiple(of: 2)
      let wanted = isKey ? keys : values
      if part.hasMarker {
        throw EngineFailure.invalid(
          "Invalid map literal for \(receiver.name): bind variables are not supported inside collection literals")
      }
      guard types.fit(part, wanted.type) != .none else {
        throw EngineFailure.invalid(
          "Invalid map literal for \(receiver.name): \(isKey ? "key" : "value") \(part.term.cql) is not of type "
            + CQLTypeText.text(wanted.type, isFrozen: true))
      }
      if case .null = part.term.kind { throw EngineFailure.invalid("null is not supported inside collections") }
      parts.append(try expression(part, wanted))
    }
    return .map(parts, keyType)
  }

  private mutating func userType(
    _ fields: [Term.FieldValue], _ terms: [TypedTerm], _ receiver: Receiver
  ) throws(EngineFailure) -> Expression {
    guard case .udt(let definition) = receiver.type else {
      throw EngineFailure.invalid(
        "Invalid user type literal for \(receiver.name) of type \(receiver.typeText)")
    }
    var given: NameMap<TypedTerm> = [:]
    for (field, term) in zip(fields, terms) { given[field.field.name] = term }
    var parts: [Expression] = []
    for field in definition.fields {
      guard let term = given.removeValue(forKey: field.name) else {
        parts.append(.null)
        continue
      }
      guard types.fit(term, field.type) != .none else {
        throw EngineFailure.invalid(
          "Invalid user type literal for \(receiver.name): field \(field.name) is not of type "
            + CQLTypeText.text(field.type, isFrozen: true))
      }
      parts.append(try expression(term, receiver.part("\(receiver.name).\(field.name)", field.type)))
    }
    if let unknown = fields.first(where: { given[$0.field.name] != nil }) {
      throw EngineFailure.invalid(
        "Unknown field '\(unknown.field.name)' in value of user defined type \(definition.name)")
    }
    return .tuple(parts)
  }

  private mutating func tuple(
    _ elements: [TypedTerm], _ receiver: Receiver
  ) throws(EngineFailure) -> Expression {
    let types: [CQLType]
    switch receiver.type {
    case .tuple(let fields): types = fields
    // The fields of a user type without their names, which Cassandra does not take where a column is given its value.
    case .udt(let definition) where !receiver.isAssigned: types = definition.fields.map(\.type)
    case .udt(let definition):
      guard elements.count <= definition.fields.count else {
        throw EngineFailure.invalid(
          "Invalid tuple literal for \(receiver.name): too many elements. Type \(receiver.typeText) expects "
            + "\(definition.fields.count) but got \(elements.count)")
      }
      for (index, element) in elements.enumerated() {
        try check(element, definition.fields[index].type, index, receiver)
      }
      // Cassandra fails when it comes to give the column its value.
      let failure = EngineFailure(
        .serverError,
        "java.lang.ClassCastException: class org.apache.cassandra.cql3.Tuples$Value cannot be cast to class "
          + "org.apache.cassandra.cql3.UserTypes$Value: the fields of \(receiver.name) of type \(receiver.typeText) have to "
          + "be named")
      return .call(ScalarFunction("tuple", [], receiver.type) { _, _ throws(EngineFailure) in throw failure }, [])
    default:
      // A single term in parentheses is that term.
      if elements.count == 1 { return try expression(elements[0], receiver) }
      throw EngineFailure.invalid(
        "Invalid tuple type literal for \(receiver.name) of type \(receiver.typeText)")
    }
    guard elements.count <= types.count else {
      throw EngineFailure.invalid(
        "Invalid tuple literal for \(receiver.name): too many elements. Type \(receiver.typeText) expects \(types.count) "
          + "but got \(elements.count)")
    }
    var parts: [Expression] = []
    for (index, element) in elements.enumerated() {
      try check(element, types[index], index, receiver)
      parts.append(try expression(element, receiver.part("\(receiver.name)[\(index)]", types[index])))
    }
    return .tuple(parts)
  }

  /// Refuses a component of a tuple that is none of its type.
  private func check(
    _ element: TypedTerm, _ type: CQLType, _ index: Int, _ receiver: Receiver
  ) throws(EngineFailure) {
    guard types.fit(element, type) == .none else { return }
    throw EngineFailure.invalid(
      "Invalid tuple literal for \(receiver.name): component \(index) is not of type "
        + CQLTypeText.text(type, isFrozen: true))
  }

  // MARK: Functions

  private mutating func call(
    _ name: QualifiedName, _ arguments: [TypedTerm], _ receiver: Receiver
  ) throws(EngineFailure) -> Expression {
    let types = types
    let function = try FunctionCatalog.scalar(
      name, arguments.map { argument in Argument(types, argument) }, receiver: receiver, table: types.table,
      in: types.keyspace)
    guard TermTypes.isAssignable(function.returnType, to: receiver.type) else {
      throw EngineFailure.invalid(
        "Type error: cannot assign result of function \(function.qualifiedName) (type "
          + "\(CQLTypeText.text(function.returnType))) to \(receiver.name) (type \(receiver.typeText))")
    }
    var parts: [Expression] = []
    for (index, argument) in arguments.enumerated() {
      let part = self.receiver("arg\(index)(\(function.qualifiedName))", function.argumentTypes[index])
      parts.append(try expression(argument, part))
    }
    return .call(function, parts)
  }

  /// The expression of a sign or an operator with what it stands for.
  private mutating func operation(_ typed: TypedTerm, _ receiver: Receiver) throws(EngineFailure) -> Expression {
    let function = try types.operation(typed, receiver: receiver.type)
    var parts: [Expression] = []
    for (index, (part, type)) in zip(typed.parts, function.argumentTypes).enumerated() {
      parts.append(try expression(part, self.receiver("arg\(index)(\(function.qualifiedName))", type)))
    }
    return .call(function, parts)
  }
}
