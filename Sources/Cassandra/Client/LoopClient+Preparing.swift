internal import CassandraBytes
internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry

extension LoopClient {
  /// The prepared form of a statement, from the loop's cache, the client's table or the server; nil for a statement that
  /// is sent as text.
  ///
  /// - Parameter isFresh: Is set when the server has just been asked, so that asking it again would tell nothing new.
  func findOrPrepare(
    _ statement: Statement, keyspace: String?, due: UInt64, isFresh: inout Bool
  ) async throws(CassandraError) -> PreparedStatement? {
    // Where a statement stands in the program does not tell which keyspace it is for.
    let identity = keyspace == nil ? statement.identity : nil
    if let prepared = cache.find(identity) { return prepared }
    let key = StatementKey(statement.text, keyspace: keyspace)
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
        "USE would change one of many connections; set the keyspace of the client, or write keyspace.table.",
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
      (client: LoopClient) async throws(CassandraError) in
      hasAsked = true
      return try await client.prepareAnywhere(key, kind, due: due)
    }
    if hasAsked { isFresh = true }
    changeCache { $0.insert(prepared, from: identity) }
    return prepared
  }

  // Taken out while it is changed: only then do look-ups, which every request makes, need no watch over their access.
  func changeCache<Result>(_ change: (inout PreparedCache) -> Result) -> Result {
    var cache = PreparedCache(capacity: 1)
    swap(&cache, &self.cache)
    defer { swap(&cache, &self.cache) }
    return change(&cache)
  }

  /// Prepares a statement anew on a node: one that has forgotten it, or one that is to tell what it takes now.
  ///
  /// - Returns: What the server says now, which replaces what was known; the same object when it says the same.
  func prepareAgain(
    _ prepared: PreparedStatement, on connection: NodeConnection, due: UInt64
  ) async throws(CassandraError) -> PreparedStatement {
    let key = PreparedTable.Key(statement: prepared.key, node: connection.endPoint)
    let again = try await takeTurn(key, due: due) { (client: LoopClient) async throws(CassandraError) in
      try await client.prepare(prepared.key, prepared.kind, on: connection, due: due)
    }
    if again !== prepared { changeCache { $0.insert(again) } }
    return again
  }

  /// Prepares when nobody else does, and waits for the other otherwise.
  private func takeTurn(
    _ key: PreparedTable.Key, due: UInt64,
    _ prepare: (LoopClient) async throws(CassandraError) -> PreparedStatement
  ) async throws(CassandraError) -> PreparedStatement {
    while true {
      switch context.table.turn(for: key) {
      case .ready(let prepared): return prepared
      case .full:
        throw CassandraError(
          .queueFull, "Too many requests are waiting for the database.",
          detail: "they wait for a statement to be prepared",
          isRetrySafe: true)
      case .wait:
        if let result = await context.table.wait(for: key, on: loop, due: due) { return try result.get() }
        if Task.isCancelled { throw CassandraError.cancelled(coordinator: nil) }
        guard loop.now < due else {
          throw CassandraError(.timedOut, "The statement could not be prepared in time.", isRetrySafe: true)
        }
      case .prepare:
        do throws(CassandraError) {
          return context.table.finish(key, with: try await prepare(self))
        } catch {
          // Only what the server says of the statement itself is true for the others too.
          context.table.finish(key, with: error.server == nil ? nil : error)
          throw error
        }
      }
    }
  }

  /// Prepares a statement on one node, and after a failure that is not the statement's own on another.
  private func prepareAnywhere(
    _ key: StatementKey, _ kind: StatementKind, due: UInt64
  ) async throws(CassandraError) -> PreparedStatement {
    var attempts = Attempts()
    while true {
      let connection: NodeConnection
      do throws(CassandraError) { connection = try await self.connection(avoiding: attempts.avoided, due: due) } catch {
        throw attempts.failure(insteadOf: error)
      }
      do throws(CassandraError) { return try await prepare(key, kind, on: connection, due: due) } catch {
        // Whatever becomes of a preparation, the statement has not been carried out.
        guard loop.now < due else { throw error.withRetrySafety(true) }
        let endPoint = connection.endPoint
        try attempts.failed(
          context.explain(error, at: endPoint).withRetrySafety(true), at: endPoint, isIdempotent: true)
      }
    }
  }

  private func prepare(
    _ key: StatementKey, _ kind: StatementKind, on connection: NodeConnection, due: UInt64
  ) async throws(CassandraError) -> PreparedStatement {
    let version = connection.version
    // Preparing twice does no harm, so a node that hangs is not waited for to the end.
    let attemptDue = min(due, loop.now + context.defaults.attemptTimeout.wholeMilliseconds)
    var knownChanges: UInt64 = 0
    let outcome = try await connection.request(.prepare, due: attemptDue) {
      (output: inout [UInt8]) throws(CassandraError) in
      // Here and not before: it may have waited for its place.
      knownChanges = context.table.knownChanges
      do throws(WireError) {
        try RequestMessage.encodePrepare(
          key.text.text, keyspace: key.keyspace?.text, into: &output, version: version)
      } catch { throw .unsendable(error) }
    }
    switch Reply(outcome, from: connection, layout: nil) {
    case .prepared(let result):
      do throws(WireError) {
        return try PreparedStatement(key: key, kind: kind, result: result, version: version, knownChanges: knownChanges)
      } catch {
        throw CassandraError.protocolViolation("\(error)", coordinator: connection.endPoint, cause: error)
      }
    case .failure(let error): throw error
    case .done, .page, .unprepared:
      throw CassandraError.protocolViolation("a preparation was answered with rows", coordinator: connection.endPoint)
    }
  }
}

// MARK: - Statements that nobody keeps

extension LoopClient {
  /// Waits before a statement is prepared once more, for no longer than the request has.
  func pauseBeforePreparing(_ milliseconds: UInt64, due: UInt64) async throws(CassandraError) {
    guard milliseconds > 0 else { return }
    let now = loop.now
    do { try await loop.sleep(for: .milliseconds(min(milliseconds, due > now ? due - now : 0))) } catch {
      throw CassandraError.cancelled(coordinator: nil)
    }
  }

  /// Says once for the whole client that the server forgets statements faster than they are used.
  func noteThrashing(at endPoint: EndPoint) {
    guard context.wasWarnedOfThrashing.isFirst() else { return }
    context.logger.warning(
      "the database forgets prepared statements as soon as they are prepared: more different texts are in use than it keeps. Values belong into markers, not into the text",
      ["node": .text("\(endPoint)")])
  }
}
