import CassandraWire
import Testing

@testable import CQLEngine

/// A read asks for room before it reads, and reads no more than it has room for.
@Suite(.timeLimit(.minutes(1))) struct AnswerRoomTests {
  /// Notes what it is asked for, and gives it.
  private final class Meter: AnswerMeter {
    var asked: [(has: Int, more: Int)] = []
    func answerHas(_ bytes: Int, andMayGet more: Int) async throws(EngineFailure) { asked.append((bytes, more)) }
  }

  @Test(arguments: [
    "SELECT * FROM t WHERE k = 1", "SELECT * FROM t WHERE k = 1 ORDER BY c DESC", "SELECT * FROM t",
    "SELECT v FROM t WHERE k = 1 AND c IN (\((0..<200).map { "\($0)" }.joined(separator: ",")))",
    "SELECT v FROM t WHERE k IN (1, 2, 3)", "SELECT * FROM t WHERE w = 7",
    "SELECT * FROM t WHERE k IN (1, 2, 3) ORDER BY c",
  ]) func noMoreIsReadThanWasAskedFor(_ text: String) async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (k int, c int, v blob, w int, PRIMARY KEY (k, c))")
    try await node.run("CREATE INDEX ON t (w)")
    let value = String(repeating: "ab", count: 10_000)
    for c in 0..<200 { try await node.run("INSERT INTO t (k, c, v, w) VALUES (1, \(c), 0x\(value), 7)") }
    let meter = Meter()
    node.session.meter = meter
    #expect(try await node.page(text).body.count > 2_000_000)
    node.session.meter = nil
    var room = 0
    for (has, more) in meter.asked {
      // One record may go beyond.
      #expect(has <= room + 11_000, "\(meter.asked)")
      room = has + more
    }
    #expect(room >= 2_000_000)
    #expect(meter.asked.allSatisfy { $0.more <= 256 << 10 })
  }
}
