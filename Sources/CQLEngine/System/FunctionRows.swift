import CassandraWire

/// The rows that `system_schema` has of the functions and aggregates of users.
enum FunctionRows {
  static func function(_ function: UserFunction) -> SystemRow {
    SystemRow([
      ("keyspace_name", .text(function.keyspace)), ("function_name", .text(function.name)),
      ("argument_types", .texts(function.arguments.map(\.type.cql))),
      ("argument_names", .texts(function.arguments.map(\.name))),
      ("body", .text(function.body)), ("called_on_null_input", .boolean(function.isCalledOnNullInput)),
      ("language", .text(function.language)), ("return_type", .text(function.returnType.cql)),
    ])
  }

  static func aggregate(_ aggregate: UserAggregate) -> SystemRow {
    SystemRow([
      ("keyspace_name", .text(aggregate.keyspace)), ("aggregate_name", .text(aggregate.name)),
      ("argument_types", .texts(aggregate.argumentTypes.map(\.cql))),
      ("final_func", aggregate.finalFunction.map { .text($0) }),
      ("initcond", aggregate.initialCondition.map { .text($0) }), ("return_type", .text(aggregate.returnType.cql)),
      ("state_func", .text(aggregate.stateFunction)), ("state_type", .text(aggregate.stateType.cql)),
    ])
  }
}
