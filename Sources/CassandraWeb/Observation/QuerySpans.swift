public import Cassandra
public import CassandraTelemetry

/// Records a span for each request of a client of the database, within that of the request of HTTP which it is made for:
/// the statement without its values, the node, the attempts and the failure. Requests of no traced request are left out.
public struct QuerySpans: RequestListener {
  private let sink: any SpanSink
  private let other: (any RequestListener)?

  /// Records in `sink`, and tells `other` too.
  public init(sink: any SpanSink, other: (any RequestListener)? = nil) {
    self.sink = sink
    self.other = other
  }

  /// Tells the other listener.
  public func requestBegan(_ request: ObservedRequest) { other?.requestBegan(request) }

  /// Tells the other listener.
  public func attemptEnded(_ request: ObservedRequest, node: EndPoint, duration: Duration, failure: CassandraError?) {
    other?.attemptEnded(request, node: node, duration: duration, failure: failure)
  }

  /// Records the span.
  public func requestEnded(
    _ request: ObservedRequest, node: EndPoint?, duration: Duration, attempts: Int, failure: CassandraError?
  ) {
    other?.requestEnded(request, node: node, duration: duration, attempts: attempts, failure: failure)
    guard let parent = SpanContext.current else { return }
    let (seconds, attoseconds) = duration.components
    let text = ShownStatement.text(of: request)
    let verb = request.kind == .batch ? "BATCH" : String(Substring(text.utf8.prefix { $0 > 0x20 }))
    var attributes: [(name: String, value: LogValue)] = [
      ("db.system.name", .text("cassandra")), ("db.operation.name", .text(verb)),
      ("db.query.text", .text(text)), ("cassandra.attempts", .integer(attempts)),
    ]
    if request.kind == .batch { attributes.append(("db.operation.batch.size", .integer(request.texts.count))) }
    if let node {
      attributes.append(("server.address", .text(node.host)))
      attributes.append(("server.port", .integer(node.port)))
    }
    if let failure { attributes.append(("error.type", .text("\(failure.code)"))) }
    sink.record(
      TraceSpan(
        parent.child, parent: parent.spanID, name: verb, kind: .client,
        duration: seconds * 1_000_000_000 + attoseconds / 1_000_000_000, attributes: attributes,
        isFailure: failure != nil))
  }
}
