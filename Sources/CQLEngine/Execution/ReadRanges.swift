import CassandraBytes
import CassandraWire

/// A range of rows in a partition, by clustering bytes.
struct ClusteringRange {
  /// The bytes that the first row begins with, or comes after.
  var lower: [UInt8] = []
  /// Whether the range begins behind all rows that begin with `lower`.
  var beginsAfter = false
  /// The bytes that the last row begins with, or comes before.
  var upper: [UInt8] = []
  /// Whether the range ends behind all rows that begin with `upper`.
  var endsAfter = true

  /// The keys of the range in a partition.
  func keys(of partition: PartitionKey) -> KeyRange {
    let first = partition.row(lower)
    let last = partition.row(upper)
    return KeyRange(
      lower: beginsAfter ? KeyRange.prefixEnd(first) : first, upper: endsAfter ? KeyRange.prefixEnd(last) : last)
  }

  /// Whether no row can be in it: the bounds cross.
  var isEmpty: Bool {
    // In any partition the order is the same, so an empty key stands for all.
    let anyKey: [UInt8] = []
    let keys = keys(of: PartitionKey(token: 0, key: anyKey.span))
    return !keys.upper.isEmpty && !keys.lower.lexicographicallyPrecedes(keys.upper)
  }
}

/// Binds restrictions of the primary key: from expressions to keys and ranges.
enum ReadRanges {
  /// The partitions that restrictions by equality and IN name, in the order in which Cassandra reads them: that of the
  /// values.
  ///
  /// In a virtual table the values order the partitions too, and not their tokens.
  static func partitions(
    _ restrictions: [Restriction], _ evaluator: Evaluator, isVirtual: Bool = false
  ) throws(EngineFailure) -> [PartitionKey] {
    if restrictions.count == 1, case .equal(let values) = restrictions[0].kind {
      let value = try evaluator.required(values[0], restrictions[0].columns[0].name)
      try checkPartitionKey(value, restrictions[0].columns[0], isOnly: true)
      return [try partition([value], isVirtual: isVirtual)]
    }
    var combinations: [[ArraySlice<UInt8>]] = [[]]
    var bytes = 0
    for restriction in restrictions {
      let column = restriction.columns[0]
      let values = try sortedValues(restriction, evaluator)
      bytes = try Evaluator.combined(
        combinations.count, bytes, with: values.count, values.reduce(0) { $0 + $1.count }, "names partitions,")
      for value in values { try checkPartitionKey(value, column, isOnly: restrictions.count == 1) }
      combinations = combinations.flatMap { head in values.map { head + [$0] } }
    }
    var result: [PartitionKey] = []
    result.reserveCapacity(combinations.count)
    for combination in combinations { result.append(try partition(combination, isVirtual: isVirtual)) }
    return result
  }

  /// Appends what the key of a record begins with, for equality with all columns of the partition key.
  static func appendPartition(
    _ key: [Restriction], _ evaluator: Evaluator, to record: inout [UInt8]
  ) throws(EngineFailure) {
    if key.count == 1, case .equal(let values) = key[0].kind {
      let column = key[0].columns[0]
      let value = try evaluator.required(values[0], column.name)
      try checkPartitionKey(value, column, isOnly: true)
      guard value.count <= KeyLayout.maximumKeyBytes else {
        _ = try KeyLayout.partitionKey([value])
        return
      }
      PartitionKey.append(token: Murmur3.token(value.span), key: value.span, to: &record)
    } else {
      record += try partitions(key, evaluator)[0].bytes
    }
  }

  static func checkPartitionKey(
    _ value: ArraySlice<UInt8>, _ column: Column, isOnly: Bool
  ) throws(EngineFailure) {
    if isOnly, value.isEmpty { throw EngineFailure.invalid("Key may not be empty") }
  }

  /// The partition of a key's values.
  static func partition(
    _ values: [ArraySlice<UInt8>], isVirtual: Bool = false
  ) throws(EngineFailure) -> PartitionKey {
    if isVirtual {
      let key = try KeyLayout.partitionKey(values)
      // The first bytes of the key in the place of its token: keys that agree in these are ordered by length.
      var leading: UInt64 = 0
      for index in 0..<8 { leading = leading << 8 | UInt64(index < key.count ? key[index] : 0) }
      return PartitionKey(token: Int64(bitPattern: leading ^ 1 << 63), key: key.span)
    }
    if values.count == 1 {
      let value = values[0]
      if value.count <= KeyLayout.maximumKeyBytes {
        return PartitionKey(token: Murmur3.token(value.span), key: value.span)
      }
    }
    let key = try KeyLayout.partitionKey(values)
    return PartitionKey(token: Murmur3.token(key.span), key: key.span)
  }

