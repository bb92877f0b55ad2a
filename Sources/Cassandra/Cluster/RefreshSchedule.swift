/// When the system tables are read again after events: once the events have been quiet for a while, and at the latest
/// some time after the first.
///
/// A value without I/O; times are milliseconds of one clock.
struct RefreshSchedule {
  /// How many times the quiet time events may put the reading off: 5.
  static let patience: UInt64 = 5

  private let quiet: UInt64
  private var first: UInt64?
  private var last: UInt64 = 0

  /// - Parameter quiet: For how long there has to be no event.
  init(quiet: UInt64) { self.quiet = quiet }

  /// Something has happened that the tables tell more of.
  mutating func note(now: UInt64) {
    first = first ?? now
    last = now
  }

  /// When the tables are to be read; nil for not at all.
  var due: UInt64? { first.map { min(last + quiet, $0 + quiet * Self.patience) } }

  /// Whether they are to be read now; they count as read then.
  mutating func take(now: UInt64) -> Bool {
    guard let due, now >= due else { return false }
    first = nil
    return true
  }
}
