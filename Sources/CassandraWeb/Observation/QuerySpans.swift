public import Cassandra
public import CassandraTelemetry

/// Records a span for each request of a client of the database, within that of the request of HTTP which it is made for:
/// the statement without its values, the node, the attempts and the failure. Requests of no traced request are left out.
public struct QuerySpans: RequestListener, QuerySpanListener {
  private let sink: any SpanSink
  private let recorder: SpanRecorder
  private let other: (any RequestListener)?

  /// Records in `sink`, and tells `other` too.
  public init(sink: any SpanSink, other: (any RequestListener)? = nil) {
    self.sink = sink
    recorder = SpanRecorder(sink)
    self.other = other
  }

  package var onlySink: (any SpanSink)? { other == nil ? sink : nil }

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
    let facts = SpanFacts(
      parent.child, parent: parent.spanID, kind: .client, end: nanosecondsSince1970(),
      duration: duration.wholeNanoseconds, isFailure: failure != nil)
    recorder.record(facts) { span in
      span.describe(request)
      span.add(.attempts, attempts)
      if request.kind == .batch { span.add(.batchStatements, request.statementCount) }
      if let node { span.describe(node) }
      if let failure { span.add(.errorType, "\(failure.code)") }
    }
  }
}

extension Duration {
  /// Whole nanoseconds, as many as there is room for.
  fileprivate var wholeNanoseconds: Int64 { Int64(clamping: attoseconds / 1_000_000_000) }
}
