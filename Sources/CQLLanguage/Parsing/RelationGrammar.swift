/// What stands behind `WHERE`.
enum RelationGrammar {
  /// What stands behind `WHERE`.
  static func relations(_ tokens: inout TokenStream) throws(ParseFailure) -> [Relation] {
    var relations = [try relationOrExpression(&tokens)]
    while try tokens.accept(.and) { relations.append(try relationOrExpression(&tokens)) }
    return relations
  }

  private static func relationOrExpression(_ tokens: inout TokenStream) throws(ParseFailure) -> Relation {
    let place = tokens.place
    if try tokens.accept(.expression) {
      let index = try NameGrammar.index(&tokens)
      try tokens.expect(.comma)
      let term = try TermGrammar.term(&tokens)
      try tokens.expect(.rightParenthesis)
      return Relation(.customIndex(QualifiedName(index), term), at: place)
    }
    return try relation(&tokens)
  }

  private static func relation(_ tokens: inout TokenStream) throws(ParseFailure) -> Relation {
    let place = tokens.place
    if tokens.kind.isColumnName { return Relation(try columnRelation(&tokens), at: place) }
    if tokens.kind == .token {
      try tokens.advance()
      let columns = try columnNames(&tokens)
      let comparison = try comparison(&tokens)
      return Relation(.token(columns, comparison, try TermGrammar.term(&tokens)), at: place)
    }
    guard tokens.kind == .leftParenthesis else { throw tokens.noViableAlternative() }
    if try beginsTupleOfColumns(&tokens) { return Relation(try tupleRelation(&tokens), at: place) }
    return try tokens.nested { tokens throws(ParseFailure) in
      try tokens.advance()
      let relation = try relation(&tokens)
      try tokens.expect(.rightParenthesis)
      return relation
    }
  }

  /// Whether the parenthesis here begins a tuple of columns, and not another relation.
  private static func beginsTupleOfColumns(_ tokens: inout TokenStream) throws(ParseFailure) -> Bool {
    let first = try tokens.peek(1)
    if first == .leftParenthesis || first == .token {
      try tokens.decided(after: 2)
      return false
    }
    guard first.isColumnName else { throw tokens.noViableAlternative(1) }
    let second = try tokens.peek(2)
    let isTuple = second == .rightParenthesis || second == .comma
    guard isTuple || second.beginsRelationOperation else { throw tokens.noViableAlternative(2) }
    try tokens.decided(after: 3)
    return isTuple
  }

  private static func columnRelation(_ tokens: inout TokenStream) throws(ParseFailure) -> Relation.Kind {
    let next = try tokens.peek(1)
    if next.isComparison {
      try tokens.decided(after: 2)
      let column = try NameGrammar.column(&tokens)
      let comparison = try comparison(&tokens)
      return .column(column, comparison, try TermGrammar.term(&tokens))
    }
    switch next {
    case .like:
      let column = try NameGrammar.column(&tokens)
      try tokens.advance()
      return .column(column, .like, try TermGrammar.term(&tokens))
    case .is:
      let column = try NameGrammar.column(&tokens)
      try tokens.advance()
      try tokens.expect(.not)
      try tokens.expect(.null)
      return .isNotNull(column)
    case .in:
      let values = try tokens.peek(2)
      guard values == .leftParenthesis || values == .colon || values == .questionMark else {
        throw tokens.noViableAlternative(2)
      }
      try tokens.decided(after: 3)
      let column = try NameGrammar.column(&tokens)
      try tokens.advance()
      return .columnIn(column, try valuesOfIn(&tokens))
    case .contains:
      let column = try NameGrammar.column(&tokens)
      let contains = try containment(&tokens)
      return .column(column, contains, try TermGrammar.term(&tokens))
    case .leftBracket:
      let column = try NameGrammar.column(&tokens)
      try tokens.advance()
      let key = try TermGrammar.term(&tokens)
      try tokens.expect(.rightBracket)
      let comparison = try comparison(&tokens)
      return .element(column, key: key, comparison, try TermGrammar.term(&tokens))
    default: throw tokens.noViableAlternative(1)
    }
  }

  private static func tupleRelation(_ tokens: inout TokenStream) throws(ParseFailure) -> Relation.Kind {
    let columns = try columnNames(&tokens)
    if tokens.kind == .in {
      try tokens.advance()
      return .tupleIn(columns, try tuplesOfIn(&tokens))
    }
    guard tokens.kind.isComparison else { throw tokens.noViableAlternative() }
    switch try tokens.peek(1) {
    case .leftParenthesis:
      try tokens.decided(after: 2)
      let comparison = try comparison(&tokens)
      return .tuple(columns, comparison, try TermGrammar.tuple(&tokens))
    case .colon, .questionMark:
      let comparison = try comparison(&tokens)
      let place = tokens.place
      return .tuple(columns, comparison, Term(.marker(try TermGrammar.marker(&tokens)), at: place))
    default: throw tokens.noViableAlternative(1)
    }
  }

  private static func tuplesOfIn(_ tokens: inout TokenStream) throws(ParseFailure) -> Relation.Values {
    switch tokens.kind {
    case .colon, .questionMark: return .marker(try TermGrammar.marker(&tokens))
    case .leftParenthesis: break
    default: throw tokens.noViableAlternative()
    }
    switch try tokens.peek(1) {
    case .rightParenthesis:
      try tokens.advance()
      try tokens.advance()
      return .terms([])
    case .leftParenthesis:
      return .terms(try tokens.parenthesized(TermGrammar.tuple))
    case .colon, .questionMark:
      return .terms(
        try tokens.parenthesized { tokens throws(ParseFailure) in
          let place = tokens.place
          try tokens.countTerm()
          guard tokens.kind == .colon || tokens.kind == .questionMark else { throw tokens.noViableAlternative() }
          return Term(.marker(try TermGrammar.marker(&tokens)), at: place)
        })
    default: throw tokens.noViableAlternative(1)
    }
  }

  private static func columnNames(_ tokens: inout TokenStream) throws(ParseFailure) -> [Identifier] {
    try tokens.parenthesized(NameGrammar.column)
  }

  /// What stands behind `IN` for a single column.
  static func valuesOfIn(_ tokens: inout TokenStream) throws(ParseFailure) -> Relation.Values {
    switch tokens.kind {
    case .colon, .questionMark: return .marker(try TermGrammar.marker(&tokens))
    case .leftParenthesis: break
    default: throw tokens.noViableAlternative()
    }
    try tokens.advance()
    var terms: [Term] = []
    if tokens.kind.beginsTerm { terms = try tokens.list(TermGrammar.term) }
    try tokens.expect(.rightParenthesis)
    return .terms(terms)
  }

  /// `=` and its like.
  static func comparison(_ tokens: inout TokenStream) throws(ParseFailure) -> Relation.Operator {
    let comparison: Relation.Operator
    switch tokens.kind {
    case .equal: comparison = .equal
    case .notEqual: comparison = .notEqual
    case .less: comparison = .less
    case .lessOrEqual: comparison = .lessOrEqual
    case .greater: comparison = .greater
    case .greaterOrEqual: comparison = .greaterOrEqual
    default: throw tokens.noViableAlternative()
    }
    try tokens.advance()
    return comparison
  }

  /// `CONTAINS` or `CONTAINS KEY`.
  static func containment(_ tokens: inout TokenStream) throws(ParseFailure) -> Relation.Operator {
    try tokens.expect(.contains)
    guard tokens.kind == .key, try tokens.peek(1).beginsTerm else { return .contains }
    try tokens.advance()
    return .containsKey
  }
}
