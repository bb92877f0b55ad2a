/// In which order a client begins streams and ends its half of them (RFC 9113 §5.1), of which nghttp2 forgets what is over and
/// passes over what comes for it.
///
/// Frames for a stream that the client itself has ended are an error. Those for one that was ended here before are on their
/// way, and nobody's fault. What is remembered is bounded: the streams whose input has not ended, and the last of those that
/// were ended here.
struct StreamOrder {
  /// Ranges of streams that were passed over, and of which it is remembered: 16. Clients pass none over.
  private static let rememberedGaps = 16
  /// Streams that were ended here before their input had ended, and of which it is remembered: 256, more than a client may
  /// have open at once, so more than it can still be sending for.
  private static let rememberedEnds = 256

  /// The latest stream that began, and those that were passed over before.
  private var latest: Int32 = -1
  private var passedOver: [ClosedRange<Int32>] = []
  /// Streams that the client has begun, and neither ended nor reset.
  private var unended: Set<Int32> = []
  private var endedHere: [Int32] = []
  private var nextEnd = 0
  /// Whether streams that begin are passed over, because the connection ends.
  private var passesOver = false
  private var wrong: HTTP2Session.Code?

  /// Why the connection is to end; told once.
  mutating func takeWrong() -> HTTP2Session.Code? {
    defer { wrong = nil }
    return wrong
  }

  /// The head of a frame has come.
  mutating func note(_ frame: FrameScan.Head) {
    guard !passesOver, wrong == nil else { return }
    let endsStream = frame.flags & 1 != 0
    switch frame.type {
    case 0: noteContent(on: frame.stream, endsStream: endsStream)
    case 1: noteHeaders(on: frame.stream, endsStream: endsStream)
    case 2: if frame.stream == 0 { wrong = .protocolError }
    case 3: if !unended.isEmpty { unended.remove(frame.stream) }
    default: break
    }
  }

  private mutating func noteHeaders(on stream: Int32, endsStream: Bool) {
    // What is no stream of a client's, and what never began, is the library's business.
    guard stream > 0, stream % 2 == 1 else { return }
    guard stream > latest else {
      // Streams begin in their order (RFC 9113 §5.1.1). One that was passed over is closed.
      if passedOver.contains(where: { $0.contains(stream) }) { wrong = .protocolError }
      return noteContent(on: stream, endsStream: endsStream)
    }
    if stream > latest + 2 { passedOver.append(latest + 1...stream - 2) }
    if passedOver.count > Self.rememberedGaps { passedOver.removeFirst() }
    latest = stream
    if !endsStream { unended.insert(stream) }
  }

  /// DATA, or trailers.
  private mutating func noteContent(on stream: Int32, endsStream: Bool) {
    guard wrong == nil, stream > 0, stream % 2 == 1, stream <= latest else { return }
    guard unended.contains(stream) else {
      if !endedHere.contains(stream) { wrong = .streamClosed }
      return
    }
    if endsStream { unended.remove(stream) }
  }

  /// A stream is over.
  mutating func closed(_ stream: Int32) {
    guard !unended.isEmpty, unended.remove(stream) != nil else { return }
    if endedHere.count < Self.rememberedEnds {
      endedHere.append(stream)
    } else {
      endedHere[nextEnd] = stream
      nextEnd = (nextEnd + 1) % Self.rememberedEnds
    }
  }

  /// No stream may begin any more.
  mutating func endsBeginnings() { passesOver = true }
}
