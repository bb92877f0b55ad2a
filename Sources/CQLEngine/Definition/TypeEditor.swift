import CassandraBytes
import CQLLanguage
import CassandraWire

/// Makes, alters and drops user types.
enum TypeEditor {
  /// Names that are kept for types to come.
  private static let reservedNames: Set<ByteText> = ["byte", "complex", "enum", "interval", "macaddr", "bitstring"]

  static func create(
    _ draft: inout SchemaDraft, _ statement: CreateTypeStatement
  ) throws(EngineFailure) -> SchemaChange? {
    let name = statement.type.name.name
    if Self.reservedNames.contains(name) {
      throw EngineFailure.syntax("Invalid (reserved) user type name \(name)")
    }
    let keyspaceName = try draft.modifiableKeyspace(of: statement.type)
    guard let keyspace = draft.keyspaces[keyspaceName] else {
      throw EngineFailure.invalid("Keyspace '\(keyspaceName)' doesn't exist")
    }
    guard keyspace.types[name] == nil else {
      if statement.ifNotExists { return nil }
      throw EngineFailure.invalid("A user type with name '\(name)' already exists")
    }
    var seen: Set<ByteText> = []
    for field in statement.fields where !seen.insert(field.name.name).inserted {
      throw EngineFailure.invalid("Duplicate field name '\(field.name.name)' in type '\(name)'")
    }
    let resolver = TypeResolver(keyspace)
    for field in statement.fields { try Self.checkField(field.type) }
    var fields: [UserType.Field] = []
    for field in statement.fields {
      fields.append(UserType.Field(name: field.name.name, type: try resolver.resolve(field.type)))
    }
    let type = UserType(keyspace: keyspaceName, name: name, fields: fields)
    try TypeExtent.check(type.whole)
    draft.keyspaces[keyspaceName]?.types[name] = type
    return SchemaChange(.created, keyspace: keyspaceName, .type(name))
  }

  private static func checkField(_ type: TypeName) throws(EngineFailure) {
    switch type {
    case .native(.counter): throw EngineFailure.invalid("A user type cannot contain counters")
    case .userDefined: throw EngineFailure.invalid("A user type cannot contain non-frozen UDTs")
    default: break
    }
  }

  static func alter(
    _ draft: inout SchemaDraft, _ statement: AlterTypeStatement
  ) throws(EngineFailure) -> SchemaChange? {
    let keyspaceName = try draft.modifiableKeyspace(of: statement.type)
    let name = statement.type.name.name
    guard let keyspace = draft.keyspaces[keyspaceName], var type = keyspace.types[name] else {
      return try draft.missing("Type \(keyspaceName).\(name) doesn't exist", ifExists: statement.ifExists)
    }
    switch statement.change {
    case .alterType: throw EngineFailure.invalid("Altering field types is no longer supported")
    case .add(let field, let typeName, let ifNotExists):
      try Self.checkField(typeName)
      guard !type.fields.contains(where: { $0.name == field.name }) else {
        if ifNotExists { return nil }
        throw EngineFailure.invalid(
          "Cannot add field \(field.name) to type \(keyspaceName).\(name): a field with name \(field.name) already "
            + "exists")
      }
      let resolved = try TypeResolver(keyspace).resolve(typeName)
      guard !dependencies(of: resolved.name, in: keyspace).contains(name) else {
        throw EngineFailure.invalid(
          "Cannot add new field \(field.name) of type \(Self.qualified(resolved.name, keyspaceName)) to user type "
            + "\(keyspaceName).\(name) as it would create a circular reference")
      }
      let holders = (keyspace.sortedTables + keyspace.sortedViews).filter { table in
        table.partitionKey.contains { dependencies(of: $0.type.name, in: keyspace).contains(name) }
      }
      guard holders.isEmpty else {
        throw EngineFailure.invalid(
          "Cannot add new field \(field.name) of type \(resolved.cql) to user type \(keyspaceName).\(name) as the type is "
            + "being used in partition key by the following tables: "
            + holders.map(\.qualifiedName).joined(separator: ", "))
      }
      type.fields.append(UserType.Field(name: field.name, type: resolved))
    case .rename(let renamings, let ifExists):
      let before = type.fields
      for renaming in renamings {
        guard let index = type.fields.firstIndex(where: { $0.name == renaming.from.name }) else {
          if ifExists { continue }
          throw EngineFailure.invalid("Unkown field \(renaming.from.name) in user type \(keyspaceName).\(name)")
        }
        type.fields[index].name = renaming.to.name
      }
      var seen: Set<ByteText> = []
      for field in type.fields where !seen.insert(field.name).inserted {
        throw EngineFailure.invalid("Duplicate field name \(field.name) in type \(keyspaceName)")
      }
      if type.fields == before { return nil }
    }
    try TypeExtent.check(type.whole)
    draft.keyspaces[keyspaceName]?.types[name] = type
    try resolveAgain(&draft, keyspaceName, after: name)
    return SchemaChange(.updated, keyspace: keyspaceName, .type(name))
  }

