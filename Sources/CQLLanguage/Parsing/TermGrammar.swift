/// Terms: constants, markers, literals, calls, and what operators make of them.
enum TermGrammar {
  /// A term: sums of products of simple terms.
  static func term(_ tokens: inout TokenStream) throws(ParseFailure) -> Term {
    try tokens.apart(sum)
  }

  private static func sum(_ tokens: inout TokenStream) throws(ParseFailure) -> Term {
    var left = try product(&tokens)
    while true {
      let sign = tokens.kind
      switch sign {
      case .plus:
        guard try continuesSum(&tokens) else { return left }
      case .minus: break
      default:
        guard followsTerm(sign) else { throw tokens.noViableAlternative() }
        try tokens.decided(after: 1)
        return left
      }
      try tokens.advance()
      let right = try tokens.apart(product)
      left = Term(.arithmetic(left, sign == .plus ? .plus : .minus, right), at: left.position)
      try tokens.growTaller()
    }
  }

  /// Whether the `+` here adds a term, and not, in an `UPDATE`, the column that something is put before.
  private static func continuesSum(_ tokens: inout TokenStream) throws(ParseFailure) -> Bool {
    let next = try tokens.peek(1)
    if next == .emptyQuotedName || next.beginsUnnamedTerm {
      try tokens.decided(after: 2)
      return next != .emptyQuotedName
    }
    guard next.isName else { throw tokens.noViableAlternative(1) }
    let second = try tokens.peek(2)
    switch second {
    case .comma, .where, .dot: break
    case .leftParenthesis where next.isFunctionName || next == .cast: break
    default: throw tokens.noViableAlternative(2)
    }
    try tokens.decided(after: 3)
    return second == .dot || second == .leftParenthesis
  }

  private static func product(_ tokens: inout TokenStream) throws(ParseFailure) -> Term {
    var left = try signedTerm(&tokens)
    while let sign = tokens.kind.productOperator {
      try tokens.advance()
      let right = try tokens.apart(signedTerm)
      left = Term(.arithmetic(left, sign, right), at: left.position)
      try tokens.growTaller()
    }
    return left
  }

  private static func signedTerm(_ tokens: inout TokenStream) throws(ParseFailure) -> Term {
    guard tokens.kind.beginsTerm else { throw tokens.noViableAlternative() }
    guard tokens.kind == .minus else { return try simpleTerm(&tokens) }
    let place = tokens.place
    try tokens.advance()
    let term = Term(.negation(try simpleTerm(&tokens)), at: place)
    try tokens.growTaller()
    return term
  }

  /// A term without operators.
  static func simpleTerm(_ tokens: inout TokenStream) throws(ParseFailure) -> Term {
    try tokens.countTerm()
    if tokens.kind.isConstant { return try constantTerm(&tokens) }
    return try tokens.nested(simpleTermAtDepth)
  }

  private static func simpleTermAtDepth(_ tokens: inout TokenStream) throws(ParseFailure) -> Term {
    let place = tokens.place
    switch tokens.kind {
    case .colon, .leftBracket, .leftBrace, .null: return try value(&tokens)
    case .questionMark:
      let next = try tokens.peek(1)
      guard next == .dot || followsMarker(next) else { throw tokens.noViableAlternative(1) }
      try tokens.decided(after: 2)
      if next == .dot { return try functionCall(&tokens) }
      return Term(.marker(try marker(&tokens)), at: place)
    case .leftParenthesis:
      guard try TypeHintGrammar.beginsTypeHint(&tokens) else { return try value(&tokens) }
      try tokens.advance()
      let type = try TypeGrammar.type(&tokens)
      try tokens.expect(.rightParenthesis)
      return Term(.typeHint(type, try simpleTerm(&tokens)), at: place)
    case .cast:
      switch try tokens.peek(1) {
      case .dot: return try functionCall(&tokens)
      case .leftParenthesis: try tokens.decided(after: 2)
      default: throw tokens.noViableAlternative(1)
      }
      try tokens.advance()
      try tokens.advance()
      let term = try simpleTerm(&tokens)
      try tokens.expect(.as)
      let type = try TypeGrammar.nativeType(&tokens)
      try tokens.expect(.rightParenthesis)
      return Term(.cast(term, type), at: place)
    default:
      guard tokens.kind.isName || tokens.kind == .token else { throw tokens.noViableAlternative() }
      return try functionCall(&tokens)
    }
  }

