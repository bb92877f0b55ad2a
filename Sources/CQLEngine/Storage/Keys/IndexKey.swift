internal import CassandraBytes

/// The keys of an index's entries: the value's ordered bytes with 0x00 written as 0x00 0xFF, an end of 0x00 0x01, then
/// the base record's key. They order by value, then by base key.
package enum IndexKey {
  /// What all entries of a value begin with.
  package static func prefix(_ value: [UInt8]) -> [UInt8] {
    var key: [UInt8] = []
    key.reserveCapacity(value.count + 2)
    append(value.span, to: &key)
    return key
  }

  static func append(_ value: Span<UInt8>, to key: inout [UInt8]) {
    for index in value.indices {
      key.append(value[index])
      if value[index] == 0 { key.append(0xff) }
    }
    key.append(0)
    key.append(1)
  }

  /// Where the base key stands in an entry's key; nil when it is not one.
  static func baseKey(_ key: Span<UInt8>) -> Range<Int>? {
    var index = 0
    while index + 1 < key.count {
      if key[index] != 0 {
        index += 1
      } else if key[index + 1] == 0xff {
        index += 2
      } else {
        return key[index + 1] == 1 ? (index + 2)..<key.count : nil
      }
    }
    return nil
  }
}
