internal import CassandraBytes

extension Parser {
  mutating func createTableStatement() throws(ParseFailure) -> CreateTableStatement {
    try advance()
    try advance()
    let ifNotExists = try ifNotExists()
    var statement = CreateTableStatement(table: try tableName(), ifNotExists: ifNotExists)
    try expect(.leftParenthesis)
    try columns(of: &statement)
    while try accept(.comma) {
      // A comma may stand behind the last column too.
      if kind.isName || kind == .primary { try columns(of: &statement) }
    }
    try expect(.rightParenthesis)
    statement.options = try tableOptions(isView: false)
    return statement
  }

  /// A column or the primary key.
  private mutating func columns(of statement: inout CreateTableStatement) throws(ParseFailure) {
    if kind == .primary {
      statement.primaryKeys.append(try primaryKey())
      return
    }
    var column = try columnDefinition()
    if try accept(.primary) {
      try expect(.key)
      column.isPrimaryKey = true
    }
    statement.columns.append(column)
  }

  private mutating func columnDefinition() throws(ParseFailure) -> ColumnDefinition {
    let name = try name()
    var column = ColumnDefinition(name: name, type: try type())
    column.isStatic = try accept(.static)
    if kind == .masked { column.mask = try columnMask() }
    return column
  }

  /// `MASKED WITH …`.
  private mutating func columnMask() throws(ParseFailure) -> ColumnMask {
    guard try peek(1) == .with else { throw noViableAlternative(1) }
    let function = try peek(2)
    guard function.isNameOrMarker || function == .token else { throw noViableAlternative(2) }
    var isDefault = false
    if function == .default {
      switch try peek(3) {
      case .endOfInput, .primary, .rightParenthesis, .comma, .semicolon: isDefault = true
      case .leftParenthesis, .dot: break
      default: throw noViableAlternative(3)
      }
    }
    try advance()
    try advance()
    if isDefault {
      try advance()
      return ColumnMask()
    }
    let name = try functionName()
    guard kind == .leftParenthesis else { throw noViableAlternative() }
    let first = try peek(1)
    guard first == .rightParenthesis || first.beginsTerm else { throw noViableAlternative(1) }
    try advance()
    var arguments: [Term] = []
    if kind != .rightParenthesis { arguments = try list { parser throws(ParseFailure) in try parser.term() } }
    try expect(.rightParenthesis)
    return ColumnMask(function: name, arguments: arguments)
  }

  /// `PRIMARY KEY (…)`.
  private mutating func primaryKey() throws(ParseFailure) -> PrimaryKeyDefinition {
    try expect(.primary)
    try expect(.key)
    try expect(.leftParenthesis)
    var key = PrimaryKeyDefinition(partition: [], clustering: [])
    if kind == .leftParenthesis {
      key.partition = try parenthesized { parser throws(ParseFailure) in try parser.name() }
    } else {
      key.partition = [try name()]
    }
    while try accept(.comma) { key.clustering.append(try name()) }
    try expect(.rightParenthesis)
    return key
  }

  /// What stands behind the `WITH` of a table or view, if it is there.
  private mutating func tableOptions(isView: Bool) throws(ParseFailure) -> [TableOption] {
    guard try accept(.with) else { return [] }
    var options: [TableOption] = []
    var names = Set<ByteText>()
    repeat { options.append(try tableOption(isView: isView, notIn: &names)) } while try accept(.and)
    return options
  }

  private mutating func tableOption(
    isView: Bool, notIn names: inout Set<ByteText>
  ) throws(ParseFailure) -> TableOption {
    switch kind {
    case .compact:
      switch try peek(1) {
      case .storage:
        try advance()
        try advance()
        if isView {
          throw refused("COMPACT STORAGE tables are not allowed starting with version 4.0")
        }
        return .compactStorage
      case .equal: break
      default: throw noViableAlternative(1)
      }
    case .clustering:
      switch try peek(1) {
      case .order:
        try advance()
        try advance()
        try expect(.by)
        return .clusteringOrder(try parenthesized { parser throws(ParseFailure) in try parser.clusteringOrder() })
      case .equal: break
      default: throw noViableAlternative(1)
      }
    default: break
    }
    return .property(try property(notIn: &names))
  }

