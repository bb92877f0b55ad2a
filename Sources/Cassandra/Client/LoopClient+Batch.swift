internal import CassandraWire
internal import CassandraReactor

/// Several statements that are carried out as one.
private struct BatchRequest {
  var kind: Batch.Kind
  var executions: [Execution]
  var parameters: QueryParameters
  let shared: SharedOptions
  var due: UInt64

  var options: ResolvedOptions { shared.values }
  var isIdempotent: Bool { options.isIdempotent ?? false }
}

extension LoopClient {
  /// Statements of a batch at most: 65,535, the limit of the protocol.
  static let maximumBatchStatements = Int(UInt16.max)

  /// Carries several statements out as one.
  func batch(
    _ kind: Batch.Kind, _ statements: [Statement], _ given: QueryOptions?
  ) async throws(CassandraError) -> Rows {
    guard let listener else { return try await batch(kind, statements, given, nil) }
    let watch = RequestWatch(listener, ObservedRequest(id: takeNumber(), batch: statements.map(\.text)))
    return try await watch.whole { () async throws(CassandraError) in
      let rows = try await batch(kind, statements, given, watch)
      return (rows, rows.coordinator)
    }
  }

  private func batch(
    _ kind: Batch.Kind, _ texts: [Statement], _ given: QueryOptions?, _ watch: RequestWatch?
  ) async throws(CassandraError) -> Rows {
    requests.earn()
    let shared = try resolve(given)
    let options = shared.values
    guard !texts.isEmpty, texts.count <= Self.maximumBatchStatements else {
      throw CassandraError(
        .invalidStatement, "A batch has 1 to \(Self.maximumBatchStatements) statements.",
        logDetail: "\(texts.count)", isRetrySafe: true)
    }
    let due = loop.now + options.timeout.wholeMilliseconds
    var executions: [Execution] = []
    executions.reserveCapacity(texts.count)
    for statement in texts {
      var isFresh = false
      guard let prepared = try await statements.findOrPrepare(statement, options, due: due, isFresh: &isFresh),
        prepared.kind.verb == .modify
      else {
        throw CassandraError(
          .invalidStatement, "A batch takes INSERT, UPDATE and DELETE only.", isRetrySafe: true)
      }
      executions.append(
        Execution(
          statement: statement, prepared: prepared, kind: prepared.kind, options: shared, timestamp: nil, due: due,
          isFresh: isFresh, watch: watch))
    }
    let isConditional = executions.contains { $0.kind.isConditional }
    let parameters = QueryParameters(
      consistency: options.consistency, serialConsistency: isConditional ? options.serialConsistency : nil,
      defaultTimestamp: options.timestamp ?? (isConditional || kind == .counter ? nil : context.timestamps.next()))
    return try await run(
      BatchRequest(kind: kind, executions: executions, parameters: parameters, shared: shared, due: due))
  }

