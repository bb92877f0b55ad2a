import CassandraBytes

/// Reads heads of requests, strictly, from bytes that arrive in any pieces (RFC 9112 §2 to §6).
///
/// A head that lies whole in the input is read in place and copied once. One that does not is kept in here, at most
/// `HTTPLimits.headBytes` of it, and every byte is looked at once. The result never depends on how the bytes were cut.
///
/// ```swift
/// while try parser.parse(input, from: &offset, into: &head) { … }   // offset stands at the first byte of the body
/// ```
public struct RequestParser: Sendable {
  private let limits: HTTPLimits
  private var kept: [UInt8] = []
  private var progress = RequestProgress()
  /// Whether some bytes of a head have arrived and not all: a connection between requests is idle, one in here is slow.
  ///
  /// Empty lines before a request do not count; some clients send one behind a body.
  public private(set) var isWithinHead = false
  private var failure: HTTPError?

  /// A parser at the beginning of a request.
  public init(limits: HTTPLimits = HTTPLimits()) {
    limits.check()
    self.limits = limits
  }

  /// Reads on from `offset`, and says whether `head` is complete.
  ///
  /// True: `head` holds the request and `offset` stands behind its empty line; the parser is ready for the next one.
  /// False: all of `input` was taken, and `head` holds nothing.
  ///
  /// - Throws: What is wrong with the request and the status to answer with; its offset counts from the head's first
  ///   byte. Afterwards the connection has no use but to be closed, and every further call throws the same.
  public mutating func parse(
    _ input: Span<UInt8>, from offset: inout Int, into head: inout RequestHead
  ) throws(HTTPError) -> Bool {
    if let failure { throw failure }
    do {
      return kept.isEmpty
        ? try parseInPlace(input, from: &offset, into: &head) : try parseKept(input, from: &offset, into: &head)
    } catch {
      failure = error
      kept = []
      isWithinHead = false
      throw error
    }
  }

  private mutating func parseInPlace(
    _ input: Span<UInt8>, from offset: inout Int, into head: inout RequestHead
  ) throws(HTTPError) -> Bool {
    let rest = input.extracting(offset..<input.count)
    if let end = try progress.advance(rest, limits) {
      head.fields.bytes.removeAll(keepingCapacity: true)
      head.fields.bytes.append(copying: rest.extracting(0..<end))
      offset += end
      progress.finish(into: &head)
      return true
    }
    kept.append(copying: rest)
    isWithinHead = kept.count > progress.precedingBytes
    offset = input.count
    return false
  }

  private mutating func parseKept(
    _ input: Span<UInt8>, from offset: inout Int, into head: inout RequestHead
  ) throws(HTTPError) -> Bool {
    // No byte beyond the limit is ever looked at, so none needs to be kept.
    let before = kept.count
    let taken = min(input.count - offset, limits.headBytes - before)
    kept.append(copying: input.extracting(offset..<offset + taken))
    if let end = try progress.advance(kept: kept, limits) {
      kept.removeLast(kept.count - end)
      offset += end - before
      swap(&kept, &head.fields.bytes)
      kept.removeAll(keepingCapacity: true)
      isWithinHead = false
      progress.finish(into: &head)
      return true
    }
    isWithinHead = kept.count > progress.precedingBytes
    offset += taken
    return false
  }
}

/// How far a request's head has been read.
private struct RequestProgress: Sendable {
  private enum Phase {
    case requestLine, fields
  }

  private var phase = Phase.requestLine
  private var scanner = LineScanner()
  private var emptyLines = 0
  private var line = RequestLine()
  private var reader = FieldReader()
  private var facts = RequestFacts()
  private var hasHost = false

  /// How many bytes of empty lines precede the request line.
  var precedingBytes: Int { emptyLines * 2 }

  /// Reads as many lines as there are; the offset behind the empty line, or nil when it is not there yet.
  mutating func advance(_ bytes: Span<UInt8>, _ limits: HTTPLimits) throws(HTTPError) -> Int? {
    while true {
      switch phase {
      case .requestLine:
        let bound = min(scanner.lineStart + limits.requestLineBytes + 2, limits.headBytes)
        guard let range = try scanner.next(in: bytes, before: bound) else {
          try checkFirstLine(bytes, bound, limits)
          return nil
        }
        if range.isEmpty {
          emptyLines += 1
          guard emptyLines <= limits.leadingEmptyLines else {
            throw HTTPError(.invalidRequestLine, at: range.lowerBound, "Too many empty lines precede the request")
          }
        } else {
          line = try RequestLine(bytes, range)
          phase = .fields
        }
      case .fields:
        guard let range = try scanner.next(in: bytes, before: limits.headBytes) else {
          try checkHead(bytes.count, limits)
          return nil
        }
        if range.isEmpty {
          try settle()
          return scanner.lineStart
        }
        try readField(bytes, range, limits)
      }
    }
  }