  /// A constant, NULL, a marker, or a literal of a collection, tuple or user type.
  private static func value(_ tokens: inout TokenStream) throws(ParseFailure) -> Term {
    let place = tokens.place
    switch tokens.kind {
    case .leftBracket:
      try tokens.advance()
      var elements: [Term] = []
      if tokens.kind.beginsTerm { elements = try tokens.list(term) }
      try tokens.expect(.rightBracket)
      return Term(.list(elements), at: place)
    case .leftBrace:
      return Term(
        try isUserTypeLiteral(&tokens) ? try userTypeLiteral(&tokens) : try setOrMapLiteral(&tokens), at: place)
    case .leftParenthesis:
      return Term(.tuple(try tupleElements(&tokens)), at: place)
    case .null:
      try tokens.advance()
      return Term(.null, at: place)
    case .colon, .questionMark:
      return Term(.marker(try marker(&tokens)), at: place)
    default:
      guard tokens.kind.isConstant else { throw tokens.noViableAlternative() }
      return try constantTerm(&tokens)
    }
  }

  /// The elements of a tuple, with their parentheses.
  private static func tupleElements(_ tokens: inout TokenStream) throws(ParseFailure) -> [Term] {
    try tokens.parenthesized(term)
  }

  /// A tuple.
  static func tuple(_ tokens: inout TokenStream) throws(ParseFailure) -> Term {
    let place = tokens.place
    try tokens.countTerm()
    return Term(.tuple(try tupleElements(&tokens)), at: place)
  }

  /// Whether a bare name is the first key behind the `{` here.
  private static func isUserTypeLiteral(_ tokens: inout TokenStream) throws(ParseFailure) -> Bool {
    let first = try tokens.peek(1)
    if first.beginsUnnamedTerm || first == .rightBrace {
      try tokens.decided(after: 2)
      return false
    }
    guard first.isName else { throw tokens.noViableAlternative(1) }
    let second = try tokens.peek(2)
    switch second {
    case .colon, .dot: break
    case .leftParenthesis where first.isFunctionName || first == .cast: break
    default: throw tokens.noViableAlternative(2)
    }
    try tokens.decided(after: 3)
    return second == .colon
  }

  private static func userTypeLiteral(_ tokens: inout TokenStream) throws(ParseFailure) -> Term.Kind {
    try tokens.advance()
    let fields = try tokens.list { tokens throws(ParseFailure) -> Term.FieldValue in
      let field = try NameGrammar.name(&tokens)
      try tokens.expect(.colon)
      return Term.FieldValue(field, try term(&tokens))
    }
    try tokens.expect(.rightBrace)
    return .userType(fields)
  }

  private static func setOrMapLiteral(_ tokens: inout TokenStream) throws(ParseFailure) -> Term.Kind {
    try tokens.advance()
    if try tokens.accept(.rightBrace) { return .set([]) }
    guard tokens.kind.beginsTerm else { throw tokens.noViableAlternative() }
    let first = try term(&tokens)
    switch tokens.kind {
    case .colon:
      try tokens.advance()
      var entries = [Term.MapEntry(first, try term(&tokens))]
      while try tokens.accept(.comma) {
        let key = try term(&tokens)
        try tokens.expect(.colon)
        entries.append(Term.MapEntry(key, try term(&tokens)))
      }
      try tokens.expect(.rightBrace)
      return .map(entries)
    case .comma, .rightBrace:
      var elements = [first]
      while try tokens.accept(.comma) { elements.append(try term(&tokens)) }
      try tokens.expect(.rightBrace)
      return .set(elements)
    default: throw tokens.noViableAlternative()
    }
  }

  /// A map, possibly empty, whose keys may be anything.
  static func mapLiteral(_ tokens: inout TokenStream) throws(ParseFailure) -> [Term.MapEntry] {
    try tokens.expect(.leftBrace)
    var entries: [Term.MapEntry] = []
    if tokens.kind.beginsTerm {
      entries = try tokens.list { tokens throws(ParseFailure) -> Term.MapEntry in
        let key = try term(&tokens)
        try tokens.expect(.colon)
        return Term.MapEntry(key, try term(&tokens))
      }
    }
    try tokens.expect(.rightBrace)
    return entries
  }

  // MARK: Functions

  private static func functionCall(_ tokens: inout TokenStream) throws(ParseFailure) -> Term {
    let place = tokens.place
    try checkFunctionCall(&tokens)
    let function = try NameGrammar.function(&tokens)
    try tokens.expect(.leftParenthesis)
    var arguments: [Term] = []
    if tokens.kind != .rightParenthesis { arguments = try tokens.list(term) }
    try tokens.expect(.rightParenthesis)
    return Term(.call(function: function, arguments: arguments), at: place)
  }

