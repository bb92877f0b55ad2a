internal import CassandraTelemetry

/// Holds answers of a ``ScriptedNode`` back until it is opened.
public final class Gate: Sendable {
  private struct State {
    var isOpen = false
    var held: [@Sendable () -> Void] = []
  }

  private let state = Locked(State())

  /// A gate that is closed.
  public init() {}

  /// Lets everything pass, what is held and what comes later.
  public func open() {
    let held = state.withLock { state in
      let held = state.held
      state = State(isOpen: true)
      return held
    }
    for pass in held { pass() }
  }

  /// Calls `body` once the gate is open.
  func pass(_ body: @escaping @Sendable () -> Void) {
    let isOpen = state.withLock { state in
      if !state.isOpen { state.held.append(body) }
      return state.isOpen
    }
    if isOpen { body() }
  }
}
