import CassandraBytes

/// The head of a request: its first line and its fields, checked.
///
/// It owns its bytes in one array, which `RequestParser` uses again for the next request when nobody else kept the head.
/// Ranges refer to `bytes`; text is made when it is asked for.
///
/// ```swift
/// let segments = PathSegments(head.pathRange)
/// let type = head.fields.first(.contentType)
/// ```
public struct RequestHead: Sendable {
  /// The fields, and all bytes of the head.
  public internal(set) var fields = Fields()
  // What is `@inlinable` here is asked for each request: a call would get a copy of all of the head.
  @usableFromInline var line = RequestLine()
  @usableFromInline var facts = RequestFacts()

  /// An empty head, for the parser to fill.
  public init() {}

  /// All bytes of the head; every range refers to them.
  @inlinable
  public var bytes: [UInt8] { fields.bytes }
}

/// What the first line says.
@usableFromInline
struct RequestLine: Sendable {
  @usableFromInline var method = Method.other
  var minorVersion: UInt8 = 1
  var methodRange = ByteRange()
  var targetRange = ByteRange()
  @usableFromInline var target = RequestTarget()

  init() {}

  /// Letters of a method: 32. The longest that is registered has 17.
  static let maximumMethodBytes = 32

  /// Reads the first line: method, target and version with one space between them (RFC 9112 §3).
  @inline(__always)
  init(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(HTTPError) {
    var index = line.lowerBound
    let end = line.upperBound
    while index < end, bytes[index].isIn(.token) { index += 1 }
    let methodEnd = index
    guard methodEnd > line.lowerBound, index < end, bytes[index] == .space else {
      throw RequestLine.methodRefusal(line, at: index)
    }
    guard methodEnd - line.lowerBound <= RequestLine.maximumMethodBytes else {
      throw HTTPError(
        .invalidMethod, at: line.lowerBound, "The method has more than \(RequestLine.maximumMethodBytes) letters")
    }
    let methodRange = line.lowerBound..<methodEnd
    method = Method(bytes, methodRange)
    self.methodRange = ByteRange(methodRange)
    // The version comes before the target, because one that is not ours explains everything else.
    guard end - methodEnd >= 10, bytes[end - 9] == .space else {
      throw HTTPError(.invalidRequestLine, at: end, "The request line does not end with a target and a version")
    }
    minorVersion = try readMinorVersion(bytes, at: end - 8)
    let targetRange = methodEnd + 1..<max(methodEnd + 1, end - 9)
    self.targetRange = ByteRange(targetRange)
    target = try RequestTarget(bytes, targetRange, method: method)
  }

  private static func methodRefusal(_ line: Range<Int>, at index: Int) -> HTTPError {
    index == line.upperBound
      ? HTTPError(.invalidRequestLine, at: index, "The request line has neither target nor version")
      : HTTPError(.invalidMethod, at: index, "The method is not a token")
  }
}

/// Reads the eight bytes `HTTP/1.d`: 0 for HTTP/1.0 and 1 for any later one (RFC 9112 §2.3).
@inline(__always)
func readMinorVersion(_ bytes: Span<UInt8>, at start: Int) throws(HTTPError) -> UInt8 {
  // `HTTP/1.1` and `HTTP/1.0` as numbers whose lowest byte is the first.
  switch bytes.word(at: start) {
  case 0x312e_312f_5054_5448: return 1
  case 0x302e_312f_5054_5448: return 0
  case _: return try readOddVersion(bytes, at: start)
  }
}

private func readOddVersion(_ bytes: Span<UInt8>, at start: Int) throws(HTTPError) -> UInt8 {
  let isWellFormed =
    bytes.extracting(start..<start + 5).isEqual(to: "HTTP/") && bytes[start + 5].isDigit
    && bytes[start + 6] == UInt8(ascii: ".") && bytes[start + 7].isDigit
  guard isWellFormed else { throw HTTPError(.invalidVersion, at: start, "The version is not written as HTTP/1.1") }
  guard bytes[start + 5] == UInt8(ascii: "1") else {
    throw HTTPError(
      .unsupportedVersion, .httpVersionNotSupported, at: start, "The version of HTTP is neither 1.0 nor 1.1")
  }
  return 1
}

/// What the fields say that concerns the connection.
@usableFromInline
struct RequestFacts: Sendable {
  var framing = BodyFraming.none
  var keepsAlive = false
  var expectsContinue = false
  var authority: ByteRange?
  var host = ByteRange()
  var port: UInt16?
  /// Values that a server may look for in every request; empty where they are not there.
  @usableFromInline var requestID = ByteRange()
  @usableFromInline var traceParent = ByteRange()
  var contentType = ByteRange()
}

extension RequestHead {
  /// The method.
  @inlinable
  public var method: Method { line.method }

