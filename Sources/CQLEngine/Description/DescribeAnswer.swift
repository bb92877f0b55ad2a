import CassandraBytes
import CQLLanguage
import CassandraWire

/// Answers DESCRIBE.
struct DescribeAnswer {
  private let engine: Engine
  private let schema: Schema
  /// The keyspace of names without one.
  private let keyspace: String?
  private let version: ProtocolVersion

  init(_ engine: Engine, _ schema: Schema, used keyspace: String?, version: ProtocolVersion) {
    self.engine = engine
    self.schema = schema
    self.keyspace = keyspace
    self.version = version
  }

  /// Appends the result of a statement.
  func write(_ statement: DescribeStatement, into body: inout [UInt8]) throws(EngineFailure) {
    var description = Description(
      schema: schema, used: keyspace, withInternals: statement.withInternals)
    switch statement.subject {
    case .cluster:
      var columns = ["cluster", "partitioner", "snitch"]
      var values = [engine.configuration.clusterName, "Murmur3Partitioner", "SimpleSnitch"]
      if statement.withInternals {
        columns.append("range_ownership")
        values.append("")
      }
      try writeCluster(columns, values, into: &body)
      return
    default: try description.add(statement.subject)
    }
    var columns = ["keyspace_name", "type", "name"]
    if description.hasStatements { columns.append("create_statement") }
    var rows: [UInt8] = []
    for element in description.elements {
      var fields = [element.keyspace, element.kind, element.name]
      if description.hasStatements { fields.append(element.statement) }
      for field in fields { Parts.append(Array(field.utf8)[...], to: &rows) }
    }
    try ResponseBody.write(
      columns: columns.map { ColumnSpecification(keyspace: "system", table: "describe", name: $0, type: .text) },
      rows: rows, count: description.elements.count, to: &body, version: version)
  }

  private func writeCluster(
    _ names: [String], _ values: [String], into body: inout [UInt8]
  ) throws(EngineFailure) {
    var columns = names.map { ColumnSpecification(keyspace: "system", table: "describe", name: $0, type: .text) }
    var rows: [UInt8] = []
    for value in values.prefix(3) { Parts.append(Array(value.utf8)[...], to: &rows) }
    if columns.count > 3 {
      columns[3].type = .map(key: .text, value: .list(.text))
      let owner = "\(engine.advertised)"
      let owners = Parts.collection([Array(owner.utf8)[...]])
      let isUser = keyspace.map { schema.keyspaces[$0]?.isSystem == false } ?? false
      let map = Parts.collection(isUser ? [Array(LocalNode.token.utf8)[...], owners[...]] : [], perElement: 2)
      Parts.append(map[...], to: &rows)
    }
    try ResponseBody.write(columns: columns, rows: rows, count: 1, to: &body, version: version)
  }
}

/// The rows of a DESCRIBE.
private struct Description {
  /// One thing that is described.
  struct Element {
    var keyspace: String
    var kind: String
    var name: String
    var statement = ""
  }

  let schema: Schema
  let used: String?
  let withInternals: Bool
  private(set) var elements: [Element] = []
  /// Whether each element comes with its statement.
  private(set) var hasStatements = true

  init(schema: Schema, used: String?, withInternals: Bool) {
    self.schema = schema
    self.used = used
    self.withInternals = withInternals
  }

  mutating func add(_ subject: DescribeStatement.Subject) throws(EngineFailure) {
    switch subject {
    case .cluster: break
    case .schema(let isFull):
      for keyspace in schema.sortedKeyspaces where isFull || !keyspace.isSystem { add(keyspace, isOnly: false) }
    case .keyspaces:
      hasStatements = false
      for keyspace in schema.sortedKeyspaces { elements.append(element(keyspace)) }
    case .keyspace(let name, let isOnly): add(try keyspace(name), isOnly: isOnly)
    case .tables:
      list { keyspace in
        keyspace.sortedTables.map { Element(keyspace: keyspace.name, kind: "table", name: Identifier.cql($0.name)) }
      }
    case .types:
      list { keyspace in
        keyspace.sortedTypes.map { Element(keyspace: keyspace.name, kind: "type", name: Identifier.cql($0.name)) }
      }
    case .functions: list { keyspace in keyspace.sortedFunctions.map { Self.element($0) } }
    case .aggregates: list { keyspace in keyspace.sortedAggregates.map { Self.element($0) } }
    case .table(let name): try addTable(name)
    case .type(let name):
      let keyspace = try keyspace(of: name)
      guard let type = keyspace.types[name.name.name] else {
        throw EngineFailure.invalid("User defined type '\(name.name.name)' not found in '\(keyspace.name)'")
      }
      elements.append(element(type))
    case .index(let name): try addIndex(name)
    case .view(let name): try addView(name)
    case .function(let name): try addFunctions(name)
    case .aggregate(let name): try addAggregates(name)
    case .named(let name): try addNamed(name)
    }
  }

  private func missing(_ what: String, _ name: QualifiedName) throws(EngineFailure) -> EngineFailure {
    let keyspace = try keyspace(of: name)
    return EngineFailure.invalid("\(what) '\(name.name.name)' not found in '\(keyspace.name)'")
  }

  // MARK: Finding

  private func keyspace(_ name: Identifier?) throws(EngineFailure) -> Keyspace {
    guard let wanted = name?.name ?? used else {
      throw EngineFailure.invalid("No keyspace specified and no current keyspace")
    }
    guard let keyspace = schema.keyspaces[wanted] else {
      throw EngineFailure.invalid("'\(wanted)' not found in keyspaces")
    }
    return keyspace
  }

