extension Relation {
  /// The relation as CQL text, which reads back as this one.
  public var cql: String {
    switch kind {
    case .column(let name, let sign, let term): "\(name.cql) \(sign.rawValue) \(term.cql)"
    case .columnIn(let name, let values): "\(name.cql) IN \(values.cql)"
    case .isNotNull(let name): "\(name.cql) IS NOT NULL"
    case .element(let name, let key, let sign, let term): "\(name.cql)[\(key.cql)] \(sign.rawValue) \(term.cql)"
    case .token(let names, let sign, let term): "token(\(Self.cql(names))) \(sign.rawValue) \(term.cql)"
    case .tuple(let names, let sign, let term): "(\(Self.cql(names))) \(sign.rawValue) \(term.cql)"
    case .tupleIn(let names, let values): "(\(Self.cql(names))) IN \(values.cql)"
    case .customIndex(let name, let term): "expr(\(name.cql), \(term.cql))"
    }
  }

  private static func cql(_ names: [Identifier]) -> String { names.map(\.cql).joined(separator: ", ") }

  /// The same about a column that has got another name.
  public func renaming(_ from: String, to name: Identifier) -> Relation {
    func renamed(_ old: Identifier) -> Identifier { old.name == from ? name : old }
    let kind: Kind =
      switch kind {
      case .column(let name, let sign, let term): .column(renamed(name), sign, term)
      case .columnIn(let name, let values): .columnIn(renamed(name), values)
      case .isNotNull(let name): .isNotNull(renamed(name))
      case .element(let name, let key, let sign, let term): .element(renamed(name), key: key, sign, term)
      case .token(let names, let sign, let term): .token(names.map(renamed), sign, term)
      case .tuple(let names, let sign, let term): .tuple(names.map(renamed), sign, term)
      case .tupleIn(let names, let values): .tupleIn(names.map(renamed), values)
      case .customIndex: self.kind
      }
    return Relation(kind, at: position)
  }
}

extension Relation.Values {
  /// The values as CQL text.
  public var cql: String {
    switch self {
    case .terms(let terms): "(\(terms.map(\.cql).joined(separator: ", ")))"
    case .marker(let marker): marker.cql
    }
  }
}
