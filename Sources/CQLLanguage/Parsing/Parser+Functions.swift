extension Parser {
  /// `OR REPLACE`, if it is there.
  private mutating func orReplace() throws(ParseFailure) -> Bool {
    guard try accept(.or) else { return false }
    try expect(.replace)
    return true
  }

  mutating func createFunctionStatement() throws(ParseFailure) -> CreateFunctionStatement {
    try advance()
    let orReplace = try orReplace()
    try expect(.function)
    let ifNotExists = try ifNotExists()
    let function = try functionName()
    try expect(.leftParenthesis)
    var arguments: [CreateFunctionStatement.Argument] = []
    if kind.isName {
      arguments = try list { parser throws(ParseFailure) -> CreateFunctionStatement.Argument in
        let name = try parser.name()
        return CreateFunctionStatement.Argument(name: name, type: try parser.type())
      }
    }
    try expect(.rightParenthesis)
    let isCalledOnNullInput = kind == .called
    switch kind {
    case .returns:
      try advance()
      try expect(.null)
    case .called: try advance()
    default: throw noViableAlternative()
    }
    try expect(.on)
    try expect(.null)
    try expect(.input)
    try expect(.returns)
    let returnType = try type()
    try expect(.language)
    let language = lowercasedText(token)
    try expect(.identifier)
    try expect(.as)
    return CreateFunctionStatement(
      function: function, orReplace: orReplace, ifNotExists: ifNotExists, arguments: arguments,
      isCalledOnNullInput: isCalledOnNullInput, returnType: returnType, language: language, body: try string())
  }

  mutating func createAggregateStatement() throws(ParseFailure) -> CreateAggregateStatement {
    try advance()
    let orReplace = try orReplace()
    try expect(.aggregate)
    let ifNotExists = try ifNotExists()
    let aggregate = try functionName()
    let arguments = try typesInParentheses()
    try expect(.sfunc)
    let stateFunction = try functionNameWithoutKeyspace()
    try expect(.stype)
    let stateType = try type()
    let finalFunction = try accept(.finalfunc) ? try functionNameWithoutKeyspace() : nil
    let initialCondition = try accept(.initcond) ? try term() : nil
    return CreateAggregateStatement(
      aggregate: aggregate, orReplace: orReplace, ifNotExists: ifNotExists, arguments: arguments,
      stateFunction: stateFunction, stateType: stateType, finalFunction: finalFunction,
      initialCondition: initialCondition)
  }
}
