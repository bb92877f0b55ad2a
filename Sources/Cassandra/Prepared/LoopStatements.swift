internal import CassandraBytes
internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry

/// The prepared statements as one loop knows them, and how one gets prepared.
final class LoopStatements {
  private let loop: EventLoop
  private let context: ClientContext
  private let nodes: LoopNodes
  private let requests: RequestRunner
  // `@exclusivity(unchecked)`: it is touched on the loop's thread only, and no access to it lasts while other code runs
  // that could touch it, so the check at every access would find nothing.
  @exclusivity(unchecked) private var cache: PreparedCache

  init(on loop: EventLoop, context: ClientContext, _ nodes: LoopNodes, _ requests: RequestRunner) {
    self.loop = loop
    self.context = context
    self.nodes = nodes
    self.requests = requests
    cache = PreparedCache(capacity: context.configuration.limits.preparedStatements)
  }

  /// The statement for these literals, when it has been used here before and is not outdated.
  @inline(__always)
  func find(_ identity: Literals.Identity?) -> PreparedStatement? { cache.find(identity) }

  // Taken out while it is changed: only then do look-ups, which every request makes, need no watch over their access.
  private func changeCache<Result>(_ change: (inout PreparedCache) -> Result) -> Result {
    var cache = PreparedCache.placeholder
    swap(&cache, &self.cache)
    defer { swap(&cache, &self.cache) }
    return change(&cache)
  }

  /// The prepared form of a statement, from the loop's cache, the client's table or the server; nil for a statement that
  /// is sent as text.
  ///
  /// - Parameter isFresh: Is set when the server has just been asked, so that asking it again would tell nothing new.
  func findOrPrepare(
    _ statement: Statement, _ options: ResolvedOptions, due: UInt64, isFresh: inout Bool
  ) async throws(CassandraError) -> PreparedStatement? {
    // Where a statement stands in the program does not tell which keyspace it is for.
    let identity = options.keyspace == nil ? statement.identity : nil
    if let prepared = cache.find(identity) { return prepared }
    let key = StatementKey(statement.text, keyspace: options.keyspace)
    if let prepared = changeCache({ $0.find(key, from: identity) }) { return prepared }
    let kind = StatementKind(key.text.text)
    switch kind.verb {
    case .select, .modify:
      if statement.isInterpolated, let problem = MarkerPlaces(key.text.text).problem(values: statement.values.count) {
        throw CassandraError(.invalidStatement, problem, isRetrySafe: true)
      }
    case .use:
      throw CassandraError(
        .invalidStatement,
        "USE would affect only one of many connections; set the client's keyspace, or write keyspace.table.",
        isRetrySafe: true)
    case .define, .other:
      guard statement.values.isEmpty else {
        throw CassandraError(
          .invalidStatement,
          "Only SELECT, INSERT, UPDATE and DELETE take values. Elsewhere a name is interpolated as an Identifier, and anything else goes into the text of Statement(unsafeCQL:).",
          isRetrySafe: true)
      }
      return nil
    }
    var hasAsked = false
    let prepared = try await takeTurn(PreparedTable.Key(statement: key, node: nil), due: due) {
      () async throws(CassandraError) in
      hasAsked = true
      return try await prepareAnywhere(key, kind, options, due: due)
    }
    if hasAsked { isFresh = true }
    changeCache { $0.insert(prepared, from: identity) }
    return prepared
  }

  /// The columns that the rows of a statement have; none when it is not prepared.
  func columns(of statement: Statement) async throws(CassandraError) -> [ColumnSpecification] {
    let due = loop.now + context.defaultTimeout
    while true {
      var isFresh = false
      let prepared = try await findOrPrepare(statement, context.defaults, due: due, isFresh: &isFresh)
      // What is learnt may be outdated as soon as it is learnt; every round waits for the server, so time bounds them.
      guard let prepared, prepared.isOutdated else { return prepared?.layout.columns ?? [] }
    }
  }

