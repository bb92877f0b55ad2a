/// The answer to a request that nobody waits for yet, such as the next page.
final class PendingAnswer {
  private var outcome: Outcome?
  /// When the answer came, in microseconds of ``LoopMetrics/now``.
  private(set) var fulfilled: UInt64 = 0
  /// Called when the answer comes, for whoever does not wait.
  var whenFulfilled: ((Outcome) -> Void)?

  /// Whether nobody will look for it any more.
  private(set) var isAbandoned = false

  /// Nobody will look for it: its request is given up at the next sweep.
  func abandon() {
    isAbandoned = true
    whenFulfilled = nil
  }

  /// The answer, when it is there; once.
  func take() -> Outcome? { outcome.take() }

  func fulfil(_ outcome: Outcome) {
    self.outcome = outcome
    fulfilled = LoopMetrics.now
    let callback = whenFulfilled.take()
    callback?(outcome)
  }
}
