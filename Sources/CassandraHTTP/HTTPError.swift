/// Why bytes were refused, or why something must not be written.
///
/// A refusal ends the connection: after it, nobody can tell where the next message begins. Nothing that the peer sent is
/// part of the error, so its `description` may be shown to anyone, the peer included.
public struct HTTPError: Error, Sendable, Hashable {
  /// What is wrong, as a name for programs; there may be new ones in later versions.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The code's name, in camel case.
    public let description: String

    init(_ name: String) { self.description = name }
  }

  /// What is wrong, for programs.
  public let code: Code

  /// What a server answers before it closes the connection; a client has no use for it.
  public let status: Status

  /// What is wrong, as one sentence without a full stop.
  public let reason: String

  /// Where, in bytes from the first byte of what was read: of the head, of the body, or of the text.
  public let offset: Int

  init(_ code: Code, _ status: Status = .badRequest, at offset: Int, _ reason: String) {
    self.code = code
    self.status = status
    self.reason = reason
    self.offset = offset
  }
}

extension HTTPError: CustomStringConvertible, CustomDebugStringConvertible {
  /// The sentence.
  public var description: String { reason }

  /// The status, the code, the sentence and the place.
  public var debugDescription: String { "\(status.code) \(code): \(reason) (byte \(offset))" }
}

extension HTTPError.Code {
  // The first line.

  /// The first line is not method, target and version with one space between them.
  public static let invalidRequestLine = Self("invalidRequestLine")
  /// The method is not a token.
  public static let invalidMethod = Self("invalidMethod")
  /// The target holds a byte or has a form that it may not.
  public static let invalidTarget = Self("invalidTarget")
  /// The version is not written as `HTTP/d.d`.
  public static let invalidVersion = Self("invalidVersion")
  /// The major version is not 1.
  public static let unsupportedVersion = Self("unsupportedVersion")
  /// The first line of a response is not version, status code and reason.
  public static let invalidStatusLine = Self("invalidStatusLine")

  // Lines.

  /// A carriage return without a line feed behind it.
  public static let bareCarriageReturn = Self("bareCarriageReturn")
  /// A line feed without a carriage return before it.
  public static let bareLineFeed = Self("bareLineFeed")
  /// A control character in a line.
  public static let controlCharacter = Self("controlCharacter")
  /// A line that begins with a blank (RFC 9112 §5.2).
  public static let obsoleteFolding = Self("obsoleteFolding")
  /// A field line without a name and a colon, or a name that is not a token.
  public static let invalidFieldName = Self("invalidFieldName")
  /// A value holds a byte that it may not.
  public static let invalidFieldValue = Self("invalidFieldValue")

  // Limits.

  /// The first line is longer than `HTTPLimits.requestLineBytes`.
  public static let requestLineTooLong = Self("requestLineTooLong")
  /// The head is larger than `HTTPLimits.headBytes`.
  public static let headTooLarge = Self("headTooLarge")
  /// More fields than `HTTPLimits.fieldCount`.
  public static let tooManyFields = Self("tooManyFields")
  /// A chunk's line is longer than `HTTPLimits.chunkLineBytes`, or all extensions than `chunkExtensionBytes`.
  public static let chunkLineTooLong = Self("chunkLineTooLong")
  /// The trailers are larger than `HTTPLimits.trailerBytes`.
  public static let trailersTooLarge = Self("trailersTooLarge")

  // What fields say.

  /// A request of HTTP/1.1 without `Host`.
  public static let missingHost = Self("missingHost")
  /// More than one `Host`.
  public static let duplicateHost = Self("duplicateHost")
  /// More than one `Content-Type`.
  public static let duplicateContentType = Self("duplicateContentType")
  /// A host or port that is not written as RFC 3986 §3.2 says, or with user information.
  public static let invalidHost = Self("invalidHost")
  /// `Content-Length` is not one number of digits, or too large.
  public static let invalidContentLength = Self("invalidContentLength")
  /// More than one `Content-Length`, the same or not.
  public static let duplicateContentLength = Self("duplicateContentLength")
  /// `Transfer-Encoding` beside `Content-Length`, or in HTTP/1.0.
  public static let conflictingFraming = Self("conflictingFraming")
  /// `Transfer-Encoding` is not a list of codings that ends with the only `chunked`.
  public static let invalidTransferEncoding = Self("invalidTransferEncoding")
  /// A transfer coding other than `chunked`.
  public static let unsupportedTransferCoding = Self("unsupportedTransferCoding")
  /// An expectation other than `100-continue`.
  public static let unsupportedExpectation = Self("unsupportedExpectation")

  // The body.

  /// A chunk's size is not 1 to 16 hexadecimal digits, or too large.
  public static let invalidChunkSize = Self("invalidChunkSize")
  /// A chunk extension is not written as RFC 9112 §7.1.1 says.
  public static let invalidChunkExtension = Self("invalidChunkExtension")
  /// Something else than CRLF follows a chunk's data.
  public static let invalidChunkEnd = Self("invalidChunkEnd")
  /// The peer closed before the message was complete.
  public static let unexpectedEnd = Self("unexpectedEnd")

  // Texts.

  /// A `%` without two hexadecimal digits behind it.
  public static let invalidPercentEncoding = Self("invalidPercentEncoding")
  /// What was decoded is not UTF-8, or holds a NUL.
  public static let invalidText = Self("invalidText")
  /// A path segment is `.` or `..`, as it is or percent-encoded.
  public static let dotSegment = Self("dotSegment")
}
