/// Definitions of functions and aggregates.
enum FunctionGrammar {
  /// `OR REPLACE`, if it is there.
  private static func orReplace(_ tokens: inout TokenStream) throws(ParseFailure) -> Bool {
    guard try tokens.accept(.or) else { return false }
    try tokens.expect(.replace)
    return true
  }

  static func createFunction(_ tokens: inout TokenStream) throws(ParseFailure) -> CreateFunctionStatement {
    try tokens.advance()
    let orReplace = try orReplace(&tokens)
    try tokens.expect(.function)
    let ifNotExists = try tokens.ifNotExists()
    let function = try NameGrammar.function(&tokens)
    try tokens.expect(.leftParenthesis)
    var arguments: [CreateFunctionStatement.Argument] = []
    if tokens.kind.isName {
      arguments = try tokens.list { tokens throws(ParseFailure) -> CreateFunctionStatement.Argument in
        let name = try NameGrammar.name(&tokens)
        return CreateFunctionStatement.Argument(name: name, type: try TypeGrammar.type(&tokens))
      }
    }
    try tokens.expect(.rightParenthesis)
    let isCalledOnNullInput = tokens.kind == .called
    switch tokens.kind {
    case .returns:
      try tokens.advance()
      try tokens.expect(.null)
    case .called: try tokens.advance()
    default: throw tokens.noViableAlternative()
    }
    try tokens.expect(.on)
    try tokens.expect(.null)
    try tokens.expect(.input)
    try tokens.expect(.returns)
    let returnType = try TypeGrammar.type(&tokens)
    try tokens.expect(.language)
    let language = tokens.lowercasedText(tokens.token)
    try tokens.expect(.identifier)
    try tokens.expect(.as)
    return CreateFunctionStatement(
      function: function, orReplace: orReplace, ifNotExists: ifNotExists, arguments: arguments,
      isCalledOnNullInput: isCalledOnNullInput, returnType: returnType, language: language, body: try tokens.string())
  }

  static func createAggregate(_ tokens: inout TokenStream) throws(ParseFailure) -> CreateAggregateStatement {
    try tokens.advance()
    let orReplace = try orReplace(&tokens)
    try tokens.expect(.aggregate)
    let ifNotExists = try tokens.ifNotExists()
    let aggregate = try NameGrammar.function(&tokens)
    let arguments = try TypeGrammar.typesInParentheses(&tokens)
    try tokens.expect(.sfunc)
    let stateFunction = try NameGrammar.functionWithoutKeyspace(&tokens)
    try tokens.expect(.stype)
    let stateType = try TypeGrammar.type(&tokens)
    let finalFunction = try tokens.accept(.finalfunc) ? try NameGrammar.functionWithoutKeyspace(&tokens) : nil
    let initialCondition = try tokens.accept(.initcond) ? try TermGrammar.term(&tokens) : nil
    return CreateAggregateStatement(
      aggregate: aggregate, orReplace: orReplace, ifNotExists: ifNotExists, arguments: arguments,
      stateFunction: stateFunction, stateType: stateType, finalFunction: finalFunction,
      initialCondition: initialCondition)
  }
}
