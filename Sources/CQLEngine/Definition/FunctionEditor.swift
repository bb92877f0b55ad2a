import CassandraBytes
import CQLLanguage
import CassandraWire

/// Makes and drops functions and aggregates.
enum FunctionEditor {
  /// The languages that Cassandra knows.
  private static let language = "java"

  static func create(
    _ draft: inout SchemaDraft, _ statement: CreateFunctionStatement
  ) throws(EngineFailure) -> SchemaChange? {
    let keyspaceName = try functionKeyspace(draft, of: statement.function)
    let name = statement.function.name.name
    if statement.ifNotExists, statement.orReplace { throw Self.bothDirectives }
    guard statement.language == Self.language else {
      throw EngineFailure.invalid(
        "Currently only Java UDFs are available in Cassandra. For more information - CASSANDRA-18252 and CASSANDRA-17281"
      )
    }
    var seen: Set<ByteText> = []
    guard statement.arguments.allSatisfy({ seen.insert(ByteText($0.name.name)).inserted }) else {
      throw EngineFailure.invalid(
        "Duplicate argument names for given function \(name) with argument names "
          + "[\(statement.arguments.map(\.name.name).joined(separator: ", "))]")
    }
    try Self.checkCount(statement.arguments.count)
    try Self.checkThawed(statement.arguments.map(\.type), "Argument")
    try Self.checkThawed([statement.returnType], "Return type")
    guard let keyspace = draft.keyspaces[keyspaceName] else {
      throw EngineFailure.invalid("Keyspace '\(keyspaceName)' doesn't exist")
    }
    let resolver = TypeResolver(keyspace)
    var arguments: [UserFunction.Argument] = []
    for argument in statement.arguments {
      arguments.append(UserFunction.Argument(name: argument.name.name, type: try resolver.resolve(argument.type)))
    }
    let function = UserFunction(
      keyspace: keyspaceName, name: name, arguments: arguments, returnType: try resolver.resolve(statement.returnType),
      isCalledOnNullInput: statement.isCalledOnNullInput, language: statement.language, body: statement.body)
    let signature = function.signature
    if keyspace.aggregates[signature] != nil {
      throw EngineFailure.invalid("Function '\(name)' cannot replace an aggregate")
    }
    let existing = keyspace.functions[signature]
    if let existing {
      if statement.ifNotExists { return nil }
      guard statement.orReplace else { throw EngineFailure.invalid("Function '\(name)' already exists") }
      guard existing.isCalledOnNullInput == function.isCalledOnNullInput else {
        throw EngineFailure.invalid(
          "Function '\(name)' must have \(function.isCalledOnNullInput ? "CALLED" : "RETURNS NULL") ON NULL INPUT "
            + "directive")
      }
      guard existing.returnType == function.returnType else {
        throw EngineFailure.invalid(
          "Cannot replace function '\(name)', the new return type \(function.returnType.cql) is not compatible with the "
            + "return type \(existing.returnType.cql) of existing function")
      }
      if existing == function { return nil }
    }
    draft.keyspaces[keyspaceName]?.functions[signature] = function
    return SchemaChange(
      existing == nil ? .created : .updated, keyspace: keyspaceName,
      .function(name, argumentTypes: function.signature.types(in: keyspaceName)))
  }

  /// The keyspace of a function or an aggregate, for which Cassandra says otherwise than for a table what belongs to it.
  private static func functionKeyspace(_ draft: SchemaDraft, of name: QualifiedName) throws(EngineFailure) -> String {
    let keyspace = try Schema.keyspaceName(of: name, in: draft.used)
    guard draft.keyspaces[keyspace]?.isSystem != true else {
      throw EngineFailure.invalid("System keyspace '\(keyspace)' is not user-modifiable")
    }
    return keyspace
  }

  private static let bothDirectives = EngineFailure.invalid(
    "Cannot use both 'OR REPLACE' and 'IF NOT EXISTS' directives")

  /// The most arguments of a function or an aggregate: 65,535, as many as the protocol can name.
  private static let maximumArguments = 65_535

  private static func checkCount(_ count: Int) throws(EngineFailure) {
    guard count > maximumArguments else { return }
    throw EngineFailure.invalid("A function may have at most \(maximumArguments) arguments")
  }

