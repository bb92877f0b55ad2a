internal import CassandraTelemetry

/// A value behind a lock whose changes can be waited for.
final class Watched<Value: Sendable>: Sendable {
  private struct State {
    var value: Value
    var waiters: [UInt64: Waiter] = [:]
    var lastWaiter: UInt64 = 0
  }

  private struct Waiter {
    var condition: @Sendable (Value) -> Bool
    var continuation: UnsafeContinuation<Void, Never>
  }

  private let state: Locked<State>

  init(_ value: Value) { state = Locked(State(value: value)) }

  /// The value as it is now.
  var value: Value { state.withLock { $0.value } }

  /// Looks at a part of the value without copying all of it.
  func read<Result: Sendable>(_ body: (Value) -> Result) -> Result { state.withLock { body($0.value) } }

  /// Changes the value and wakes those whose condition holds now.
  @discardableResult
  func change<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
    let (result, fulfilled) = state.withLock { state in
      let result = body(&state.value)
      guard !state.waiters.isEmpty else { return (result, [UnsafeContinuation<Void, Never>]()) }
      let value = state.value
      let fulfilled = state.waiters.filter { $0.value.condition(value) }
      for id in fulfilled.keys { state.waiters[id] = nil }
      return (result, fulfilled.values.map(\.continuation))
    }
    for waiter in fulfilled { waiter.resume() }
    return result
  }

  /// Waits until `condition` holds, or until the task is cancelled.
  func wait(until condition: @escaping @Sendable (Value) -> Bool) async {
    let id = state.withLock { state in
      state.lastWaiter += 1
      return state.lastWaiter
    }
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let isWaiting = state.withLock { state in
          if Task.isCancelled || condition(state.value) { return false }
          state.waiters[id] = Waiter(condition: condition, continuation: continuation)
          return true
        }
        if !isWaiting { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: id)?.continuation }?.resume()
    }
  }
}
