import CassandraWire

/// The rows of `system_traces`.
enum TraceRows {
  /// The keyspace.
  static let keyspace = "system_traces"

  private static let storagePort: Int32 = 7_000

  /// The rows of one of the keyspace's tables. `node` is the address of this node.
  static func rows(of table: Table, _ traces: [TraceLog.Trace], node: CQLInet) -> [SystemRow] {
    switch table.name {
    case "sessions": traces.map { session($0, node) }
    case "events": traces.flatMap { trace in trace.events.map { event($0, of: trace, node) } }
    default: []
    }
  }

  private static func session(_ trace: TraceLog.Trace, _ node: CQLInet) -> SystemRow {
    SystemRow([
      ("session_id", .uuid(trace.id)), ("client", trace.client.map { .inet($0) }), ("command", .text("QUERY")),
      ("coordinator", .inet(node)), ("coordinator_port", .int(storagePort)), ("duration", .int(trace.duration)),
      ("parameters", .map(trace.parameters)), ("request", .text(trace.request)),
      ("started_at", .timestamp(milliseconds: trace.startedAt)),
    ])
  }

  private static func event(_ event: TraceLog.Event, of trace: TraceLog.Trace, _ node: CQLInet) -> SystemRow {
    SystemRow([
      ("session_id", .uuid(trace.id)), ("event_id", .uuid(event.id)), ("activity", .text(event.activity)),
      ("source", .inet(node)), ("source_port", .int(storagePort)), ("source_elapsed", .int(event.elapsed)),
      ("thread", .text("loop")),
    ])
  }
}
