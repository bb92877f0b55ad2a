/// The name of a field: a token, compared without regard to case (RFC 9110 §5.1).
///
/// Being a token by construction, it cannot break a head apart when it is written. A literal becomes a name by itself:
/// `head.fields.first("x-request-id")`.
public struct FieldName: Sendable {
  /// The name as it is written.
  public let text: String

  /// The name `text`, or nil when it is not a token of 1 to 256 bytes.
  public init?(_ text: String) {
    guard 1...256 ~= text.utf8.count, text.utf8.allSatisfy({ $0.isIn(.token) }) else { return nil }
    self.text = text
  }

  @usableFromInline
  init(token: String) { self.text = token }
}

extension FieldName: ExpressibleByStringLiteral {
  /// The name that stands in the source; traps when it is not a token.
  public init(stringLiteral text: String) {
    guard let name = FieldName(text) else { preconditionFailure("A field's name is a token of RFC 9110 §5.6.2.") }
    self = name
  }
}

extension FieldName: Hashable, CustomStringConvertible {
  /// Whether both names are the same but for case.
  public static func == (first: FieldName, second: FieldName) -> Bool {
    first.text.utf8.elementsEqual(second.text.utf8) { $0.lowercased == $1.lowercased }
  }

  /// Hashes the name in lower case.
  public func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte.lowercased) }
  }

  /// The name as it is written.
  public var description: String { text }
}

extension FieldName {
  /// `Accept`.
  @inlinable
  public static var accept: FieldName { FieldName(token: "Accept") }
  /// `Allow`.
  @inlinable
  public static var allow: FieldName { FieldName(token: "Allow") }
  /// `Authorization`.
  @inlinable
  public static var authorization: FieldName { FieldName(token: "Authorization") }
  /// `Cache-Control`.
  @inlinable
  public static var cacheControl: FieldName { FieldName(token: "Cache-Control") }
  /// `Connection`.
  @inlinable
  public static var connection: FieldName { FieldName(token: "Connection") }
  /// `Content-Encoding`.
  @inlinable
  public static var contentEncoding: FieldName { FieldName(token: "Content-Encoding") }
  /// `Content-Length`.
  @inlinable
  public static var contentLength: FieldName { FieldName(token: "Content-Length") }
  /// `Content-Type`.
  @inlinable
  public static var contentType: FieldName { FieldName(token: "Content-Type") }
  /// `Cookie`.
  @inlinable
  public static var cookie: FieldName { FieldName(token: "Cookie") }
  /// `Date`.
  @inlinable
  public static var date: FieldName { FieldName(token: "Date") }
  /// `ETag`.
  @inlinable
  public static var eTag: FieldName { FieldName(token: "ETag") }
  /// `Expect`.
  @inlinable
  public static var expect: FieldName { FieldName(token: "Expect") }
  /// `Host`.
  @inlinable
  public static var host: FieldName { FieldName(token: "Host") }
  /// `If-Modified-Since`.
  @inlinable
  public static var ifModifiedSince: FieldName { FieldName(token: "If-Modified-Since") }
  /// `If-None-Match`.
  @inlinable
  public static var ifNoneMatch: FieldName { FieldName(token: "If-None-Match") }
  /// `Last-Modified`.
  @inlinable
  public static var lastModified: FieldName { FieldName(token: "Last-Modified") }
  /// `Location`.
  @inlinable
  public static var location: FieldName { FieldName(token: "Location") }
  /// `Origin`.
  @inlinable
  public static var origin: FieldName { FieldName(token: "Origin") }
  /// `Retry-After`.
  @inlinable
  public static var retryAfter: FieldName { FieldName(token: "Retry-After") }
  /// `Server`.
  @inlinable
  public static var server: FieldName { FieldName(token: "Server") }
  /// `Set-Cookie`.
  @inlinable
  public static var setCookie: FieldName { FieldName(token: "Set-Cookie") }
  /// `Transfer-Encoding`.
  @inlinable
  public static var transferEncoding: FieldName { FieldName(token: "Transfer-Encoding") }
  /// `Upgrade`.
  @inlinable
  public static var upgrade: FieldName { FieldName(token: "Upgrade") }
  /// `User-Agent`.
  @inlinable
  public static var userAgent: FieldName { FieldName(token: "User-Agent") }
  /// `Vary`.
  @inlinable
  public static var vary: FieldName { FieldName(token: "Vary") }
  /// `WWW-Authenticate`.
  @inlinable
  public static var wwwAuthenticate: FieldName { FieldName(token: "WWW-Authenticate") }
  /// `X-Request-ID`.
  @inlinable
  public static var requestID: FieldName { FieldName(token: "X-Request-ID") }
}
