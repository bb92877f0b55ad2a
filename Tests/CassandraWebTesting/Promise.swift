internal import Synchronization

/// Something that happens once, in one task, and is awaited in another.
package final class Promise<Value: Sendable>: Sendable {
  private struct State {
    var value: Value?
    var isOver = false
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  /// Makes one that has not happened.
  package init() {}

  /// It happens, with this value; what comes later does not count.
  package func send(_ value: Value) { finish(value) }

  /// It will not happen any more.
  package func cancel() { finish(nil) }

  private func finish(_ value: Value?) {
    let waiters = state.withLock { state in
      guard !state.isOver else { return [CheckedContinuation<Void, Never>]() }
      state.value = value
      state.isOver = true
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Whether it has happened, or will not any more.
  package var hasHappened: Bool { state.withLock { $0.isOver } }

  /// Waits; nil when it will not happen. Does not end when the task is cancelled.
  package var value: Value? {
    get async {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if !state.isOver { state.waiters.append(continuation) }
          return state.isOver
        }
        if isOver { continuation.resume() }
      }
      return state.withLock { $0.value }
    }
  }
}

extension Promise<Void> {
  /// It happens.
  package func send() { send(()) }
}
