package import CassandraWire

/// What a request does, noted as it is done, because its client has asked to be told.
///
/// Requests that nobody traces have none, so nothing is noted for them. It belongs to one request and is used on its loop.
package final class RequestTrace {
  /// What its client finds it by in `system_traces`.
  package let id: CQLUUID
  private let start = monotonicMicroseconds()
  private let log: TraceLog
  private let uuids: TimeUUIDSource
  private var trace: TraceLog.Trace

  init(_ log: TraceLog, uuids: TimeUUIDSource, client: CQLInet?) {
    id = uuids.next()
    self.log = log
    self.uuids = uuids
    trace = TraceLog.Trace(id: id, client: client, startedAt: WallClock.microseconds() / 1_000)
  }

  /// Says what kind of request it is, and what it says. Long texts are cut.
  func describe(_ request: String, _ text: String?, _ parameters: QueryParameters?) {
    trace.request = request
    if let text { trace.parameters["query"] = Self.cut(text) }
    guard let parameters else { return }
    trace.parameters["consistency_level"] = "\(parameters.consistency)"
    trace.parameters["serial_consistency_level"] = "\(parameters.serialConsistency ?? .serial)"
    if let size = parameters.pageSize { trace.parameters["page_size"] = "\(size)" }
  }

  /// Notes that something has been done, or begins. Of very many notes the first are kept.
  func note(_ activity: String) {
    guard trace.events.count < TraceLog.maximumEvents else { return }
    trace.events.append(
      TraceLog.Event(
        id: uuids.next(), activity: Self.cut(activity), elapsed: Int32(clamping: monotonicMicroseconds() - start)))
  }

  /// Notes the end, from which on the trace can be read.
  package func finish() {
    note("Request complete")
    trace.duration = Int32(clamping: monotonicMicroseconds() - start)
    log.add(trace)
  }

  private static func cut(_ text: String) -> String {
    text.utf8.count <= TraceLog.maximumTextBytes
      ? text : String(decoding: text.utf8.prefix(TraceLog.maximumTextBytes), as: UTF8.self) + "…"
  }
}
