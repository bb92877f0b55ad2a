import CassandraBytes
import CassandraWire

/// A filter with its values: what a row is tested for.
struct BoundFilter {
  private enum Test {
    /// Every column equals its value.
    case equal([[UInt8]])
    /// The column's bytes are these.
    case same(ArraySlice<UInt8>)
    /// The column is this text, as its index compares texts.
    case like([UInt8], TextAnalysis)
    /// The column is one of these.
    case isIn(Set<[UInt8]>)
    /// The tuple of columns is one of these.
    case isTupleIn(Set<[[UInt8]]>)
    /// The columns, as a tuple, lie between bounds.
    case slice(lower: Bound?, upper: Bound?)
    /// The collection has all these.
    case contains(values: Set<[UInt8]>, keys: Set<[UInt8]>, entries: Set<Entry>)
  }

  /// An entry of a map, by the ordered bytes of its key and its value.
  private struct Entry: Hashable {
    var key: [UInt8]
    var value: [UInt8]
  }

  private struct Bound {
    var values: [[UInt8]]
    var isInclusive: Bool
  }

  private let slots: [Int]
  private let types: [CQLType]
  private let analysis: TextAnalysis?
  private let keyAnalysis: TextAnalysis?
  private let mapsAddresses: Bool
  private let test: Test

  init(_ filter: Filter, _ names: [String], _ evaluator: Evaluator) throws(EngineFailure) {
    slots = filter.slots
    types = filter.types
    analysis = filter.analysis
    keyAnalysis = filter.keyAnalysis
    mapsAddresses = filter.mapsAddresses
    switch filter.kind {
    case .equal(let values) where filter.isExact && values.count == 1:
      let value = try evaluator.filtered(values[0], names[0])
      test = .same(value)
    case .equal(let values) where values.count == 1 && filter.analysis != nil:
      test = try Self.like(try evaluator.filtered(values[0], names[0]), filter.analysis)
    case .equal(let values):
      var keys: [[UInt8]] = []
      for (index, value) in values.enumerated() {
        keys.append(try ValueOrder.key(try evaluator.filtered(value, names[index]), types[index]))
      }
      test = .equal(keys)
    case .isIn(let values):
      if slots.count == 1, !filter.isTuple {
        var keys: Set<[UInt8]> = []
        for value in try evaluator.filteredList(values, names[0]) { keys.insert(try ValueOrder.key(value, types[0])) }
        test = .isIn(keys)
      } else {
        var tuples: Set<[[UInt8]]> = []
        for value in try evaluator.list(values, names.joined(separator: ",")) {
          var keys: [[UInt8]] = []
          for (index, field) in Parts.fields(value, count: slots.count).enumerated() {
            guard let field else { break }
            keys.append(try ValueOrder.key(field, types[index]))
          }
          if keys.count == slots.count { tuples.insert(keys) }
        }
        test = .isTupleIn(tuples)
      }
    case .slice(let lower, let upper):
      let bounds = try (
        Self.bound(lower, types, names, evaluator, mapsAddresses: filter.mapsAddresses),
        Self.bound(upper, types, names, evaluator, mapsAddresses: filter.mapsAddresses)
      )
      test = .slice(lower: bounds.0, upper: bounds.1)
    case .contains(let values, let keys, let entries):
      let (keyType, valueType) = Self.partTypes(types[0])
      var valueKeys: Set<[UInt8]> = []
      for value in values {
        valueKeys.insert(try ValueOrder.key(try evaluator.filtered(value, names[0]), valueType, filter.analysis))
      }
      var keyKeys: Set<[UInt8]> = []
      for key in keys {
        keyKeys.insert(try ValueOrder.key(try evaluator.filtered(key, names[0]), keyType, filter.keyAnalysis))
      }
      var pairs: Set<Entry> = []
      for entry in entries {
        pairs.insert(
          Entry(
            key: try ValueOrder.key(try evaluator.filtered(entry.key, names[0], part: "map key"), keyType),
            value: try ValueOrder.key(try evaluator.filtered(entry.value, names[0], part: "map value"), valueType)))
      }
      test = .contains(values: valueKeys, keys: keyKeys, entries: pairs)
    }
  }

