/// Counts what may happen so many times in an interval, in one number; time is an argument, in milliseconds.
struct EventRate {
  private let limit: Int
  private let interval: UInt64
  private var count = 0
  private var began: UInt64

  init(limit: Int, interval: UInt64, now: UInt64) {
    self.limit = limit
    self.interval = interval
    began = now
  }

  /// It has happened so many times more.
  ///
  /// - Returns: Whether that is too often.
  mutating func add(_ more: Int, now: UInt64) -> Bool {
    guard more > 0 else { return false }
    if now >= began + interval {
      began = now
      count = 0
    }
    count += more
    return count > limit
  }
}
