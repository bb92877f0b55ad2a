extension Parser {
  /// `INSERT`.
  mutating func insertStatement() throws(ParseFailure) -> InsertStatement {
    try expect(.insert)
    try expect(.into)
    let table = try tableName()
    var statement: InsertStatement
    switch kind {
    case .leftParenthesis:
      let columns = try parenthesized { parser throws(ParseFailure) in try parser.columnName() }
      try expect(.values)
      let values = try parenthesized { parser throws(ParseFailure) in try parser.term() }
      statement = InsertStatement(into: table, .values(columns: columns, values: values))
    case .json:
      try advance()
      let source = try jsonSource()
      statement = InsertStatement(into: table, .json(source, defaultsToUnset: try defaultsToUnset()))
    default: throw noViableAlternative()
    }
    statement.ifNotExists = try ifNotExists()
    statement.using = try usingClause()
    return statement
  }

  private mutating func jsonSource() throws(ParseFailure) -> InsertStatement.JSONSource {
    switch kind {
    case .string: return .text(try string())
    case .colon, .questionMark: return .marker(try marker())
    default: throw noViableAlternative()
    }
  }

  private mutating func defaultsToUnset() throws(ParseFailure) -> Bool {
    guard try accept(.default) else { return false }
    if try accept(.null) { return false }
    guard kind == .unset else { throw noViableAlternative() }
    try advance()
    return true
  }

  /// What stands behind `USING`, if it is there.
  private mutating func usingClause() throws(ParseFailure) -> UsingClause {
    var clause = UsingClause()
    guard try accept(.using) else { return clause }
    repeat {
      switch kind {
      case .timestamp:
        try advance()
        clause.timestamp = try integer()
      case .ttl:
        try advance()
        clause.timeToLive = try integer()
      default: throw noViableAlternative()
      }
    } while try accept(.and)
    return clause
  }

  /// `DELETE`.
  mutating func deleteStatement() throws(ParseFailure) -> DeleteStatement {
    try expect(.delete)
    var deletions: [DeleteStatement.Deletion] = []
    if kind.isColumnName { deletions = try list { parser throws(ParseFailure) in try parser.deletion() } }
    try expect(.from)
    let table = try tableName()
    var timestamp: Term?
    if try accept(.using) {
      try expect(.timestamp)
      timestamp = try integer()
    }
    try expect(.where)
    var statement = DeleteStatement(deletions, from: table, where: try relations())
    statement.timestamp = timestamp
    statement.condition = try condition()
    return statement
  }

  private mutating func deletion() throws(ParseFailure) -> DeleteStatement.Deletion {
    guard kind.isColumnName else { throw noViableAlternative() }
    switch try peek(1) {
    case .comma, .from:
      try decided(after: 2)
      return .column(try columnName())
    case .leftBracket:
      let column = try columnName()
      try advance()
      let key = try term()
      try expect(.rightBracket)
      return .element(column, key: key)
    case .dot:
      let column = try columnName()
      try advance()
      return .field(column, try name())
    default: throw noViableAlternative(1)
    }
  }

  // MARK: UPDATE

  /// `UPDATE`.
  mutating func updateStatement() throws(ParseFailure) -> UpdateStatement {
    try expect(.update)
    let table = try tableName()
    let using = try usingClause()
    try expect(.set)
    var assignments: [UpdateStatement.Assignment] = []
    var assigned = AssignedColumns()
    repeat {
      let assignment = try assignment()
      if !assigned.take(assignment) {
        refuse("Multiple incompatible setting of column \(assignment.column.name)")
      }
      assignments.append(assignment)
    } while try accept(.comma)
    try expect(.where)
    var statement = UpdateStatement(table, assignments, where: try relations())
    statement.using = using
    statement.condition = try condition()
    return statement
  }

  private mutating func assignment() throws(ParseFailure) -> UpdateStatement.Assignment {
    let column = try columnName()
    switch kind {
    case .equal:
      try advance()
      return UpdateStatement.Assignment(column, try newValue(of: column))
    case .plusEqual:
      try advance()
      return UpdateStatement.Assignment(column, .add(try term()))
    case .minusEqual:
      try advance()
      return UpdateStatement.Assignment(column, .subtract(try term()))
    case .leftBracket:
      try advance()
      let key = try term()
      try expect(.rightBracket)
      try expect(.equal)
      return UpdateStatement.Assignment(column, .setElement(key: key, try term()))
    case .dot:
      try advance()
      let field = try name()
      try expect(.equal)
      return UpdateStatement.Assignment(column, .setField(field, try term()))
    default: throw noViableAlternative()
    }
  }

  /// What stands behind `column =`.
  private mutating func newValue(of column: Identifier) throws(ParseFailure) -> UpdateStatement.Operation {
    guard kind.beginsTerm || kind == .emptyQuotedName else { throw noViableAlternative() }
    if kind.isColumnName {
      let next = try peek(1)
      switch next {
      case .plus, .minus: return try changedValue(of: column, next)
      case .integer: return try changedByInteger(column)
      case .dot where kind != .emptyQuotedName: break
      case .leftParenthesis where kind.isFunctionName || kind == .cast: break
      default: throw noViableAlternative(1)
      }
      try decided(after: 2)
    }
    let value = try term()
    guard try accept(.plus) else { return .set(value) }
    let operand = try columnName()
    if operand != column { refuse("Only expressions of the form X = <value> + X are supported.") }
    return .prepend(value)
  }

  private mutating func changedValue(
    of column: Identifier, _ sign: TokenKind
  ) throws(ParseFailure) -> UpdateStatement.Operation {
    let operand = try columnName()
    try advance()
    let value = try term()
    let isSum = sign == .plus
    if operand != column { refuse("Only expressions of the form X = X \(isSum ? "+" : "-")<value> are supported.") }
    return isSum ? .add(value) : .subtract(value)
  }

  /// `column = column -3`, where -3 is one token; it is added.
  private mutating func changedByInteger(_ column: Identifier) throws(ParseFailure) -> UpdateStatement.Operation {
    let operand = try columnName()
    let place = place
    let constant = try constant()
    if operand != column {
      let sign = constant.text.utf8.first == UInt8(ascii: "-") ? "-" : "+"
      refuse("Only expressions of the form X = X \(sign) <value> are supported.")
    }
    return .add(Term(.constant(constant), at: place))
  }

  // MARK: BATCH

  /// `BEGIN BATCH`.
  mutating func batchStatement() throws(ParseFailure) -> BatchStatement {
    try advance()
    let batchKind: BatchStatement.Kind
    if try accept(.unlogged) {
      batchKind = .unlogged
    } else {
      batchKind = try accept(.counter) ? .counter : .logged
    }
    try expect(.batch)
    let using = try usingClause()
    var members: [BatchStatement.Member] = []
    loop: while true {
      switch kind {
      case .insert: members.append(.insert(try insertStatement()))
      case .update: members.append(.update(try updateStatement()))
      case .delete: members.append(.delete(try deleteStatement()))
      default: break loop
      }
      _ = try accept(.semicolon)
    }
    try expect(.apply)
    try expect(.batch)
    return BatchStatement(batchKind, using: using, members)
  }
}

