public import Cassandra
internal import CassandraBytes
public import CassandraTelemetry

/// Records a span for each request of a client of the database, within that of the request of HTTP which it is made for:
/// the statement without its values, the node, the attempts and the failure. Requests of no traced request are left out.
public struct QuerySpans: RequestListener {
  private let recorder: SpanRecorder
  private let other: (any RequestListener)?

  /// Records in `sink`, and tells `other` too.
  public init(sink: any SpanSink, other: (any RequestListener)? = nil) {
    recorder = SpanRecorder(sink)
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
    let facts = SpanFacts(
      parent.child, parent: parent.spanID, kind: .client, end: nanosecondsSince1970(),
      duration: duration.wholeNanoseconds, isFailure: failure != nil)
    recorder.record(facts) { span in
      ShownStatement.text(of: request).withUTF8Span { query in
        let verb = query.extracting(first: query.firstWordBytes)
        if request.kind == .batch { span.name("BATCH") } else { span.name(verb) }
        span.add(.database, "cassandra")
        if request.kind == .batch { span.add(.operation, "BATCH") } else { span.add(.operation, verb) }
        span.add(.query, query)
      }
      span.add(.attempts, attempts)
      if request.kind == .batch { span.add(.batchStatements, request.statementCount) }
      if let node {
        span.add(.serverAddress, node.host)
        span.add(.serverPort, node.port)
      }
      if let failure { span.add(.errorType, "\(failure.code)") }
    }
  }
}

extension Duration {
  /// Whole nanoseconds, as many as there is room for.
  fileprivate var wholeNanoseconds: Int64 { Int64(clamping: attoseconds / 1_000_000_000) }
}

extension Span where Element == UInt8 {
  /// Bytes before the first blank or control character.
  fileprivate var firstWordBytes: Int {
    var count = 0
    while count < self.count, self[count] > 0x20 { count += 1 }
    return count
  }
}
