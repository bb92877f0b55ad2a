extension EventLoop {
  /// Calls `handler` on this loop's thread once `duration` has passed, rounded up to a millisecond; to be called on the
  /// loop.
  ///
  /// All deadlines of a loop share one timer. Setting and cancelling one costs some nanoseconds, however many there
  /// are, and no system call.
  public func setDeadline(after duration: Duration, handler: any DeadlineHandler, token: UInt64) -> DeadlineKey {
    let core = core
    return core.setDeadline(due: core.now + duration.wholeMilliseconds, handler: handler, token: token)
  }

  /// Calls `handler` on this loop's thread once ``now`` has reached `due`; to be called on the loop.
  public func setDeadline(at due: UInt64, handler: any DeadlineHandler, token: UInt64) -> DeadlineKey {
    core.setDeadline(due: due, handler: handler, token: token)
  }

  /// Cancels a deadline; nothing happens when it has passed or was cancelled before. To be called on the loop.
  public func cancelDeadline(_ key: DeadlineKey) { core.cancelDeadline(key) }

  /// Milliseconds of the monotonic clock, as of the beginning of this turn; to be called on the loop.
  public var now: UInt64 { core.now }

  /// Waits for `duration`, rounded up to a millisecond; to be called on the loop.
  ///
  /// - Throws: `CancellationError` when the task is cancelled.
  public func sleep(for duration: Duration) async throws(CancellationError) {
    let sleeper = Sleeper()
    let key = setDeadline(after: duration, handler: sleeper, token: 0)
    await sleeper.wait.wait(on: self)
    if Task.isCancelled {
      cancelDeadline(key)
      throw CancellationError()
    }
  }
}

private final class Sleeper: DeadlineHandler {
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
