/// In which order a client begins streams and ends its half of them (RFC 9113 §5.1), of which nghttp2 forgets what is over.
///
/// Frames for a stream that the client itself has ended are an error. Those for one that was ended here before are on their
/// way, and nobody's fault. Both are bounded: what is remembered are the streams whose input has not ended, and the last of
/// those that were ended here.
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

  /// HEADERS come for a stream.
  ///
  /// - Parameter isOpen: Whether the library has such a stream.
  /// - Returns: Why the connection ends now; nil when it goes on.
  mutating func headers(on stream: Int32, endsStream: Bool, isOpen: (Int32) -> Bool) -> HTTP2Session.Code? {
    guard stream > 0, stream % 2 == 1 else { return nil }
    // Streams begin in their order (RFC 9113 §5.1.1). One that was passed over is closed.
    if stream > latest {
      if stream > latest + 2 { passedOver.append(latest + 1...stream - 2) }
      if passedOver.count > Self.rememberedGaps { passedOver.removeFirst() }
      latest = stream
      if !endsStream && !passesOver { unended.insert(stream) }
      return nil
    }
    if passedOver.contains(where: { $0.contains(stream) }) { return .protocolError }
    return data(on: stream, isOpen: isOpen)
  }

  /// DATA come for a stream.
  func data(on stream: Int32, isOpen: (Int32) -> Bool) -> HTTP2Session.Code? {
    // What never began is the library's business.
    guard stream > 0, stream % 2 == 1, stream <= latest, !passesOver else { return nil }
    return isOpen(stream) || unended.contains(stream) || endedHere.contains(stream) ? nil : .streamClosed
  }

  /// The client has ended its half of a stream, or reset it.
  mutating func inputEnded(of stream: Int32) { if !unended.isEmpty { unended.remove(stream) } }

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
