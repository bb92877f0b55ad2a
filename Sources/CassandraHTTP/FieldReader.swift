import CassandraBytes

/// Reads the field lines of one section, and keeps an index of them and what they say about the message's end.
struct FieldReader: Sendable {
  var entries: [Fields.Entry] = []
  var framing = FramingFields()

  /// Forgets the fields and keeps their memory, when it is still alone with it.
  @inline(__always)
  mutating func reset() {
    entries.removeAll(keepingCapacity: true)
    framing = FramingFields()
  }

  /// Reads one line: the name up to the colon, the value without the blanks around it (RFC 9112 §5).
  @inline(__always)
  func entry(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(HTTPError) -> (name: Range<Int>, value: Range<Int>) {
    var index = line.lowerBound
    let end = line.upperBound
    while index < end, bytes[index].isIn(.token) { index += 1 }
    guard index < end, bytes[index] == UInt8(ascii: ":"), index > line.lowerBound else {
      throw FieldReader.refusal(of: line, at: index, in: bytes)
    }
    return (line.lowerBound..<index, bytes.trimmed(index + 1..<end))
  }

  @inline(__always)
  mutating func keep(
    _ entry: (name: Range<Int>, value: Range<Int>), at offset: Int, limits: HTTPLimits
  ) throws(HTTPError) {
    guard entries.count < limits.fieldCount else {
      throw HTTPError(
        .tooManyFields, .requestHeaderFieldsTooLarge, at: offset, "There are more than \(limits.fieldCount) fields")
    }
    entries.append(Fields.Entry(name: ByteRange(entry.name), value: ByteRange(entry.value)))
  }

  private static func refusal(of line: Range<Int>, at index: Int, in bytes: Span<UInt8>) -> HTTPError {
    guard index < line.upperBound else {
      return HTTPError(.invalidFieldName, at: line.lowerBound, "A field line has no colon")
    }
    let byte = bytes[index]
    if index == line.lowerBound {
      if byte.isBlank { return HTTPError(.obsoleteFolding, at: index, "A field line begins with a blank") }
      if byte == UInt8(ascii: ":") { return HTTPError(.invalidFieldName, at: index, "A field has no name") }
    } else if byte.isBlank {
      return HTTPError(.invalidFieldName, at: index, "A blank stands within or behind a field's name")
    }
    return HTTPError(.invalidFieldName, at: index, "A field's name is not a token")
  }
}

/// The fields that the codec itself must understand, and those that a server may look for in every request, found by length
/// first: nearly all others fail that.
enum KnownField {
  case host, expect, connection, contentType, contentLength, transferEncoding, traceParent, requestID, other

  @inline(__always)
  init(_ bytes: Span<UInt8>, _ name: Range<Int>) {
    self =
      switch name.count {
      case 4 where bytes.matches("host", in: name): .host
      case 6 where bytes.matches("expect", in: name): .expect
      case 10 where bytes.matches("connection", in: name): .connection
      case 11 where bytes.matches("traceparent", in: name): .traceParent
      case 12 where bytes.matches("content-type", in: name): .contentType
      case 12 where bytes.matches("x-request-id", in: name): .requestID
      case 14 where bytes.matches("content-length", in: name): .contentLength
      case 17 where bytes.matches("transfer-encoding", in: name): .transferEncoding
      case _: .other
      }
  }
}

/// What the fields seen so far say about where the message ends and whether the connection goes on.
struct FramingFields: Sendable {
  private(set) var contentLength: Int?
  private(set) var closes = false
  private(set) var asksToKeepAlive = false
  private var transferCoding = TransferCoding.none
  // Where both stand, for the refusals of `settle`.
  private var transferCodingOffset = 0
  private var contentLengthOffset = 0

  private enum TransferCoding {
    case none, chunkedLast, unknownLast, unknownThenChunked
  }

