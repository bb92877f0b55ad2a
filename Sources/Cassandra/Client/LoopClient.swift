internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry

/// What all loops of a client share; nothing of it changes without a lock.
struct ClientContext: Sendable {
  var configuration: ClientConfiguration
  var defaults: ResolvedOptions
  /// The defaults' time-out in milliseconds.
  var defaultTimeout: UInt64
  /// After how many milliseconds a request that may go on elsewhere is looked at.
  var firstLook: UInt64
  /// Where requests go.
  var routing: RoutingRules
  /// Nodes of each other data centre that connections are made to.
  var remoteNodesPerDatacenter: Int
  var table: PreparedTable
  var timestamps: Timestamps
  /// Whether it was said that the server keeps too few prepared statements.
  let wasWarnedOfThrashing = Once()
  /// The client's parts on all loops.
  var loops: LoopClients
  var logger: CassandraLogger

  /// Who knows the nodes, where they are not listed in the configuration.
  var directory: (any ClusterDirectory)? { configuration.cluster.directory }

  /// What a failure means where the nodes come from a directory.
  func explain(_ failure: CassandraError, at endPoint: EndPoint) -> CassandraError {
    directory?.explain(failure, at: endPoint) ?? failure
  }
}

/// The part of a client that lives on one loop: its connections, its prepared statements, its requests.
final class LoopClient {
  let loop: EventLoop
  let context: ClientContext
  /// The nodes, and the connections to them.
  let nodes: LoopNodes
  /// What knows the nodes, on the loop that does.
  let control: ClusterControl?
  // `@exclusivity(unchecked)`: it is touched on the loop's thread only, and no access to it lasts while other code runs
  // that could touch it, so the check at every access would find nothing.
  @exclusivity(unchecked) var cache: PreparedCache
  /// What may be sent to a second node.
  @exclusivity(unchecked) var budget = HedgingBudget()
  let metrics = LoopMetrics()

  init(on loop: EventLoop, context: ClientContext) {
    self.loop = loop
    self.context = context
    nodes = LoopNodes(on: loop, context: context)
    control = loop.index == 0 ? ClusterControl(nodes) : nil
    cache = PreparedCache(capacity: context.configuration.limits.preparedStatements)
  }

  /// Keeps the client going until the task is cancelled; then lets what is under way finish.
  func run() async {
    let bound = LoopBound(self, on: loop)
    await withDiscardingTaskGroup { group in
      if control != nil {
        group.addTask(executorPreference: bound.loop) { await bound.onLoop.control?.run() }
      }
      await nodes.run()
    }
  }

  /// A connection for a request that any node may carry out.
  func connection(avoiding avoided: EndPoint?, due: UInt64) async throws(CassandraError) -> NodeConnection {
    try await nodes.connection(avoiding: avoided.map { [$0] } ?? [], due: due)
  }

  /// A connection that can be used now.
  func connectionNow() -> NodeConnection? { nodes.connectionNow() }

  /// Whether requests can be sent.
  var isConnected: Bool { connectionNow() != nil }
}

// MARK: - Requests

extension LoopClient {
  /// Carries a statement out and returns its first page.
  ///
  /// Nearly every request finds its statement prepared and a connection free, and its first answer is the last. For
  /// these there is one wait and nothing between; whatever is different goes the long way.
  func query(_ statement: Statement, _ given: QueryOptions?) async throws(CassandraError) -> Rows {
    // A value that is refused here may be right by now, if the schema has changed; the long way finds out.
    guard given == nil, let sent = try? sendAtOnce(statement) else {
      return try await queryTheLongWay(statement, given)
    }
    let outcome = await sent.connection.answer(sent.token, goesOn: sent.goesOn)
    if case .done = outcome {
      metrics.node(of: sent.connection).answered(sent.prepared.kind.verb, since: sent.began)
      return Rows(source: .single(Page(emptyWith: .empty)), info: nil)
    }
    if let page = outcome.onlyPage(version: sent.prepared.version, layout: sent.prepared.layout) {
      metrics.node(of: sent.connection).answered(sent.prepared.kind.verb, since: sent.began)
      return Rows(source: .single(page), info: nil)
    }
    let execution = Execution(
      statement: statement, prepared: sent.prepared, kind: sent.prepared.kind, options: context.defaults,
      timestamp: sent.timestamp, due: sent.due)
    let first = FirstAttempt(outcome, on: sent.connection, since: sent.began)
    return try await finish(execution, pageState: nil, first: first)
  }

