import CQLNode
import CassandraTesting
import Testing

/// Statements that a node carries out before it serves anybody.
@Suite(.timeLimit(.minutes(5))) struct InitialStatementsTests {
  private static let schema = """
    -- A schema; with a comment.
    CREATE KEYSPACE garden WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1};
    USE garden;
    CREATE TABLE plants (genus text PRIMARY KEY, note text);
    BEGIN BATCH
      INSERT INTO plants (genus, note) VALUES ('Bellis', 'one; two');
      INSERT INTO plants (genus, note) VALUES ('Plantago', 'three');
    APPLY BATCH;
    """

  private func start(_ statements: String) async throws {
    var configuration = EmbeddedNode.defaultConfiguration
    configuration.initialStatements = statements
    try await EmbeddedNode.withNode(configuration) { node in try await node.reset(to: node.snapshot()) }
  }

  private func refusal(_ statements: String) async throws -> NodeError {
    try await #require(throws: NodeError.self) { try await start(statements) }
  }

  @Test func whatExistsIsPassedOver() async throws {
    // The reset starts the node again on what the first start has made.
    try await start(Self.schema)
  }

  @Test func aFailureNamesItsLineAndKeepsTheNodeFromStarting() async throws {
    let unknown = try await refusal("\(Self.schema)\nINSERT INTO trees (genus) VALUES ('Quercus');")
    #expect(unknown.code == .initialStatements)
    #expect(unknown.description.contains("line 9"))
    #expect(try await refusal("CREATE NOTHING;").description.contains("line 1"))
    #expect(try await refusal("\n\nINSERT 'without an end;").description.contains("line 3"))
  }

  /// What is wrong is quoted, and may be long: a person gets to see its beginning, with nothing that a terminal obeys.
  @Test func aFailureQuotesNoMoreThanAPersonReads() async throws {
    let marks = String(repeating: "\u{301}", count: 50_000)
    for statement in [
      "CREATE \(marks);", "SELECT e\(marks) FROM system.local;", "SELECT \"\(marks)\" FROM system.local;",
      "INSERT INTO \"e\u{9b}31m\(marks)\" (a) VALUES (1);", "'\(marks)",
    ] {
      let words = try await refusal(statement).description
      #expect(words.utf8.count < 1_200, "\(statement.utf8.prefix(10))")
      #expect(!words.unicodeScalars.contains("\u{9b}"))
    }
  }
}
