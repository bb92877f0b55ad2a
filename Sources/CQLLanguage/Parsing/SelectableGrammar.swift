/// What a `SELECT` can select: columns, terms, and functions of them.
enum SelectableGrammar {
  /// A selectable: sums of products, as in a term.
  static func selectable(_ tokens: inout TokenStream) throws(ParseFailure) -> Selectable {
    try tokens.apart(selectableSum)
  }

  private static func selectableSum(_ tokens: inout TokenStream) throws(ParseFailure) -> Selectable {
    var left = try selectableProduct(&tokens)
    while let sign = tokens.kind.sumOperator {
      try tokens.advance()
      let right = try tokens.apart(selectableProduct)
      left = Selectable(.arithmetic(left, sign, right), at: left.position)
      try tokens.growTaller()
    }
    return left
  }

  private static func selectableProduct(_ tokens: inout TokenStream) throws(ParseFailure) -> Selectable {
    var left = try signedSelectable(&tokens)
    while let sign = tokens.kind.productOperator {
      try tokens.advance()
      let right = try tokens.apart(signedSelectable)
      left = Selectable(.arithmetic(left, sign, right), at: left.position)
      try tokens.growTaller()
    }
    return left
  }

  private static func signedSelectable(_ tokens: inout TokenStream) throws(ParseFailure) -> Selectable {
    guard tokens.kind.beginsTerm else { throw tokens.noViableAlternative() }
    if tokens.kind == .minus {
      let place = tokens.place
      return try tokens.nested { tokens throws(ParseFailure) in
        try tokens.advance()
        return Selectable(.negation(try signedSelectable(&tokens)), at: place)
      }
    }
    try tokens.decided(after: 2)
    let receiver = try simpleSelectable(&tokens)
    guard tokens.kind == .dot || tokens.kind == .leftBracket else { return receiver }
    // Cassandra tries the whole of the modifiers first and then goes on without them, so what is wrong among them shows
    // as their first token being wrong.
    let modified = try tokens.attempt { tokens throws(ParseFailure) in
      try modifiers(&tokens, of: receiver)
    }
    return modified ?? receiver
  }

  /// The fields, elements and slices behind `receiver`.
  private static func modifiers(
    _ tokens: inout TokenStream, of receiver: Selectable
  ) throws(ParseFailure) -> Selectable {
    var result = receiver
    while true {
      switch tokens.kind {
      case .dot:
        try tokens.advance()
        result = Selectable(.field(result, try NameGrammar.name(&tokens)), at: receiver.position)
      case .leftBracket:
        try tokens.advance()
        result = Selectable(try elementOrSlice(&tokens, of: result), at: receiver.position)
        try tokens.expect(.rightBracket)
      default:
        guard followsModifiedSelectable(tokens.kind) else { throw tokens.noViableAlternative() }
        return result
      }
      try tokens.growTaller()
    }
  }

  private static func elementOrSlice(
    _ tokens: inout TokenStream, of receiver: Selectable
  ) throws(ParseFailure) -> Selectable.Kind {
    if try tokens.accept(.range) { return .slice(receiver, from: nil, to: try TermGrammar.term(&tokens)) }
    guard tokens.kind.beginsTerm else { throw tokens.noViableAlternative() }
    let from = try TermGrammar.term(&tokens)
    guard try tokens.accept(.range) else { return .element(receiver, from) }
    return .slice(receiver, from: from, to: tokens.kind.beginsTerm ? try TermGrammar.term(&tokens) : nil)
  }

  // MARK: Without operators and modifiers

  private static func simpleSelectable(_ tokens: inout TokenStream) throws(ParseFailure) -> Selectable {
    try tokens.countTerm()
    if tokens.kind == .identifier {
      // Most of what is selected is a column with a bare name.
      let next = try tokens.peek(1)
      if next != .dot, followsSelectable(next) {
        try tokens.decided(after: 2)
        let column = try NameGrammar.name(&tokens)
        return Selectable(.column(column), at: column.position)
      }
    }
    return try tokens.nested(simpleSelectableAtDepth)
  }

