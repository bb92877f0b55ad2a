internal import CassandraBytes

extension Parser {
  mutating func createKeyspaceStatement() throws(ParseFailure) -> CreateKeyspaceStatement {
    try advance()
    try advance()
    let ifNotExists = try ifNotExists()
    let keyspace = try keyspaceName()
    try expect(.with)
    return CreateKeyspaceStatement(keyspace: keyspace, ifNotExists: ifNotExists, properties: try properties())
  }

  mutating func alterKeyspaceStatement() throws(ParseFailure) -> AlterKeyspaceStatement {
    try advance()
    try advance()
    let ifExists = try ifExists()
    let keyspace = try keyspaceName()
    try expect(.with)
    return AlterKeyspaceStatement(keyspace: keyspace, ifExists: ifExists, properties: try properties())
  }

  // MARK: Types

  mutating func createTypeStatement() throws(ParseFailure) -> CreateTypeStatement {
    try advance()
    try advance()
    let ifNotExists = try ifNotExists()
    let type = try userTypeName()
    try expect(.leftParenthesis)
    var fields = [try field()]
    while try accept(.comma) {
      // A comma may stand behind the last field too.
      if kind.isName { fields.append(try field()) }
    }
    try expect(.rightParenthesis)
    return CreateTypeStatement(type: type, ifNotExists: ifNotExists, fields: fields)
  }

  private mutating func field() throws(ParseFailure) -> CreateTypeStatement.Field {
    let name = try name()
    return CreateTypeStatement.Field(name: name, type: try type())
  }

  mutating func alterTypeStatement() throws(ParseFailure) -> AlterTypeStatement {
    try advance()
    try advance()
    let ifExists = try ifExists()
    let type = try userTypeName()
    let change: AlterTypeStatement.Change
    switch kind {
    case .alter:
      try advance()
      let field = try name()
      try expect(.type)
      change = .alterType(field, try self.type())
    case .add:
      try advance()
      let ifNotExists = try ifNotExists()
      let field = try name()
      change = .add(field, try self.type(), ifNotExists: ifNotExists)
    case .rename:
      try advance()
      let ifExists = try self.ifExists()
      change = .rename(try renamings(), ifExists: ifExists)
    default: throw noViableAlternative()
    }
    return AlterTypeStatement(type: type, ifExists: ifExists, change: change)
  }

  /// `a TO b AND c TO d`.
  mutating func renamings() throws(ParseFailure) -> [Renaming] {
    var renamings: [Renaming] = []
    repeat {
      let from = try name()
      try expect(.to)
      renamings.append(Renaming(from: from, to: try name()))
    } while try accept(.and)
    return renamings
  }

  // MARK: Indexes

  mutating func createIndexStatement() throws(ParseFailure) -> CreateIndexStatement {
    try advance()
    let isCustom = try accept(.custom)
    try expect(.index)
    let ifNotExists = try ifNotExists()
    let name = kind.isNameOrMarker ? try indexName() : nil
    try expect(.on)
    let table = try tableName()
    try expect(.leftParenthesis)
    var targets: [CreateIndexStatement.Target] = []
    if kind.isColumnName || kind == .entries || kind == .full {
      targets = try list { parser throws(ParseFailure) in try parser.indexTarget() }
    }
    try expect(.rightParenthesis)
    let implementation = try accept(.using) ? try string() : nil
    let properties = try accept(.with) ? try properties() : []
    return CreateIndexStatement(
      isCustom: isCustom, ifNotExists: ifNotExists, name: name, table: table, targets: targets,
      implementation: implementation, properties: properties)
  }

  private mutating func indexTarget() throws(ParseFailure) -> CreateIndexStatement.Target {
    let part: CreateIndexStatement.Target.Part
    switch kind {
    case .values, .keys:
      switch try peek(1) {
      case .leftParenthesis: part = kind == .values ? .values : .keys
      case .rightParenthesis, .comma: part = .simple
      default: throw noViableAlternative(1)
      }
    case .entries: part = .entries
    case .full: part = .full
    default:
      guard kind.isColumnName else { throw noViableAlternative() }
      part = .simple
    }
    if part == .simple { return CreateIndexStatement.Target(column: try columnName()) }
    try advance()
    try expect(.leftParenthesis)
    let column = try columnName()
    try expect(.rightParenthesis)
    return CreateIndexStatement.Target(column: column, part: part)
  }

  // MARK: Triggers

  mutating func createTriggerStatement() throws(ParseFailure) -> CreateTriggerStatement {
    try advance()
    try advance()
    let ifNotExists = try ifNotExists()
    let trigger = try name()
    try expect(.on)
    let table = try tableName()
    try expect(.using)
    return CreateTriggerStatement(trigger: trigger, ifNotExists: ifNotExists, table: table, className: try string())
  }

  // MARK: Properties

  /// What stands behind `WITH`.
  mutating func properties() throws(ParseFailure) -> [Property] {
    var properties: [Property] = []
    var names = Set<ByteText>()
    repeat { properties.append(try property(notIn: &names)) } while try accept(.and)
    return properties
  }

  /// An option whose name is not in `names` yet.
  mutating func property(notIn names: inout Set<ByteText>) throws(ParseFailure) -> Property {
    guard kind.isName else { throw noViableAlternative() }
    guard try peek(1) == .equal else { throw noViableAlternative(1) }
    let first = try peek(2)
    guard first.isConstant || first.isUnreservedKeyword || first == .leftBrace else { throw noViableAlternative(2) }
    try decided(after: 3)
    let name = try name()
    try advance()
    let value: Property.Value
    if kind == .leftBrace {
      value = .map(try propertyMap())
    } else if kind.isConstant {
      value = .constant(try constant())
    } else {
      let word = kind.isNativeType ? lowercasedText(token) : text(token)
      try advance()
      value = .keyword(word)
    }
    if !names.insert(name.name).inserted { refuse("Multiple definitions for property '\(name.name)'") }
    return Property(name, value)
  }

  /// A map of constants.
  mutating func propertyMap() throws(ParseFailure) -> [Property.Entry] {
    var entries: [Property.Entry] = []
    var keys = Set<ByteText>()
    for entry in try mapLiteral() {
      guard case .constant(let key) = entry.key.kind else {
        refuse("Invalid property name: \(entry.key.propertyText)\(entry.key.propertyHint)")
        break
      }
      guard case .constant(let value) = entry.value.kind else {
        refuse(
          "Invalid property value: \(entry.value.propertyText) for property: \(entry.key.cql)"
            + entry.value.propertyHint)
        break
      }
      if !keys.insert(key.text).inserted { refuse("Multiple definition for property \(key.text)") }
      entries.append(Property.Entry(key, value))
    }
    return entries
  }
}

extension Term {
  /// This term in the message that it cannot be in a property.
  fileprivate var propertyText: String {
    if case .marker = kind { return "?" }
    return cql
  }

  /// What that message adds.
  fileprivate var propertyHint: String {
    if case .marker = kind { return " (bind variables are not supported in DDL queries)" }
    return ""
  }
}
