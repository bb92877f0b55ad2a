import CassandraWeb

/// What the database is asked, a function for each question.
enum Storage {
  static func books() -> Statement { "SELECT isbn, title, author, year, place FROM books" }

  static func book(_ isbn: String) -> Statement {
    "SELECT isbn, title, author, year, place FROM books WHERE isbn = \(isbn)"
  }

  static func books(by author: String) -> Statement {
    "SELECT isbn, title FROM books_by_author WHERE author = \(author)"
  }

  static func loans(of isbn: String) -> Statement { "SELECT lent_at, reader FROM loans WHERE isbn = \(isbn)" }

  /// Adds a book unless there is one with its number; says whether it was added.
  static func add(_ book: NewBook, to client: CassandraClient) async throws -> Bool {
    let rows = try await client.query(
      """
      INSERT INTO books (isbn, title, author, year, place)
      VALUES (\(book.isbn), \(book.title), \(book.author), \(book.year), \(book.place?.value)) IF NOT EXISTS
      """)
    guard try rows.isApplied == true else { return false }
    // A condition holds for one partition, so this is a second write; it is the same however often it is done.
    try await client.query(
      "INSERT INTO books_by_author (author, isbn, title) VALUES (\(book.author), \(book.isbn), \(book.title))",
      options: QueryOptions(isIdempotent: true))
    return true
  }

  /// Changes a book in both tables, or in neither; what is absent stays.
  static func change(_ isbn: String, by author: String, _ change: BookChange, in client: CassandraClient) async throws {
    guard change.title != nil || change.year.isPresent || change.place.isPresent else { return }
    try await client.batch(.logged) { batch in
      if let title = change.title {
        batch.add("UPDATE books SET title = \(title) WHERE isbn = \(isbn)")
        batch.add("UPDATE books_by_author SET title = \(title) WHERE author = \(author) AND isbn = \(isbn)")
      }
      if change.year.isPresent {
        batch.add("UPDATE books SET year = \(change.year.applied(to: nil)) WHERE isbn = \(isbn)")
      }
      if change.place.isPresent {
        batch.add("UPDATE books SET place = \(change.place.applied(to: nil)?.value) WHERE isbn = \(isbn)")
      }
    }
  }

  static func remove(_ isbn: String, by author: String, from client: CassandraClient) async throws {
    try await client.batch(.logged) { batch in
      batch.add("DELETE FROM books WHERE isbn = \(isbn)")
      batch.add("DELETE FROM books_by_author WHERE author = \(author) AND isbn = \(isbn)")
    }
  }

  static func add(_ loan: NewLoan, of isbn: String, to client: CassandraClient) async throws {
    try await client.query(
      "INSERT INTO loans (isbn, lent_at, reader) VALUES (\(isbn), \(loan.at), \(loan.reader))",
      options: QueryOptions(isIdempotent: true))
  }
}
