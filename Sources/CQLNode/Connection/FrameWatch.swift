/// The time that a message takes to arrive, in milliseconds. It stands still while the node does not read.
struct FrameWatch {
  /// When the message has taken too long; `max` while there is none, or while nothing is read.
  private(set) var at = UInt64.max
  /// What is left of the time of a message while nothing is read.
  private var left: UInt64?
  private var isStopped = false

  /// A message has begun, or another one behind it, that may take so long.
  mutating func begin(limit: UInt64, now: UInt64) {
    if isStopped { left = limit } else { at = now + limit }
  }

  /// No message has begun.
  mutating func end() {
    at = .max
    left = nil
  }

  /// Nothing is read any more.
  mutating func stop(now: UInt64) {
    guard !isStopped else { return }
    isStopped = true
    guard at != .max else { return }
    left = at > now ? at - now : 0
    at = .max
  }

  /// It is read again.
  mutating func goOn(now: UInt64) {
    guard isStopped else { return }
    isStopped = false
    if let left { at = now + left }
    left = nil
  }
}
