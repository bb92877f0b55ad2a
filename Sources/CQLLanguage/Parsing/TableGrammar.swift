internal import CassandraBytes

/// Definitions of tables and views.
enum TableGrammar {
  static func createTable(_ tokens: inout TokenStream) throws(ParseFailure) -> CreateTableStatement {
    try tokens.advance()
    try tokens.advance()
    let ifNotExists = try tokens.ifNotExists()
    var statement = CreateTableStatement(table: try NameGrammar.table(&tokens), ifNotExists: ifNotExists)
    try tokens.expect(.leftParenthesis)
    try columns(&tokens, of: &statement)
    while try tokens.accept(.comma) {
      // A comma may stand behind the last column too.
      if tokens.kind.isName || tokens.kind == .primary { try columns(&tokens, of: &statement) }
    }
    try tokens.expect(.rightParenthesis)
    statement.options = try tableOptions(&tokens, isView: false)
    return statement
  }

  /// A column or the primary key.
  private static func columns(
    _ tokens: inout TokenStream, of statement: inout CreateTableStatement
  ) throws(ParseFailure) {
    if tokens.kind == .primary {
      statement.primaryKeys.append(try primaryKey(&tokens))
      return
    }
    var column = try columnDefinition(&tokens)
    if try tokens.accept(.primary) {
      try tokens.expect(.key)
      column.isPrimaryKey = true
    }
    statement.columns.append(column)
  }

  private static func columnDefinition(_ tokens: inout TokenStream) throws(ParseFailure) -> ColumnDefinition {
    let name = try NameGrammar.name(&tokens)
    var column = ColumnDefinition(name: name, type: try TypeGrammar.type(&tokens))
    column.isStatic = try tokens.accept(.static)
    if tokens.kind == .masked { column.mask = try columnMask(&tokens) }
    return column
  }

  /// `MASKED WITH …`.
  private static func columnMask(_ tokens: inout TokenStream) throws(ParseFailure) -> ColumnMask {
    guard try tokens.peek(1) == .with else { throw tokens.noViableAlternative(1) }
    let function = try tokens.peek(2)
    guard function.isNameOrMarker || function == .token else { throw tokens.noViableAlternative(2) }
    var isDefault = false
    if function == .default {
      switch try tokens.peek(3) {
      case .endOfInput, .primary, .rightParenthesis, .comma, .semicolon: isDefault = true
      case .leftParenthesis, .dot: break
      default: throw tokens.noViableAlternative(3)
      }
    }
    try tokens.advance()
    try tokens.advance()
    if isDefault {
      try tokens.advance()
      return ColumnMask()
    }
    let name = try NameGrammar.function(&tokens)
    guard tokens.kind == .leftParenthesis else { throw tokens.noViableAlternative() }
    let first = try tokens.peek(1)
    guard first == .rightParenthesis || first.beginsTerm else { throw tokens.noViableAlternative(1) }
    try tokens.advance()
    var arguments: [Term] = []
    if tokens.kind != .rightParenthesis { arguments = try tokens.list(TermGrammar.term) }
    try tokens.expect(.rightParenthesis)
    return ColumnMask(function: name, arguments: arguments)
  }

  /// `PRIMARY KEY (…)`.
  private static func primaryKey(_ tokens: inout TokenStream) throws(ParseFailure) -> PrimaryKeyDefinition {
    try tokens.expect(.primary)
    try tokens.expect(.key)
    try tokens.expect(.leftParenthesis)
    var key = PrimaryKeyDefinition(partition: [], clustering: [])
    if tokens.kind == .leftParenthesis {
      key.partition = try tokens.parenthesized(NameGrammar.name)
    } else {
      key.partition = [try NameGrammar.name(&tokens)]
    }
    while try tokens.accept(.comma) { key.clustering.append(try NameGrammar.name(&tokens)) }
    try tokens.expect(.rightParenthesis)
    return key
  }

  /// What stands behind the `WITH` of a table or view, if it is there.
  private static func tableOptions(_ tokens: inout TokenStream, isView: Bool) throws(ParseFailure) -> [TableOption] {
    guard try tokens.accept(.with) else { return [] }
    var options: [TableOption] = []
    var names = Set<ByteText>()
    repeat { options.append(try tableOption(&tokens, isView: isView, notIn: &names)) } while try tokens.accept(.and)
    return options
  }

  private static func tableOption(
    _ tokens: inout TokenStream, isView: Bool, notIn names: inout Set<ByteText>
  ) throws(ParseFailure) -> TableOption {
    switch tokens.kind {
    case .compact:
      switch try tokens.peek(1) {
      case .storage:
        try tokens.advance()
        try tokens.advance()
        if isView {
          throw tokens.refused("COMPACT STORAGE tables are not allowed starting with version 4.0")
        }
        return .compactStorage
      case .equal: break
      default: throw tokens.noViableAlternative(1)
      }
    case .clustering:
      switch try tokens.peek(1) {
      case .order:
        try tokens.advance()
        try tokens.advance()
        try tokens.expect(.by)
        return .clusteringOrder(try tokens.parenthesized(clusteringOrder))
      case .equal: break
      default: throw tokens.noViableAlternative(1)
      }
    default: break
    }
    return .property(try PropertyGrammar.property(&tokens, notIn: &names))
  }

