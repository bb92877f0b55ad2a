internal import CassandraBytes
public import CassandraHTTP

/// Which pages of other origins may use the answers in a browser (the Fetch Standard, section 3.2).
///
/// A browser asks before it sends what a form could not: that request, `OPTIONS` with `Access-Control-Request-Method`, is
/// answered by the server itself, for every path.
public struct CrossOrigin: Sendable {
  /// Origins such as `https://example.com`; nil for any.
  public var origins: [String]?
  /// Methods that a page may use. Default GET, HEAD, POST, PUT, PATCH and DELETE.
  public var methods: [Method] = [.get, .head, .post, .put, .patch, .delete]
  /// Fields of a request that a page may set besides the simple ones. Default `Content-Type`, `Authorization` and
  /// `X-Request-ID`.
  public var requestFields: [FieldName] = [.contentType, .authorization, .requestID]
  /// Fields of an answer that a page may read besides the simple ones. Default `X-Request-ID`, `Location`, `ETag` and
  /// `Retry-After`.
  public var exposedFields: [FieldName] = [.requestID, .location, .eTag, .retryAfter]
  /// Whether a page may send its user's cookies; never with any origin. Default false.
  public var allowsCredentials = false
  /// Seconds for which a browser may remember the answer to its question: 600.
  public var maximumAge = 600

  /// Lets pages of these origins in; of any when it is nil.
  public init(origins: [String]?) { self.origins = origins }

  /// What the answer to a request gets; empty when its origin is not let in.
  func fields(for head: RequestHead) -> [FieldLine] {
    // An answer that depends on who asks must not be kept for others.
    let vary = origins == nil ? [] : Self.lines([(.vary, "Origin")])
    guard let allowed = allowedOrigin(head) else { return vary }
    var fields: [(FieldName, String)] = [("Access-Control-Allow-Origin", allowed)]
    if allowsCredentials && origins != nil { fields.append(("Access-Control-Allow-Credentials", "true")) }
    if !exposedFields.isEmpty {
      fields.append(("Access-Control-Expose-Headers", exposedFields.map(\.text).joined(separator: ", ")))
    }
    return vary + Self.lines(fields)
  }

  private func allowedOrigin(_ head: RequestHead) -> String? {
    guard let origin = head.first(.origin) else { return nil }
    guard let origins else { return "*" }
    return origins.first { $0.hasSameBytes(as: origin) }
  }

  /// Whether a browser asks what it may do.
  static func isPreflight(_ head: RequestHead) -> Bool {
    head.method == .options && head.fields.range(of: .origin) != nil
      && head.fields.range(of: "Access-Control-Request-Method") != nil
  }

  /// The answer to a browser that asks; the fields of every answer come on top.
  func preflight(_ head: RequestHead) -> Response {
    guard allowedOrigin(head) != nil else { return Response(.noContent) }
    return Response(
      .noContent,
      fields: Self.lines([
        ("Access-Control-Allow-Methods", methods.map { "\($0.name)" }.joined(separator: ", ")),
        ("Access-Control-Allow-Headers", requestFields.map(\.text).joined(separator: ", ")),
        ("Access-Control-Max-Age", "\(maximumAge)"),
      ]))
  }

  private static func lines(_ fields: [(FieldName, String)]) -> [FieldLine] {
    fields.compactMap { try? FieldLine($0, $1) }
  }
}
