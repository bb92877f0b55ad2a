internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry

/// The part of a client that lives on one loop.
///
/// Four things have four owners: ``nodes`` keeps connections and knows where a request may go, ``statements`` knows what is
/// prepared, ``requests`` makes attempts until there is an answer, and ``control`` finds the nodes. What is here puts them
/// together: a statement or a batch becomes attempts, and an answer becomes rows.
final class LoopClient {
  let loop: EventLoop
  let context: ClientContext
  let nodes: LoopNodes
  let requests: RequestRunner
  let statements: LoopStatements
  /// What knows the nodes, on the loop that does.
  let control: ClusterControl?
  /// Who is told of requests.
  let listener: (any RequestListener)?
  /// Records the spans of most requests, where the listener does nothing else.
  private let spans: QuerySpanLoop?
  /// Whether the listener is told of requests that have no spans; a question that copies nothing.
  private let isWatched: Bool
  // `@exclusivity(unchecked)`: it is touched on the loop's thread only, and no access to it lasts while other code runs.
  @exclusivity(unchecked) private var numbers = RequestNumbers()
  /// Whether requests without options of their own have nothing that the shortest way would have to look at.
  private let hasShortestWay: Bool
  private let defaults: SharedOptions

  init(on loop: EventLoop, context: ClientContext) {
    self.loop = loop
    self.context = context
    defaults = SharedOptions(context.defaults)
    hasShortestWay = context.defaults.arePlain
    nodes = LoopNodes(on: loop, context: context)
    requests = RequestRunner(on: loop, nodes)
    statements = LoopStatements(on: loop, context: context, nodes, requests)
    control = loop.index == 0 ? ClusterControl(nodes) : nil
    listener = context.configuration.requestListener
    spans = QuerySpanLoop(listener, on: loop)
    isWatched = listener != nil && spans == nil
  }

  /// The number of the next request.
  func takeNumber() -> UInt64 { numbers.take() }

  /// Keeps the client going until the task is cancelled; then lets what is under way finish.
  func run() async {
    let bound = LoopBound(self, on: loop)
    await withDiscardingTaskGroup { group in
      if control != nil {
        group.addTask(executorPreference: bound.loop) { await bound.onLoop.control?.run() }
      }
      await nodes.run()
    }
    if control != nil { context.schemaNews.end() }
  }

  /// A connection that can be used now.
  func connectionNow() -> NodeConnection? { nodes.connectionNow() }

  /// Whether requests can be sent.
  var isConnected: Bool { connectionNow() != nil }
}

// MARK: - Statements

extension LoopClient {
  /// Carries a statement out and returns its first page.
  ///
  /// Nearly every request finds its statement prepared and a connection free, and its first answer is the last. For
  /// these there is one wait and nothing between; whatever is different goes the long way.
  ///
  /// - Parameter preparation: The request's own, which has just ended; nil at its beginning.
  func query(
    _ statement: Statement, _ given: QueryOptions?, after preparation: Preparing? = nil
  ) async throws(CassandraError) -> Rows {
    // A value that is refused here may be right by now, if the schema has changed; the long way finds out.
    guard given == nil, let sent = try? sendAtOnce(statement, due: preparation?.due) else {
      if given == nil, preparation == nil, let preparation = try await prepare(statement) {
        return try await query(statement, nil, after: preparation)
      }
      return try await queryTheLongWay(statement, given, isFresh: preparation?.isFresh ?? false)
    }
    let outcome = await sent.connection.answer(sent.token, goesOn: sent.goesOn)
    if case .done = outcome {
      answered(sent)
      return Rows(Page(emptyWith: .empty))
    }
    if let page = outcome.onlyPage(version: sent.prepared.version, layout: sent.prepared.layout) {
      answered(sent)
      return Rows(page)
    }
    var execution = Execution(
      statement: statement, prepared: sent.prepared, kind: sent.prepared.kind, options: defaults,
      timestamp: sent.timestamp, due: sent.due, isFresh: preparation?.isFresh ?? false)
    let first = FirstAttempt(outcome, on: sent.connection, since: sent.began)
    guard let listener else { return try await finish(execution, pageState: nil, first: first) }
    let watch = RequestWatch(listener, goingOn: sent.observed, since: sent.began)
    execution.watch = watch
    let watched = execution
    return try await watch.whole { () async throws(CassandraError) in
      let rows = try await finish(watched, pageState: nil, first: first)
      return (rows, rows.coordinator)
    }
  }

  /// What a request has to know of its preparation.
  struct Preparing {
    /// When the request has to be over.
    let due: UInt64
    /// Whether it was this request that asked the server.
    let isFresh: Bool
  }

  /// Prepares the statement of a request that could go the shortest way if it were prepared; nil when that is not what
  /// keeps it. Hundreds of requests may wait for the same preparation, and on the long way each takes 40 KB meanwhile.
  private func prepare(_ statement: Statement) async throws(CassandraError) -> Preparing? {
    guard hasShortestWay, listener == nil, statements.find(statement.identity) == nil else { return nil }
    let due = loop.now + context.defaultTimeout
    var isFresh = false
    let prepared = try await statements.findOrPrepare(statement, defaults.values, due: due, isFresh: &isFresh)
    return prepared == nil ? nil : Preparing(due: due, isFresh: isFresh)
  }

  /// The first answer to a request is the last.
  @inline(__always)
  private func answered(_ sent: borrowing Sent) {
    let now = LoopMetrics.now
    let took = now &- sent.began
    requests.metrics.node(of: sent.connection).answered(sent.prepared.kind.verb, took: took)
    if let spans { spans.answered(sent.prepared, on: sent.connection, at: now, took: took) }
    if isWatched { tell(sent, took) }
  }

