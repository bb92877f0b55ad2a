import CassandraBytes
import CassandraWire

/// What stands for a value that is not shown.
enum MaskedValue {
  /// Bytes of such a value: 16 MiB, which only vectors of vectors could exceed.
  private static let maximumBytes = 16 << 20

  /// The value of a type that says nothing: four stars, zero, the epoch, a collection without elements.
  static func standard(_ type: CQLType) throws(EngineFailure) -> [UInt8] {
    switch type {
    case .text, .ascii: return Array("****".utf8)
    case .tinyint, .boolean, .varint: return [0]
    case .smallint: return [0, 0]
    case .int, .float, .inet, .list, .set, .map: return [0, 0, 0, 0]
    case .bigint, .counter, .double, .time, .timestamp: return [0, 0, 0, 0, 0, 0, 0, 0]
    case .date: return [0x80, 0, 0, 0]
    case .decimal: return [0, 0, 0, 0, 0]
    case .duration: return [0, 0, 0]
    case .uuid: return Array(repeating: 0, count: 16)
    // The least one of the epoch.
    case .timeuuid: return [0x13, 0x81, 0x40, 0, 0x1d, 0xd2, 0x11, 0xb2] + Array(repeating: 0x80, count: 8)
    case .blob, .custom, .empty: return []
    case .tuple(let types): return try fields(types)
    case .udt(let definition): return try fields(definition.fields.map(\.type))
    case .vector(let element, let dimensions):
      let part = try standard(element)
      guard part.count <= maximumBytes / max(dimensions, 1) else {
        throw EngineFailure.invalid("The default mask of \(CQLTypeText.text(type)) has more than \(maximumBytes) bytes")
      }
      return Parts.vector(Array(repeating: part[...], count: dimensions), element)
    }
  }

  private static func fields(_ types: [CQLType]) throws(EngineFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    for type in types { Parts.append(try standard(type)[...], to: &bytes) }
    return bytes
  }
}
