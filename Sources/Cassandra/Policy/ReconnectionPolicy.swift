/// How long to wait before a node is tried again: a pure function from the number of failures to a time.
public struct ReconnectionPolicy: Sendable {
  /// The wait after the first failure. Default 250 ms.
  public var first: Duration
  /// The longest wait. Default 30 s.
  public var longest: Duration
  /// A wait of one's own after that many failures in a row, from 1, instead of the doubling; some of it is taken away by
  /// chance. Nil, the default, for the doubling.
  public var wait: (@Sendable (_ failures: Int) -> Duration)?

  /// Doubles the wait with every failure, from `first` to `longest`.
  public init(first: Duration = .milliseconds(250), longest: Duration = .seconds(30)) {
    self.first = first
    self.longest = longest
  }

  /// The wait after `failures` failures in a row, from 1.
  ///
  /// - Parameter chance: A number from 0 to 1. The wait is between three quarters and all of what the number of failures
  ///   says, so that many clients do not come back at the same moment.
  func delay(failures: Int, chance: Double) -> Duration {
    if let wait { return max(.zero, wait(failures)) * (0.75 + 0.25 * chance) }
    let doubled = first * (1 << min(max(failures - 1, 0), 20))
    let full = min(doubled, longest)
    return full * (0.75 + 0.25 * chance)
  }
}
