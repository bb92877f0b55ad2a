internal import CassandraReactor

/// How a node is kept connected: what is to be done after each thing that happens.
///
/// A value without I/O; times are milliseconds of one clock. The task that keeps the node carries the steps out and tells
/// what came of them; everybody else says what is known of the node.
struct NodeKeeping {
  enum Step: Equatable {
    /// Connect, and say what came of it: ``connected(now:)`` or ``failed(chance:)``.
    case connect
    /// Wait, until somebody wakes the node at the latest, and call ``paused()``.
    case pause(Duration)
    /// Let the requests on the connection finish, and call ``drained()``.
    case drain
    /// The node is not kept any more.
    case end
  }

  private let policy: ReconnectionPolicy
  /// Whether the loop is to have a connection to it.
  private(set) var isWanted: Bool
  /// Whether it is not in the topology any more.
  private(set) var isGone = false
  /// Whether a task keeps a connection to it.
  private(set) var isKept = false
  /// Whether the last attempt to connect has ended; false before the first one, and while a connection that has been
  /// lost is being replaced.
  private(set) var wasTried = false
  /// Attempts that failed in a row, and connections that were lost as soon as they were made.
  private(set) var failures = 0
  private var connectedAt: UInt64 = 0
  /// Whether there was news since the last attempt began that make another one worth while.
  private var isAwake = false

  init(_ policy: ReconnectionPolicy, isWanted: Bool) {
    self.policy = policy
    self.isWanted = isWanted
  }

  // MARK: What is known of the node

  /// There is a reason to think that it can be reached: there is no need to wait any longer.
  mutating func wake() { isAwake = true }

  /// It is not in the topology any more.
  mutating func leave() { (isGone, isAwake) = (true, true) }

  /// Whether the loop is to have a connection to it may have changed.
  mutating func want(_ isWanted: Bool) { self.isWanted = isWanted }

  // MARK: What the task tells

  /// A task keeps the node from now on.
  ///
  /// - Parameter delay: How long its first connection waits, so that not all clients connect to a new node at the same
  ///   moment.
  mutating func begin(delay: Duration) -> Step {
    (isKept, failures) = (true, 0)
    return delay > .zero ? .pause(delay) : attempt()
  }

  /// There is a connection.
  mutating func connected(now: UInt64) { (connectedAt, wasTried) = (now, true) }

  /// The connection takes no requests any more.
  ///
  /// It is replaced at once, and requests wait for that. Only where one connection after the other is lost as soon as it
  /// is made, that counts like failing to connect.
  mutating func lost(now: UInt64, chance: Double) -> Step {
    guard isWanted && !isGone else { return .drain }
    let hasServed = now - connectedAt >= policy.first.wholeMilliseconds
    failures = hasServed ? 0 : failures + 1
    guard failures <= 1 else { return rest(chance) }
    wasTried = false
    return attempt()
  }

  /// Connecting has failed.
  ///
  /// - Parameter chance: A number from 0 to 1, for the length of the wait.
  mutating func failed(chance: Double) -> Step {
    failures += 1
    wasTried = true
    return rest(chance)
  }

  /// A pause is over, or was ended by ``wake()``.
  mutating func paused() -> Step {
    if isAwake { failures = 0 }
    return attempt()
  }

  /// The connection that was not wanted any more has ended; meanwhile it may be wanted again.
  mutating func drained() -> Step { attempt() }

  /// The task ends whatever there is to do.
  mutating func stop() { isKept = false }

  // News begin the waits anew, too: a node that has come back is asked again soon when it is not quite ready.
  private mutating func rest(_ chance: Double) -> Step {
    if isAwake { return paused() }
    return .pause(policy.delay(failures: failures, chance: chance))
  }

  private mutating func attempt() -> Step {
    guard isWanted && !isGone else {
      isKept = false
      return .end
    }
    isAwake = false
    return .connect
  }
}
