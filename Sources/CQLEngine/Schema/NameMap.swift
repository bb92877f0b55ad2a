import CassandraBytes

/// Values by names that strangers give: of keyspaces, tables, columns, types, fields, markers and options. Two names are
/// one when they have the same bytes, and looking one up takes time in proportion to these; see `ByteText`.
struct NameMap<Value> {
  private var entries: [ByteText: Value] = [:]

  /// No values.
  init() {}

  /// The value of that name.
  subscript(name: String) -> Value? {
    get { entries[ByteText(name)] }
    set { entries[ByteText(name)] = newValue }
    _modify { yield &entries[ByteText(name)] }
  }

  /// The value of that name, or `value` in its place.
  subscript(name: String, default value: @autoclosure () -> Value) -> Value {
    get { entries[ByteText(name), default: value()] }
    _modify { yield &entries[ByteText(name), default: value()] }
  }

  /// The number of names.
  var count: Int { entries.count }
  /// Whether there are none.
  var isEmpty: Bool { entries.isEmpty }
  /// The names, in no order.
  var keys: [String] { entries.keys.map(\.text) }
  /// The values, in no order.
  var values: Dictionary<ByteText, Value>.Values { entries.values }

  /// Takes the value of that name out.
  @discardableResult
  mutating func removeValue(forKey name: String) -> Value? { entries.removeValue(forKey: ByteText(name)) }

  /// The names and values in the order of the names' bytes.
  var sorted: [(key: String, value: Value)] {
    entries.sorted { $0.key < $1.key }.map { (key: $0.key.text, value: $0.value) }
  }
}

extension NameMap<Column> {
  /// Columns by their names.
  init(_ columns: [Column]) { for column in columns { self[column.name] = column } }
}

extension NameMap: Sendable where Value: Sendable {}
extension NameMap: Equatable where Value: Equatable {}
extension NameMap: Hashable where Value: Hashable {}

extension NameMap: ExpressibleByDictionaryLiteral {
  /// The values of these names; of two values for one name the later stays.
  init(dictionaryLiteral elements: (String, Value)...) {
    for (name, value) in elements { self[name] = value }
  }
}

extension NameMap: Sequence {
  /// The names and values, in no order.
  func makeIterator() -> AnyIterator<(key: String, value: Value)> {
    var iterator = entries.makeIterator()
    return AnyIterator { iterator.next().map { (key: $0.key.text, value: $0.value) } }
  }
}
