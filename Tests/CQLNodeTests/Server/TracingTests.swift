import CQLNode
import CassandraReactor
import CassandraTesting
import CassandraWire
import Testing

/// Requests whose client asks to be told what they do.
@Suite(.timeLimit(.minutes(5))) struct TracingTests {
  private static func parameters() -> QueryParameters { QueryParameters(consistency: .one) }

  private static func withClient(_ body: @escaping @Sendable (WireClient) async throws -> Void) async throws {
    try await EmbeddedNode.withNode { node in
      try await EventLoops.shared[0].run {
        let client = try await WireClient.ready(to: node.address)
        defer { client.close() }
        for statement in [
          "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
          "CREATE TABLE k.t (k int PRIMARY KEY, v text)", "INSERT INTO k.t (k, v) VALUES (1, 'one')",
        ] {
          _ = try await client.query(statement)
        }
        try await body(client)
      }
    }
  }

  /// Sends a request that asks for a trace, and reads it: the session's columns, and its activities.
  private static func trace(
    _ client: WireClient, _ request: RequestMessage
  ) async throws -> (answer: WireClient.Answer, session: [String], events: [String]) {
    let answer = try await client.answer(on: try client.send(request, flags: .tracing))
    let id = try #require(answer.tracingID)
    let session = try await client.query(
      "SELECT client, command, coordinator, duration, parameters, request, started_at FROM system_traces.sessions WHERE "
        + "session_id = \(id)")
    let events = try await client.query(
      "SELECT activity, source, source_elapsed, thread, event_id FROM system_traces.events WHERE session_id = \(id)")
    return (
      answer, try AnswerText.lines(session, version: client.version).filter { $0.hasPrefix("  |") },
      try AnswerText.lines(events, version: client.version).filter { $0.hasPrefix("  |") }
    )
  }

  @Test func aReadTellsWhatItDid() async throws {
    try await Self.withClient { client in
      let traced = try await Self.trace(client, .query("SELECT v FROM k.t WHERE k = 1", Self.parameters()))
      guard case .result(.rows(let rows)) = traced.answer.message else {
        Issue.record("\(traced.answer.message)")
        return
      }
      #expect(rows.rowCount == 1)
      let session = try #require(traced.session.first)
      #expect(traced.session.count == 1)
      for part in ["127.0.0.1", "QUERY", "SELECT v FROM k.t WHERE k = 1", "Execute CQL3 query", "consistency_level"] {
        #expect(session.contains(part), "\(session)")
      }
      // The duration is there, which drivers wait for.
      #expect(!session.contains("| - |"), "\(session)")
      for part in ["Parsing SELECT", "Reading k.t", "Looked for one row", "Request complete"] {
        #expect(traced.events.contains { $0.contains(part) }, "\(traced.events)")
      }
      let scan = try await Self.trace(client, .query("SELECT v FROM k.t", Self.parameters()))
      #expect(scan.events.contains { $0.contains("Read 1 records in 1 slices for 1 rows") }, "\(scan.events)")
    }
  }

  @Test func aWriteABatchAPreparationAndAnErrorAreTracedToo() async throws {
    try await Self.withClient { client in
      let text = "INSERT INTO k.t (k, v) VALUES (2, 'two')"
      let write = try await Self.trace(client, .query(text, Self.parameters()))
      #expect(write.events.contains { $0.contains("Writing to k.t") })
      #expect(write.events.contains { $0.contains("Committed") })
      let prepared = try await Self.trace(client, .prepare(text, keyspace: nil))
      #expect(prepared.session.first?.contains("Preparing CQL3 query") == true)
      guard case .result(.prepared(let statement)) = prepared.answer.message else {
        Issue.record("\(prepared.answer.message)")
        return
      }
      let executed = try await Self.trace(
        client, .execute(id: statement.id, resultMetadataID: statement.resultMetadataID, Self.parameters()))
      #expect(executed.session.first?.contains(text) == true, "\(executed.session)")
      let batch = try await Self.trace(
        client, .batch(Batch(.logged, [Batch.Statement(.query(text))], parameters: Self.parameters())))
      #expect(batch.session.first?.contains("Execute batch") == true)
      let broken = try await Self.trace(client, .query("SELECT nosuch FROM k.t", Self.parameters()))
      guard case .error = broken.answer.message else {
        Issue.record("\(broken.answer.message)")
        return
      }
      #expect(broken.events.count >= 2)
    }
  }

  @Test func whatIsNotTracedLeavesNothing() async throws {
    try await Self.withClient { client in
      let answer = try await client.query("SELECT v FROM k.t WHERE k = 1")
      #expect(answer.tracingID == nil)
      let sessions = try await client.query("SELECT session_id FROM system_traces.sessions")
      #expect(try AnswerText.lines(sessions, version: client.version).first == "rows 0")
    }
  }
}