  private static func simpleSelectableAtDepth(_ tokens: inout TokenStream) throws(ParseFailure) -> Selectable {
    let place = tokens.place
    switch tokens.kind {
    case .leftParenthesis:
      try tokens.decided(after: 2)
      let hint = try tokens.attempt { tokens throws(ParseFailure) in
        try tokens.advance()
        let type = try TypeGrammar.type(&tokens)
        try tokens.expect(.rightParenthesis)
        guard tokens.kind.beginsTerm, tokens.kind != .minus else { throw tokens.noViableAlternative() }
        return Selectable(.typeHint(type, try simpleSelectable(&tokens)), at: place)
      }
      if let hint { return hint }
      return Selectable(
        .tuple(try tokens.parenthesized(selectable)), at: place)
    case .leftBracket:
      try tokens.advance()
      var elements: [Selectable] = []
      if tokens.kind.beginsTerm { elements = try tokens.list(selectable) }
      try tokens.expect(.rightBracket)
      return Selectable(.list(elements), at: place)
    case .leftBrace:
      return Selectable(try selectableSetOrMap(&tokens), at: place)
    case .minus: throw tokens.noViableAlternative()
    default: return try namedSelectable(&tokens)
    }
  }

  private static func selectableSetOrMap(_ tokens: inout TokenStream) throws(ParseFailure) -> Selectable.Kind {
    let second = try tokens.peek(1)
    guard second == .rightBrace || second.beginsTerm else { throw tokens.noViableAlternative(1) }
    try tokens.advance()
    if try tokens.accept(.rightBrace) { return .set([]) }
    let first = try selectable(&tokens)
    switch tokens.kind {
    case .colon:
      try tokens.advance()
      var entries = [Selectable.Entry(first, try selectable(&tokens))]
      while try tokens.accept(.comma) {
        let key = try selectable(&tokens)
        try tokens.expect(.colon)
        entries.append(Selectable.Entry(key, try selectable(&tokens)))
      }
      try tokens.expect(.rightBrace)
      return .mapOrUserType(entries)
    case .comma, .rightBrace:
      var elements = [first]
      while try tokens.accept(.comma) { elements.append(try selectable(&tokens)) }
      try tokens.expect(.rightBrace)
      return .set(elements)
    default: throw tokens.noViableAlternative()
    }
  }

  /// A column, a constant, a marker or a function.
  private static func namedSelectable(_ tokens: inout TokenStream) throws(ParseFailure) -> Selectable {
    let place = tokens.place
    if tokens.kind.isConstant {
      let constant = try TermGrammar.constant(&tokens)
      return Selectable(.term(Term(.constant(constant), at: place)), at: place)
    }
    switch tokens.kind {
    case .null:
      try tokens.advance()
      return Selectable(.term(Term(.null, at: place)), at: place)
    case .colon:
      return Selectable(.term(Term(.marker(try TermGrammar.marker(&tokens)), at: place)), at: place)
    case .token: return try selectableCall(&tokens)
    default:
      guard tokens.kind.isNameOrMarker else { throw tokens.noViableAlternative() }
    }
    if try isSelectableCall(&tokens) { return try selectableCall(&tokens) }
    if tokens.kind == .questionMark {
      return Selectable(.term(Term(.marker(try TermGrammar.marker(&tokens)), at: place)), at: place)
    }
    return Selectable(.column(try NameGrammar.name(&tokens)), at: place)
  }