  private func run(_ batch: BatchRequest) async throws(CassandraError) -> Rows {
    var batch = batch
    let watch = batch.executions.first?.watch
    var pursuit = Pursuit(
      retrying: batch.options.retry, batch.isIdempotent ? batch.options.hedging : nil, nil, began: loop.now,
      due: batch.due)
    defer { giveUp(pursuit, nil, watch) }
    var repreparations: [StatementKey: Repreparations] = [:]
    while true {
      if !pursuit.isOpen {
        for index in batch.executions.indices where batch.executions[index].prepared?.isOutdated == true {
          try await statements.renew(&batch.executions[index])
        }
      }
      let request = batch
      let step = try await requests.next(&pursuit, for: route(of: batch)) {
        (connection, due, goesOn) async throws(Unsent) in
        try await connection.request(.batch, flags: request.options.flags, due: due, goesOn: goesOn) {
          (output: inout [UInt8]) throws(Unsent) in
          try request.encode(for: connection.version, into: &output)
        }
      } begin: { connection in
        // One that cannot be written goes nowhere else; whoever sends it in order finds out why.
        try? connection.begin(.batch, flags: request.options.flags, due: request.due) {
          (output: inout [UInt8]) throws(Unsent) in
          try request.encode(for: connection.version, into: &output)
        }
      }
      let answer: EndedAttempt
      switch step {
      case .again, .unsent(.outdated, _): continue
      case .unsent(.refused(let refusal, let index), let connection):
        guard try await statements.hasChanged(&batch.executions[index], on: connection, after: refusal) else {
          throw refusal
        }
        continue
      case .ended(let ended): answer = ended
      }
      let connection = answer.connection
      let reply = Reply(answer.outcome, from: connection, layout: nil)
      pursuit.attempts.count += 1
      attemptEnded(reply, on: connection, nil, took: answer.took, watch)
      switch reply {
      case .done(let info):
        noteWarnings(info)
        return Rows(
          Page(emptyWith: .empty), info: described(info, connection, attempts: pursuit.count))
      case .page(let page, let info):
        noteWarnings(info)
        return Rows(page, info: described(info, connection, attempts: pursuit.count))
      case .unprepared(let id, let error):
        // A node that has forgotten one has most likely forgotten all, and tells of them one by one.
        guard let prepared = batch.executions.lazy.compactMap(\.prepared).first(where: { $0.id == id }) else {
          throw error
        }
        switch try await statements.step(
          after: &repreparations[prepared.key, default: Repreparations()], at: connection, due: batch.due)
        {
        case .prepare:
          do throws(CassandraError) {
            let again = try await statements.prepareAgain(
              prepared, on: connection, batch.options.hedging, due: batch.due)
            batch.replace(prepared.key) { $0.prepared = again }
          } catch {
            // The batch has not been carried out, whatever became of the preparation.
            try fail(&pursuit, error.withRetrySafety(true), at: connection, isIdempotent: true)
          }
        case .moveOn: pursuit.attempts.avoid(connection.endPoint)
        case .sendAsText: batch.replace(prepared.key) { $0.isSentAsText = true }
        }
        pursuit.attempts.wantsAnother = true
      case .prepared:
        throw CassandraError.protocolViolation("a batch was answered like a preparation", coordinator: nil)
      case .failure(let error):
        if error.code == .invalid, try await haveChanged(&batch.executions, on: connection, after: error) { continue }
        try fail(&pursuit, error, at: connection, isIdempotent: batch.isIdempotent)
      }
    }
  }

  /// Where a batch goes: to the replicas of the first of its statements whose partition is known.
  private func route(of batch: BatchRequest) -> RouteRequest {
    let rules = batch.options.routing
    for execution in batch.executions {
      guard let prepared = execution.prepared else { continue }
      let route = nodes.route(of: execution.statement, prepared, rules)
      if route.replicas != nil { return route }
    }
    return RouteRequest(rules: rules)
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
        if try await statements.hasChanged(&executions[index], on: connection, after: refusal) { haveChanged = true }
        newest[key] = executions[index].prepared
      }
    }
    return haveChanged
  }
}

extension BatchRequest {
  mutating func replace(_ key: StatementKey, _ change: (inout Execution) -> Void) {
    for index in executions.indices where executions[index].prepared?.key == key { change(&executions[index]) }
  }

  /// Appends the body of a BATCH (section 4.1.7).
  func encode(for version: ProtocolVersion, into output: inout [UInt8]) throws(Unsent) {
    var parameters = parameters
    if executions.contains(where: \.isSentAsText) { parameters.keyspace = options.keyspace }
    parameters.nowInSeconds = options.nowInSeconds
    if let payload = options.customPayload {
      do throws(CassandraError) { try output.append(customPayload: payload) } catch { throw .refused(error) }
    }
    do throws(WireError) {
      try RequestMessage.beginBatch(kind, statementCount: executions.count, into: &output)
    } catch { throw .refused(.unsendable(error)) }
    for (index, execution) in executions.enumerated() {
      guard let prepared = execution.prepared else { continue }
      guard !prepared.isOutdated else { throw .outdated }
      let id = prepared.id
      do throws(WireError) {
        if execution.isSentAsText {
          try RequestMessage.beginBatchStatement(
            prepared.text, valueCount: prepared.parameters.count, into: &output)
        } else {
          try RequestMessage.beginBatchStatement(id: id.span, valueCount: prepared.parameters.count, into: &output)
        }
      } catch { throw .refused(.unsendable(error)) }
      do throws(CassandraError) { try execution.statement.bound.appendValues(prepared, into: &output) } catch {
        throw .refused(error, statement: index)
      }
    }
    do throws(WireError) { try RequestMessage.endBatch(parameters, into: &output, version: version) } catch {
      throw .refused(.unsendable(error))
    }
  }
}
