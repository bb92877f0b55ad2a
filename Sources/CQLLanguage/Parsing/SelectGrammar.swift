/// `SELECT`.
enum SelectGrammar {
  /// `SELECT`.
  static func select(_ tokens: inout TokenStream) throws(ParseFailure) -> SelectStatement {
    try tokens.advance()
    // JSON and DISTINCT may be columns: they are keywords when what follows can be selected.
    var isJSON = false
    var clause: (isDistinct: Bool, selection: SelectStatement.Selection)?
    if tokens.kind == .json {
      try tokens.decided(after: 2)
      clause = try tokens.attempt { tokens throws(ParseFailure) in
        try tokens.advance()
        return try selectClause(&tokens)
      }
      isJSON = clause != nil
    }
    let (isDistinct, selection) = if let clause { clause } else { try selectClause(&tokens) }
    try tokens.expect(.from)
    var statement = SelectStatement(selection, from: try NameGrammar.table(&tokens))
    statement.isJSON = isJSON
    statement.isDistinct = isDistinct
    if try tokens.accept(.where) { statement.relations = try RelationGrammar.relations(&tokens) }
    if try tokens.accept(.group) {
      try tokens.expect(.by)
      statement.groupBy = try tokens.list(SelectableGrammar.selectable)
    }
    if try tokens.accept(.order) {
      try tokens.expect(.by)
      statement.orderBy = try tokens.list(ordering)
    }
    if try tokens.accept(.per) {
      try tokens.expect(.partition)
      try tokens.expect(.limit)
      statement.perPartitionLimit = try TermGrammar.integer(&tokens)
    }
    if try tokens.accept(.limit) { statement.limit = try TermGrammar.integer(&tokens) }
    if try tokens.accept(.allow) {
      try tokens.expect(.filtering)
      statement.allowsFiltering = true
    }
    return statement
  }

  private static func selectClause(
    _ tokens: inout TokenStream
  ) throws(ParseFailure) -> (Bool, SelectStatement.Selection) {
    guard tokens.kind.beginsTerm || tokens.kind == .asterisk else { throw tokens.noViableAlternative() }
    if tokens.kind == .distinct {
      try tokens.decided(after: 2)
      let distinct = try tokens.attempt { tokens throws(ParseFailure) in
        try tokens.advance()
        return try selection(&tokens)
      }
      if let distinct { return (true, distinct) }
    }
    return (false, try selection(&tokens))
  }

  /// `*` or selectors.
  static func selection(_ tokens: inout TokenStream) throws(ParseFailure) -> SelectStatement.Selection {
    if try tokens.accept(.asterisk) { return .all }
    guard tokens.kind.beginsTerm else { throw tokens.noViableAlternative() }
    return .selectors(
      try tokens.list { tokens throws(ParseFailure) in
        let selectable = try SelectableGrammar.selectable(&tokens)
        return SelectStatement.Selector(selectable, as: try tokens.accept(.as) ? try NameGrammar.name(&tokens) : nil)
      })
  }

  private static func ordering(_ tokens: inout TokenStream) throws(ParseFailure) -> SelectStatement.Ordering {
    var ordering = SelectStatement.Ordering(try NameGrammar.column(&tokens))
    if try tokens.accept(.ann) {
      try tokens.expect(.of)
      ordering.nearestNeighbourOf = try TermGrammar.term(&tokens)
    }
    if try tokens.accept(.desc) {
      ordering.isDescending = true
    } else {
      _ = try tokens.accept(.asc)
    }
    return ordering
  }
}
