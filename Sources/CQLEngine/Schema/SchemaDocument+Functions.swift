import CQLLanguage
import CassandraWire

extension SchemaDocument {
  static func name(of signature: FunctionSignature, isAggregate: Bool, in keyspace: Keyspace) -> String {
    "\(prefix)\(isAggregate ? "aggregate" : "function")/\(keyspace.name)/\(signature.text)"
  }

  /// What makes the kept functions and aggregates of one version of a keyspace those of another.
  static func functionChanges(from old: Keyspace?, to new: Keyspace, into entries: inout [Entry]) {
    for (signature, function) in new.functions where old?.functions[signature] != function {
      var writer = DocumentWriter()
      writer.write(new.name)
      writer.write(function)
      entries.append((name(of: signature, isAggregate: false, in: new), writer.bytes))
    }
    for (signature, aggregate) in new.aggregates where old?.aggregates[signature] != aggregate {
      var writer = DocumentWriter()
      writer.write(new.name)
      writer.write(aggregate)
      entries.append((name(of: signature, isAggregate: true, in: new), writer.bytes))
    }
    guard let old else { return }
    for signature in old.functions.keys where new.functions[signature] == nil {
      entries.append((name(of: signature, isAggregate: false, in: old), nil))
    }
    for signature in old.aggregates.keys where new.aggregates[signature] == nil {
      entries.append((name(of: signature, isAggregate: true, in: old), nil))
    }
  }

  /// Adds what the values of functions and aggregates say to keyspaces that have their types; false when one is damaged.
  static func addFunctions(
    _ functions: [DocumentReader], _ aggregates: [DocumentReader], to keyspaces: inout NameMap<Keyspace>
  ) -> Bool {
    for var reader in functions {
      guard let keyspace = keyspaces[reader.text()], let function = reader.function(keyspace), !reader.isDamaged else {
        return false
      }
      keyspaces[keyspace.name]?.functions[function.signature] = function
    }
    for var reader in aggregates {
      guard let keyspace = keyspaces[reader.text()], let aggregate = reader.aggregate(keyspace), !reader.isDamaged
      else {
        return false
      }
      keyspaces[keyspace.name]?.aggregates[aggregate.signature] = aggregate
    }
    return true
  }
}

extension DocumentWriter {
  fileprivate mutating func write(_ function: UserFunction) {
    write(function.name)
    write(function.arguments) { writer, argument in
      writer.write(argument.name)
      writer.write(argument.type.name)
    }
    write(function.returnType.name)
    write(function.isCalledOnNullInput)
    write(function.language)
    write(function.body)
  }

  fileprivate mutating func write(_ aggregate: UserAggregate) {
    write(aggregate.name)
    write(aggregate.argumentTypes) { $0.write($1.name) }
    write(aggregate.stateFunction)
    write(aggregate.stateType.name)
    write(aggregate.finalFunction ?? "")
    write(aggregate.initialCondition != nil)
    write(aggregate.initialCondition ?? "")
    write(aggregate.returnType.name)
  }
}

extension DocumentReader {
  fileprivate mutating func function(_ keyspace: Keyspace) -> UserFunction? {
    let resolver = TypeResolver(keyspace)
    let name = text()
    var arguments: [UserFunction.Argument] = []
    for _ in 0..<count() {
      let name = text()
      guard let type = try? resolver.meaning(of: typeName()) else { return nil }
      arguments.append(UserFunction.Argument(name: name, type: type))
    }
    guard let returnType = try? resolver.meaning(of: typeName()) else { return nil }
    return UserFunction(
      keyspace: keyspace.name, name: name, arguments: arguments, returnType: returnType,
      isCalledOnNullInput: boolean(), language: text(), body: text())
  }

  fileprivate mutating func aggregate(_ keyspace: Keyspace) -> UserAggregate? {
    let resolver = TypeResolver(keyspace)
    let name = text()
    var argumentTypes: [ColumnType] = []
    for _ in 0..<count() {
      guard let type = try? resolver.meaning(of: typeName()) else { return nil }
      argumentTypes.append(type)
    }
    let stateFunction = text()
    guard let stateType = try? resolver.meaning(of: typeName()) else { return nil }
    let finalFunction = text()
    let hasInitialCondition = boolean()
    let initialCondition = text()
    guard let returnType = try? resolver.meaning(of: typeName()) else { return nil }
    return UserAggregate(
      keyspace: keyspace.name, name: name, argumentTypes: argumentTypes, stateFunction: stateFunction,
      stateType: stateType, finalFunction: finalFunction.isEmpty ? nil : finalFunction,
      initialCondition: hasInitialCondition ? initialCondition : nil, returnType: returnType)
  }
}
