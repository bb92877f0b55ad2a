import CassandraBytes

/// Writing a chunked body into a buffer (RFC 9112 §7.1).
///
/// A chunk is opened, its data is appended to the same buffer, and closing it fills in its size. So head, size and data
/// are one piece of memory and leave in one write, without a copy and without knowing the size before.
///
/// ```swift
/// let chunk = output.openChunk()
/// … append the data …
/// output.close(chunk)
/// ```
extension Array where Element == UInt8 {
  /// Appends room for a chunk's size; the chunk's data is what is appended until `close`.
  public mutating func openChunk() -> OpenChunk {
    append("00000000\r\n")
    return OpenChunk(dataStart: count)
  }

  /// Ends the chunk that everything behind `chunk` is: fills in its size and appends CRLF.
  ///
  /// Without data the room is given back, because a chunk of size 0 would end the body. The size is written with leading
  /// zeros, which every reader has to understand, so the chunk follows what stands before it without a gap. Traps above
  /// 4 GiB.
  public mutating func close(_ chunk: OpenChunk) {
    var size = UInt32(count - chunk.dataStart)
    guard size > 0 else {
      removeLast(OpenChunk.headBytes)
      return
    }
    var index = chunk.dataStart - 2
    while size > 0 {
      index -= 1
      self[index] = hexadecimalDigit(UInt8(truncatingIfNeeded: size & 0xf))
      size >>= 4
    }
    append("\r\n")
  }

  /// Appends `data` as one chunk, or nothing when it is empty.
  public mutating func append(chunk data: Span<UInt8>) {
    let chunk = openChunk()
    append(copying: data)
    close(chunk)
  }

  /// Appends the chunk that ends the body, without trailers.
  public mutating func appendLastChunk() { append("0\r\n\r\n") }

  /// Appends the chunk that ends the body, with trailers.
  ///
  /// - Throws: `invalidFieldValue`, with nothing appended.
  public mutating func appendLastChunk(
    trailers: [(name: FieldName, value: String)]
  ) throws(HTTPError) {
    let start = count
    append("0\r\n")
    for (name, value) in trailers {
      do {
        try append(field: name, value)
      } catch {
        removeLast(count - start)
        throw error
      }
    }
    append("\r\n")
  }
}

/// A chunk whose data is being written; `Array.close` ends it.
public struct OpenChunk: Sendable {
  /// How many bytes the size and its CRLF take.
  static let headBytes = 10

  let dataStart: Int
}
