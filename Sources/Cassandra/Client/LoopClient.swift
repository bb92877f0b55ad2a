internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry

/// What all loops of a client share; nothing of it changes without a lock.
struct ClientContext: Sendable {
  var configuration: ClientConfiguration
  var defaults: ResolvedOptions
  /// The defaults' time-out in milliseconds.
  var defaultTimeout: UInt64
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
  enum State {
    /// `run()` has not been called.
    case idle
    case running
    case closed
  }

  /// What is known of where the nodes are.
  enum Location {
    /// The directory has not answered yet.
    case asked
    /// They are listed.
    case known
    /// The directory has failed to answer the last question; the nodes are those of the answer before.
    case failed(CassandraError)
  }

  let loop: EventLoop
  let context: ClientContext
  // `@exclusivity(unchecked)` here and below: these are touched on the loop's thread only, and no access to one of them
  // lasts while other code runs that could touch it, so the check at every access would find nothing.
  @exclusivity(unchecked) var nodes: [Node]
  var location: Location
  /// Where ``run()`` waits for other nodes.
  let topology = AdmissionQueue()
  /// When the directory is asked, on the loop that does.
  var inquiry: DirectoryInquiry
  /// Where that loop waits until then.
  let inquiries = AdmissionQueue()
  /// The addresses that names had when they could last be looked up.
  var addresses: [EndPoint: [SocketAddress]] = [:]
  @exclusivity(unchecked) var state = State.idle
  @exclusivity(unchecked) var cache: PreparedCache
  let metrics = LoopMetrics()
  private let waiting = AdmissionQueue()
  @exclusivity(unchecked) private var turn = 0

  init(on loop: EventLoop, context: ClientContext) {
    self.loop = loop
    self.context = context
    let known = context.configuration.cluster.knownMap
    nodes = (known?.endPoints ?? []).map { Node($0) }
    location = known == nil ? .asked : .known
    inquiry = DirectoryInquiry(context.configuration.reconnection)
    cache = PreparedCache(capacity: context.configuration.limits.preparedStatements)
  }

  /// Something has changed that requests may wait for.
  func connectionsChanged() { waiting.admitAll() }
}

// MARK: - Where to send a request

extension LoopClient {
  /// A connection to send a request on: the nodes take turns, and `avoided` comes last.
  ///
  /// Waits while `run()` has not begun, while the first attempts to connect are under way, and while connections that
  /// have been lost are being replaced; when no node can be reached after that, it fails at once.
  func connection(avoiding avoided: EndPoint?, due: UInt64) async throws(CassandraError) -> NodeConnection {
    while true {
      if let connection = usableConnection(avoiding: avoided) { return connection }
      switch state {
      case .closed: throw CassandraError(.closed, "The database client has been closed.", isRetrySafe: true)
      case .running where hasNothingToWaitFor: throw noNodeAvailable
      case .running, .idle: break
      }
      guard waiting.count < context.configuration.limits.requestsWaiting else {
        throw CassandraError(
          .queueFull, "Too many requests wait for the database.", detail: "\(waiting.count) wait for a connection",
          isRetrySafe: true)
      }
      switch await waiting.add(on: loop, due: due) {
      case .admitted: continue
      case .cancelled: throw CassandraError.cancelled(coordinator: nil)
      case .timedOut where state == .idle:
        throw CassandraError(
          .notRunning,
          "The database client is not running: call run() in a task of its own, or use withClient.", isRetrySafe: true)
      case .timedOut: throw noNodeAvailable
      }
    }
  }

  /// A connection that can be used now.
  func connectionNow() -> NodeConnection? { usableConnection() }

  /// Whether requests can be sent.
  var isConnected: Bool { connectionNow() != nil }

  @inline(__always)
  private func usableConnection() -> NodeConnection? {
    turn &+= 1
    for step in 0..<nodes.count {
      let node = nodes[(turn &+ step) % nodes.count]
      if let connection = node.connection, connection.isUsable { return connection }
    }
    return nil
  }

  /// The same, of another node than the one at `avoided` where there is one.
  private func usableConnection(avoiding avoided: EndPoint?) -> NodeConnection? {
    guard let avoided else { return usableConnection() }
    turn &+= 1
    for step in 0..<nodes.count {
      let node = nodes[(turn &+ step) % nodes.count]
      guard let connection = node.connection, connection.isUsable, !isNode(node, at: avoided) else { continue }
      return connection
    }
    return usableConnection()
  }