  /// The method as it was sent, for those that `Method` does not list.
  public var methodName: String { fields.bytes.span.text(line.methodRange.range) }

  /// 0 for HTTP/1.0; 1 for HTTP/1.1 and every later 1.x, which is read as 1.1 (RFC 9112 §2.3).
  public var minorVersion: Int { Int(line.minorVersion) }

  /// Which form the target has.
  public var targetForm: TargetForm { line.target.form }

  /// Where the whole target stands.
  public var targetRange: Range<Int> { line.targetRange.range }

  /// The whole target as it was sent.
  public var target: String { fields.bytes.span.text(targetRange) }

  /// Where the path stands, still percent-encoded: `/` when an absolute target has none, `*` in the asterisk form, empty in
  /// the authority form.
  @inlinable
  public var pathRange: Range<Int> { line.target.path.range }

  /// The path as it was sent, still percent-encoded; `PathSegments` takes it apart.
  public var path: String { fields.bytes.span.text(pathRange) }

  /// Where the query stands, without its question mark, or nil when there is none.
  public var queryRange: Range<Int>? { line.target.query?.range }

  /// The query as it was sent, or nil when there is none; `FormItems` takes it apart.
  public var query: String? { queryRange.map { fields.bytes.span.text($0) } }

  /// Host and port as they were sent: the target's own if it has them, else those of `Host` (RFC 9112 §3.2.2).
  ///
  /// Nil in HTTP/1.0 without `Host`; empty when the client left `Host` empty.
  public var authority: String? { facts.authority.map { fields.bytes.span.text($0.range) } }

  /// The host alone, in brackets if it is an IPv6 address; from where `authority` is.
  public var host: String? { facts.authority == nil ? nil : fields.bytes.span.text(facts.host.range) }

  /// Where the host alone stands.
  public var hostRange: Range<Int>? { facts.authority == nil ? nil : facts.host.range }

  /// The port, when one was sent.
  public var port: Int? { facts.port.map(Int.init) }

  /// How the end of the body is found; never `untilClose`.
  public var framing: BodyFraming { facts.framing }

  /// Whether the connection may take another request: HTTP/1.1 without `Connection: close`.
  ///
  /// HTTP/1.0 is always closed after its answer, whatever it asks for.
  public var keepsAlive: Bool { facts.keepsAlive }

  /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1).
  ///
  /// Only in HTTP/1.1, and only when there is a body to wait for.
  public var expectsContinue: Bool { facts.expectsContinue }

  /// Where the value of the first `X-Request-ID` stands; empty when there is none.
  @inlinable
  public var requestIDRange: Range<Int> { facts.requestID.range }

  /// Where the value of the first `traceparent` stands; empty when there is none.
  @inlinable
  public var traceParentRange: Range<Int> { facts.traceParent.range }

  /// Where the value of `Content-Type` stands; nil when there is none. There are never two.
  package var contentTypeRange: Range<Int>? { facts.contentType.isThere ? facts.contentType.range : nil }

  /// The value of the first field called `name`.
  public func first(_ name: FieldName) -> String? { fields.first(name) }
}