  @inline(never)
  private func tell(_ sent: borrowing Sent, _ took: UInt64) {
    guard let listener else { return }
    let (request, node, duration) = (sent.observed, sent.connection.endPoint, Duration.microseconds(took))
    listener.attemptEnded(request, node: node, duration: duration, failure: nil)
    listener.requestEnded(request, node: node, duration: duration, attempts: 1, failure: nil)
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
    /// Its number, for who is told of it.
    let number: UInt64

    /// What a listener knows of it.
    var observed: ObservedRequest { ObservedRequest(id: number, kind: .query, prepared.text) }
  }

  /// Sends a statement that is prepared, when there is a free place on a connection; nil when there is not.
  ///
  /// A function of its own because what does not wait needs no copies of what it works on.
  @inline(never)
  private func sendAtOnce(_ statement: Statement, due given: UInt64?) throws(CassandraError) -> Sent? {
    guard hasShortestWay, let prepared = statements.find(statement.identity),
      let connection = nodes.usableConnection(for: statement, prepared), connection.canSend,
      connection.version == prepared.version,
      !Task.isCancelled
    else { return nil }
    requests.earn()
    let now = loop.now
    let due = given ?? now + context.defaultTimeout
    let goesOn = context.defaults.isIdempotent ?? (prepared.kind.verb == .select)
    let look =
      goesOn
      ? min(
        due, now + (context.firstLook ?? requests.firstLook(context.defaults.hedging, at: connection, prepared.kind)))
      : due
    let timestamp = prepared.kind.takesTimestamp ? context.timestamps.next() : nil
    let values = statement.bound
    let token = try connection.send(.execute, flags: [], due: look) { (output: inout [UInt8]) throws(CassandraError) in
      try values.encodeExecute(
        prepared, context.defaults, timestamp: timestamp, pageState: nil, pageSize: context.defaults.pageSize,
        into: &output)
    }
    let sent = Sent(
      connection: connection, token: token, prepared: prepared, timestamp: timestamp, due: due, goesOn: goesOn,
      began: LoopMetrics.now, number: isWatched ? takeNumber() : 0)
    // It was written and leaves at the end of the turn. What cannot be written goes another way, and begins there.
    if isWatched { listener?.requestBegan(sent.observed) }
    return sent
  }

  private func queryTheLongWay(
    _ statement: Statement, _ given: QueryOptions?, isFresh: Bool
  ) async throws(CassandraError) -> Rows {
    guard let listener else { return try await query(statement, given, isFresh: isFresh, nil) }
    let watch = RequestWatch(listener, ObservedRequest(id: takeNumber(), kind: .query, statement.text))
    return try await watch.whole { () async throws(CassandraError) in
      let rows = try await query(statement, given, isFresh: isFresh, watch)
      return (rows, rows.coordinator)
    }
  }

  private func query(
    _ statement: Statement, _ given: QueryOptions?, isFresh wasFresh: Bool, _ watch: RequestWatch?
  ) async throws(CassandraError) -> Rows {
    requests.earn()
    let options = try resolve(given)
    let due = loop.now + options.values.timeout.wholeMilliseconds
    var isFresh = wasFresh
    let prepared = try await statements.findOrPrepare(statement, options.values, due: due, isFresh: &isFresh)
    let kind = prepared?.kind ?? StatementKind(statement.text)
    let timestamp = options.values.timestamp ?? (kind.takesTimestamp ? context.timestamps.next() : nil)
    let execution = Execution(
      statement: statement, prepared: prepared, kind: kind, options: options, timestamp: timestamp, due: due,
      isFresh: isFresh, watch: watch)
    var pageState: [UInt8]?
    if let token = options.values.resuming {
      guard let prepared else { throw CassandraError(.invalidPageState, "Only a SELECT can be resumed.") }
      pageState = try token.pageState(
        version: prepared.version, keyspace: options.values.keyspace ?? context.configuration.keyspace,
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
      guard page.hasMore else { return Rows(page, info: info) }
      let pages = PageSource(self, execution, first: page, from: connection)
      return Rows(LoopBound(pages, on: loop), columns: page.layout, info: info)
    case .done(var info):
      noteWarnings(info)
      if let change = info?.schemaChange {
        context.schemaNews.heard(change)
        info?.isSchemaAgreed = await SchemaAgreement(nodes: nodes).wait(on: connection)
        // The other loops have been told; what is sent from here next is to find the keyspace, too.
        if context.schemaNews.makesAwaitedKeyspace(change) { nodes.replaceConnectionsWithoutKeyspace() }
      }
      return Rows(Page(emptyWith: .empty), info: info)
    case .prepared, .unprepared, .failure:
      throw CassandraError.protocolViolation("a statement was answered like a preparation", coordinator: nil)
    }
  }

  func resolve(_ options: QueryOptions?) throws(CassandraError) -> SharedOptions {
    guard let options else { return defaults }
    return SharedOptions(try ResolvedOptions(context.configuration.options(options), context.configuration.limits))
  }

  func noteWarnings(_ info: ResultInfo?) {
    guard let info, !info.warnings.isEmpty else { return }
    for warning in info.warnings.prefix(Self.loggedWarnings) {
      context.logger.warning(
        "the database warns", ["warning": .text(warning), "node": .text(info.coordinator?.description ?? "")])
    }
    guard info.warnings.count > Self.loggedWarnings else { return }
    context.logger.warning(
      "the database warns of more", ["warnings": .integer(info.warnings.count - Self.loggedWarnings)])
  }

  /// Warnings of one answer that are logged: 16, and how many more there are.
  private static let loggedWarnings = 16
}

// MARK: - Metrics

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
