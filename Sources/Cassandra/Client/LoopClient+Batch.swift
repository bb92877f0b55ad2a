internal import CassandraWire
internal import CassandraReactor

extension LoopClient {
  /// Statements of a batch at most: 65,535, the limit of the protocol.
  static let maximumBatchStatements = Int(UInt16.max)

  /// Carries several statements out as one.
  func batch(
    _ kind: Batch.Kind, _ statements: [Statement], _ given: QueryOptions?
  ) async throws(CassandraError) -> Rows {
    guard let listener = context.configuration.requestListener else {
      return try await batch(kind, statements, given, nil)
    }
    let watch = RequestWatch(listener, .batch, statements.map(\.text))
    return try await watch.whole { () async throws(CassandraError) in
      let rows = try await batch(kind, statements, given, watch)
      return (rows, rows.coordinator)
    }
  }

  private func batch(
    _ kind: Batch.Kind, _ statements: [Statement], _ given: QueryOptions?, _ watch: RequestWatch?
  ) async throws(CassandraError) -> Rows {
    let options = try resolve(given)
    guard !statements.isEmpty, statements.count <= Self.maximumBatchStatements else {
      throw CassandraError(
        .invalidStatement, "A batch has 1 to \(Self.maximumBatchStatements) statements.",
        detail: "\(statements.count)", isRetrySafe: true)
    }
    let due = loop.now + options.timeout.wholeMilliseconds
    var executions: [Execution] = []
    executions.reserveCapacity(statements.count)
    for statement in statements {
      var isFresh = false
      guard
        let prepared = try await findOrPrepare(statement, keyspace: options.keyspace, due: due, isFresh: &isFresh),
        prepared.kind.verb == .modify
      else {
        throw CassandraError(
          .invalidStatement, "A batch takes INSERT, UPDATE and DELETE only.", isRetrySafe: true)
      }
      executions.append(
        Execution(
          statement: statement, prepared: prepared, kind: prepared.kind, options: options, timestamp: nil, due: due,
          isFresh: isFresh, watch: watch))
    }
    let isConditional = executions.contains { $0.kind.isConditional }
    let parameters = QueryParameters(
      consistency: options.consistency, serialConsistency: isConditional ? options.serialConsistency : nil,
      defaultTimestamp: options.timestamp ?? (isConditional || kind == .counter ? nil : context.timestamps.next()))
    return try await send(kind, executions, parameters, options: options, due: due)
  }

  private func send(
    _ kind: Batch.Kind, _ executions: [Execution], _ parameters: QueryParameters, options: ResolvedOptions, due: UInt64
  ) async throws(CassandraError) -> Rows {
    var executions = executions
    var attempts = Attempts(options.retry)
    var repreparations: [StatementKey: Repreparations] = [:]
    while true {
      for index in executions.indices where executions[index].prepared?.isOutdated == true {
        try await renew(&executions[index])
      }
      let connection: NodeConnection
      do throws(CassandraError) { connection = try await self.connection(avoiding: attempts.avoided, due: due) } catch {
        throw attempts.failure(insteadOf: error)
      }
      let version = connection.version
      let began = LoopMetrics.now
      let outcome: Outcome
      do throws(UnsentBatch) {
        let executions = executions
        outcome = try await connection.request(.batch, flags: options.flags, due: due) {
          (output: inout [UInt8]) throws(UnsentBatch) in
          try Self.encode(kind, executions, parameters, options, version: version, into: &output)
        }
      } catch {
        switch error.reason {
        case .outdated: continue
        case .refused(let refusal):
          guard let index = error.index, try await hasChanged(&executions[index], on: connection, after: refusal) else {
            throw refusal
          }
          continue
        }
      }
      let reply = Reply(outcome, from: connection, layout: nil)
      attempts.count += 1
      let count = attempts.count
      attemptEnded(reply, on: connection, nil, took: LoopMetrics.now &- began, executions.first?.watch)
      switch reply {
      case .done(let info):
        noteWarnings(info)
        return Rows(source: .single(Page(emptyWith: .empty)), info: described(info, connection, attempts: count))
      case .page(let page, let info):
        noteWarnings(info)
        return Rows(source: .single(page), info: described(info, connection, attempts: count))
      case .unprepared(let id, let error):
        // A node that has forgotten one has most likely forgotten all, and tells of them one by one.
        guard let prepared = executions.lazy.compactMap(\.prepared).first(where: { $0.id == id }) else { throw error }
        let step = repreparations[prepared.key, default: Repreparations()].next()
        if repreparations[prepared.key]?.isThrashing == true { noteThrashing(at: connection.endPoint) }
        switch step {
        case .prepare(let wait):
          try await pauseBeforePreparing(wait, due: due)
          do throws(CassandraError) {
            let again = try await prepareAgain(prepared, on: connection, due: due)
            for index in executions.indices where executions[index].prepared?.key == prepared.key {
              executions[index].prepared = again
            }
          } catch {
            try attempts.failed(
              context.explain(error, at: connection.endPoint).withRetrySafety(true), at: connection.endPoint,
              isIdempotent: true)
          }
        case .moveOn(let wait):
          try await pauseBeforePreparing(wait, due: due)
          attempts.avoid(connection.endPoint)
        case .sendAsText:
          for index in executions.indices where executions[index].prepared?.key == prepared.key {
            executions[index].isSentAsText = true
          }
        }
      case .prepared:
        throw CassandraError.protocolViolation("a batch was answered like a preparation", coordinator: nil)
      case .failure(let error):
        if error.code == .invalid, try await haveChanged(&executions, on: connection, after: error) { continue }
        let endPoint = connection.endPoint
        try attempts.failed(
          context.explain(error, at: endPoint), at: endPoint, isIdempotent: options.isIdempotent ?? false)
      }
    }
  }

