/// Names of types.
enum TypeGrammar {
  /// The name of a type.
  static func type(_ tokens: inout TokenStream) throws(ParseFailure) -> TypeName {
    try tokens.nested(typeAtDepth)
  }

  private static func typeAtDepth(_ tokens: inout TokenStream) throws(ParseFailure) -> TypeName {
    if tokens.kind.isNativeType {
      let next = try tokens.peek(1)
      if next != .dot {
        guard followsType(next) else { throw tokens.noViableAlternative(1) }
        try tokens.decided(after: 2)
        return .native(try nativeType(&tokens))
      }
    }
    switch tokens.kind {
    case .set: return try generic(&tokens)
    case .map, .list, .tuple, .vector, .frozen:
      let next = try tokens.peek(1)
      guard next == .less || next == .dot || followsType(next) else { throw tokens.noViableAlternative(1) }
      try tokens.decided(after: 2)
      if next == .less { return try generic(&tokens) }
    case .string:
      let name = try tokens.string()
      if let missing = CassandraClass.missing(in: name) {
        tokens.refuse("Error setting type \(name): Unable to find abstract-type class '\(missing)'")
      }
      return .custom(className: name)
    default:
      guard tokens.kind.isName else { throw tokens.noViableAlternative() }
    }
    return .userDefined(try NameGrammar.userType(&tokens))
  }

  /// A type with parameters in angle brackets.
  private static func generic(_ tokens: inout TokenStream) throws(ParseFailure) -> TypeName {
    let constructor = tokens.kind
    try tokens.advance()
    try tokens.expect(.less)
    let first = try type(&tokens)
    let result: TypeName
    switch constructor {
    case .list: result = .list(first)
    case .set: result = .set(first)
    case .map:
      try tokens.expect(.comma)
      result = .map(key: first, value: try type(&tokens))
    case .vector:
      try tokens.expect(.comma)
      let dimension = tokens.token
      try tokens.expect(.integer)
      try tokens.expect(.greater)
      guard let value = Int32(tokens.text(dimension)) else { throw tokens.unreadableNumber(dimension) }
      return .vector(element: first, dimension: Int(value))
    case .tuple:
      var elements = [first]
      while try tokens.accept(.comma) { elements.append(try type(&tokens)) }
      result = .tuple(elements)
    default:
      try tokens.expect(.greater)
      switch first {
      case .native(let type): refuseFrozen(&tokens, type.rawValue)
      case .custom(let name): refuseFrozen(&tokens, "'\(CassandraClass.fullName(name))'")
      default: break
      }
      return .frozen(first)
    }
    try tokens.expect(.greater)
    return result
  }

  private static func refuseFrozen(_ tokens: inout TokenStream, _ type: String) {
    tokens.refuse("frozen<> is only allowed on collections, tuples, and user-defined types (got \(type))")
  }

  /// One of the types that need no declaration.
  static func nativeType(_ tokens: inout TokenStream) throws(ParseFailure) -> NativeType {
    guard tokens.kind.isNativeType, let type = NativeType(rawValue: tokens.lowercasedText(tokens.token)) else {
      throw tokens.noViableAlternative()
    }
    try tokens.advance()
    return type
  }

  /// Types with commas in parentheses, possibly none.
  static func typesInParentheses(_ tokens: inout TokenStream) throws(ParseFailure) -> [TypeName] {
    try tokens.expect(.leftParenthesis)
    var types: [TypeName] = []
    if tokens.kind.beginsType {
      types = try tokens.list(type)
    }
    try tokens.expect(.rightParenthesis)
    return types
  }

  // MARK: Kinds of tokens

  /// Whether this may stand behind a type.
  private static func followsType(_ kind: TokenKind) -> Bool {
    switch kind {
    case .rightParenthesis, .comma, .semicolon, .greater, .finalfunc, .initcond, .language, .masked, .primary, .static,
      .endOfInput:
      true
    default: false
    }
  }
}
