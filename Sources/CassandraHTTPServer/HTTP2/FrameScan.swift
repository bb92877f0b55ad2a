/// Reads the frames' heads in what a client sends, and nothing else: nghttp2 passes over frames that it does not know
/// without a word, and those cost something, too.
struct FrameScan {
  /// Bytes of a frame's head (RFC 9113 §4.1).
  private static let headBytes = 9

  /// Bytes of the preface or of a payload that are still to come.
  private var skip: Int
  private var head: InlineArray<9, UInt8> = .init(repeating: 0)
  private var headCount = 0

  /// What the head of a frame says.
  struct Head: Hashable {
    var type: UInt8
    var flags: UInt8
    var stream: Int32
  }

  /// Begins at the preface.
  init() { skip = HTTP2Connection.preface.count }

  /// Counts the frames that begin in `bytes` and bring nothing forward: all but HEADERS, CONTINUATION, RST_STREAM and
  /// WINDOW_UPDATE, which are bounded by other counts or by what they are about, and DATA that is not empty.
  ///
  /// - Parameter each: Is told of every frame that begins.
  mutating func countIdle(in bytes: Span<UInt8>, _ each: (Head) -> Void = { _ in }) -> Int {
    var count = 0
    var offset = 0
    while offset < bytes.count {
      if skip > 0 {
        let skipped = min(skip, bytes.count - offset)
        skip -= skipped
        offset += skipped
        continue
      }
      head[headCount] = bytes[offset]
      headCount += 1
      offset += 1
      guard headCount == Self.headBytes else { continue }
      headCount = 0
      skip = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
      if isIdle { count += 1 }
      let stream = UInt32(head[5] & 0x7f) << 24 | UInt32(head[6]) << 16 | UInt32(head[7]) << 8 | UInt32(head[8])
      each(Head(type: head[3], flags: head[4], stream: Int32(stream)))
    }
    return count
  }

  /// Whether the frame whose head is there brings nothing forward.
  private var isIdle: Bool {
    let endsStream = head[4] & 1 != 0
    return switch head[3] {
    case 0: skip == 0 && !endsStream
    case 1, 3, 8, 9: false
    default: true
    }
  }
}
