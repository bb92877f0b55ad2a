extension Parser {
  /// A term: sums of products of simple terms.
  mutating func term() throws(ParseFailure) -> Term {
    try apart { parser throws(ParseFailure) in try parser.sum() }
  }

  private mutating func sum() throws(ParseFailure) -> Term {
    var left = try product()
    while true {
      let sign = kind
      switch sign {
      case .plus:
        guard try continuesSum() else { return left }
      case .minus: break
      default:
        guard sign.followsTerm else { throw noViableAlternative() }
        try decided(after: 1)
        return left
      }
      try advance()
      let right = try apart { parser throws(ParseFailure) in try parser.product() }
      left = Term(.arithmetic(left, sign == .plus ? .plus : .minus, right), at: left.position)
      try growTaller()
    }
  }

  /// Whether the `+` here adds a term, and not, in an `UPDATE`, the column that something is put before.
  private mutating func continuesSum() throws(ParseFailure) -> Bool {
    let next = try peek(1)
    if next == .emptyQuotedName || next.beginsUnnamedTerm {
      try decided(after: 2)
      return next != .emptyQuotedName
    }
    guard next.isName else { throw noViableAlternative(1) }
    let second = try peek(2)
    switch second {
    case .comma, .where, .dot: break
    case .leftParenthesis where next.isFunctionName || next == .cast: break
    default: throw noViableAlternative(2)
    }
    try decided(after: 3)
    return second == .dot || second == .leftParenthesis
  }

  private mutating func product() throws(ParseFailure) -> Term {
    var left = try signedTerm()
    while true {
      let sign: ArithmeticOperator
      switch kind {
      case .asterisk: sign = .times
      case .slash: sign = .divided
      case .percent: sign = .modulo
      default: return left
      }
      try advance()
      let right = try apart { parser throws(ParseFailure) in try parser.signedTerm() }
      left = Term(.arithmetic(left, sign, right), at: left.position)
      try growTaller()
    }
  }

  private mutating func signedTerm() throws(ParseFailure) -> Term {
    guard kind.beginsTerm else { throw noViableAlternative() }
    guard kind == .minus else { return try simpleTerm() }
    let place = place
    try advance()
    let term = Term(.negation(try simpleTerm()), at: place)
    try growTaller()
    return term
  }

  /// A term without operators.
  mutating func simpleTerm() throws(ParseFailure) -> Term {
    try countTerm()
    if kind.isConstant { return try constantTerm() }
    return try nested { parser throws(ParseFailure) in try parser.simpleTermAtDepth() }
  }

  private mutating func simpleTermAtDepth() throws(ParseFailure) -> Term {
    let place = place
    switch kind {
    case .colon, .leftBracket, .leftBrace, .null: return try value()
    case .questionMark:
      let next = try peek(1)
      guard next == .dot || next.followsMarker else { throw noViableAlternative(1) }
      try decided(after: 2)
      if next == .dot { return try functionCall() }
      return Term(.marker(try marker()), at: place)
    case .leftParenthesis:
      guard try beginsTypeHint() else { return try value() }
      try advance()
      let type = try type()
      try expect(.rightParenthesis)
      return Term(.typeHint(type, try simpleTerm()), at: place)
    case .cast:
      switch try peek(1) {
      case .dot: return try functionCall()
      case .leftParenthesis: try decided(after: 2)
      default: throw noViableAlternative(1)
      }
      try advance()
      try advance()
      let term = try simpleTerm()
      try expect(.as)
      let type = try nativeType()
      try expect(.rightParenthesis)
      return Term(.cast(term, type), at: place)
    default:
      guard kind.isName || kind == .token else { throw noViableAlternative() }
      return try functionCall()
    }
  }

  /// A constant, NULL, a marker, or a literal of a collection, tuple or user type.
  private mutating func value() throws(ParseFailure) -> Term {
    let place = place
    switch kind {
    case .leftBracket:
      try advance()
      var elements: [Term] = []
      if kind.beginsTerm { elements = try list { parser throws(ParseFailure) in try parser.term() } }
      try expect(.rightBracket)
      return Term(.list(elements), at: place)
    case .leftBrace:
      return Term(try isUserTypeLiteral() ? try userTypeLiteral() : try setOrMapLiteral(), at: place)
    case .leftParenthesis:
      return Term(.tuple(try tupleElements()), at: place)
    case .null:
      try advance()
      return Term(.null, at: place)
    case .colon, .questionMark:
      return Term(.marker(try marker()), at: place)
    default:
      guard kind.isConstant else { throw noViableAlternative() }
      return try constantTerm()
    }
  }

  /// The elements of a tuple, with their parentheses.
  private mutating func tupleElements() throws(ParseFailure) -> [Term] {
    try parenthesized { parser throws(ParseFailure) in try parser.term() }
  }

  /// A tuple.
  mutating func tuple() throws(ParseFailure) -> Term {
    let place = place
    try countTerm()
    return Term(.tuple(try tupleElements()), at: place)
  }

  /// Whether a bare name is the first key behind the `{` here.
  private mutating func isUserTypeLiteral() throws(ParseFailure) -> Bool {
    let first = try peek(1)
    if first.beginsUnnamedTerm || first == .rightBrace {
      try decided(after: 2)
      return false
    }
    guard first.isName else { throw noViableAlternative(1) }
    let second = try peek(2)
    switch second {
    case .colon, .dot: break
    case .leftParenthesis where first.isFunctionName || first == .cast: break
    default: throw noViableAlternative(2)
    }
    try decided(after: 3)
    return second == .colon
  }

  private mutating func userTypeLiteral() throws(ParseFailure) -> Term.Kind {
    try advance()
    let fields = try list { parser throws(ParseFailure) -> Term.FieldValue in
      let field = try parser.name()
      try parser.expect(.colon)
      return Term.FieldValue(field, try parser.term())
    }
    try expect(.rightBrace)
    return .userType(fields)
  }

  private mutating func setOrMapLiteral() throws(ParseFailure) -> Term.Kind {
    try advance()
    if try accept(.rightBrace) { return .set([]) }
    guard kind.beginsTerm else { throw noViableAlternative() }
    let first = try term()
    switch kind {
    case .colon:
      try advance()
      var entries = [Term.MapEntry(first, try term())]
      while try accept(.comma) {
        let key = try term()
        try expect(.colon)
        entries.append(Term.MapEntry(key, try term()))
      }
      try expect(.rightBrace)
      return .map(entries)
    case .comma, .rightBrace:
      var elements = [first]
      while try accept(.comma) { elements.append(try term()) }
      try expect(.rightBrace)
      return .set(elements)
    default: throw noViableAlternative()
    }
  }

  /// A map, possibly empty, whose keys may be anything.
  mutating func mapLiteral() throws(ParseFailure) -> [Term.MapEntry] {
    try expect(.leftBrace)
    var entries: [Term.MapEntry] = []
    if kind.beginsTerm {
      entries = try list { parser throws(ParseFailure) -> Term.MapEntry in
        let key = try parser.term()
        try parser.expect(.colon)
        return Term.MapEntry(key, try parser.term())
      }
    }
    try expect(.rightBrace)
    return entries
  }

  // MARK: Functions

  private mutating func functionCall() throws(ParseFailure) -> Term {
    let place = place
    try checkFunctionCall()
    let function = try functionName()
    try expect(.leftParenthesis)
    var arguments: [Term] = []
    if kind != .rightParenthesis { arguments = try list { parser throws(ParseFailure) in try parser.term() } }
    try expect(.rightParenthesis)
    return Term(.call(function: function, arguments: arguments), at: place)
  }

  /// Looks up to the first argument: Cassandra tells a call without arguments from one with them in one decision.
  private mutating func checkFunctionCall() throws(ParseFailure) {
    var distance = 1
    if kind != .token {
      let next = try peek(1)
      if next == .dot {
        let name = try peek(2)
        guard name.isFunctionName || name == .token else { throw noViableAlternative(2) }
        distance = 3
      } else if kind.isColumnOnlyKeyword || kind == .questionMark {
        throw noViableAlternative(1)
      }
    }
    guard try peek(distance) == .leftParenthesis else { throw noViableAlternative(distance) }
    let first = try peek(distance + 1)
    guard first == .rightParenthesis || first.beginsTerm else { throw noViableAlternative(distance + 1) }
    try decided(after: distance + 2)
  }

  // MARK: Constants and markers

  private mutating func constantTerm() throws(ParseFailure) -> Term {
    let place = place
    return Term(.constant(try constant()), at: place)
  }

  /// A constant other than NULL.
  mutating func constant() throws(ParseFailure) -> Constant {
    let constant: Constant
    switch kind {
    case .string: constant = Constant(.string, quotedText(token))
    case .integer: constant = Constant(.integer, text(token))
    case .float:
      constant = Constant(.float, text(token))
      if isInfinite(constant.text) {
        throw failedParsing(
          "NumberFormatException Character I is neither a decimal digit number, decimal point, "
            + "nor \"e\" notation exponential mark.")
      }
    case .boolean: constant = Constant(.boolean, lowercasedText(token))
    case .duration: constant = Constant(.duration, text(token))
    case .uuid: constant = Constant(.uuid, text(token))
    case .blobLiteral: constant = Constant(.blob, text(token))
    case .positiveNaN, .negativeNaN: constant = Constant(.float, "NaN")
    case .positiveInfinity: constant = Constant(.float, "Infinity")
    case .negativeInfinity: constant = Constant(.float, "-Infinity")
    default: throw noViableAlternative()
    }
    try advance()
    return constant
  }

  /// Whether a number is too large for a `double`, at which Cassandra's parser fails.
  private func isInfinite(_ number: String) -> Bool {
    // Only an exponent or hundreds of digits make it so large.
    guard number.utf8.count > 300 || number.utf8.contains(where: { $0 | 0x20 == UInt8(ascii: "e") }) else {
      return false
    }
    return Double(number).map { !$0.isFinite } ?? false
  }

  /// `?` or `:name`.
  mutating func marker() throws(ParseFailure) -> BindMarker {
    let place = place
    if try accept(.questionMark) { return try newMarker(nil, at: place) }
    try expect(.colon)
    let name = try name()
    return try newMarker(name.name, at: place)
  }

  /// An integer or a marker.
  mutating func integer() throws(ParseFailure) -> Term {
    let place = place
    switch kind {
    case .integer: return try constantTerm()
    case .colon, .questionMark: return Term(.marker(try marker()), at: place)
    default: throw noViableAlternative()
    }
  }
}

extension TokenKind {
  /// Whether this may stand behind a term.
  var followsTerm: Bool {
    switch self {
    case .rightParenthesis, .comma, .colon, .semicolon, .rightBracket, .rightBrace, .allow, .and, .apply, .asc, .delete,
      .desc, .group, .if, .insert, .limit, .order, .per, .primary, .update, .where, .range, .endOfInput:
      true
    default: false
    }
  }

  /// Whether this may stand behind a marker in a term.
  var followsMarker: Bool {
    switch self {
    case .percent, .plus, .minus, .slash, .asterisk, .as: true
    default: followsTerm
    }
  }
}
