/// Whether the server at the other end of a connection is still there: it is asked (OPTIONS) after a silence, and when it
/// does not say anything then, the connection is replaced.
///
/// A value without I/O; times are milliseconds of one clock. Any byte that has come counts as a sign of life, and nothing
/// that was sent does.
struct ConnectionPulse {
  /// What to do now.
  enum Action: Equatable {
    /// Nothing, until then at the latest.
    case wait(until: UInt64)
    /// Ask.
    case ask
    /// Nothing was heard in time: close the connection.
    case replace
  }

  /// Silence after which an idle connection is asked.
  private let interval: UInt64
  /// Silence after which one that owes answers is asked.
  private let patience: UInt64
  /// How long it has then to say something.
  private let timeout: UInt64
  private var asked: UInt64?

  init(interval: UInt64, patience: UInt64, timeout: UInt64) {
    self.interval = interval
    self.patience = min(patience, interval)
    self.timeout = timeout
  }

  /// - Parameters:
  ///   - heard: When something was heard last.
  ///   - owesSince: Since when the server owes an answer and has said nothing; nil when it owes none.
  mutating func next(now: UInt64, heard: UInt64, owesSince: UInt64?) -> Action {
    if let asked {
      if heard < asked {
        return now >= asked + timeout ? .replace : .wait(until: asked + timeout)
      }
      self.asked = nil
    }
    let due = min(heard + interval, owesSince.map { $0 + patience } ?? .max)
    guard now >= due else {
      // An answer may be owed from the next moment on.
      return .wait(until: min(due, now + patience))
    }
    asked = now
    return .ask
  }
}
