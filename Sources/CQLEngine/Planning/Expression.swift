import CassandraBytes
import CQLLanguage
import CassandraWire

/// A term or a selector that has been checked: all that is left is to compute its value.
indirect enum Expression: Sendable {
  /// A value that is known.
  case constant(ArraySlice<UInt8>)
  /// No value.
  case null
  /// Nothing is said: a write leaves the cell as it is.
  case unset
  /// The value that comes with the request for a marker, checked to be one of the type.
  case marker(Int, CQLType)
  /// A list of elements.
  case list([Expression])
  /// A set of elements of a type.
  case set([Expression], CQLType)
  /// A map: keys and values in turn, and the type of the keys.
  case map([Expression], CQLType)
  /// A tuple or a user type.
  case tuple([Expression])
  /// A vector of elements of a type.
  case vector([Expression], CQLType)
  /// A function.
  case call(ScalarFunction, [Expression])
  /// A column of the row that is read, by its slot.
  case column(Int)
  /// A field of a user type or tuple of so many.
  case field(Expression, index: Int, count: Int)
  /// An element of a set or of a map of such a type.
  case element(Expression, CQLType, key: Expression)
  /// The elements of a set or of a map of such a type between two keys; of none of them nothing is left when it is
  /// stored by element, and else an empty collection.
  case slice(Expression, CQLType, from: Expression?, to: Expression?, isMultiCell: Bool)
  /// What is known of a column's cell beside its value.
  case attribute(CellAttributeSelector)
  /// The result of an aggregate, by its place in the selection.
  case aggregate(Int)

  /// Whether the value is the same for all rows of a request.
  var isConstant: Bool {
    switch self {
    case .constant, .null, .unset, .marker: true
    case .list(let parts), .set(let parts, _), .map(let parts, _), .tuple(let parts), .vector(let parts, _),
      .call(_, let parts):
      parts.allSatisfy(\.isConstant)
    case .column, .field, .element, .slice, .attribute, .aggregate: false
    }
  }
}

/// How often the columns that are read stand in what is selected.
struct ColumnReferences {
  /// By slot.
  private(set) var counts: [Int]
  /// Elements and slices of collections, and their attributes.
  private(set) var elementCount = 0

  /// None yet, of so many columns.
  init(slots: Int) { counts = Array(repeating: 0, count: slots) }

  mutating func add(_ outputs: SelectPlan.Outputs) {
    switch outputs {
    case .slots(let slots): for slot in slots { counts[slot] += 1 }
    case .expressions(let expressions): for expression in expressions { add(expression) }
    }
  }

  private mutating func add(_ expression: Expression) {
    switch expression {
    case .constant, .null, .unset, .marker, .aggregate: break
    case .list(let parts), .set(let parts, _), .map(let parts, _), .tuple(let parts), .vector(let parts, _),
      .call(_, let parts):
      for part in parts { add(part) }
    case .column(let slot): counts[slot] += 1
    // Of a whole there is no more than once in what is selected of its parts, but for those of the same name.
    case .field, .element, .slice: elementCount += 1
    case .attribute(let selector):
      guard case .all = selector.part else {
        elementCount += 1
        return
      }
    }
  }
}

/// `writetime(a)`, `maxwritetime(a)` or `ttl(a)`, also of an element or a field of a column.
struct CellAttributeSelector: Sendable {
  /// Which parts of a column that is stored by element are meant.
  enum Part: Sendable {
    /// The whole cell, or all elements.
    case all
    /// One element or field.
    case one(Expression)
    /// The elements between two keys.
    case range(from: Expression?, to: Expression?)
  }

  /// Which attribute.
  let kind: Selectable.CellAttribute
  /// The column's slot.
  let slot: Int
  /// The column's type.
  let type: ColumnType
  /// The parts.
  let part: Part
}

/// What a term is a value for: a column, an argument, a limit.
struct Receiver {
  /// Its name in messages and as that of a marker.
  var name: String
  /// Its type.
  var type: CQLType
  /// The type as CQL writes it, with `frozen`.
  var typeText: String
  /// The keyspace of the table.
  var keyspace: String
  /// The table.
  var table: String
  /// The position in the partition key of the column that it is.
  var keyPosition: Int?
  /// Whether it is a column that is given a value, and not compared, a key, or a part of a literal.
  var isAssigned = false

  init(_ name: String, _ type: CQLType, typeText: String? = nil, keyspace: String, table: String) {
    self.name = name
    self.type = type
    self.typeText = typeText ?? CQLTypeText.text(type, isFrozen: true)
    self.keyspace = keyspace
    self.table = table
  }

  /// A column.
  init(_ column: Column, of table: Table) {
    self.init(
      column.name, column.wire, typeText: column.type.cql, keyspace: table.keyspace, table: table.name)
    if column.kind == .partitionKey { keyPosition = column.position }
  }

  /// A part of this receiver.
  func part(_ name: String, _ type: CQLType) -> Receiver {
    Receiver(name, type, keyspace: keyspace, table: table)
  }

  /// What the protocol tells of a marker for it.
  func specification(named name: String?) -> ColumnSpecification {
    ColumnSpecification(keyspace: keyspace, table: table, name: name ?? self.name, type: type)
  }
}

/// Types as Cassandra writes them in messages.
enum CQLTypeText {
  /// The type with `frozen` around what is meant to be frozen.
  static func text(_ type: CQLType, isFrozen: Bool = false) -> String {
    let inner: String
    switch type {
    case .list(let element): inner = "list<\(text(element, isFrozen: true))>"
    case .set(let element): inner = "set<\(text(element, isFrozen: true))>"
    case .map(let key, let value): inner = "map<\(text(key, isFrozen: true)), \(text(value, isFrozen: true))>"
    case .tuple(let types):
      return "frozen<tuple<\(types.map { text($0, isFrozen: true) }.joined(separator: ", "))>>"
    case .udt(let definition): inner = Identifier.cql(definition.name)
    case .vector(let element, let dimensions): return "vector<\(text(element, isFrozen: true)), \(dimensions)>"
    default: return "\(type)"
    }
    return isFrozen ? "frozen<\(inner)>" : inner
  }
}
