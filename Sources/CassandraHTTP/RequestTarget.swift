import CassandraBytes

/// Which of its four forms a request's target has (RFC 9112 §3.2).
public enum TargetForm: Sendable, Hashable {
  /// `/path?query`: nearly every request.
  case origin
  /// `http://host/path?query`: what a proxy is sent, and what every server must understand.
  case absolute
  /// `host:port`, with CONNECT only.
  case authority
  /// `*`, with OPTIONS only.
  case asterisk
}

/// The parts of a request's target, as ranges.
@usableFromInline
struct RequestTarget: Sendable {
  var form = TargetForm.origin
  @usableFromInline var path = ByteRange()
  var query: ByteRange?
  var authority: ByteRange?
  var host = ByteRange()
  var port: UInt16?

  init() {}

  /// Reads the target that the bytes of `range` are.
  @inline(__always)
  init(_ bytes: Span<UInt8>, _ range: Range<Int>, method: Method) throws(HTTPError) {
    guard !range.isEmpty else { throw HTTPError(.invalidTarget, at: range.lowerBound, "The target is empty") }
    if bytes[range.lowerBound] == UInt8(ascii: "/"), method != .connect {
      try readPath(bytes, range)
    } else {
      try readOtherForm(bytes, range, method: method)
    }
  }

  private mutating func readOtherForm(_ bytes: Span<UInt8>, _ range: Range<Int>, method: Method) throws(HTTPError) {
    if method == .connect {
      form = .authority
      try readAuthority(bytes, range)
      guard port != nil else {
        throw HTTPError(.invalidTarget, at: range.lowerBound, "The target of CONNECT has no port")
      }
      path = ByteRange(range.upperBound..<range.upperBound)
    } else if method == .options, range.count == 1, bytes[range.lowerBound] == UInt8(ascii: "*") {
      form = .asterisk
      path = ByteRange(range)
    } else {
      try readAbsolute(bytes, range)
    }
  }

  private mutating func readAbsolute(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPError) {
    let start = range.lowerBound
    let scheme: Int
    if range.count > 7, bytes.matches("http://", in: start..<start + 7) {
      scheme = 7
    } else if range.count > 8, bytes.matches("https://", in: start..<start + 8) {
      scheme = 8
    } else {
      throw HTTPError(.invalidTarget, at: start, "The target is neither a path nor an http or https URI")
    }
    form = .absolute
    var end = start + scheme
    while end < range.upperBound, bytes[end] != UInt8(ascii: "/"), bytes[end] != UInt8(ascii: "?") { end += 1 }
    try readAuthority(bytes, start + scheme..<end)
    if end < range.upperBound, bytes[end] == UInt8(ascii: "/") {
      try readPath(bytes, end..<range.upperBound)
    } else {
      if end < range.upperBound { try readQuery(bytes, end + 1..<range.upperBound) }
      // An empty path means `/`, and one stands just before the authority.
      path = ByteRange(start + scheme - 1..<start + scheme)
    }
  }

  private mutating func readAuthority(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPError) {
    let syntax = try HostSyntax(bytes, range)
    guard !syntax.host.isEmpty else {
      throw HTTPError(.invalidTarget, at: range.lowerBound, "The target has no host")
    }
    authority = ByteRange(range)
    host = ByteRange(syntax.host)
    port = syntax.port
  }

  @inline(__always)
  private mutating func readPath(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPError) {
    var index = range.lowerBound
    let end = range.upperBound
    while index < end {
      if bytes[index].isIn(.path) {
        index += 1
      } else if bytes[index] == UInt8(ascii: "%"), bytes.isEscape(at: index, before: end) {
        index += 3
      } else if bytes[index] == UInt8(ascii: "?") {
        try readQuery(bytes, index + 1..<end)
        break
      } else {
        throw RequestTarget.refusal(of: bytes[index], at: index)
      }
    }
    path = ByteRange(range.lowerBound..<index)
  }

  private mutating func readQuery(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPError) {
    for index in range where !bytes[index].isIn(.query) {
      throw RequestTarget.refusal(of: bytes[index], at: index)
    }
    query = ByteRange(range)
  }

  private static func refusal(of byte: UInt8, at index: Int) -> HTTPError {
    switch byte {
    case UInt8(ascii: "#"): HTTPError(.invalidTarget, at: index, "The target has a fragment")
    case .space, .tab: HTTPError(.invalidTarget, at: index, "A blank stands in the target")
    case UInt8(ascii: "%"):
      HTTPError(.invalidPercentEncoding, at: index, "A percent sign stands without two hexadecimal digits")
    case _: HTTPError(.invalidTarget, at: index, "The target holds a byte that must be percent-encoded")
    }
  }
}
