/// Records spans in a sink. Where that is a ``SpanQueue``, no span is made.
package struct SpanRecorder: Sendable {
  private let sink: any SpanSink
  private let queue: SpanQueue?

  /// A recorder for a sink.
  package init(_ sink: any SpanSink) {
    self.sink = sink
    queue = sink as? SpanQueue
  }

  /// How many were dropped so far.
  package var droppedCount: UInt64 { sink.droppedCount }

  /// Records a span; `describe` writes its name and then its attributes.
  package func record(_ facts: SpanFacts, _ describe: (inout SpanWriter) -> Void) {
    guard let queue else { return recordMade(facts, describe) }
    queue.record { writer in
      writer.append(facts)
      describe(&writer)
    }
  }

  private func recordMade(_ facts: SpanFacts, _ describe: (inout SpanWriter) -> Void) {
    var writer = SpanWriter([])
    writer.append(facts)
    describe(&writer)
    var reader = SpanReader(writer.finished(), at: 0)
    sink.record(reader.span())
  }
}
