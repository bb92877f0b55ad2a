internal import CassandraBytes

/// Finds the envelopes in a stream of bytes, however it was cut into pieces.
///
/// Feed what has arrived to ``next(in:at:)`` until it returns nil; the decoder keeps what is incomplete. A body that
/// lies whole in the input is given as a range of it and costs no copy; one that arrived in pieces is given as bytes of
/// its own. A buffer grows with what has arrived, at most doubling, and never by the length that a header claims.
public struct EnvelopeDecoder: Sendable {
  /// Bytes of the largest body that is accepted by default: 256 MiB, the limit of the protocol.
  public static let defaultMaximumBodyBytes = 256 << 20

  /// Where the body of an envelope is.
  public enum Body: Sendable, Equatable {
    /// In the input, at these offsets.
    case inInput(Range<Int>)
    /// In bytes of its own.
    case owned([UInt8])
    /// Nowhere: it was larger than is accepted, and has been passed over.
    case dropped
  }

  /// How the envelopes are laid out; to be changed between two envelopes only, after the answer to STARTUP.
  public var framing: Framing
  /// Bytes of the largest body that is accepted, from the next envelope on.
  public var maximumBodyBytes: Int
  /// Whether a larger one is passed over, from the next envelope on; else it is an error.
  public var dropsLargeBodies: Bool { didSet { partial.drops = dropsLargeBodies } }
  private var partial = PartialEnvelope()
  private var segment = SegmentState.idle

  private enum SegmentState {
    /// At the beginning of a segment, with the bytes of its header that came before the rest.
    case idle
    /// A header that arrived in pieces.
    case header([UInt8])
    /// A self-contained or compressed segment that arrived in pieces: its payload and checksum so far.
    case collecting(SegmentHeader, [UInt8])
    /// A part of a large envelope passes through: payload bytes to come, and the checksum so far.
    case passing(SegmentHeader, remaining: Int, crc: UInt32)
    /// The checksum of such a part, so far.
    case trailer(SegmentHeader, crc: UInt32, [UInt8])
    /// The payload lies in the input up to `end`, its checksum was right.
    case inInput(end: Int)
    /// The payload has bytes of its own.
    case owned([UInt8], position: Int)
  }

  /// Begins with plain envelopes, as every connection does.
  ///
  /// - Parameters:
  ///   - framing: How envelopes are packed.
  ///   - maximumBodyBytes: Bytes of the largest body that is taken.
  ///   - dropsLargeBodies: Whether a body over the limit is passed over, so that the envelopes behind it can be read;
  ///     otherwise it is an error, and so is one over the protocol's limit in any case.
  public init(
    framing: Framing = .envelopes(compressed: false), maximumBodyBytes: Int = Self.defaultMaximumBodyBytes,
    dropsLargeBodies: Bool = false
  ) {
    self.framing = framing
    self.maximumBodyBytes = maximumBodyBytes
    self.dropsLargeBodies = dropsLargeBodies
    partial.drops = dropsLargeBodies
  }

  /// Bytes that are kept, or will be, of an envelope that has not arrived whole: all that its header announces.
  public var pendingBytes: Int { partial.pendingBytes }

  /// The next envelope, or nil when the input is used up; `offset` moves behind what was used.
  ///
  /// - Throws: ``WireError``: a length over the limit, a wrong checksum, bad compression. The stream cannot be read any
  ///   further then, and the connection has to be closed.
  public mutating func next(
    in input: Span<UInt8>, at offset: inout Int
  ) throws(WireError) -> (header: EnvelopeHeader, body: Body)? {
    switch framing {
    case .envelopes(let compressed):
      guard let envelope = try partial.take(input, &offset, end: input.count, limit: maximumBodyBytes) else {
        return nil
      }
      if compressed && envelope.header.flags.contains(.compressed) { return try decompressed(envelope, input) }
      return envelope
    case .segments(let compressed): return try nextInSegments(input, &offset, compressed: compressed)
    }
  }

  /// A body of v4 is LZ4 behind the length of what it holds.
  private func decompressed(
    _ envelope: (header: EnvelopeHeader, body: Body), _ input: Span<UInt8>
  ) throws(WireError) -> (header: EnvelopeHeader, body: Body) {
    switch envelope.body {
    case .inInput(let range): try decompressed(envelope.header, input.extracting(range))
    case .owned(let bytes): try decompressed(envelope.header, bytes.span)
    case .dropped: envelope
    }
  }