  private static func clusteringOrder(_ tokens: inout TokenStream) throws(ParseFailure) -> ClusteringOrder {
    let column = try NameGrammar.name(&tokens)
    switch tokens.kind {
    case .asc, .desc:
      let isDescending = tokens.kind == .desc
      try tokens.advance()
      return ClusteringOrder(column: column, isDescending: isDescending)
    default: throw tokens.noViableAlternative()
    }
  }

  // MARK: ALTER TABLE

  static func alterTable(_ tokens: inout TokenStream) throws(ParseFailure) -> AlterTableStatement {
    try tokens.advance()
    try tokens.advance()
    let ifExists = try tokens.ifExists()
    let table = try NameGrammar.table(&tokens)
    let change: AlterTableStatement.Change
    switch tokens.kind {
    case .alter: change = try alteredColumn(&tokens)
    case .add:
      try tokens.advance()
      change = try addedColumns(&tokens)
    case .drop: change = try droppedColumns(&tokens)
    case .rename:
      try tokens.advance()
      let ifExists = try tokens.ifExists()
      change = .rename(try UserTypeGrammar.renamings(&tokens), ifExists: ifExists)
    case .with:
      try tokens.advance()
      change = .properties(try PropertyGrammar.properties(&tokens))
    default: throw tokens.noViableAlternative()
    }
    return AlterTableStatement(table: table, ifExists: ifExists, change: change)
  }

  private static func alteredColumn(_ tokens: inout TokenStream) throws(ParseFailure) -> AlterTableStatement.Change {
    let next = try tokens.peek(1)
    if next != .if {
      guard next.isColumnName else { throw tokens.noViableAlternative(1) }
      switch try tokens.peek(2) {
      case .type:
        try tokens.advance()
        let column = try NameGrammar.column(&tokens)
        try tokens.advance()
        return .alterType(column, try TypeGrammar.type(&tokens))
      case .drop, .masked: try tokens.decided(after: 3)
      default: throw tokens.noViableAlternative(2)
      }
    } else {
      try tokens.decided(after: 2)
    }
    try tokens.advance()
    let ifExists = try tokens.ifExists()
    let column = try NameGrammar.column(&tokens)
    switch tokens.kind {
    case .masked: return .mask(column, try columnMask(&tokens), ifExists: ifExists)
    case .drop:
      try tokens.advance()
      try tokens.expect(.masked)
      return .mask(column, nil, ifExists: ifExists)
    default: throw tokens.noViableAlternative()
    }
  }

  private static func addedColumns(_ tokens: inout TokenStream) throws(ParseFailure) -> AlterTableStatement.Change {
    let ifNotExists = try tokens.ifNotExists()
    if tokens.kind == .leftParenthesis {
      let columns = try tokens.parenthesized(columnDefinition)
      return .add(columns, ifNotExists: ifNotExists)
    }
    return .add([try columnDefinition(&tokens)], ifNotExists: ifNotExists)
  }

  private static func droppedColumns(_ tokens: inout TokenStream) throws(ParseFailure) -> AlterTableStatement.Change {
    let next = try tokens.peek(1)
    if next == .compact {
      switch try tokens.peek(2) {
      case .storage:
        try tokens.advance()
        try tokens.advance()
        try tokens.advance()
        return .dropCompactStorage
      case .semicolon, .using, .endOfInput: try tokens.decided(after: 3)
      default: throw tokens.noViableAlternative(2)
      }
    } else {
      guard next.isName || next == .leftParenthesis || next == .if else { throw tokens.noViableAlternative(1) }
      try tokens.decided(after: 2)
    }
    try tokens.advance()
    let ifExists = try tokens.ifExists()
    let columns: [Identifier]
    if tokens.kind == .leftParenthesis {
      columns = try tokens.parenthesized(NameGrammar.name)
    } else {
      columns = [try NameGrammar.name(&tokens)]
    }
    var timestamp: Int64?
    if try tokens.accept(.using) {
      try tokens.expect(.timestamp)
      let number = tokens.token
      try tokens.expect(.integer)
      guard let value = Int64(tokens.text(number)) else { throw tokens.unreadableNumber(number) }
      timestamp = value
    }
    return .drop(columns, ifExists: ifExists, timestamp: timestamp)
  }

  // MARK: Views

  static func createView(_ tokens: inout TokenStream) throws(ParseFailure) -> CreateViewStatement {
    try tokens.advance()
    try tokens.advance()
    try tokens.expect(.view)
    let ifNotExists = try tokens.ifNotExists()
    let view = try NameGrammar.table(&tokens)
    try tokens.expect(.as)
    try tokens.expect(.select)
    let selection = try SelectGrammar.selection(&tokens)
    try tokens.expect(.from)
    let table = try NameGrammar.table(&tokens)
    let relations = try tokens.accept(.where) ? try RelationGrammar.relations(&tokens) : []
    let primaryKey = try primaryKey(&tokens)
    return CreateViewStatement(
      view: view, ifNotExists: ifNotExists, selection: selection, table: table, relations: relations,
      primaryKey: primaryKey, options: try tableOptions(&tokens, isView: true))
  }

  static func alterView(_ tokens: inout TokenStream) throws(ParseFailure) -> AlterViewStatement {
    try tokens.advance()
    try tokens.advance()
    try tokens.expect(.view)
    let ifExists = try tokens.ifExists()
    let view = try NameGrammar.table(&tokens)
    try tokens.expect(.with)
    return AlterViewStatement(view: view, ifExists: ifExists, properties: try PropertyGrammar.properties(&tokens))
  }
}