  /// A request that has been sent, and what is needed when its answer is not the last.
  private struct Sent {
    let connection: NodeConnection
    let token: NodeConnection.Token
    let prepared: PreparedStatement
    let timestamp: Int64?
    let due: UInt64
    let goesOn: Bool
    /// In microseconds of ``LoopMetrics/now``.
    let began: UInt64
  }

  /// Sends a statement that is prepared, when there is a free place on a connection; nil when there is not.
  ///
  /// A function of its own because what does not wait needs no copies of what it works on.
  @inline(never)
  private func sendAtOnce(_ statement: borrowing Statement) throws(CassandraError) -> Sent? {
    guard context.defaults.arePlain, context.configuration.requestListener == nil,
      let prepared = cache.find(statement.identity),
      let connection = nodes.usableConnection(for: statement, prepared), connection.canSend,
      connection.version == prepared.version,
      !Task.isCancelled
    else { return nil }
    budget.earn()
    let now = loop.now
    let due = now + context.defaultTimeout
    let goesOn = context.defaults.isIdempotent ?? (prepared.kind.verb == .select)
    let look = goesOn ? min(due, now + context.firstLook) : due
    let timestamp = prepared.kind.takesTimestamp ? context.timestamps.next() : nil
    let token = try connection.send(.execute, flags: [], due: look) { (output: inout [UInt8]) throws(CassandraError) in
      try statement.encodeExecute(
        prepared, context.defaults, timestamp: timestamp, pageState: nil, pageSize: context.defaults.pageSize,
        into: &output)
    }
    return Sent(
      connection: connection, token: token, prepared: prepared, timestamp: timestamp, due: due, goesOn: goesOn,
      began: LoopMetrics.now)
  }

  private func queryTheLongWay(
    _ statement: Statement, _ given: QueryOptions?
  ) async throws(CassandraError) -> Rows {
    guard let listener = context.configuration.requestListener else {
      return try await query(statement, given, nil)
    }
    let watch = RequestWatch(listener, .query, [statement.text])
    return try await watch.whole { () async throws(CassandraError) in
      let rows = try await query(statement, given, watch)
      return (rows, rows.coordinator)
    }
  }

  private func query(
    _ statement: Statement, _ given: QueryOptions?, _ watch: RequestWatch?
  ) async throws(CassandraError) -> Rows {
    budget.earn()
    let options = try resolve(given)
    let due = loop.now + options.timeout.wholeMilliseconds
    var isFresh = false
    let prepared = try await findOrPrepare(statement, keyspace: options.keyspace, due: due, isFresh: &isFresh)
    let kind = prepared?.kind ?? StatementKind(statement.text)
    let timestamp = options.timestamp ?? (kind.takesTimestamp ? context.timestamps.next() : nil)
    let execution = Execution(
      statement: statement, prepared: prepared, kind: kind, options: options, timestamp: timestamp, due: due,
      isFresh: isFresh, watch: watch)
    var pageState: [UInt8]?
    if let token = options.resuming {
      guard let prepared else { throw CassandraError(.invalidPageState, "Only a SELECT can be resumed.") }
      pageState = try token.pageState(
        version: prepared.version, keyspace: options.keyspace ?? context.configuration.keyspace,
        text: prepared.text, values: statement.encodedValues(prepared))
    }
    do throws(CassandraError) { return try await finish(execution, pageState: pageState, first: nil) } catch {
      // Whoever keeps a position may have changed it; only the server can tell.
      guard pageState != nil, error.code == .protocolError else { throw error }
      throw CassandraError(
        .invalidPageState, "The database does not accept the resume token.", server: error.server,
        coordinator: error.coordinator)
    }
  }

  /// Makes rows of a request, after its first answer or from the beginning.
  private func finish(
    _ execution: Execution, pageState: [UInt8]?, first: FirstAttempt?
  ) async throws(CassandraError) -> Rows {
    var execution = execution
    let (reply, connection) = try await run(
      &execution, pageState: pageState, pageSize: execution.options.pageSize, first: first)
    switch reply {
    case .page(let page, let info):
      noteWarnings(info)
      guard page.hasMore else { return Rows(source: .single(page), info: info) }
      let pages = PageSource(self, execution, first: page, from: connection)
      return Rows(source: .pages(LoopBound(pages, on: loop), page.layout), info: info)
    case .done(var info):
      noteWarnings(info)
      if let change = info?.schemaChange {
        context.table.schemaChanged(change)
        info?.isSchemaAgreed = await waitForSchemaAgreement(on: connection)
      }
      return Rows(source: .single(Page(emptyWith: .empty)), info: info)
    case .prepared, .unprepared, .failure:
      throw CassandraError.protocolViolation("a statement was answered like a preparation", coordinator: nil)
    }
  }