  private static func like(_ value: ArraySlice<UInt8>, _ analysis: TextAnalysis?) throws(EngineFailure) -> Test {
    guard let analysis else { return .same(value) }
    return .like(analysis.apply(value.span), analysis)
  }

  private static func bound(
    _ bound: SliceBound?, _ types: [CQLType], _ names: [String], _ evaluator: Evaluator, mapsAddresses: Bool
  ) throws(EngineFailure) -> Bound? {
    guard let bound else { return nil }
    var keys: [[UInt8]] = []
    for (index, (value, type)) in zip(bound.values, types).enumerated() {
      let slice = try evaluator.filtered(value, names[index])
      keys.append(mapsAddresses ? mapped(slice.span) : try ValueOrder.key(slice, type))
    }
    return Bound(values: keys, isInclusive: bound.isInclusive)
  }

  /// An address as one of IPv6.
  private static func mapped(_ address: Span<UInt8>) -> [UInt8] {
    let prefix: [UInt8] = address.count == 4 ? [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] : []
    return prefix + [UInt8](copying: address)
  }

  private static func partTypes(_ type: CQLType) -> (key: CQLType, value: CQLType) {
    switch type {
    case .map(let key, let value): (key, value)
    case .list(let element), .set(let element): (element, element)
    default: (type, type)
    }
  }

  /// Whether the row in the image passes.
  func passes(_ image: inout RowImage, _ record: borrowing RecordView) throws(EngineFailure) -> Bool {
    switch test {
    case .equal(let keys):
      for index in keys.indices {
        guard try image.compare(slots[index], types[index], of: record, { $0 == keys[index] }) else { return false }
      }
      return true
    case .same(let value): return image.value(slots[0], of: record) == .bytes(value)
    case .like(let wanted, let analysis):
      return image.withValue(slots[0], of: record) { value in analysis.apply(value) == wanted } ?? false
    case .isIn(let keys): return try image.compare(slots[0], types[0], of: record) { keys.contains($0) }
    case .isTupleIn(let tuples):
      var row: [[UInt8]] = []
      for index in slots.indices {
        _ = try image.compare(slots[index], types[index], of: record) { key in
          row.append(key)
          return true
        }
      }
      return tuples.contains(row)
    case .slice(let lower, let upper):
      var row: [[UInt8]] = []
      if mapsAddresses {
        guard let address = image.withValue(slots[0], of: record, { Self.mapped($0) }) else { return false }
        row = [address]
      }
      for index in slots.indices where !mapsAddresses {
        let isThere = try image.compare(slots[index], types[index], of: record) { key in
          row.append(key)
          return true
        }
        guard isThere else { return false }
      }
      if let lower {
        let order = Self.compare(row, lower.values)
        guard order > 0 || order == 0 && lower.isInclusive else { return false }
      }
      if let upper {
        let order = Self.compare(row, upper.values)
        guard order < 0 || order == 0 && upper.isInclusive else { return false }
      }
      return true
    case .contains(let values, let keys, let entries):
      return try contains(image.value(slots[0], of: record), values, keys, entries)
    }
  }

  /// Compares as many components as the bound has.
  private static func compare(_ row: [[UInt8]], _ bound: [[UInt8]]) -> Int {
    for (left, right) in zip(row, bound) where left != right {
      return left.lexicographicallyPrecedes(right) ? -1 : 1
    }
    return 0
  }

