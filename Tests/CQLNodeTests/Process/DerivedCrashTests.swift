import CassandraDice
import CassandraReactor
import CassandraWire
import Foundation
import Testing

/// What is made of a table survives a SIGKILL with it: its views and indexes have what it has, in the middle of many writes
/// that move rows between their partitions, while they are being filled, and while they come and go.
///
/// `CRASH_SEED` repeats one.
@Suite(.serialized, .timeLimit(.minutes(10))) struct DerivedCrashTests {
  private static let seed =
    ProcessInfo.processInfo.environment["CRASH_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...999_999)
  private static let keys = 400
  private static let writes = 6_000
  private static let clients = 4
  /// The rows that are there before a view and an index are made of them.
  private static let earlierRows = 6_000

  private static let notNull = "k IS NOT NULL AND c IS NOT NULL AND v IS NOT NULL"
  private static let views = [
    "CREATE MATERIALIZED VIEW crash.by_v AS SELECT * FROM crash.t WHERE \(notNull) PRIMARY KEY (v, k, c)",
    "CREATE MATERIALIZED VIEW crash.by_c AS SELECT k, c, w FROM crash.t WHERE k IS NOT NULL AND c IS NOT NULL PRIMARY KEY (c, k)",
  ]

  /// A write that changes what the views have of a row: another partition, a value, nothing any more.
  private static func statement(_ number: Int, _ random: inout Dice) -> String {
    let row = "k = \(random.number(0...keys - 1) / 4) AND c = \(random.number(0...3))"
    return switch random.number(0...9) {
    case 0: "DELETE FROM crash.t WHERE \(row)"
    case 1: "DELETE v FROM crash.t WHERE \(row)"
    case 2: "DELETE FROM crash.t WHERE k = \(random.number(0...keys / 4)) AND c > 1"
    case 3:
      "BEGIN BATCH UPDATE crash.t SET v = \(number % 17), w = \(number) WHERE \(row); "
        + "UPDATE crash.t SET v = \(number % 13), w = \(-number) WHERE k = 1000 AND c = \(number % 4); APPLY BATCH"
    case 4...5: "INSERT INTO crash.t (k, c, v, w) VALUES (\(2000 + number), 0, \(number % 7), \(number))"
    default: "UPDATE crash.t SET v = \(number % 23), w = \(number) WHERE \(row)"
    }
  }

  @Test(arguments: [0.02, 0.3, 0.9]) func viewsHaveWhatTheirTableHas(part: Double) async throws {
    let folder = NSTemporaryDirectory() + "cql-node-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let killAfter = Int(part * Double(Self.writes))
    let place = "seed \(Self.seed), killed after \(killAfter) answers"
    let node = try NodeProcess(["--data", folder, "--port", "0"])
    let acknowledged = try await WireClient.busyLoop.run { () async throws -> [Int] in
      let first = try await WireClient.ready(to: node.address)
      try await Self.setUp(first)
      for view in Self.views { try await Self.run(view, on: first) }
      try await Self.run("CREATE INDEX of_v ON crash.t (v)", on: first)
      var clients = [first]
      while clients.count < Self.clients { clients.append(try await WireClient.ready(to: node.address)) }
      var random = Dice(seed: Self.seed)
      var streams: [(number: Int, isNew: Bool, client: WireClient, stream: Int16)] = []
      for number in 0..<Self.writes {
        let client = clients[number % clients.count]
        let text = Self.statement(number, &random)
        let stream = try client.send(.query(text, QueryParameters(consistency: .one)))
        streams.append((number, text.hasPrefix("INSERT"), client, stream))
      }
      // The rows that nothing touches again, and how many answers there were.
      var (inserted, count) = ([Int](), 0)
      for (number, isNew, client, stream) in streams {
        guard let answer = try? await client.answer(on: stream) else { continue }
        #expect(answer.message == .result(.void), "\(place)")
        if isNew { inserted.append(number) }
        count += 1
        if count == killAfter { node.kill() }
      }
      #expect(count >= killAfter, "\(place)")
      for client in clients { client.close() }
      return inserted
    }
    let again = try NodeProcess(["--data", folder, "--port", "0"])
    defer { _ = again.terminate() }
    try await WireClient.busyLoop.run {
      let client = try await WireClient.ready(to: again.address)
      try await Self.check(client, place)
      let there = Set(try await Self.rows("SELECT w FROM crash.by_v", on: client))
      #expect(acknowledged.filter { !there.contains("  | \($0)") } == [], "\(place): acknowledged and lost")
      client.close()
    }
  }

  /// The kill comes when views and an index have been asked for, after so many answers to others: each is not there, or has
  /// all that its table has as soon as it can be read.
  @Test(arguments: [0, 20, 400]) func whatIsBeingFilledIsWholeOrNotThere(killAfter: Int) async throws {
    let folder = NSTemporaryDirectory() + "cql-node-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let place = "killed \(killAfter) answers after CREATE"
    let node = try NodeProcess(["--data", folder, "--port", "0"])
    try await WireClient.busyLoop.run {
      let client = try await WireClient.ready(to: node.address)
      try await Self.setUp(client)
      var streams: [Int16] = []
      for number in 0..<Self.earlierRows {
        let text = "INSERT INTO crash.t (k, c, v, w) VALUES (\(number / 8), \(number % 8), \(number % 31), \(number))"
        streams.append(try client.send(.query(text, QueryParameters(consistency: .one))))
        guard streams.count == 500 else { continue }
        for stream in streams { _ = try await client.answer(on: stream) }
        streams = []
      }
      for stream in streams { _ = try await client.answer(on: stream) }
      let definitions = Self.views + ["CREATE INDEX of_v ON crash.t (v)"]
      for text in definitions { try client.send(.query(text, QueryParameters(consistency: .one))) }
      for _ in 0..<killAfter { _ = try await client.query("SELECT key FROM system.local") }
      node.kill()
      await client.untilEnd()
      client.close()
    }
    let again = try NodeProcess(["--data", folder, "--port", "0"])
    defer { _ = again.terminate() }
    try await WireClient.busyLoop.run {
      let client = try await WireClient.ready(to: again.address)
      // What was not begun is begun now; what was is acknowledged by the one or the other CREATE.
      for text in Self.views {
        try await Self.run(text.replacing("VIEW crash", with: "VIEW IF NOT EXISTS crash"), on: client)
      }
      try await Self.run("CREATE INDEX IF NOT EXISTS of_v ON crash.t (v)", on: client)
      try await Self.check(client, place)
      client.close()
    }
  }

  // MARK: What is asked

  private static func setUp(_ client: WireClient) async throws {
    try await run(
      "CREATE KEYSPACE crash WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}", on: client)
    try await run("CREATE TABLE crash.t (k int, c int, v int, w int, PRIMARY KEY (k, c))", on: client)
  }

  private static func run(_ text: String, on client: WireClient) async throws {
    if case .error(let error) = try await client.query(text).message {
      throw NodeProcess.Failure(description: "\(text): \(error.message)")
    }
  }

  /// All rows of a SELECT as lines, sorted.
  private static func rows(_ text: String, on client: WireClient) async throws -> [String] {
    var lines: [String] = []
    var state: [UInt8]?
    while true {
      let answer = try await client.query(text, pageSize: 5000, pageState: state)
      guard case .result(.rows(let rows)) = answer.message, let columns = rows.metadata.columns else {
        throw NodeProcess.Failure(description: "\(text): \(answer.message)")
      }
      lines += try AnswerText.rows(rows, columns, answer.body)
      state = rows.metadata.pageState
      if state == nil { return lines.sorted() }
    }
  }

  /// The views and the index have what the table has.
  private static func check(_ client: WireClient, _ place: String) async throws {
    let base = try await rows("SELECT v, k, c, w FROM crash.t", on: client)
    #expect(!base.isEmpty, "\(place)")
    let withValue = base.filter { !$0.hasPrefix("  | - |") }
    #expect(try await rows("SELECT v, k, c, w FROM crash.by_v", on: client) == withValue, "\(place)")
    let others = try await rows("SELECT k, c, w FROM crash.t", on: client)
    #expect(try await rows("SELECT k, c, w FROM crash.by_c", on: client) == others, "\(place)")
    var found: [String] = []
    for value in 0..<32 { found += try await rows("SELECT v, k, c, w FROM crash.t WHERE v = \(value)", on: client) }
    #expect(found.sorted() == withValue, "\(place)")
  }
}
