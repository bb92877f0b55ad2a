import CassandraWeb

/// The keyspace: three tables and a user type.
enum Schema {
  static let keyspace = "library"

  static let statements: [Statement] = [
    """
    CREATE KEYSPACE IF NOT EXISTS library WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}
    """,
    "CREATE TYPE IF NOT EXISTS library.place (room text, shelf int)",
    """
    CREATE TABLE IF NOT EXISTS library.books (
      isbn text PRIMARY KEY, title text, author text, year int, place frozen<place>)
    """,
    // The same books once more, for the question that the first table cannot answer.
    "CREATE TABLE IF NOT EXISTS library.books_by_author (author text, isbn text, title text, PRIMARY KEY (author, isbn))",
    """
    CREATE TABLE IF NOT EXISTS library.loans (
      isbn text, lent_at timestamp, reader text, PRIMARY KEY ((isbn), lent_at)) WITH CLUSTERING ORDER BY (lent_at DESC)
    """,
  ]

  /// Makes what is missing; `client` has no keyspace.
  static func make(with client: CassandraClient) async throws {
    for statement in statements { try await client.query(statement) }
  }
}
