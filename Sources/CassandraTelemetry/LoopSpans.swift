internal import CassandraBytes

/// What many spans say in the same words: written once, and copied into each of them.
package struct SpanPart: Sendable {
  let bytes: [UInt8]

  /// Of what `write` writes: a name, if it is the first part of its spans, and attributes.
  package init(_ write: (inout SpanWriter) -> Void) {
    var writer = SpanWriter([])
    write(&writer)
    bytes = writer.part()
  }
}

/// The spans of one event loop on their way to a sink. It belongs to the loop, so that nothing is waited for, and what a turn
/// of the loop makes is given to a ``SpanQueue`` at once, at the turn's end, with ``flush()``. Of what is the same in all
/// spans of a kind it takes parts that were written before: a span costs some copies of bytes and no allocation.
package final class LoopSpans {
  private let sink: any SpanSink
  private let queue: SpanQueue?
  // `@exclusivity(unchecked)` here and below: these are touched on the loop's thread only, and no access to one of them
  // lasts while other code runs that could touch it.
  /// The spans of this turn.
  @exclusivity(unchecked) private var bytes: [UInt8] = []
  @exclusivity(unchecked) private var count = 0
  @exclusivity(unchecked) private var numbers = SpanNumbers()

  /// Bytes after which spans do not wait for the end of their turn: 32 KiB.
  private static let turnBytes = 32 << 10

  /// Spans for a sink. Whoever records one calls ``flush()`` before what this turn has written leaves, so that whoever has
  /// seen an answer finds its span.
  package init(_ sink: any SpanSink) {
    self.sink = sink
    queue = sink as? SpanQueue
  }

  /// How many were dropped so far.
  package var droppedCount: UInt64 { sink.droppedCount }

  /// A span of a new trace.
  package func newTrace() -> SpanContext { SpanContext(newTrace: &numbers) }

  /// Another span of the same trace.
  package func child(of context: SpanContext) -> SpanContext { context.child(&numbers) }

  /// Records a request of HTTP.
  ///
  /// - Parameters:
  ///   - part: The name, and what is the same for all requests of its route.
  ///   - path: The path without its query.
  ///   - status: The answer's status; 500 and above is an error.
  ///   - bodyBytes: Bytes of the answer's body.
  ///   - client: The client's address.
  package func record(
    request facts: SpanFacts, _ part: SpanPart, path: Span<UInt8>, status: Int, bodyBytes: Int, client: Span<UInt8>
  ) {
    let path = path.extracting(first: SpanWriter.maximumTextBytes)
    let client = client.extracting(first: SpanWriter.maximumTextBytes)
    let texts = 3 * OutputSpan<UInt8>.textAttributeBytes + path.count + client.count + Self.statusBytes
    write(facts, part.bytes.count + texts + 2 * OutputSpan<UInt8>.numberAttributeBytes) { output in
      output.append(copying: part.bytes.span)
      output.append(.path, path)
      output.append(.status, status)
      output.append(.bodyBytes, bodyBytes)
      output.append(.clientAddress, client)
      if status >= 500 {
        var digits: [UInt8] = []
        digits.append(decimal: status)
        output.append(.errorType, digits.span)
      }
    }
  }

  /// Digits of a status at most, as text.
  private static let statusBytes = 20

  /// Records a request of the database that its first attempt has answered.
  ///
  /// - Parameters:
  ///   - statement: The name, and what is the same for all requests with this statement.
  ///   - node: What is the same for all requests to this node.
  package func record(query facts: SpanFacts, _ statement: SpanPart, _ node: SpanPart) {
    write(facts, statement.bytes.count + node.bytes.count) { output in
      output.append(copying: statement.bytes.span)
      output.append(copying: node.bytes.span)
    }
  }

  /// Writes one span, of which `describe` writes all but the facts, in so many bytes at most.
  @inline(__always)
  private func write(_ facts: SpanFacts, _ room: Int, _ describe: (inout OutputSpan<UInt8>) -> Void) {
    bytes.append(addingCapacity: SpanWriter.headBytes + room) { output in
      output.append(facts)
      describe(&output)
      output.storeFirst(UInt32(truncatingIfNeeded: output.count))
    }
    count += 1
    if queue == nil || bytes.count >= Self.turnBytes { flush() }
  }

  /// Gives what there is to the sink.
  package func flush() {
    guard count > 0 else { return }
    if let queue {
      queue.add(bytes, count)
    } else {
      var start = 0
      while start < bytes.count {
        var reader = SpanReader(bytes, at: start)
        start += SpanReader.length(bytes, at: start)
        sink.record(reader.span())
      }
    }
    bytes.removeAll(keepingCapacity: true)
    count = 0
  }
}
