import CQLLanguage
import CassandraWire

extension SchemaDescription {
  /// The statement that makes a function anew, as Cassandra's DESCRIBE writes it.
  static func function(_ function: UserFunction) -> String {
    let arguments = zip(function.arguments, function.signature.types).map { argument, type in
      "\(Identifier.cql(argument.name)) \(type.cql)"
    }.joined(separator: ", ")
    return """
      CREATE FUNCTION \(Identifier.cql(function.keyspace)).\(Identifier.cql(function.name))(\(arguments))
          \(function.isCalledOnNullInput ? "CALLED" : "RETURNS NULL") ON NULL INPUT
          RETURNS \(function.returnType.cql)
          LANGUAGE \(function.language)
          AS $$\(function.body)$$;
      """
  }

  /// The statement that makes an aggregate anew, as Cassandra's DESCRIBE writes it.
  static func aggregate(_ aggregate: UserAggregate) -> String {
    var text = """
      CREATE AGGREGATE \(Identifier.cql(aggregate.keyspace)).\(aggregate.signature.cql)
          SFUNC \(Identifier.cql(aggregate.stateFunction))
          STYPE \(aggregate.stateType.cql)
      """
    if let final = aggregate.finalFunction { text += "\n    FINALFUNC \(Identifier.cql(final))" }
    if let initial = aggregate.initialCondition { text += "\n    INITCOND \(initial)" }
    return text + ";"
  }
}