  /// Refuses `frozen` where it is not written: all values of functions are.
  private static func checkThawed(_ types: [TypeName], _ what: String) throws(EngineFailure) {
    for case .frozen(let inner) in types {
      if case .tuple = inner { continue }
      let text = TypeName.frozen(inner).cql
      throw EngineFailure.invalid("\(what) '\(text)' cannot be frozen; remove frozen<> modifier from '\(text)'")
    }
  }

  static func create(
    _ draft: inout SchemaDraft, _ statement: CreateAggregateStatement
  ) throws(EngineFailure) -> SchemaChange? {
    let keyspaceName = try functionKeyspace(draft, of: statement.aggregate)
    let name = statement.aggregate.name.name
    if statement.ifNotExists, statement.orReplace { throw Self.bothDirectives }
    try Self.checkCount(statement.arguments.count)
    try Self.checkThawed(statement.arguments, "Argument")
    try Self.checkThawed([statement.stateType], "State type")
    guard let keyspace = draft.keyspaces[keyspaceName] else {
      throw EngineFailure.configuration("Keyspace \(keyspaceName) doesn't exist")
    }
    let resolver = TypeResolver(keyspace)
    var argumentTypes: [ColumnType] = []
    for type in statement.arguments { argumentTypes.append(try resolver.resolve(type)) }
    let stateType = try resolver.resolve(statement.stateType)
    let stateFunction = try Self.function(
      statement.stateFunction.name, [stateType] + argumentTypes, "State", in: keyspace)
    guard stateFunction.returnType == stateType else {
      throw EngineFailure.invalid(
        "State function \(keyspaceName).\(stateFunction.signature.text) return type must be the same as the first "
          + "argument type - check STYPE, argument and return types")
    }
    var returnType = stateType
    if let final = statement.finalFunction {
      returnType = try Self.function(final.name, [stateType], "Final", in: keyspace).returnType
    }
    let initial = try statement.initialCondition.flatMap { term throws(EngineFailure) in
      try Self.initialCondition(term, stateType, in: keyspace)
    }
    if !stateFunction.isCalledOnNullInput, initial == nil {
      throw EngineFailure.invalid(
        "Cannot create aggregate '\(name)' without INITCOND because state function \(keyspaceName).\(stateFunction.name) does not "
          + "accept 'null' arguments")
    }
    let aggregate = UserAggregate(
      keyspace: keyspaceName, name: name, argumentTypes: argumentTypes, stateFunction: stateFunction.name,
      stateType: stateType, finalFunction: statement.finalFunction?.name, initialCondition: initial,
      returnType: returnType)
    let signature = aggregate.signature
    if keyspace.functions[signature] != nil {
      throw EngineFailure.invalid("Aggregate '\(name)' cannot replace a function")
    }
    let existing = keyspace.aggregates[signature]
    if let existing {
      if statement.ifNotExists { return nil }
      guard statement.orReplace else { throw EngineFailure.invalid("Aggregate '\(name)' already exists") }
      guard existing.returnType == returnType else {
        throw EngineFailure.invalid(
          "Cannot replace aggregate '\(name)', the new return type \(returnType.cql) isn't compatible with the return "
            + "type \(existing.returnType.cql) of existing function")
      }
      if existing == aggregate { return nil }
    }
    draft.keyspaces[keyspaceName]?.aggregates[signature] = aggregate
    return SchemaChange(
      existing == nil ? .created : .updated, keyspace: keyspaceName,
      .aggregate(name, argumentTypes: aggregate.signature.types(in: keyspaceName)))
  }

  /// The function of an aggregate.
  private static func function(
    _ name: String, _ types: [ColumnType], _ what: String, in keyspace: Keyspace
  ) throws(EngineFailure) -> UserFunction {
    let signature = FunctionSignature(name, types)
    if let function = keyspace.functions[signature] { return function }
    throw EngineFailure.invalid(
      keyspace.aggregates[signature] == nil
        ? "\(what) function \(keyspace.name).\(signature.text) doesn't exist"
        : "\(what) function \(keyspace.name).\(signature.text) isn't a scalar function")
  }

