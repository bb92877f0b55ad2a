import CassandraBytes
import CassandraWire

/// Bytes that are ordered, when compared one by one without a sign, as Cassandra orders the values of a type.
///
/// No encoding is the beginning of another one of the same type, so the encodings of several components follow each other
/// without anything between them. They cannot be read back: 1.0 and 1.00 are one place in the order of decimals.
enum OrderedKeyEncoding {
  /// Precedes the bytes of a value; below it stands only ``absent``.
  static let present: UInt8 = 0x02
  /// Stands for no value, for the end of a collection, and for a value of no bytes where that is not a value.
  static let absent: UInt8 = 0x01
  /// Stands for null among the elements of a list, for which Cassandra has no order.
  static let null: UInt8 = 0x03

  /// Appends the encoding of a value of `type` in its wire form; in descending order all its bits are flipped.
  ///
  /// Throws for bytes that are no value of the type.
  static func append(
    _ value: Span<UInt8>, _ type: CQLType, isDescending: Bool = false, into key: inout [UInt8]
  ) throws(EngineFailure) {
    let start = key.count
    try appendAscending(value, type, into: &key)
    if isDescending {
      for index in start..<key.count { key[index] = ~key[index] }
    }
  }

  /// Appends bytes so that shorter ones come before those that begin with them.
  static func append(escaped bytes: Span<UInt8>, into key: inout [UInt8]) {
    key.reserveCapacity(key.count + bytes.count + 2)
    for index in bytes.indices {
      let byte = bytes[index]
      key.append(byte)
      if byte == 0 { key.append(0xff) }
    }
    key.append(0)
    key.append(0)
  }

  private static func appendAscending(
    _ value: Span<UInt8>, _ type: CQLType, into key: inout [UInt8]
  ) throws(EngineFailure) {
    switch type {
    case .ascii, .text, .blob, .inet, .empty: append(escaped: value, into: &key)
    case .custom(let className):
      guard let meaning = ClassType(className: className) else { return append(escaped: value, into: &key) }
      try meaning.append(value, into: &key)
    case .tinyint, .smallint, .int, .bigint, .counter, .timestamp, .time, .boolean, .float, .double, .date, .uuid,
      .timeuuid, .varint, .decimal, .duration:
      // Clients of old may have written a value of no bytes; it comes before all others.
      guard value.count > 0 else { return key.append(absent) }
      key.append(present)
      try appendScalar(value, type, into: &key)
    case .list(let element), .set(let element): try append(elements: value, [element], of: type, into: &key)
    case .map(let keyType, let valueType): try append(elements: value, [keyType, valueType], of: type, into: &key)
    case .tuple(let types): try append(fields: value, types, of: type, into: &key)
    case .udt(let definition): try append(fields: value, definition.fields.map(\.type), of: type, into: &key)
    case .vector(let element, let dimensions):
      var position = 0
      let size = ValueLayout.sizeInVector(element)
      for _ in 0..<dimensions {
        let range = try ValueLayout.reading(type) { () throws(CQLValueError) in
          try value.readVectorElement(&position, size: size, of: type)
        }
        try appendAscending(value.extracting(range), element, into: &key)
      }
    }
  }

  private static func appendScalar(
    _ value: Span<UInt8>, _ type: CQLType, into key: inout [UInt8]
  ) throws(EngineFailure) {
    switch type {
    case .tinyint, .smallint, .int, .bigint, .counter, .timestamp, .time:
      key.append(value[0] ^ 0x80)
      key.append(copying: value.extracting(1..<value.count))
    case .boolean: key.append(value[0] == 0 ? 0 : 1)
    case .float:
      guard value.count == 4 else { throw ValueCheck.failure(value, type) }
      let bits = value.uint32(at: 0)
      let canonical = Float(bitPattern: bits).isNaN ? Float.nan.bitPattern : bits
      key.append(bigEndian: canonical & 0x8000_0000 == 0 ? canonical | 0x8000_0000 : ~canonical)
    case .double:
      guard value.count == 8 else { throw ValueCheck.failure(value, type) }
      let bits = value.uint64(at: 0)
      let canonical = Double(bitPattern: bits).isNaN ? Double.nan.bitPattern : bits
      key.append(bigEndian: canonical >> 63 == 0 ? canonical | 1 << 63 : ~canonical)
    case .uuid, .timeuuid:
      guard value.count == 16 else { throw ValueCheck.failure(value, type) }
      append(CQLUUID(high: value.uint64(at: 0), low: value.uint64(at: 8)), type, into: &key)
    case .varint: append(varint: value, into: &key)
    case .decimal: try append(decimal: value, into: &key)
    default: key.append(copying: value)
    }
  }

