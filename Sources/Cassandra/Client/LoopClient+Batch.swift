internal import CassandraWire
internal import CassandraReactor

extension LoopClient {
  /// Statements of a batch at most: 65,535, the limit of the protocol.
  static let maximumBatchStatements = Int(UInt16.max)

  /// Carries several statements out as one.
  func batch(
    _ kind: Batch.Kind, _ statements: [Statement], _ given: QueryOptions?
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
      guard let prepared = try await findOrPrepare(statement, due: due), prepared.kind.verb == .modify else {
        throw CassandraError(
          .invalidStatement, "A batch takes INSERT, UPDATE and DELETE only.", isRetrySafe: true)
      }
      executions.append(
        Execution(
          statement: statement, prepared: prepared, kind: prepared.kind, options: options, timestamp: nil, due: due))
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
    var attempts = Attempts()
    var repreparations = 0
    while true {
      let connection: NodeConnection
      do throws(CassandraError) { connection = try await self.connection(avoiding: attempts.avoided, due: due) } catch {
        throw attempts.failure(insteadOf: error)
      }
      let version = connection.version
      let outcome = try await connection.request(.batch, flags: options.tracing ? .tracing : [], due: due) {
        (output: inout [UInt8]) throws(CassandraError) in
        try Self.encode(kind, executions, parameters, version: version, into: &output)
      }
      switch Reply(outcome, from: connection, layout: nil) {
      case .done(let info):
        noteWarnings(info)
        return Rows(source: .single(Page(emptyWith: .empty)), info: info)
      case .page(let page, let info):
        noteWarnings(info)
        return Rows(source: .single(page), info: info)
      case .unprepared(let id, let error):
        // A node that has forgotten one has most likely forgotten all, and tells of them one by one.
        guard let prepared = executions.lazy.compactMap(\.prepared).first(where: { $0.id == id }),
          repreparations < executions.count + 1
        else { throw error }
        repreparations += 1
        try await prepareAgain(prepared, on: connection, due: due)
        continue
      case .prepared:
        throw CassandraError.protocolViolation("a batch was answered like a preparation", coordinator: nil)
      case .failure(let error):
        let endPoint = connection.endPoint
        try attempts.failed(
          context.explain(error, at: endPoint), at: endPoint, isIdempotent: options.isIdempotent ?? false)
      }
    }
  }

  private static func encode(
    _ kind: Batch.Kind, _ executions: [Execution], _ parameters: QueryParameters, version: ProtocolVersion,
    into output: inout [UInt8]
  ) throws(CassandraError) {
    do throws(WireError) {
      try RequestMessage.beginBatch(kind, statementCount: executions.count, into: &output)
    } catch { throw .unsendable(error) }
    for execution in executions {
      guard let prepared = execution.prepared else { continue }
      let id = prepared.id
      do throws(WireError) {
        try RequestMessage.beginBatchStatement(id: id.span, valueCount: prepared.parameters.count, into: &output)
      } catch { throw .unsendable(error) }
      try execution.statement.appendValues(prepared, into: &output)
    }
    do throws(WireError) { try RequestMessage.endBatch(parameters, into: &output, version: version) } catch {
      throw .unsendable(error)
    }
  }
}