/// The columns that an `UPDATE` has assigned so far, of which some may be assigned again.
private struct AssignedColumns {
  private enum State {
    case whole
    case parts(fields: Set<Identifier>)
  }

  private var first: UpdateStatement.Assignment?
  private var states: [Identifier: State] = [:]

  /// Whether `assignment` goes with those before it.
  mutating func take(_ assignment: UpdateStatement.Assignment) -> Bool {
    // Most statements assign one column, for which no table is needed.
    guard let first else {
      first = assignment
      return true
    }
    if states.isEmpty { _ = record(first) }
    return record(assignment)
  }

  private mutating func record(_ assignment: UpdateStatement.Assignment) -> Bool {
    let earlier = states[assignment.column]
    switch (earlier, assignment.operation) {
    case (.whole, _): return false
    case (nil, .set):
      states[assignment.column] = .whole
      return true
    case (.parts, .set): return false
    case (nil, .setField(let field, _)):
      states[assignment.column] = .parts(fields: [field])
      return true
    case (.parts(var fields), .setField(let field, _)):
      states[assignment.column] = nil
      let isNew = fields.insert(field).inserted
      states[assignment.column] = .parts(fields: fields)
      return isNew
    case (nil, .add), (nil, .subtract), (nil, .prepend), (nil, .setElement):
      states[assignment.column] = .parts(fields: [])
      return true
    case (.parts, .add), (.parts, .subtract), (.parts, .prepend), (.parts, .setElement):
      return true
    }
  }
}
