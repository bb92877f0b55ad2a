extension Parser {
  /// `SELECT`.
  mutating func selectStatement() throws(ParseFailure) -> SelectStatement {
    try advance()
    // JSON and DISTINCT may be columns: they are keywords when what follows can be selected.
    var isJSON = false
    var clause: (isDistinct: Bool, selection: SelectStatement.Selection)?
    if kind == .json {
      try decided(after: 2)
      clause = try attempt { parser throws(ParseFailure) in
        try parser.advance()
        return try parser.selectClause()
      }
      isJSON = clause != nil
    }
    let (isDistinct, selection) = if let clause { clause } else { try selectClause() }
    try expect(.from)
    var statement = SelectStatement(selection, from: try tableName())
    statement.isJSON = isJSON
    statement.isDistinct = isDistinct
    if try accept(.where) { statement.relations = try relations() }
    if try accept(.group) {
      try expect(.by)
      statement.groupBy = try list { parser throws(ParseFailure) in try parser.selectable() }
    }
    if try accept(.order) {
      try expect(.by)
      statement.orderBy = try list { parser throws(ParseFailure) in try parser.ordering() }
    }
    if try accept(.per) {
      try expect(.partition)
      try expect(.limit)
      statement.perPartitionLimit = try integer()
    }
    if try accept(.limit) { statement.limit = try integer() }
    if try accept(.allow) {
      try expect(.filtering)
      statement.allowsFiltering = true
    }
    return statement
  }

  private mutating func selectClause() throws(ParseFailure) -> (Bool, SelectStatement.Selection) {
    guard kind.beginsTerm || kind == .asterisk else { throw noViableAlternative() }
    if kind == .distinct {
      try decided(after: 2)
      let selection = try attempt { parser throws(ParseFailure) in
        try parser.advance()
        return try parser.selection()
      }
      if let selection { return (true, selection) }
    }
    return (false, try selection())
  }

  /// `*` or selectors.
  mutating func selection() throws(ParseFailure) -> SelectStatement.Selection {
    if try accept(.asterisk) { return .all }
    guard kind.beginsTerm else { throw noViableAlternative() }
    return .selectors(
      try list { parser throws(ParseFailure) in
        let selectable = try parser.selectable()
        return SelectStatement.Selector(selectable, as: try parser.accept(.as) ? try parser.name() : nil)
      })
  }

  private mutating func ordering() throws(ParseFailure) -> SelectStatement.Ordering {
    var ordering = SelectStatement.Ordering(try columnName())
    if try accept(.ann) {
      try expect(.of)
      ordering.nearestNeighbourOf = try term()
    }
    if try accept(.desc) {
      ordering.isDescending = true
    } else {
      _ = try accept(.asc)
    }
    return ordering
  }
}
