/// What stands behind `IF` in a write.
enum ConditionGrammar {
  /// What stands behind `IF` in an `UPDATE` or `DELETE`, if it is there.
  static func condition(_ tokens: inout TokenStream) throws(ParseFailure) -> Condition? {
    guard try tokens.accept(.if) else { return nil }
    if tokens.kind == .exists {
      switch try tokens.peek(1) {
      case .endOfInput, .semicolon, .apply, .delete, .insert, .update:
        try tokens.advance()
        return .exists
      case .contains, .in, .dot, .leftBracket: break
      case let next: guard next.isComparison else { throw tokens.noViableAlternative(1) }
      }
    }
    guard tokens.kind.isColumnName else { throw tokens.noViableAlternative() }
    var conditions = [try columnCondition(&tokens)]
    while try tokens.accept(.and) { conditions.append(try columnCondition(&tokens)) }
    return .columns(conditions)
  }

  private static func columnCondition(_ tokens: inout TokenStream) throws(ParseFailure) -> ColumnCondition {
    let column = try NameGrammar.column(&tokens)
    switch tokens.kind {
    case .contains:
      let contains = try RelationGrammar.containment(&tokens)
      return ColumnCondition(column, .compares(contains, try TermGrammar.term(&tokens)))
    case .leftBracket:
      try tokens.advance()
      let key = try TermGrammar.term(&tokens)
      try tokens.expect(.rightBracket)
      return ColumnCondition(column, part: .element(key), try test(&tokens))
    case .dot:
      try tokens.advance()
      let field = try NameGrammar.name(&tokens)
      return ColumnCondition(column, part: .field(field), try test(&tokens))
    default:
      return ColumnCondition(column, try test(&tokens))
    }
  }

  private static func test(_ tokens: inout TokenStream) throws(ParseFailure) -> ColumnCondition.Test {
    if try tokens.accept(.in) { return .isIn(try RelationGrammar.valuesOfIn(&tokens)) }
    let comparison = try RelationGrammar.comparison(&tokens)
    return .compares(comparison, try TermGrammar.term(&tokens))
  }
}
