/// `INSERT`, `UPDATE`, `DELETE` and `BEGIN BATCH`.
enum WriteGrammar {
  /// `INSERT`.
  static func insert(_ tokens: inout TokenStream) throws(ParseFailure) -> InsertStatement {
    try tokens.expect(.insert)
    try tokens.expect(.into)
    let table = try NameGrammar.table(&tokens)
    var statement: InsertStatement
    switch tokens.kind {
    case .leftParenthesis:
      let columns = try tokens.parenthesized(NameGrammar.column)
      try tokens.expect(.values)
      let values = try tokens.parenthesized(TermGrammar.term)
      statement = InsertStatement(into: table, .values(columns: columns, values: values))
    case .json:
      try tokens.advance()
      let source = try jsonSource(&tokens)
      statement = InsertStatement(into: table, .json(source, defaultsToUnset: try defaultsToUnset(&tokens)))
    default: throw tokens.noViableAlternative()
    }
    statement.ifNotExists = try tokens.ifNotExists()
    statement.using = try usingClause(&tokens)
    return statement
  }

  private static func jsonSource(_ tokens: inout TokenStream) throws(ParseFailure) -> InsertStatement.JSONSource {
    switch tokens.kind {
    case .string: return .text(try tokens.string())
    case .colon, .questionMark: return .marker(try TermGrammar.marker(&tokens))
    default: throw tokens.noViableAlternative()
    }
  }

  private static func defaultsToUnset(_ tokens: inout TokenStream) throws(ParseFailure) -> Bool {
    guard try tokens.accept(.default) else { return false }
    if try tokens.accept(.null) { return false }
    guard tokens.kind == .unset else { throw tokens.noViableAlternative() }
    try tokens.advance()
    return true
  }

  /// What stands behind `USING`, if it is there.
  private static func usingClause(_ tokens: inout TokenStream) throws(ParseFailure) -> UsingClause {
    var clause = UsingClause()
    guard try tokens.accept(.using) else { return clause }
    repeat {
      switch tokens.kind {
      case .timestamp:
        try tokens.advance()
        clause.timestamp = try TermGrammar.integer(&tokens)
      case .ttl:
        try tokens.advance()
        clause.timeToLive = try TermGrammar.integer(&tokens)
      default: throw tokens.noViableAlternative()
      }
    } while try tokens.accept(.and)
    return clause
  }

  /// `DELETE`.
  static func delete(_ tokens: inout TokenStream) throws(ParseFailure) -> DeleteStatement {
    try tokens.expect(.delete)
    var deletions: [DeleteStatement.Deletion] = []
    if tokens.kind.isColumnName { deletions = try tokens.list(deletion) }
    try tokens.expect(.from)
    let table = try NameGrammar.table(&tokens)
    var timestamp: Term?
    if try tokens.accept(.using) {
      try tokens.expect(.timestamp)
      timestamp = try TermGrammar.integer(&tokens)
    }
    try tokens.expect(.where)
    var statement = DeleteStatement(deletions, from: table, where: try RelationGrammar.relations(&tokens))
    statement.timestamp = timestamp
    statement.condition = try ConditionGrammar.condition(&tokens)
    return statement
  }

  private static func deletion(_ tokens: inout TokenStream) throws(ParseFailure) -> DeleteStatement.Deletion {
    guard tokens.kind.isColumnName else { throw tokens.noViableAlternative() }
    switch try tokens.peek(1) {
    case .comma, .from:
      try tokens.decided(after: 2)
      return .column(try NameGrammar.column(&tokens))
    case .leftBracket:
      let column = try NameGrammar.column(&tokens)
      try tokens.advance()
      let key = try TermGrammar.term(&tokens)
      try tokens.expect(.rightBracket)
      return .element(column, key: key)
    case .dot:
      let column = try NameGrammar.column(&tokens)
      try tokens.advance()
      return .field(column, try NameGrammar.name(&tokens))
    default: throw tokens.noViableAlternative(1)
    }
  }

  // MARK: UPDATE

  /// `UPDATE`.
  static func update(_ tokens: inout TokenStream) throws(ParseFailure) -> UpdateStatement {
    try tokens.expect(.update)
    let table = try NameGrammar.table(&tokens)
    let using = try usingClause(&tokens)
    try tokens.expect(.set)
    var assignments: [UpdateStatement.Assignment] = []
    var assigned = AssignedColumns()
    repeat {
      let assignment = try assignment(&tokens)
      if !assigned.take(assignment) {
        tokens.refuse("Multiple incompatible setting of column \(assignment.column.name)")
      }
      assignments.append(assignment)
    } while try tokens.accept(.comma)
    try tokens.expect(.where)
    var statement = UpdateStatement(table, assignments, where: try RelationGrammar.relations(&tokens))
    statement.using = using
    statement.condition = try ConditionGrammar.condition(&tokens)
    return statement
  }

