extension Parser {
  /// A selectable: sums of products, as in a term.
  mutating func selectable() throws(ParseFailure) -> Selectable {
    try apart { parser throws(ParseFailure) in try parser.selectableSum() }
  }

  private mutating func selectableSum() throws(ParseFailure) -> Selectable {
    var left = try selectableProduct()
    while true {
      let sign: ArithmeticOperator
      switch kind {
      case .plus: sign = .plus
      case .minus: sign = .minus
      default: return left
      }
      try advance()
      let right = try apart { parser throws(ParseFailure) in try parser.selectableProduct() }
      left = Selectable(.arithmetic(left, sign, right), at: left.position)
      try growTaller()
    }
  }

  private mutating func selectableProduct() throws(ParseFailure) -> Selectable {
    var left = try signedSelectable()
    while true {
      let sign: ArithmeticOperator
      switch kind {
      case .asterisk: sign = .times
      case .slash: sign = .divided
      case .percent: sign = .modulo
      default: return left
      }
      try advance()
      let right = try apart { parser throws(ParseFailure) in try parser.signedSelectable() }
      left = Selectable(.arithmetic(left, sign, right), at: left.position)
      try growTaller()
    }
  }

  private mutating func signedSelectable() throws(ParseFailure) -> Selectable {
    guard kind.beginsTerm else { throw noViableAlternative() }
    if kind == .minus {
      let place = place
      return try nested { parser throws(ParseFailure) in
        try parser.advance()
        return Selectable(.negation(try parser.signedSelectable()), at: place)
      }
    }
    try decided(after: 2)
    let receiver = try simpleSelectable()
    guard kind == .dot || kind == .leftBracket else { return receiver }
    // Cassandra tries the whole of the modifiers first and then goes on without them, so what is wrong among them shows
    // as their first token being wrong.
    let modified = try attempt { parser throws(ParseFailure) in
      try parser.modifiers(of: receiver)
    }
    return modified ?? receiver
  }

  /// The fields, elements and slices behind `receiver`.
  private mutating func modifiers(of receiver: Selectable) throws(ParseFailure) -> Selectable {
    var result = receiver
    while true {
      switch kind {
      case .dot:
        try advance()
        result = Selectable(.field(result, try name()), at: receiver.position)
      case .leftBracket:
        try advance()
        result = Selectable(try elementOrSlice(of: result), at: receiver.position)
        try expect(.rightBracket)
      default:
        guard kind.followsModifiedSelectable else { throw noViableAlternative() }
        return result
      }
      try growTaller()
    }
  }

  private mutating func elementOrSlice(of receiver: Selectable) throws(ParseFailure) -> Selectable.Kind {
    if try accept(.range) { return .slice(receiver, from: nil, to: try term()) }
    guard kind.beginsTerm else { throw noViableAlternative() }
    let from = try term()
    guard try accept(.range) else { return .element(receiver, from) }
    return .slice(receiver, from: from, to: kind.beginsTerm ? try term() : nil)
  }

  // MARK: Without operators and modifiers

  private mutating func simpleSelectable() throws(ParseFailure) -> Selectable {
    try countTerm()
    if kind == .identifier {
      // Most of what is selected is a column with a bare name.
      let next = try peek(1)
      if next != .dot, next.followsSelectable {
        try decided(after: 2)
        let column = try name()
        return Selectable(.column(column), at: column.position)
      }
    }
    return try nested { parser throws(ParseFailure) in try parser.simpleSelectableAtDepth() }
  }

  private mutating func simpleSelectableAtDepth() throws(ParseFailure) -> Selectable {
    let place = place
    switch kind {
    case .leftParenthesis:
      try decided(after: 2)
      let hint = try attempt { parser throws(ParseFailure) in
        try parser.advance()
        let type = try parser.type()
        try parser.expect(.rightParenthesis)
        guard parser.kind.beginsTerm, parser.kind != .minus else { throw parser.noViableAlternative() }
        return Selectable(.typeHint(type, try parser.simpleSelectable()), at: place)
      }
      if let hint { return hint }
      return Selectable(
        .tuple(try parenthesized { parser throws(ParseFailure) in try parser.selectable() }), at: place)
    case .leftBracket:
      try advance()
      var elements: [Selectable] = []
      if kind.beginsTerm { elements = try list { parser throws(ParseFailure) in try parser.selectable() } }
      try expect(.rightBracket)
      return Selectable(.list(elements), at: place)
    case .leftBrace:
      return Selectable(try selectableSetOrMap(), at: place)
    case .minus: throw noViableAlternative()
    default: return try namedSelectable()
    }
  }

