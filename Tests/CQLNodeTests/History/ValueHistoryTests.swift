import CassandraReactor
import CassandraTesting
import CassandraWire
import Testing

/// Values mean the same to the node and to a Cassandra, and the node takes all of them without harm.
///
/// `HISTORY_SEED` repeats a history, `VALUE_STEPS` says how many statements it has (3,000).
@Suite(.serialized, .timeLimit(.minutes(10))) struct ValueHistoryTests {
  private static let seed = HistoryRun.seed
  private static let steps = Int(HistoryRun.number("VALUE_STEPS") ?? 3000)

  /// A bound value is found by itself and by the same value in another order, and nothing is a fault of the server.
  @Test func theNodeTakesAllValues() async throws {
    print("values: seed \(Self.seed), \(Self.steps) steps")
    try await EmbeddedNode.withNode { node in
      try await WireClient.busyLoop.run {
        let client = try await Self.client(at: node.address)
        var history = ValueHistory(seed: Self.seed)
        for number in 0..<Self.steps {
          let step = history.next()
          let answer = try await Self.run(step, number, on: client)
          // What Java has no answer to is an error of the server in Cassandra too.
          let isFault = answer.first?.hasPrefix("error 0000") == true && answer.first?.contains("java.lang") == false
          try #require(!isFault, "seed \(Self.seed), step \(number): \(step): \(answer)")
        }
        client.close()
      }
    }
  }

  @Test(.enabled(if: cassandraAddress != nil, "CASSANDRA_TEST_PLAIN=host:port says where a Cassandra is"))
  func theNodeAgreesWithCassandra() async throws {
    let cassandra = try #require(cassandraAddress)
    print("values beside Cassandra: seed \(Self.seed), \(Self.steps) steps")
    try await EmbeddedNode.withNode { node in
      try await WireClient.busyLoop.run {
        let ours = try await Self.client(at: HistoryRun.otherNode ?? node.address)
        let theirs = try await Self.client(at: cassandra, also: ValueHistory.setUpOfScans)
        var history = ValueHistory(seed: Self.seed)
        var run = HistoryRun()
        for number in 0..<Self.steps {
          let step = history.next()
          run.statements += 1
          run.answers += 1
          let (found, expected) = (
            try await Self.run(step, number, on: ours), try await Self.run(step, number, on: theirs)
          )
          // An index that is new lets Cassandra fail at times.
          if CorpusRun.essence(expected) == ["error 1300"] { continue }
          // The rows of a table with an index are kept once more without one.
          if let scan = step.scan {
            let scanned = CorpusRun.essence(try await Self.run(scan, number, on: theirs)).map {
              $0.replacing("h_values.s", with: "h_values.")
            }
            if CorpusRun.essence(found) != CorpusRun.essence(expected), CorpusRun.essence(found) == scanned {
              run.noteIndexFault(
                "seed \(Self.seed), step \(number): \(step.text)", index: CorpusRun.essence(expected), scan: scanned)
              continue
            }
          }
          // All that differs is told: one difference does not lead to the next.
          #expect(
            CorpusRun.essence(found) == CorpusRun.essence(expected),
            "seed \(Self.seed), step \(number): \(step.text) \(step.values)\nnode: \(found)\nCassandra: \(expected)")
        }
        run.tell("values")
        _ = try await theirs.query("DROP KEYSPACE h_values")
        ours.close()
        theirs.close()
      }
    }
  }

  private static func client(at address: SocketAddress, also: [String] = []) async throws -> WireClient {
    let client = try await WireClient.ready(to: address)
    for statement in [
      "DROP KEYSPACE IF EXISTS h_values",
      "CREATE KEYSPACE h_values WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
      "USE h_values",
    ] + ValueHistory.setUp + also {
      if case .error(let error) = try await client.query(statement).message {
        throw WireClient.Failure(description: "\(statement): \(error.message)")
      }
    }
    return client
  }

  /// The answer to a step; each has a timestamp of its own, so that two servers agree on what was written last.
  private static func run(
    _ step: ValueHistory.Step, _ number: Int, on client: WireClient
  ) async throws -> [String] {
    var parameters = QueryParameters(consistency: .one, defaultTimestamp: Int64(number))
    if !step.values.isEmpty { parameters.values = .positional(step.values.map { .bytes($0) }) }
    return try AnswerText.lines(try await client.ask(.query(step.text, parameters)), version: client.version)
  }
}
