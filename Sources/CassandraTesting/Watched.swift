internal import CassandraReactor
internal import CassandraTelemetry

/// A value behind a lock whose changes can be waited for.
final class Watched<Value: Sendable>: Sendable {
  private struct State {
    var value: Value
    var waiters: [Waiter] = []
  }

  private struct Waiter {
    var condition: @Sendable (Value) -> Bool
    let end = OneShot<Void>()
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
    state.withLock { state in
      let result = body(&state.value)
      state.waiters.removeAll { waiter in
        let holds = waiter.condition(state.value)
        if holds { waiter.end.fulfill() }
        return holds
      }
      return result
    }
  }

  /// Waits until `condition` holds, or until the task is cancelled.
  func wait(until condition: @escaping @Sendable (Value) -> Bool) async {
    let waiter = Waiter(condition: condition)
    let isWaiting = state.withLock { state in
      if condition(state.value) { return false }
      state.waiters.append(waiter)
      return true
    }
    guard isWaiting else { return }
    await waiter.end.wait()
    state.withLock { $0.waiters.removeAll { $0.end === waiter.end } }
  }
}