  /// Reads a `Content-Length`: digits, once (RFC 9110 §8.6).
  mutating func readContentLength(_ bytes: Span<UInt8>, _ value: Range<Int>) throws(HTTPError) {
    guard contentLength == nil else {
      throw HTTPError(.duplicateContentLength, at: value.lowerBound, "There is more than one Content-Length")
    }
    var length = 0
    for index in value {
      guard bytes[index].isDigit else {
        throw HTTPError(.invalidContentLength, at: index, "Content-Length is not digits only")
      }
      let (shifted, isTooLarge) = length.multipliedReportingOverflow(by: 10)
      let (sum, overflows) = shifted.addingReportingOverflow(Int(bytes[index] & 0xf))
      guard !isTooLarge, !overflows else {
        throw HTTPError(.invalidContentLength, at: index, "Content-Length is too large")
      }
      length = sum
    }
    guard !value.isEmpty else {
      throw HTTPError(.invalidContentLength, at: value.lowerBound, "Content-Length is empty")
    }
    contentLength = length
    contentLengthOffset = value.lowerBound
  }

  /// Reads a `Transfer-Encoding` as a part of one list (RFC 9112 §6.1, §7).
  ///
  /// Empty elements are refused, though RFC 9110 §5.6.1.2 would pass over them: no sender writes them here but to make two
  /// readers disagree.
  mutating func readTransferEncoding(_ bytes: Span<UInt8>, _ value: Range<Int>) throws(HTTPError) {
    var start = value.lowerBound
    var element: Range<Int>
    repeat {
      var end = start
      while end < value.upperBound, bytes[end] != UInt8(ascii: ",") { end += 1 }
      element = bytes.trimmed(start..<end)
      start = end + 1
      guard !element.isEmpty, element.allSatisfy({ bytes[$0].isIn(.token) }) else {
        throw HTTPError(
          .invalidTransferEncoding, at: element.lowerBound, "Transfer-Encoding is not a list of codings")
      }
      try add(bytes.matches("chunked", in: element), at: element.lowerBound)
    } while start <= value.upperBound
  }

  private mutating func add(_ isChunked: Bool, at offset: Int) throws(HTTPError) {
    if transferCoding == .none { transferCodingOffset = offset }
    switch transferCoding {
    case .none: transferCoding = isChunked ? .chunkedLast : .unknownLast
    case .unknownLast: transferCoding = isChunked ? .unknownThenChunked : .unknownLast
    case .chunkedLast, .unknownThenChunked:
      throw HTTPError(
        .invalidTransferEncoding, at: offset,
        isChunked ? "Transfer-Encoding names chunked twice" : "In Transfer-Encoding chunked is not the last coding")
    }
  }

  /// Reads a `Connection` (RFC 9110 §7.6.1); options other than these two concern nobody here.
  mutating func readConnection(_ bytes: Span<UInt8>, _ value: Range<Int>) {
    var elements = ListElements(value)
    while let element = elements.next(in: bytes) {
      if bytes.matches("close", in: element) { closes = true }
      if bytes.matches("keep-alive", in: element) { asksToKeepAlive = true }
    }
  }

  /// The framing that all fields together say, or nil when none says anything (RFC 9112 §6.3).
  @inline(__always)
  func settle(minorVersion: Int) throws(HTTPError) -> BodyFraming? {
    switch transferCoding {
    case .none:
      if let contentLength { return .length(contentLength) }
      return nil
    case .chunkedLast, .unknownLast, .unknownThenChunked:
      try checkTransferCoding(minorVersion: minorVersion)
      return .chunked
    }
  }

  private func checkTransferCoding(minorVersion: Int) throws(HTTPError) {
    let offset = transferCodingOffset
    guard minorVersion > 0 else {
      throw HTTPError(.conflictingFraming, at: offset, "HTTP/1.0 has no Transfer-Encoding")
    }
    guard contentLength == nil else {
      throw HTTPError(
        .conflictingFraming, at: contentLengthOffset, "Content-Length and Transfer-Encoding stand together")
    }
    guard transferCoding == .chunkedLast else {
      throw HTTPError(
        .unsupportedTransferCoding, .notImplemented, at: offset, "No transfer coding but chunked is understood")
    }
  }
}
