internal import CassandraReactor

/// The answer to a request that nobody waits for yet, such as the next page.
final class PendingAnswer {
  private var outcome: Outcome?
  private var waiter: UnsafeContinuation<Outcome, Never>?
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
    if let waiter = waiter.take() {
      waiter.resume(returning: outcome)
    } else {
      self.outcome = outcome
    }
    let callback = whenFulfilled.take()
    callback?(outcome)
  }

  /// Waits for the answer, once.
  func value(on loop: EventLoop, coordinator: EndPoint) async -> Outcome {
    if let outcome = outcome.take() { return outcome }
    let bound = LoopBound(self, on: loop)
    return await withTaskCancellationHandler {
      await withUnsafeContinuation { waiter in
        if Task.isCancelled {
          waiter.resume(returning: .failure(.cancelled(coordinator: coordinator)))
        } else {
          self.waiter = waiter
        }
      }
    } onCancel: {
      loop.post {
        bound.withValue { pending in
          let waiter = pending.waiter.take()
          waiter?.resume(returning: .failure(.cancelled(coordinator: coordinator)))
        }
      }
    }
  }
}