  private func contains(
    _ value: CellValue, _ values: Set<[UInt8]>, _ keys: Set<[UInt8]>, _ entries: Set<Entry>
  ) throws(EngineFailure) -> Bool {
    guard let whole = value.slice else { return false }
    let step = types[0].isMap ? 2 : 1
    let parts = Parts.elements(whole, perElement: step) ?? []
    let (keyType, valueType) = Self.partTypes(types[0])
    var ownKeys: [[UInt8]] = []
    var ownValues: [[UInt8]] = []
    for index in stride(from: 0, to: parts.count, by: step) {
      if step == 2 { ownKeys.append(try ValueOrder.key(parts[index], keyType)) }
      ownValues.append(try ValueOrder.key(parts[index + step - 1], valueType))
    }
    // An index of entries compares their texts as they are, whatever those of keys and of values do.
    var (comparedKeys, comparedValues) = (ownKeys, ownValues)
    if let keyAnalysis, step == 2 {
      comparedKeys.removeAll()
      for index in stride(from: 0, to: parts.count, by: step) {
        comparedKeys.append(try ValueOrder.key(parts[index], keyType, keyAnalysis))
      }
    }
    if let analysis {
      comparedValues.removeAll()
      for index in stride(from: step - 1, to: parts.count, by: step) {
        comparedValues.append(try ValueOrder.key(parts[index], valueType, analysis))
      }
    }
    return Self.has(comparedValues, all: values) && Self.has(comparedKeys, all: keys)
      && Self.has(entries.isEmpty ? [] : zip(ownKeys, ownValues).map { Entry(key: $0, value: $1) }, all: entries)
  }

  /// Whether all that is wanted is there, at the cost of what is there and not of that times what is wanted.
  private static func has<Element: Hashable>(_ own: [Element], all wanted: Set<Element>) -> Bool {
    if wanted.isEmpty { return true }
    if let only = wanted.first, wanted.count == 1 { return own.contains(only) }
    var found: Set<Element> = []
    for element in own where wanted.contains(element) { found.insert(element) }
    return found.count == wanted.count
  }
}

extension Evaluator {
  /// The most values behind an IN, and the most partitions and ranges that a statement may name by them.
  static let maximumInValues = 131_072
  /// The bytes of all keys of partitions, and of all clustering keys, that a statement may name by them together: 32 MiB.
  /// Each value of one IN stands in as many keys as the others have values.
  static let maximumInBytes = 32 << 20

  /// How many bytes the keys have that each of `heads`, `headBytes` in all, makes with each of the values, `bytes` in all.
  ///
  /// - Throws: A refusal when they, or their bytes, are too many; `what` names them.
  static func combined(
    _ heads: Int, _ headBytes: Int, with values: Int, _ bytes: Int, _ what: String
  ) throws(EngineFailure) -> Int {
    guard heads * values <= maximumInValues else {
      throw EngineFailure.invalid("The statement \(what) more than \(maximumInValues)")
    }
    let combined = headBytes * values + heads * bytes
    guard combined <= maximumInBytes else {
      throw EngineFailure.invalid("The statement \(what) with more than \(maximumInBytes) bytes of keys")
    }
    return combined
  }

  /// The values behind `IN` that rows are tested for: null is equal to none of them.
  func filteredList(_ values: InValues, _ column: String) throws(EngineFailure) -> [ArraySlice<UInt8>] {
    switch values {
    case .list(let expressions):
      var result: [ArraySlice<UInt8>] = []
      for expression in expressions {
        switch try value(expression) {
        case .bytes(let bytes): result.append(bytes)
        case .null: break
        case .unset: throw EngineFailure.invalid("Invalid unset value for column \(column)")
        }
      }
      return result
    case .marker(let index, let type):
      guard case .bytes(let whole) = bindings.given(index), let elements = Parts.elementsOrNulls(whole[...]),
        elements.contains(nil)
      else { return try list(values, column) }
      for case let element? in elements { try ValueCheck.validate(element.span, type) }
      return elements.compactMap { $0 }
    }
  }

  /// The values behind `IN`.
  func list(_ values: InValues, _ column: String) throws(EngineFailure) -> [ArraySlice<UInt8>] {
    switch values {
    case .list(let expressions):
      var result: [ArraySlice<UInt8>] = []
      for expression in expressions { result.append(try required(expression, column)) }
      return result
    case .marker(let index, let type):
      switch try bindings.value(index, .list(type)) {
      case .bytes(let whole): return Parts.elements(whole) ?? []
      case .null: throw EngineFailure.invalid("Invalid null value for column \(column)")
      case .unset: throw EngineFailure.invalid("Invalid unset value for column \(column)")
      }
    }
  }
}
