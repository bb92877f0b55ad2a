internal import CassandraBytes

extension Parser {
  // MARK: Roles

  mutating func createRoleStatement() throws(ParseFailure) -> RoleStatement {
    try advance()
    try advance()
    let ifNotExists = try ifNotExists()
    let role = try roleName()
    return RoleStatement(role: role, isConditional: ifNotExists, options: try roleOptions())
  }

  mutating func alterRoleStatement() throws(ParseFailure) -> RoleStatement {
    try advance()
    try advance()
    let ifExists = try ifExists()
    let role = try roleName()
    return RoleStatement(role: role, isConditional: ifExists, options: try roleOptions())
  }

  private mutating func roleOptions() throws(ParseFailure) -> [RoleOption] {
    guard try accept(.with) else { return [] }
    var options: [RoleOption] = []
    var names = Set<ByteText>()
    repeat {
      let option = try roleOption()
      if let name = option.uniqueName, !names.insert(name).inserted {
        throw refused("Multiple definition for property '\(name)'")
      }
      options.append(option)
    } while try accept(.and)
    if names.contains("PASSWORD"), names.contains("HASHED_PASSWORD") {
      throw refused("Options 'password' and 'hashed password' are mutually exclusive")
    }
    return options
  }

  private mutating func roleOption() throws(ParseFailure) -> RoleOption {
    switch kind {
    case .password:
      try advance()
      try expect(.equal)
      return .password(.plain(try string()))
    case .hashed:
      try advance()
      try expect(.password)
      try expect(.equal)
      return .password(.hashed(try string()))
    case .options:
      try advance()
      try expect(.equal)
      return .options(try propertyMap())
    case .superuser:
      try advance()
      try expect(.equal)
      return .superuser(try boolean())
    case .login:
      try advance()
      try expect(.equal)
      return .login(try boolean())
    case .access: return try accessOption()
    default: throw noViableAlternative()
    }
  }

  private mutating func accessOption() throws(ParseFailure) -> RoleOption {
    let direction = try peek(1)
    guard direction == .to || direction == .from else { throw noViableAlternative(1) }
    let places: TokenKind = direction == .to ? .datacenters : .cidrs
    let first = try peek(2)
    guard first == .all || first == places else { throw noViableAlternative(2) }
    try decided(after: 3)
    try advance()
    try advance()
    var names: [String]?
    if try accept(.all) {
      try expect(places)
    } else {
      try advance()
      try expect(.leftBrace)
      names = try list { parser throws(ParseFailure) in try parser.string() }
      try expect(.rightBrace)
    }
    return direction == .to ? .accessToDatacenters(names) : .accessFromCIDRs(names)
  }

  private mutating func boolean() throws(ParseFailure) -> Bool {
    let value = lowercasedText(token) == "true"
    try expect(.boolean)
    return value
  }

  // MARK: Users

  mutating func createUserStatement() throws(ParseFailure) -> UserStatement {
    try advance()
    try advance()
    let ifNotExists = try ifNotExists()
    return try userStatement(isConditional: ifNotExists)
  }

  mutating func alterUserStatement() throws(ParseFailure) -> UserStatement {
    try advance()
    try advance()
    let ifExists = try ifExists()
    return try userStatement(isConditional: ifExists)
  }

  private mutating func userStatement(isConditional: Bool) throws(ParseFailure) -> UserStatement {
    var statement = UserStatement(name: try userName(), isConditional: isConditional)
    if try accept(.with) {
      switch kind {
      case .password:
        try advance()
        statement.password = .plain(try string())
      case .hashed:
        try advance()
        try expect(.password)
        statement.password = .hashed(try string())
      default: throw noViableAlternative()
      }
    }
    if try accept(.superuser) {
      statement.isSuperuser = true
    } else if try accept(.nosuperuser) {
      statement.isSuperuser = false
    }
    return statement
  }

  /// The name of a user, as written.
  mutating func userName() throws(ParseFailure) -> String {
    try unquotedName(
      "Quoted strings are are not supported for user names and USER is deprecated, please use ROLE")
  }

  /// The name of an identity, as written.
  mutating func identity() throws(ParseFailure) -> String {
    try unquotedName("Quoted strings are are not supported for identity")
  }

  private mutating func unquotedName(_ message: StaticString) throws(ParseFailure) -> String {
    let name: String
    switch kind {
    case .identifier: name = text(token)
    case .string: name = quotedText(token)
    case .quotedName:
      name = quotedText(token)
      refuse("\(message)")
    default: throw noViableAlternative()
    }
    try advance()
    return name
  }

  mutating func addIdentityStatement() throws(ParseFailure) -> AddIdentityStatement {
    try advance()
    try expect(.identity)
    let ifNotExists = try ifNotExists()
    let identity = try identity()
    try expect(.to)
    try expect(.role)
    return AddIdentityStatement(identity: identity, role: try self.identity(), ifNotExists: ifNotExists)
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
