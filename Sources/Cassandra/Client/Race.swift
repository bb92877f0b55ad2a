internal import CassandraReactor

/// An attempt that is over: its node has answered, or nobody waits for that any longer.
struct EndedAttempt {
  let outcome: Outcome
  let connection: NodeConnection
  /// From when it was sent, in microseconds.
  let took: UInt64
}

/// The attempts of one request that are open at once: the first answer of any of them counts.
///
/// It exists only for a request whose first answer is not there in time.
final class Race {
  private var open: [(answer: PendingAnswer, connection: NodeConnection, began: UInt64)] = []
  private let news = AdmissionQueue()

  var isOpen: Bool { !open.isEmpty }
  /// How many are open.
  var count: Int { open.count }
  /// Where the open attempts are.
  var endPoints: [EndPoint] { open.map(\.connection.endPoint) }
  var latest: NodeConnection? { open.last?.connection }

  /// - Parameter began: When it was sent, in microseconds of ``LoopMetrics/now``.
  func add(_ answer: PendingAnswer, on connection: NodeConnection, since began: UInt64) {
    open.append((answer, connection, began))
    answer.whenFulfilled = { [news] _ in news.admitAll() }
  }

  /// An answer that is there.
  func takeAnswer() -> EndedAttempt? {
    for index in open.indices {
      guard let outcome = open[index].answer.take() else { continue }
      let (answer, connection, began) = open.remove(at: index)
      return EndedAttempt(outcome: outcome, connection: connection, took: answer.fulfilled &- began)
    }
    return nil
  }

  /// Nobody wants the answer any more that the latest attempt, which is open, might still bring.
  func giveUpLatest(_ failure: (EndPoint) -> CassandraError) -> EndedAttempt? {
    guard let (answer, connection, began) = open.popLast() else { return nil }
    answer.abandon()
    return EndedAttempt(
      outcome: .failure(failure(connection.endPoint)), connection: connection, took: LoopMetrics.now &- began)
  }

  /// Waits for an answer, or until then.
  func wait(on loop: EventLoop, until: UInt64) async -> AdmissionQueue.Admission {
    await news.add(on: loop, due: until)
  }
}

/// An attempt that was made before its request needed more than one.
enum FirstAttempt {
  case answered(EndedAttempt)
  case open(PendingAnswer, NodeConnection, since: UInt64)

  /// - Parameter began: When it was sent, in microseconds of ``LoopMetrics/now``.
  init(_ outcome: Outcome, on connection: NodeConnection, since began: UInt64) {
    if case .late(let answer) = outcome {
      self = .open(answer.onLoop, connection, since: began)
    } else {
      self = .answered(
        EndedAttempt(outcome: outcome, connection: connection, took: LoopMetrics.now &- began))
    }
  }
}
