import CassandraBytes
import CassandraReactor
import CassandraTelemetry
import CassandraWire
import Foundation
import Testing

/// What a stranger sends to the built program, which has to stay within its memory, answer others meanwhile, and be alive
/// afterwards.
///
/// Each attack is the smallest input that once held a loop, took all memory or ended the process.
@Suite(.serialized, .timeLimit(.minutes(5))) struct HostileNodeTests {
  /// Bytes of requests and answers that the node may hold in these tests.
  private static let budgetMiB = 64
  /// What it may have resident: the budget, one answer beyond it, what a process needs by itself, and the copies of what
  /// is on its way.
  private static let residentMiB = 420
  /// What the node may compute while a second client waits for its answer, in seconds of the processor: its time does not
  /// tell, since the machine has other work.
  private static let patience = 10.0

  /// How often the second client of the attack at hand has been answered.
  private static let answered = Locked(0)

  /// Waits until the second client has been answered so many times more, while an attack goes on.
  private func untilOthersAreAnswered(times: Int, _ loop: EventLoop) async throws {
    let end = Self.answered.withLock { $0 } + times
    while Self.answered.withLock({ $0 }) < end { try await loop.sleep(for: .milliseconds(10)) }
  }

  /// Runs an attack on a node of its own, beside a client that asks all the time.
  private func attack(
    _ arguments: [String] = [], _ attack: @escaping @Sendable (SocketAddress) async throws -> Void
  ) async throws {
    let node = try NodeProcess(
      ["--memory", "--port", "0", "--loops", "2", "--memory-budget", "\(Self.budgetMiB)"] + arguments)
    try await WireClient.busyLoop.run {
      let watched = try await WireClient.ready(to: node.address)
      let isOver = Locked(false)
      Self.answered.withLock { $0 = 0 }
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask(executorPreference: WireClient.busyLoop) {
          defer { isOver.withLock { $0 = true } }
          try await attack(node.address)
        }
        var rounds = 0
        while !isOver.withLock({ $0 }) || rounds == 0 {
          let start = node.processorSeconds
          let answer = try await watched.query("SELECT cluster_name FROM system.local")
          guard case .result(.rows) = answer.message else {
            Issue.record("the second client got \(answer.message)")
            return
          }
          if let start, let end = node.processorSeconds {
            #expect(end - start < Self.patience, "the second client waited")
          }
          rounds += 1
          Self.answered.withLock { $0 += 1 }
          try await watched.loop.sleep(for: .milliseconds(20))
        }
        try await group.waitForAll()
      }
      // A new client gets in.
      let fresh = try await WireClient.ready(to: node.address)
      guard case .result = try await fresh.query("SELECT cluster_name FROM system.local").message else {
        Issue.record("the node does not answer any more")
        return
      }
      fresh.close()
      watched.close()
    }
    let peak = try #require(node.peakResidentMiB)
    #expect(peak <= Self.residentMiB, "the node had \(peak) MiB")
    #expect(node.terminate() == 0)
  }

  private static let marks = String(repeating: "\u{301}", count: 15_000) + String(repeating: "\u{316}", count: 15_000)

  /// STARTUP with options that are no dictionary here: it would take this side as long to look at them.
  private static func startup(_ version: ProtocolVersion, _ options: [(name: String, value: String)]) -> [UInt8] {
    func short(_ number: Int) -> [UInt8] {
      [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)]
    }
    var body = short(options.count)
    for option in options {
      for text in [option.name, option.value] { body += short(text.utf8.count) + Array(text.utf8) }
    }
    return [version.rawValue, 0, 0, 0, 1] + short(body.count >> 16) + short(body.count) + body
  }

  @Test func longNamesBeforeTheLogin() async throws {
    try await attack { address in
      let client = try await WireClient(to: address)
      client.send(bytes: Self.startup(.v5, [("CQL_VERSION", "3.0.0"), ("e" + Self.marks, "x")]))
      _ = try await client.answer(on: 0)
      client.close()
      // The values of what is known are as long.
      for option in ["CQL_VERSION", "COMPRESSION"] {
        let versed = try await WireClient(to: address)
        versed.send(bytes: Self.startup(.v5, [("CQL_VERSION", "3.0.0"), (option, "e" + Self.marks)]))
        _ = try await versed.answer(on: 0)
        versed.close()
      }
      // A megabyte of it is more than anybody has to say before the login.
      let greedy = try await WireClient(to: address, version: .v4)
      greedy.send(
        bytes: Self.startup(.v4, [("CQL_VERSION", "3.0.0")] + (0..<16).map { ("\($0)" + Self.marks, "x") }))
      await greedy.untilEnd()
    }
  }

  @Test func largeFramesBeforeTheLogin() async throws {
    try await attack { address in
      var clients: [WireClient] = []
      for _ in 0..<50 {
        let client = try await WireClient(to: address, version: .v4)
        client.send(bytes: [4, 0, 0, 0, 1, 1, 0, 0, 0] + [UInt8](repeating: 0, count: 1 << 20))
        clients.append(client)
      }
      for client in clients { await client.untilEnd() }
    }
  }

  /// Statements that name what nobody has, with a megabyte of combining marks.
  private static let longNames: [String] = {
    let marks = "e" + String(repeating: "\u{301}", count: 250_000) + String(repeating: "\u{316}", count: 250_000)
    return [
      "SELECT \"\(marks)\"(key) FROM system.local", "SELECT system.\"mask_\(marks)\"(key) FROM system.local",
      "CREATE KEYSPACE ks WITH replication = {'class': '\(marks)'}",
      "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': '\(marks)'}",
      "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'x\(marks)': '1', 'y\(marks)': '1'}",
      "CREATE TABLE system.t (k '\(marks)' PRIMARY KEY)", "SELECT (inet) '\(marks)' FROM system.local",
      "SELECT (duration) '\(marks)' FROM system.local", "SELECT (blob) from_json('\"\(marks)\"') FROM system.local",
      "SELECT (duration) from_json('\"\(marks)\"') FROM system.local",
      "SELECT (boolean) from_json('\"\(marks)\"') FROM system.local",
      "GRANT SELECT ON MBEAN '\(marks)' TO nobody",
      "CREATE KEYSPACE options WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
    ]
      + [
        "compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': '\(marks)'}",
        "compaction = {'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': '\(marks)'}",
        "compression = {'class': '\(marks)'}", "caching = {'keys': '\(marks)'}", "speculative_retry = '\(marks)'",
      ].map { "CREATE TABLE options.t (k int PRIMARY KEY) WITH \($0)" }
  }()

  @Test func deepStatements() async throws {
    func nested(_ open: String, _ inner: String, _ close: String, _ depth: Int) -> String {
      String(repeating: open, count: depth) + inner + String(repeating: close, count: depth)
    }
    let statements =
      [30, 60, 600, 100_000].flatMap { depth in
        [
          "SELECT \(nested("[", "1", "]", depth)) FROM system.local",
          "SELECT \(nested("abs(", "1", ")", depth)) FROM system.local",
          "SELECT \(nested("(", "key", ")", depth)) FROM system.local",
          "SELECT \(nested("{1: ", "1", "}", depth)) FROM system.local",
          "INSERT INTO system.local (key) VALUES (\(nested("abs(", "1", ")", depth)))",
          "SELECT key FROM system.local WHERE key = \(nested("abs(", "1", ")", depth))",
          "SELECT key\(String(repeating: ".b", count: depth)) FROM system.local",
          "SELECT key\(String(repeating: "[1]", count: depth)) FROM system.local",
          "SELECT 1\(String(repeating: " + 1", count: depth)) FROM system.local",
          "CREATE TABLE ks.t (a \(nested("frozen<list<", "int", ">>", depth)) PRIMARY KEY)",
        ]
      } + [
        "SELECT key AS \"\(String(repeating: "x", count: 70_000))\" FROM system.local",
        "SELECT key AS \"e\(Self.marks)\" FROM system.local", "SELECT \"e\(Self.marks)\" FROM system.local",
        "SELECT key FROM \"e\(Self.marks)\".t", "SELECT \"e\(Self.marks)\"(key) FROM system.local",
        "SELECT key FROM system.local WHERE key = :\"e\(Self.marks)\"",
        "USE \"e\(Self.marks)\"", "SELECT (int) '\(Self.marks)' FROM system.local",
      ]
      + Self.longNames
    try await attack { address in
      let client = try await WireClient.ready(to: address)
      for statement in statements {
        guard case .error(let error) = try await client.query(statement).message else { continue }
        #expect(error.code != .serverError, "\(statement.prefix(60)): \(error.message.prefix(100))")
      }
      client.close()
    }
  }

  /// As many parts of one kind as a statement may have, each of which has to go with all the others.
  @Test func longLists() async throws {
    func list(_ count: Int, _ separator: String, _ part: (Int) -> String) -> String {
      (0..<count).map(part).joined(separator: separator)
    }
    let statements = [
      "UPDATE ks.m SET \(list(40_000, ", ") { "m['\($0)'] = 'x'" }) WHERE k = 1",
      "UPDATE ks.m SET \(list(40_000, ", ") { "l = l + [\($0)]" }) WHERE k = 1",
      "SELECT k FROM ks.m WHERE \(list(40_000, " AND ") { "s CONTAINS '\($0)'" }) ALLOW FILTERING",
      "SELECT k FROM ks.m WHERE \(list(40_000, " AND ") { "m['\($0)'] = 'x'" }) ALLOW FILTERING",
    ]
    try await attack { address in
      let client = try await WireClient.ready(to: address)
      _ = try await client.query(
        "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
      _ = try await client.query("CREATE TABLE ks.m (k int PRIMARY KEY, m map<text, text>, l list<int>, s set<text>)")
      for statement in statements {
        let answer = try await client.ask(.prepare(statement, keyspace: nil))
        guard case .result(.prepared) = answer.message else {
          Issue.record("\(statement.prefix(60)): \(answer.message)")
          continue
        }
      }
      client.close()
    }
  }

  private static func fill(_ client: WireClient, rows: Int, rowBytes: Int) async throws {
    for text in [
      "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
      "CREATE TABLE ks.t (k int, c int, v blob, PRIMARY KEY (k, c))",
    ] { _ = try await client.query(text) }
    let value = String(repeating: "ab", count: rowBytes)
    for c in 0..<rows { _ = try await client.query("INSERT INTO ks.t (k, c, v) VALUES (1, \(c), 0x\(value))") }
  }

  /// Each state that the node did not issue is refused, and none ends it.
  @Test func changedPageStates() async throws {
    try await attack { address in
      let client = try await WireClient.ready(to: address)
      try await Self.fill(client, rows: 20, rowBytes: 10)
      let text = "SELECT * FROM ks.t"
      guard case .result(.rows(let rows)) = try await client.query(text, pageSize: 5).message,
        let state = rows.metadata.pageState
      else {
        Issue.record("there is no second page")
        return
      }
      var variants: [[UInt8]] = []
      for index in state.indices {
        for value in [0x00, 0x7f, 0x80, 0xff] as [UInt8] {
          var one = Array(state)
          one[index] = value
          variants.append(one)
          var many = Array(state)
          for offset in index..<min(index + 8, many.count) { many[offset] = offset == index ? 0x7f : value }
          variants.append(many)
        }
      }
      for variant in variants where variant != Array(state) {
        guard case .error(let error) = try await client.query(text, pageSize: 5, pageState: variant).message else {
          Issue.record("a changed state was taken")
          continue
        }
        #expect(error.code == .protocolError)
      }
      client.close()
    }
  }

  /// Reads that together have far more than the node may hold, asked for at once by somebody who reads nothing.
  @Test func pipelinedReadsOfALargePartition() async throws {
    try await attack { address in
      let client = try await WireClient.ready(to: address)
      try await Self.fill(client, rows: 200, rowBytes: 10_000)
      client.close()
      var greedy: [WireClient] = []
      for _ in 0..<20 {
        let client = try await WireClient.ready(to: address)
        client.pauseReading()
        for _ in 0..<200 {
          _ = try client.send(.query("SELECT * FROM ks.t WHERE k = 1", QueryParameters(consistency: .one)))
        }
        greedy.append(client)
      }
      try await untilOthersAreAnswered(times: 60, greedy[0].loop)
      for client in greedy { client.close() }
    }
  }

  /// Thousands of small writes into a row with a cell of megabytes, of which nobody waits for the answers: they are done
  /// in time, others meanwhile, and the node ends in order when it is told to.
  @Test func smallWritesIntoALargeRow() async throws {
    try await attack { address in
      let client = try await WireClient.ready(to: address)
      try await Self.fill(client, rows: 0, rowBytes: 0)
      _ = try await client.query("CREATE TABLE ks.large (k int PRIMARY KEY, v blob, a int)")
      let large = QueryParameters(
        consistency: .one, values: .positional([.bytes([UInt8](repeating: 7, count: 12 << 20))]))
      _ = try await client.ask(.query("INSERT INTO ks.large (k, v) VALUES (1, ?)", large))
      let streams = try (0..<2_000).map { number in
        try client.send(
          .query("INSERT INTO ks.large (k, a) VALUES (1, \(number))", QueryParameters(consistency: .one)))
      }
      for stream in streams.dropLast(500) {
        guard case .result = try await client.answer(on: stream).message else {
          Issue.record("a write was not taken")
          return
        }
      }
      client.close()
    }
  }

  /// Statements that name thousands of columns in the worst order.
  @Test func tablesOfManyColumns() async throws {
    try await attack { address in
      let client = try await WireClient.ready(to: address)
      try await Self.fill(client, rows: 0, rowBytes: 0)
      func list(_ part: (Int) -> String) -> String { (0..<12_000).reversed().map(part).joined(separator: ", ") }
      for text in [
        "CREATE TABLE ks.wide (k int PRIMARY KEY, a int)", "ALTER TABLE ks.wide ADD (\(list { "c\($0) int" }))",
        "INSERT INTO ks.wide (k, \(list { "c\($0)" })) VALUES (1, \(list { "\($0)" }))",
        "INSERT INTO ks.wide (k, \((0..<12_000).map { "c\($0)" }.joined(separator: ", "))) VALUES (2, \(list { "\($0)" }))",
        "ALTER TABLE ks.wide DROP (\(list { "c\($0)" }))",
        "CREATE TABLE ks.keys (\(list { "c\($0) int" }), PRIMARY KEY (c0, \((1..<4_000).map { "c\($0)" }.joined(separator: ", "))))",
        "ALTER TABLE ks.keys RENAME \((1..<3_000).map { "c\($0) TO d\($0)" }.joined(separator: " AND "))",
      ] {
        if case .error(let error) = try await client.query(text).message {
          Issue.record("\(text.prefix(40)): \(error.message.prefix(100))")
        }
      }
      client.close()
    }
  }

  /// Somebody who reads slowly waits alone, and gets what was asked for.
  @Test func largeAnswersAreAllGiven() async throws {
    try await attack { address in
      let client = try await WireClient.ready(to: address)
      try await Self.fill(client, rows: 200, rowBytes: 10_000)
      let streams = try (0..<40).map { _ in
        try client.send(.query("SELECT * FROM ks.t WHERE k = 1", QueryParameters(consistency: .one)))
      }
      for stream in streams {
        let answer = try await client.answer(on: stream)
        #expect(answer.body.count > 2_000_000, "\(answer.message)")
      }
      client.close()
    }
  }

  /// Frames that are announced and never come whole.
  @Test func unfinishedFrames() async throws {
    try await attack { address in
      var clients: [WireClient] = []
      for _ in 0..<60 {
        let client = try await WireClient.ready(to: address, version: .v4)
        client.send(bytes: [4, 0, 0, 0, 7, 0, 0xf0, 0, 0] + [UInt8](repeating: 0x20, count: 8 << 20))
        clients.append(client)
      }
      for client in clients {
        while client.waitingBytes > 0 && !client.hasEnded { try await client.loop.sleep(for: .milliseconds(10)) }
      }
      for client in clients { client.close() }
    }
  }

  @Test func manyLargePreparedStatements() async throws {
    try await attack { address in
      let client = try await WireClient.ready(to: address)
      let markers = Array(repeating: "?", count: 20_000).joined(separator: ",")
      for index in 0..<40 {
        _ = try await client.ask(
          .prepare("SELECT key FROM system.local WHERE key IN (\(markers)) LIMIT \(index + 1)", keyspace: nil))
      }
      client.close()
    }
  }

  /// A request over the limit is refused on its own stream, and its connection lives.
  @Test func requestsOverTheLimit() async throws {
    try await attack { address in
      for version in ProtocolVersion.allCases {
        let client = try await WireClient.ready(to: address, version: version)
        let text = "SELECT key FROM system.local WHERE key = '" + String(repeating: "x", count: 17 << 20) + "'"
        guard case .error(let error) = try await client.query(text).message else {
          Issue.record("17 MiB should be refused")
          return
        }
        #expect(error.code == .invalid || error.code == .overloaded)
        guard case .result = try await client.query("SELECT key FROM system.local").message else {
          Issue.record("the connection should live")
          return
        }
        client.close()
      }
    }
  }
}
