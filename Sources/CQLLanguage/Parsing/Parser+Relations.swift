extension Parser {
  /// What stands behind `WHERE`.
  mutating func relations() throws(ParseFailure) -> [Relation] {
    var relations = [try relationOrExpression()]
    while try accept(.and) { relations.append(try relationOrExpression()) }
    return relations
  }

  private mutating func relationOrExpression() throws(ParseFailure) -> Relation {
    let place = place
    if try accept(.expression) {
      let index = try indexName()
      try expect(.comma)
      let term = try term()
      try expect(.rightParenthesis)
      return Relation(.customIndex(QualifiedName(index), term), at: place)
    }
    return try relation()
  }

  private mutating func relation() throws(ParseFailure) -> Relation {
    let place = place
    if kind.isColumnName { return Relation(try columnRelation(), at: place) }
    if kind == .token {
      try advance()
      let columns = try columnNames()
      let comparison = try comparison()
      return Relation(.token(columns, comparison, try term()), at: place)
    }
    guard kind == .leftParenthesis else { throw noViableAlternative() }
    if try beginsTupleOfColumns() { return Relation(try tupleRelation(), at: place) }
    return try nested { parser throws(ParseFailure) in
      try parser.advance()
      let relation = try parser.relation()
      try parser.expect(.rightParenthesis)
      return relation
    }
  }

  /// Whether the parenthesis here begins a tuple of columns, and not another relation.
  private mutating func beginsTupleOfColumns() throws(ParseFailure) -> Bool {
    let first = try peek(1)
    if first == .leftParenthesis || first == .token {
      try decided(after: 2)
      return false
    }
    guard first.isColumnName else { throw noViableAlternative(1) }
    let second = try peek(2)
    let isTuple = second == .rightParenthesis || second == .comma
    guard isTuple || second.beginsRelationOperation else { throw noViableAlternative(2) }
    try decided(after: 3)
    return isTuple
  }

  private mutating func columnRelation() throws(ParseFailure) -> Relation.Kind {
    let next = try peek(1)
    if next.isComparison {
      try decided(after: 2)
      let column = try columnName()
      let comparison = try comparison()
      return .column(column, comparison, try term())
    }
    switch next {
    case .like:
      let column = try columnName()
      try advance()
      return .column(column, .like, try term())
    case .is:
      let column = try columnName()
      try advance()
      try expect(.not)
      try expect(.null)
      return .isNotNull(column)
    case .in:
      let values = try peek(2)
      guard values == .leftParenthesis || values == .colon || values == .questionMark else {
        throw noViableAlternative(2)
      }
      try decided(after: 3)
      let column = try columnName()
      try advance()
      return .columnIn(column, try valuesOfIn())
    case .contains:
      let column = try columnName()
      let contains = try containment()
      return .column(column, contains, try term())
    case .leftBracket:
      let column = try columnName()
      try advance()
      let key = try term()
      try expect(.rightBracket)
      let comparison = try comparison()
      return .element(column, key: key, comparison, try term())
    default: throw noViableAlternative(1)
    }
  }

  private mutating func tupleRelation() throws(ParseFailure) -> Relation.Kind {
    let columns = try columnNames()
    if kind == .in {
      try advance()
      return .tupleIn(columns, try tuplesOfIn())
    }
    guard kind.isComparison else { throw noViableAlternative() }
    switch try peek(1) {
    case .leftParenthesis:
      try decided(after: 2)
      let comparison = try comparison()
      return .tuple(columns, comparison, try tuple())
    case .colon, .questionMark:
      let comparison = try comparison()
      let place = place
      return .tuple(columns, comparison, Term(.marker(try marker()), at: place))
    default: throw noViableAlternative(1)
    }
  }

  private mutating func tuplesOfIn() throws(ParseFailure) -> Relation.Values {
    switch kind {
    case .colon, .questionMark: return .marker(try marker())
    case .leftParenthesis: break
    default: throw noViableAlternative()
    }
    switch try peek(1) {
    case .rightParenthesis:
      try advance()
      try advance()
      return .terms([])
    case .leftParenthesis:
      return .terms(try parenthesized { parser throws(ParseFailure) in try parser.tuple() })
    case .colon, .questionMark:
      return .terms(
        try parenthesized { parser throws(ParseFailure) in
          let place = parser.place
          try parser.countTerm()
          guard parser.kind == .colon || parser.kind == .questionMark else { throw parser.noViableAlternative() }
          return Term(.marker(try parser.marker()), at: place)
        })
    default: throw noViableAlternative(1)
    }
  }

  private mutating func columnNames() throws(ParseFailure) -> [Identifier] {
    try parenthesized { parser throws(ParseFailure) in try parser.columnName() }
  }

  /// What stands behind `IN` for a single column.
  mutating func valuesOfIn() throws(ParseFailure) -> Relation.Values {
    switch kind {
    case .colon, .questionMark: return .marker(try marker())
    case .leftParenthesis: break
    default: throw noViableAlternative()
    }
    try advance()
    var terms: [Term] = []
    if kind.beginsTerm { terms = try list { parser throws(ParseFailure) in try parser.term() } }
    try expect(.rightParenthesis)
    return .terms(terms)
  }

  /// `=` and its like.
  mutating func comparison() throws(ParseFailure) -> Relation.Operator {
    let comparison: Relation.Operator
    switch kind {
    case .equal: comparison = .equal
    case .notEqual: comparison = .notEqual
    case .less: comparison = .less
    case .lessOrEqual: comparison = .lessOrEqual
    case .greater: comparison = .greater
    case .greaterOrEqual: comparison = .greaterOrEqual
    default: throw noViableAlternative()
    }
    try advance()
    return comparison
  }

  /// `CONTAINS` or `CONTAINS KEY`.
  mutating func containment() throws(ParseFailure) -> Relation.Operator {
    try expect(.contains)
    guard kind == .key, try peek(1).beginsTerm else { return .contains }
    try advance()
    return .containsKey
  }

  // MARK: Conditions

  /// What stands behind `IF` in an `UPDATE` or `DELETE`, if it is there.
  mutating func condition() throws(ParseFailure) -> Condition? {
    guard try accept(.if) else { return nil }
    if kind == .exists {
      switch try peek(1) {
      case .endOfInput, .semicolon, .apply, .delete, .insert, .update:
        try advance()
        return .exists
      case .contains, .in, .dot, .leftBracket: break
      case let next: guard next.isComparison else { throw noViableAlternative(1) }
      }
    }
    guard kind.isColumnName else { throw noViableAlternative() }
    var conditions = [try columnCondition()]
    while try accept(.and) { conditions.append(try columnCondition()) }
    return .columns(conditions)
  }

  private mutating func columnCondition() throws(ParseFailure) -> ColumnCondition {
    let column = try columnName()
    switch kind {
    case .contains:
      let contains = try containment()
      return ColumnCondition(column, .compares(contains, try term()))
    case .leftBracket:
      try advance()
      let key = try term()
      try expect(.rightBracket)
      return ColumnCondition(column, part: .element(key), try test())
    case .dot:
      try advance()
      let field = try name()
      return ColumnCondition(column, part: .field(field), try test())
    default:
      return ColumnCondition(column, try test())
    }
  }

  private mutating func test() throws(ParseFailure) -> ColumnCondition.Test {
    if try accept(.in) { return .isIn(try valuesOfIn()) }
    let comparison = try comparison()
    return .compares(comparison, try term())
  }
}
