import CassandraBytes
import CassandraWire

/// The value of a term or of a cell while a statement runs.
enum CellValue: Sendable, Equatable {
  /// No value.
  case null
  /// Nothing is said: a write leaves the cell as it is.
  case unset
  /// The value's bytes as on the wire.
  case bytes(ArraySlice<UInt8>)

  static func bytes(_ bytes: [UInt8]) -> CellValue { .bytes(bytes[...]) }

  /// The bytes, or nil for null and unset.
  var slice: ArraySlice<UInt8>? {
    if case .bytes(let slice) = self { slice } else { nil }
  }
}

/// The parts of values on the wire.
enum Parts {
  /// The elements of a list or set, or keys and values of a map in turn. Null, which may stand in a list that was bound as a
  /// whole, is left out.
  static func elements(_ value: ArraySlice<UInt8>, perElement parts: Int = 1) -> [ArraySlice<UInt8>]? {
    let span = value.span
    guard span.count >= 4 else { return span.count == 0 ? [] : nil }
    let count = Int(span.int32(at: 0))
    guard count >= 0, count <= (span.count - 4) / (4 * parts) else { return nil }
    var elements: [ArraySlice<UInt8>] = []
    elements.reserveCapacity(count * parts)
    var position = 4
    for _ in 0..<count * parts {
      guard span.count - position >= 4 else { return nil }
      let length = Int(span.int32(at: position))
      position += 4
      guard length >= 0 else {
        guard parts == 1 else { return nil }
        continue
      }
      guard length <= span.count - position else { return nil }
      elements.append(value[value.startIndex + position..<value.startIndex + position + length])
      position += length
    }
    return elements
  }

  /// The elements of a list in which null stands as well, as it may behind `IN`; nil for what is no such list.
  static func elementsOrNulls(_ value: ArraySlice<UInt8>) -> [ArraySlice<UInt8>?]? {
    let span = value.span
    guard span.count >= 4, case let count = Int(span.int32(at: 0)), count >= 0, count <= (span.count - 4) / 4 else {
      return nil
    }
    let fields = fields(value.dropFirst(4), count: count)
    return fieldCount(value.dropFirst(4)) == count ? fields : nil
  }

  /// How many fields a tuple or user type has, null ones counted.
  static func fieldCount(_ value: ArraySlice<UInt8>) -> Int {
    let span = value.span
    var position = 0
    var count = 0
    while span.count - position >= 4 {
      let length = Int(span.int32(at: position))
      position += 4
      guard length <= span.count - position else { break }
      position += max(0, length)
      count += 1
    }
    return count
  }

  /// The fields of a tuple or user type; missing ones are nil.
  static func fields(_ value: ArraySlice<UInt8>, count: Int) -> [ArraySlice<UInt8>?] {
    let span = value.span
    var fields: [ArraySlice<UInt8>?] = []
    fields.reserveCapacity(count)
    var position = 0
    while fields.count < count, span.count - position >= 4 {
      let length = Int(span.int32(at: position))
      position += 4
      guard length >= 0 else {
        fields.append(nil)
        continue
      }
      guard length <= span.count - position else { break }
      fields.append(value[value.startIndex + position..<value.startIndex + position + length])
      position += length
    }
    while fields.count < count { fields.append(nil) }
    return fields
  }

  /// The elements of a vector.
  static func vector(_ value: ArraySlice<UInt8>, _ element: CQLType, _ dimensions: Int) -> [ArraySlice<UInt8>]? {
    var elements: [ArraySlice<UInt8>] = []
    var position = 0
    let size = ValueLayout.sizeInVector(element)
    for _ in 0..<dimensions {
      guard
        let range = try? value.span.readVectorElement(
          &position, size: size, of: .vector(element, dimensions: dimensions))
      else { return nil }
      elements.append(value[value.startIndex + range.lowerBound..<value.startIndex + range.upperBound])
    }
    return elements
  }

  /// A collection of elements, or of keys and values in turn.
  static func collection(_ elements: [ArraySlice<UInt8>], perElement parts: Int = 1) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: Int32(truncatingIfNeeded: elements.count / parts))
    for element in elements { append(element, to: &bytes) }
    return bytes
  }

  /// A list of elements of which some are null.
  static func list(_ elements: [ArraySlice<UInt8>?]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: Int32(truncatingIfNeeded: elements.count))
    return bytes + tuple(elements)
  }

  /// A tuple or user type of fields.
  static func tuple(_ fields: [ArraySlice<UInt8>?]) -> [UInt8] {
    var bytes: [UInt8] = []
    for field in fields {
      if let field { append(field, to: &bytes) } else { bytes.append(bigEndian: Int32(-1)) }
    }
    return bytes
  }

  /// A vector of elements.
  static func vector(_ elements: [ArraySlice<UInt8>], _ element: CQLType) -> [UInt8] {
    var bytes: [UInt8] = []
    let hasSize = ValueLayout.sizeInVector(element) != nil
    for part in elements {
      if !hasSize { bytes.append(unsignedVInt: UInt64(part.count)) }
      bytes.append(contentsOf: part)
    }
    return bytes
  }

  static func append(_ part: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
    bytes.append(bigEndian: Int32(truncatingIfNeeded: part.count))
    bytes.append(contentsOf: part)
  }
}

/// The order of values of a type.
enum ValueOrder {
  /// The ordered bytes of a value.
  static func key(_ value: ArraySlice<UInt8>, _ type: CQLType) throws(EngineFailure) -> [UInt8] {
    var key: [UInt8] = []
    try OrderedKeyEncoding.append(value.span, type, into: &key)
    return key
  }

  /// The ordered bytes of a text as an index compares it; of any other value without an analysis.
  static func key(
    _ value: ArraySlice<UInt8>, _ type: CQLType, _ analysis: TextAnalysis?
  ) throws(EngineFailure) -> [UInt8] {
    guard let analysis else { return try key(value, type) }
    let text = analysis.apply(value.span)
    return try key(text[...], type)
  }

  /// Whether the left value comes before the right one.
  static func precedes(
    _ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>, _ type: CQLType
  ) throws(EngineFailure) -> Bool {
    try key(left, type).lexicographicallyPrecedes(key(right, type))
  }

  /// The elements of a set in order and without repetitions, or the entries of a map (keys and values in turn): the first
  /// of equal keys stays, with the last of their values. Of equal elements of a set the last one stays, or the first.
  static func sorted(
    _ elements: [ArraySlice<UInt8>], _ type: CQLType, perElement parts: Int = 1, keepsFirst: Bool = false
  ) throws(EngineFailure) -> [ArraySlice<UInt8>] {
    var keyed: [(key: [UInt8], index: Int)] = []
    keyed.reserveCapacity(elements.count / parts)
    for index in stride(from: 0, to: elements.count, by: parts) {
      keyed.append((try key(elements[index], type), index))
    }
    keyed.sort { left, right in
      left.key == right.key ? left.index < right.index : left.key.lexicographicallyPrecedes(right.key)
    }
    var result: [ArraySlice<UInt8>] = []
    result.reserveCapacity(elements.count)
    var first = 0
    for (place, entry) in keyed.enumerated() {
      if place + 1 < keyed.count, keyed[place + 1].key == entry.key { continue }
      result.append(elements[keyed[keepsFirst || parts > 1 ? first : place].index])
      if parts > 1 { result += elements[entry.index + 1..<entry.index + parts] }
      first = place + 1
    }
    return result
  }
}
