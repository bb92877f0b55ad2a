/// Definitions of indexes.
enum IndexGrammar {
  static func createIndex(_ tokens: inout TokenStream) throws(ParseFailure) -> CreateIndexStatement {
    try tokens.advance()
    let isCustom = try tokens.accept(.custom)
    try tokens.expect(.index)
    let ifNotExists = try tokens.ifNotExists()
    let name = tokens.kind.isNameOrMarker ? try NameGrammar.index(&tokens) : nil
    try tokens.expect(.on)
    let table = try NameGrammar.table(&tokens)
    try tokens.expect(.leftParenthesis)
    var targets: [CreateIndexStatement.Target] = []
    if tokens.kind.isColumnName || tokens.kind == .entries || tokens.kind == .full {
      targets = try tokens.list(indexTarget)
    }
    try tokens.expect(.rightParenthesis)
    let implementation = try tokens.accept(.using) ? try tokens.string() : nil
    let properties = try tokens.accept(.with) ? try PropertyGrammar.properties(&tokens) : []
    return CreateIndexStatement(
      isCustom: isCustom, ifNotExists: ifNotExists, name: name, table: table, targets: targets,
      implementation: implementation, properties: properties)
  }

  private static func indexTarget(_ tokens: inout TokenStream) throws(ParseFailure) -> CreateIndexStatement.Target {
    let part: CreateIndexStatement.Target.Part
    switch tokens.kind {
    case .values, .keys:
      switch try tokens.peek(1) {
      case .leftParenthesis: part = tokens.kind == .values ? .values : .keys
      case .rightParenthesis, .comma: part = .simple
      default: throw tokens.noViableAlternative(1)
      }
    case .entries: part = .entries
    case .full: part = .full
    default:
      guard tokens.kind.isColumnName else { throw tokens.noViableAlternative() }
      part = .simple
    }
    if part == .simple { return CreateIndexStatement.Target(column: try NameGrammar.column(&tokens)) }
    try tokens.advance()
    try tokens.expect(.leftParenthesis)
    let column = try NameGrammar.column(&tokens)
    try tokens.expect(.rightParenthesis)
    return CreateIndexStatement.Target(column: column, part: part)
  }
}
