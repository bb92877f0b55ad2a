internal import CassandraWire

/// What those are told whose request cannot be sent or will not be answered.
extension NodeConnection {
  var queueFull: CassandraError {
    CassandraError(
      .queueFull, "Too many requests are waiting for the database.",
      logDetail: "\(limits.requestsInFlight) are under way and \(limits.requestsWaiting) wait", coordinator: endPoint,
      isRetrySafe: true)
  }

  var closing: CassandraError {
    CassandraError(
      .connectionLost, "The connection to the database is being replaced.", coordinator: endPoint, isRetrySafe: true)
  }

  /// For a request that waited for its place when the connection was lost.
  var notSent: CassandraError {
    guard let failure else { return closing }
    return CassandraError(
      .connectionLost, "The connection to the database was lost before the request was sent.", coordinator: endPoint,
      isRetrySafe: true, cause: failure)
  }

  /// What those are told who wait for an answer when the connection ends.
  func error(for end: ClientMachine<Recipient>.End) -> CassandraError {
    switch end {
    case .requestFromServer: .protocolViolation("the server sent a request", coordinator: endPoint)
    case .otherVersion(let number):
      .protocolViolation("the server answered in protocol version \(number)", coordinator: endPoint)
    case .unasked(let stream, let cause):
      .protocolViolation(
        "the server answered on stream \(stream), on which no request is open", coordinator: endPoint, cause: cause)
    case .unreadable(let cause): .protocolViolation("\(cause)", coordinator: endPoint, cause: cause)
    case .refused(let error):
      .connectionLost(CassandraError(server: error, coordinator: endPoint), coordinator: endPoint)
    case .silent:
      .connectionLost(
        CassandraError(.timedOut, "The node has not answered a heartbeat.", coordinator: endPoint),
        coordinator: endPoint)
    case .drained: closing
    }
  }
}
