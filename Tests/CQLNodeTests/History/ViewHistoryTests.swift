import CassandraDice
import CassandraReactor
import CassandraTesting
import CassandraWire
import Testing

/// A view has the rows of its base, whatever has been written to that, in which order and with which times.
///
/// `HISTORY_SEED` repeats a history, `VIEW_STEPS` says how many changes it has (600); views are made and dropped on the way.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ViewHistoryTests {
  private static let seed = HistoryRun.seed
  private static let steps = Int(HistoryRun.number("VIEW_STEPS") ?? 600)

  /// A view, and which rows of its base it has.
  private struct View: Sendable {
    var name: String
    var columns: [String]
    var definition: String
    /// Whether a row is in it, by the values of the columns as texts.
    var has: @Sendable ([String: String]) -> Bool

    var select: String { "SELECT \(columns.joined(separator: ", ")) FROM \(name)" }
    var create: String {
      "CREATE MATERIALIZED VIEW \(name) AS SELECT k, c, d, v, w, m, l, st FROM t WHERE \(definition)"
    }
  }

  private static let all = ["k", "c", "d", "v", "w", "m", "l", "st"]
  private static let notNull = "k IS NOT NULL AND c IS NOT NULL AND d IS NOT NULL"
  private static let views = [
    View(
      name: "by_v", columns: all + ["writetime(w)", "ttl(w)"],
      definition: "\(notNull) AND v IS NOT NULL PRIMARY KEY (v, k, c, d)"
    ) { $0["v"] != "-" },
    View(
      name: "by_w", columns: all + ["writetime(v)", "ttl(v)"],
      definition: "\(notNull) AND w IS NOT NULL PRIMARY KEY ((w, d), c, k) WITH CLUSTERING ORDER BY (c DESC, k DESC)"
    ) { $0["w"] != "-" },
    View(
      name: "by_key", columns: all + ["writetime(v)", "ttl(w)"],
      definition: "k IN (0, 2, 3) AND c > -2 AND d IS NOT NULL PRIMARY KEY (c, d, k)"
    ) { $0["k"] != "1" && $0["c"] != "-2" },
  ]

  @Test func viewsHaveTheRowsOfTheirBase() async throws {
    print("views: seed \(Self.seed), \(Self.steps) steps")
    try await EmbeddedNode.withNode { node in
      try await WireClient.busyLoop.run {
        let client = try await Self.client(at: node.address)
        var history = History(seed: Self.seed, keepsColumns: true)
        var present: [String] = []
        for number in 0..<Self.steps {
          let place = "seed \(Self.seed), step \(number)"
          // Each view is made over what is there, goes, and is made anew.
          if number % 40 == 20 {
            let view = Self.views[number / 40 % Self.views.count]
            let isThere = present.contains(view.name)
            let text = isThere ? "DROP MATERIALIZED VIEW \(view.name)" : view.create
            if isThere { present.removeAll { $0 == view.name } } else { present.append(view.name) }
            let answer = try await Self.run(History.Step(text: text, now: 0), on: client)
            try #require(answer.first?.hasPrefix("error") != true, "\(place): \(text): \(answer)")
          }
          let step = history.write()
          let answer = try await Self.run(step, on: client)
          try #require(answer.first?.hasPrefix("error") != true, "\(place): \(step.text): \(answer)")
          for view in Self.views where present.contains(view.name) {
            for later in [0, 40] {
              try await Self.check(
                view, at: step.now + Int32(later), on: client, "\(place), \(view.name): \(step.text)")
            }
          }
        }
        client.close()
      }
    }
  }

  /// The rows of a view are those of its base that belong to it.
  private static func check(_ view: View, at now: Int32, on client: WireClient, _ place: String) async throws {
    let found = try await run(History.Step(text: view.select, now: now), on: client).sorted()
    let text = "SELECT \(view.columns.joined(separator: ", ")) FROM t"
    let expected = try await run(History.Step(text: text, now: now), on: client).filter { line in
      let values = line.dropFirst(4).split(separator: " | ", omittingEmptySubsequences: false).map(String.init)
      let row = Dictionary(zip(view.columns, values)) { first, _ in first }
      // A partition that has static values alone has no row.
      return row["c"] != "-" && view.has(row)
    }
    try #require(
      found == expected.sorted(),
      "\(place)\nview only: \(Set(found).subtracting(expected))\nbase only: \(Set(expected).subtracting(found))")
  }

  @Test(.enabled(if: cassandraAddress != nil, "CASSANDRA_TEST_PLAIN=host:port says where a Cassandra is"))
  func viewsAgreeWithCassandra() async throws {
    let cassandra = try #require(cassandraAddress)
    print("views beside Cassandra: seed \(Self.seed), \(Self.steps) steps")
    try await EmbeddedNode.withNode { node in
      try await WireClient.busyLoop.run {
        let ours = try await Self.client(at: HistoryRun.otherNode ?? node.address)
        let theirs = try await Self.client(at: cassandra)
        for view in Self.views {
          for client in [ours, theirs] { _ = try await client.query(view.create) }
        }
        var history = History(seed: Self.seed, keepsColumns: true)
        var run = HistoryRun()
        for number in 0..<Self.steps {
          let step = history.write()
          run.statements += 1
          run.answers += 1
          let (ourAnswer, theirAnswer) = (try await Self.run(step, on: ours), try await Self.run(step, on: theirs))
          try #require(ourAnswer == theirAnswer, "seed \(Self.seed), step \(number): \(step.text)")
          guard number % 5 == 4 else { continue }
          for view in Self.views {
            for later in [0, 40] {
              let read = History.Step(text: view.select, now: step.now + Int32(later))
              run.statements += 1
              run.answers += 1
              let (found, expected) = (try await Self.run(read, on: ours), try await Self.run(read, on: theirs))
              try #require(
                found == expected,
                """
                seed \(Self.seed), step \(number), now \(read.now): \(read.text)
                node only: \(Set(found).subtracting(expected).sorted())
                Cassandra only: \(Set(expected).subtracting(found).sorted())
                """)
            }
          }
        }
        run.tell("views")
        _ = try await theirs.query("DROP KEYSPACE h_views")
        ours.close()
        theirs.close()
      }
    }
  }

  private static func client(at address: SocketAddress) async throws -> WireClient {
    let client = try await WireClient.ready(to: address)
    for statement in [
      "DROP KEYSPACE IF EXISTS h_views",
      "CREATE KEYSPACE h_views WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}", "USE h_views",
    ] + History.setUp {
      if case .error(let error) = try await client.query(statement).message {
        throw WireClient.Failure(description: "\(statement): \(error.message)")
      }
    }
    return client
  }

  /// The rows of a statement as lines; of anything else what it is.
  private static func run(_ step: History.Step, on client: WireClient) async throws -> [String] {
    let now = step.now == 0 ? nil : step.now
    let answer = try await client.ask(
      .query(step.text, QueryParameters(consistency: .one, pageSize: 5000, nowInSeconds: now)))
    guard case .result(.rows(let rows)) = answer.message else {
      return CorpusRun.essence(try AnswerText.lines(answer, version: client.version))
    }
    return try AnswerText.rows(rows, rows.metadata.columns ?? [], answer.body)
  }
}
