internal import CassandraBytes

/// Definitions of roles, users and identities.
enum RoleGrammar {
  // MARK: Roles

  static func createRole(_ tokens: inout TokenStream) throws(ParseFailure) -> RoleStatement {
    try tokens.advance()
    try tokens.advance()
    let ifNotExists = try tokens.ifNotExists()
    let role = try NameGrammar.role(&tokens)
    return RoleStatement(role: role, isConditional: ifNotExists, options: try roleOptions(&tokens))
  }

  static func alterRole(_ tokens: inout TokenStream) throws(ParseFailure) -> RoleStatement {
    try tokens.advance()
    try tokens.advance()
    let ifExists = try tokens.ifExists()
    let role = try NameGrammar.role(&tokens)
    return RoleStatement(role: role, isConditional: ifExists, options: try roleOptions(&tokens))
  }

  private static func roleOptions(_ tokens: inout TokenStream) throws(ParseFailure) -> [RoleOption] {
    guard try tokens.accept(.with) else { return [] }
    var options: [RoleOption] = []
    var names = Set<ByteText>()
    repeat {
      let option = try roleOption(&tokens)
      if let name = option.uniqueName, !names.insert(name).inserted {
        throw tokens.refused("Multiple definition for property '\(name)'")
      }
      options.append(option)
    } while try tokens.accept(.and)
    if names.contains("PASSWORD"), names.contains("HASHED_PASSWORD") {
      throw tokens.refused("Options 'password' and 'hashed password' are mutually exclusive")
    }
    return options
  }

  private static func roleOption(_ tokens: inout TokenStream) throws(ParseFailure) -> RoleOption {
    switch tokens.kind {
    case .password:
      try tokens.advance()
      try tokens.expect(.equal)
      return .password(.plain(try tokens.string()))
    case .hashed:
      try tokens.advance()
      try tokens.expect(.password)
      try tokens.expect(.equal)
      return .password(.hashed(try tokens.string()))
    case .options:
      try tokens.advance()
      try tokens.expect(.equal)
      return .options(try PropertyGrammar.propertyMap(&tokens))
    case .superuser:
      try tokens.advance()
      try tokens.expect(.equal)
      return .superuser(try boolean(&tokens))
    case .login:
      try tokens.advance()
      try tokens.expect(.equal)
      return .login(try boolean(&tokens))
    case .access: return try accessOption(&tokens)
    default: throw tokens.noViableAlternative()
    }
  }

  private static func accessOption(_ tokens: inout TokenStream) throws(ParseFailure) -> RoleOption {
    let direction = try tokens.peek(1)
    guard direction == .to || direction == .from else { throw tokens.noViableAlternative(1) }
    let places: TokenKind = direction == .to ? .datacenters : .cidrs
    let first = try tokens.peek(2)
    guard first == .all || first == places else { throw tokens.noViableAlternative(2) }
    try tokens.decided(after: 3)
    try tokens.advance()
    try tokens.advance()
    var names: [String]?
    if try tokens.accept(.all) {
      try tokens.expect(places)
    } else {
      try tokens.advance()
      try tokens.expect(.leftBrace)
      names = try tokens.list { tokens throws(ParseFailure) in try tokens.string() }
      try tokens.expect(.rightBrace)
    }
    return direction == .to ? .accessToDatacenters(names) : .accessFromCIDRs(names)
  }

  private static func boolean(_ tokens: inout TokenStream) throws(ParseFailure) -> Bool {
    let value = tokens.lowercasedText(tokens.token) == "true"
    try tokens.expect(.boolean)
    return value
  }

  // MARK: Users

  static func createUser(_ tokens: inout TokenStream) throws(ParseFailure) -> UserStatement {
    try tokens.advance()
    try tokens.advance()
    let ifNotExists = try tokens.ifNotExists()
    return try userStatement(&tokens, isConditional: ifNotExists)
  }

  static func alterUser(_ tokens: inout TokenStream) throws(ParseFailure) -> UserStatement {
    try tokens.advance()
    try tokens.advance()
    let ifExists = try tokens.ifExists()
    return try userStatement(&tokens, isConditional: ifExists)
  }

  private static func userStatement(
    _ tokens: inout TokenStream, isConditional: Bool
  ) throws(ParseFailure) -> UserStatement {
    var statement = UserStatement(name: try userName(&tokens), isConditional: isConditional)
    if try tokens.accept(.with) {
      switch tokens.kind {
      case .password:
        try tokens.advance()
        statement.password = .plain(try tokens.string())
      case .hashed:
        try tokens.advance()
        try tokens.expect(.password)
        statement.password = .hashed(try tokens.string())
      default: throw tokens.noViableAlternative()
      }
    }
    if try tokens.accept(.superuser) {
      statement.isSuperuser = true
    } else if try tokens.accept(.nosuperuser) {
      statement.isSuperuser = false
    }
    return statement
  }

  /// The name of a user, as written.
  static func userName(_ tokens: inout TokenStream) throws(ParseFailure) -> String {
    try unquotedName(
      &tokens, "Quoted strings are are not supported for user names and USER is deprecated, please use ROLE")
  }

  /// The name of an identity, as written.
  static func identity(_ tokens: inout TokenStream) throws(ParseFailure) -> String {
    try unquotedName(&tokens, "Quoted strings are are not supported for identity")
  }

  private static func unquotedName(
    _ tokens: inout TokenStream, _ message: StaticString
  ) throws(ParseFailure) -> String {
    let name: String
    switch tokens.kind {
    case .identifier: name = tokens.text(tokens.token)
    case .string: name = tokens.quotedText(tokens.token)
    case .quotedName:
      name = tokens.quotedText(tokens.token)
      tokens.refuse("\(message)")
    default: throw tokens.noViableAlternative()
    }
    try tokens.advance()
    return name
  }

  static func addIdentity(_ tokens: inout TokenStream) throws(ParseFailure) -> AddIdentityStatement {
    try tokens.advance()
    try tokens.expect(.identity)
    let ifNotExists = try tokens.ifNotExists()
    let identity = try identity(&tokens)
    try tokens.expect(.to)
    try tokens.expect(.role)
    return AddIdentityStatement(identity: identity, role: try Self.identity(&tokens), ifNotExists: ifNotExists)
  }
}

extension RoleOption {
  /// The name under which this option may be given once, if that is so.
  fileprivate var uniqueName: String? {
    switch self {
    case .password(.plain): "PASSWORD"
    case .password(.hashed): "HASHED_PASSWORD"
    case .options: "OPTIONS"
    case .superuser: "SUPERUSER"
    case .login: "LOGIN"
    case .accessToDatacenters, .accessFromCIDRs: nil
    }
  }
}