  /// Whether a node is the one that is reached at `endPoint`, under whatever name.
  private func isNode(_ node: Node, at endPoint: EndPoint) -> Bool {
    node.endPoint == endPoint || nodes.contains { $0.endPoint == endPoint && $0.isSame(as: node) }
  }

  /// Whether no node is expected to be there at any moment.
  private var hasNothingToWaitFor: Bool {
    switch location {
    case .asked: false
    case .known, .failed: nodes.allSatisfy(\.isAway)
    }
  }

  private var noNodeAvailable: CassandraError {
    // Where the directory does not answer, that says more than that the nodes of its last answer are gone.
    if case .failed(let error) = location { return error.withRetrySafety(true) }
    let failures = nodes.compactMap { node in node.failure.map { "\(node.endPoint): \($0.debugDescription)" } }
    let cause = nodes.lazy.compactMap(\.failure).first
    // A missing keyspace and bad credentials are not cured by waiting, so they are told as they are.
    if let cause, [.keyspaceMissing, .badCredentials, .credentialsMissing].contains(cause.code),
      nodes.allSatisfy({ $0.failure?.code == cause.code })
    {
      return cause.withRetrySafety(true)
    }
    let message = cause?.code == .noNodeAvailable ? cause?.description : nil
    return CassandraError(
      .noNodeAvailable, message ?? "The database cannot be reached.", detail: failures.joined(separator: "; "),
      isRetrySafe: true, cause: cause)
  }
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
    let outcome = await sent.connection.answer(sent.token)
    if case .done = outcome {
      return Rows(source: .single(Page(emptyWith: .empty)), info: nil)
    }
    if let page = outcome.onlyPage(version: sent.prepared.version, layout: sent.prepared.layout) {
      metrics.node(of: sent.connection).answered(sent.prepared.kind.verb, since: sent.began)
      return Rows(source: .single(page), info: nil)
    }
    let execution = Execution(
      statement: statement, prepared: sent.prepared, kind: sent.prepared.kind, options: context.defaults,
      timestamp: sent.timestamp, due: sent.due)
    let reply = Reply(outcome, from: sent.connection, layout: sent.prepared.layout)
    metrics.attemptEnded(reply, on: sent.connection, sent.prepared.kind.verb, since: sent.began)
    return try await finish(execution, pageState: nil, first: (reply, sent.connection))
  }

  /// A request that has been sent, and what is needed when its answer is not the last.
  private struct Sent {
    let connection: NodeConnection
    let token: NodeConnection.Token
    let prepared: PreparedStatement
    let timestamp: Int64?
    let due: UInt64
    /// In microseconds.
    let began: UInt64
  }

  /// Sends a statement that is prepared, when there is a free place on a connection; nil when there is not.
  ///
  /// A function of its own because what does not wait needs no copies of what it works on.
  @inline(never)
  private func sendAtOnce(_ statement: borrowing Statement) throws(CassandraError) -> Sent? {
    guard context.defaults.arePlain, context.configuration.requestListener == nil,
      let prepared = cache.find(statement.identity),
      let connection = usableConnection(), connection.canSend, connection.version == prepared.version,
      !Task.isCancelled
    else { return nil }
    let due = loop.now + context.defaultTimeout
    let timestamp = prepared.kind.takesTimestamp ? context.timestamps.next() : nil
    let token = try connection.send(.execute, flags: [], due: due) { (output: inout [UInt8]) throws(CassandraError) in
      try statement.encodeExecute(
        prepared, context.defaults, timestamp: timestamp, pageState: nil, pageSize: context.defaults.pageSize,
        into: &output)
    }
    return Sent(
      connection: connection, token: token, prepared: prepared, timestamp: timestamp, due: due, began: LoopMetrics.now)
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
        .invalidPageState, "The database does not accept the position in the result.", server: error.server,
        coordinator: error.coordinator)
    }
  }

  /// Makes rows of a request, after its first answer or from the beginning.
  private func finish(
    _ execution: Execution, pageState: [UInt8]?, first: (Reply, NodeConnection)?
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
    return try ResolvedOptions(context.configuration.defaults.overridden(by: options))
  }

  /// Sends a request until there is an answer that is not to be retried. The reply is ``Reply/done(_:)`` or
  /// ``Reply/page(_:_:)``; failures are thrown.
  ///
  /// Whatever the schema did meanwhile, values are encoded for what the server is known to take at that moment.
  ///
  /// - Parameter first: The answer to the first attempt, when there was one.
  func run(
    _ execution: inout Execution, pageState: [UInt8]?, pageSize: Int32, first: (Reply, NodeConnection)? = nil
  ) async throws(CassandraError) -> (Reply, NodeConnection) {
    var attempts = Attempts()
    var repreparations = Repreparations()
    var first = first
    while true {
      let reply: Reply
      let connection: NodeConnection
      if let (firstReply, firstConnection) = first.take() {
        (reply, connection) = (firstReply, firstConnection)
      } else {
        try await renew(&execution)
        let (began, start) = (LoopMetrics.now, execution.watch.map { _ in ContinuousClock.now })
        do throws(CassandraError) {
          connection = try await self.connection(avoiding: attempts.avoided, due: execution.due)
        } catch { throw attempts.failure(insteadOf: error) }
        do throws(Unsent) {
          reply = try await send(execution, on: connection, pageState: pageState, pageSize: pageSize)
        } catch {
          switch error {
          case .outdated: continue
          case .refused(let refusal):
            guard try await hasChanged(&execution, on: connection, after: refusal) else { throw refusal }
            continue
          }
        }
        attempts.count += 1
        metrics.attemptEnded(reply, on: connection, execution.kind.verb, since: began)
        if let start {
          execution.watch?.attemptEnded(at: connection.endPoint, since: start, failure: reply.failure)
        }
      }
      switch reply {
      case .done(let info): return (.done(described(info, connection, attempts)), connection)
      case .page(let page, let info):
        if page.newMetadataID != nil { noteChangedColumns(page, &execution) }
        return (.page(page, described(info, connection, attempts)), connection)
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
      case .prepared:
        throw CassandraError.protocolViolation("a statement was answered like a preparation", coordinator: nil)
      case .failure(let error):
        if error.code == .invalid, try await hasChanged(&execution, on: connection, after: error) { continue }
        let endPoint = connection.endPoint
        try attempts.failed(
          context.explain(error, at: endPoint), at: endPoint, isIdempotent: execution.isIdempotent)
      }
    }
  }

  /// What an answer tells, of one that took a longer way.
  func described(_ info: ResultInfo?, _ connection: NodeConnection, _ attempts: Attempts) -> ResultInfo {
    var info = info ?? ResultInfo()
    info.coordinator = connection.endPoint
    info.attempts = max(1, attempts.count)
    return info
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
  ) async throws(Unsent) -> Reply {
    let version = connection.version
    let known = execution.prepared
    let prepared: PreparedStatement?
    do throws(CassandraError) { prepared = try known?.adapted(to: version) } catch { throw .refused(error) }
    guard let known, let prepared, !execution.isSentAsText else {
      let outcome = try await connection.request(.query, flags: execution.flags, due: execution.due) {
        (output: inout [UInt8]) throws(Unsent) in
        if let known, known.isOutdated { throw .outdated }
        do throws(CassandraError) {
          try execution.encodeQuery(version: version, pageState: pageState, pageSize: pageSize, into: &output)
        } catch { throw .refused(error) }
      }
      return Reply(outcome, from: connection, layout: nil)
    }
    let outcome = try await connection.request(.execute, flags: execution.flags, due: execution.due) {
      (output: inout [UInt8]) throws(Unsent) in
      // It may have waited for its place for a while.
      guard !known.isOutdated else { throw .outdated }
      do throws(CassandraError) {
        try execution.encodeExecute(prepared, pageState: pageState, pageSize: pageSize, into: &output)
      } catch { throw .refused(error) }
    }
    return Reply(outcome, from: connection, layout: prepared.layout)
  }

  /// Sends a request for a page without waiting; nil when that is not possible at the moment.
  func begin(
    _ execution: Execution, pageState: [UInt8], pageSize: Int32, on connection: NodeConnection
  ) -> PendingAnswer? {
    guard let known = execution.prepared, !known.isOutdated, !execution.isSentAsText,
      let prepared = try? known.adapted(to: connection.version)
    else { return nil }
    let pending = try? connection.begin(.execute, flags: execution.flags, due: execution.due) {
      (output: inout [UInt8]) throws(CassandraError) in
      try execution.encodeExecute(prepared, pageState: pageState, pageSize: pageSize, into: &output)
    }
    return pending
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
