internal import CassandraBytes

/// The nine bytes before every message: native protocol v5, section 2.4 (v4: section 2, "frame header").
public struct EnvelopeHeader: Sendable, Equatable {
  /// Bytes of a header.
  public static let byteCount = 9

  /// The protocol version that the sender speaks, without the bit of the direction.
  public var version: UInt8
  /// Whether it answers a request (or is an event), and does not ask.
  public var isResponse: Bool
  /// What comes before the message in the body.
  public var flags: EnvelopeFlags
  /// The stream id: requests have one from 0 to 32,767, events have -1.
  public var stream: Int16
  /// The kind of message; any byte, also one that no message has.
  public var opcode: UInt8
  /// Bytes of the body.
  public var bodyCount: Int

  /// Makes a header.
  public init(
    version: ProtocolVersion, isResponse: Bool, flags: EnvelopeFlags = [], stream: Int16, opcode: Opcode,
    bodyCount: Int = 0
  ) {
    self.version = version.rawValue
    self.isResponse = isResponse
    self.flags = flags
    self.stream = stream
    self.opcode = opcode.rawValue
    self.bodyCount = bodyCount
  }

  /// Reads the nine bytes at `offset`; traps when they are not there.
  ///
  /// - Throws: ``WireError`` when the length is negative or above `limit`.
  @inline(__always)
  init(_ bytes: Span<UInt8>, at offset: Int, limit: Int) throws(WireError) {
    version = bytes[offset] & 0x7f
    isResponse = bytes[offset] & 0x80 != 0
    flags = EnvelopeFlags(rawValue: bytes[offset + 1])
    stream = Int16(bitPattern: bytes.uint16(at: offset + 2))
    opcode = bytes[offset + 4]
    bodyCount = Int(bytes.int32(at: offset + 5))
    guard bodyCount >= 0 else {
      throw WireError(.invalidLength, at: offset + 5, "The length of an envelope is negative: \(bodyCount).")
    }
    guard bodyCount <= limit else {
      throw WireError(.tooLong, at: offset + 5, "An envelope of \(bodyCount) bytes is over the limit of \(limit).")
    }
  }

  /// Appends the nine bytes to `buffer`.
  @usableFromInline @inline(__always)
  func encode(into buffer: inout [UInt8]) {
    buffer.append(addingCapacity: Self.byteCount) { output in
      output.append(isResponse ? version | 0x80 : version)
      output.append(flags.rawValue)
      output.append(UInt8(truncatingIfNeeded: stream >> 8))
      output.append(UInt8(truncatingIfNeeded: stream))
      output.append(opcode)
      output.append(UInt8(truncatingIfNeeded: bodyCount >> 24))
      output.append(UInt8(truncatingIfNeeded: bodyCount >> 16))
      output.append(UInt8(truncatingIfNeeded: bodyCount >> 8))
      output.append(UInt8(truncatingIfNeeded: bodyCount))
    }
  }
}

/// How envelopes are laid out in the stream of bytes.
public enum Framing: Sendable, Equatable {
  /// One after the other: v4 and before, and v5 until the handshake's first answer. With compression, bodies may be
  /// LZ4 behind their length.
  case envelopes(compressed: Bool)
  /// In checked segments of at most 128 KiB: v5, sections 2.1 and 2.2.
  case segments(compressed: Bool)
}
