extension TokenKind {
  /// What Cassandra's messages call this token when they expect it: `K_FROM`, `')'`, `IDENT`.
  var grammarName: String {
    switch self {
    case .identifier: "IDENT"
    case .quotedName: "QUOTED_NAME"
    case .questionMark: "QMARK"
    case .string: "STRING_LITERAL"
    case .integer: "INTEGER"
    case .float: "FLOAT"
    case .boolean: "BOOLEAN"
    case .duration: "DURATION"
    case .uuid: "UUID"
    case .blobLiteral: "HEXNUMBER"
    case .emptyQuotedName: "EMPTY_QUOTED_NAME"
    case .range: "RANGE"
    case .hidden: "WS"
    case .endOfInput: "EOF"
    case .lexicalError: "<invalid>"
    case .leftParenthesis: "'('"
    case .rightParenthesis: "')'"
    case .minus: "'-'"
    case .colon: "':'"
    case .leftBracket: "'['"
    case .rightBracket: "']'"
    case .leftBrace: "'{'"
    case .rightBrace: "'}'"
    case .comma: "','"
    case .semicolon: "';'"
    case .dot: "'.'"
    case .equal: "'='"
    case .notEqual: "'!='"
    case .less: "'<'"
    case .lessOrEqual: "'<='"
    case .greater: "'>'"
    case .greaterOrEqual: "'>='"
    case .plus: "'+'"
    case .plusEqual: "'+='"
    case .minusEqual: "'-='"
    case .asterisk: "'\\*'"
    case .slash: "'/'"
    case .percent: "'%'"
    case .expression: "'expr('"
    case .booleanType: "K_BOOLEAN"
    case .durationType: "K_DURATION"
    case .floatType: "K_FLOAT"
    case .negativeNaN: "K_NEGATIVE_NAN"
    case .positiveNaN: "K_POSITIVE_NAN"
    case .uuidType: "K_UUID"
    default: "K_" + keywordText
    }
  }

  /// The keyword in upper case, as it is written: SELECT_MASKED for `selectMasked`.
  private var keywordText: String {
    var text = ""
    for character in String(describing: self) {
      if character.isUppercase { text.append("_") }
      text.append(contentsOf: character.uppercased())
    }
    return text
  }
}
