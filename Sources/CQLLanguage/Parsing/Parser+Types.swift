extension Parser {
  /// The name of a type.
  mutating func type() throws(ParseFailure) -> TypeName {
    try nested { parser throws(ParseFailure) in try parser.typeAtDepth() }
  }

  private mutating func typeAtDepth() throws(ParseFailure) -> TypeName {
    if kind.isNativeType {
      let next = try peek(1)
      if next != .dot {
        guard next.followsType else { throw noViableAlternative(1) }
        try decided(after: 2)
        return .native(try nativeType())
      }
    }
    switch kind {
    case .set: return try generic()
    case .map, .list, .tuple, .vector, .frozen:
      let next = try peek(1)
      guard next == .less || next == .dot || next.followsType else { throw noViableAlternative(1) }
      try decided(after: 2)
      if next == .less { return try generic() }
    case .string:
      let name = try string()
      if let missing = CassandraClass.missing(in: name) {
        refuse("Error setting type \(name): Unable to find abstract-type class '\(missing)'")
      }
      return .custom(className: name)
    default:
      guard kind.isName else { throw noViableAlternative() }
    }
    return .userDefined(try userTypeName())
  }

  /// A type with parameters in angle brackets.
  private mutating func generic() throws(ParseFailure) -> TypeName {
    let constructor = kind
    try advance()
    try expect(.less)
    let first = try type()
    let result: TypeName
    switch constructor {
    case .list: result = .list(first)
    case .set: result = .set(first)
    case .map:
      try expect(.comma)
      result = .map(key: first, value: try type())
    case .vector:
      try expect(.comma)
      let dimension = token
      try expect(.integer)
      try expect(.greater)
      guard let value = Int32(text(dimension)) else { throw unreadableNumber(dimension) }
      return .vector(element: first, dimension: Int(value))
    case .tuple:
      var elements = [first]
      while try accept(.comma) { elements.append(try type()) }
      result = .tuple(elements)
    default:
      try expect(.greater)
      switch first {
      case .native(let type): refuseFrozen(type.rawValue)
      case .custom(let name): refuseFrozen("'\(CassandraClass.fullName(name))'")
      default: break
      }
      return .frozen(first)
    }
    try expect(.greater)
    return result
  }

  private mutating func refuseFrozen(_ type: String) {
    refuse("frozen<> is only allowed on collections, tuples, and user-defined types (got \(type))")
  }

  /// One of the types that need no declaration.
  mutating func nativeType() throws(ParseFailure) -> NativeType {
    guard kind.isNativeType, let type = NativeType(rawValue: lowercasedText(token)) else {
      throw noViableAlternative()
    }
    try advance()
    return type
  }

  /// Types with commas in parentheses, possibly none.
  mutating func typesInParentheses() throws(ParseFailure) -> [TypeName] {
    try expect(.leftParenthesis)
    var types: [TypeName] = []
    if kind.beginsType {
      types = try list { parser throws(ParseFailure) in try parser.type() }
    }
    try expect(.rightParenthesis)
    return types
  }

  /// What to throw for an integer that is too large: Cassandra fails in its own way.
  mutating func unreadableNumber(_ token: Token) -> ParseFailure {
    failedParsing("NumberFormatException For input string: \"\(text(token))\"")
  }
}

extension TokenKind {
  /// Whether this may stand behind a type.
  fileprivate var followsType: Bool {
    switch self {
    case .rightParenthesis, .comma, .semicolon, .greater, .finalfunc, .initcond, .language, .masked, .primary, .static,
      .endOfInput:
      true
    default: false
    }
  }
}
