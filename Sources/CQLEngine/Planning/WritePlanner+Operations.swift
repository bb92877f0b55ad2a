import CQLLanguage
import CassandraWire

extension WritePlanner {
  // MARK: SET

  mutating func operation(_ assignment: UpdateStatement.Assignment) throws(EngineFailure) -> WriteOperation {
    let column = try table.column(named: assignment.column)
    if column.isPrimaryKey { throw EngineFailure.invalid("PRIMARY KEY part \(column.cql) found in SET part") }
    // A column may be changed in several ways by one statement, but not be given a value as a whole beside.
    let setsWhole = if case .set = assignment.operation { true } else { false }
    if let other = assigned.updateValue(setsWhole, forKey: ObjectIdentifier(column)), other || setsWhole {
      throw EngineFailure.syntax("Multiple incompatible setting of column \(column.cql)")
    }
    var receiver = Receiver(column, of: table)
    receiver.isAssigned = setsWhole
    switch assignment.operation {
    case .set(let term):
      if column.type.isCounter {
        throw EngineFailure.invalid(
          "Cannot set the value of counter column \(column.name) (counters can only be incremented/decremented, not set)"
        )
      }
      return .set(column, try terms.expression(term, receiver))
    case .add(let term): return try add(term, column, receiver)
    case .subtract(let term): return try subtract(term, column, receiver)
    case .prepend(let term):
      guard case .list = column.wire, column.type.isMultiCell else {
        if case .list = column.wire {
          throw EngineFailure.invalid(
            "Invalid operation (\(column.cql) = \(term.cql) - \(column.cql)) for frozen list column \(column.cql)")
        }
        throw EngineFailure.invalid(
          "Invalid operation (\(column.cql) = \(term.cql) - \(column.cql)) for non list column \(column.cql)")
      }
      return .prepend(column, try terms.expression(term, receiver))
    case .setElement(let key, let term):
      let text = "\(column.cql)[\(key.cql)] = \(term.cql)"
      switch column.wire {
      case .list(let element) where column.type.isMultiCell:
        let index = try terms.expression(key, terms.receiver("idx(\(column.name))", .int))
        return .setElement(
          column, key: index, try terms.expression(term, terms.receiver("value(\(column.name))", element)))
      case .map(let keyType, let valueType) where column.type.isMultiCell:
        let entry = try terms.expression(key, terms.receiver("key(\(column.name))", keyType))
        return .setElement(
          column, key: entry, try terms.expression(term, terms.receiver("value(\(column.name))", valueType)))
      case .set where column.type.isMultiCell:
        throw EngineFailure.invalid("Invalid operation (\(text)) for set column \(column.cql)")
      case .list, .set, .map:
        throw EngineFailure.invalid("Invalid operation (\(text)) for frozen collection column \(column.cql)")
      default:
        throw EngineFailure.invalid("Invalid operation (\(text)) for non collection column \(column.cql)")
      }
    case .setField(let field, let term):
      let index = try self.field(field, of: column, "\(column.cql).\(field.cql) = \(term.cql)")
      guard case .udt(let definition) = column.wire else {
        throw EngineFailure.invalid("Invalid field")
      }
      let part = terms.receiver("\(column.name).\(field.name)", definition.fields[index].type)
      return .setField(column, index, try terms.expression(term, part))
    }
  }

  private func field(_ field: Identifier, of column: Column, _ text: String) throws(EngineFailure) -> Int {
    guard case .udt(let definition) = column.wire else {
      throw EngineFailure.invalid("Invalid operation (\(text)) for non-UDT column \(column.cql)")
    }
    guard column.type.isMultiCell else {
      throw EngineFailure.invalid("Invalid operation (\(text)) for frozen UDT column \(column.cql)")
    }
    guard let index = definition.fields.firstIndex(where: { $0.name == field.name }) else {
      throw EngineFailure.invalid("UDT column \(column.name) does not have a field named \(field.name)")
    }
    return index
  }

  private mutating func add(_ term: Term, _ column: Column, _ receiver: Receiver) throws(EngineFailure)
    -> WriteOperation
  {
    if column.type.isCounter { return .add(column, try terms.expression(term, receiver), isNegative: false) }
    let text = "\(column.cql) = \(column.cql) + \(term.cql)"
    if hasCondition, !column.type.isCollection, !column.wire.isTuple {
      guard column.wire.isNumber || ArithmeticFunctions.isText(column.wire) else {
        throw EngineFailure.invalid("Invalid operation (\(text)) for non-numeric and non-text type \(column.cql)")
      }
      return .increase(column, try terms.expression(term, receiver))
    }
    try checkCollection(column, text)
    return .append(column, try terms.expression(term, receiver))
  }

  private mutating func subtract(
    _ term: Term, _ column: Column, _ receiver: Receiver
  ) throws(EngineFailure) -> WriteOperation {
    if column.type.isCounter { return .add(column, try terms.expression(term, receiver), isNegative: true) }
    try checkCollection(column, "\(column.cql) = \(column.cql) - \(term.cql)")
    guard case .map(let key, _) = column.wire else { return .discard(column, try terms.expression(term, receiver)) }
    if case .map = term.kind {
      throw EngineFailure.invalid("Value for a map substraction has to be a set, but was: '\(term.cql)'")
    }
    let keys = terms.receiver(column.name, .set(key))
    return .discard(column, try terms.expression(term, keys))
  }