  private func decompressed(
    _ header: EnvelopeHeader, _ body: Span<UInt8>
  ) throws(WireError) -> (header: EnvelopeHeader, body: Body) {
    guard body.count >= 4 else { throw WireError(.compression, at: 0, "A compressed body has no length before it.") }
    let count = Int(body.int32(at: 0))
    if count > maximumBodyBytes && dropsLargeBodies {
      var header = header
      header.bodyCount = count
      return (header, .dropped)
    }
    guard count >= 0, count <= maximumBodyBytes else {
      throw WireError(.tooLong, at: 0, "A compressed body of \(count) bytes is over the limit of \(maximumBodyBytes).")
    }
    var bytes: [UInt8] = []
    if count > 0 { try LZ4.decompress(body.extracting(4..<body.count), count: count, into: &bytes, at: 4) }
    var header = header
    header.bodyCount = count
    return (header, .owned(bytes))
  }
}

// MARK: - Segments

extension EnvelopeDecoder {
  private mutating func nextInSegments(
    _ input: Span<UInt8>, _ offset: inout Int, compressed: Bool
  ) throws(WireError) -> (header: EnvelopeHeader, body: Body)? {
    while true {
      switch segment {
      case .idle:
        let size = SegmentHeader.byteCount(compressed: compressed)
        guard input.count - offset >= size else {
          guard offset < input.count else { return nil }
          segment = .header(Array(copying: input.extracting(offset..<input.count)))
          offset = input.count
          return nil
        }
        let header = try SegmentHeader(input, at: offset, compressed: compressed)
        offset += size
        try begin(header, input, offset)
      case .header(var bytes):
        let size = SegmentHeader.byteCount(compressed: compressed)
        let count = min(size - bytes.count, input.count - offset)
        bytes.append(copying: input.extracting(offset..<offset + count))
        offset += count
        guard bytes.count == size else {
          segment = .header(bytes)
          return nil
        }
        try begin(SegmentHeader(bytes.span, at: 0, compressed: compressed), input, offset)
      case .inInput(let end):
        if offset == end {
          offset += SegmentHeader.trailerByteCount
          segment = .idle
          continue
        }
        guard let envelope = try partial.take(input, &offset, end: end, limit: maximumBodyBytes), partial.isEmpty else {
          throw WireError(.segment, at: offset, "A self-contained segment ends within an envelope.")
        }
        return envelope
      case .collecting(let header, var bytes):
        // Freed from the state, so that appending does not copy the array.
        segment = .idle
        let count = min(header.payloadCount + SegmentHeader.trailerByteCount - bytes.count, input.count - offset)
        bytes.append(copying: input.extracting(offset..<offset + count))
        offset += count
        guard bytes.count == header.payloadCount + SegmentHeader.trailerByteCount else {
          segment = .collecting(header, bytes)
          return nil
        }
        try header.check(bytes.span, payloadAt: 0)
        bytes.removeLast(SegmentHeader.trailerByteCount)
        segment = .owned(try header.decompressed(bytes), position: 0)
        if !header.isSelfContained, let envelope = try passOwnedPart() { return envelope }
      case .owned(let bytes, var position):
        guard position < bytes.count else {
          segment = .idle
          continue
        }
        guard let envelope = try partial.take(bytes.span, &position, end: bytes.count, limit: maximumBodyBytes),
          partial.isEmpty
        else { throw WireError(.segment, at: position, "A self-contained segment ends within an envelope.") }
        segment = .owned(bytes, position: position)
        // A part of the bytes of the segment, which go away.
        guard case .inInput(let range) = envelope.body else { return envelope }
        return (envelope.header, .owned(Array(copying: bytes.span.extracting(range))))
      case .passing(let header, let remaining, let crc):
        let count = min(remaining, input.count - offset)
        let part = input.extracting(offset..<offset + count)
        let newCRC = Checksum.crc32(crc, part)
        try partial.collect(part, limit: maximumBodyBytes)
        offset += count
        guard remaining == count else {
          segment = .passing(header, remaining: remaining - count, crc: newCRC)
          return nil
        }
        segment = .trailer(header, crc: newCRC, [])
      case .trailer(let header, let crc, var bytes):
        let count = min(SegmentHeader.trailerByteCount - bytes.count, input.count - offset)
        bytes.append(copying: input.extracting(offset..<offset + count))
        offset += count
        guard bytes.count == SegmentHeader.trailerByteCount else {
          segment = .trailer(header, crc: crc, bytes)
          return nil
        }
        try header.compare(crc, with: bytes.span, at: 0)
        segment = .idle
        if let envelope = partial.takeCollected() { return envelope }
      }
    }
  }

  /// After a segment's header: `offset` is the first byte of its payload.
  private mutating func begin(_ header: SegmentHeader, _ input: Span<UInt8>, _ offset: Int) throws(WireError) {
    let isWhole = input.count - offset >= header.payloadCount + SegmentHeader.trailerByteCount
    if !header.isSelfContained && !header.isCompressed {
      segment = .passing(header, remaining: header.payloadCount, crc: Checksum.crc32Start)
    } else if isWhole && !header.isCompressed {
      try header.check(input, payloadAt: offset)
      segment = .inInput(end: offset + header.payloadCount)
    } else {
      segment = .collecting(header, [])
    }
  }

