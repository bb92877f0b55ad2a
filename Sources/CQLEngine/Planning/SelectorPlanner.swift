import CassandraBytes
import CQLLanguage
import CassandraWire

/// An aggregate in a selection: the function and what it is applied to, nil for `count(*)`.
struct AggregateCall: Sendable {
  /// The function.
  let function: AggregateFunction
  /// What it is applied to.
  let argument: Expression?
}

/// Makes expressions of what a SELECT selects, and slots of the columns in it.
struct SelectorPlanner {
  /// A selector that has been checked.
  struct Selector {
    /// How it is computed.
    var expression: Expression
    /// Its type.
    var type: CQLType
    /// Its name in the result.
    var name: String
  }

  /// The table.
  let table: Table
  /// The slots of the columns that are read.
  var shape: RowShape
  /// The terms of the statement.
  var terms: TermPlanner
  /// Whether masked columns are shown by their masks only.
  var showsMasks = false
  /// The aggregates met so far.
  private(set) var aggregates: [AggregateCall] = []
  /// The keys between brackets met so far.
  private(set) var selectedKeys: [SelectedKey] = []
  private var isInAggregate = false

  init(_ table: Table, _ terms: TermPlanner) {
    self.table = table
    self.terms = terms
    shape = RowShape(table)
  }

  /// Plans a selector; `expected` is the type that it has to have, where something says one.
  mutating func plan(_ selectable: Selectable, expected: CQLType? = nil) throws(EngineFailure) -> Selector {
    try plan(TypedSelectable(selectable), expected)
  }

  mutating func plan(
    _ typed: TypedSelectable, _ expected: CQLType? = nil
  ) throws(EngineFailure) -> Selector {
    let planned = try planAnyName(typed, expected)
    // At each level, so that names cost no more than the statement.
    guard planned.name.utf8.count <= Self.maximumNameBytes else {
      throw EngineFailure.invalid(
        "The name of a selected column has more than \(Self.maximumNameBytes) bytes")
    }
    return planned
  }

  /// Bytes of the name of a column of a result: 65,535, which is what the protocol's length can say.
  static let maximumNameBytes = 65_535

  private mutating func planAnyName(
    _ typed: TypedSelectable, _ expected: CQLType?
  ) throws(EngineFailure) -> Selector {
    let parts = typed.parts
    switch typed.selectable.kind {
    case .column(let name):
      let column = try table.column(named: name)
      let value = Expression.column(shape.slot(column))
      return Selector(
        expression: showsMasks ? column.mask?.expression(of: value) ?? value : value, type: column.wire,
        name: column.name)
    case .term:
      guard let term = typed.term else { preconditionFailure("a term has its types") }
      return try plan(term, expected)
    case .countRows: return try aggregate(AggregateFunction(.count, of: .blob), nil, name: "count")
    case .call(let function, _): return try call(function, parts, expected)
    case .attribute(let kind, let of): return try attribute(kind, of)
    case .cast(_, let native): return try cast(parts[0], native)
    case .field(_, let field): return try self.field(parts[0], field)
    case .element(_, let key): return try element(parts[0], key)
    case .slice(_, let from, let to): return try slice(parts[0], from, to)
    case .typeHint(let name, _):
      let type = try terms.types.type(name)
      if case .call(let function, _) = parts[0].selectable.kind, ["fromjson", "from_json"].contains(function.name.name)
      {
        throw EngineFailure.invalid(
          "\(function.name.name)() cannot be used in the selection clause of a SELECT statement")
      }
      let planned = try plan(parts[0], type.wire)
      // A class is called by its whole name.
      if case .custom(let className) = name, !className.contains(ascii: ".") {
        let whole = TypeName.custom(className: "org.apache.cassandra.db.marshal.\(className)")
        return Selector(expression: planned.expression, type: type.wire, name: "(\(whole.cql))\(planned.name)")
      }
      guard TermTypes.isAssignable(planned.type, to: type.wire) else {
        let text = "(\(name.cql))\(planned.name)"
        throw EngineFailure.invalid("Cannot assign value \(text) to \(text) of type \(CQLTypeText.text(type.wire))")
      }
      return Selector(
        expression: planned.expression, type: type.wire, name: "(\(name.cql))\(planned.name)")
    case .tuple: return try tuple(parts, expected)
    case .list: return try list(parts, expected)
    case .set: return try set(parts, expected)
    case .mapOrUserType: return try map(typed, expected)
    case .negation, .arithmetic: return try operation(planning: typed)
    }
  }