  /// Looks up to the first argument: Cassandra tells a call without arguments from one with them in one decision.
  private static func checkFunctionCall(_ tokens: inout TokenStream) throws(ParseFailure) {
    var distance = 1
    if tokens.kind != .token {
      let next = try tokens.peek(1)
      if next == .dot {
        let name = try tokens.peek(2)
        guard name.isFunctionName || name == .token else { throw tokens.noViableAlternative(2) }
        distance = 3
      } else if tokens.kind.isColumnOnlyKeyword || tokens.kind == .questionMark {
        throw tokens.noViableAlternative(1)
      }
    }
    guard try tokens.peek(distance) == .leftParenthesis else { throw tokens.noViableAlternative(distance) }
    let first = try tokens.peek(distance + 1)
    guard first == .rightParenthesis || first.beginsTerm else { throw tokens.noViableAlternative(distance + 1) }
    try tokens.decided(after: distance + 2)
  }

  // MARK: Constants and markers

  private static func constantTerm(_ tokens: inout TokenStream) throws(ParseFailure) -> Term {
    let place = tokens.place
    return Term(.constant(try constant(&tokens)), at: place)
  }

  /// A constant other than NULL.
  static func constant(_ tokens: inout TokenStream) throws(ParseFailure) -> Constant {
    let constant: Constant
    switch tokens.kind {
    case .string: constant = Constant(.string, tokens.quotedText(tokens.token))
    case .integer: constant = Constant(.integer, tokens.text(tokens.token))
    case .float:
      constant = Constant(.float, tokens.text(tokens.token))
      if isInfinite(constant.text) {
        throw tokens.failedParsing(
          "NumberFormatException Character I is neither a decimal digit number, decimal point, "
            + "nor \"e\" notation exponential mark.")
      }
    case .boolean: constant = Constant(.boolean, tokens.lowercasedText(tokens.token))
    case .duration: constant = Constant(.duration, tokens.text(tokens.token))
    case .uuid: constant = Constant(.uuid, tokens.text(tokens.token))
    case .blobLiteral: constant = Constant(.blob, tokens.text(tokens.token))
    case .positiveNaN, .negativeNaN: constant = Constant(.float, "NaN")
    case .positiveInfinity: constant = Constant(.float, "Infinity")
    case .negativeInfinity: constant = Constant(.float, "-Infinity")
    default: throw tokens.noViableAlternative()
    }
    try tokens.advance()
    return constant
  }

  /// Whether a number is too large for a `double`, at which Cassandra's parser fails.
  private static func isInfinite(_ number: String) -> Bool {
    // Only an exponent or hundreds of digits make it so large.
    guard number.utf8.count > 300 || number.utf8.contains(where: { $0 | 0x20 == UInt8(ascii: "e") }) else {
      return false
    }
    return Double(number).map { !$0.isFinite } ?? false
  }

  /// `?` or `:name`.
  static func marker(_ tokens: inout TokenStream) throws(ParseFailure) -> BindMarker {
    let place = tokens.place
    if try tokens.accept(.questionMark) { return try tokens.newMarker(nil, at: place) }
    try tokens.expect(.colon)
    let name = try NameGrammar.name(&tokens)
    return try tokens.newMarker(name.name, at: place)
  }

  /// An integer or a marker.
  static func integer(_ tokens: inout TokenStream) throws(ParseFailure) -> Term {
    let place = tokens.place
    switch tokens.kind {
    case .integer: return try constantTerm(&tokens)
    case .colon, .questionMark: return Term(.marker(try marker(&tokens)), at: place)
    default: throw tokens.noViableAlternative()
    }
  }

  // MARK: Kinds of tokens

  /// Whether this may stand behind a term.
  static func followsTerm(_ kind: TokenKind) -> Bool {
    switch kind {
    case .rightParenthesis, .comma, .colon, .semicolon, .rightBracket, .rightBrace, .allow, .and, .apply, .asc, .delete,
      .desc, .group, .if, .insert, .limit, .order, .per, .primary, .update, .where, .range, .endOfInput:
      true
    default: false
    }
  }

  /// Whether this may stand behind a marker in a term.
  static func followsMarker(_ kind: TokenKind) -> Bool {
    switch kind {
    case .percent, .plus, .minus, .slash, .asterisk, .as: true
    default: followsTerm(kind)
    }
  }
}
