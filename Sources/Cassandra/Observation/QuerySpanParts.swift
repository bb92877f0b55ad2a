internal import CassandraBytes
internal import CassandraReactor
package import CassandraTelemetry

/// What a span tells of a request of the database.
extension SpanWriter {
  /// Writes what follows from the statement: the name, and the text without values and passwords.
  package mutating func describe(_ request: ObservedRequest) {
    describe(ShownStatement.text(of: request), operation: request.kind == .batch ? "BATCH" : nil)
  }

  /// Writes what follows from a text; its first word is the name where `operation` is nil.
  mutating func describe(_ shown: String, operation: StaticString? = nil) {
    shown.withUTF8Span { query in
      if let operation {
        operation.withUTF8Buffer { describe(query, operation: $0.span) }
      } else {
        describe(query, operation: query.extracting(first: query.firstWordBytes))
      }
    }
  }

  private mutating func describe(_ query: Span<UInt8>, operation: Span<UInt8>) {
    name(operation)
    add(.database, "cassandra")
    add(.operation, operation)
    add(.query, query)
  }

  /// Writes who was asked.
  package mutating func describe(_ node: EndPoint) {
    add(.serverAddress, node.host)
    add(.serverPort, node.port)
  }
}

extension Span where Element == UInt8 {
  /// Bytes before the first blank or control character.
  fileprivate var firstWordBytes: Int {
    var count = 0
    while count < self.count, self[count] > 0x20 { count += 1 }
    return count
  }
}

/// A listener that records spans.
package protocol QuerySpanListener: RequestListener {
  /// Where it records them, when that is all it does; nil when somebody else listens through it.
  var onlySink: (any SpanSink)? { get }
}

/// Records the spans of one loop's requests that their first attempt has answered, which are nearly all, from what was
/// written once for the statement and once for the connection. Any other request is told to the listener.
final class QuerySpanLoop {
  private let loop: EventLoop
  private let spans: LoopSpans
  // `@exclusivity(unchecked)`: these are touched on the loop's thread only, and no access lasts while other code runs.
  @exclusivity(unchecked) private var clock = WallClock()
  /// Whether spans wait for the end of this turn.
  @exclusivity(unchecked) private var endsTurn = false

  /// Nil where more is to be told than spans.
  init?(_ listener: (any RequestListener)?, on loop: EventLoop) {
    guard let listener = listener as? any QuerySpanListener, let sink = listener.onlySink else { return nil }
    self.loop = loop
    spans = LoopSpans(sink)
  }

  /// A request has been answered, at a moment of ``LoopMetrics/now``, after so many microseconds.
  func answered(_ statement: PreparedStatement, on connection: NodeConnection, at now: UInt64, took: UInt64) {
    guard let parent = SpanContext.current else { return }
    if !endsTurn {
      endsTurn = true
      loop.atEndOfTurn(self)
    }
    let facts = SpanFacts(
      spans.child(of: parent), parent: parent.spanID, kind: .client, end: clock.nanoseconds(at: now),
      duration: Int64(clamping: took) * 1000, isFailure: false)
    spans.record(query: facts, statement.spanPart, part(of: connection))
  }

  private func part(of connection: NodeConnection) -> SpanPart {
    if let known = connection.spanPart { return known }
    let part = SpanPart { span in
      span.add(.attempts, 1)
      span.describe(connection.endPoint)
    }
    connection.spanPart = part
    return part
  }
}

extension QuerySpanLoop: TurnEnding {
  func turnEnds() {
    endsTurn = false
    spans.flush()
  }
}
