extension TypeName {
  /// The type as CQL text, as Cassandra's DESCRIBE and system_schema write it: `frozen<map<text, int>>`.
  public var cql: String {
    switch self {
    case .native(let type): type.rawValue
    case .list(let element): "list<\(element.cql)>"
    case .set(let element): "set<\(element.cql)>"
    case .map(let key, let value): "map<\(key.cql), \(value.cql)>"
    case .tuple(let elements): "tuple<\(elements.map(\.cql).joined(separator: ", "))>"
    case .vector(let element, let dimension): "vector<\(element.cql), \(dimension)>"
    case .frozen(let type): "frozen<\(type.cql)>"
    case .userDefined(let name): name.cql
    case .custom(let className): Constant.quoted(className)
    }
  }
}
