import CQLLanguage
import CassandraWire

/// The values behind `IN`.
enum InValues: Sendable {
  /// Each of them.
  case list([Expression])
  /// One marker for all: a list of such elements.
  case marker(Int, CQLType)
}

/// How one end of a slice is bounded.
struct SliceBound: Sendable {
  /// The bound, or one for each column of a tuple.
  var values: [Expression]
  /// Whether the bound itself belongs to the slice.
  var isInclusive: Bool
}

/// What a WHERE clause says about a column, about several of them as a tuple, or about the token.
struct Restriction: Sendable {
  /// The kinds of restrictions.
  enum Kind: Sendable {
    /// Equal to a value: one expression for each column.
    case equal([Expression])
    /// One of several values: of a tuple of columns, each expression is a tuple.
    case isIn(InValues)
    /// Between bounds, of which at least one is there.
    case slice(lower: SliceBound?, upper: SliceBound?)
    /// A collection with all these elements, these keys, and these entries.
    case contains(values: [Expression], keys: [Expression], entries: [(key: Expression, value: Expression)])
  }

  /// The columns; more than one for a tuple and for `token(…)`.
  var columns: [Column]
  /// What is said.
  var kind: Kind
  /// Whether it was written as a tuple, also of one column.
  var isTuple = false

  var isEquality: Bool {
    if case .equal = kind { true } else { false }
  }

  var isIn: Bool {
    if case .isIn = kind { true } else { false }
  }

  /// Whether it is an IN of any number of values but one, as far as the statement tells.
  var namesSeveral: Bool {
    switch kind {
    case .isIn(.marker): true
    case .isIn(.list(let values)): values.count != 1
    case .equal, .slice, .contains: false
    }
  }

  var isSlice: Bool {
    if case .slice = kind { true } else { false }
  }

  /// Whether it is about elements of a collection, which are not next to each other in any order.
  var isContains: Bool {
    if case .contains = kind { true } else { false }
  }

  /// The columns' names for messages.
  var names: String { columns.map(\.name).joined(separator: ", ") }

  /// This restriction and another one on the same columns as one; throws where Cassandra allows only one.
  func merged(with other: Restriction) throws(EngineFailure) -> Restriction {
    switch (kind, other.kind) {
    case (.equal, _): throw twice("an Equal")
    case (.isIn, _): throw twice("a IN")
    case (.slice, .equal), (.slice, .isIn), (.contains, .equal), (.contains, .isIn):
      if case .contains = kind {
        throw EngineFailure.invalid(
          "Collection column \(names) can only be restricted by CONTAINS, CONTAINS KEY, or map-entry equality")
      }
      throw EngineFailure.invalid(
        "Column \"\(columns.count > other.columns.count ? other.names : names)\" cannot be restricted by both an equality and "
          + "an inequality relation")
    case (.slice(let lower, let upper), .slice(let otherLower, let otherUpper)):
      if lower != nil, otherLower != nil { throw bound("start", other) }
      if upper != nil, otherUpper != nil { throw bound("end", other) }
      let wider = columns.count >= other.columns.count ? self : other
      return Restriction(
        columns: wider.columns, kind: .slice(lower: lower ?? otherLower, upper: upper ?? otherUpper),
        isTuple: isTuple || other.isTuple)
    case (.contains(let values, let keys, let entries), .contains):
      var both = Restriction(columns: columns, kind: .contains(values: values, keys: keys, entries: entries))
      both.add(other)
      return both
    case (.contains, .slice), (.slice, .contains):
      throw EngineFailure.invalid(
        "Collection column \(names) can only be restricted by CONTAINS, CONTAINS KEY, or map-entry equality")
    }
  }

  /// Adds what another restriction says of elements of the same collection, in the place of these: a statement may name as
  /// many of them as it has terms. False when one of both says something else.
  @discardableResult
  mutating func add(_ other: Restriction) -> Bool {
    guard case .contains(var values, var keys, var entries) = kind,
      case .contains(let otherValues, let otherKeys, let otherEntries) = other.kind
    else { return false }
    // Nobody else holds the arrays now, so that they grow without being copied.
    kind = .contains(values: [], keys: [], entries: [])
    values += otherValues
    keys += otherKeys
    entries += otherEntries
    kind = .contains(values: values, keys: keys, entries: entries)
    return true
  }

  private func twice(_ what: String) -> EngineFailure {
    EngineFailure.invalid("\(names) cannot be restricted by more than one relation if it includes \(what)")
  }

  private func bound(_ end: String, _ other: Restriction) -> EngineFailure {
    let narrow = columns.count <= other.columns.count ? self : other
    return EngineFailure.invalid("More than one restriction was found for the \(end) bound on \(narrow.names)")
  }
}

/// A condition that rows are tested for one by one.
struct Filter: Sendable {
  /// The slots of the columns.
  var slots: [Int]
  /// Their types.
  var types: [CQLType]
  /// What is said about them.
  var kind: Restriction.Kind
  /// Whether the values behind `IN` are tuples, also of one column.
  var isTuple = false
  /// Whether an equality asks for the same bytes, as an index of Cassandra's first kind finds them, and not only for a
  /// value of the same rank: 1.0 and 1.00 are two numbers for it.
  var isExact = false
  /// What the column's index does with texts before it compares them, or that of the values of a collection.
  var analysis: TextAnalysis?
  /// What the index of a map's keys does with them.
  var keyAnalysis: TextAnalysis?
  /// Whether addresses are compared as those of IPv6, as a storage-attached index does it.
  var mapsAddresses = false
}