  /// The first state as CQL text; nil for null.
  private static func initialCondition(
    _ term: Term, _ type: ColumnType, in keyspace: Keyspace
  ) throws(EngineFailure) -> String? {
    var terms = TermPlanner(keyspace: keyspace, table: nil, markers: [])
    let expression = try terms.expression(term, Receiver("(dummy)", type.wire, keyspace: keyspace.name, table: ""))
    let evaluator = Evaluator(.none, FunctionContext(now: WallClock.microseconds(), uuids: TimeUUIDSource()))
    return try evaluator.value(expression).slice == nil ? nil : term.cql
  }

  // MARK: DROP

  static func drop(
    _ draft: inout SchemaDraft, _ statement: DropFunctionStatement
  ) throws(EngineFailure) -> SchemaChange? {
    let keyspaceName = try functionKeyspace(draft, of: statement.function)
    let name = statement.function.name.name
    let what = statement.isAggregate ? "Aggregate" : "Function"
    let types = statement.arguments.map { "(\($0.map(\.cql).joined(separator: ", ")))" } ?? ""
    let missing = "\(what) '\(keyspaceName).\(name)\(types)' doesn't exist"
    guard let keyspace = draft.keyspaces[keyspaceName] else {
      return try draft.missing(missing, ifExists: statement.ifExists)
    }
    let known =
      statement.isAggregate
      ? keyspace.aggregates(named: name).map(\.signature) : keyspace.functions(named: name).map(\.signature)
    var signature = known.first
    if let arguments = statement.arguments {
      try Self.checkCount(arguments.count)
      try Self.checkThawed(arguments, "Argument")
      var resolved: [ColumnType] = []
      for type in arguments { resolved.append(try TypeResolver(keyspace).resolve(type)) }
      signature = FunctionSignature(name, resolved)
    } else if known.count > 1 {
      throw EngineFailure.invalid(
        "'DROP \(what.uppercased()) \(name)' matches multiple \(statement.isAggregate ? "overloads" : "function definitions"); "
          + "specify the argument types by issuing a statement like 'DROP \(what.uppercased()) \(name) (type, type, ...)'. "
          + "You can use cqlsh 'DESCRIBE \(what.uppercased()) \(name)' command to find all overloads")
    }
    guard let signature, known.contains(signature) else {
      return try draft.missing(missing, ifExists: statement.ifExists)
    }
    if statement.isAggregate {
      guard let aggregate = draft.keyspaces[keyspaceName]?.aggregates.removeValue(forKey: signature) else { return nil }
      return SchemaChange(
        .dropped, keyspace: keyspaceName, .aggregate(name, argumentTypes: aggregate.signature.types(in: keyspaceName)))
    }
    guard let function = keyspace.functions[signature] else { return nil }
    let users = keyspace.sortedAggregates.filter { $0.uses(function) }
    guard users.isEmpty else {
      throw EngineFailure.invalid(
        "Function '\(keyspaceName).\(name)\(types)' is still referenced by aggregates "
          + users.map { "\(keyspaceName).\($0.name)" }.joined(separator: ", "))
    }
    draft.keyspaces[keyspaceName]?.functions[signature] = nil
    return SchemaChange(
      .dropped, keyspace: keyspaceName, .function(name, argumentTypes: function.signature.types(in: keyspaceName)))
  }

  /// Refuses to drop a type that functions or aggregates have.
  static func checkUnusedByFunctions(_ type: String, in keyspace: Keyspace) throws(EngineFailure) {
    let functions = keyspace.sortedFunctions.filter { function in
      (function.arguments.map(\.type) + [function.returnType]).contains { $0.name.userTypes.contains(type) }
    }
    guard functions.isEmpty else {
      throw EngineFailure.invalid(
        "Cannot drop user type '\(keyspace.name).\(type)' as it is still used by functions "
          + functions.map { "\(keyspace.name).\($0.name)" }.joined(separator: ", "))
    }
    let aggregates = keyspace.sortedAggregates.filter { aggregate in
      (aggregate.argumentTypes + [aggregate.stateType, aggregate.returnType]).contains {
        $0.name.userTypes.contains(type)
      }
    }
    guard aggregates.isEmpty else {
      throw EngineFailure.invalid(
        "Cannot drop user type '\(keyspace.name).\(type)' as it is still used by aggregates "
          + aggregates.map { "\(keyspace.name).\($0.name)" }.joined(separator: ", "))
    }
  }
}
