internal import CassandraBytes
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
  /// A result of one page is sent as a whole; a longer one is streamed, see ``streamed(nullCollections:)``.
  public consuming func response() throws -> Response {
    guard let page = onlyPage else { return streamed() }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(page.byteCount + page.rowCount * 64 + 2)
    bytes.append(UInt8(ascii: "["))
    var position = page.firstPosition
    var isFirst = true
    do throws(RowError) {
      try page.appendJSON(from: &position, isFirst: &isFirst, into: &bytes, limit: .max, nullCollections: .empty)
    } catch { throw CassandraError.undecodable(error) }
    bytes.append(UInt8(ascii: "]"))
    return .json(bytes: bytes)
  }

  /// The rows as a JSON array that is sent in chunks while the pages arrive.
  ///
  /// The first page is there when the head leaves, so an error before it is a status of its own. From then on a page is
  /// written while the next one is on its way, straight from its frame into chunks; at most two pages are held, however
  /// many rows there are, and a client that reads slowly or leaves stops the paging. An error in the middle ends the
  /// connection without the last chunk, so that a cut array never looks whole.
  ///
  /// - Parameter nullCollections: What a null collection becomes; by default `[]` or `{}`, because Cassandra does not
  ///   keep empty ones.
  public consuming func streamed(nullCollections: NullCollections = .empty) -> Response {
    let rows = self
    return Response(contentType: .json) { writer in
      var pages = await rows.pages.limited(toBytes: streamedPageBytes).makeAsyncIterator()
      var isFirst = true
      writer.append { $0.append(UInt8(ascii: "[")) }
      while let page = try await pages.nextUnchecked() {
        var position = page.firstPosition
        while page.hasRow(at: position) {
          let room = writer.room
          do throws(RowError) {
            try writer.append { (buffer: inout [UInt8]) throws(RowError) in
              try page.appendJSON(
                from: &position, isFirst: &isFirst, into: &buffer, limit: buffer.count + room,
                nullCollections: nullCollections)
            }
          } catch { throw CassandraError.undecodable(error) }
          try await writer.flushIfFull()
        }
      }
      writer.append { $0.append(UInt8(ascii: "]")) }
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