  private mutating func plan(_ term: TypedTerm, _ expected: CQLType?) throws(EngineFailure) -> Selector {
    guard let type = expected else { throw Self.cannotInfer(term.term.cql) }
    let expression = try terms.expression(term, terms.receiver("[selection]", type))
    return Selector(expression: expression, type: type, name: term.term.cql)
  }

  static func cannotInfer(_ text: String) -> EngineFailure {
    EngineFailure.invalid("Cannot infer type for term \(text) in selection clause (try using a cast to force a type)")
  }

  // MARK: Functions

  private mutating func aggregate(
    _ function: AggregateFunction, _ argument: Expression?, name: String
  ) throws(EngineFailure) -> Selector {
    if isInAggregate {
      throw EngineFailure.invalid("aggregate functions cannot be used as arguments of aggregate functions")
    }
    aggregates.append(AggregateCall(function: function, argument: argument))
    return Selector(expression: .aggregate(aggregates.count - 1), type: function.returnType, name: name)
  }

  private mutating func call(
    _ function: QualifiedName, _ arguments: [TypedSelectable], _ expected: CQLType?
  ) throws(EngineFailure) -> Selector {
    let name = function.name.name
    if AggregateFunction.names.contains(name), function.keyspace.map({ $0.name == "system" }) ?? true {
      return try aggregate(name, arguments)
    }
    var described: [Argument] = []
    for argument in arguments { described.append(try describe(argument)) }
    let receiver = expected.map { terms.receiver("[selection]", $0) }
    let scalar = try FunctionCatalog.scalar(
      function, described, receiver: receiver, table: table, in: terms.types.keyspace, inSelection: true)
    var parts: [Expression] = []
    var names: [String] = []
    for (argument, type) in zip(arguments, scalar.argumentTypes) {
      let planned = try plan(argument, type)
      parts.append(planned.expression)
      names.append(planned.name)
    }
    return Selector(
      expression: .call(scalar, parts), type: scalar.returnType,
      name: "\(scalar.qualifiedName)(\(names.joined(separator: ", ")))")
  }

  private mutating func aggregate(_ name: String, _ arguments: [TypedSelectable]) throws(EngineFailure) -> Selector {
    guard let kind = AggregateFunction.Kind(named: name), arguments.count == 1, let argument = arguments.first else {
      throw EngineFailure.invalid("Invalid number of arguments for function system.\(name)(any)")
    }
    if isInAggregate {
      throw EngineFailure.invalid("aggregate functions cannot be used as arguments of aggregate functions")
    }
    if kind == .count, case .constant = argument.term?.term.kind {
      return try aggregate(AggregateFunction(.count, of: .blob), nil, name: "count")
    }
    isInAggregate = true
    defer { isInAggregate = false }
    let planned = try plan(argument, Self.constantType(argument))
    isInAggregate = false
    if kind == .sum || kind == .avg, !planned.type.isNumber {
      let signatures = ["bigint", "float", "double", "tinyint", "counter", "int", "varint", "decimal", "smallint"]
        .map { "system.\(name) : (\($0)) -> \($0)" }
      throw EngineFailure.invalid(
        "Invalid call to function \(name), none of its type signatures match (known type signatures: "
          + "\(signatures.joined(separator: ", ")))")
    }
    return try aggregate(
      AggregateFunction(kind, of: planned.type), planned.expression, name: "system.\(name)(\(planned.name))")
  }

  /// The type of a constant of which an aggregate is taken. Of bytes and UUIDs Cassandra takes another one than their own.
  private static func constantType(_ argument: TypedSelectable) -> CQLType? {
    guard case .constant(let constant)? = argument.term?.term.kind else { return nil }
    switch constant.kind {
    case .blob, .uuid: return nil
    case .string, .integer, .float, .boolean, .duration: return Literal.preferredType(constant)
    }
  }

