internal import CassandraWire
internal import CassandraReactor

/// How a statement is sent until there is an answer that is not to be followed by another attempt.
extension LoopClient {
  /// Sends a request until there is an answer that is not to be retried. The reply is ``Reply/done(_:)`` or
  /// ``Reply/page(_:_:)``; failures are thrown.
  ///
  /// Whatever the schema did meanwhile, values are encoded for what the server is known to take at that moment.
  ///
  /// - Parameter first: The first attempt, when it has been made already.
  func run(
    _ execution: inout Execution, pageState: [UInt8]?, pageSize: Int32, first: FirstAttempt? = nil
  ) async throws(CassandraError) -> (Reply, NodeConnection) {
    var pursuit = Pursuit(execution, first, requests)
    var repreparations = Repreparations()
    defer { giveUp(pursuit, execution.prepared?.layout, execution.watch) }
    var first = first
    while true {
      if first == nil, !pursuit.isOpen { try await statements.renew(&execution) }
      let rules = execution.options.routing
      let route =
        execution.prepared.map { nodes.route(of: execution.statement, $0, rules) } ?? RouteRequest(rules: rules)
      let request = execution
      let step = try await requests.next(&pursuit, first.take(), for: route) {
        (connection, due, goesOn) async throws(Unsent) in
        try await send(request, pageState: pageState, pageSize: pageSize, on: connection, due: due, goesOn: goesOn)
      } begin: { connection in
        begin(request, pageState: pageState, pageSize: pageSize, on: connection)
      }
      let answer: EndedAttempt
      switch step {
      case .again, .unsent(.outdated, _): continue
      case .unsent(.refused(let refusal, _), let connection):
        guard try await statements.hasChanged(&execution, on: connection, after: refusal) else { throw refusal }
        continue
      case .ended(let ended): answer = ended
      }
      let connection = answer.connection
      let reply = Reply(
        answer.outcome, from: connection, layout: execution.isSentAsText ? nil : execution.prepared?.layout)
      pursuit.attempts.count += 1
      attemptEnded(reply, on: connection, execution.kind.verb, took: answer.took, execution.watch)
      switch reply {
      case .done(let info): return (.done(described(info, connection, attempts: pursuit.count)), connection)
      case .page(let page, let info):
        if page.newMetadataID != nil { statements.noteChangedColumns(page, &execution) }
        return (.page(page, described(info, connection, attempts: pursuit.count)), connection)
      case .unprepared(_, let error):
        guard let prepared = execution.prepared else { throw error }
        switch try await statements.step(after: &repreparations, at: connection, due: execution.due) {
        case .prepare:
          do throws(CassandraError) {
            execution.prepared = try await statements.prepareAgain(
              prepared, on: connection, execution.options.hedging, due: execution.due)
          } catch {
            // The statement has not been carried out, whatever became of its preparation.
            try fail(&pursuit, error.withRetrySafety(true), at: connection, isIdempotent: true)
          }
        case .moveOn: pursuit.attempts.avoid(connection.endPoint)
        case .sendAsText: execution.isSentAsText = true
        }
        pursuit.attempts.wantsAnother = true
      case .prepared:
        throw CassandraError.protocolViolation("a statement was answered like a preparation", coordinator: nil)
      case .failure(let error):
        if error.code == .invalid, try await statements.hasChanged(&execution, on: connection, after: error) {
          continue
        }
        try fail(&pursuit, error, at: connection, isIdempotent: execution.isIdempotent)
      }
    }
  }

  /// An attempt has failed; returns when there is, or may be, another one.
  func fail(
    _ pursuit: inout Pursuit, _ error: CassandraError, at connection: NodeConnection, isIdempotent: Bool
  ) throws(CassandraError) {
    let error = error.code == .invalid && connection.lacksKeyspace ? .keyspaceMissing(error) : error
    let endPoint = connection.endPoint
    do throws(CassandraError) {
      try pursuit.attempts.failed(context.explain(error, at: endPoint), at: endPoint, isIdempotent: isIdempotent)
    } catch {
      // While another node may still answer, the failure of one is not the last word.
      guard pursuit.isOpen, error.isOfOneNode, loop.now < pursuit.due else { throw error }
      pursuit.attempts.wantsAnother = false
    }
  }

  /// Sends a request once.
  private func send(
    _ execution: Execution, pageState: [UInt8]?, pageSize: Int32, on connection: NodeConnection, due: UInt64,
    goesOn: Bool
  ) async throws(Unsent) -> Outcome {
    let version = connection.version
    let known = execution.prepared
    let prepared: PreparedStatement?
    do throws(CassandraError) { prepared = try known?.adapted(to: version) } catch { throw .refused(error) }
    guard let known, let prepared, !execution.isSentAsText else {
      return try await connection.request(.query, flags: execution.flags, due: due, goesOn: goesOn) {
        (output: inout [UInt8]) throws(Unsent) in
        if let known, known.isOutdated { throw .outdated }
        do throws(CassandraError) {
          try execution.encodeQuery(version: version, pageState: pageState, pageSize: pageSize, into: &output)
        } catch { throw .refused(error) }
      }
    }
    return try await connection.request(.execute, flags: execution.flags, due: due, goesOn: goesOn) {
      (output: inout [UInt8]) throws(Unsent) in
      // It may have waited for its place for a while.
      guard !known.isOutdated else { throw .outdated }
      do throws(CassandraError) {
        try execution.encodeExecute(prepared, pageState: pageState, pageSize: pageSize, into: &output)
      } catch { throw .refused(error) }
    }
  }

  /// Sends a request without waiting; nil when that is not possible at the moment.
  func begin(
    _ execution: Execution, pageState: [UInt8]?, pageSize: Int32, on connection: NodeConnection
  ) -> PendingAnswer? {
    let version = connection.version
    guard execution.prepared?.isOutdated != true else { return nil }
    guard let known = execution.prepared, !execution.isSentAsText else {
      return try? connection.begin(.query, flags: execution.flags, due: execution.due) {
        (output: inout [UInt8]) throws(CassandraError) in
        try execution.encodeQuery(version: version, pageState: pageState, pageSize: pageSize, into: &output)
      }
    }
    guard let prepared = try? known.adapted(to: version) else { return nil }
    return try? connection.begin(.execute, flags: execution.flags, due: execution.due) {
      (output: inout [UInt8]) throws(CassandraError) in
      try execution.encodeExecute(prepared, pageState: pageState, pageSize: pageSize, into: &output)
    }
  }
}

// MARK: - What is told of it

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

extension Pursuit {
  /// A statement's, whose first attempt may have been made already.
  init(_ execution: Execution, _ first: FirstAttempt?, _ requests: RequestRunner) {
    // The first attempt began with the request, as far as is known here.
    let began = execution.due - execution.options.timeout.wholeMilliseconds
    self.init(
      retrying: execution.options.retry, execution.hedging, execution.kind.verb, began: began, due: execution.due)
    if case .open(_, let connection, _) = first { requests.noteAttempt(of: &self, at: connection, now: began) }
  }
}
