/// `CREATE FUNCTION`.
public struct CreateFunctionStatement: Sendable, Equatable {
  /// An argument of the function.
  public struct Argument: Sendable, Equatable {
    /// Its name.
    public var name: Identifier
    /// Its type.
    public var type: TypeName
  }

  /// The function.
  public var function: QualifiedName
  /// Whether `OR REPLACE` stands there.
  public var orReplace = false
  /// Whether `IF NOT EXISTS` stands there.
  public var ifNotExists = false
  /// The arguments.
  public var arguments: [Argument]
  /// Whether it is called when an argument is null.
  public var isCalledOnNullInput: Bool
  /// The type of its result.
  public var returnType: TypeName
  /// The language, in lower case.
  public var language: String
  /// The text of the function.
  public var body: String
}

/// `CREATE AGGREGATE`.
public struct CreateAggregateStatement: Sendable, Equatable {
  /// The aggregate.
  public var aggregate: QualifiedName
  /// Whether `OR REPLACE` stands there.
  public var orReplace = false
  /// Whether `IF NOT EXISTS` stands there.
  public var ifNotExists = false
  /// The types of the arguments.
  public var arguments: [TypeName]
  /// The function that adds a row to the state.
  public var stateFunction: Identifier
  /// The type of the state.
  public var stateType: TypeName
  /// The function that makes the result from the last state.
  public var finalFunction: Identifier?
  /// The first state.
  public var initialCondition: Term?
}

/// `DROP FUNCTION` or `DROP AGGREGATE`.
public struct DropFunctionStatement: Sendable, Equatable {
  /// Whether it is an aggregate.
  public var isAggregate: Bool
  /// The function.
  public var function: QualifiedName
  /// The types of its arguments, or nil when the statement does not say.
  public var arguments: [TypeName]?
  /// Whether `IF EXISTS` stands there.
  public var ifExists = false
}
