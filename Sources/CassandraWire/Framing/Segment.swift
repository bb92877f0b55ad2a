internal import CassandraBytes

/// The header of a v5 segment: native protocol v5, sections 2.1 and 2.2. All its numbers are little-endian.
struct SegmentHeader: Sendable {
  /// Bytes of the largest payload: 128 KiB less one.
  static let maximumPayloadBytes = (1 << 17) - 1
  /// Bytes of the checksum behind the payload.
  static let trailerByteCount = 4

  /// Bytes of the payload as it is in the stream.
  var payloadCount: Int
  /// Bytes of the payload once decompressed; 0 when it is not compressed.
  var uncompressedCount: Int
  /// Whether the payload consists of whole envelopes; if not, it is a part of one large envelope.
  var isSelfContained: Bool
  /// Whether this is the format of connections with compression.
  var isCompressed: Bool

  static func byteCount(compressed: Bool) -> Int { compressed ? 8 : 6 }

  init(payloadCount: Int, uncompressedCount: Int = 0, isSelfContained: Bool, isCompressed: Bool) {
    self.payloadCount = payloadCount
    self.uncompressedCount = uncompressedCount
    self.isSelfContained = isSelfContained
    self.isCompressed = isCompressed
  }

  /// Reads the header at `offset`; traps when it is not there.
  init(_ bytes: Span<UInt8>, at offset: Int, compressed: Bool) throws(WireError) {
    let dataBytes = compressed ? 5 : 3
    var data: UInt64 = 0
    for index in 0..<dataBytes { data |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
    var crc: UInt32 = 0
    for index in 0..<3 { crc |= UInt32(bytes[offset + dataBytes + index]) << UInt32(8 * index) }
    guard Checksum.crc24(data, count: dataBytes) == crc else {
      throw WireError(.checksum, at: offset, "The checksum of a segment's header is wrong.")
    }
    payloadCount = Int(data & 0x1ffff)
    uncompressedCount = compressed ? Int(data >> 17 & 0x1ffff) : 0
    isSelfContained = data >> (compressed ? 34 : 17) & 1 == 1
    isCompressed = compressed
  }

  /// Writes the header over the bytes at `offset`.
  func store(in buffer: inout [UInt8], at offset: Int) {
    var data = UInt64(payloadCount)
    if isCompressed {
      data |= UInt64(uncompressedCount) << 17 | (isSelfContained ? 1 << 34 : 0)
    } else {
      data |= isSelfContained ? 1 << 17 : 0
    }
    let dataBytes = isCompressed ? 5 : 3
    let crc = Checksum.crc24(data, count: dataBytes)
    for index in 0..<dataBytes { buffer[offset + index] = UInt8(truncatingIfNeeded: data >> UInt64(8 * index)) }
    for index in 0..<3 { buffer[offset + dataBytes + index] = UInt8(truncatingIfNeeded: crc >> UInt32(8 * index)) }
  }

  /// Compares the payload at `start` with the checksum behind it.
  func check(_ bytes: Span<UInt8>, payloadAt start: Int) throws(WireError) {
    let end = start + payloadCount
    let crc = Checksum.crc32(Checksum.crc32Start, bytes.extracting(start..<end))
    try compare(crc, with: bytes, at: end)
  }

  func compare(_ crc: UInt32, with bytes: Span<UInt8>, at offset: Int) throws(WireError) {
    var expected: UInt32 = 0
    for index in 0..<4 { expected |= UInt32(bytes[offset + index]) << UInt32(8 * index) }
    guard crc == expected else {
      throw WireError(.checksum, at: offset, "The checksum of a segment's payload is wrong.")
    }
  }

  /// The payload itself.
  func decompressed(_ payload: [UInt8]) throws(WireError) -> [UInt8] {
    guard isCompressed, uncompressedCount > 0 else { return payload }
    var bytes: [UInt8] = []
    try LZ4.decompress(payload.span, count: uncompressedCount, into: &bytes, at: 0)
    return bytes
  }
}