  private func checkCollection(_ column: Column, _ text: String) throws(EngineFailure) {
    guard column.type.isCollection else {
      if case .tuple = column.wire {
        throw EngineFailure.invalid("Invalid operation (\(text)) for tuple column \(column.cql)")
      }
      throw EngineFailure.invalid("Invalid operation (\(text)) for non counter column \(column.cql)")
    }
    guard column.type.isMultiCell else {
      throw EngineFailure.invalid("Invalid operation (\(text)) for frozen collection column \(column.cql)")
    }
  }

  // MARK: DELETE

  mutating func operation(_ deletion: DeleteStatement.Deletion) throws(EngineFailure) -> WriteOperation {
    switch deletion {
    case .column(let name): return .set(try deletable(name), .null)
    case .element(let name, let key):
      let column = try deletable(name)
      guard column.type.isCollection else {
        throw EngineFailure.invalid("Invalid deletion operation for non collection column \(column.cql)")
      }
      guard column.type.isMultiCell else {
        throw EngineFailure.invalid("Invalid deletion operation for frozen collection column \(column.cql)")
      }
      let receiver =
        switch column.wire {
        case .set(let element): terms.receiver("value(\(column.name))", element)
        case .map(let key, _): terms.receiver("key(\(column.name))", key)
        default: terms.receiver("idx(\(column.name))", .int)
        }
      return .deleteElement(column, key: try terms.expression(key, receiver))
    case .field(let name, let field):
      let column = try deletable(name)
      guard case .udt(let definition) = column.wire else {
        throw EngineFailure.invalid("Invalid field deletion operation for non-UDT column \(column.cql)")
      }
      guard column.type.isMultiCell else {
        throw EngineFailure.invalid("Frozen UDT column \(column.cql) does not support field deletions")
      }
      guard let index = definition.fields.firstIndex(where: { $0.name == field.name }) else {
        throw EngineFailure.invalid("UDT column \(column.name) does not have a field named \(field.name)")
      }
      return .setField(column, index, .null)
    }
  }

  private func deletable(_ name: Identifier) throws(EngineFailure) -> Column {
    let column = try table.column(named: name)
    if column.isPrimaryKey {
      throw EngineFailure.invalid(
        "Invalid identifier \(column.cql) for deletion (should not be a PRIMARY KEY part)")
    }
    return column
  }

  // MARK: IF

  mutating func condition(_ condition: Condition?) throws(EngineFailure) -> WriteCondition? {
    switch condition {
    case nil: return nil
    case .exists: return .exists
    case .notExists: return .notExists
    case .columns(let conditions):
      var planned: [PlannedColumnCondition] = []
      for condition in conditions { planned.append(try plan(condition)) }
      return .columns(planned)
    }
  }

  private mutating func plan(_ condition: ColumnCondition) throws(EngineFailure) -> PlannedColumnCondition {
    let column = try table.column(named: condition.column)
    if column.isPrimaryKey {
      throw EngineFailure.invalid("PRIMARY KEY column '\(column.cql)' cannot have IF conditions")
    }
    var part = PlannedColumnCondition.Part.whole
    var type = column.wire
    var receiver = Receiver(column, of: table)
    switch condition.part {
    case nil: break
    case .element(let key):
      switch column.wire {
      case .list(let element):
        part = .element(try terms.expression(key, terms.receiver("idx(\(column.name))", .int)))
        type = element
      case .map(let keyType, let valueType):
        part = .element(try terms.expression(key, terms.receiver("key(\(column.name))", keyType)))
        type = valueType
      case .set:
        throw EngineFailure.invalid("Invalid element access syntax for set column \(column.name)")
      default:
        throw EngineFailure.invalid("Invalid element access syntax for non-collection column \(column.name)")
      }
      receiver = terms.receiver("value(\(column.name))", type)
    case .field(let field):
      guard case .udt(let definition) = column.wire else {
        throw EngineFailure.invalid("Invalid field access syntax for non-UDT column \(column.name)")
      }
      guard let index = definition.fields.firstIndex(where: { $0.name == field.name }) else {
        throw EngineFailure.invalid("Unknown field '\(field.name)' for column \(column.name)")
      }
      part = .field(index)
      type = definition.fields[index].type
      receiver = terms.receiver("\(column.name).\(field.name)", type)
    }
    switch condition.test {
    case .compares(let sign, let term):
      if sign == .contains || sign == .containsKey {
        receiver = try containsReceiver(column, type, sign)
      } else if type.hasDuration, sign != .equal, sign != .notEqual {
        throw EngineFailure.invalid("Slice conditions ( \(sign.rawValue) ) are not supported on durations")
      }
      return PlannedColumnCondition(
        column: column, part: part, type: type, test: .compares(sign, try terms.expression(term, receiver)))
    case .isIn(let values):
      return PlannedColumnCondition(
        column: column, part: part, type: type, test: .isIn(try terms.values(values, receiver)))
    }
  }

  private func containsReceiver(
    _ column: Column, _ type: CQLType, _ sign: Relation.Operator
  ) throws(EngineFailure) -> Receiver {
    switch type {
    case .list(let element) where sign == .contains, .set(let element) where sign == .contains:
      return terms.receiver("value(\(column.name))", element)
    case .map(let key, let value):
      return terms.receiver(
        sign == .contains ? "value(\(column.name))" : "key(\(column.name))", sign == .contains ? value : key)
    default:
      throw EngineFailure.invalid(
        "Cannot use \(sign.rawValue) on non-\(sign == .contains ? "collection" : "map") column \(column.name)")
    }
  }
}
