extension Constant {
  /// The constant as CQL text; strings in single quotes.
  public var cql: String { kind == .string ? Self.quoted(text) : text }

  /// `text` as a string of CQL.
  public static func quoted(_ text: String) -> String {
    "'" + Identifier.doubling("'", in: text) + "'"
  }
}

extension BindMarker {
  /// The marker as CQL text.
  public var cql: String {
    guard let name else { return "?" }
    return ":" + Identifier.cql(name)
  }
}

extension Term {
  /// The term as CQL text, which reads back as this term.
  public var cql: String {
    switch kind {
    case .constant(let constant): constant.cql
    case .null: "NULL"
    case .marker(let marker): marker.cql
    case .list(let elements): "[\(Self.cql(elements))]"
    case .set(let elements): "{\(Self.cql(elements))}"
    case .map(let entries): "{\(entries.map { "\($0.key.cql): \($0.value.cql)" }.joined(separator: ", "))}"
    case .userType(let fields): "{\(fields.map { "\($0.field.cql): \($0.value.cql)" }.joined(separator: ", "))}"
    case .tuple(let elements): "(\(Self.cql(elements)))"
    case .call(let function, let arguments): "\(function.cql)(\(Self.cql(arguments)))"
    case .typeHint(let type, let term): "(\(type.cql))\(term.cql)"
    case .cast(let term, let type): "CAST(\(term.cql) AS \(type.rawValue))"
    // Without the space `- 1` would become one token, and two signs a comment.
    case .negation(let term): "- \(term.cql)"
    case .arithmetic(let left, let sign, let right): "\(left.cql) \(sign.rawValue) \(right.cql)"
    }
  }

  private static func cql(_ terms: [Term]) -> String { terms.map(\.cql).joined(separator: ", ") }
}
