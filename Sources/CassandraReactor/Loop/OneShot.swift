internal import CassandraTelemetry

/// A value that comes once, from whatever thread, and that one task waits for.
///
/// Every wait for something that happens once is one of these, so that what is hard about it stands here alone: the value
/// that comes before the wait, at the same time as the task's cancellation, or after the time is up.
package final class OneShot<Value: Sendable>: Sendable {
  private enum State {
    case open(waiter: UnsafeContinuation<Value, Never>?)
    case fulfilled(Value)
  }

  private let state = Locked(State.open(waiter: nil))

  /// Makes one that is open.
  package init() {}

  /// Whether the value has come.
  package var isFulfilled: Bool {
    state.withLock { if case .fulfilled = $0 { true } else { false } }
  }

  /// Gives the value to the one who waits, or who will; false when there was one before, which stands.
  @discardableResult
  package func fulfill(_ value: Value) -> Bool {
    let (isFirst, waiter) = state.withLock { state -> (Bool, UnsafeContinuation<Value, Never>?) in
      guard case .open(let waiter) = state else { return (false, nil) }
      state = .fulfilled(value)
      return (true, waiter)
    }
    waiter?.resume(returning: value)
    return isFirst
  }

  /// Waits for the value. When the task is cancelled first, the value is `cancelled`, for whoever looks at it.
  package func value(cancelled: Value) async -> Value {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { waiter in
        let known = state.withLock { state -> Value? in
          if case .fulfilled(let value) = state { return .some(value) }
          state = .open(waiter: waiter)
          return nil
        }
        if let known { waiter.resume(returning: known) }
      }
    } onCancel: {
      fulfill(cancelled)
    }
  }

  /// Waits for the value, until `due` at most; to be called on the loop.
  ///
  /// - Parameters:
  ///   - due: On the loop's clock; nil for as long as it takes.
  ///   - cancelled: The value when the task is cancelled first.
  ///   - late: Makes the value when it is due first.
  package func value(
    on loop: EventLoop, due: UInt64?, cancelled: Value, late: @escaping () -> Value
  ) async -> Value {
    guard let due else { return await value(cancelled: cancelled) }
    let deadline = loop.setDeadline(at: due, handler: Expiry { [self] in fulfill(late()) }, token: 0)
    defer { loop.cancelDeadline(deadline) }
    return await value(cancelled: cancelled)
  }
}

extension OneShot<Void> {
  /// Lets the one who waits go on, and whoever comes later.
  package func fulfill() { fulfill(()) }

  /// Waits until it is fulfilled, or until the task is cancelled, which fulfills it.
  package func wait() async { await value(cancelled: ()) }
}

/// What to do when a time is up.
private final class Expiry: DeadlineHandler {
  private let action: () -> Void

  init(_ action: @escaping () -> Void) { self.action = action }

  func deadlinePassed(token: UInt64) { action() }
}