  private static func qualified(_ type: TypeName, _ keyspace: String) -> String {
    switch type {
    case .frozen(let inner): "frozen<\(qualified(inner, keyspace))>"
    case .userDefined(let name): "\(keyspace).\(name.name.name)"
    default: type.cql
    }
  }

  /// All user types that a type is made of.
  private static func dependencies(of type: TypeName, in keyspace: Keyspace) -> Set<ByteText> {
    var found: Set<ByteText> = []
    var open = Array(type.userTypes)
    while let name = open.popLast() {
      guard found.insert(name).inserted else { continue }
      for field in keyspace.types[name.text]?.fields ?? [] { open += field.type.name.userTypes }
    }
    return found
  }

  /// Gives every type and every column its new meaning after a type has changed.
  private static func resolveAgain(
    _ draft: inout SchemaDraft, _ keyspaceName: String, after changed: String
  ) throws(EngineFailure) {
    guard var keyspace = draft.keyspaces[keyspaceName] else { return }
    // Each round brings the change one level further, until it has reached all types around it.
    var isSettled = false
    while !isSettled {
      isSettled = true
      let resolver = TypeResolver(keyspace)
      for (name, type) in keyspace.types {
        var resolved = type
        for index in type.fields.indices {
          resolved.fields[index].type = try resolver.resolve(type.fields[index].type.name)
        }
        guard resolved != type else { continue }
        keyspace.types[name] = resolved
        isSettled = false
      }
    }
    let resolver = TypeResolver(keyspace)
    for table in keyspace.sortedTables
    where table.columns.contains(where: { dependencies(of: $0.type.name, in: keyspace).contains(changed) }) {
      var definition = table.definition
      definition.partitionKey = try resolved(definition.partitionKey, resolver)
      definition.clustering = try resolved(definition.clustering, resolver)
      definition.statics = try resolved(definition.statics, resolver)
      definition.regulars = try resolved(definition.regulars, resolver)
      try TypeExtent.check(definition)
      keyspace.put(Table(definition))
    }
    try resolveFunctions(of: &keyspace)
    draft.keyspaces[keyspaceName] = keyspace
  }

  /// Gives the types of functions and aggregates their new meaning.
  private static func resolveFunctions(of keyspace: inout Keyspace) throws(EngineFailure) {
    let resolver = TypeResolver(keyspace)
    for (signature, function) in keyspace.functions {
      var resolved = function
      for index in function.arguments.indices {
        resolved.arguments[index].type = try resolver.resolve(function.arguments[index].type.name)
      }
      resolved.returnType = try resolver.resolve(function.returnType.name)
      keyspace.functions[signature] = resolved
    }
    for (signature, aggregate) in keyspace.aggregates {
      var resolved = aggregate
      for index in aggregate.argumentTypes.indices {
        resolved.argumentTypes[index] = try resolver.resolve(aggregate.argumentTypes[index].name)
      }
      resolved.stateType = try resolver.resolve(aggregate.stateType.name)
      resolved.returnType = try resolver.resolve(aggregate.returnType.name)
      keyspace.aggregates[signature] = resolved
    }
  }

  private static func resolved(_ columns: [Column], _ resolver: TypeResolver) throws(EngineFailure) -> [Column] {
    var result: [Column] = []
    for column in columns { result.append(column.changed(type: try resolver.resolve(column.type.name))) }
    return result
  }

  static func drop(_ draft: inout SchemaDraft, _ statement: DropStatement) throws(EngineFailure) -> SchemaChange? {
    let keyspaceName = try draft.modifiableKeyspace(of: statement.name)
    let name = statement.name.name.name
    guard let keyspace = draft.keyspaces[keyspaceName], keyspace.types[name] != nil else {
      return try draft.missing("Type '\(keyspaceName).\(name)' doesn't exist", ifExists: statement.ifExists)
    }
    try FunctionEditor.checkUnusedByFunctions(name, in: keyspace)
    let types = keyspace.sortedTypes.filter { type in type.fields.contains { $0.type.name.userTypes.contains(name) } }
    guard types.isEmpty else {
      throw EngineFailure.invalid(
        "Cannot drop user type '\(keyspaceName).\(name)' as it is still used by user types "
          + types.map(\.name).joined(separator: ", "))
    }
    let tables = keyspace.sortedTables.filter { table in
      table.columns.contains { $0.type.name.userTypes.contains(name) }
    }
    guard tables.isEmpty else {
      throw EngineFailure.invalid(
        "Cannot drop user type '\(keyspaceName).\(name)' as it is still used by tables "
          + tables.map(\.name).joined(separator: ", "))
    }
    draft.keyspaces[keyspaceName]?.types[name] = nil
    return SchemaChange(.dropped, keyspace: keyspaceName, .type(name))
  }
}
