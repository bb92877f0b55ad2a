@testable import CQLEngine
import CassandraWire
import Testing

@Suite("Writes", .timeLimit(.minutes(10)))
struct WriteTests {
  private static func node(_ table: String) async throws -> TestNode {
    let node = try await TestNode.withKeyspace()
    try await node.run(table)
    return node
  }

  @Test("of the later timestamp win, cell by cell")
  func timestamps() async throws {
    let node = try await Self.node("CREATE TABLE t (k int PRIMARY KEY, a int, b int)")
    try await node.run("INSERT INTO t (k, a, b) VALUES (1, 1, 1) USING TIMESTAMP 10")
    try await node.run("UPDATE t USING TIMESTAMP 5 SET a = 9, b = 9 WHERE k = 1")
    try await node.run("UPDATE t USING TIMESTAMP 20 SET b = 2 WHERE k = 1")
    #expect(try await node.run("SELECT a, b, writetime(a), writetime(b) FROM t") == "1 2 10 20")
    try await node.run("DELETE FROM t USING TIMESTAMP 15 WHERE k = 1")
    #expect(try await node.run("SELECT * FROM t") == "1 null 2")
  }

  @Test("that live for a time are gone after it")
  func expiry() async throws {
    let node = try await Self.node("CREATE TABLE t (k int PRIMARY KEY, a int) WITH default_time_to_live = 100")
    // The time of the requests is ahead of the clock, by which what has expired is purged in the background.
    let start = Int32(clamping: WallClock.seconds() + 10_000)
    func put(_ text: String) async throws { _ = try await node.page(text, now: start) }
    try await put("INSERT INTO t (k, a) VALUES (1, 1)")
    try await put("INSERT INTO t (k, a) VALUES (2, 2) USING TTL 10")
    try await put("INSERT INTO t (k, a) VALUES (3, 3) USING TTL 0")
    func rows(after seconds: Int32) async throws -> String {
      try await node.page("SELECT k, ttl(a) FROM t WHERE k IN (1, 2, 3)", now: start + seconds).text
    }
    #expect(try await rows(after: 9) == "1 91\n2 1\n3 null")
    #expect(try await rows(after: 10) == "1 90\n3 null")
    #expect(try await rows(after: 100) == "3 null")
  }

  @Test("in batches of several partitions are refused when they are large")
  func largeBatches() async throws {
    let node = try await Self.node("CREATE TABLE t (k int PRIMARY KEY, v text)")
    func batch(_ other: Int, bytes: Int) -> String {
      let value = String(repeating: "x", count: bytes)
      return """
        BEGIN BATCH INSERT INTO t (k, v) VALUES (1, '\(value)');
        INSERT INTO t (k, v) VALUES (\(other), ''); APPLY BATCH
        """
    }
    // Two updates of a row and a cell take 140 bytes beside the values.
    try await node.run(batch(2, bytes: BatchMeasure.maximumBytes - 140))
    #expect(await node.failure(batch(3, bytes: BatchMeasure.maximumBytes - 139)) == "Batch too large")
    #expect(try await node.run("SELECT count(*) FROM t") == "2")
    // One partition is one mutation, whatever its size.
    try await node.run(batch(1, bytes: BatchMeasure.maximumBytes * 2))
  }