  private static func assignment(_ tokens: inout TokenStream) throws(ParseFailure) -> UpdateStatement.Assignment {
    let column = try NameGrammar.column(&tokens)
    switch tokens.kind {
    case .equal:
      try tokens.advance()
      return UpdateStatement.Assignment(column, try newValue(&tokens, of: column))
    case .plusEqual:
      try tokens.advance()
      return UpdateStatement.Assignment(column, .add(try TermGrammar.term(&tokens)))
    case .minusEqual:
      try tokens.advance()
      return UpdateStatement.Assignment(column, .subtract(try TermGrammar.term(&tokens)))
    case .leftBracket:
      try tokens.advance()
      let key = try TermGrammar.term(&tokens)
      try tokens.expect(.rightBracket)
      try tokens.expect(.equal)
      return UpdateStatement.Assignment(column, .setElement(key: key, try TermGrammar.term(&tokens)))
    case .dot:
      try tokens.advance()
      let field = try NameGrammar.name(&tokens)
      try tokens.expect(.equal)
      return UpdateStatement.Assignment(column, .setField(field, try TermGrammar.term(&tokens)))
    default: throw tokens.noViableAlternative()
    }
  }

  /// What stands behind `column =`.
  private static func newValue(
    _ tokens: inout TokenStream, of column: Identifier
  ) throws(ParseFailure) -> UpdateStatement.Operation {
    guard tokens.kind.beginsTerm || tokens.kind == .emptyQuotedName else { throw tokens.noViableAlternative() }
    if tokens.kind.isColumnName {
      let next = try tokens.peek(1)
      switch next {
      case .plus, .minus: return try changedValue(&tokens, of: column, next)
      case .integer: return try changedByInteger(&tokens, column)
      case .dot where tokens.kind != .emptyQuotedName: break
      case .leftParenthesis where tokens.kind.isFunctionName || tokens.kind == .cast: break
      default: throw tokens.noViableAlternative(1)
      }
      try tokens.decided(after: 2)
    }
    let value = try TermGrammar.term(&tokens)
    guard try tokens.accept(.plus) else { return .set(value) }
    let operand = try NameGrammar.column(&tokens)
    if operand != column { tokens.refuse("Only expressions of the form X = <value> + X are supported.") }
    return .prepend(value)
  }

  private static func changedValue(
    _ tokens: inout TokenStream, of column: Identifier, _ sign: TokenKind
  ) throws(ParseFailure) -> UpdateStatement.Operation {
    let operand = try NameGrammar.column(&tokens)
    try tokens.advance()
    let value = try TermGrammar.term(&tokens)
    let isSum = sign == .plus
    if operand != column {
      tokens.refuse("Only expressions of the form X = X \(isSum ? "+" : "-")<value> are supported.")
    }
    return isSum ? .add(value) : .subtract(value)
  }

  /// `column = column -3`, where -3 is one token; it is added.
  private static func changedByInteger(
    _ tokens: inout TokenStream, _ column: Identifier
  ) throws(ParseFailure) -> UpdateStatement.Operation {
    let operand = try NameGrammar.column(&tokens)
    let place = tokens.place
    let constant = try TermGrammar.constant(&tokens)
    if operand != column {
      let sign = constant.text.utf8.first == UInt8(ascii: "-") ? "-" : "+"
      tokens.refuse("Only expressions of the form X = X \(sign) <value> are supported.")
    }
    return .add(Term(.constant(constant), at: place))
  }

  // MARK: BATCH

  /// `BEGIN BATCH`.
  static func batch(_ tokens: inout TokenStream) throws(ParseFailure) -> BatchStatement {
    try tokens.advance()
    let batchKind: BatchStatement.Kind
    if try tokens.accept(.unlogged) {
      batchKind = .unlogged
    } else {
      batchKind = try tokens.accept(.counter) ? .counter : .logged
    }
    try tokens.expect(.batch)
    let using = try usingClause(&tokens)
    var members: [BatchStatement.Member] = []
    loop: while true {
      switch tokens.kind {
      case .insert: members.append(.insert(try insert(&tokens)))
      case .update: members.append(.update(try update(&tokens)))
      case .delete: members.append(.delete(try delete(&tokens)))
      default: break loop
      }
      _ = try tokens.accept(.semicolon)
    }
    try tokens.expect(.apply)
    try tokens.expect(.batch)
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
