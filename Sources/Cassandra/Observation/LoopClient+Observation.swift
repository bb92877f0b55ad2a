extension LoopClient {
  /// Counts an attempt that took so many microseconds, and tells who watches its request; the verb of a batch is nil.
  func attemptEnded(
    _ reply: Reply, on connection: NodeConnection, _ verb: StatementKind.Verb?, took: UInt64, _ watch: RequestWatch?
  ) {
    metrics.attemptEnded(reply, on: connection, verb, took: took)
    watch?.attemptEnded(at: connection.endPoint, took: took, failure: reply.failure)
  }

  /// Nobody waits any longer for the attempts of a request that are still open.
  func giveUp(_ race: Race, _ execution: Execution) {
    while let attempt = race.takeAnswer() ?? race.giveUpLatest({ .cancelled(coordinator: $0) }) {
      let reply = Reply(attempt.outcome, from: attempt.connection, layout: execution.prepared?.layout)
      attemptEnded(reply, on: attempt.connection, execution.kind.verb, took: attempt.took, execution.watch)
    }
  }

  /// What an answer tells, of one that took a longer way.
  func described(_ info: ResultInfo?, _ connection: NodeConnection, attempts: Int) -> ResultInfo {
    var info = info ?? ResultInfo()
    info.coordinator = connection.endPoint
    info.attempts = attempts
    return info
  }
}