  /// The values of an equality or IN, in order and each once.
  private static func sortedValues(
    _ restriction: Restriction, _ evaluator: Evaluator
  ) throws(EngineFailure) -> [ArraySlice<UInt8>] {
    let column = restriction.columns[0]
    switch restriction.kind {
    case .equal(let values): return [try evaluator.required(values[0], column.name)]
    case .isIn(let values):
      return try ValueOrder.sorted(
        try evaluator.list(values, column.name), column.wire, keepsFirst: true)
    case .slice, .contains: return []
    }
  }

  // MARK: Clustering

  /// The ranges of rows that restrictions of the leading clustering columns name, in the order of the table.
  static func clustering(
    _ restrictions: [Restriction], _ evaluator: Evaluator
  ) throws(EngineFailure) -> [ClusteringRange] {
    var prefixes: [[UInt8]] = [[]]
    var bytes = 0
    for restriction in restrictions {
      switch restriction.kind {
      case .equal(let values):
        let column = restriction.columns[0]
        // A tuple of fewer fields is no row's.
        if case .field(_, let index, _) = values[0], let count = try evaluator.fieldCount(values[0]), index >= count {
          return []
        }
        let value = try evaluator.required(values[0], column.name)
        bytes = try Evaluator.combined(prefixes.count, bytes, with: 1, value.count, "names ranges of rows,")
        for index in prefixes.indices { try append(value, column, to: &prefixes[index]) }
      case .isIn(let values):
        var tails: Set<[UInt8]> = []
        for tail in try self.tails(values, restriction, evaluator) { tails.insert(tail) }
        bytes = try Evaluator.combined(
          prefixes.count, bytes, with: tails.count, tails.reduce(0) { $0 + $1.count }, "names ranges of rows,")
        let sorted = tails.sorted { $0.lexicographicallyPrecedes($1) }
        prefixes = prefixes.flatMap { prefix in sorted.map { prefix + $0 } }
      case .slice(let lower, let upper):
        var result: [ClusteringRange] = []
        let slice = try TupleSlice(restriction.columns, lower, upper, evaluator)
        for prefix in prefixes { result += slice.ranges(prefix).filter { !$0.isEmpty } }
        return result
      case .contains: break
      }
    }
    return prefixes.map { ClusteringRange(lower: $0, beginsAfter: false, upper: $0, endsAfter: true) }
  }

  private static func tails(
    _ values: InValues, _ restriction: Restriction, _ evaluator: Evaluator
  ) throws(EngineFailure) -> [[UInt8]] {
    var result: [[UInt8]] = []
    for value in try evaluator.list(values, restriction.columns.map(\.name).joined(separator: ",")) {
      var tail: [UInt8] = []
      if restriction.isTuple {
        // A tuple of one column may be written without its parentheses.
        let fields = Parts.fields(value, count: restriction.columns.count)
        if Parts.fieldCount(value) < restriction.columns.count { continue }
        for (field, column) in zip(fields, restriction.columns) {
          guard let field else {
            throw EngineFailure.invalid("Invalid null value in condition for column \(column.name)")
          }
          try append(field, column, to: &tail)
        }
      } else {
        try append(value, restriction.columns[0], to: &tail)
      }
      result.append(tail)
    }
    return result
  }

  /// Appends the ordered bytes of a clustering value.
  static func append(_ value: ArraySlice<UInt8>, _ column: Column, to key: inout [UInt8]) throws(EngineFailure) {
    try OrderedKeyEncoding.append(value.span, column.wire, isDescending: column.isDescending, into: &key)
  }

  // MARK: Tokens

  /// The tokens of a restriction, or nil when there are none.
  static func tokens(_ restriction: Restriction, _ evaluator: Evaluator) throws(EngineFailure) -> ClosedRange<Int64>? {
    var first = Int64.min
    var last = Int64.max
    switch restriction.kind {
    case .equal(let values):
      first = try token(values[0], evaluator)
      // The least number stands for both ends of the ring, between which everything lies.
      last = first == .min ? .max : first
    case .slice(let lower, let upper):
      if let lower {
        first = try token(lower.values[0], evaluator)
        if !lower.isInclusive {
          guard first < .max else { return nil }
          first += 1
        }
      }
      if let upper {
        last = try token(upper.values[0], evaluator)
        // The least number stands for the end of the ring.
        if last == .min { last = .max } else if !upper.isInclusive { last -= 1 }
      }
    case .isIn, .contains: break
    }
    return first <= last ? first...last : nil
  }

