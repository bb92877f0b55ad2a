internal import CassandraBytes
public import Cassandra
internal import CassandraHTTP
public import CassandraHTTPServer
public import CassandraRowJSON
internal import CassandraWire

extension Request where Context: CassandraContext {
  /// The rows of a SELECT, in the form that the client asks for.
  ///
  /// - Without `limit` in the query all of them: a short result is sent as a whole, a longer one is streamed as
  ///   ``Cassandra/Rows/streamed(nullCollections:timestamps:)`` does.
  /// - With `?limit=20` at most twenty, which is one read of the database, and when more may follow
  ///   `Link: </plant/Plantago?limit=20&cursor=…>; rel="next"` (RFC 8288). A cursor is good for the same statement with the
  ///   same values. Behind the last row there may be one more page, without rows and without a link.
  /// - For a client whose `Accept` names `application/x-ndjson`, a line for each row in place of an array.
  ///
  /// - Parameters:
  ///   - statement: A SELECT.
  ///   - options: How it is carried out; the page's size and the position are the client's.
  ///   - nullCollections: What a null collection becomes.
  ///   - timestamps: How timestamps are written.
  /// - Throws: `Problem`: 422 for a `limit` that is no number from 1 to `Paging.maximumLimit`, or a `cursor` without
  ///   one; 400 for a cursor that is none. And what the client throws.
  public func rows(
    _ statement: Statement, options: QueryOptions? = nil, nullCollections: NullCollections = .empty,
    timestamps: TimestampForm = .rfc3339
  ) async throws -> Response {
    let page = try pageWanted()
    let form = RowsForm(
      isLines: head.acceptsLines, nullCollections: nullCollections, timestamps: timestamps)
    guard let page else {
      let rows = try await cassandra.query(statement, options: options)
      var all =
        if let only = rows.onlyPage, only.byteCount <= streamedPageBytes { try form.whole(only) } else {
          rows.streamed(form)
        }
      all.fields.append(.variesByAccept)
      return all
    }
    var options = options ?? QueryOptions()
    options.pageSize = page.limit
    options.looksAhead = false
    if let cursor = page.cursor { options.resuming = try context.paging.position(cursor) }
    let rows = try await cassandra.query(statement, options: options)
    var pages = rows.pages.makeAsyncIterator()
    // A page without rows is not the end, and would look like it.
    var found = try await pages.nextUnchecked()
    while let page = found, page.rowCount == 0, await rows.resumeToken != nil {
      found = try await pages.nextUnchecked()
    }
    var response =
      if let found, found.byteCount > streamedPageBytes { form.streamed(found) } else { try form.whole(found) }
    response.fields.append(.variesByAccept)
    if let token = await rows.resumeToken {
      let link = "<\(nextTarget(cursor: context.paging.cursor(token)))>; rel=\"next\""
      if let line = try? FieldLine("Link", link) { response.fields.append(line) }
    }
    return response
  }

  private func pageWanted() throws(Problem) -> (limit: Int, cursor: String?)? {
    let limit = try query("limit")
    let cursor = try query("cursor")
    guard let limit else {
      guard cursor == nil else { throw Self.invalid("/cursor", "A cursor comes with the limit of its page.") }
      return nil
    }
    let maximum = context.paging.maximumLimit
    guard limit.utf8.count <= 9, let number = Int(limit), 1...maximum ~= number else {
      throw Self.invalid("/limit", "This must be a number from 1 to \(maximum).")
    }
    return (number, cursor)
  }

  private static func invalid(_ pointer: String, _ detail: String) -> Problem {
    Problem(
      .unprocessableContent, code: "invalidQuery", detail: "The query has 1 error.",
      errors: [Problem.Detail(pointer: pointer, detail: detail)])
  }

  /// The path and query of the request with another cursor; a reference of RFC 3986 as it stands.
  private func nextTarget(cursor: String) -> String {
    let items = (head.query ?? "").split(ascii: "&", omittingEmptySubsequences: true)
      .filter { !$0.utf8.starts(with: "cursor=".utf8) }
    return "\(head.path)?\((items.map(String.init) + ["cursor=\(cursor)"]).joined(separator: "&"))"
  }
}

