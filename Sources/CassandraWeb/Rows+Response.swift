public import CassandraRowJSON
public import CassandraWire
public import Cassandra
internal import CassandraHTTP
public import CassandraHTTPServer

/// Bytes of a page that a streamed answer asks for: 256 KiB. A larger page lowers the number of rows that are asked for
/// next, down to one.
public let streamedPageBytes = 256 << 10

extension Rows: ResponseConvertible {
  /// The rows as a JSON array of objects, whose members are the columns in their order.
  ///
  /// A result of one page of at most ``streamedPageBytes`` is sent as a whole; a longer one is streamed, see
  /// ``streamed(nullCollections:timestamps:)``.
  public consuming func response() throws -> Response {
    guard let page = onlyPage, page.byteCount <= streamedPageBytes else { return streamed() }
    return try RowsForm().whole(page)
  }

  /// The rows as a JSON array that is sent in chunks while the pages arrive.
  ///
  /// The first page is there when the head leaves, so an error before it is a status of its own. From then on a page is
  /// written while the next one is on its way, straight from its frame into chunks; at most two pages are held, however
  /// many rows there are, and a client that reads slowly or leaves stops the paging. An error in the middle ends the
  /// connection without the last chunk, so that a cut array never looks whole.
  ///
  /// - Parameters:
  ///   - nullCollections: What a null collection becomes; by default `[]` or `{}`, because Cassandra does not keep empty
  ///     ones.
  ///   - timestamps: How timestamps are written; by default as RFC 3339 has it.
  public consuming func streamed(
    nullCollections: NullCollections = .empty, timestamps: TimestampForm = .rfc3339
  ) -> Response {
    streamed(RowsForm(nullCollections: nullCollections, timestamps: timestamps))
  }

  consuming func streamed(_ form: RowsForm) -> Response {
    let rows = self
    return Response(contentType: form.contentType) { writer in
      var pages = await rows.pages.limited(toBytes: streamedPageBytes).makeAsyncIterator()
      var isFirst = true
      writer.append { form.begin(&$0) }
      while let page = try await pages.nextUnchecked() { try await form.stream(page, isFirst: &isFirst, to: &writer) }
      let isEmpty = isFirst
      writer.append { form.end(&$0, isEmpty: isEmpty) }
    }
  }
}

extension Row: ResponseConvertible {
  /// The row as a JSON object, whose members are the columns in their order.
  public consuming func response() throws -> Response {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(512)
    do throws(RowError) { try appendJSON(into: &bytes, nullCollections: .empty) } catch {
      throw CassandraError.undecodable(error)
    }
    return .json(bytes: bytes)
  }
}
