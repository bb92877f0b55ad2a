import CassandraWire
import Cassandra
import CassandraReactor
import CassandraTelemetry
import Testing

@Suite(.enabled(if: !Database.all.isEmpty, Database.anyReason), .serialized, .timeLimit(.minutes(5))) struct QueryTests
{
  static let keyspace = Keyspace(
    "driver_queries",
    [
      "CREATE TABLE KEYSPACE.plants (genus text, species text, sightings int, PRIMARY KEY (genus, species))",
      "CREATE TABLE KEYSPACE.keys (id int PRIMARY KEY, name text)",
    ])

  struct Plant: Decodable, Equatable {
    var genus: String
    var species: String
    var sightings: Int?
  }

  private func fill(_ client: CassandraClient, genus: String, count: Int) async throws {
    for start in stride(from: 0, to: count, by: 100) {
      try await client.batch(.unlogged) {
        for number in start..<min(start + 100, count) {
          let species = "species-\(1000 + number)"
          $0.add("INSERT INTO plants (genus, species, sightings) VALUES (\(genus), \(species), \(number))")
        }
      }
    }
  }

  @Test(arguments: Database.all) func pages(_ database: Database) async throws {
    try await Self.keyspace.withClient(database) { client in
      try await fill(client, genus: "Paged", count: 250)
      let small = QueryOptions(pageSize: 40)
      func query() async throws -> Rows {
        try await client.query(
          "SELECT genus, species, sightings FROM plants WHERE genus = \("Paged")", options: small)
      }
      let expected = Array(0..<250)
      #expect(try await query().collect(Plant.self).compactMap(\.sightings) == expected)
      var numbers: [Int] = []
      for try await (_, _, number) in try await query().decode((String, String, Int).self) { numbers.append(number) }
      #expect(numbers == expected)
      var sizes: [Int] = []
      for try await page in try await query().pages { sizes.append(page.rowCount) }
      #expect(sizes.reduce(0, +) == 250)
      #expect(sizes.allSatisfy { $0 <= 40 })
      #expect(try await query().first(Plant.self)?.sightings == 0)
      numbers = []
      for try await (_, _, number) in try await query().decode((String, String, Int).self) {
        numbers.append(number)
        if numbers.count == 50 { break }
      }
      #expect(numbers == Array(0..<50))
    }
  }

  @Test(arguments: Database.all) func aResultIsResumedByAnotherClient(_ database: Database) async throws {
    let small = QueryOptions(pageSize: 30)
    var numbers: [Int] = []
    var kept: [UInt8]?
    try await Self.keyspace.withClient(database) { client in
      try await fill(client, genus: "Resumed", count: 100)
      let rows = try await client.query("SELECT sightings FROM plants WHERE genus = \("Resumed")", options: small)
      var pages = rows.pages.makeAsyncIterator()
      let page = try #require(try await pages.next())
      for row in page { numbers.append(try row.decode(Int.self, at: 0)) }
      kept = await rows.resumeToken?.bytes
    }
    let bytes = try #require(kept)
    try await Self.keyspace.withClient(database) { client in
      var options = small
      options.resuming = try ResumeToken(bytes: bytes)
      let rows = try await client.query("SELECT sightings FROM plants WHERE genus = \("Resumed")", options: options)
      numbers += try await rows.collect(Int.self)
      let other = try await failure {
        try await client.query("SELECT species FROM plants WHERE genus = \("Resumed")", options: options)
      }
      #expect(other.code == .invalidPageState)
      var forged = bytes
      for index in 10..<forged.count { forged[index] = 0xff }
      options.resuming = try ResumeToken(bytes: forged)
      let error = try await failure {
        try await client.query("SELECT sightings FROM plants WHERE genus = \("Resumed")", options: options)
      }
      #expect(error.code == .invalidPageState)
      // The connection is as good as before.
      #expect(try await client.query("SELECT sightings FROM plants WHERE genus = \("Resumed")").first(Int.self) == 0)
    }
    #expect(numbers == Array(0..<100))
  }

  @Test(arguments: Database.all) func aPageThatFiltersEverythingOutIsNotTheEnd(_ database: Database) async throws {
    try await Self.keyspace.withClient(database) { client in
      try await fill(client, genus: "Filtered", count: 100)
      let rows = try await client.query(
        "SELECT sightings FROM plants WHERE genus = \("Filtered") AND sightings = \(99) ALLOW FILTERING",
        options: QueryOptions(pageSize: 10))
      #expect(try await rows.collect(Int.self) == [99])
    }
  }

  @Test(arguments: Database.all) func batches(_ database: Database) async throws {
    try await Self.keyspace.withClient(database) { client in
      for kind in [Batch.Kind.logged, .unlogged] {
        let genus = "Batch \(kind) \(database.version)"
        try await client.batch(kind) {
          for number in 0..<3 {
            $0.add("INSERT INTO plants (genus, species, sightings) VALUES (\(genus), \("\(number)"), \(number))")
          }
          $0.add("DELETE FROM plants WHERE genus = \(genus) AND species = \("1")")
          $0.add(
            Statement(
              "UPDATE plants SET sightings = :n WHERE genus = :g AND species = :s",
              named: ["n": 7, "g": genus, "s": "2"]))
        }
        let rows = try await client.query("SELECT sightings FROM plants WHERE genus = \(genus)")
        // All have one timestamp, so the deletion wins and of the two values the larger one.
        #expect(try await rows.collect(Int.self) == [0, 7])
      }
      let conditional = try await client.batch {
        $0.add("INSERT INTO keys (id, name) VALUES (\(77), \("x")) IF NOT EXISTS")
      }
      _ = try conditional.isApplied
      let again = try await client.batch {
        $0.add("INSERT INTO keys (id, name) VALUES (\(77), \("y")) IF NOT EXISTS")
      }
      #expect(try again.isApplied == false)
    }
  }

  @Test(arguments: Database.all) func conditions(_ database: Database) async throws {
    try await Self.keyspace.withClient(database) { client in
      try await client.query("DELETE FROM keys WHERE id = \(1) IF EXISTS")
      let first = try await client.query("INSERT INTO keys (id, name) VALUES (\(1), \("first")) IF NOT EXISTS")
      #expect(try first.isApplied == true)
      let second = try await client.query("INSERT INTO keys (id, name) VALUES (\(1), \("second")) IF NOT EXISTS")
      #expect(try second.isApplied == false)
      #expect(try await second.first()?.decode(String.self, "name") == "first")
      let third = try await client.query(
        "UPDATE keys SET name = \("third") WHERE id = \(1) IF name = \("first")",
        options: QueryOptions(serialConsistency: .serial))
      #expect(try third.isApplied == true)
      let serial = try await client.query(
        "SELECT name FROM keys WHERE id = \(1)", options: QueryOptions(consistency: .serial))
      #expect(try await serial.first(String.self) == "third")
    }
  }

  @Test(arguments: Database.all) func timestampsAndConsistencies(_ database: Database) async throws {
    try await Self.keyspace.withClient(database) { client in
      let id = database.version == .v4 ? 10 : 11
      try await client.query(
        "INSERT INTO keys (id, name) VALUES (\(id), \("old"))", options: QueryOptions(timestamp: 1000))
      #expect(try await client.query("SELECT writetime(name) FROM keys WHERE id = \(id)").first(Int.self) == 1000)
      try await client.query(
        "INSERT INTO keys (id, name) VALUES (\(id), \("older"))", options: QueryOptions(timestamp: 999))
      #expect(try await client.query("SELECT name FROM keys WHERE id = \(id)").first(String.self) == "old")
      for name in ["a", "b", "c"] { try await client.query("INSERT INTO keys (id, name) VALUES (\(id), \(name))") }
      let rows = try await client.query("SELECT name, writetime(name) FROM keys WHERE id = \(id)")
      let (name, time) = try #require(try await rows.first((String, Int).self))
      #expect(name == "c")
      #expect(time > 1_500_000_000_000_000)
      for consistency in [Consistency.one, .quorum, .all, .localOne, .localQuorum] {
        let rows = try await client.query(
          "SELECT name FROM keys WHERE id = \(id)", options: QueryOptions(consistency: consistency))
        #expect(try await rows.first(String.self) == "c")
      }
      try await client.query(
        "INSERT INTO keys (id, name) VALUES (\(id), \("any"))", options: QueryOptions(consistency: .any))
      // One replica cannot be two.
      let error = try await failure {
        try await client.query("SELECT name FROM keys WHERE id = \(id)", options: QueryOptions(consistency: .two))
      }
      #expect(error.code == .unavailable)
      #expect(error.server?.detail == .unavailable(.two, required: 2, alive: 1))
      #expect(error.isRetrySafe)
    }
  }

  /// Cassandra warns of an aggregation over all partitions.
  @Test(arguments: Database.all) func warnings(_ database: Database) async throws {
    let sink = RecordingSink()
    try await Self.keyspace.withClient(database, logger: CassandraLogger(label: "test", sink: sink)) { client in
      let rows = try await client.query("SELECT count(*) FROM keys")
      #expect(rows.warnings.count == 1)
      #expect(try await rows.first(Int.self) != nil)
      #expect(sink.messages.contains("the database warns"))
      #expect(try await client.query("SELECT name FROM keys WHERE id = \(1)").warnings == [])
    }
  }

  @Test(arguments: Database.all) func tracing(_ database: Database) async throws {
    try await Self.keyspace.withClient(database) { client in
      let traced = try await client.query("SELECT name FROM keys WHERE id = \(1)", options: QueryOptions(tracing: true))
      let id = try #require(traced.tracingID)
      #expect(try await client.query("SELECT name FROM keys WHERE id = \(1)").tracingID == nil)
      // A trace is written behind the request, and kept by two nodes where there are two.
      while true {
        let session = try await client.query(
          "SELECT command FROM system_traces.sessions WHERE session_id = \(id)",
          options: QueryOptions(consistency: .one))
        if let command = try await session.first(String?.self), command == "QUERY" { break }
        try await Task.sleep(for: .milliseconds(20))
      }
      let trace = try #require(try await client.trace(id, patience: .seconds(30)))
      #expect(trace.request == "Execute CQL3 prepared query" && trace.coordinator != nil && trace.startedAt != nil)
      #expect(trace.parameters["query"] == "SELECT name FROM keys WHERE id = ?", "\(trace.parameters)")
      #expect(!trace.events.isEmpty && trace.events.allSatisfy { !$0.activity.isEmpty && $0.source != nil })
    }
  }

  @Test(arguments: Database.all) func statementsByText(_ database: Database) async throws {
    try await Self.keyspace.withClient(database) { client in
      try await client.query(Statement("INSERT INTO keys (id, name) VALUES (?, ?)", [20, "by position"]))
      try await client.query(
        Statement("INSERT INTO keys (id, name) VALUES (:id, :\"Name\")", named: ["id": 21, "Name": "by name"]))
      let rows = try await client.query("SELECT name FROM keys WHERE id IN \([20, 21])")
      #expect(try await rows.collect(String.self).sorted() == ["by name", "by position"])
      #expect(try await client.query("SELECT name FROM keys WHERE id = \(404)").first(String.self) == nil)
    }
  }

  @Test(arguments: Database.all) func errors(_ database: Database) async throws {
    try await Self.keyspace.withClient(database) { (client) async throws in
      let syntax = try await failure { try await client.query("SELEKT secret FROM keys") }
      #expect(syntax.code == .syntaxError)
      #expect(!syntax.description.contains("secret"))
      #expect(syntax.debugDescription.contains("SELEKT"))
      let invalid = try await failure { try await client.query("SELECT secret FROM keys") }
      #expect(invalid.code == .invalid)
      #expect(!invalid.description.contains("secret"))
      #expect(invalid.coordinator?.description == database.address)
      let exists = try await failure { try await client.query("CREATE TABLE keys (id int PRIMARY KEY)") }
      #expect(exists.code == .alreadyExists)
      #expect(exists.server?.detail == .alreadyExists(keyspace: "driver_queries", table: "keys"))
      #expect(try await failure { try await client.query("USE system") }.code == .invalidStatement)
      #expect(try await failure { try await client.query("CREATE nonsense") }.code == .syntaxError)
    }
  }

  @Test(arguments: Database.all) func compression(_ database: Database) async throws {
    try await Self.keyspace.withClient(database, configure: { $0.compression = true }) { client in
      let name = String(repeating: "compresses well ", count: 20_000)
      try await client.query("INSERT INTO keys (id, name) VALUES (\(30), \(name))")
      #expect(try await client.query("SELECT name FROM keys WHERE id = \(30)").first(String.self) == name)
    }
  }

  @Test(arguments: Database.all) func manyAtOnce(_ database: Database) async throws {
    try await Self.keyspace.withClient(database) { client in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for id in 1000..<1500 {
          group.addTask {
            try await client.query("INSERT INTO keys (id, name) VALUES (\(id), \("number \(id)"))")
            let name = try await client.query("SELECT name FROM keys WHERE id = \(id)").first(String.self)
            #expect(name == "number \(id)")
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test(arguments: Database.all) @MainActor func callsFromOutsideOfTheLoops(_ database: Database) async throws {
    try await Self.keyspace.withClient(database) { client in
      try await client.query("INSERT INTO keys (id, name) VALUES (\(40), \("main"))")
      MainActor.assertIsolated()
      let name = try await Task.detached {
        try await client.query("SELECT name FROM keys WHERE id = \(40)").first(String.self)
      }.value
      #expect(name == "main")
      let loop = EventLoops.shared[0]
      let onLoop = try await loop.run {
        let name = try await client.query("SELECT name FROM keys WHERE id = \(40)").first(String.self)
        return loop.isCurrent ? name : nil
      }
      #expect(onLoop == "main")
    }
  }

  @Test(arguments: Database.all) func aKeyspaceThatIsNotThere(_ database: Database) async throws {
    try await CassandraClient.withClient(try database.configuration(keyspace: "not_there")) { client in
      let error = try await failure { try await client.query("SELECT name FROM keys") }
      #expect(error.code == .keyspaceMissing)
    }
  }
}