  private func keyspace(of name: QualifiedName) throws(EngineFailure) -> Keyspace { try keyspace(name.keyspace) }

  private mutating func list(_ body: (Keyspace) -> [Element]) {
    hasStatements = false
    for keyspace in schema.sortedKeyspaces where used == nil || keyspace.name == used { elements += body(keyspace) }
  }

  // MARK: Adding

  private func element(_ keyspace: Keyspace) -> Element {
    Element(
      keyspace: Identifier.cql(keyspace.name), kind: "keyspace", name: Identifier.cql(keyspace.name),
      statement: SchemaDescription.keyspace(keyspace))
  }

  private func element(_ type: UserType) -> Element {
    Element(
      keyspace: Identifier.cql(type.keyspace), kind: "type", name: Identifier.cql(type.name),
      statement: SchemaDescription.type(type))
  }

  private mutating func add(_ keyspace: Keyspace, isOnly: Bool) {
    elements.append(element(keyspace))
    if isOnly { return }
    for type in inOrderOfUse(keyspace) { elements.append(element(type)) }
    for function in keyspace.sortedFunctions { elements.append(Self.element(function)) }
    for aggregate in keyspace.sortedAggregates { elements.append(Self.element(aggregate)) }
    for table in keyspace.sortedTables { add(table) }
  }

  /// Types in the order of their names, but those that a type is made of before it.
  private func inOrderOfUse(_ keyspace: Keyspace) -> [UserType] {
    var result: [UserType] = []
    var seen: Set<ByteText> = []
    func add(_ type: UserType) {
      guard seen.insert(type.name).inserted else { return }
      for field in type.fields {
        for name in field.type.name.userTypes.sorted() { if let inner = keyspace.types[name.text] { add(inner) } }
      }
      result.append(type)
    }
    for type in keyspace.sortedTypes { add(type) }
    return result
  }

  private mutating func add(_ table: Table) {
    elements.append(
      Element(
        keyspace: Identifier.cql(table.keyspace), kind: "table", name: Identifier.cql(table.name),
        statement: SchemaDescription.table(table, withInternals: withInternals)))
    for index in table.indexes { elements.append(element(index, table)) }
    for view in table.views { elements.append(element(view)) }
  }

  private func element(_ index: Index, _ table: Table) -> Element {
    Element(
      keyspace: Identifier.cql(table.keyspace), kind: "index", name: Identifier.cql(index.name),
      statement: SchemaDescription.index(index, of: table))
  }

  private mutating func addTable(_ name: QualifiedName) throws(EngineFailure) {
    let keyspace = try keyspace(of: name)
    guard let table = keyspace.tables[name.name.name], !table.isView else {
      throw EngineFailure.invalid("Table '\(name.name.name)' not found in keyspace '\(keyspace.name)'")
    }
    add(table)
  }

  private mutating func addFunctions(_ name: QualifiedName) throws(EngineFailure) {
    let functions = try keyspace(of: name).functions(named: name.name.name)
    guard !functions.isEmpty else { throw try missing("User defined function", name) }
    elements += functions.map { Self.element($0) }
  }

  private mutating func addAggregates(_ name: QualifiedName) throws(EngineFailure) {
    let aggregates = try keyspace(of: name).aggregates(named: name.name.name)
    guard !aggregates.isEmpty else { throw try missing("User defined aggregate", name) }
    elements += aggregates.map { Self.element($0) }
  }

  private static func element(_ function: UserFunction) -> Element {
    Element(
      keyspace: Identifier.cql(function.keyspace), kind: "function", name: function.signature.cql,
      statement: SchemaDescription.function(function))
  }

  private static func element(_ aggregate: UserAggregate) -> Element {
    Element(
      keyspace: Identifier.cql(aggregate.keyspace), kind: "aggregate", name: aggregate.signature.cql,
      statement: SchemaDescription.aggregate(aggregate))
  }

  private mutating func addView(_ name: QualifiedName) throws(EngineFailure) {
    let keyspace = try keyspace(of: name)
    guard let view = keyspace.tables[name.name.name], view.isView else { throw try missing("Materialized view", name) }
    elements.append(element(view))
  }

  private func element(_ view: Table) -> Element {
    Element(
      keyspace: Identifier.cql(view.keyspace), kind: "materialized_view", name: Identifier.cql(view.name),
      statement: SchemaDescription.view(view, withInternals: withInternals))
  }

  private mutating func addIndex(_ name: QualifiedName) throws(EngineFailure) {
    let keyspace = try keyspace(of: name)
    guard let table = keyspace.table(withIndex: name.name.name),
      let index = table.indexes.first(where: { $0.name == name.name.name })
    else {
      throw EngineFailure.invalid("Table for existing index '\(name.name.name)' not found in '\(keyspace.name)'")
    }
    elements.append(element(index, table))
  }

  private mutating func addNamed(_ name: QualifiedName) throws(EngineFailure) {
    if name.keyspace == nil, let keyspace = schema.keyspaces[name.name.name] { return add(keyspace, isOnly: false) }
    guard name.keyspace != nil || used != nil else {
      throw EngineFailure.invalid("'\(name.name.name)' not found in keyspaces")
    }
    let keyspace = try keyspace(of: name)
    if let table = keyspace.tables[name.name.name] { return table.isView ? try addView(name) : try addTable(name) }
    if keyspace.table(withIndex: name.name.name) != nil { return try addIndex(name) }
    throw EngineFailure.invalid("'\(name.name.name)' not found in keyspace '\(keyspace.name)'")
  }
}
