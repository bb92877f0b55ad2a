import CassandraBytes
import CQLLanguage
import CassandraWire

extension TableAlteration {
  /// Gives a column another mask, or none; false when nothing changes.
  static func mask(
    _ draft: SchemaDraft, _ name: Identifier, _ mask: ColumnMask?, ifExists: Bool,
    in definition: inout Table.Definition, _ table: Table
  ) throws(EngineFailure) -> Bool {
    guard let column = table.column(name.name), let keyspace = draft.keyspaces[definition.keyspace] else {
      if ifExists { return false }
      throw EngineFailure.invalid("Column with name '\(name.name)' doesn't exist on table '\(table.name)'")
    }
    let new = try mask.map { mask throws(EngineFailure) in
      try MaskPlanner.mask(mask, of: column.name, column.type, in: keyspace)
    }
    guard new?.cql != column.mask?.cql else { return false }
    let changed = column.masked(with: new)
    switch column.kind {
    case .partitionKey: definition.partitionKey[column.position] = changed
    case .clustering: definition.clustering[column.position] = changed
    case .static: definition.statics = definition.statics.map { $0 === column ? changed : $0 }
    case .regular: definition.regulars = definition.regulars.map { $0 === column ? changed : $0 }
    }
    return true
  }
}

/// Finds out what `MASKED WITH` means.
enum MaskPlanner {
  /// The mask of a column of a type.
  static func mask(
    _ mask: ColumnMask, of column: String, _ type: ColumnType, in keyspace: Keyspace
  ) throws(EngineFailure) -> ColumnMasking {
    var terms = TermPlanner(keyspace: keyspace, table: nil, markers: [])
    let name = mask.function?.name.name ?? "mask_default"
    let signature = "\(mask.function?.cql ?? name)(\(mask.arguments.map(\.cql).joined(separator: ", ")))"
    let typed = mask.arguments.map { TypedTerm($0) }
    let first = Argument(text: type.wire.marshalClassName, type: type.wire) { $0 == type.wire ? .exact : .none }
    let arguments = [first] + typed.map { Argument(terms.types, $0) }
    let isNative = mask.function?.keyspace.map { $0.name == "system" } ?? true
    guard isNative, let function = try MaskingFunctions.function(name, arguments) else {
      throw notMasking(mask.function, signature, arguments, of: column)
    }
    guard function.returnType == type.wire else {
      throw EngineFailure.invalid(
        "Masking function \(signature) return type is \(CQLTypeText.text(function.returnType)). This is different to the "
          + "type of the masked column \(column) of type \(CQLTypeText.text(type.wire)). Masking functions can only be "
          + "attached to table columns if they return the same data type as the masked column.")
    }
    let evaluator = Evaluator(Bindings.none, FunctionContext(now: WallClock.microseconds(), uuids: TimeUUIDSource()))
    var values: [ArraySlice<UInt8>?] = []
    for (term, type) in zip(typed, function.argumentTypes.dropFirst()) {
      let receiver = Receiver("arg", type, keyspace: keyspace.name, table: "")
      values.append(try evaluator.value(try terms.expression(term, receiver)).slice)
    }
    return ColumnMasking(function, values)
  }

  /// What a function is that masks nothing.
  private static func notMasking(
    _ name: QualifiedName?, _ signature: String, _ arguments: [Argument], of column: String
  ) -> EngineFailure {
    if let name, name.keyspace.map({ $0.name == "system" }) ?? true {
      if AggregateFunction.names.contains(name.name.name) {
        return EngineFailure.invalid("Aggregate function \(signature) cannot be used for masking table columns")
      }
      let isThere = (try? FunctionCatalog.scalar(name, arguments, receiver: nil, table: nil, in: nil)) != nil
      if isThere {
        return EngineFailure.invalid("Not-masking function \(signature) cannot be used for masking table columns")
      }
    }
    return EngineFailure.invalid(
      "Unable to find masking function for \(column), no declared function matches the signature \(signature)")
  }
}