  /// Prepares a statement anew on a node: one that has forgotten it, or one that is to tell what it takes now.
  ///
  /// - Returns: What the server says now, which replaces what was known; the same object when it says the same.
  func prepareAgain(
    _ prepared: PreparedStatement, on connection: NodeConnection, _ limits: Hedging.Limits, due: UInt64
  ) async throws(CassandraError) -> PreparedStatement {
    let key = PreparedTable.Key(statement: prepared.key, node: connection.endPoint)
    let again = try await takeTurn(key, due: due) { () async throws(CassandraError) in
      requests.metrics.node(of: connection).metrics.repreparations &+= 1
      // One that says nothing is not waited for: preparing it elsewhere does no harm.
      let preparation = Preparation(prepared.key, prepared.kind, context.table)
      let outcome = try await preparation.send(on: connection, due: min(due, loop.now + limits.attempt), goesOn: true)
      return try preparation.result(outcome, from: connection)
    }
    if again !== prepared { changeCache { $0.insert(again) } }
    return again
  }

  /// Prepares when nobody else does, and waits for the other otherwise.
  private func takeTurn(
    _ key: PreparedTable.Key, due: UInt64, _ prepare: () async throws(CassandraError) -> PreparedStatement
  ) async throws(CassandraError) -> PreparedStatement {
    while true {
      switch context.table.turn(for: key) {
      case .ready(let prepared): return prepared
      case .full:
        throw CassandraError(
          .queueFull, "Too many requests are waiting for the database.",
          logDetail: "they wait for a statement to be prepared",
          isRetrySafe: true)
      case .wait:
        if let result = await context.table.wait(for: key, on: loop, due: due) { return try result.get() }
        if Task.isCancelled { throw CassandraError.cancelled(coordinator: nil) }
        guard loop.now < due else {
          throw CassandraError(.timedOut, "The statement could not be prepared in time.", isRetrySafe: true)
        }
      case .prepare:
        do throws(CassandraError) {
          return context.table.finish(key, with: try await prepare())
        } catch {
          // Only what the server says of the statement itself is true for the others too.
          context.table.finish(key, with: error.server == nil ? nil : error)
          throw error
        }
      }
    }
  }

  /// Prepares a statement on any node: on another one, too, when the first is slow or silent, and after a failure that is
  /// not the statement's own. Preparing twice does no harm.
  private func prepareAnywhere(
    _ key: StatementKey, _ kind: StatementKind, _ options: ResolvedOptions, due: UInt64
  ) async throws(CassandraError) -> PreparedStatement {
    var pursuit = Pursuit(retrying: .standard, options.hedging, .other, began: loop.now, due: due)
    defer { while pursuit.giveUpNext() != nil {} }
    let preparation = Preparation(key, kind, context.table)
    while true {
      let step = try await requests.next(&pursuit, for: RouteRequest(rules: options.routing)) {
        (connection, due, goesOn) async throws(Unsent) in
        do throws(CassandraError) { return try await preparation.send(on: connection, due: due, goesOn: goesOn) } catch
        {
          throw .refused(error)
        }
      } begin: {
        preparation.begin(on: $0, due: due)
      }
      switch step {
      case .again, .unsent(.outdated, _): continue
      case .unsent(.refused(let refusal, _), _): throw refusal
      case .ended(let answer):
        do throws(CassandraError) {
          return try preparation.result(answer.outcome, from: answer.connection)
        } catch {
          // Whatever becomes of a preparation, the statement has not been carried out.
          guard loop.now < due else { throw error.withRetrySafety(true) }
          let endPoint = answer.connection.endPoint
          let failure = answer.connection.lacksKeyspace && error.code == .invalid ? .keyspaceMissing(error) : error
          do throws(CassandraError) {
            try pursuit.attempts.failed(
              context.explain(failure, at: endPoint).withRetrySafety(true), at: endPoint, isIdempotent: true)
          } catch {
            guard pursuit.isOpen, error.isOfOneNode else { throw error }
            pursuit.attempts.wantsAnother = false
          }
        }
      }
    }
  }
}

/// A statement on its way to being prepared, perhaps on several nodes.
private final class Preparation {
  private let key: StatementKey
  private let kind: StatementKind
  private let table: PreparedTable
  /// How many changes of the schema were known when the first of the attempts was sent that are open.
  private var knownChanges = UInt64.max

