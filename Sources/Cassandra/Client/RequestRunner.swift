internal import CassandraReactor

/// One request on its way to an answer: the attempts that have ended and those that are open, and when the next one is
/// due.
struct Pursuit {
  /// Those that have ended.
  var attempts: Attempts
  fileprivate var hedging: Hedging
  fileprivate var race: Race?
  /// When it goes on elsewhere; nil for what is not idempotent.
  fileprivate let limits: Hedging.Limits?
  /// What is counted with it; nil for a batch.
  let verb: StatementKind.Verb?
  /// When the request has to be over, in milliseconds of its loop.
  let due: UInt64

  init(
    retrying policy: RetryPolicy, _ limits: Hedging.Limits?, _ verb: StatementKind.Verb?, began: UInt64, due: UInt64
  ) {
    attempts = Attempts(policy)
    hedging = Hedging(limits, began: began)
    self.limits = limits
    self.verb = verb
    self.due = due
  }

  /// Whether a node may still answer.
  var isOpen: Bool { race?.isOpen == true }

  /// How often it was sent, what is still open included.
  var count: Int { attempts.count + (race?.count ?? 0) }

  /// The next of the attempts whose answer nobody waits for any longer; nil when there is none left.
  func giveUpNext() -> EndedAttempt? { race?.takeAnswer() ?? race?.giveUpLatest { .cancelled(coordinator: $0) } }
}

/// What came of looking for an answer.
enum AttemptStep {
  /// An attempt is over.
  case ended(EndedAttempt)
  /// None was made on this connection.
  case unsent(Unsent, NodeConnection)
  /// There is none to wait for any more.
  case again
}

/// What the requests of a loop do until there is an answer: one attempt after the other, or several at once.
///
/// It knows neither statements nor batches nor preparations: whoever has a request says how it is sent.
final class RequestRunner {
  let metrics = LoopMetrics()
  private let loop: EventLoop
  private let nodes: LoopNodes
  // `@exclusivity(unchecked)`: it is touched on the loop's thread only, and no access to it lasts while other code runs
  // that could touch it, so the check at every access would find nothing.
  @exclusivity(unchecked) private var budget = HedgingBudget()

  init(on loop: EventLoop, _ nodes: LoopNodes) {
    self.loop = loop
    self.nodes = nodes
  }

  /// A request begins.
  @inline(__always)
  func earn() { budget.earn() }

  /// The next attempt of a request that is over: the one that was made first, one that is still open, or a new one.
  ///
  /// - Parameters:
  ///   - first: The first attempt, when it has been made already.
  ///   - send: Sends it and waits: until the answer is there, it is due, or where it goes on the node is silent.
  ///   - begin: Sends it once more without waiting; nil when that cannot be done at once.
  /// - Throws: Why no connection can be had, or what became of the attempt before.
  func next(
    _ pursuit: inout Pursuit, _ first: FirstAttempt? = nil, for route: RouteRequest,
    send: (NodeConnection, _ due: UInt64, _ goesOn: Bool) async throws(Unsent) -> Outcome,
    begin: (NodeConnection) -> PendingAnswer?
  ) async throws(CassandraError) -> AttemptStep {
    let open: Race
    switch first {
    case .answered(let answer): return .ended(answer)
    case .open(let answer, let connection, let began):
      open = Race()
      open.add(answer, on: connection, since: began)
    case nil:
      if let race = pursuit.race, race.isOpen {
        open = race
        if pursuit.attempts.wantsAnother, let other = nodes.connectionElsewhere(for: route, than: race.endPoints),
          let answer = begin(other)
        {
          metrics.node(of: other).metrics.hedges &+= 1
          race.add(answer, on: other, since: LoopMetrics.now)
        }
        break
      }
      let connection: NodeConnection
      do throws(CassandraError) {
        connection = try await nodes.connection(
          for: route, avoiding: pursuit.attempts.avoided.map { [$0] } ?? [], due: pursuit.due)
      } catch { throw pursuit.attempts.failure(insteadOf: error) }
      if pursuit.attempts.count > 0 { metrics.node(of: connection).metrics.retries &+= 1 }
      let now = loop.now
      let limits = noteAttempt(of: &pursuit, at: connection, now: now)
      let began = LoopMetrics.now
      let outcome: Outcome
      do throws(Unsent) {
        outcome = try await send(
          connection, limits.map { min(pursuit.due, now + $0.first) } ?? pursuit.due, limits != nil)
      } catch { return .unsent(error, connection) }
      guard case .late(let answer) = outcome else {
        return .ended(EndedAttempt(outcome: outcome, connection: connection, took: LoopMetrics.now &- began))
      }
      open = Race()
      open.add(answer.onLoop, on: connection, since: began)
    }
    pursuit.race = open
    return await firstAnswer(of: open, &pursuit, for: route, begin)
  }

  /// The first answer to the open attempts of a request, which goes on to other nodes as its hedging says.
  private func firstAnswer(
    of race: Race, _ pursuit: inout Pursuit, for route: RouteRequest, _ begin: (NodeConnection) -> PendingAnswer?
  ) async -> AttemptStep {
    // Somebody has an attempt open while it waits.
    while let latest = race.latest {
      if let answer = race.takeAnswer() { return .ended(answer) }
      let now = loop.now
      guard now < pursuit.due else {
        return race.giveUpLatest {
          CassandraError(.timedOut, "The database did not answer in time.", coordinator: $0)
        }.map { .ended($0) } ?? .again
      }
      let quietSince = latest.owesSince
      if let reason = pursuit.hedging.reason(now: now, quietSince: quietSince) {
        if let other = nodes.connectionElsewhere(for: route, than: race.endPoints),
          !reason.isBudgeted || budget.spend(), let answer = begin(other)
        {
          metrics.node(of: other).metrics.hedges &+= 1
          race.add(answer, on: other, since: LoopMetrics.now)
          pursuit.hedging.wentOn(reason, now: now, limits(of: pursuit, at: other))
        } else {
          pursuit.hedging.couldNot(now: now)
        }
        continue
      }
      let until = min(pursuit.due, pursuit.hedging.nextLook(now: now, quietSince: quietSince))
      if await race.wait(on: loop, until: until) == .cancelled {
        return race.giveUpLatest { .cancelled(coordinator: $0) }.map { .ended($0) } ?? .again
      }
    }
    return .again
  }
}

// MARK: - How long a node has

extension RequestRunner {
  /// An attempt is made at a node; returns when it goes on, nil for what is not idempotent.
  @discardableResult
  func noteAttempt(of pursuit: inout Pursuit, at connection: NodeConnection, now: UInt64) -> Hedging.Limits? {
    let limits = limits(of: pursuit, at: connection)
    pursuit.hedging.began(now: now, limits)
    return limits
  }

  private func limits(of pursuit: Pursuit, at connection: NodeConnection) -> Hedging.Limits? {
    guard let limits = pursuit.limits, limits.percentile != nil else { return pursuit.limits }
    return resolve(limits, at: connection, pursuit.verb)
  }

  /// When a first attempt of a statement is looked at, where that depends on how long its node usually takes.
  @inline(never)
  func firstLook(_ limits: Hedging.Limits, at connection: NodeConnection, _ kind: StatementKind) -> UInt64 {
    resolve(limits, at: connection, kind.verb).first
  }

  private func resolve(
    _ limits: Hedging.Limits, at connection: NodeConnection, _ verb: StatementKind.Verb?
  ) -> Hedging.Limits {
    limits.resolved { metrics.node(of: connection).recentLatency(of: verb, $0, now: LoopMetrics.now) }
  }
}
