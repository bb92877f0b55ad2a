import CassandraReactor
import CassandraTesting
import CassandraWire
import Testing

/// Histories that follow from a seed, on the node alone and beside a real Cassandra.
///
/// `HISTORY_SEED` repeats one, `HISTORY_STEPS` says how many changes it has (2,000).
@Suite(.serialized, .timeLimit(.minutes(10))) struct HistoryTests {
  private static let cassandra = cassandraAddress
  private static let other = HistoryRun.otherNode
  private static let seed = HistoryRun.seed
  private static let steps = Int(HistoryRun.number("HISTORY_STEPS") ?? 2000)

  /// Whatever the size of the pages and whatever the order, the rows are the same.
  @Test func theNodeAgreesWithItself() async throws {
    print("history: seed \(Self.seed), \(Self.steps) steps")
    try await EmbeddedNode.withNode { node in
      try await WireClient.busyLoop.run {
        let client = try await Self.client(at: Self.other ?? node.address, keyspace: "h_alone")
        var history = History(seed: Self.seed)
        for number in 0..<Self.steps {
          let step = history.write()
          let answer = try await Self.run(step, on: client)
          #expect(
            answer.first?.hasPrefix("error") != true, "seed \(Self.seed), step \(number): \(step.text): \(answer)")
          guard number % 10 == 9 else { continue }
          var first: [String]?
          for (read, pageSize) in history.reads() {
            let rows = try await Self.run(read, on: client, pageSize: pageSize)
            try #require(
              rows == first ?? rows, "seed \(Self.seed), step \(number), pages of \(pageSize): \(read.text)")
            first = rows
          }
          let (forwards, backwards) = history.mirroredReads()
          let rows = try await Self.run(forwards, on: client).dropFirst()
          let mirrored = try await Self.run(backwards, on: client).dropFirst()
          try #require(
            Array(rows) == mirrored.reversed(), "seed \(Self.seed), step \(number): \(forwards.text)")
        }
        client.close()
      }
    }
  }

  @Test(.enabled(if: cassandra != nil, "CASSANDRA_TEST_PLAIN=host:port says where a Cassandra is"))
  func theNodeAgreesWithCassandra() async throws {
    let cassandra = try #require(Self.cassandra)
    print("history beside Cassandra: seed \(Self.seed), \(Self.steps) steps")
    try await EmbeddedNode.withNode { node in
      try await WireClient.busyLoop.run {
        let ours = try await Self.client(at: Self.other ?? node.address, keyspace: "h_ours")
        let theirs = try await Self.client(at: cassandra, keyspace: "h_theirs")
        var history = History(seed: Self.seed)
        var run = HistoryRun()
        for number in 0..<Self.steps {
          let step = history.write()
          run.statements += 1
          run.answers += 1
          let (ourAnswer, theirAnswer) = (try await Self.run(step, on: ours), try await Self.run(step, on: theirs))
          try #require(
            CorpusRun.essence(ourAnswer) == CorpusRun.essence(theirAnswer),
            "seed \(Self.seed), step \(number): \(step.text)")
          guard number % 10 == 9 else { continue }
          run.statements += 1
          for (read, pageSize) in history.reads() {
            run.answers += 1
            let (ourRows, theirRows) = (
              try await Self.run(read, on: ours, pageSize: pageSize),
              try await Self.run(read, on: theirs, pageSize: pageSize)
            )
            let (found, expected) = (CorpusRun.essence(ourRows), CorpusRun.essence(theirRows))
            // An index that was dropped and made anew lets Cassandra fail at times (0x1300).
            if expected == ["error 1300"] { continue }
            if found != expected, let scan = read.scan {
              let scanned = CorpusRun.essence(try await Self.run(scan, on: theirs, pageSize: pageSize))
              if found == scanned {
                run.noteIndexFault("seed \(Self.seed), step \(number): \(read.text)", index: expected, scan: scanned)
                continue
              }
            }
            try #require(
              found == expected,
              """
              seed \(Self.seed), step \(number), pages of \(pageSize), now \(read.now): \(read.text)
              node only: \(Set(found).subtracting(expected).sorted())
              Cassandra only: \(Set(expected).subtracting(found).sorted())
              """)
          }
        }
        run.tell("histories")
        _ = try await theirs.query("DROP KEYSPACE h_theirs")
        ours.close()
        theirs.close()
      }
    }
  }

  private static func client(at address: SocketAddress, keyspace: String) async throws -> WireClient {
    let client = try await WireClient.ready(to: address)
    let statements =
      [
        "DROP KEYSPACE IF EXISTS \(keyspace)",
        "CREATE KEYSPACE \(keyspace) WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        "USE \(keyspace)",
      ] + History.setUp
    for statement in statements {
      if case .error(let error) = try await client.query(statement).message {
        throw WireClient.Failure(description: "\(statement): \(error.message)")
      }
    }
    return client
  }

  /// What the answer is, then its rows, whatever the pages that they came in.
  private static func run(
    _ step: History.Step, on client: WireClient, pageSize: Int32 = 5000
  ) async throws -> [String] {
    var parameters = QueryParameters(consistency: .one, pageSize: pageSize, nowInSeconds: step.now)
    var lines: [String] = []
    while true {
      let answer = try await client.ask(.query(step.text, parameters))
      guard case .result(.rows(let rows)) = answer.message else {
        // The two keyspaces have different names, so that a server may be compared with itself too.
        return try AnswerText.lines(answer, version: client.version).map {
          $0.replacing("h_ours", with: "h").replacing("h_theirs", with: "h")
        }
      }
      let columns = rows.metadata.columns ?? []
      if lines.isEmpty { lines = [columns.map { "\($0.name) \($0.type)" }.joined(separator: ", ")] }
      lines += try AnswerText.rows(rows, columns, answer.body)
      guard let state = rows.metadata.pageState else { return lines }
      parameters.pageState = state
    }
  }
}
