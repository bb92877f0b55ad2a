import CassandraBytes

/// Takes a path apart at its slashes, as ranges and without allocating, for a router.
///
/// `/animal/Vanessa` has two segments; `/` has one, which is empty; `//a/` has three, the first and the last empty: empty
/// segments are kept, because dropping them would give one resource several names. A dot segment, `.` or `..` in any
/// encoding, is refused and not resolved: clients resolve theirs before they send (RFC 3986 §5.2.4), so one that arrives
/// was made to slip past somebody. An encoded slash stays within its segment.
///
/// ```swift
/// var segments = PathSegments(head.pathRange)
/// while let segment = try segments.next(in: head.bytes.span) { … }
/// ```
public struct PathSegments: Sendable {
  private var position: Int
  private let end: Int

  /// One segment.
  public struct Segment: Sendable, Hashable {
    /// Where it stands, without slashes.
    public let range: Range<Int>
    /// Whether it holds a `%`, so that its bytes are not its text.
    public let isEncoded: Bool
  }

  /// The segments of the path that stands at `path`.
  public init(_ path: Range<Int>) { (position, end) = (path.lowerBound, path.upperBound) }

  /// The next segment, or nil behind the last one; `bytes` are those that the path's range refers to.
  ///
  /// - Throws: `dotSegment`, with the segment's offset in `bytes`.
  public mutating func next(in bytes: Span<UInt8>) throws(HTTPError) -> Segment? {
    guard position < end else { return nil }
    // Each segment has a slash before it; only what is no path at all has none.
    let start = bytes[position] == UInt8(ascii: "/") ? position + 1 : position
    var index = start
    var isEncoded = false
    while index < end {
      let byte = bytes[index]
      if byte == UInt8(ascii: "/") { break }
      if byte == UInt8(ascii: "%") { isEncoded = true }
      index += 1
    }
    position = index
    guard !isDotSegment(bytes.extracting(start..<index)) else {
      throw HTTPError(.dotSegment, at: start, "A segment of the path is a dot or two")
    }
    return Segment(range: start..<index, isEncoded: isEncoded)
  }
}

private func isDotSegment(_ segment: Span<UInt8>) -> Bool {
  var dots = 0
  var index = 0
  while index < segment.count {
    if segment[index] == UInt8(ascii: ".") {
      index += 1
    } else if segment[index] == UInt8(ascii: "%"), escapedByte(segment, at: index) == UInt8(ascii: ".") {
      index += 3
    } else {
      return false
    }
    dots += 1
  }
  return 1...2 ~= dots
}

/// Takes a query or a form apart into names and values, as ranges and without allocating
/// (`application/x-www-form-urlencoded`, WHATWG URL Standard §5.1).
///
/// Items are parted by `&`; empty ones are passed over; the first `=` parts name and value. Decode both with
/// `String(formDecoding:)`.
public struct FormItems: Sendable {
  private var position: Int
  private let end: Int

  /// One name and its value.
  public struct Item: Sendable, Hashable {
    /// Where the name stands.
    public let name: Range<Int>
    /// Where the value stands; empty when there is no `=`.
    public let value: Range<Int>
  }

  /// The items of the query that stands at `query`.
  public init(_ query: Range<Int>) { (position, end) = (query.lowerBound, query.upperBound) }

  /// The next item, or nil behind the last one; `bytes` are those that the query's range refers to.
  public mutating func next(in bytes: Span<UInt8>) -> Item? {
    while position < end {
      let start = position
      var equals: Int?
      while position < end, bytes[position] != UInt8(ascii: "&") {
        if equals == nil, bytes[position] == UInt8(ascii: "=") { equals = position }
        position += 1
      }
      let itemEnd = position
      position += 1
      guard itemEnd > start else { continue }
      let nameEnd = equals ?? itemEnd
      return Item(name: start..<nameEnd, value: min(nameEnd + 1, itemEnd)..<itemEnd)
    }
    return nil
  }
}
