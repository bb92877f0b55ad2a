internal import CassandraBytes

/// The options behind `WITH`.
enum PropertyGrammar {
  /// What stands behind `WITH`.
  static func properties(_ tokens: inout TokenStream) throws(ParseFailure) -> [Property] {
    var properties: [Property] = []
    var names = Set<ByteText>()
    repeat { properties.append(try property(&tokens, notIn: &names)) } while try tokens.accept(.and)
    return properties
  }

  /// An option whose name is not in `names` yet.
  static func property(_ tokens: inout TokenStream, notIn names: inout Set<ByteText>) throws(ParseFailure) -> Property {
    guard tokens.kind.isName else { throw tokens.noViableAlternative() }
    guard try tokens.peek(1) == .equal else { throw tokens.noViableAlternative(1) }
    let first = try tokens.peek(2)
    guard first.isConstant || first.isUnreservedKeyword || first == .leftBrace else {
      throw tokens.noViableAlternative(2)
    }
    try tokens.decided(after: 3)
    let name = try NameGrammar.name(&tokens)
    try tokens.advance()
    let value: Property.Value
    if tokens.kind == .leftBrace {
      value = .map(try propertyMap(&tokens))
    } else if tokens.kind.isConstant {
      value = .constant(try TermGrammar.constant(&tokens))
    } else {
      let word = tokens.kind.isNativeType ? tokens.lowercasedText(tokens.token) : tokens.text(tokens.token)
      try tokens.advance()
      value = .keyword(word)
    }
    if !names.insert(name.name).inserted { tokens.refuse("Multiple definitions for property '\(name.name)'") }
    return Property(name, value)
  }

  /// A map of constants.
  static func propertyMap(_ tokens: inout TokenStream) throws(ParseFailure) -> [Property.Entry] {
    var entries: [Property.Entry] = []
    var keys = Set<ByteText>()
    for entry in try TermGrammar.mapLiteral(&tokens) {
      guard case .constant(let key) = entry.key.kind else {
        tokens.refuse("Invalid property name: \(entry.key.propertyText)\(entry.key.propertyHint)")
        break
      }
      guard case .constant(let value) = entry.value.kind else {
        tokens.refuse(
          "Invalid property value: \(entry.value.propertyText) for property: \(entry.key.cql)"
            + entry.value.propertyHint)
        break
      }
      if !keys.insert(key.text).inserted { tokens.refuse("Multiple definition for property \(key.text)") }
      entries.append(Property.Entry(key, value))
    }
    return entries
  }
}

extension Term {
  /// This term in the message that it cannot be in a property.
  fileprivate var propertyText: String {
    if case .marker = kind { return "?" }
    return cql
  }

  /// What that message adds.
  fileprivate var propertyHint: String {
    if case .marker = kind { return " (bind variables are not supported in DDL queries)" }
    return ""
  }
}
