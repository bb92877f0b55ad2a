internal import CassandraBytes

/// What can be given where a list stands for several values to compare with, as in `IF a IN ?`: there an element may be
/// null, where a list that is stored has none.
package protocol NullableElements {
  func encode(elements type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError)
}

extension Array: NullableElements where Element: CQLEncodable {
  package func encode(elements type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    try buffer.append(elementCount: count, of: .list(type))
    for value in self { try buffer.append(field: value, as: type) }
  }
}

extension Array where Element == UInt8 {
  /// Appends the values of `IN ?`, of which some may be null.
  ///
  /// - Returns: False when the value or the type is no list; nothing has been appended then.
  package mutating func append(valuesOfIn value: any CQLEncodable, as type: CQLType) throws(CQLValueError) -> Bool {
    guard case .list(let element) = type, case .value = value.presence, let list = value as? any NullableElements else {
      return false
    }
    let start = count
    append(bigEndian: Int32(0))
    try list.encode(elements: element, into: &self)
    guard let length = Int32(exactly: count - start - 4) else { throw CQLValueError.tooLong(type) }
    store(bigEndian: length, at: start)
    return true
  }
}
