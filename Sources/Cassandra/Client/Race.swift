internal import CassandraReactor

/// The attempts of one request that are open at once: the first answer of any of them counts.
///
/// It exists only for a request whose first answer is not there in time.
final class Race {
  private var open: [(answer: PendingAnswer, connection: NodeConnection)] = []
  private let news = AdmissionQueue()

  var isOpen: Bool { !open.isEmpty }
  /// Where the open attempts are.
  var endPoints: [EndPoint] { open.map(\.connection.endPoint) }
  var latest: NodeConnection? { open.last?.connection }

  func add(_ answer: PendingAnswer, on connection: NodeConnection) {
    open.append((answer, connection))
    answer.whenFulfilled = { [news] _ in news.admitAll() }
  }

  /// An answer that is there.
  func takeAnswer() -> (Outcome, NodeConnection)? {
    for index in open.indices {
      guard let outcome = open[index].answer.take() else { continue }
      return (outcome, open.remove(at: index).connection)
    }
    return nil
  }

  /// Waits for an answer, or until then.
  func wait(on loop: EventLoop, until: UInt64) async -> AdmissionQueue.Admission {
    await news.add(on: loop, due: until)
  }

  /// Nobody wants the answers any more.
  func end() {
    for attempt in open { attempt.answer.abandon() }
    open = []
  }
}

extension LoopClient {
  /// The first answer to the open attempts of a request, which goes on to other nodes as its hedging says.
  ///
  /// - Parameter send: Sends it once more; nil when that cannot be done at once.
  func firstAnswer(
    of race: Race, _ hedging: inout Hedging, for route: RouteRequest, due: UInt64,
    _ send: (NodeConnection) -> PendingAnswer?
  ) async -> (Outcome, NodeConnection) {
    while true {
      if let answer = race.takeAnswer() { return answer }
      guard let latest = race.latest else { preconditionFailure("somebody has an attempt open while it waits") }
      let now = loop.now
      guard now < due else {
        return (
          .failure(
            CassandraError(.timedOut, "The database did not answer in time.", coordinator: latest.endPoint)), latest
        )
      }
      let quietSince = latest.owesSince
      if let reason = hedging.reason(now: now, quietSince: quietSince) {
        if let other = nodes.connectionElsewhere(for: route, than: race.endPoints),
          !reason.isBudgeted || budget.spend(), let answer = send(other)
        {
          race.add(answer, on: other)
          hedging.wentOn(reason, now: now)
        } else {
          hedging.couldNot(now: now)
        }
        continue
      }
      let until = min(due, hedging.nextLook(now: now, quietSince: quietSince))
      if await race.wait(on: loop, until: until) == .cancelled {
        return (.failure(.cancelled(coordinator: latest.endPoint)), latest)
      }
    }
  }
}

/// An attempt that was made before its request needed more than one.
enum FirstAttempt {
  case answered(Outcome, NodeConnection)
  case open(PendingAnswer, NodeConnection)

  init(_ outcome: Outcome, on connection: NodeConnection) {
    if case .late(let answer) = outcome {
      self = .open(answer.onLoop, connection)
    } else {
      self = .answered(outcome, connection)
    }
  }
}

extension CassandraError {
  /// Whether another node may still do what this one did not.
  var isOfOneNode: Bool {
    [
      .connectionLost, .timedOut, .noNodeAvailable, .queueFull, .overloaded, .serverError, .unavailable,
      .isBootstrapping, .readTimeout, .readFailure,
    ].contains(code)
  }
}
