import Cassandra
import CassandraTesting
import CassandraWire
import Foundation
import Testing

/// Tables and types that change while two clients use them: whatever the order, a value is stored as what it is, or it is
/// refused.
///
/// Against a node in the process by default; `CASSANDRA_TEST_CHANGING` names another database as `host:port`,
/// `CASSANDRA_TEST_CHANGING_STEPS` how many steps to take in all, `CASSANDRA_TEST_CHANGING_SEED` where to begin.
@Suite(.timeLimit(.minutes(10)), .serialized) struct ChangingSchemaTests {
  static func variable(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  static let steps = variable("CASSANDRA_TEST_CHANGING_STEPS").flatMap { Int($0) } ?? 2000
  static let seeds: [UInt64] =
    variable("CASSANDRA_TEST_CHANGING_SEED").flatMap { UInt64($0) }.map { [$0] } ?? [1, 2, 3, 4]

  /// Runs `body` with two clients in one keyspace, of these versions.
  private func withClients(
    _ first: ProtocolVersion, _ second: ProtocolVersion, _ body: (CassandraClient, CassandraClient) async throws -> Void
  ) async throws {
    func run(_ endPoint: String) async throws {
      let source = try ClusterSource.nodes([endPoint], localDatacenter: "datacenter1")
      try await CassandraClient.withClient(ClientConfiguration(source)) { client in
        try await client.query("DROP KEYSPACE IF EXISTS changing")
        try await client.query(
          "CREATE KEYSPACE changing WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
      }
      var configuration = ClientConfiguration(source, keyspace: "changing")
      configuration.protocolVersion = first
      var other = configuration
      other.protocolVersion = second
      let others = other
      try await CassandraClient.withClient(configuration) { one in
        try await CassandraClient.withClient(others) { two in try await body(one, two) }
      }
    }
    if let endPoint = Self.variable("CASSANDRA_TEST_CHANGING") { return try await run(endPoint) }
    try await EmbeddedNode.withNode { try await run($0.endPoint) }
  }

  // MARK: - One case at a time

  private static let pairs: [(ProtocolVersion, ProtocolVersion)] = [(.v4, .v4), (.v5, .v5), (.v4, .v5), (.v5, .v4)]

  @Test(arguments: pairs) func aColumnIsMadeAnewWithAnotherType(
    _ first: ProtocolVersion, _ second: ProtocolVersion
  ) async throws {
    try await withClients(first, second) { one, two in
      func insert(_ client: CassandraClient, _ value: Int) async throws {
        try await client.query("INSERT INTO t (k, v) VALUES (\(1), \(value))")
      }
      func insert(_ client: CassandraClient, _ value: String) async throws {
        try await client.query("INSERT INTO t (k, v) VALUES (\(1), \(value))")
      }
      func value(_ client: CassandraClient) async throws -> CQLValue? {
        try await client.query("SELECT v FROM t WHERE k = \(1)").first()?.decode(CQLValue.self, at: 0)
      }
      for (changing, using) in [(one, one), (one, two), (two, one)] {
        try await changing.query("DROP TABLE IF EXISTS t")
        try await changing.query("CREATE TABLE t (k int PRIMARY KEY, v int)")
        for client in [changing, using] { try await insert(client, 0x6162_6364) }
        try await changing.query("DROP TABLE t")
        try await changing.query("CREATE TABLE t (k int PRIMARY KEY, v text)")
        // The bytes of the number would be a text, too.
        try await insert(changing, "text")
        #expect(try await failure { try await insert(using, 0x6162_6364) }.code == .invalidValue)
        #expect(try await value(using) == .text("text"))
        try await insert(using, "other")
        #expect(try await value(changing) == .text("other"))
        try await changing.query("DROP TABLE t")
        try await changing.query("CREATE TABLE t (k int PRIMARY KEY, v bigint)")
        #expect(try await failure { try await insert(using, "text") }.code == .invalidValue)
        try await insert(using, 1 << 40)
        try await insert(changing, 1 << 41)
        #expect(try await value(using) == .bigint(1 << 41))
        try await changing.query("DROP TABLE t")
        try await changing.query("CREATE TABLE t (k int PRIMARY KEY, v int)")
        #expect(try await failure { try await insert(using, 1 << 40) }.code == .invalidValue)
        try await insert(using, 7)
        #expect(try await value(changing) == .int(7))
      }
    }
  }

  @Test(arguments: pairs) func aKeyIsMadeAnewWithAnotherType(
    _ first: ProtocolVersion, _ second: ProtocolVersion
  ) async throws {
    try await withClients(first, second) { one, two in
      func count(_ client: CassandraClient, _ key: Int) async throws -> Int {
        try await client.query("SELECT v FROM t WHERE k = \(key)").collect(Int.self).count
      }
      func count(_ client: CassandraClient, _ key: String) async throws -> Int {
        try await client.query("SELECT v FROM t WHERE k = \(key)").collect(Int.self).count
      }
      for (changing, using) in [(one, one), (one, two), (two, one)] {
        try await changing.query("DROP TABLE IF EXISTS t")
        try await changing.query("CREATE TABLE t (k int PRIMARY KEY, v int)")
        for client in [changing, using] { #expect(try await count(client, 0x6162_6364) == 0) }
        try await changing.query("DROP TABLE t")
        try await changing.query("CREATE TABLE t (k text PRIMARY KEY, v int)")
        try await changing.query("INSERT INTO t (k, v) VALUES (\("abcd"), \(1))")
        #expect(try await count(changing, "abcd") == 1)
        #expect(try await failure { _ = try await count(using, 0x6162_6364) }.code == .invalidValue)
        #expect(try await count(using, "abcd") == 1)
      }
    }
  }

  @Test(arguments: pairs) func aTypeGetsFieldsAndOtherNames(
    _ first: ProtocolVersion, _ second: ProtocolVersion
  ) async throws {
    try await withClients(first, second) { one, two in
      func insert(_ client: CassandraClient, _ fields: [(String, Int32)]) async throws {
        let value = CQLValue.udt(fields.map { .init($0.0, .int($0.1)) })
        try await client.query("INSERT INTO u (k, v) VALUES (\(1), \(value))")
      }
      func value(_ client: CassandraClient) async throws -> [String] {
        let row = try await client.query("SELECT v FROM u WHERE k = \(1)").first()
        guard case .udt(let fields)? = try row?.decode(CQLValue.self, at: 0) else { return [] }
        return fields.map { "\($0.name) \($0.value)" }
      }
      for (changing, using) in [(one, one), (one, two), (two, one)] {
        try await changing.query("DROP TABLE IF EXISTS u")
        try await changing.query("DROP TYPE IF EXISTS pair")
        try await changing.query("CREATE TYPE pair (a int, b int)")
        try await changing.query("CREATE TABLE u (k int PRIMARY KEY, v frozen<pair>)")
        for client in [changing, using] { try await insert(client, [("a", 1), ("b", 2)]) }
        #expect(try await failure { try await insert(using, [("a", 1), ("c", 3)]) }.code == .invalidValue)
        try await changing.query("ALTER TYPE pair ADD c int")
        try await insert(using, [("a", 1), ("c", 3)])
        #expect(try await value(using) == ["a 1", "b null", "c 3"])
        try await insert(changing, [("a", 4), ("b", 5), ("c", 6)])
        try await changing.query("ALTER TYPE pair RENAME a TO z AND b TO a")
        #expect(try await failure { try await insert(using, [("b", 1)]) }.code == .invalidValue)
        try await insert(using, [("a", 1), ("z", 2)])
        #expect(try await value(using) == ["z 2", "a 1"])
        #expect(try await value(changing) == ["z 2", "a 1"])
      }
    }
  }

  @Test(arguments: pairs) func batchesAndNamedValues(_ first: ProtocolVersion, _ second: ProtocolVersion) async throws {
    try await withClients(first, second) { one, two in
      for (changing, using) in [(one, one), (one, two), (two, one)] {
        func named(_ value: any CQLEncodable) async throws {
          try await using.query(
            Statement("INSERT INTO n (k, v) VALUES (:k, :v)", named: ["v": value, "k": 1]))
        }
        func batch(_ value: any CQLEncodable) async throws {
          try await using.batch {
            $0.add(Statement("INSERT INTO n (k, v) VALUES (?, ?)", [2, value]))
            $0.add("DELETE FROM n WHERE k = \(3)")
            $0.add(Statement("INSERT INTO n (k, v) VALUES (?, ?)", [4, value]))
          }
        }
        func values() async throws -> [CQLValue] {
          var values: [CQLValue] = []
          for try await row in try await changing.query("SELECT v FROM n WHERE k IN (1, 2, 4)") {
            values.append(try row.decode(CQLValue.self, at: 0))
          }
          return values
        }
        try await changing.query("DROP TABLE IF EXISTS n")
        try await changing.query("CREATE TABLE n (k int PRIMARY KEY, v int)")
        try await named(0x6162_6364)
        try await batch(0x6162_6364)
        try await changing.query("DROP TABLE n")
        try await changing.query("CREATE TABLE n (k int PRIMARY KEY, v text)")
        #expect(try await failure { try await named(0x6162_6364) }.code == .invalidValue)
        #expect(try await failure { try await batch(0x6162_6364) }.code == .invalidValue)
        #expect(try await values().isEmpty)
        try await named("x")
        try await batch("x")
        #expect(try await values() == [.text("x"), .text("x"), .text("x")])
      }
    }
  }

  /// Composed and decomposed they are one `String`, and two rows.
  @Test func canonicallyEqualTextsAreTwoStatements() async throws {
    try await withClients(.v5, .v4) { one, two in
      try await one.query("CREATE TABLE names (k text PRIMARY KEY, v int)")
      let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")
      for client in [one, two] {
        for (value, name) in [composed, decomposed].enumerated() {
          try await client.query(Statement(unsafeCQL: "INSERT INTO names (k, v) VALUES ('" + name + "', ?)", [value]))
        }
        for (value, name) in [composed, decomposed].enumerated() {
          let select = Statement(unsafeCQL: "SELECT v FROM names WHERE k = '" + name + "'")
          #expect(try await client.query(select).collect(Int.self) == [value])
        }
        try await client.query(Statement(unsafeCQL: "DELETE FROM names WHERE k = '" + decomposed + "'"))
        #expect(try await client.query("SELECT v FROM names").collect(Int.self) == [0])
      }
    }
  }

  // MARK: - Everything in any order

  @Test(arguments: seeds) func whateverTheOrder(_ seed: UInt64) async throws {
    let versions = Self.pairs[Int(seed % 4)]
    try await withClients(versions.0, versions.1) { one, two in
      var walk = SchemaWalk(seed: seed, clients: [one, two])
      for _ in 0..<max(1, Self.steps / Self.seeds.count) {
        let trouble = try await walk.step()
        #expect(trouble == nil, "seed \(seed), step \(walk.count): \(trouble ?? "")")
        if trouble != nil { break }
      }
    }
  }
}