  private mutating func selectableSetOrMap() throws(ParseFailure) -> Selectable.Kind {
    let second = try peek(1)
    guard second == .rightBrace || second.beginsTerm else { throw noViableAlternative(1) }
    try advance()
    if try accept(.rightBrace) { return .set([]) }
    let first = try selectable()
    switch kind {
    case .colon:
      try advance()
      var entries = [Selectable.Entry(first, try selectable())]
      while try accept(.comma) {
        let key = try selectable()
        try expect(.colon)
        entries.append(Selectable.Entry(key, try selectable()))
      }
      try expect(.rightBrace)
      return .mapOrUserType(entries)
    case .comma, .rightBrace:
      var elements = [first]
      while try accept(.comma) { elements.append(try selectable()) }
      try expect(.rightBrace)
      return .set(elements)
    default: throw noViableAlternative()
    }
  }

  /// A column, a constant, a marker or a function.
  private mutating func namedSelectable() throws(ParseFailure) -> Selectable {
    let place = place
    if kind.isConstant {
      let constant = try constant()
      return Selectable(.term(Term(.constant(constant), at: place)), at: place)
    }
    switch kind {
    case .null:
      try advance()
      return Selectable(.term(Term(.null, at: place)), at: place)
    case .colon:
      return Selectable(.term(Term(.marker(try marker()), at: place)), at: place)
    case .token: return try selectableCall()
    default:
      guard kind.isNameOrMarker else { throw noViableAlternative() }
    }
    if try isSelectableCall() { return try selectableCall() }
    if kind == .questionMark { return Selectable(.term(Term(.marker(try marker()), at: place)), at: place) }
    return Selectable(.column(try name()), at: place)
  }

  /// Whether the name or `?` here begins a call, and is not a column or marker.
  private mutating func isSelectableCall() throws(ParseFailure) -> Bool {
    let next = try peek(1)
    switch next {
    case .leftParenthesis:
      switch kind {
      case .questionMark, .distinct, .json, .key: throw noViableAlternative(1)
      default:
        try decided(after: 2)
        return true
      }
    case .dot:
      let second = try peek(2)
      if second == .token || second.isColumnOnlyKeyword {
        try decided(after: 3)
        return second == .token
      }
      guard second.isName else { throw noViableAlternative(2) }
      let third = try peek(3)
      guard third == .leftParenthesis || third.followsSelectable else { throw noViableAlternative(3) }
      try decided(after: 4)
      return third == .leftParenthesis
    default:
      guard next.followsSelectable else { throw noViableAlternative(1) }
      try decided(after: 2)
      return false
    }
  }

  private mutating func selectableCall() throws(ParseFailure) -> Selectable {
    let place = place
    switch kind {
    case .count:
      let next = try peek(1)
      if next == .leftParenthesis {
        let argument = try peek(2)
        guard argument == .asterisk || argument.beginsTerm || argument == .rightParenthesis else {
          throw noViableAlternative(2)
        }
        try decided(after: 3)
        if argument == .asterisk {
          try advance()
          try advance()
          try advance()
          try expect(.rightParenthesis)
          return Selectable(.countRows, at: place)
        }
      } else if next != .dot {
        throw noViableAlternative(1)
      }
    case .maxwritetime, .writetime, .ttl, .cast:
      let next = try peek(1)
      if next == .leftParenthesis { return try kind == .cast ? selectableCast() : cellAttribute() }
      guard next == .dot else { throw noViableAlternative(1) }
    default: break
    }
    let function = try functionName()
    try expect(.leftParenthesis)
    var arguments: [Selectable] = []
    if kind.beginsTerm { arguments = try list { parser throws(ParseFailure) in try parser.selectable() } }
    try expect(.rightParenthesis)
    return Selectable(.call(function: function, arguments: arguments), at: place)
  }

  private mutating func cellAttribute() throws(ParseFailure) -> Selectable {
    let place = place
    let attribute: Selectable.CellAttribute
    switch kind {
    case .writetime: attribute = .writeTime
    case .maxwritetime: attribute = .maximumWriteTime
    default: attribute = .timeToLive
    }
    try advance()
    try advance()
    let column = Selectable(.column(try name()), at: place)
    let part = try modifiers(of: column)
    try expect(.rightParenthesis)
    return Selectable(.attribute(attribute, of: part), at: place)
  }

  private mutating func selectableCast() throws(ParseFailure) -> Selectable {
    let place = place
    try advance()
    try advance()
    let operand = try selectable()
    try expect(.as)
    let type = try nativeType()
    try expect(.rightParenthesis)
    return Selectable(.cast(operand, type), at: place)
  }
}

extension TokenKind {
  /// Whether this may stand behind a selectable without modifiers: as `followsModifiedSelectable`, or a modifier.
  fileprivate var followsSelectable: Bool {
    self == .leftBracket || self == .dot || followsModifiedSelectable
  }

  /// Whether this may stand behind a selectable with all its modifiers.
  fileprivate var followsModifiedSelectable: Bool {
    switch self {
    case .percent, .rightParenthesis, .plus, .comma, .minus, .slash, .colon, .semicolon, .asterisk, .rightBracket,
      .rightBrace, .allow, .as, .from, .limit, .order, .per, .endOfInput:
      true
    default: false
    }
  }
}
