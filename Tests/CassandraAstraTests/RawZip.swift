import CassandraBytes

/// A zip archive written byte by byte, to lie in.
struct RawZip {
  struct Entry {
    var name: String
    var bytes: [UInt8]
    /// What the headers say of the size, when it is not the truth.
    var claimedSize: UInt64?
    /// 1 for encrypted.
    var flags: UInt16 = 0
    /// 0 for stored; 99 is none that anybody reads.
    var method: UInt16 = 0
    var checksum: UInt32?
  }

  var entries: [Entry]

  var bytes: [UInt8] {
    var output: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let offset = UInt32(output.count)
      append(entry, offset: nil, to: &output)
      output += entry.bytes
      append(entry, offset: offset, to: &directory)
    }
    let start = UInt32(output.count)
    output += directory
    output += [0x50, 0x4b, 5, 6, 0, 0, 0, 0]
    output += little(UInt16(entries.count)) + little(UInt16(entries.count))
    output += little(UInt32(directory.count)) + little(start) + little(UInt16(0))
    return output
  }

  /// A local header, or with an offset an entry of the directory.
  private func append(_ entry: Entry, offset: UInt32?, to output: inout [UInt8]) {
    let size = entry.claimedSize ?? UInt64(entry.bytes.count)
    let isLarge = size >= UInt64(UInt32.max)
    let shownSize = isLarge ? UInt32.max : UInt32(size)
    let extra = isLarge ? little(UInt16(1)) + little(UInt16(16)) + little(size) + little(UInt64(entry.bytes.count)) : []
    output += offset == nil ? [0x50, 0x4b, 3, 4] : [0x50, 0x4b, 1, 2] + little(UInt16(45))
    output += little(UInt16(45)) + little(entry.flags) + little(entry.method) + little(UInt32(0x21 << 16))
    output += little(entry.checksum ?? Self.crc32(entry.bytes))
    output += little(isLarge ? .max : UInt32(entry.bytes.count)) + little(shownSize)
    output += little(UInt16(entry.name.utf8.count)) + little(UInt16(extra.count))
    if let offset { output += little(UInt16(0)) + little(UInt32(0)) + little(UInt32(0)) + little(offset) }
    output += Array(entry.name.utf8) + extra
  }

  private func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  private static func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { checksum, byte in
      (0..<8).reduce(checksum ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1 }
    }
  }
}