  /// The same over an array: taking its span in the caller would count as an access to all of the parser.
  mutating func advance(kept: [UInt8], _ limits: HTTPLimits) throws(HTTPError) -> Int? {
    try advance(kept.span, limits)
  }

  private func checkFirstLine(
    _ bytes: Span<UInt8>, _ bound: Int, _ limits: HTTPLimits
  ) throws(HTTPError) {
    guard bytes.count >= bound else { return }
    let start = scanner.lineStart
    guard let blank = bytes.firstIndex(of: .space, from: start), blank - start <= RequestLine.maximumMethodBytes else {
      throw HTTPError(.invalidMethod, at: start, "The method has more than \(RequestLine.maximumMethodBytes) letters")
    }
    throw HTTPError(
      .requestLineTooLong, .uriTooLong, at: bound, "The request line is longer than \(limits.requestLineBytes) bytes")
  }

  private func checkHead(_ count: Int, _ limits: HTTPLimits) throws(HTTPError) {
    guard count >= limits.headBytes else { return }
    throw HTTPError(
      .headTooLarge, .requestHeaderFieldsTooLarge, at: limits.headBytes,
      "The head is larger than \(limits.headBytes) bytes")
  }

  @inline(__always)
  private mutating func readField(
    _ bytes: Span<UInt8>, _ range: Range<Int>, _ limits: HTTPLimits
  ) throws(HTTPError) {
    let field = try reader.entry(bytes, range)
    switch KnownField(bytes, field.name) {
    case .host: try readHost(bytes, field.value)
    case .expect: try readExpect(bytes, field.value)
    case .connection: reader.framing.readConnection(bytes, field.value)
    case .contentLength: try reader.framing.readContentLength(bytes, field.value)
    case .transferEncoding: try reader.framing.readTransferEncoding(bytes, field.value)
    case .contentType:
      guard !facts.contentType.isThere else {
        throw HTTPError(.duplicateContentType, at: field.value.lowerBound, "There is more than one Content-Type")
      }
      facts.contentType = ByteRange(field.value)
    case .requestID: if !facts.requestID.isThere { facts.requestID = ByteRange(field.value) }
    case .traceParent: if !facts.traceParent.isThere { facts.traceParent = ByteRange(field.value) }
    case .other: break
    }
    try reader.keep(field, at: range.lowerBound, limits: limits)
  }

  private mutating func readHost(_ bytes: Span<UInt8>, _ value: Range<Int>) throws(HTTPError) {
    guard !hasHost else { throw HTTPError(.duplicateHost, at: value.lowerBound, "There is more than one Host") }
    hasHost = true
    // An authority without a host is none of http (RFC 9110 §4.2.1).
    guard !value.isEmpty else { throw HTTPError(.invalidHost, at: value.lowerBound, "Host is empty") }
    let syntax = try HostSyntax(bytes, value)
    facts.authority = ByteRange(value)
    facts.host = ByteRange(syntax.host)
    facts.port = syntax.port
  }

  private mutating func readExpect(_ bytes: Span<UInt8>, _ value: Range<Int>) throws(HTTPError) {
    var elements = ListElements(value)
    while let element = elements.next(in: bytes) {
      guard bytes.matches("100-continue", in: element) else {
        throw HTTPError(
          .unsupportedExpectation, .expectationFailed, at: element.lowerBound,
          "No expectation but 100-continue can be met")
      }
      facts.expectsContinue = true
    }
  }

  /// What only all fields together can say.
  @inline(__always)
  private mutating func settle() throws(HTTPError) {
    guard hasHost || line.minorVersion == 0 else {
      throw HTTPError(.missingHost, at: scanner.lineStart, "A request of HTTP/1.1 has no Host")
    }
    facts.framing = try reader.framing.settle(minorVersion: Int(line.minorVersion)) ?? .none
    facts.keepsAlive = line.minorVersion > 0 && !reader.framing.closes
    facts.expectsContinue = facts.expectsContinue && line.minorVersion > 0 && facts.framing.hasContent
    if let authority = line.target.authority {
      facts.authority = authority
      facts.host = line.target.host
      facts.port = line.target.port
    }
  }

  /// Hands everything to `head`, and takes the memory of the request before for the next one.
  @inline(__always)
  mutating func finish(into head: inout RequestHead) {
    head.line = line
    head.facts = facts
    swap(&head.fields.entries, &reader.entries)
    reader.reset()
    phase = .requestLine
    scanner = LineScanner()
    emptyLines = 0
    facts = RequestFacts()
    hasHost = false
  }
}
