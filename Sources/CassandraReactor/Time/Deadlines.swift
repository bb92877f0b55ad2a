/// Waits for a deadline.
final class Sleeper: DeadlineHandler {
  let wait = LoopWait<Void>()

  func deadlinePassed(token: UInt64) { wait.end() }
}

extension Duration {
  /// Rounded up, from 0 to about 35 years.
  package var wholeMilliseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let fraction = (UInt64(attoseconds) + 999_999_999_999_999) / 1_000_000_000_000_000
    return UInt64(min(seconds, 1 << 30)) * 1000 + fraction
  }
}
