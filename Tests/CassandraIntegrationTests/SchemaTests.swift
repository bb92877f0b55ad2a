import CassandraWire
import Cassandra
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
}