  /// A decompressed part of a large envelope.
  private mutating func passOwnedPart() throws(WireError) -> (header: EnvelopeHeader, body: Body)? {
    guard case .owned(let bytes, _) = segment else { return nil }
    segment = .idle
    try partial.collect(bytes.span, limit: maximumBodyBytes)
    return partial.takeCollected()
  }
}

/// An envelope of which a part has arrived.
private struct PartialEnvelope: Sendable {
  private var headerBytes: [UInt8] = []
  private var header: EnvelopeHeader?
  private var body: [UInt8] = []
  /// Whether a body over the limit is passed over.
  var drops = false
  /// Whether the body at hand is passed over, which its header has decided.
  private var isTooLarge = false
  /// Bytes of such a body that have been passed over.
  private var dropped = 0

  /// Bytes that the body at hand takes, or will take.
  var pendingBytes: Int { isTooLarge ? 0 : header?.bodyCount ?? 0 }

  var isEmpty: Bool { header == nil && headerBytes.isEmpty }

  /// What a header may claim: nobody waits for the end of more than the protocol allows.
  private func headerLimit(_ limit: Int) -> Int { drops ? max(limit, EnvelopeDecoder.defaultMaximumBodyBytes) : limit }

  /// The envelope at `offset` or the one begun before; nil when it does not end before `end`, which is where the
  /// sender's piece ends.
  @inline(__always)
  mutating func take(
    _ input: Span<UInt8>, _ offset: inout Int, end: Int, limit: Int
  ) throws(WireError) -> (header: EnvelopeHeader, body: EnvelopeDecoder.Body)? {
    if isEmpty && end - offset >= EnvelopeHeader.byteCount {
      let header = try EnvelopeHeader(input, at: offset, limit: headerLimit(limit))
      let start = offset + EnvelopeHeader.byteCount
      if header.bodyCount <= end - start && header.bodyCount <= limit {
        offset = start + header.bodyCount
        return (header, .inInput(start..<offset))
      }
    }
    let wanted = try missing(limit: limit, next: input, offset, end)
    let count = min(wanted, end - offset)
    try collect(input.extracting(offset..<offset + count), limit: limit)
    offset += count
    return takeCollected()
  }

  /// How many bytes from `offset` on belong to this envelope.
  private func missing(limit: Int, next input: Span<UInt8>, _ offset: Int, _ end: Int) throws(WireError) -> Int {
    if let header { return header.bodyCount - body.count - dropped }
    let missingHeader = EnvelopeHeader.byteCount - headerBytes.count
    guard end - offset >= missingHeader else { return missingHeader }
    var bytes = headerBytes
    bytes.append(copying: input.extracting(offset..<offset + missingHeader))
    return missingHeader + (try EnvelopeHeader(bytes.span, at: 0, limit: headerLimit(limit))).bodyCount
  }

  /// Takes bytes that belong to this envelope.
  mutating func collect(_ bytes: Span<UInt8>, limit: Int) throws(WireError) {
    var position = 0
    if header == nil {
      position = min(EnvelopeHeader.byteCount - headerBytes.count, bytes.count)
      headerBytes.append(copying: bytes.extracting(0..<position))
      guard headerBytes.count == EnvelopeHeader.byteCount else { return }
      let announced = try EnvelopeHeader(headerBytes.span, at: 0, limit: headerLimit(limit))
      header = announced
      isTooLarge = announced.bodyCount > limit
      headerBytes.removeAll(keepingCapacity: true)
    }
    guard let header else { return }
    let count = bytes.count - position
    guard body.count + dropped + count <= header.bodyCount else {
      throw WireError(.segment, at: position, "A segment goes on after the end of the envelope that it is a part of.")
    }
    guard !isTooLarge else {
      dropped += count
      return
    }
    if body.capacity < body.count + count {
      // The room that the header asks for, but no more than twice what has arrived.
      body.reserveCapacity(min(header.bodyCount, max(2 * (body.count + count), 1 << 14)))
    }
    body.append(copying: bytes.extracting(position..<bytes.count))
  }

  mutating func takeCollected() -> (header: EnvelopeHeader, body: EnvelopeDecoder.Body)? {
    guard let header, body.count + dropped == header.bodyCount else { return nil }
    if isTooLarge {
      isTooLarge = false
      dropped = 0
      self.header = nil
      return (header, .dropped)
    }
    var taken: [UInt8] = []
    swap(&taken, &body)
    self.header = nil
    return (header, .owned(taken))
  }
}