  /// What finding a function has to know of an argument.
  private func describe(_ typed: TypedSelectable) throws(EngineFailure) -> Argument {
    if case .column(let name) = typed.selectable.kind { _ = try table.column(named: name) }
    return argument(typed)
  }

  private mutating func cast(_ inner: TypedSelectable, _ native: NativeType) throws(EngineFailure) -> Selector {
    let expected = inner.term.flatMap { terms.types.naturalType($0) }
    let planned = try plan(inner, expected)
    guard planned.type != native.wire else { return planned }
    let name = "cast(\(planned.name) as \(native.rawValue))"
    let function = try CastFunctions.function(from: planned.type, to: native, name: planned.name)
    return Selector(
      expression: .call(function, [planned.expression]), type: function.returnType, name: name)
  }

  // MARK: Parts of columns

  private mutating func attribute(
    _ kind: Selectable.CellAttribute, _ of: Selectable
  ) throws(EngineFailure) -> Selector {
    var part = CellAttributeSelector.Part.all
    var base = of
    var suffix = ""
    switch of.kind {
    case .element(let inner, let key):
      base = inner
      let column = try column(of: inner, kind)
      guard let type = column.wire.elementKey else {
        throw EngineFailure.invalid("Element selection is only allowed on sets and maps, but \(column.name) is a list")
      }
      part = .one(try attributeKey(key, type, of: column))
      suffix = "[\(key.cql)]"
    case .slice(let inner, let from, let to):
      base = inner
      let column = try column(of: inner, kind)
      guard let type = column.wire.elementKey else {
        throw EngineFailure.invalid("Element selection is only allowed on sets and maps, but \(column.name) is a list")
      }
      part = .range(
        from: try end(from, type, of: column.name), to: try end(to, type, of: column.name))
      suffix = "[\(from?.cql ?? "")..\(to?.cql ?? "")]"
    case .field(let inner, let field):
      base = inner
      let column = try column(of: inner, kind)
      guard case .udt(let definition) = column.wire,
        let index = definition.fields.firstIndex(where: { $0.name == field.name })
      else {
        throw EngineFailure.invalid(
          "Invalid field selection: \(column.name) of type \(column.type.cql) is not a user type")
      }
      if column.type.isMultiCell {
        part = .one(.constant([UInt8(truncatingIfNeeded: index >> 8), UInt8(truncatingIfNeeded: index)]))
      }
      suffix = ".\(field.name)"
    default: break
    }
    let column = try column(of: base, kind)
    let slot = shape.slot(column)
    shape.wantAttributes(slot)
    let single: CQLType = kind == .timeToLive ? .int : .bigint
    var type = single
    if column.type.isMultiCell, kind != .maximumWriteTime {
      switch part {
      case .all, .range: type = .list(single)
      case .one: break
      }
    }
    return Selector(
      expression: .attribute(CellAttributeSelector(kind: kind, slot: slot, type: column.type, part: part)), type: type,
      name: "\(kind.rawValue)(\(column.name)\(suffix))")
  }

  private func column(of selectable: Selectable, _ kind: Selectable.CellAttribute) throws(EngineFailure) -> Column {
    guard case .column(let name) = selectable.kind else {
      throw EngineFailure.invalid("Cannot use selection function \(kind.rawValue) on anything but a column")
    }
    let column = try table.column(named: name)
    guard !column.isPrimaryKey else {
      throw EngineFailure.invalid(
        "Cannot use selection function \(kind.rawValue) on PRIMARY KEY part \(column.name)")
    }
    return column
  }

  private mutating func field(_ whole: TypedSelectable, _ field: Identifier) throws(EngineFailure) -> Selector {
    let planned = try plan(whole)
    guard case .udt(let definition) = planned.type else {
      throw EngineFailure.invalid(
        "Invalid field selection: \(planned.name) of type \(CQLTypeText.text(planned.type)) is not a user type")
    }
    guard let index = definition.fields.firstIndex(where: { $0.name == field.name }) else {
      throw EngineFailure.invalid(
        "\(planned.name) of type \(CQLTypeText.text(planned.type)) has no field \(field.name)")
    }
    return Selector(
      expression: .field(planned.expression, index: index, count: definition.fields.count),
      type: definition.fields[index].type, name: "\(planned.name).\(field.name)")
  }