  @Test("change collections by element")
  func collections() async throws {
    let node = try await Self.node("CREATE TABLE t (k int PRIMARY KEY, l list<int>, s set<text>, m map<text, int>)")
    try await node.run("INSERT INTO t (k, l, s, m) VALUES (1, [1, 2], {'b', 'a', 'b'}, {'y': 2, 'x': 1})")
    try await node.run("UPDATE t SET l = [8, 9] + l, s = s + {'c'}, m['z'] = 3 WHERE k = 1")
    try await node.run("UPDATE t SET l = l + [3, 1], s = s - {'a'}, m = m - {'x'} WHERE k = 1")
    #expect(
      try await node.run("SELECT l, s, m FROM t") == "[8, 9, 1, 2, 3, 1] {'b', 'c'} {'y': 2, 'z': 3}")
    #expect(await node.failure("UPDATE t SET l[1] = 7, l = [1] WHERE k = 1") != nil)
    try await node.run("UPDATE t SET l[1] = 7 WHERE k = 1")
    try await node.run("UPDATE t SET l = l - [1] WHERE k = 1")
    try await node.run("DELETE l[0], m['y'], s['c'] FROM t WHERE k = 1")
    #expect(try await node.run("SELECT l, s, m FROM t") == "[7, 2, 3] {'b'} {'z': 3}")
    #expect(
      await node.failure("UPDATE t SET l[3] = 0 WHERE k = 1") == "List index 3 out of bound, list has size 3")
    try await node.run("UPDATE t SET l = null, s = {}, m = {'q': 0} WHERE k = 1")
    #expect(try await node.run("SELECT l, s, m, m['q'] FROM t") == "null null {'q': 0} 0")
  }

  @Test("add to counters")
  func counters() async throws {
    let node = try await Self.node("CREATE TABLE t (k int PRIMARY KEY, n counter)")
    for delta in ["+ 5", "- 2", "+ -1"] { try await node.run("UPDATE t SET n = n \(delta) WHERE k = 1") }
    #expect(try await node.run("SELECT n FROM t") == "2")
    #expect(await node.failure("INSERT INTO t (k, n) VALUES (1, 1)") != nil)
    #expect(await node.failure("UPDATE t USING TTL 5 SET n = n + 1 WHERE k = 1") != nil)
  }

  @Test("with conditions are decided by what is there")
  func conditions() async throws {
    let node = try await Self.node("CREATE TABLE t (k int, c int, v int, s int static, PRIMARY KEY (k, c))")
    let insert = "INSERT INTO t (k, c, v) VALUES (1, 1, 5) IF NOT EXISTS"
    #expect(try await node.run(insert) == "true")
    #expect(try await node.run(insert) == "false 1 1 null 5")
    #expect(try await node.run("UPDATE t SET v = 6 WHERE k = 1 AND c = 1 IF v = 4") == "false 5")
    #expect(try await node.run("UPDATE t SET v = 6 WHERE k = 1 AND c = 1 IF v IN (4, 5) AND s = null") == "true")
    #expect(try await node.run("UPDATE t SET v = 6 WHERE k = 1 AND c = 2 IF EXISTS") == "false")
    #expect(try await node.run("DELETE FROM t WHERE k = 1 AND c = 1 IF v > 6") == "false 6")
    #expect(
      try await node.run(
        """
        BEGIN BATCH UPDATE t SET s = 1 WHERE k = 1 IF s = null; INSERT INTO t (k, c, v) VALUES (1, 2, 2);
        APPLY BATCH
        """) == "true")
    #expect(try await node.run("SELECT c, v, s FROM t") == "1 6 1\n2 2 1")
  }

  @Test("of one batch are made together or not at all")
  func batches() async throws {
    let node = try await Self.node("CREATE TABLE t (k int PRIMARY KEY, v int, l list<int>)")
    try await node.run(
      "BEGIN BATCH USING TIMESTAMP 7 INSERT INTO t (k, v) VALUES (1, 1); UPDATE t SET v = 2 WHERE k = 2; APPLY BATCH")
    #expect(try await node.run("SELECT k, v, writetime(v) FROM t WHERE k IN (1, 2)") == "1 1 7\n2 2 7")
    #expect(
      await node.failure("BEGIN BATCH UPDATE t SET v = 3 WHERE k = 1; UPDATE t SET l[0] = 1 WHERE k = 1; APPLY BATCH")
        == "Attempted to set an element on a list which is null")
    #expect(try await node.run("SELECT v FROM t WHERE k = 1") == "1")
  }

  @Test("leave alone what is bound to nothing")
  func unset() async throws {
    let node = try await Self.node("CREATE TABLE t (k int PRIMARY KEY, a int, b int)")
    try await node.run("INSERT INTO t (k, a, b) VALUES (1, 1, 1)")
    let update = try node.prepare("UPDATE t SET a = ?, b = ? WHERE k = ?")
    _ = try await node.execute(update, [.unset, .null, try .of(1, .int)])
    #expect(try await node.run("SELECT a, b FROM t") == "1 null")
    await #expect(throws: EngineFailure.self) { try await node.execute(update, [.unset, .null, .unset]) }
    await #expect(throws: EngineFailure.self) { try await node.execute(update, [.unset, .null]) }
    await #expect(throws: EngineFailure.self) {
      try await node.execute(update, [.bytes([1, 2, 3]), .null, try .of(1, .int)])
    }
  }
}
