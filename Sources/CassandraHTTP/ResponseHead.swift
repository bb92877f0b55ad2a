import CassandraBytes

/// The head of a response: its status line and its fields, checked.
public struct ResponseHead: Sendable {
  /// The fields, and all bytes of the head.
  public internal(set) var fields = Fields()
  var line = StatusLine()
  var bodyFraming = BodyFraming.none
  var connectionStays = false

  /// An empty head, for the parser to fill.
  public init() {}

  /// All bytes of the head; every range refers to them.
  public var bytes: [UInt8] { fields.bytes }

  /// The status.
  public var status: Status { line.status }

  /// The words behind the status code, which mean nothing to a program (RFC 9112 §4).
  public var reason: String { fields.bytes.span.text(line.reason.range) }

  /// 0 for HTTP/1.0; 1 for HTTP/1.1 and every later 1.x.
  public var minorVersion: Int { Int(line.minorVersion) }

  /// How the end of the body is found.
  public var framing: BodyFraming { bodyFraming }

  /// Whether the connection may take another request after this answer.
  public var keepsAlive: Bool { connectionStays }

  /// Whether another head follows this one: 1xx but for 101 (RFC 9110 §15.2).
  public var isInterim: Bool { status.isInterim }

  /// The value of the first field called `name`.
  public func first(_ name: FieldName) -> String? { fields.first(name) }
}

/// What the first line of a response says.
struct StatusLine: Sendable {
  var status = Status.ok
  var minorVersion: UInt8 = 1
  var reason = ByteRange()

  init() {}

  /// Reads the first line: version, three digits and a reason (RFC 9112 §4).
  ///
  /// The space behind the digits may be missing when no reason follows, because servers are found that leave it out.
  init(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(HTTPError) {
    let start = line.lowerBound
    guard line.count >= 12, bytes[start + 8] == .space else {
      throw HTTPError(.invalidStatusLine, at: start, "The status line is not a version and a status code")
    }
    minorVersion = try readMinorVersion(bytes, at: start)
    var code: UInt16 = 0
    for index in start + 9..<start + 12 {
      guard bytes[index].isDigit else {
        throw HTTPError(.invalidStatusLine, at: index, "The status code is not three digits")
      }
      code = code * 10 + UInt16(bytes[index] & 0xf)
    }
    guard code >= 100 else {
      throw HTTPError(.invalidStatusLine, at: start + 9, "The status code is below 100")
    }
    status = Status(code)
    guard line.count > 12 else {
      reason = ByteRange(line.upperBound..<line.upperBound)
      return
    }
    guard bytes[start + 12] == .space else {
      throw HTTPError(.invalidStatusLine, at: start + 12, "No space follows the status code")
    }
    reason = ByteRange(start + 13..<line.upperBound)
  }
}
