import CassandraWire
import Testing

@testable import CQLEngine

/// A read asks for room before it reads, and reads no more than it has room for.
@Suite(.timeLimit(.minutes(5))) struct AnswerRoomTests {
  /// Notes what it is asked for; every other time there is no room at once.
  private final class Meter: AnswerMeter {
    var asked: [Int] = []
    var room = AnswerRoom.free
    var waits = 0
    var turns = 0
    var limit = Int.max
    var slack = 70_000
    private var isAvailable = false

    func room(for bytes: Int) -> Int? {
      asked.append(bytes)
      // One record with its static values may be missing, and no more: what is there has been asked for.
      #expect(bytes <= room + slack, "\(asked)")
      isAvailable.toggle()
      guard isAvailable else { return nil }
      room = max(room, bytes + 1000)
      return room
    }

    func waitForRoom(_ bytes: Int) async throws(EngineFailure) -> Int {
      waits += 1
      guard bytes <= limit else { throw EngineFailure(.overloaded, "no room") }
      room = max(room, bytes + 1000)
      return room
    }

    func waitForTurn() async { turns += 1 }
  }

  private func filled() async throws -> TestNode {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (k int, c int, s blob static, v blob, w int, PRIMARY KEY (k, c))")
    try await node.run("CREATE INDEX ON t (w)")
    let value = String(repeating: "ab", count: 10_000)
    for c in 0..<100 { try await node.run("INSERT INTO t (k, c, v, w) VALUES (1, \(c), 0x\(value), 7)") }
    try await node.run("INSERT INTO t (k, s) VALUES (1, 0x\(String(repeating: "cd", count: 40_000)))")
    return node
  }

  private static let statements = [
    "SELECT * FROM t WHERE k = 1", "SELECT v FROM t WHERE k = 1 ORDER BY c DESC", "SELECT v FROM t",
    "SELECT v FROM t WHERE k = 1 AND c IN (\((0..<100).map { "\($0)" }.joined(separator: ",")))",
    "SELECT v FROM t WHERE k IN (1, 2, 3)", "SELECT v FROM t WHERE w = 7",
    "SELECT v FROM t WHERE k IN (1, 2, 3) ORDER BY c", "SELECT v, c FROM t WHERE w = 7 AND c > 20 ALLOW FILTERING",
  ]

  @Test(arguments: statements) func noMoreIsReadThanWasAskedFor(
    _ text: String
  ) async throws {
    let node = try await filled()
    let expected = try await node.page(text)
    let meter = Meter()
    node.session.meter = meter
    let page = try await node.page(text)
    #expect(page.body == expected.body)
    #expect(page.body.count > 500_000)
    #expect(meter.room >= page.body.count - 50_000)
    #expect(meter.waits > 3 && meter.turns >= meter.waits)
  }

  /// A row is asked for as often as it stands in the answer.
  @Test(arguments: ["WHERE k = 1 AND c = 1", "WHERE k = 1 LIMIT 1", "LIMIT 1"])
  func aColumnThatIsSelectedManyTimesIsAskedForAsOften(_ rows: String) async throws {
    let node = try await filled()
    for column in ["v", "s"] {
      // With a column of the rows: of static ones alone no row can be named.
      let many = (Array(repeating: column, count: 200) + ["c"]).joined(separator: ", ")
      let meter = Meter()
      meter.slack = .max / 2
      node.session.meter = meter
      let page = try await node.page("SELECT \(many) FROM t \(rows)")
      #expect((meter.asked.max() ?? 0) >= page.body.count - 20_000, "\(column)")
    }
  }

  /// Where a page ends does not depend on where its reading paused.
  @Test func pagesAreTheSame() async throws {
    let node = try await filled()
    for text in [
      "SELECT * FROM t WHERE k = 1", "SELECT v FROM t WHERE k = 1 ORDER BY c DESC", "SELECT v FROM t WHERE w = 7",
    ] {
      node.session.meter = nil
      var expected = [try await node.page(text, pageSize: 30)]
      while let state = expected.last?.state {
        expected.append(try await node.page(text, pageSize: 30, state: state))
      }
      var state: [UInt8]?
      for page in expected {
        node.session.meter = Meter()
        let metered = try await node.page(text, pageSize: 30, state: state)
        #expect(metered.body == page.body)
        state = metered.state
      }
    }
  }

  /// A read that gets no room fails, and leaves nothing behind.
  @Test func whoGetsNoRoomFails() async throws {
    let node = try await filled()
    let meter = Meter()
    meter.limit = 200_000
    node.session.meter = meter
    await #expect(throws: EngineFailure.self) { try await node.page("SELECT v FROM t WHERE k = 1") }
    meter.limit = .max
    #expect(try await node.page("SELECT v FROM t WHERE k = 1").rows.count == 100)
  }

  /// One large row is asked for before it is copied.
  @Test func oneLargeRow() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE p (k int PRIMARY KEY, v blob)")
    let value = BoundValue.bytes([UInt8](repeating: 7, count: 5_000_000))
    _ = try await node.page("INSERT INTO p (k, v) VALUES (1, ?)", values: [value])
    final class Refusing: AnswerMeter {
      var asked: [Int] = []
      func room(for bytes: Int) -> Int? {
        asked.append(bytes)
        return nil
      }
      func waitForRoom(_ bytes: Int) async throws(EngineFailure) -> Int {
        throw EngineFailure(.overloaded, "no room")
      }
      func waitForTurn() async {}
    }
    for text in ["SELECT v FROM p WHERE k = 1", "SELECT * FROM p", "SELECT v FROM p WHERE k IN (1, 2)"] {
      let meter = Refusing()
      node.session.meter = meter
      await #expect(throws: EngineFailure.self) { try await node.page(text) }
      #expect(meter.asked.count == 1 && meter.asked[0] >= 5_000_000)
      node.session.meter = nil
      #expect(try await node.page(text).body.count > 5_000_000)
    }
  }
}
