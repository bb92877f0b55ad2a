/// Counts the streams that a client gives up, or that are reset because of what it sent; each once.
///
/// nghttp2 tells of most wrong frames when they arrive, and of others only by the RST_STREAM that it sends. The former count at
/// once, since much may arrive at once, and their frames do not count again.
struct ResetCount {
  private var count = 0
  /// Counted ones whose RST_STREAM has not left.
  private var expected = 0

  /// The client has reset a stream.
  mutating func frameArrived() { count += 1 }

  /// A stream is going to be reset.
  mutating func expectFrame() {
    count += 1
    expected += 1
  }

  /// A stream was reset.
  mutating func frameLeft() { if expected > 0 { expected -= 1 } else { count += 1 } }

  /// How many there were since it was last asked.
  mutating func take() -> Int {
    defer { count = 0 }
    return count
  }
}
