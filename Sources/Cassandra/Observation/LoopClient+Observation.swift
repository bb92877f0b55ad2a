internal import CassandraWire

extension LoopClient {
  /// Counts an attempt that took so many microseconds, and tells who watches its request; the verb of a batch is nil.
  func attemptEnded(
    _ reply: Reply, on connection: NodeConnection, _ verb: StatementKind.Verb?, took: UInt64, _ watch: RequestWatch?
  ) {
    requests.metrics.attemptEnded(reply, on: connection, verb, took: took)
    watch?.attemptEnded(at: connection.endPoint, took: took, failure: reply.failure)
  }

  /// Nobody waits any longer for the attempts of a request that are still open.
  func giveUp(_ pursuit: Pursuit, _ layout: RowLayout?, _ watch: RequestWatch?) {
    while let attempt = pursuit.giveUpNext() {
      let reply = Reply(attempt.outcome, from: attempt.connection, layout: layout)
      attemptEnded(reply, on: attempt.connection, pursuit.verb, took: attempt.took, watch)
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

extension LoopClient {
  /// What was done on this loop, and how it stands there.
  var metrics: ClientMetrics {
    var metrics = requests.metrics.snapshot
    metrics.waitingForConnection = nodes.waitingCount
    metrics.preparedStatements = context.table.count
    for connection in nodes.nodes.compactMap(\.connection) {
      metrics.nodes[connection.endPoint, default: NodeMetrics()].note(connection)
    }
    return metrics
  }
}

extension NodeMetrics {
  fileprivate mutating func note(_ connection: NodeConnection) {
    if connection.isUsable { connections += 1 }
    inFlight += connection.inFlight
    orphans += connection.orphans
    waiting += connection.waitingCount
  }
}
