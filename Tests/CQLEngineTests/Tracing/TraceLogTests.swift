@testable import CQLEngine
import CassandraWire
import Testing

/// What is kept of requests that were traced.
@Suite("Traces", .timeLimit(.minutes(5)))
struct TraceLogTests {
  private static func trace(_ number: UInt64, at time: Int64 = 0, bytes: Int = 0) -> TraceLog.Trace {
    var trace = TraceLog.Trace(id: CQLUUID(high: 0, low: number), client: nil, startedAt: time)
    trace.parameters["query"] = String(repeating: "x", count: bytes)
    return trace
  }

  @Test("are so many at most, and the newest")
  func number() {
    let log = TraceLog()
    for number in 0..<UInt64(TraceLog.maximumTraces + 5) { log.add(Self.trace(number)) }
    let kept = log.traces(at: 0, id: nil)
    #expect(kept.count == TraceLog.maximumTraces)
    #expect(kept.first?.id == CQLUUID(high: 0, low: 5))
    #expect(log.traces(at: 0, id: CQLUUID(high: 0, low: 4)).isEmpty)
    #expect(log.traces(at: 0, id: CQLUUID(high: 0, low: 6)).count == 1)
  }

  @Test("take so many bytes at most")
  func bytes() {
    let log = TraceLog()
    for number in 0..<20 as Range<UInt64> { log.add(Self.trace(number, bytes: 1 << 20)) }
    #expect((1...8).contains(log.traces(at: 0, id: nil).count))
    log.add(Self.trace(99, bytes: 2 * TraceLog.maximumBytes))
    #expect(log.traces(at: 0, id: nil).map(\.id) == [CQLUUID(high: 0, low: 99)])
  }

  @Test("are kept for a day")
  func age() {
    let log = TraceLog()
    log.add(Self.trace(1, at: 1_000))
    log.add(Self.trace(2, at: 2_000))
    #expect(log.traces(at: 999 + TraceLog.lifetime, id: nil).count == 2)
    #expect(log.traces(at: 1_000 + TraceLog.lifetime, id: nil).map(\.id) == [CQLUUID(high: 0, low: 2)])
    #expect(log.traces(at: 2_000 + TraceLog.lifetime, id: nil).isEmpty)
  }

  @Test("have so many steps at most, and texts that are cut")
  func steps() {
    let log = TraceLog()
    let trace = RequestTrace(log, uuids: TimeUUIDSource(), client: nil)
    for _ in 0..<TraceLog.maximumEvents + 10 { trace.note(String(repeating: "é", count: 10_000)) }
    trace.finish()
    let kept = log.traces(at: WallClock.microseconds() / 1_000, id: trace.id)
    #expect(kept.first?.events.count == TraceLog.maximumEvents)
    #expect(kept.first?.events.allSatisfy { $0.activity.utf8.count <= TraceLog.maximumTextBytes + 3 } == true)
  }
}
