public import CassandraBytes
public import CassandraWire

/// What a server has written down of a request that asked for it (``QueryOptions/tracing``).
public struct QueryTrace: Sendable, Hashable {
  /// A step of the request.
  public struct Event: Sendable, Hashable {
    /// What was done.
    public var activity: String
    /// Which node did it.
    public var source: CQLInet?
    /// How long after the request's beginning at that node, in microseconds; nil when that was not written down.
    public var elapsedMicroseconds: Int?
    /// Which thread did it.
    public var thread: String?
  }

  /// The id: ``Rows/tracingID``.
  public var id: CQLUUID
  /// What kind of request it was.
  public var request: String?
  /// The node that the client asked.
  public var coordinator: CQLInet?
  /// How long the request took there, in microseconds.
  public var durationMicroseconds: Int?
  /// What the request was made of, such as `query` and `consistency_level`.
  public var parameters: [ByteText: String]
  /// When it began.
  public var startedAt: CQLTimestamp?
  /// The steps, in their order.
  public var events: [Event]
}

extension CassandraClient {
  /// The trace of a request.
  ///
  /// Servers write it after they have answered, so it is asked for until it is complete, with waits that grow from 10 ms.
  ///
  /// - Parameters:
  ///   - id: What ``Rows/tracingID`` gave.
  ///   - patience: How long to wait until it is complete: 5 s by default.
  /// - Returns: nil when it is not complete by then.
  /// - Throws: ``CassandraError``.
  public nonisolated(nonsending) func trace(
    _ id: CQLUUID, patience: Duration = .seconds(5)
  ) async throws(CassandraError) -> QueryTrace? {
    let options = QueryOptions(consistency: .one, isIdempotent: true)
    let end = ContinuousClock.now + patience
    var wait = Duration.milliseconds(10)
    while true {
      let session = try await query(
        "SELECT * FROM system_traces.sessions WHERE session_id = \(id)", options: options
      ).first()
      if let session, let trace = try Self.trace(id, session) {
        var events: [QueryTrace.Event] = []
        for try await row in try await query(
          "SELECT * FROM system_traces.events WHERE session_id = \(id)", options: options)
        {
          events.append(try Self.event(row))
        }
        return QueryTrace(trace, events: events)
      }
      guard ContinuousClock.now + wait < end else { return nil }
      do { try await loops.sleep(for: wait) } catch { throw .cancelled(coordinator: nil) }
      wait = min(wait * 2, .milliseconds(500))
    }
  }

  /// The trace without its steps; nil when it is not complete, for the duration is written last.
  private static func trace(_ id: CQLUUID, _ session: Row) throws(CassandraError) -> QueryTrace? {
    do throws(RowError) {
      guard let duration = try session.decode(Int?.self, "duration") else { return nil }
      return QueryTrace(
        id: id, request: try session.decode(String?.self, "request"),
        coordinator: try session.decode(CQLInet?.self, "coordinator"),
        durationMicroseconds: duration, parameters: try session.decode([ByteText: String].self, "parameters"),
        startedAt: try session.decode(CQLTimestamp?.self, "started_at"), events: [])
    } catch { throw .undecodable(error) }
  }

  private static func event(_ row: Row) throws(CassandraError) -> QueryTrace.Event {
    do throws(RowError) {
      return QueryTrace.Event(
        activity: try row.decode(String?.self, "activity") ?? "", source: try row.decode(CQLInet?.self, "source"),
        elapsedMicroseconds: try row.decode(Int?.self, "source_elapsed"), thread: try row.decode(String?.self, "thread")
      )
    } catch { throw .undecodable(error) }
  }
}

extension QueryTrace {
  fileprivate init(_ trace: QueryTrace, events: [Event]) {
    self = trace
    self.events = events
  }
}
