import CassandraBytes
import CassandraWire

/// Bound collections in the form in which Cassandra takes them: it reads the elements and writes them anew, so sets and
/// maps get the order of their type, at any depth, and numbers and addresses in them their shortest form.
///
/// Tuples, user types and vectors stay as they came, and so does what is in them.
enum CanonicalValue {
  /// The canonical form of a valid collection.
  static func value(_ value: ArraySlice<UInt8>, _ type: CQLType) throws(EngineFailure) -> ArraySlice<UInt8> {
    switch type {
    case .list(let element):
      guard changes(element) else { return value }
      return Parts.collection(try parts(of: value, [element]))[...]
    case .set(let element):
      let elements = try parts(of: value, [element])
      return Parts.collection(try ValueOrder.sorted(elements, element, keepsFirst: true))[...]
    case .map(let key, let entry):
      let entries = try parts(of: value, [key, entry])
      return Parts.collection(try ValueOrder.sorted(entries, key, perElement: 2), perElement: 2)[...]
    default: return scalar(value, type)
    }
  }

  /// The elements, or keys and values in turn, in canonical form.
  private static func parts(
    of value: ArraySlice<UInt8>, _ types: [CQLType]
  ) throws(EngineFailure) -> [ArraySlice<UInt8>] {
    var parts = Parts.elements(value, perElement: types.count) ?? []
    for (place, type) in types.enumerated() where changes(type) {
      for index in stride(from: place, to: parts.count, by: types.count) {
        parts[index] = try self.value(parts[index], type)
      }
    }
    return parts
  }

  /// Whether values of a type have more than one form.
  private static func changes(_ type: CQLType) -> Bool {
    switch type {
    case .set, .map, .boolean, .varint, .decimal, .inet: true
    case .list(let element): changes(element)
    default: false
    }
  }

  private static func scalar(_ value: ArraySlice<UInt8>, _ type: CQLType) -> ArraySlice<UInt8> {
    let span = value.span
    switch type {
    case .boolean where span.count == 1 && span[0] > 1: return [1]
    case .varint where span.count > 1: return CQLVarint(twosComplement: span).twosComplement[...]
    case .decimal where span.count > 5:
      return value.prefix(4) + CQLVarint(twosComplement: span.extracting(4..<span.count)).twosComplement
    case .inet where span.count == 16:
      guard CQLInet(span)?.mappedIPv4 != nil else { return value }
      return value.suffix(4)
    default: return value
    }
  }
}
