internal import CassandraReactor
internal import CassandraTelemetry

/// The prepared statements of the whole client, behind the caches of its loops: touched only when a loop does not have a
/// statement.
///
/// A text is prepared once, however many tasks on however many loops want it at the same time: the first prepares, the
/// others wait for it.
final class PreparedTable: Sendable {
  /// What a caller has to do.
  enum Turn {
    /// It is there.
    case ready(PreparedStatement)
    /// Prepare it, then call ``finish(_:with:)``.
    case prepare
    /// Somebody prepares it; call ``wait(for:on:due:)``.
    case wait
    /// Somebody prepares it, and as many wait as may wait.
    case full
  }

  /// What is prepared: a text at all, or a text again on a node that has forgotten it.
  struct Key: Hashable, Sendable {
    var text: String
    var node: EndPoint?
  }

  typealias Waiter = UnsafeContinuation<Result<PreparedStatement, CassandraError>?, Never>

  private struct State {
    var ready: [String: PreparedStatement] = [:]
    /// The texts in the order in which they were prepared, for making room.
    var order: [String] = []
    var underWay: [Key: [UInt64: Waiter]] = [:]
    var waiting = 0
    var lastWaiter: UInt64 = 0
  }

  private let capacity: Int
  private let maximumWaiting: Int
  private let state = Locked(State())

  /// A table of at most `capacity` statements, on whose preparation `maximumWaiting` may wait.
  init(capacity: Int, maximumWaiting: Int = .max) {
    self.capacity = max(1, capacity)
    self.maximumWaiting = maximumWaiting
  }

  /// What to do for `key`. Whoever is told to prepare has to finish.
  func turn(for key: Key) -> Turn {
    state.withLock { state in
      if key.node == nil, let statement = state.ready[key.text] { return .ready(statement) }
      if state.underWay[key] != nil { return state.waiting < maximumWaiting ? .wait : .full }
      state.underWay[key] = [:]
      return .prepare
    }
  }

  /// Waits for the one who prepares, who may have more time than the one who waits.
  ///
  /// - Returns: nil when that one gave up without a result, when it is `due`, or when the task is cancelled; the caller
  ///   looks which, and takes its turn anew if it may.
  func wait(for key: Key, on loop: EventLoop, due: UInt64) async -> Result<PreparedStatement, CassandraError>? {
    let id = state.withLock { state in
      state.lastWaiter += 1
      return state.lastWaiter
    }
    let patience = Patience { [self] in giveUp(key, id) }
    let deadline = loop.setDeadline(at: due, handler: patience, token: 0)
    defer { loop.cancelDeadline(deadline) }
    return await withTaskCancellationHandler {
      await withUnsafeContinuation { waiter in
        let isLate = state.withLock { state in
          // A cancellation from now on finds the waiter, one from before is seen here.
          if state.underWay[key] == nil || Task.isCancelled { return true }
          state.underWay[key]?[id] = waiter
          state.waiting += 1
          return false
        }
        if isLate { waiter.resume(returning: nil) }
      }
    } onCancel: {
      giveUp(key, id)
    }
  }

  /// How many wait for somebody else's preparation.
  func waiters(for key: Key) -> Int { state.withLock { $0.underWay[key]?.count ?? 0 } }

  private func giveUp(_ key: Key, _ id: UInt64) {
    let waiter = state.withLock { state in
      let waiter = state.underWay[key]?.removeValue(forKey: id)
      if waiter != nil { state.waiting -= 1 }
      return waiter
    }
    waiter?.resume(returning: nil)
  }

  /// Ends a preparation. A failure of the statement is everybody's; one of the caller alone (it was cancelled, its time
  /// was up, its connection broke) is given as nil, and the next one tries.
  func finish(_ key: Key, with result: Result<PreparedStatement, CassandraError>?) {
    let waiters = state.withLock { state in
      if case .success(let statement) = result { insert(statement, &state) }
      let waiters = state.underWay.removeValue(forKey: key) ?? [:]
      state.waiting -= waiters.count
      return waiters
    }
    for waiter in waiters.values { waiter.resume(returning: result) }
  }

  /// Puts a newer form of a statement in the place of the old one.
  func update(_ statement: PreparedStatement) {
    state.withLock { state in insert(statement, &state) }
  }

  private func insert(_ statement: PreparedStatement, _ state: inout State) {
    if state.ready.updateValue(statement, forKey: statement.text) == nil { state.order.append(statement.text) }
    if state.order.count > capacity { state.ready[state.order.removeFirst()] = nil }
  }
}

/// Ends a wait when it has lasted long enough.
private final class Patience: DeadlineHandler {
  private let end: () -> Void

  init(_ end: @escaping () -> Void) { self.end = end }

  func deadlinePassed(token: UInt64) { end() }
}