  private func checkElements(_ planned: Selector) throws(EngineFailure) -> CQLType {
    guard planned.type.isCollection else {
      throw EngineFailure.invalid(
        "Invalid element selection: \(planned.name) is of type \(CQLTypeText.text(planned.type)) is not a collection")
    }
    guard let key = planned.type.elementKey else {
      throw EngineFailure.invalid("Element selection is only allowed on sets and maps, but \(planned.name) is a list")
    }
    return key
  }

  /// The expression of a key between brackets behind a column whose attributes are selected.
  private mutating func attributeKey(
    _ term: Term, _ type: CQLType, of column: Column
  ) throws(EngineFailure) -> Expression {
    let expression = try key(term, type, of: column.name)
    if case .marker = expression, column.type.isMultiCell {
      throw EngineFailure(
        .serverError,
        "java.lang.ClassCastException: class org.apache.cassandra.cql3.Constants$Marker cannot be cast to class "
          + "org.apache.cassandra.cql3.Term$Terminal: the key of an element whose times are selected has to be written out"
      )
    }
    return expression
  }

  /// Refuses null, written out, as the key of an element that is stored by itself.
  private func checkIsThere(_ key: Expression?, of collection: Selector) throws(EngineFailure) {
    guard case .null? = key, case .column(let slot) = collection.expression, shape.columns[slot].type.isMultiCell
    else { return }
    throw EngineFailure(
      .serverError, "java.lang.NullPointerException: an element of \(collection.name) is selected by null")
  }

  /// The expression of a key between brackets behind what has this name.
  private mutating func key(
    _ term: Term, _ type: CQLType, of name: String, isEnd: Bool = false
  ) throws(EngineFailure) -> Expression {
    let expression = try terms.expression(term, terms.receiver("key(\(name))", type))
    selectedKeys.append(SelectedKey(term: expression, collection: name, isEnd: isEnd))
    return expression
  }

  /// The expression of one end of a slice; nil where it is open.
  private mutating func end(_ term: Term?, _ type: CQLType, of name: String) throws(EngineFailure) -> Expression? {
    guard let term else { return nil }
    return try key(term, type, of: name, isEnd: true)
  }

  private mutating func element(_ collection: TypedSelectable, _ key: Term) throws(EngineFailure) -> Selector {
    let planned = try plan(collection)
    let keyType = try checkElements(planned)
    let expression = try self.key(key, keyType, of: planned.name)
    try checkIsThere(expression, of: planned)
    var type = keyType
    if case .map(_, let value) = planned.type { type = value }
    return Selector(
      expression: .element(planned.expression, planned.type, key: expression), type: type,
      name: "\(planned.name)[\(key.cql)]")
  }

  private mutating func slice(
    _ collection: TypedSelectable, _ from: Term?, _ to: Term?
  ) throws(EngineFailure) -> Selector {
    let planned = try plan(collection)
    let keyType = try checkElements(planned)
    let lower = try end(from, keyType, of: planned.name)
    try checkIsThere(lower, of: planned)
    let upper = try end(to, keyType, of: planned.name)
    var isMultiCell = false
    if case .column(let slot) = planned.expression { isMultiCell = shape.columns[slot].type.isMultiCell }
    return Selector(
      expression: .slice(planned.expression, planned.type, from: lower, to: upper, isMultiCell: isMultiCell),
      type: planned.type,
      name: "\(planned.name)[\(from?.cql ?? "")..\(to?.cql ?? "")]")
  }
}

/// The text of selectors in messages.
enum SelectableText {
  static func text(_ selectable: Selectable) -> String {
    switch selectable.kind {
    case .column(let name): name.cql
    case .term(let term): term.cql
    default: "…"
    }
  }
}