  private mutating func clusteringOrder() throws(ParseFailure) -> ClusteringOrder {
    let column = try name()
    switch kind {
    case .asc, .desc:
      let isDescending = kind == .desc
      try advance()
      return ClusteringOrder(column: column, isDescending: isDescending)
    default: throw noViableAlternative()
    }
  }

  // MARK: ALTER TABLE

  mutating func alterTableStatement() throws(ParseFailure) -> AlterTableStatement {
    try advance()
    try advance()
    let ifExists = try ifExists()
    let table = try tableName()
    let change: AlterTableStatement.Change
    switch kind {
    case .alter: change = try alteredColumn()
    case .add:
      try advance()
      change = try addedColumns()
    case .drop: change = try droppedColumns()
    case .rename:
      try advance()
      let ifExists = try self.ifExists()
      change = .rename(try renamings(), ifExists: ifExists)
    case .with:
      try advance()
      change = .properties(try properties())
    default: throw noViableAlternative()
    }
    return AlterTableStatement(table: table, ifExists: ifExists, change: change)
  }

  private mutating func alteredColumn() throws(ParseFailure) -> AlterTableStatement.Change {
    let next = try peek(1)
    if next != .if {
      guard next.isColumnName else { throw noViableAlternative(1) }
      switch try peek(2) {
      case .type:
        try advance()
        let column = try columnName()
        try advance()
        return .alterType(column, try type())
      case .drop, .masked: try decided(after: 3)
      default: throw noViableAlternative(2)
      }
    } else {
      try decided(after: 2)
    }
    try advance()
    let ifExists = try ifExists()
    let column = try columnName()
    switch kind {
    case .masked: return .mask(column, try columnMask(), ifExists: ifExists)
    case .drop:
      try advance()
      try expect(.masked)
      return .mask(column, nil, ifExists: ifExists)
    default: throw noViableAlternative()
    }
  }

  private mutating func addedColumns() throws(ParseFailure) -> AlterTableStatement.Change {
    let ifNotExists = try ifNotExists()
    if kind == .leftParenthesis {
      let columns = try parenthesized { parser throws(ParseFailure) in try parser.columnDefinition() }
      return .add(columns, ifNotExists: ifNotExists)
    }
    return .add([try columnDefinition()], ifNotExists: ifNotExists)
  }

  private mutating func droppedColumns() throws(ParseFailure) -> AlterTableStatement.Change {
    let next = try peek(1)
    if next == .compact {
      switch try peek(2) {
      case .storage:
        try advance()
        try advance()
        try advance()
        return .dropCompactStorage
      case .semicolon, .using, .endOfInput: try decided(after: 3)
      default: throw noViableAlternative(2)
      }
    } else {
      guard next.isName || next == .leftParenthesis || next == .if else { throw noViableAlternative(1) }
      try decided(after: 2)
    }
    try advance()
    let ifExists = try ifExists()
    let columns: [Identifier]
    if kind == .leftParenthesis {
      columns = try parenthesized { parser throws(ParseFailure) in try parser.name() }
    } else {
      columns = [try name()]
    }
    var timestamp: Int64?
    if try accept(.using) {
      try expect(.timestamp)
      let number = token
      try expect(.integer)
      guard let value = Int64(text(number)) else { throw unreadableNumber(number) }
      timestamp = value
    }
    return .drop(columns, ifExists: ifExists, timestamp: timestamp)
  }

  // MARK: Views

  mutating func createViewStatement() throws(ParseFailure) -> CreateViewStatement {
    try advance()
    try advance()
    try expect(.view)
    let ifNotExists = try ifNotExists()
    let view = try tableName()
    try expect(.as)
    try expect(.select)
    let selection = try selection()
    try expect(.from)
    let table = try tableName()
    let relations = try accept(.where) ? try relations() : []
    let primaryKey = try primaryKey()
    return CreateViewStatement(
      view: view, ifNotExists: ifNotExists, selection: selection, table: table, relations: relations,
      primaryKey: primaryKey, options: try tableOptions(isView: true))
  }

  mutating func alterViewStatement() throws(ParseFailure) -> AlterViewStatement {
    try advance()
    try advance()
    try expect(.view)
    let ifExists = try ifExists()
    let view = try tableName()
    try expect(.with)
    return AlterViewStatement(view: view, ifExists: ifExists, properties: try properties())
  }
}
