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
      function.write(to: &writer)
      entries.append((name(of: signature, isAggregate: false, in: new), writer.bytes))
    }
    for (signature, aggregate) in new.aggregates where old?.aggregates[signature] != aggregate {
      var writer = DocumentWriter()
      writer.write(new.name)
      aggregate.write(to: &writer)
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
      guard let keyspace = keyspaces[reader.text()], let function = UserFunction.read(from: &reader, in: keyspace),
        !reader.isDamaged
      else {
        return false
      }
      keyspaces[keyspace.name]?.functions[function.signature] = function
    }
    for var reader in aggregates {
      guard let keyspace = keyspaces[reader.text()], let aggregate = UserAggregate.read(from: &reader, in: keyspace),
        !reader.isDamaged
      else {
        return false
      }
      keyspaces[keyspace.name]?.aggregates[aggregate.signature] = aggregate
    }
    return true
  }
}

extension UserFunction {
  fileprivate func write(to writer: inout DocumentWriter) {
    writer.write(name)
    writer.write(arguments) { writer, argument in
      writer.write(argument.name)
      writer.write(argument.type.name)
    }
    writer.write(returnType.name)
    writer.write(isCalledOnNullInput)
    writer.write(language)
    writer.write(body)
  }

  fileprivate static func read(from reader: inout DocumentReader, in keyspace: Keyspace) -> UserFunction? {
    let resolver = TypeResolver(keyspace)
    let name = reader.text()
    var arguments: [UserFunction.Argument] = []
    for _ in 0..<reader.count() {
      let name = reader.text()
      guard let type = try? resolver.meaning(of: reader.typeName()) else { return nil }
      arguments.append(UserFunction.Argument(name: name, type: type))
    }
    guard let returnType = try? resolver.meaning(of: reader.typeName()) else { return nil }
    return UserFunction(
      keyspace: keyspace.name, name: name, arguments: arguments, returnType: returnType,
      isCalledOnNullInput: reader.boolean(), language: reader.text(), body: reader.text())
  }
}

extension UserAggregate {
  fileprivate func write(to writer: inout DocumentWriter) {
    writer.write(name)
    writer.write(argumentTypes) { $0.write($1.name) }
    writer.write(stateFunction)
    writer.write(stateType.name)
    writer.write(finalFunction ?? "")
    writer.write(initialCondition != nil)
    writer.write(initialCondition ?? "")
    writer.write(returnType.name)
  }

  fileprivate static func read(from reader: inout DocumentReader, in keyspace: Keyspace) -> UserAggregate? {
    let resolver = TypeResolver(keyspace)
    let name = reader.text()
    var argumentTypes: [ColumnType] = []
    for _ in 0..<reader.count() {
      guard let type = try? resolver.meaning(of: reader.typeName()) else { return nil }
      argumentTypes.append(type)
    }
    let stateFunction = reader.text()
    guard let stateType = try? resolver.meaning(of: reader.typeName()) else { return nil }
    let finalFunction = reader.text()
    let hasInitialCondition = reader.boolean()
    let initialCondition = reader.text()
    guard let returnType = try? resolver.meaning(of: reader.typeName()) else { return nil }
    return UserAggregate(
      keyspace: keyspace.name, name: name, argumentTypes: argumentTypes, stateFunction: stateFunction,
      stateType: stateType, finalFunction: finalFunction.isEmpty ? nil : finalFunction,
      initialCondition: hasInitialCondition ? initialCondition : nil, returnType: returnType)
  }
}