  init(_ key: StatementKey, _ kind: StatementKind, _ table: PreparedTable) {
    self.key = key
    self.kind = kind
    self.table = table
  }

  private func encode(for version: ProtocolVersion, into output: inout [UInt8]) throws(CassandraError) {
    do throws(WireError) {
      try RequestMessage.encodePrepare(key.text.text, keyspace: key.keyspace?.text, into: &output, version: version)
    } catch { throw .unsendable(error) }
  }

  /// Sends it where no attempt is open.
  func send(on connection: NodeConnection, due: UInt64, goesOn: Bool) async throws(CassandraError) -> Outcome {
    try await connection.request(.prepare, due: due, goesOn: goesOn) { (output: inout [UInt8]) throws(CassandraError) in
      // Here and not before: it may have waited for its place.
      knownChanges = table.knownChanges
      try encode(for: connection.version, into: &output)
    }
  }

  /// Sends it once more, beside those that are open.
  func begin(on connection: NodeConnection, due: UInt64) -> PendingAnswer? {
    try? connection.begin(.prepare, due: due) { (output: inout [UInt8]) throws(CassandraError) in
      try encode(for: connection.version, into: &output)
    }
  }

  func result(_ outcome: Outcome, from connection: NodeConnection) throws(CassandraError) -> PreparedStatement {
    switch Reply(outcome, from: connection, layout: nil) {
    case .prepared(let result):
      do throws(WireError) {
        return try PreparedStatement(
          key: key, kind: kind, result: result, version: connection.version, knownChanges: knownChanges)
      } catch {
        throw .protocolViolation("\(error)", coordinator: connection.endPoint, cause: error)
      }
    case .failure(let error): throw error
    case .done, .page, .unprepared:
      throw .protocolViolation("a preparation was answered with rows", coordinator: connection.endPoint)
    }
  }
}

// MARK: - What is learnt of a statement while it is used

extension LoopStatements {
  /// Takes the newest form of a statement whose markers may take something else by now.
  func renew(_ execution: inout Execution) async throws(CassandraError) {
    // What is learnt may be outdated as soon as it is learnt; every round waits for the server, so time bounds them.
    while let prepared = execution.prepared, prepared.isOutdated {
      execution.prepared = try await findOrPrepare(
        execution.statement, execution.options, due: execution.due, isFresh: &execution.isFresh)
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
      let again = try await prepareAgain(prepared, on: connection, execution.options.hedging, due: execution.due)
      execution.prepared = again
      return !again.isSame(as: prepared)
    } catch {
      if error.server != nil { throw error.withRetrySafety(true) }
      return false
    }
  }

  /// A result came with other columns than the preparation promised; from now on these are expected.
  func noteChangedColumns(_ page: Page, _ execution: inout Execution) {
    guard let prepared = execution.prepared,
      let changed = try? prepared.changed(layout: page.layout, resultMetadataID: page.newMetadataID)
    else { return }
    execution.prepared = changed
    changeCache { $0.insert(changed) }
    context.table.update(changed)
  }

  /// What to do after a node has not known a statement; the wait before it is over then.
  func step(
    after repreparations: inout Repreparations, at connection: NodeConnection, due: UInt64
  ) async throws(CassandraError) -> Repreparations.Step {
    let step = repreparations.next()
    if repreparations.isThrashing { noteThrashing(at: connection.endPoint) }
    switch step {
    case .prepare(let wait), .moveOn(let wait):
      let now = loop.now
      guard wait > 0 else { break }
      do { try await loop.sleep(for: .milliseconds(min(wait, due > now ? due - now : 0))) } catch {
        throw CassandraError.cancelled(coordinator: nil)
      }
    case .sendAsText: break
    }
    return step
  }

  /// Says once for the whole client that the server forgets statements faster than they are used.
  private func noteThrashing(at endPoint: EndPoint) {
    guard context.wasWarnedOfThrashing.isFirst() else { return }
    context.logger.warning(
      "the database forgets prepared statements as soon as they are prepared: more different texts are in use than it keeps. Values belong into markers, not into the text",
      ["node": .text("\(endPoint)")])
  }
}
