public import CassandraBytes

/// Writes envelopes into the output of a connection, in the connection's framing.
///
/// In v5 all envelopes between two calls of ``seal(_:)`` share a segment: a connection seals when its turn ends, so that
/// everything the turn has to say leaves as one segment in one write.
public struct EnvelopeEncoder: Sendable {
  /// Bodies from this size on are compressed where v4 has compression: 512 bytes.
  public static let compressionThreshold = 512

  /// How the envelopes are laid out; to be changed only when nothing is unsealed.
  public var framing: Framing
  /// Where the header of the segment stands that is being filled.
  private var segmentStart: Int?

  /// Begins with plain envelopes, as every connection does.
  public init(framing: Framing = .envelopes(compressed: false)) { self.framing = framing }

  /// Appends an envelope whose body is what `body` appends.
  ///
  /// - Throws: What `body` throws; the output is then as it was before.
  @inlinable
  public mutating func append<Failure: Error>(
    _ header: EnvelopeHeader, to output: inout [UInt8], body: (inout [UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    let mark = begin(&output)
    let start = output.count
    header.encode(into: &output)
    do throws(Failure) { try body(&output) } catch {
      output.removeLast(output.count - mark)
      abandon(mark)
      throw error
    }
    output.store(bigEndian: Int32(truncatingIfNeeded: output.count - start - EnvelopeHeader.byteCount), at: start + 5)
    end(&output, envelopeAt: start)
  }

  /// Opens a segment when there is none; returns where the output ended before.
  @usableFromInline
  mutating func begin(_ output: inout [UInt8]) -> Int {
    let mark = output.count
    guard case .segments(let compressed) = framing, segmentStart == nil else { return mark }
    segmentStart = mark
    output.append(addingCapacity: 8) {
      $0.append(repeating: 0, count: SegmentHeader.byteCount(compressed: compressed))
    }
    return mark
  }

  @usableFromInline
  mutating func abandon(_ mark: Int) { if segmentStart == mark { segmentStart = nil } }

  @usableFromInline
  mutating func end(_ output: inout [UInt8], envelopeAt start: Int) {
    switch framing {
    case .envelopes(let compressed):
      if compressed && output.count - start >= EnvelopeHeader.byteCount + Self.compressionThreshold {
        compressBody(&output, envelopeAt: start)
      }
    case .segments(let compressed):
      guard let segmentStart else { return }
      let payloadStart = segmentStart + SegmentHeader.byteCount(compressed: compressed)
      guard output.count - payloadStart > SegmentHeader.maximumPayloadBytes else { return }
      // The new envelope does not fit: what was there before leaves as a segment, and the envelope begins another, or
      // is cut into several when it is too large for one.
      let envelope = Array(output[start...])
      output.removeLast(envelope.count)
      if start > payloadStart { seal(&output) } else { output.removeLast(output.count - segmentStart) }
      self.segmentStart = nil
      if envelope.count <= SegmentHeader.maximumPayloadBytes {
        _ = begin(&output)
        output += envelope
      } else {
        appendParts(of: envelope, to: &output, compressed: compressed)
      }
    }
  }

  /// Ends the segment that is being filled. Without segments nothing happens.
  public mutating func seal(_ output: inout [UInt8]) {
    guard case .segments(let compressed) = framing, let start = segmentStart else { return }
    segmentStart = nil
    finishSegment(&output, at: start, isSelfContained: true, compressed: compressed)
  }

  /// Writes header and checksum around the payload that stands behind the place for the header.
  private func finishSegment(_ output: inout [UInt8], at start: Int, isSelfContained: Bool, compressed: Bool) {
    let payloadStart = start + SegmentHeader.byteCount(compressed: compressed)
    var header = SegmentHeader(
      payloadCount: output.count - payloadStart, isSelfContained: isSelfContained, isCompressed: compressed)
    if compressed {
      let payload = Array(output[payloadStart...])
      output.removeLast(payload.count)
      if let count = LZ4.compress(payload.span, into: &output) {
        header.uncompressedCount = payload.count
        header.payloadCount = count
      } else {
        output += payload
      }
    }
    header.store(in: &output, at: start)
    let crc = Checksum.crc32(Checksum.crc32Start, output.span.extracting(payloadStart..<output.count))
    output.append(bigEndian: crc.byteSwapped)
  }

  private func appendParts(of envelope: [UInt8], to output: inout [UInt8], compressed: Bool) {
    var position = 0
    while position < envelope.count {
      let end = min(position + SegmentHeader.maximumPayloadBytes, envelope.count)
      let start = output.count
      output.append(addingCapacity: 8) {
        $0.append(repeating: 0, count: SegmentHeader.byteCount(compressed: compressed))
      }
      output.append(copying: envelope.span.extracting(position..<end))
      finishSegment(&output, at: start, isSelfContained: false, compressed: compressed)
      position = end
    }
  }

  private func compressBody(_ output: inout [UInt8], envelopeAt start: Int) {
    let bodyStart = start + EnvelopeHeader.byteCount
    let body = Array(output[bodyStart...])
    output.removeLast(body.count)
    output.append(bigEndian: Int32(truncatingIfNeeded: body.count))
    guard let count = LZ4.compress(body.span, into: &output), count + 4 < body.count else {
      output.removeLast(output.count - bodyStart)
      output += body
      return
    }
    output[start + 1] |= EnvelopeFlags.compressed.rawValue
    output.store(bigEndian: Int32(truncatingIfNeeded: count + 4), at: start + 5)
  }
}
