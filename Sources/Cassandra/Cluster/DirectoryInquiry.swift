/// When the directory of a cluster is asked for its nodes: at the start, again until it answers, and whenever its last
/// answer has led nowhere. One question at a time for the whole client.
///
/// A value without I/O; times are milliseconds of one clock.
struct DirectoryInquiry {
  /// A node that cannot be reached while others can may have been replaced: the directory is asked again after this
  /// many failures of it in a row,
  static let failuresOfANode = 5
  /// but not within this time of the question before: 60 s.
  static let leastInterval: UInt64 = 60_000

  enum Action: Equatable {
    /// Ask; then tell ``answered()`` or ``failed(now:chance:)``.
    case ask
    /// Nothing is to be done until then, or until somebody says that something has changed.
    case wait(until: UInt64)
  }

  private enum State {
    case asking
    /// With `.max` for nothing to ask.
    case waiting(until: UInt64)
  }

  private let policy: ReconnectionPolicy
  private var state = State.waiting(until: 0)
  private var lastAsked: UInt64 = 0
  /// Questions since a node was reached.
  private var fruitless = 0

  init(_ policy: ReconnectionPolicy) { self.policy = policy }

  /// What to do now.
  mutating func next(now: UInt64) -> Action {
    switch state {
    case .waiting(let until) where now < until: return .wait(until: until)
    case .waiting, .asking:
      state = .asking
      lastAsked = now
      fruitless += 1
      return .ask
    }
  }

  /// The directory has answered with nodes.
  mutating func answered() { state = .waiting(until: .max) }

  /// It has not.
  mutating func failed(now: UInt64, chance: Double) { state = .waiting(until: now + delay(chance)) }

  /// A connection to a node stands.
  mutating func nodeWasReached() { fruitless = 0 }

  /// On a loop no node can be reached. Returns whether there is something to do earlier than was said.
  mutating func nodesAreAway(now: UInt64, chance: Double) -> Bool {
    switch state {
    case .waiting(until: .max):
      state = .waiting(until: max(now, lastAsked + delay(chance)))
      return true
    case .waiting, .asking: return false
    }
  }

  /// A node could not be reached `failures` times in a row while others can. Returns as ``nodesAreAway(now:chance:)``.
  mutating func nodeIsAway(failures: Int, now: UInt64) -> Bool {
    guard failures >= Self.failuresOfANode, now >= lastAsked + Self.leastInterval else { return false }
    switch state {
    case .waiting(until: .max):
      state = .waiting(until: now)
      return true
    case .waiting, .asking: return false
    }
  }

  private func delay(_ chance: Double) -> UInt64 {
    UInt64(policy.delay(failures: max(fruitless, 1), chance: chance) / .milliseconds(1))
  }
}