  /// Asks the server once about every statement of a batch that it has refused.
  private func haveChanged(
    _ executions: inout [Execution], on connection: NodeConnection, after refusal: CassandraError
  ) async throws(CassandraError) -> Bool {
    var haveChanged = false
    var newest: [StatementKey: PreparedStatement] = [:]
    for index in executions.indices {
      guard let key = executions[index].prepared?.key, !executions[index].isFresh else { continue }
      if let known = newest[key] {
        executions[index].prepared = known
        executions[index].isFresh = true
      } else {
        if try await hasChanged(&executions[index], on: connection, after: refusal) { haveChanged = true }
        newest[key] = executions[index].prepared
      }
    }
    return haveChanged
  }

  private static func encode(
    _ kind: Batch.Kind, _ executions: [Execution], _ parameters: QueryParameters, _ options: ResolvedOptions,
    version: ProtocolVersion, into output: inout [UInt8]
  ) throws(UnsentBatch) {
    var parameters = parameters
    if executions.contains(where: \.isSentAsText) { parameters.keyspace = options.keyspace }
    parameters.nowInSeconds = options.nowInSeconds
    if let payload = options.customPayload {
      do throws(CassandraError) { try output.append(customPayload: payload) } catch {
        throw UnsentBatch(.refused(error))
      }
    }
    do throws(WireError) {
      try RequestMessage.beginBatch(kind, statementCount: executions.count, into: &output)
    } catch { throw UnsentBatch(.refused(.unsendable(error))) }
    for (index, execution) in executions.enumerated() {
      guard let prepared = execution.prepared else { continue }
      guard !prepared.isOutdated else { throw UnsentBatch(.outdated) }
      let id = prepared.id
      do throws(WireError) {
        if execution.isSentAsText {
          try RequestMessage.beginBatchStatement(
            prepared.text, valueCount: prepared.parameters.count, into: &output)
        } else {
          try RequestMessage.beginBatchStatement(id: id.span, valueCount: prepared.parameters.count, into: &output)
        }
      } catch { throw UnsentBatch(.refused(.unsendable(error))) }
      do throws(CassandraError) { try execution.statement.appendValues(prepared, into: &output) } catch {
        throw UnsentBatch(.refused(error), index: index)
      }
    }
    do throws(WireError) { try RequestMessage.endBatch(parameters, into: &output, version: version) } catch {
      throw UnsentBatch(.refused(.unsendable(error)))
    }
  }
}

/// Why a batch was not sent, and the statement in question, where it is one.
private struct UnsentBatch: Error {
  var reason: Unsent
  var index: Int?

  init(_ reason: Unsent, index: Int? = nil) {
    self.reason = reason
    self.index = index
  }
}
