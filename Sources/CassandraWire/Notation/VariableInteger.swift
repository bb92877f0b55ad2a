import CassandraBytes

/// Integers of variable length (section 3 of v5): the number of leading one bits of the first byte says how many more
/// bytes follow.
extension Span where Element == UInt8 {
  /// Reads an [unsigned vint] of one to nine bytes.
  public func readUnsignedVInt(_ position: inout Int) throws(WireError) -> UInt64 {
    let first = try readByte(&position)
    let extra = (~first).leadingZeroBitCount
    guard extra > 0 else { return UInt64(first) }
    let range = try readRange(extra, &position)
    var value = extra < 7 ? UInt64(first & (0xff >> UInt8(extra + 1))) : 0
    for index in range { value = value << 8 | UInt64(self[index]) }
    return value
  }

  /// Reads a [vint], a signed number in zig-zag encoding.
  public func readVInt(_ position: inout Int) throws(WireError) -> Int64 {
    let value = try readUnsignedVInt(&position)
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }
}

extension Array where Element == UInt8 {
  /// Appends an [unsigned vint], in as few bytes as it takes.
  public mutating func append(unsignedVInt value: UInt64) {
    let bits = UInt64.bitWidth - (value | 1).leadingZeroBitCount
    let extra = Swift.min((bits - 1) / 7, 8)
    guard extra > 0 else { return append(UInt8(truncatingIfNeeded: value)) }
    let marker = extra == 8 ? 0xff : ~(UInt8(0xff) >> UInt8(extra))
    append(extra == 8 ? marker : marker | UInt8(truncatingIfNeeded: value >> UInt64(8 * extra)))
    for index in stride(from: extra - 1, through: 0, by: -1) {
      append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index)))
    }
  }

  /// Appends a [vint] in zig-zag encoding.
  public mutating func append(vint value: Int64) {
    append(unsignedVInt: UInt64(bitPattern: value << 1 ^ value >> 63))
  }
}
