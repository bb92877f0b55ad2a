/// What bounds a connection of HTTP/2 besides the limits that hold for HTTP/1.1 too: those of heads, of times, of bodies
/// and of what waits for slow clients are ``ServerConfiguration``'s.
///
/// A client that goes beyond a bound that no honest one meets is told GOAWAY with ENHANCE_YOUR_CALM, logged, counted as
/// ``ServerMetrics/Refusal/flood``, and its connection ends.
public struct HTTP2Options: Sendable {
  /// The interval that ``maximumResets`` and ``maximumIdleFrames`` are counted over: 10 s.
  public static let interval: Duration = .seconds(10)

  /// How many times larger than the server says that it takes (SETTINGS_MAX_HEADER_LIST_SIZE) a head may be to be answered
  /// with 431: 4. Beyond, the connection ends.
  public static let toleratedHeads = 4

  /// Requests that one connection may have open at once: 100 (SETTINGS_MAX_CONCURRENT_STREAMS). Those whose handlers still
  /// run though their client has given them up count too. One more is refused with REFUSED_STREAM, which lets a client send
  /// it again.
  public var maximumStreams = 100
  /// Bytes of bodies that one connection may have sent and that no handler has read: 1 MiB. Of one request there are
  /// ``ServerConfiguration/maximumUnreadBytes``.
  public var maximumUnreadBytes = 1 << 20
  /// Streams of one connection that the client, or its faults, may have reset in ``interval``: 200.
  public var maximumResets = 200
  /// Frames in ``interval`` that bring nothing forward (PING, SETTINGS, PRIORITY, unknown ones, and DATA that is empty):
  /// 1,000.
  public var maximumIdleFrames = 1000
  /// Bytes of frames that one head may come in, however little they carry: 64 KiB.
  public var maximumHeadFrameBytes = 64 << 10
  /// Frames that may wait for a client that does not read: 1,000.
  public var maximumQueuedFrames = 1000
  /// Answers to PING and SETTINGS among them: 100.
  public var maximumQueuedAnswers = 100
  /// Entries of one SETTINGS frame: 32.
  public var maximumSettings = 32

  /// The defaults.
  public init() {}
}
