import CassandraWire
import Cassandra
import CassandraReactor
import Testing

/// What happens to prepared statements when the schema changes under them.
@Suite(.enabled(if: !Database.all.isEmpty, Database.anyReason), .serialized, .timeLimit(.minutes(5))) struct SchemaTests
{
  static let keyspace = Keyspace("driver_schema", [])

  struct Row: Decodable, Equatable {
    var b: String
    var d: Int
  }

  /// A table for each version, so that both start from the same.
  private func table(_ database: Database, _ name: String) -> Identifier { Identifier("\(name)_\(database.version)") }

  @Test(arguments: Database.all) func aChangedTableNeverShiftsColumns(_ database: Database) async throws {
    let table = table(database, "changing")
    try await Self.keyspace.withClient(database) { client in
      try await client.query("DROP TABLE IF EXISTS \(table)")
      let created = try await client.query("CREATE TABLE \(table) (id int PRIMARY KEY, b text, d int)")
      #expect(created.schemaChange?.change == .created)
      #expect(created.schemaChange?.target == .table(table.name))
      #expect(created.isSchemaAgreed == true)
      try await client.query("INSERT INTO \(table) (id, b, d) VALUES (1, 'b', 4)")
      func rows() async throws -> Rows { try await client.query("SELECT * FROM \(table) WHERE id = \(1)") }
      #expect(try await rows().collect(Row.self) == [Row(b: "b", d: 4)])
      // Columns before, between and behind the others; Cassandra gives them in the order of their names.
      for column in ["a", "c", "e"] {
        let altered = try await client.query("ALTER TABLE \(table) ADD \(Identifier(column)) text")
        #expect(altered.schemaChange?.change == .updated)
        for _ in 0..<3 { #expect(try await rows().collect(Row.self) == [Row(b: "b", d: 4)]) }
      }
      #expect(try await rows().columns.map(\.name) == ["id", "a", "b", "c", "d", "e"])
      try await client.query("ALTER TABLE \(table) DROP a")
      for _ in 0..<3 { #expect(try await rows().collect(Row.self) == [Row(b: "b", d: 4)]) }
      #expect(try await rows().columns.map(\.name) == ["id", "b", "c", "d", "e"])
    }
  }

  @Test(arguments: Database.all) func aTableThatWasMadeAnewForgetsItsStatements(_ database: Database) async throws {
    let table = table(database, "forgetful")
    try await Self.keyspace.withClient(database) { client in
      for round in 0..<3 {
        try await client.query("DROP TABLE IF EXISTS \(table)")
        try await client.query("CREATE TABLE \(table) (id int PRIMARY KEY, n int)")
        try await withThrowingTaskGroup(of: Void.self) { group in
          for id in 0..<20 {
            group.addTask { try await client.query("INSERT INTO \(table) (id, n) VALUES (\(id), \(round))") }
          }
          try await group.waitForAll()
        }
        #expect(try await client.query("SELECT n FROM \(table) WHERE id = \(7)").first(Int.self) == round)
        try await client.batch { $0.add("DELETE FROM \(table) WHERE id = \(7)") }
      }
    }
  }

  @Test(arguments: Database.all, [1, 2])
  func aKeyspaceThatTheClientMakesItself(_ database: Database, _ loopCount: Int) async throws {
    let name = "driver_made_\(database.version)"
    try await CassandraClient.withClient(try database.configuration()) {
      try await $0.query("DROP KEYSPACE IF EXISTS \(Identifier(name))")
    }
    var configuration = try database.configuration(keyspace: name)
    configuration.keyspaceMayBeMissing = true
    let loops = try EventLoops(count: loopCount)
    try await CassandraClient.withClient(configuration, loops: loops) { client in
      let missing = try await failure { try await client.query("SELECT name FROM keys") }
      #expect(missing.code == .keyspaceMissing)
      #expect(missing.server != nil)
      let inBatch = try await failure {
        try await client.batch { $0.add("INSERT INTO keys (id, name) VALUES (1, 'x')") }
      }
      #expect(inBatch.code == .keyspaceMissing)
      // Names with a keyspace of their own are of use.
      #expect(try await client.query("SELECT release_version FROM system.local").first(String.self) != nil)
      try await client.query(
        "CREATE KEYSPACE \(Identifier(name)) WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        options: QueryOptions(timeout: .seconds(60)))
      try await client.query("CREATE TABLE keys (id int PRIMARY KEY, name text)")
      try await withThrowingTaskGroup(of: Void.self) { group in
        for id in 0..<20 {
          group.addTask { try await client.query("INSERT INTO keys (id, name) VALUES (\(id), \("n"))") }
        }
        try await group.waitForAll()
      }
      #expect(try await client.query("SELECT name FROM keys WHERE id = \(7)").first(String.self) == "n")
      try await client.query("DROP KEYSPACE \(Identifier(name))")
    }
    await loops.shutDown()
  }

  @Test(arguments: Database.all) func theSchemaIsFollowed(_ database: Database) async throws {
    let table = table(database, "followed")
    try await Self.keyspace.withClient(database, configure: { $0.limits.eventQuietTime = .milliseconds(20) }) {
      client in
      try await client.query("DROP TABLE IF EXISTS \(table)")
      var schemas = client.schemaUpdates(of: [Self.keyspace.name]).makeAsyncIterator()
      func columns(_ schema: ClusterSchema?) -> [String]? {
        schema?.keyspace(Self.keyspace.name)?.table(table.name)?.columns.map(\.name)
      }
      #expect(columns(try await schemas.next(isolation: nil)) == nil)
      // Another client makes the changes.
      try await Self.keyspace.withClient(database) { other in
        try await other.query("CREATE TABLE \(table) (id int PRIMARY KEY, n int)")
        var seen: [String]?
        while seen == nil { seen = columns(try await schemas.next(isolation: nil)) }
        #expect(seen == ["id", "n"])
        try await other.query("ALTER TABLE \(table) ADD more text")
        while seen != ["id", "more", "n"] { seen = columns(try await schemas.next(isolation: nil)) }
        try await other.query("DROP TABLE \(table)")
        while seen != nil { seen = columns(try await schemas.next(isolation: nil)) }
      }
    }
  }
}