  private static func token(_ expression: Expression, _ evaluator: Evaluator) throws(EngineFailure) -> Int64 {
    switch try evaluator.value(expression) {
    case .bytes(let bytes) where bytes.count == 8: return bytes.span.int64(at: 0)
    case .unset: throw EngineFailure.invalid("Invalid unset value for column partition key token")
    default: throw EngineFailure.invalid("Invalid null token value for column partition key token")
    }
  }
}

/// The rows between two bounds of one or several clustering columns.
///
/// Where the columns are in different directions, these rows are not next to each other: they make several ranges.
private struct TupleSlice {
  private struct Bound {
    var values: [[UInt8]]
    var isInclusive: Bool
  }

  private let columns: [Column]
  private let lower: Bound?
  private let upper: Bound?

  init(
    _ columns: [Column], _ lower: SliceBound?, _ upper: SliceBound?, _ evaluator: Evaluator
  ) throws(EngineFailure) {
    self.columns = columns
    self.lower = try Self.bound(lower, columns, evaluator)
    self.upper = try Self.bound(upper, columns, evaluator)
  }

  /// The ordered bytes of each value of a bound; null is less than all values.
  private static func bound(
    _ bound: SliceBound?, _ columns: [Column], _ evaluator: Evaluator
  ) throws(EngineFailure) -> Bound? {
    guard let bound else { return nil }
    var values: [[UInt8]] = []
    // A bound of fewer fields is one of the columns that it has.
    var count = bound.values.count
    if let first = bound.values.first { count = try evaluator.fieldCount(first) ?? count }
    if count == 0 { return nil }
    for (value, column) in zip(bound.values.prefix(count), columns) {
      var key: [UInt8] = []
      switch try evaluator.value(value) {
      case .bytes(let slice): try ReadRanges.append(slice, column, to: &key)
      case .null where columns.count > 1:
        throw EngineFailure.invalid("Invalid null value in condition for column \(column.name)")
      case .null: try ReadRanges.append([], column, to: &key)
      case .unset: throw EngineFailure.invalid("Invalid unset value for column \(column.name)")
      }
      values.append(key)
    }
    return Bound(values: values, isInclusive: bound.isInclusive)
  }

  /// The ranges in the order of the table, of rows that begin with `prefix`.
  func ranges(_ prefix: [UInt8]) -> [ClusteringRange] {
    ranges(prefix, 0, isAtLower: lower != nil, isAtUpper: upper != nil)
  }

  /// The ranges where the columns before `index` have one value each, that of the bounds which the caller is at.
  private func ranges(_ prefix: [UInt8], _ index: Int, isAtLower: Bool, isAtUpper: Bool) -> [ClusteringRange] {
    var isAtLower = isAtLower
    var isAtUpper = isAtUpper
    if isAtLower, let lower, index == lower.values.count {
      guard lower.isInclusive else { return [] }
      isAtLower = false
    }
    if isAtUpper, let upper, index == upper.values.count {
      guard upper.isInclusive else { return [] }
      isAtUpper = false
    }
    let first = isAtLower ? lower?.values[index] : nil
    let last = isAtUpper ? upper?.values[index] : nil
    if let first, first == last {
      return ranges(prefix + first, index + 1, isAtLower: true, isAtUpper: true)
    }
    var between = ClusteringRange(lower: prefix, beginsAfter: false, upper: prefix, endsAfter: true)
    guard first != nil || last != nil else { return [between] }
    let isDescending = columns[index].isDescending
    if let begin = isDescending ? last : first {
      between.lower = prefix + begin
      between.beginsAfter = true
    }
    if let end = isDescending ? first : last {
      between.upper = prefix + end
      between.endsAfter = false
    }
    let atFirst = first.map { ranges(prefix + $0, index + 1, isAtLower: true, isAtUpper: false) } ?? []
    let atLast = last.map { ranges(prefix + $0, index + 1, isAtLower: false, isAtUpper: true) } ?? []
    // Of bounds that cross nothing lies between, nor at them.
    if let first, let last, isDescending ? first.lexicographicallyPrecedes(last) : last.lexicographicallyPrecedes(first)
    {
      return []
    }
    return isDescending ? atLast + [between] + atFirst : atFirst + [between] + atLast
  }
}
