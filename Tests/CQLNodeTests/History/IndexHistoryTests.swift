import CassandraReactor
import CassandraTesting
import CassandraWire
import Testing

/// An index is a second way to the same rows, whatever else a statement says.
///
/// `HISTORY_SEED` repeats a history, `INDEX_STEPS` says how many changes it has (400), each with two reads.
@Suite(.serialized, .timeLimit(.minutes(10))) struct IndexHistoryTests {
  private static let seed = HistoryRun.seed
  private static let steps = Int(HistoryRun.number("INDEX_STEPS") ?? 400)

  @Test func anIndexFindsWhatAScanFinds() async throws {
    print("indexes: seed \(Self.seed), \(Self.steps) steps")
    try await EmbeddedNode.withNode { node in
      try await WireClient.busyLoop.run {
        let client = try await Self.client(at: node.address, IndexHistory.Kind.allCases)
        var history = IndexHistory(seed: Self.seed)
        for number in 0..<Self.steps {
          let write = history.write()
          var first: [String]?
          for kind in IndexHistory.Kind.allCases {
            let answer = try await Self.run(write, on: client, kind)
            try #require(answer == first ?? answer, "seed \(Self.seed), step \(number), \(kind): \(write)")
            first = answer
          }
          for _ in 0..<2 {
            let (text, pageSizes) = history.read()
            var scanned: [String]?
            for kind in IndexHistory.Kind.allCases {
              for pageSize in pageSizes {
                let rows = try await Self.run(text, on: client, kind, pageSize: pageSize)
                // What is refused is another matter: a table with an index allows other things.
                if rows.first?.hasPrefix("error 2200") == true { break }
                try #require(
                  rows == scanned ?? rows, "seed \(Self.seed), step \(number), \(kind), pages of \(pageSize): \(text)")
                scanned = rows
              }
            }
          }
        }
        client.close()
      }
    }
  }

  @Test(.enabled(if: cassandraAddress != nil, "CASSANDRA_TEST_PLAIN=host:port says where a Cassandra is"))
  func anIndexAgreesWithCassandra() async throws {
    let cassandra = try #require(cassandraAddress)
    print("indexes beside Cassandra: seed \(Self.seed), \(Self.steps) steps")
    let kinds: [IndexHistory.Kind] = [.first, .attached]
    try await EmbeddedNode.withNode { node in
      try await WireClient.busyLoop.run {
        let ours = try await Self.client(at: HistoryRun.otherNode ?? node.address, kinds)
        let theirs = try await Self.client(at: cassandra, IndexHistory.Kind.allCases)
        var history = IndexHistory(seed: Self.seed)
        var run = HistoryRun()
        for number in 0..<Self.steps {
          let write = history.write()
          _ = try await Self.run(write, on: theirs, .none)
          for kind in kinds {
            run.statements += 1
            run.answers += 1
            let (found, expected) = (
              try await Self.run(write, on: ours, kind), try await Self.run(write, on: theirs, kind)
            )
            try #require(found == expected, "seed \(Self.seed), step \(number), \(kind): \(write)")
          }
          for _ in 0..<2 {
            let (text, pageSizes) = history.read()
            for kind in kinds where !(kind == .first && Self.isStaticIndex(text)) {
              run.statements += 1
              for pageSize in pageSizes {
                run.answers += 1
                let (found, expected) = (
                  try await Self.run(text, on: ours, kind, pageSize: pageSize),
                  try await Self.run(text, on: theirs, kind, pageSize: pageSize)
                )
                if expected.first == "error 1300" { continue }
                // An index of Cassandra's first kind loses rows whose list has had the value before, at another place in
                // each run. What Cassandra finds without an index is then what is right.
                if found != expected {
                  let scanned = try await Self.run(text, on: theirs, .none, pageSize: pageSize)
                  if found == scanned {
                    run.noteIndexFault(
                      "seed \(Self.seed), step \(number), \(kind): \(text)", index: expected, scan: scanned)
                    continue
                  }
                }
                try #require(
                  found == expected,
                  """
                  seed \(Self.seed), step \(number), \(kind), pages of \(pageSize): \(text)
                  node only: \(Set(found).subtracting(expected).sorted())
                  Cassandra only: \(Set(expected).subtracting(found).sorted())
                  """)
              }
            }
          }
        }
        run.tell("indexes")
        _ = try await theirs.query("DROP KEYSPACE h_indexes")
        ours.close()
        theirs.close()
      }
    }
  }

  /// The difference `static-index` of the documentation.
  private static func isStaticIndex(_ text: String) -> Bool {
    (text.contains(" s = ") || text.contains(" z = ")) && text.contains(" k = ")
  }

  private static func client(at address: SocketAddress, _ kinds: [IndexHistory.Kind]) async throws -> WireClient {
    let client = try await WireClient.ready(to: address)
    let statements =
      [
        "DROP KEYSPACE IF EXISTS h_indexes",
        "CREATE KEYSPACE h_indexes WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        "USE h_indexes",
      ] + kinds.flatMap { IndexHistory.setUp("t_\($0.rawValue)", $0) }
    for statement in statements {
      if case .error(let error) = try await client.query(statement).message {
        throw WireClient.Failure(description: "\(statement): \(error.message)")
      }
    }
    return client
  }

  /// The rows of a statement, whatever the pages that they came in; of an error its code.
  private static func run(
    _ text: String, on client: WireClient, _ kind: IndexHistory.Kind, pageSize: Int32 = 5000
  ) async throws -> [String] {
    let text = text.replacing("{} ", with: "t_\(kind.rawValue) ", maxReplacements: 1)
    var parameters = QueryParameters(consistency: .one, pageSize: pageSize)
    var lines: [String] = []
    // More pages than rows would be pages without end.
    for _ in 0..<1_000 {
      let answer = try await client.ask(.query(text, parameters))
      guard case .result(.rows(let rows)) = answer.message else {
        return CorpusRun.essence(try AnswerText.lines(answer, version: client.version))
      }
      lines += try AnswerText.rows(rows, rows.metadata.columns ?? [], answer.body)
      guard let state = rows.metadata.pageState else { return lines }
      parameters.pageState = state
    }
    throw WireClient.Failure(description: "pages without end: \(text)")
  }
}
