/// Tells a peer that reads slowly from one that does not read, by the bytes that it has acknowledged.
///
/// What a program hands to the kernel says nothing of the peer: with megabytes in the kernel's buffer a slow reader
/// takes nothing from the program for minutes. What its system has acknowledged does. A system acknowledges in steps, as
/// large as a segment or as half of its buffer, when the program there has read as much; so after a step of some bytes
/// the peer has, besides the limit, the time in which somebody who reads ``slowestBytesPerSecond`` would have read them.
///
/// Time is an argument, in milliseconds, so that tests move it by hand.
public struct ReadingWatch: Sendable {
  /// How long a step may take beyond the limit, at most: 2 minutes.
  public static let longestStep: UInt64 = 120_000

  /// How long a peer may take no byte, in milliseconds.
  public let limit: UInt64
  /// The pace of the slowest reader that is waited for, in bytes a second.
  public let slowestBytesPerSecond: Int

  private var acknowledged: UInt64 = 0
  /// When the peer last took something, or when something began to wait.
  public private(set) var since: UInt64 = 0
  private var step: UInt64 = 0
  /// Whether anything waits for the peer.
  public private(set) var isWaiting = false

  /// A watch over a peer that is owed nothing yet.
  public init(limit: Duration, slowestBytesPerSecond: Int) {
    self.limit = limit.wholeMilliseconds
    self.slowestBytesPerSecond = max(1, slowestBytesPerSecond)
  }

  /// Notes how many bytes the peer has acknowledged since the connection began, and how many wait for it.
  public mutating func note(acknowledged: UInt64, waiting: Int, now: UInt64) {
    let more = acknowledged > self.acknowledged ? acknowledged - self.acknowledged : 0
    self.acknowledged = max(acknowledged, self.acknowledged)
    let began = waiting > 0 && !isWaiting
    isWaiting = waiting > 0
    guard began || more > 0 else { return }
    since = now
    step = min(more.multipliedFullWidth(by: 1000).low / UInt64(slowestBytesPerSecond), Self.longestStep)
  }

  /// When the peer has taken nothing for too long; nil while nothing waits for it.
  public var due: UInt64? { isWaiting ? since + limit + step : nil }
}
