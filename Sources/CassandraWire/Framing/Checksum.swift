internal import CCassandraZlib

/// The checksums of v5 segments: native protocol v5, section 2.1.
enum Checksum {
  /// CRC-24 over the low `count` bytes of `value`, least significant first; polynomial 0x1974F0B, start 0x875060.
  static func crc24(_ value: UInt64, count: Int) -> UInt32 {
    var crc: UInt32 = 0x875060
    for index in 0..<count {
      crc ^= UInt32(truncatingIfNeeded: value >> UInt64(8 * index) & 0xff) << 16
      for _ in 0..<8 {
        crc <<= 1
        if crc & 0x100_0000 != 0 { crc ^= 0x197_4f0b }
      }
    }
    return crc
  }

  /// Where CRC-32 of a payload starts: after the bytes fa 2d 55 ca, so that an empty payload does not have 0.
  static let crc32Start: UInt32 = {
    let seed: [UInt8] = [0xfa, 0x2d, 0x55, 0xca]
    return crc32(0, seed.span)
  }()

  /// Goes on with CRC-32 over `bytes`.
  static func crc32(_ start: UInt32, _ bytes: Span<UInt8>) -> UInt32 {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe cassandra_crc32(start, buffer.baseAddress, buffer.count)
    }
  }
}

extension WireError.Code {
  /// A segment whose checksum is wrong: bytes were changed on the way.
  public static let checksum = WireError.Code("checksum")
  /// Compressed bytes that are not what they announce.
  public static let compression = WireError.Code("compression")
  /// A segment that does not hold what it has to: whole envelopes, or a part of one.
  public static let segment = WireError.Code("segment")
}
