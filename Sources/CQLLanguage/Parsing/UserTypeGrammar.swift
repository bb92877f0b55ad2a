/// Definitions of user types.
enum UserTypeGrammar {
  static func createType(_ tokens: inout TokenStream) throws(ParseFailure) -> CreateTypeStatement {
    try tokens.advance()
    try tokens.advance()
    let ifNotExists = try tokens.ifNotExists()
    let type = try NameGrammar.userType(&tokens)
    try tokens.expect(.leftParenthesis)
    var fields = [try field(&tokens)]
    while try tokens.accept(.comma) {
      // A comma may stand behind the last field too.
      if tokens.kind.isName { fields.append(try field(&tokens)) }
    }
    try tokens.expect(.rightParenthesis)
    return CreateTypeStatement(type: type, ifNotExists: ifNotExists, fields: fields)
  }

  private static func field(_ tokens: inout TokenStream) throws(ParseFailure) -> CreateTypeStatement.Field {
    let name = try NameGrammar.name(&tokens)
    return CreateTypeStatement.Field(name: name, type: try TypeGrammar.type(&tokens))
  }

  static func alterType(_ tokens: inout TokenStream) throws(ParseFailure) -> AlterTypeStatement {
    try tokens.advance()
    try tokens.advance()
    let ifExists = try tokens.ifExists()
    let type = try NameGrammar.userType(&tokens)
    let change: AlterTypeStatement.Change
    switch tokens.kind {
    case .alter:
      try tokens.advance()
      let field = try NameGrammar.name(&tokens)
      try tokens.expect(.type)
      change = .alterType(field, try TypeGrammar.type(&tokens))
    case .add:
      try tokens.advance()
      let ifNotExists = try tokens.ifNotExists()
      let field = try NameGrammar.name(&tokens)
      change = .add(field, try TypeGrammar.type(&tokens), ifNotExists: ifNotExists)
    case .rename:
      try tokens.advance()
      let ifExists = try tokens.ifExists()
      change = .rename(try renamings(&tokens), ifExists: ifExists)
    default: throw tokens.noViableAlternative()
    }
    return AlterTypeStatement(type: type, ifExists: ifExists, change: change)
  }

  /// `a TO b AND c TO d`.
  static func renamings(_ tokens: inout TokenStream) throws(ParseFailure) -> [Renaming] {
    var renamings: [Renaming] = []
    repeat {
      let from = try NameGrammar.name(&tokens)
      try tokens.expect(.to)
      renamings.append(Renaming(from: from, to: try NameGrammar.name(&tokens)))
    } while try tokens.accept(.and)
    return renamings
  }
}
