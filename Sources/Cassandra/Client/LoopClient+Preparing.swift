internal import CassandraWire
internal import CassandraReactor

extension LoopClient {
  /// The prepared form of a statement, from the loop's cache, the client's table or the server; nil for a statement that
  /// is sent as text.
  func findOrPrepare(_ statement: Statement, due: UInt64) async throws(CassandraError) -> PreparedStatement? {
    if let prepared = cache.find(statement.identity) { return prepared }
    let text = statement.text
    if let prepared = changeCache({ $0.find(text: text, from: statement.identity) }) { return prepared }
    let kind = StatementKind(text)
    switch kind.verb {
    case .select, .modify: break
    case .use:
      throw CassandraError(
        .invalidStatement,
        "USE would change one of many connections; set the keyspace of the client, or write keyspace.table.",
        isRetrySafe: true)
    case .define, .other:
      guard statement.values.isEmpty else {
        throw CassandraError(
          .invalidStatement, "A statement that changes the schema takes no values; use Identifier for names.",
          isRetrySafe: true)
      }
      return nil
    }
    let prepared = try await takeTurn(PreparedTable.Key(text: text, node: nil), due: due) {
      (client: LoopClient) async throws(CassandraError) in
      try await client.prepareAnywhere(text, kind, due: due)
    }
    changeCache { $0.insert(prepared, from: statement.identity) }
    return prepared
  }

  // Taken out while it is changed: only then do look-ups, which every request makes, need no watch over their access.
  func changeCache<Result>(_ change: (inout PreparedCache) -> Result) -> Result {
    var cache = PreparedCache(capacity: 1)
    swap(&cache, &self.cache)
    defer { swap(&cache, &self.cache) }
    return change(&cache)
  }

  /// Prepares a statement anew on a node that has forgotten it.
  ///
  /// The id has to be the same again: another one would mean that the server counts something into it that we do not
  /// know, and preparing would never end.
  func prepareAgain(
    _ prepared: PreparedStatement, on connection: NodeConnection, due: UInt64
  ) async throws(CassandraError) {
    let again = try await takeTurn(PreparedTable.Key(text: prepared.text, node: connection.endPoint), due: due) {
      (client: LoopClient) async throws(CassandraError) in
      try await client.prepare(prepared.text, prepared.kind, on: connection, due: due)
    }
    guard again.id == prepared.id else {
      throw CassandraError(
        .unprepared, "The database gives a prepared statement another name every time.",
        coordinator: connection.endPoint, isRetrySafe: true)
    }
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
          .queueFull, "Too many requests wait for the database.", detail: "they wait for a statement to be prepared",
          isRetrySafe: true)
      case .wait:
        if let result = await context.table.wait(for: key, on: loop, due: due) { return try result.get() }
        if Task.isCancelled { throw CassandraError.cancelled(coordinator: nil) }
        guard loop.now < due else {
          throw CassandraError(.timedOut, "The statement could not be prepared in time.", isRetrySafe: true)
        }
      case .prepare:
        do throws(CassandraError) {
          let prepared = try await prepare(self)
          context.table.finish(key, with: .success(prepared))
          return prepared
        } catch {
          // Only what the server says of the statement itself is true for the others too.
          context.table.finish(key, with: error.server == nil ? nil : .failure(error))
          throw error
        }
      }
    }
  }

  /// Prepares a statement on one node, and after a failure that is not the statement's own on another.
  private func prepareAnywhere(
    _ text: String, _ kind: StatementKind, due: UInt64
  ) async throws(CassandraError) -> PreparedStatement {
    var attempts = Attempts()
    while true {
      let connection: NodeConnection
      do throws(CassandraError) { connection = try await self.connection(avoiding: attempts.avoided, due: due) } catch {
        throw attempts.failure(insteadOf: error)
      }
      do throws(CassandraError) { return try await prepare(text, kind, on: connection, due: due) } catch {
        // Whatever becomes of a preparation, the statement has not been carried out.
        let endPoint = connection.endPoint
        try attempts.failed(
          context.explain(error, at: endPoint).withRetrySafety(true), at: endPoint, isIdempotent: true)
      }
    }
  }

  private func prepare(
    _ text: String, _ kind: StatementKind, on connection: NodeConnection, due: UInt64
  ) async throws(CassandraError) -> PreparedStatement {
    let version = connection.version
    let outcome = try await connection.request(.prepare, due: due) { (output: inout [UInt8]) throws(CassandraError) in
      do throws(WireError) {
        try RequestMessage.encodePrepare(text, keyspace: nil, into: &output, version: version)
      } catch { throw .unsendable(error) }
    }
    switch Reply(outcome, from: connection, layout: nil) {
    case .prepared(let result):
      do throws(WireError) {
        return try PreparedStatement(text: text, kind: kind, result: result, version: version)
      } catch {
        throw CassandraError.protocolViolation("\(error)", coordinator: connection.endPoint, cause: error)
      }
    case .failure(let error): throw error
    case .done, .page, .unprepared:
      throw CassandraError.protocolViolation("a preparation was answered with rows", coordinator: connection.endPoint)
    }
  }
}
