import CassandraBytes
import CQLLanguage
import CassandraWire

/// Computes the values of expressions.
struct Evaluator {
  /// The values of the request.
  let bindings: Bindings
  /// What functions know.
  let context: FunctionContext
  /// The values of the row at hand, by slot.
  var row: [CellValue] = []
  /// What is known of the row's cells beside their values, by slot; empty unless a selector asks for it.
  var attributes: [[CellAttributes]] = []
  /// The results of the aggregates.
  var aggregates: [CellValue] = []

  init(_ bindings: Bindings, _ context: FunctionContext) {
    self.bindings = bindings
    self.context = context
  }

  /// The value of an expression.
  func value(_ expression: Expression) throws(EngineFailure) -> CellValue {
    switch expression {
    case .constant(let bytes): return .bytes(bytes)
    case .null: return .null
    case .unset: return .unset
    case .marker(let index, let type): return try bindings.value(index, type)
    case .list(let parts): return try collection(parts) { Parts.collection($0) }
    case .set(let parts, let type):
      return try collection(parts) { elements throws(EngineFailure) in
        Parts.collection(try ValueOrder.sorted(elements, type))
      }
    case .map(let parts, let type):
      return try collection(parts) { elements throws(EngineFailure) in
        Parts.collection(try ValueOrder.sorted(elements, type, perElement: 2), perElement: 2)
      }
    case .vector(let parts, let type): return try collection(parts) { Parts.vector($0, type) }
    case .tuple(let parts):
      var fields: [ArraySlice<UInt8>?] = []
      for part in parts {
        let value = try value(part)
        if case .unset = value {
          throw EngineFailure.invalid("Invalid unset value for tuple field number \(fields.count)")
        }
        fields.append(value.slice)
      }
      return .bytes(Parts.tuple(fields))
    case .call(let function, let parts):
      var arguments: [ArraySlice<UInt8>?] = []
      for part in parts {
        let value = try value(part)
        if case .unset = value {
          throw EngineFailure.invalid("Invalid unset value for argument in call to function \(function.name)")
        }
        arguments.append(value.slice)
      }
      return try function.body(arguments, context).map { .bytes($0) } ?? .null
    case .column(let slot): return row[slot]
    case .field(let whole, let index, let count):
      guard let slice = try value(whole).slice else { return .null }
      return Parts.fields(slice, count: count)[index].map { .bytes($0) } ?? .null
    case .element(let collection, let type, let key): return try element(collection, type, key)
    case .slice(let collection, let type, let from, let to, let isMultiCell):
      return try slice(collection, type, from, to, isMultiCell)
    case .attribute(let selector): return try attribute(selector)
    case .aggregate(let index): return aggregates[index]
    }
  }

  /// A value that has to be there; throws Cassandra's refusal of null and unset for a column.
  func required(_ expression: Expression, _ column: String) throws(EngineFailure) -> ArraySlice<UInt8> {
    switch try value(expression) {
    case .bytes(let bytes): return bytes
    case .null:
      if case .field(let whole, _, _) = expression, try value(whole) == .null { throw Self.missingTuple }
      throw EngineFailure.invalid("Invalid null value in condition for column \(column)")
    case .unset: throw EngineFailure.invalid("Invalid unset value for column \(column)")
    }
  }

  /// What Cassandra says of null in the place of a tuple of columns.
  static let missingTuple = EngineFailure(
    .serverError, "java.lang.NullPointerException: a tuple of columns is compared with null")

  /// How many fields a bound tuple has of which `expression` is one; nil for anything else.
  func fieldCount(_ expression: Expression) throws(EngineFailure) -> Int? {
    guard case .field(let whole, _, let count) = expression else { return nil }
    switch try value(whole) {
    case .bytes(let bytes): return min(Parts.fieldCount(bytes), count)
    case .null: throw Self.missingTuple
    case .unset: return nil
    }
  }

  /// A value that rows are tested for, or `part` of one.
  func filtered(
    _ expression: Expression, _ column: String, part: String = "value"
  ) throws(EngineFailure) -> ArraySlice<UInt8> {
    switch try value(expression) {
    case .bytes(let bytes): return bytes
    case .null: throw EngineFailure.invalid("Unsupported null \(part) for column \(column)")
    case .unset: throw EngineFailure.invalid("Unsupported unset \(part) for column \(column)")
    }
  }

  private func collection(
    _ parts: [Expression], _ make: ([ArraySlice<UInt8>]) throws(EngineFailure) -> [UInt8]
  ) throws(EngineFailure) -> CellValue {
    var elements: [ArraySlice<UInt8>] = []
    elements.reserveCapacity(parts.count)
    for part in parts {
      switch try value(part) {
      case .bytes(let bytes): elements.append(bytes)
      case .null: throw EngineFailure.invalid("null is not supported inside collections")
      case .unset: throw EngineFailure.invalid("unset value is not supported inside collections")
      }
    }
    return .bytes(try make(elements))
  }

