import CassandraWeb

/// What every handler has.
struct LibraryContext: CassandraContext {
  let cassandra: CassandraClient
  /// What a client shows that changes something.
  let token: Secret

  init(cassandra: CassandraClient, token: Secret) {
    self.cassandra = cassandra
    self.token = token
  }
}

typealias LibraryRequest = Request<LibraryContext>

func libraryRoutes() -> Routes<LibraryContext> {
  var routes = Routes<LibraryContext>()
  routes.health(queries: [Storage.book("readiness")])
  routes.metrics()
  routes.document(APIDescription(title: "Library", version: "1", text: "Books, where they stand, and who has them."))

  routes.get("/books", about: .init("All books", tag: "books").pages(of: Storage.books())) { request in
    try await request.rows(Storage.books())
  }
  routes.get(
    "/books/{isbn}",
    about: .init("One book", tag: "books").row(of: Storage.book("")).problem(.notFound, "There is no such book.")
  ) { request in try await book(request) }
  routes.get(
    "/authors/{author}/books", about: .init("The books of an author", tag: "books").pages(of: Storage.books(by: ""))
  ) { request in try await request.rows(Storage.books(by: request.path["author"])) }
  routes.get(
    "/books/{isbn}/loans",
    about: .init("Who had a book, the last one first", tag: "loans").pages(of: Storage.loans(of: ""))
  ) { request in try await request.rows(Storage.loans(of: request.path["isbn"])) }
  routes.get(
    "/export.csv",
    about: .init("All books as a file", tag: "books")
      .answer(.ok, "A line for each book.", contentType: "text/csv", schema: ["type": "string"]), export)

  routes.within(Routes.bearer { token, context in token.isSame(as: context.token) }) { routes in
    routes.post(
      "/books",
      about: .init("Add a book", tag: "books").body(NewBook.self).bearer()
        .answer(.created, "It is there.").field(ofAnswer: .location, "Where it is.")
        .problem(.conflict, "There is a book with this number."), add)
    routes.patch(
      "/books/{isbn}",
      about: .init("Change a book", "What is absent stays, and null removes.", tag: "books").body(BookChange.self)
        .bearer().row(of: Storage.book("")).problem(.notFound, "There is no such book."), change)
    routes.delete(
      "/books/{isbn}",
      about: .init("Remove a book", tag: "books").bearer().answer(.noContent, "It is gone.")
        .problem(.notFound, "There is no such book."), remove)
    routes.post(
      "/books/{isbn}/loans",
      about: .init("Lend a book", tag: "loans").body(NewLoan.self).bearer().answer(.created, "It is lent.")
        .problem(.notFound, "There is no such book."), lend)
  }
  return routes
}

private func book(_ request: LibraryRequest) async throws -> Row {
  guard let book = try await request.cassandra.query(Storage.book(request.path["isbn"])).first() else {
    throw Problem.notFound("There is no such book.")
  }
  return book
}

@Sendable private func add(_ request: LibraryRequest) async throws -> Response {
  let book = try await request.validated(NewBook.self)
  guard try await Storage.add(book, to: request.cassandra) else {
    throw Problem(.conflict, code: "exists", detail: "There is a book with this number.")
  }
  return Response(.created, fields: [try FieldLine(.location, "/books/\(book.isbn)")])
}

@Sendable private func change(_ request: LibraryRequest) async throws -> Row {
  let change = try await request.validated(BookChange.self)
  let author = try await book(request).decode(String.self, "author")
  try await Storage.change(request.path["isbn"], by: author, change, in: request.cassandra)
  return try await book(request)
}

@Sendable private func remove(_ request: LibraryRequest) async throws -> Response {
  let author = try await book(request).decode(String.self, "author")
  try await Storage.remove(request.path["isbn"], by: author, from: request.cassandra)
  return Response(.noContent)
}

@Sendable private func lend(_ request: LibraryRequest) async throws -> Response {
  let loan = try await request.validated(NewLoan.self)
  _ = try await book(request)
  try await Storage.add(loan, of: request.path["isbn"], to: request.cassandra)
  return Response(.created)
}

/// All books as CSV, at the pace of the client: a page is held at a time, however many there are.
@Sendable private func export(_ request: LibraryRequest) async throws -> Response {
  let books = try await request.cassandra.query(Storage.books())
  return Response(contentType: try FieldLine(.contentType, "text/csv; charset=utf-8")) { writer in
    try await writer.write("isbn,title,author\r\n")
    for try await row in books {
      let cells = try ["isbn", "title", "author"].map { name in
        "\""
          + (try row.decode(String?.self, name) ?? "").split(separator: "\"", omittingEmptySubsequences: false).joined(
            separator: "\"\"") + "\""
      }
      try await writer.write(cells.joined(separator: ",") + "\r\n")
    }
  }
}