  private static func append(_ uuid: CQLUUID, _ type: CQLType, into key: inout [UInt8]) {
    let time = uuid.high << 48 | (uuid.high << 16 & 0xffff_0000_0000) | uuid.high >> 32
    if case .timeuuid = type {
      // By time as a signed number, then byte by byte as signed ones, as Cassandra's TimeUUIDType compares.
      key.append(bigEndian: time ^ 1 << 63)
      key.append(bigEndian: uuid.low ^ 0x8080_8080_8080_8080)
      return
    }
    key.append(UInt8(truncatingIfNeeded: uuid.version))
    key.append(bigEndian: uuid.version == 1 ? time : uuid.high)
    key.append(bigEndian: uuid.low)
  }

  /// The number of significant bytes with the sign in front, then the bytes: longer is farther from zero.
  private static func append(varint value: Span<UInt8>, into key: inout [UInt8]) {
    let isNegative = value[0] >= 0x80
    let fill: UInt8 = isNegative ? 0xff : 0
    var start = 0
    while start < value.count - 1, value[start] == fill { start += 1 }
    let length = UInt32(truncatingIfNeeded: value.count - start)
    key.append(bigEndian: isNegative ? 0x7fff_ffff - length : 0x8000_0000 + length)
    key.append(copying: value.extracting(start..<value.count))
  }

  /// Sign, exponent of the first digit, digits without the zeros at their end: 1.0 and 1.00 are the same.
  private static func append(decimal value: Span<UInt8>, into key: inout [UInt8]) throws(EngineFailure) {
    guard value.count > 4 else { throw ValueCheck.failure(value, .decimal) }
    let scale = Int64(value.int32(at: 0))
    var digits: [UInt8] = []
    do throws(CQLValueError) {
      try CQLVarint(twosComplement: value.extracting(4..<value.count)).write(into: &digits)
    } catch {
      throw EngineFailure.invalid("Key may not be longer than 65535 bytes")
    }
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative { digits.removeFirst() }
    guard digits != [UInt8(ascii: "0")] else { return key.append(0x80) }
    key.append(isNegative ? 0x40 : 0xc0)
    let start = key.count
    let exponent = Int64(digits.count) - scale
    key.append(bigEndian: UInt64(bitPattern: exponent) ^ 1 << 63)
    while digits.last == UInt8(ascii: "0") { digits.removeLast() }
    key.append(contentsOf: digits)
    key.append(0)
    guard isNegative else { return }
    for index in start..<key.count { key[index] = ~key[index] }
  }

  private static func append(
    elements value: Span<UInt8>, _ types: [CQLType], of type: CQLType, into key: inout [UInt8]
  ) throws(EngineFailure) {
    var position = 0
    let count = try ValueLayout.reading(type) { () throws(CQLValueError) in
      try value.readElementCount(&position, partsPerElement: types.count, of: type)
    }
    for _ in 0..<count {
      let start = key.count
      key.append(present)
      for elementType in types {
        let range = try ValueLayout.reading(type) { () throws(CQLValueError) in
          try value.readPart(&position, of: type)
        }
        guard let range else {
          guard types.count == 1 else { throw ValueCheck.failure(value, type) }
          key[start] = null
          continue
        }
        try appendAscending(value.extracting(range), elementType, into: &key)
      }
    }
    key.append(absent)
  }

  private static func append(
    fields value: Span<UInt8>, _ types: [CQLType], of type: CQLType, into key: inout [UInt8]
  ) throws(EngineFailure) {
    var position = 0
    for fieldType in types {
      let range = try ValueLayout.reading(type) { () throws(CQLValueError) in
        try value.readField(&position, of: type)
      }
      guard let range else {
        key.append(absent)
        continue
      }
      key.append(present)
      try appendAscending(value.extracting(range), fieldType, into: &key)
    }
  }
}

/// What of a value's layout the wire module keeps to itself.
enum ValueLayout {
  /// The bytes of an element of a vector, or nil when each has its length before it.
  static func sizeInVector(_ type: CQLType) -> Int? {
    switch type {
    case .boolean: 1
    case .float, .int: 4
    case .bigint, .double, .timestamp: 8
    case .uuid, .timeuuid: 16
    case .vector(let element, let dimensions):
      sizeInVector(element).flatMap { size in
        let (total, overflow) = size.multipliedReportingOverflow(by: dimensions)
        return overflow ? nil : total
      }
    default: nil
    }
  }

  /// The result of reading a part of a value, or Cassandra's refusal of a value that has not the parts of its type.
  static func reading<Result>(
    _ type: CQLType, _ body: () throws(CQLValueError) -> Result
  ) throws(EngineFailure) -> Result {
    do throws(CQLValueError) {
      return try body()
    } catch {
      throw EngineFailure.invalid("Not enough bytes to read a \(type)")
    }
  }
}
