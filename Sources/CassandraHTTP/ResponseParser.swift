import CassandraBytes

/// Reads heads of responses, as strictly as `RequestParser` those of requests (RFC 9112 §4 to §6).
///
/// Interim answers (1xx) come out as heads of their own; the caller parses on until one is not `isInterim`.
public struct ResponseParser: Sendable {
  private let limits: HTTPLimits
  private var kept: [UInt8] = []
  private var progress = ResponseProgress()
  private var failure: HTTPError?

  /// A parser at the beginning of a response.
  public init(limits: HTTPLimits = HTTPLimits()) {
    limits.check()
    self.limits = limits
  }

  /// Whether some bytes of a head have arrived and not all.
  public var isWithinHead: Bool { !kept.isEmpty }

  /// Reads on from `offset`, and says whether `head` is complete.
  ///
  /// True: `head` holds the response and `offset` stands behind its empty line; the parser is ready for the next one.
  /// False: all of `input` was taken, and `head` holds nothing. `method` is what the request asked, because an answer to
  /// HEAD or CONNECT has another end (RFC 9112 §6.3).
  ///
  /// - Throws: What is wrong with the response; its offset counts from the head's first byte. Afterwards every further
  ///   call throws the same.
  public mutating func parse(
    _ input: Span<UInt8>, from offset: inout Int, answering method: Method, into head: inout ResponseHead
  ) throws(HTTPError) -> Bool {
    if let failure { throw failure }
    do {
      return try advance(input, from: &offset, answering: method, into: &head)
    } catch {
      failure = error
      kept = []
      throw error
    }
  }

  private mutating func advance(
    _ input: Span<UInt8>, from offset: inout Int, answering method: Method, into head: inout ResponseHead
  ) throws(HTTPError) -> Bool {
    let before = kept.count
    if before == 0 {
      let rest = input.extracting(offset..<input.count)
      guard let end = try progress.advance(rest, limits) else {
        kept.append(copying: rest)
        offset = input.count
        return false
      }
      head.fields.bytes.removeAll(keepingCapacity: true)
      head.fields.bytes.append(copying: rest.extracting(0..<end))
      offset += end
    } else {
      let taken = min(input.count - offset, limits.headBytes - before)
      kept.append(copying: input.extracting(offset..<offset + taken))
      guard let end = try progress.advance(kept: kept, limits) else {
        offset += taken
        return false
      }
      kept.removeLast(kept.count - end)
      offset += end - before
      swap(&kept, &head.fields.bytes)
      kept.removeAll(keepingCapacity: true)
    }
    try progress.finish(into: &head, answering: method)
    return true
  }
}

/// How far a response's head has been read.
private struct ResponseProgress: Sendable {
  private enum Phase {
    case statusLine, fields
  }

  private var phase = Phase.statusLine
  private var scanner = LineScanner()
  private var line = StatusLine()
  private var reader = FieldReader()

  /// Reads as many lines as there are; the offset behind the empty line, or nil when it is not there yet.
  mutating func advance(_ bytes: Span<UInt8>, _ limits: HTTPLimits) throws(HTTPError) -> Int? {
    while true {
      guard let range = try scanner.next(in: bytes, before: limits.headBytes) else {
        guard bytes.count < limits.headBytes else {
          throw HTTPError(
            .headTooLarge, .requestHeaderFieldsTooLarge, at: limits.headBytes,
            "The head is larger than \(limits.headBytes) bytes")
        }
        return nil
      }
      switch phase {
      case .statusLine:
        line = try StatusLine(bytes, range)
        phase = .fields
      case .fields where range.isEmpty:
        return scanner.lineStart
      case .fields:
        try readField(bytes, range, limits)
      }
    }
  }

  /// The same over an array: taking its span in the caller would count as an access to all of the parser.
  mutating func advance(kept: [UInt8], _ limits: HTTPLimits) throws(HTTPError) -> Int? {
    try advance(kept.span, limits)
  }

  private mutating func readField(
    _ bytes: Span<UInt8>, _ range: Range<Int>, _ limits: HTTPLimits
  ) throws(HTTPError) {
    let field = try reader.entry(bytes, range)
    switch KnownField(bytes, field.name) {
    case .connection: reader.framing.readConnection(bytes, field.value)
    case .contentLength: try reader.framing.readContentLength(bytes, field.value)
    case .transferEncoding: try reader.framing.readTransferEncoding(bytes, field.value)
    case .host, .expect, .contentType, .traceParent, .requestID, .other: break
    }
    try reader.keep(field, at: range.lowerBound, limits: limits)
  }

  /// Hands everything to `head`.
  ///
  /// What the fields say about the framing is checked also where no body can follow: whoever sends it wrong is not to be
  /// trusted with the next message.
  mutating func finish(into head: inout ResponseHead, answering method: Method) throws(HTTPError) {
    let stated = try reader.framing.settle(minorVersion: Int(line.minorVersion))
    head.line = line
    head.bodyFraming = line.status.allowsBody(answering: method) ? stated ?? .untilClose : .none
    let asksToStay = line.minorVersion > 0 || reader.framing.asksToKeepAlive
    head.connectionStays = asksToStay && !reader.framing.closes && head.bodyFraming != .untilClose
    swap(&head.fields.entries, &reader.entries)
    reader.reset()
    phase = .statusLine
    scanner = LineScanner()
  }
}
