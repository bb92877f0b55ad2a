import Testing

@testable import CassandraTelemetry

@Suite struct LoopSpanTests {
  private final class Kept: SpanSink {
    let spans = Locked<[TraceSpan]>([])
    func record(_ span: TraceSpan) { spans.withLock { $0.append(span) } }
  }

  private let part = SpanPart { span in
    span.name("GET /plant/{genus}")
    span.add(.route, "/plant/{genus}")
  }
  private let node = SpanPart { $0.add(.serverPort, 9042) }

  private func record(_ spans: LoopSpans, status: Int, path: String = "/plant/a") {
    let facts = SpanFacts(spans.newTrace(), parent: nil, kind: .server, end: 9, duration: 3, isFailure: status >= 500)
    let (path, client) = (Array(path.utf8), Array("::1".utf8))
    spans.record(request: facts, part, path: path.span, status: status, bodyBytes: 5, client: client.span)
  }

  @Test func theSpansOfATurnComeTogether() {
    let queue = SpanQueue()
    let spans = LoopSpans(queue)
    for _ in 0..<2 {
      record(spans, status: 200)
      record(spans, status: 503)
      let context = SpanContext(traceID: (1, 2), spanID: 3)
      spans.record(
        query: SpanFacts(spans.child(of: context), parent: 3, kind: .client, end: 9, duration: 3, isFailure: false),
        part, node)
      #expect(queue.isEmpty)
      spans.flush()
      let taken = queue.take(10)
      #expect(taken.map(\.isFailure) == [false, true, false] && taken.map(\.kind) == [.server, .server, .client])
      #expect(
        taken[0].attributes.map { "\($0.name)=\($0.value)" } == [
          "http.route=/plant/{genus}", "url.path=/plant/a", "http.response.status_code=200",
          "http.response.body.size=5", "client.address=::1",
        ])
      #expect(taken[1].attributes.last?.name == "error.type" && taken[1].attributes.last?.value == "503")
      #expect(taken[2].attributes.map(\.name) == ["http.route", "server.port"])
      #expect(taken[2].context.traceID == (1, 2) && taken[2].parentID == 3)
    }
  }

  @Test func anyOtherSinkGetsThemAtOnce() {
    let (queue, kept) = (SpanQueue(), Kept())
    let spans = LoopSpans(queue)
    record(spans, status: 500)
    spans.flush()
    record(LoopSpans(kept), status: 500)
    let (ours, theirs) = (queue.take(2), kept.spans.withLock { $0 })
    #expect(ours.count == 1 && ours.map(\.name) == theirs.map(\.name))
    #expect(ours[0].attributes.map(\.value) == theirs[0].attributes.map(\.value))
  }

  @Test func aTurnOfManySpansDoesNotKeepThem() {
    let queue = SpanQueue()
    let spans = LoopSpans(queue)
    let long = String(repeating: "a", count: 2 * SpanWriter.maximumTextBytes)
    for _ in 0..<20 { record(spans, status: 200, path: long) }
    #expect(!queue.isEmpty)
    spans.flush()
    let taken = queue.take(100)
    #expect(taken.count == 20)
    #expect(taken.allSatisfy { $0.attributes[1].value == .text(String(long.prefix(SpanWriter.maximumTextBytes))) })
  }

  /// What is handed over in pieces is bounded in spans and in bytes as what comes one by one.
  @Test func piecesAreBounded() {
    let queue = SpanQueue()
    let spans = LoopSpans(queue)
    for number in 0..<2 * SpanQueue.capacity {
      record(spans, status: 200, path: "/\(number)")
      if number % 97 == 0 { spans.flush() }
    }
    spans.flush()
    #expect(queue.droppedCount == UInt64(SpanQueue.capacity))
    let first = queue.take(1).first?.attributes[1].value
    #expect(first == .text("/\(SpanQueue.capacity)"))
    #expect(queue.take(.max).count == SpanQueue.capacity - 1 && queue.isEmpty)
  }

  /// Numbers of different threads are taken from blocks of one sequence.
  @Test func numbersDiffer() {
    var blocks = (0..<3).map { _ in SpanNumbers() }
    var seen: Set<UInt64> = []
    for _ in 0..<10_000 { for index in blocks.indices { seen.insert(blocks[index].take()) } }
    for _ in 0..<100 {
      let context = SpanContext()
      seen.formUnion([context.traceID.high, context.traceID.low, context.spanID, context.child.spanID])
    }
    #expect(seen.count == 30_400 && !seen.contains(0))
  }
}
