import CassandraWeb

/// Where a book stands: the user type `place`.
struct Place: Validatable {
  var room: String
  var shelf: Int32
  init(_ fields: inout Validator) {
    room = fields.text("room", bytes: 1...100)
    shelf = fields.required("shelf", .integer(in: 1...9_999))
  }

  var value: CQLTuple<String, Int32> { CQLTuple(room, shelf) }
}

/// A book, as a client posts it.
struct NewBook: Validatable {
  static let isbn = Rule<String>.text(bytes: 13...13).satisfying(
    "An ISBN has 13 digits.", pattern: "^[0-9]{13}$"
  ) { $0.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } }
  static let name = Rule<String>.text(length: 1...200)
  static let year = Rule<Int32>.integer(in: 1000...2100)

  var isbn: String
  var title: String
  var author: String
  var year: Int32?
  var place: Place?
  init(_ fields: inout Validator) {
    isbn = fields.required("isbn", Self.isbn)
    title = fields.required("title", Self.name)
    author = fields.required("author", Self.name)
    year = fields.optional("year", Self.year)
    place = fields.optional("place", .object())
  }
}

/// What is to change of a book: what is absent stays, and null removes.
struct BookChange: Validatable {
  var title: String?
  var year: Change<Int32>
  var place: Change<Place>
  init(_ fields: inout Validator) {
    title = fields.optional("title", NewBook.name)
    year = fields.change("year", NewBook.year)
    place = fields.change("place", .object())
  }
}

/// Somebody takes a book home.
struct NewLoan: Validatable {
  var reader: String
  var at: CQLTimestamp
  init(_ fields: inout Validator) {
    reader = fields.required("reader", NewBook.name)
    at = fields.required("at", .timestamp)
  }
}
