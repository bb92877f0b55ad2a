import Testing

@testable import CassandraTelemetry

@Suite struct SpanWriterTests {
  @Test("A span is written into the page that is there, and the page is not copied")
  func writesInPlace() {
    var page: [UInt8] = []
    page.reserveCapacity(SpanQueue.capacity)
    let before = page.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
    var writer = SpanWriter(consume page)
    writer.append(SpanFacts(SpanContext(), parent: 7, kind: .server, end: 9, duration: 3, isFailure: false))
    writer.name("GET /plant/{genus}")
    writer.add(.route, "/plant/{genus}")
    writer.add(.status, 200)
    let written = writer.finished()
    #expect(written.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) } == before)
  }

  @Test("Of a text that is too long the beginning is kept")
  func cutsLongTexts() {
    let queue = SpanQueue()
    let long = String(repeating: "a", count: SpanWriter.maximumTextBytes + 1)
    queue.record(
      TraceSpan(
        SpanContext(), parent: nil, name: long, kind: .client, duration: 1, attributes: [("text", .text(long))],
        isFailure: false))
    let spans = queue.take(1)
    #expect(spans.first?.name.utf8.count == SpanWriter.maximumTextBytes)
    #expect(spans.first?.attributes.first?.value == .text(String(long.dropLast())))
  }
}
