/// Where one task at a time waits on a loop, until somebody tells it what it waits for or it is cancelled.
///
/// It belongs to the loop that it is used on.
package final class LoopWait<Value: Sendable> {
  private var waiter: UnsafeContinuation<Value, Never>?
  /// How often somebody has waited: a late cancellation must not end the next wait.
  private var turn: UInt64 = 0

  /// Makes one where nobody waits.
  package init() {}

  /// Whether somebody waits.
  package var isWaiting: Bool { waiter != nil }

  /// Ends the wait with `value`; false when nobody waits.
  @discardableResult
  package func end(_ value: Value) -> Bool {
    guard let waiter = waiter.take() else { return false }
    waiter.resume(returning: value)
    return true
  }

  /// The turn of a wait that begins, also of one that ends before anybody waits.
  fileprivate func nextTurn() -> UInt64 {
    turn &+= 1
    return turn
  }

  fileprivate func begin(_ waiter: UnsafeContinuation<Value, Never>) { self.waiter = waiter }

  /// Waits for ``end(_:)``; a task that is cancelled gets `cancelled`.
  ///
  /// - Parameter began: Called once it is sure that the task waits.
  package func wait(
    on loop: EventLoop, cancelled: Value, began: () -> Void = {}
  ) async -> Value {
    let turn = nextTurn()
    let bound = LoopBound(self, on: loop)
    return await withTaskCancellationHandler {
      await withUnsafeContinuation { waiter in
        guard !Task.isCancelled else {
          waiter.resume(returning: cancelled)
          return
        }
        begin(waiter)
        began()
      }
    } onCancel: {
      loop.post { bound.withValue { if $0.turn == turn { $0.end(cancelled) } } }
    }
  }
}

extension LoopWait<Void> {
  /// Lets the one who waits go on.
  package func end() { end(()) }

  /// Waits for ``end()``, whether the task is cancelled or not.
  package func waitInAnyCase() async {
    _ = nextTurn()
    await withUnsafeContinuation { begin($0) }
  }

  /// Waits for ``end()``, or until the task is cancelled.
  package func wait(on loop: EventLoop) async { await wait(on: loop, cancelled: ()) }
}
