internal import CassandraBytes
internal import CassandraWire

/// The frames of one connection in both directions, without a socket: what has arrived becomes frames, and frames become
/// bytes, in the framing that the handshake on this connection has settled on.
///
/// A proxy has two connections, to the driver and to the node, and they may be at different points of their handshakes;
/// so each follows its own.
struct FrameCodec {
  private var decoder = EnvelopeDecoder()
  private var encoder = EnvelopeEncoder()
  /// What the framing becomes when the STARTUP that was seen last is accepted.
  private var promised: Framing?

  /// The next frame in `input`, or nil when it is used up.
  ///
  /// - Throws: `WireError`; the stream cannot be read any further then.
  mutating func next(in input: Span<UInt8>, at offset: inout Int) throws(WireError) -> Frame? {
    guard let (header, body) = try decoder.next(in: input, at: &offset) else { return nil }
    var frame: Frame
    switch body {
    case .inInput(let range): frame = Frame(header, body: Array(copying: input.extracting(range)))
    case .owned(let bytes): frame = Frame(header, body: bytes)
    case .dropped: preconditionFailure("this decoder refuses what is too large")
    }
    // An opened body is compressed anew where it goes next, if its length is worth it.
    if opensBodies { frame.header.flags.remove(.compressed) }
    follow(frame)
    return frame
  }

  /// Appends a frame to the output; in v5 it leaves with the segment that ``seal(_:)`` ends.
  mutating func append(_ frame: Frame, to output: inout [UInt8]) {
    encoder.append(frame.header, to: &output) { $0 += frame.body }
    if isAnswerToStartup(frame) { encoder.seal(&output) }
    follow(frame)
  }

  /// Ends the segment that is being filled.
  mutating func seal(_ output: inout [UInt8]) { encoder.seal(&output) }

  /// The bytes of a frame by itself.
  mutating func bytes(of frame: Frame) -> [UInt8] {
    var bytes: [UInt8] = []
    append(frame, to: &bytes)
    seal(&bytes)
    return bytes
  }

  private var opensBodies: Bool {
    switch decoder.framing {
    case .envelopes(let compressed): compressed
    case .segments: true
    }
  }

  private func isAnswerToStartup(_ frame: Frame) -> Bool {
    promised != nil && (frame.opcode == .ready || frame.opcode == .authenticate)
  }

  private mutating func follow(_ frame: Frame) {
    if frame.opcode == .startup, case .startup(let options) = frame.request {
      let compresses = options["COMPRESSION"]?.lowercased() == "lz4"
      promised =
        frame.header.version >= ProtocolVersion.v5.rawValue
        ? .segments(compressed: compresses) : .envelopes(compressed: compresses)
    } else if isAnswerToStartup(frame), let framing = promised {
      promised = nil
      decoder.framing = framing
      encoder.framing = framing
    }
  }
}
