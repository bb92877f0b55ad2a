public import CassandraHTTP

/// What the server does to every answer, whoever made it: handlers, errors, 404, 405, OPTIONS, and the refusal of what is
/// no HTTP. All of it is off by default, and what is off costs nothing.
public struct AnswerOptions: Sendable {
  /// Whether each request is logged at its end, at the level of information: method, path without its query, route, status,
  /// bytes of the body, microseconds, client and id.
  public var logsAccess = false
  /// Whether each answer carries `X-Request-ID`, and `traceparent` (W3C Trace Context) in answer to one: the client's trace
  /// with a span of our own.
  public var sendsRequestIDs = false
  /// Which pages of other origins may use the answers in a browser; nil for none.
  public var crossOrigin: CrossOrigin?
  /// Fields that each answer gets, such as ``securityFields``, unless it has one of that name.
  public var fields: [FieldLine] = []
  /// Whether answers of text, JSON and the like are compressed with gzip for clients that take it, from 1 KiB on; a stream
  /// is compressed piece by piece. Not for answers that hold a secret beside what a stranger chose: the length of what is
  /// compressed tells of it.
  public var compresses = false
  /// Whether whole answers to GET get an `ETag`, and a client that has them already 304.
  public var tagsEntities = false
  /// Proxies whose word is taken for who the client is, in `Forwarded` or `X-Forwarded-For`.
  public var trustedProxies: [AddressRange] = []
  /// What one client may ask for; nil for no limit.
  public var requestLimits: RequestLimits?

  /// Everything off.
  public init() {}

  /// Fields that keep a browser from taking an answer for something else: `X-Content-Type-Options: nosniff`,
  /// `X-Frame-Options: DENY`, `Referrer-Policy: no-referrer`, `Content-Security-Policy: default-src 'none'; frame-ancestors
  /// 'none'` and `Cross-Origin-Resource-Policy: same-origin`. For an API; a site with pages needs a policy of its own.
  public static let securityFields: [FieldLine] = [
    ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"), ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
  ].map { (name: FieldName, value: String) in
    guard let line = try? FieldLine(name, value) else { preconditionFailure("a fixed value is a valid one") }
    return line
  }
}
