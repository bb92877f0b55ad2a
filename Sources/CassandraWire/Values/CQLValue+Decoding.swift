import CassandraBytes

extension CQLValue: CQLDecodable {
  /// Takes every type.
  public static func check(_ type: CQLType) throws(CQLValueError) {}

  /// Null.
  public static func decodeNull() throws(CQLValueError) -> CQLValue { .null }

  /// The value.
  ///
  /// It nests as deep as its type does, which is bounded where types are decoded.
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> CQLValue {
    if bytes.isEmpty, !type.emptyIsValue { return .empty }
    switch type {
    case .custom: return .custom([UInt8](copying: bytes))
    case .ascii: return .ascii(try String.decode(bytes, as: type))
    case .text: return .text(try String.decode(bytes, as: type))
    case .blob: return .blob([UInt8](copying: bytes))
    case .boolean: return .boolean(try Bool.decode(bytes, as: type))
    case .tinyint: return .tinyint(Int8(bitPattern: try fixed(bytes, as: type)))
    case .smallint: return .smallint(Int16(bitPattern: try fixed(bytes, as: type)))
    case .int: return .int(Int32(bitPattern: try fixed(bytes, as: type)))
    case .bigint: return .bigint(Int64(bitPattern: try fixed(bytes, as: type)))
    case .counter: return .counter(Int64(bitPattern: try fixed(bytes, as: type)))
    case .varint: return .varint(try CQLVarint.decode(bytes, as: type))
    case .decimal: return .decimal(try CQLDecimal.decode(bytes, as: type))
    case .float: return .float(Float(bitPattern: try fixed(bytes, as: type)))
    case .double: return .double(Double(bitPattern: try fixed(bytes, as: type)))
    case .uuid: return .uuid(try CQLUUID.decode(bytes, as: type))
    case .timeuuid: return .timeuuid(try CQLUUID.decode(bytes, as: type))
    case .inet: return .inet(try CQLInet.decode(bytes, as: type))
    case .date: return .date(try CQLDate.decode(bytes, as: type))
    case .time:
      // Old versions took any number. What is no time of a day is told by its bytes, and goes back as it came.
      guard bytes.count == 8 else { throw CQLValueError.wrongSize(bytes.count, type) }
      return CQLTime(nanoseconds: bytes.int64(at: 0)).map { .time($0) } ?? .custom([UInt8](copying: bytes))
    case .timestamp: return .timestamp(try CQLTimestamp.decode(bytes, as: type))
    case .duration: return .duration(try CQLDuration.decode(bytes, as: type))
    case .empty:
      guard bytes.isEmpty else { throw CQLValueError.wrongSize(bytes.count, type) }
      return .empty
    case .list: return .list(try [CQLValue].decode(bytes, as: type))
    case .vector: return .vector(try [CQLValue].decode(bytes, as: type))
    case .set(let element): return .set(try [CQLValue].decode(bytes, as: .list(element)))
    case .map(let keyType, let valueType): return .map(try entries(bytes, keyType, valueType, of: type))
    case .tuple(let types): return .tuple(try fields(bytes, types, of: type))
    case .udt(let definition):
      let values = try fields(bytes, definition.fields.map(\.type), of: type)
      return .udt(zip(definition.fields, values).map { Field($0.name, $1) })
    }
  }

  /// The bits of a number of exactly the size of its type.
  private static func fixed<Bits: FixedWidthInteger & UnsignedInteger>(
    _ bytes: Span<UInt8>, as type: CQLType
  ) throws(CQLValueError) -> Bits {
    guard bytes.count == Bits.bitWidth / 8 else { throw CQLValueError.wrongSize(bytes.count, type) }
    var bits: Bits = 0
    for index in bytes.indices { bits = bits << 8 | Bits(bytes[index]) }
    return bits
  }

  private static func entries(
    _ bytes: Span<UInt8>, _ keyType: CQLType, _ valueType: CQLType, of type: CQLType
  ) throws(CQLValueError) -> [Entry] {
    var position = 0
    let number = try bytes.readElementCount(&position, partsPerElement: 2, of: type)
    var entries: [Entry] = []
    entries.reserveCapacity(number)
    for _ in 0..<number {
      let key = try CQLValue.decode(try bytes.readPart(&position, of: type), of: bytes, as: keyType)
      let value = try CQLValue.decode(try bytes.readPart(&position, of: type), of: bytes, as: valueType)
      entries.append(Entry(key, value))
    }
    try bytes.requireEnd(position, of: type)
    return entries
  }

  /// The fields that are there; a value may have fewer than its type, and more when its type has got more since.
  private static func fields(
    _ bytes: Span<UInt8>, _ types: [CQLType], of type: CQLType
  ) throws(CQLValueError) -> [CQLValue] {
    var position = 0
    var fields: [CQLValue] = []
    while position < bytes.count, fields.count < types.count {
      let range = try bytes.readPart(&position, of: type)
      fields.append(try CQLValue.decode(range, of: bytes, as: types[fields.count]))
    }
    return fields
  }
}