  func resolve(_ options: QueryOptions?) throws(CassandraError) -> ResolvedOptions {
    guard let options else { return context.defaults }
    return try ResolvedOptions(context.configuration.options(options), context.configuration.limits)
  }

  /// Sends a request until there is an answer that is not to be retried. The reply is ``Reply/done(_:)`` or
  /// ``Reply/page(_:_:)``; failures are thrown.
  ///
  /// Whatever the schema did meanwhile, values are encoded for what the server is known to take at that moment.
  ///
  /// - Parameter first: The first attempt, when it has been made already.
  func run(
    _ execution: inout Execution, pageState: [UInt8]?, pageSize: Int32, first: FirstAttempt? = nil
  ) async throws(CassandraError) -> (Reply, NodeConnection) {
    var attempts = Attempts(execution.options.retry)
    var repreparations = Repreparations()
    // The first attempt began with the request, as far as is known here.
    var hedging = Hedging(execution.hedging, began: execution.due - execution.options.timeout.wholeMilliseconds)
    var race: Race?
    defer { if let race { giveUp(race, execution) } }
    var first = first
    while true {
      let answer = try await nextAnswer(
        first.take(), &race, &hedging, of: &execution, after: attempts, pageState: pageState, pageSize: pageSize)
      guard let answer else { continue }
      let connection = answer.connection
      let reply = Reply(
        answer.outcome, from: connection, layout: execution.isSentAsText ? nil : execution.prepared?.layout)
      attempts.count += 1
      attemptEnded(reply, on: connection, execution.kind.verb, took: answer.took, execution.watch)
      // What is still open elsewhere was sent, too.
      let count = attempts.count + (race?.count ?? 0)
      switch reply {
      case .done(let info): return (.done(described(info, connection, attempts: count)), connection)
      case .page(let page, let info):
        if page.newMetadataID != nil { noteChangedColumns(page, &execution) }
        return (.page(page, described(info, connection, attempts: count)), connection)
      case .unprepared(_, let error):
        guard let prepared = execution.prepared else { throw error }
        let step = repreparations.next()
        if repreparations.isThrashing { noteThrashing(at: connection.endPoint) }
        switch step {
        case .prepare(let wait):
          try await pauseBeforePreparing(wait, due: execution.due)
          do throws(CassandraError) {
            execution.prepared = try await prepareAgain(prepared, on: connection, due: execution.due)
          } catch {
            // The statement has not been carried out, whatever became of its preparation.
            try attempts.failed(
              context.explain(error, at: connection.endPoint).withRetrySafety(true), at: connection.endPoint,
              isIdempotent: true)
          }
        case .moveOn(let wait):
          try await pauseBeforePreparing(wait, due: execution.due)
          attempts.avoid(connection.endPoint)
        case .sendAsText: execution.isSentAsText = true
        }
        attempts.wantsAnother = true
      case .prepared:
        throw CassandraError.protocolViolation("a statement was answered like a preparation", coordinator: nil)
      case .failure(let error):
        if error.code == .invalid, try await hasChanged(&execution, on: connection, after: error) { continue }
        let endPoint = connection.endPoint
        do throws(CassandraError) {
          try attempts.failed(
            context.explain(error, at: endPoint), at: endPoint, isIdempotent: execution.isIdempotent)
        } catch {
          // While another node may still answer, the failure of one is not the last word.
          guard race?.isOpen == true, error.isOfOneNode, loop.now < execution.due else { throw error }
          attempts.wantsAnother = false
        }
      }
    }
  }