  /// Whether the name or `?` here begins a call, and is not a column or marker.
  private static func isSelectableCall(_ tokens: inout TokenStream) throws(ParseFailure) -> Bool {
    let next = try tokens.peek(1)
    switch next {
    case .leftParenthesis:
      switch tokens.kind {
      case .questionMark, .distinct, .json, .key: throw tokens.noViableAlternative(1)
      default:
        try tokens.decided(after: 2)
        return true
      }
    case .dot:
      let second = try tokens.peek(2)
      if second == .token || second.isColumnOnlyKeyword {
        try tokens.decided(after: 3)
        return second == .token
      }
      guard second.isName else { throw tokens.noViableAlternative(2) }
      let third = try tokens.peek(3)
      guard third == .leftParenthesis || followsSelectable(third) else { throw tokens.noViableAlternative(3) }
      try tokens.decided(after: 4)
      return third == .leftParenthesis
    default:
      guard followsSelectable(next) else { throw tokens.noViableAlternative(1) }
      try tokens.decided(after: 2)
      return false
    }
  }

  private static func selectableCall(_ tokens: inout TokenStream) throws(ParseFailure) -> Selectable {
    let place = tokens.place
    switch tokens.kind {
    case .count:
      let next = try tokens.peek(1)
      if next == .leftParenthesis {
        let argument = try tokens.peek(2)
        guard argument == .asterisk || argument.beginsTerm || argument == .rightParenthesis else {
          throw tokens.noViableAlternative(2)
        }
        try tokens.decided(after: 3)
        if argument == .asterisk {
          try tokens.advance()
          try tokens.advance()
          try tokens.advance()
          try tokens.expect(.rightParenthesis)
          return Selectable(.countRows, at: place)
        }
      } else if next != .dot {
        throw tokens.noViableAlternative(1)
      }
    case .maxwritetime, .writetime, .ttl, .cast:
      let next = try tokens.peek(1)
      if next == .leftParenthesis { return try tokens.kind == .cast ? selectableCast(&tokens) : cellAttribute(&tokens) }
      guard next == .dot else { throw tokens.noViableAlternative(1) }
    default: break
    }
    let function = try NameGrammar.function(&tokens)
    try tokens.expect(.leftParenthesis)
    var arguments: [Selectable] = []
    if tokens.kind.beginsTerm { arguments = try tokens.list(selectable) }
    try tokens.expect(.rightParenthesis)
    return Selectable(.call(function: function, arguments: arguments), at: place)
  }

  private static func cellAttribute(_ tokens: inout TokenStream) throws(ParseFailure) -> Selectable {
    let place = tokens.place
    let attribute: Selectable.CellAttribute
    switch tokens.kind {
    case .writetime: attribute = .writeTime
    case .maxwritetime: attribute = .maximumWriteTime
    default: attribute = .timeToLive
    }
    try tokens.advance()
    try tokens.advance()
    let column = Selectable(.column(try NameGrammar.name(&tokens)), at: place)
    let part = try modifiers(&tokens, of: column)
    try tokens.expect(.rightParenthesis)
    return Selectable(.attribute(attribute, of: part), at: place)
  }

  private static func selectableCast(_ tokens: inout TokenStream) throws(ParseFailure) -> Selectable {
    let place = tokens.place
    try tokens.advance()
    try tokens.advance()
    let operand = try selectable(&tokens)
    try tokens.expect(.as)
    let type = try TypeGrammar.nativeType(&tokens)
    try tokens.expect(.rightParenthesis)
    return Selectable(.cast(operand, type), at: place)
  }

  // MARK: Kinds of tokens

  /// Whether this may stand behind a selectable without modifiers: as `followsModifiedSelectable`, or a modifier.
  private static func followsSelectable(_ kind: TokenKind) -> Bool {
    kind == .leftBracket || kind == .dot || followsModifiedSelectable(kind)
  }

  /// Whether this may stand behind a selectable with all its modifiers.
  private static func followsModifiedSelectable(_ kind: TokenKind) -> Bool {
    switch kind {
    case .percent, .rightParenthesis, .plus, .comma, .minus, .slash, .colon, .semicolon, .asterisk, .rightBracket,
      .rightBrace, .allow, .as, .from, .limit, .order, .per, .endOfInput:
      true
    default: false
    }
  }
}
