import CassandraBytes

/// Reads the trailer section of a chunked body (RFC 9112 §7.1.2).
///
/// It always keeps the bytes, at most `HTTPLimits.trailerBytes`, because trailers are rare and short.
struct TrailerReader: Sendable {
  private var kept: [UInt8] = []
  private var progress = TrailerProgress()
  private(set) var fields = Fields()

  /// Reads on from `offset`, which is the body's byte `position`; whether the section is complete.
  mutating func read(
    _ input: Span<UInt8>, from offset: inout Int, limits: HTTPLimits, at position: Int
  ) throws(HTTPError) -> Bool {
    if kept.isEmpty, input.count - offset >= 2, input[offset] == .carriageReturn, input[offset + 1] == .lineFeed {
      // No trailers, as nearly always: what follows is not copied to find that out.
      offset += 2
      return true
    }
    let before = kept.count
    let start = position - before
    let taken = min(input.count - offset, limits.trailerBytes - before)
    kept.append(copying: input.extracting(offset..<offset + taken))
    let end: Int?
    do {
      end = try progress.advance(kept: kept, limits)
    } catch {
      // The lines count from the section's first byte, the body from its own.
      throw HTTPError(error.code, error.status, at: start + error.offset, error.reason)
    }
    guard let end else {
      offset += taken
      return false
    }
    offset += end - before
    kept.removeLast(kept.count - end)
    fields.bytes = kept
    fields.entries = progress.reader.entries
    return true
  }
}

/// How far the trailer section has been read.
private struct TrailerProgress: Sendable {
  private var scanner = LineScanner()
  var reader = FieldReader()
  /// All lines, also those that are dropped, so that nobody sends thousands of them.
  private var lines = 0

  mutating func advance(kept: [UInt8], _ limits: HTTPLimits) throws(HTTPError) -> Int? {
    let bytes = kept.span
    while let range = try scanner.next(in: bytes, before: limits.trailerBytes) {
      if range.isEmpty { return scanner.lineStart }
      let field = try reader.entry(bytes, range)
      lines += 1
      guard lines <= limits.fieldCount else {
        throw HTTPError(
          .tooManyFields, .requestHeaderFieldsTooLarge, at: range.lowerBound,
          "There are more than \(limits.fieldCount) trailers")
      }
      if !isForbiddenInTrailers(bytes, field.name) { try reader.keep(field, at: range.lowerBound, limits: limits) }
    }
    guard bytes.count < limits.trailerBytes else {
      throw HTTPError(
        .trailersTooLarge, .requestHeaderFieldsTooLarge, at: limits.trailerBytes,
        "The trailers are larger than \(limits.trailerBytes) bytes")
    }
    return nil
  }
}

/// Whether a field must not come in a trailer section (RFC 9110 §6.5.1): what frames, routes, modifies or authorizes the
/// message, or says how its content is read, would come too late, and whoever looked earlier has missed it.
private func isForbiddenInTrailers(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Bool {
  if name.count > 3, bytes.matches("if-", in: name.lowerBound..<name.lowerBound + 3) { return true }
  for forbidden in forbiddenTrailers where bytes.matches(forbidden, in: name) { return true }
  return false
}

private let forbiddenTrailers: [StaticString] = [
  "content-length", "transfer-encoding", "te", "trailer", "connection", "keep-alive", "upgrade", "host", "max-forwards",
  "expect", "range", "cache-control", "pragma", "authorization", "proxy-authorization", "www-authenticate",
  "proxy-authenticate", "cookie", "set-cookie", "content-encoding", "content-type", "content-range", "age", "date",
  "expires", "location", "retry-after", "vary", "warning",
]