/// What rows look like in an answer.
struct RowsForm: Sendable {
  /// Whether each row is a line of its own.
  var isLines = false
  var nullCollections = NullCollections.empty
  var timestamps = TimestampForm.rfc3339

  var contentType: FieldLine { isLines ? .jsonLines : .json }
  private var separator: UInt8 { isLines ? UInt8(ascii: "\n") : UInt8(ascii: ",") }

  func begin(_ buffer: inout [UInt8]) { if !isLines { buffer.append(UInt8(ascii: "[")) } }

  /// Ends the rows; an empty list of lines has no line.
  func end(_ buffer: inout [UInt8], isEmpty: Bool) {
    if !isLines { buffer.append(UInt8(ascii: "]")) } else if !isEmpty { buffer.append(UInt8(ascii: "\n")) }
  }

  /// Appends rows of a page until `limit` bytes are there.
  func append(
    _ page: Page, from position: inout RowPosition, isFirst: inout Bool, into buffer: inout [UInt8], limit: Int
  ) throws(RowError) {
    try page.appendJSON(
      from: &position, isFirst: &isFirst, into: &buffer, limit: limit, nullCollections: nullCollections,
      timestamps: timestamps, separator: separator)
  }

  /// Writes the rows of a page, at the pace of the client.
  func stream(_ page: Page, isFirst: inout Bool, to writer: inout BodyWriter) async throws {
    var position = page.firstPosition
    while page.hasRow(at: position) {
      let room = writer.room
      do throws(RowError) {
        try writer.append { (buffer: inout [UInt8]) throws(RowError) in
          try append(page, from: &position, isFirst: &isFirst, into: &buffer, limit: buffer.count + room)
        }
      } catch { throw CassandraError.undecodable(error) }
      try await writer.flushIfFull()
    }
  }

  /// The rows of one page, which is larger than those that were asked for, as an answer that is made while it is sent.
  func streamed(_ page: Page) -> Response {
    Response(contentType: contentType) { [self] writer in
      var isFirst = true
      writer.append { begin(&$0) }
      try await stream(page, isFirst: &isFirst, to: &writer)
      let isEmpty = isFirst
      writer.append { end(&$0, isEmpty: isEmpty) }
    }
  }

  /// The rows of one page, or of none, as a whole answer.
  func whole(_ page: Page?) throws -> Response {
    var bytes: [UInt8] = []
    var isFirst = true
    if let page { bytes.reserveCapacity(page.byteCount + page.rowCount * 64 + 2) }
    begin(&bytes)
    if let page {
      var position = page.firstPosition
      do throws(RowError) {
        try append(page, from: &position, isFirst: &isFirst, into: &bytes, limit: .max)
      } catch { throw CassandraError.undecodable(error) }
    }
    end(&bytes, isEmpty: isFirst)
    return Response(contentType: contentType, bytes: bytes)
  }
}

extension FieldLine {
  /// `Content-Type: application/x-ndjson`.
  static let jsonLines = fixed(.contentType, "application/x-ndjson")
  /// `Vary: Accept`.
  static let variesByAccept = fixed(.vary, "Accept")

  private static func fixed(_ name: FieldName, _ value: String) -> FieldLine {
    guard let line = try? FieldLine(name, value) else { preconditionFailure("a fixed value is a valid one") }
    return line
  }
}

extension RequestHead {
  /// Whether the client asks for JSON lines by their name, and does not weigh them with nothing.
  fileprivate var acceptsLines: Bool {
    guard fields.range(of: .accept) != nil else { return false }
    return fields.list(.accept).contains { element in
      guard let type = MediaType(parsing: element), type.matches("application", "x-ndjson") else { return false }
      return type.parameter("q").flatMap(Double.init).map { $0 > 0 } ?? true
    }
  }
}