  /// The next answer to a request: of the attempt that was made first, of one that is still open, or of a new one. Nil
  /// when what its markers take has been learnt anew instead, and it is to be sent again.
  private func nextAnswer(
    _ first: FirstAttempt?, _ race: inout Race?, _ hedging: inout Hedging, of execution: inout Execution,
    after attempts: Attempts, pageState: [UInt8]?, pageSize: Int32
  ) async throws(CassandraError) -> EndedAttempt? {
    let rules = execution.options.routing
    let route = execution.prepared.map { nodes.route(of: execution.statement, $0, rules) } ?? RouteRequest(rules: rules)
    let open: Race
    switch first {
    case .answered(let answer): return answer
    case .open(let answer, let connection, let began):
      open = Race()
      open.add(answer, on: connection, since: began)
    case nil where race?.isOpen == true:
      open = race ?? Race()
      if attempts.wantsAnother, let other = nodes.connectionElsewhere(for: route, than: open.endPoints),
        let answer = begin(execution, pageState: pageState, pageSize: pageSize, on: other)
      {
        open.add(answer, on: other, since: LoopMetrics.now)
      }
    case nil:
      try await renew(&execution)
      let connection: NodeConnection
      do throws(CassandraError) {
        connection = try await nodes.connection(
          for: route, avoiding: attempts.avoided.map { [$0] } ?? [], due: execution.due)
      } catch { throw attempts.failure(insteadOf: error) }
      hedging.began(now: loop.now)
      let began = LoopMetrics.now
      let outcome: Outcome
      do throws(Unsent) {
        outcome = try await send(execution, on: connection, pageState: pageState, pageSize: pageSize)
      } catch {
        switch error {
        case .outdated: return nil
        case .refused(let refusal):
          guard try await hasChanged(&execution, on: connection, after: refusal) else { throw refusal }
          return nil
        }
      }
      guard case .late(let answer) = outcome else {
        return EndedAttempt(outcome: outcome, connection: connection, took: LoopMetrics.now &- began)
      }
      open = Race()
      open.add(answer.onLoop, on: connection, since: began)
    }
    race = open
    let request = execution
    return await firstAnswer(of: open, &hedging, for: route, due: request.due) { other in
      begin(request, pageState: pageState, pageSize: pageSize, on: other)
    }
  }

  /// Takes the newest form of a statement whose markers may take something else by now.
  func renew(_ execution: inout Execution) async throws(CassandraError) {
    // What is learnt may be outdated as soon as it is learnt; every round waits for the server, so time bounds them.
    while let prepared = execution.prepared, prepared.isOutdated {
      execution.prepared = try await findOrPrepare(
        execution.statement, keyspace: execution.options.keyspace, due: execution.due, isFresh: &execution.isFresh)
    }
  }

  /// Asks the server once within a request whether a statement takes other values than was thought, after values were
  /// refused. The answer replaces what was known.
  ///
  /// However many requests are refused, one of them at a time asks a node about a text, and the others wait for that.
  ///
  /// - Throws: What the server says of the statement, for instance that its table is gone.
  func hasChanged(
    _ execution: inout Execution, on connection: NodeConnection, after refusal: CassandraError
  ) async throws(CassandraError) -> Bool {
    guard let prepared = execution.prepared, !execution.isFresh, !execution.statement.values.isEmpty,
      refusal.code == .invalidValue || refusal.code == .invalid
    else { return false }
    execution.isFresh = true
    do throws(CassandraError) {
      let again = try await prepareAgain(prepared, on: connection, due: execution.due)
      execution.prepared = again
      return !again.isSame(as: prepared)
    } catch {
      if error.server != nil { throw error.withRetrySafety(true) }
      return false
    }
  }

  /// Sends a request once.
  private func send(
    _ execution: Execution, on connection: NodeConnection, pageState: [UInt8]?, pageSize: Int32
  ) async throws(Unsent) -> Outcome {
    let due = execution.hedging.map { min(execution.due, loop.now + $0.first) } ?? execution.due
    let goesOn = execution.hedging != nil
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

  /// A result came with other columns than the preparation promised; from now on these are expected.
  private func noteChangedColumns(_ page: Page, _ execution: inout Execution) {
    guard let prepared = execution.prepared,
      let changed = try? prepared.changed(layout: page.layout, resultMetadataID: page.newMetadataID)
    else { return }
    execution.prepared = changed
    changeCache { $0.insert(changed) }
    context.table.update(changed)
  }

  func noteWarnings(_ info: ResultInfo?) {
    guard let info, !info.warnings.isEmpty else { return }
    for warning in info.warnings {
      context.logger.warning(
        "the database warns", ["warning": .text(warning), "node": .text(info.coordinator?.description ?? "")])
    }
  }
}