  private func element(_ collection: Expression, _ type: CQLType, _ key: Expression) throws(EngineFailure) -> CellValue
  {
    guard let whole = try value(collection).slice else { return .null }
    guard let wanted = try value(key).slice else { return .null }
    switch type {
    case .map(let keyType, _):
      let parts = Parts.elements(whole, perElement: 2) ?? []
      let wantedKey = try ValueOrder.key(wanted, keyType)
      for index in stride(from: 0, to: parts.count, by: 2)
      where try ValueOrder.key(parts[index], keyType) == wantedKey {
        return .bytes(parts[index + 1])
      }
    case .set(let elementType):
      let wantedKey = try ValueOrder.key(wanted, elementType)
      for part in Parts.elements(whole) ?? [] where try ValueOrder.key(part, elementType) == wantedKey {
        return .bytes(part)
      }
    default: break
    }
    return .null
  }

  private func slice(
    _ collection: Expression, _ type: CQLType, _ from: Expression?, _ to: Expression?, _ isMultiCell: Bool
  ) throws(EngineFailure) -> CellValue {
    guard let whole = try value(collection).slice else { return .null }
    let step = type.isMap ? 2 : 1
    guard let keyType = type.elementKey else { return .null }
    let range = try SliceKeys(self, keyType, from, to)
    let parts = Parts.elements(whole, perElement: step) ?? []
    var kept: [ArraySlice<UInt8>] = []
    for index in stride(from: 0, to: parts.count, by: step)
    where range.contains(try ValueOrder.key(parts[index], keyType)) {
      kept += parts[index..<index + step]
    }
    return kept.isEmpty && isMultiCell ? .null : .bytes(Parts.collection(kept, perElement: step))
  }

  // MARK: Attributes

  private func attribute(_ selector: CellAttributeSelector) throws(EngineFailure) -> CellValue {
    let cells = attributes[selector.slot]
    guard selector.type.isMultiCell else {
      guard let cell = cells.first else { return .null }
      return Self.value(selector.kind, cell, context).map { .bytes($0) } ?? .null
    }
    if cells.isEmpty { return .null }
    var chosen = cells
    let keyType = selector.type.wire.elementKey
    switch selector.part {
    case .all: break
    case .one(let key):
      guard let wanted = try value(key).slice else { return .null }
      let wantedPath =
        try keyType.map { type throws(EngineFailure) in try ValueOrder.key(wanted, type) } ?? Array(wanted)
      guard let cell = cells.first(where: { $0.path == wantedPath }) else { return .null }
      return Self.value(selector.kind, cell, context).map { .bytes($0) } ?? .null
    case .range(let from, let to):
      guard let keyType else { return .null }
      let range = try SliceKeys(self, keyType, from, to)
      chosen = cells.filter { range.contains($0.path) }
    }
    if selector.kind == .maximumWriteTime {
      guard let latest = chosen.map(\.timestamp).max() else { return .null }
      var bytes: [UInt8] = []
      bytes.append(bigEndian: latest)
      return .bytes(bytes)
    }
    if chosen.isEmpty { return .null }
    // A list with an entry for each element, null where an element does not expire.
    var bytes: [UInt8] = []
    bytes.append(bigEndian: Int32(truncatingIfNeeded: chosen.count))
    for cell in chosen {
      if let value = Self.value(selector.kind, cell, context) {
        bytes.append(bigEndian: Int32(truncatingIfNeeded: value.count))
        bytes += value
      } else {
        bytes.append(bigEndian: Int32(-1))
      }
    }
    return .bytes(bytes)
  }

  private static func value(
    _ kind: Selectable.CellAttribute, _ cell: CellAttributes, _ context: FunctionContext
  ) -> [UInt8]? {
    var bytes: [UInt8] = []
    switch kind {
    case .writeTime, .maximumWriteTime: bytes.append(bigEndian: cell.timestamp)
    case .timeToLive:
      guard cell.expiry > 0 else { return nil }
      bytes.append(bigEndian: Int32(truncatingIfNeeded: cell.expiry - cell.now))
    }
    return bytes
  }
}

/// What is known of a cell beside its value.
struct CellAttributes {
  /// The ordered bytes of the element's key; empty for a cell that is a whole column.
  var path: [UInt8]
  /// Microseconds.
  var timestamp: Int64
  /// When it expires in seconds since 1970; 0: never.
  var expiry: Int64
  /// The request's time in seconds since 1970.
  var now: Int64
}

/// The keys between two ends, both of which belong to them.
private struct SliceKeys {
  private var lower: [UInt8]?
  private var upper: [UInt8]?

  init(_ evaluator: Evaluator, _ type: CQLType, _ from: Expression?, _ to: Expression?) throws(EngineFailure) {
    if let from, let value = try evaluator.value(from).slice { lower = try ValueOrder.key(value, type) }
    if let to, let value = try evaluator.value(to).slice { upper = try ValueOrder.key(value, type) }
  }

  func contains(_ key: [UInt8]) -> Bool {
    if let lower, key.lexicographicallyPrecedes(lower) { return false }
    if let upper, upper.lexicographicallyPrecedes(key) { return false }
    return true
  }
}
