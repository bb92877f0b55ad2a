public import CassandraHTTP
public import CassandraTelemetry

extension Request {
  /// The token of `Authorization: Bearer …` (RFC 6750); nil when there is none.
  public var bearerToken: Secret? {
    guard let value = head.first(.authorization) else { return nil }
    let bytes = value.utf8
    let scheme = Array("bearer ".utf8)
    guard bytes.count > scheme.count, zip(bytes, scheme).allSatisfy({ $0 | 0x20 == $1 || $0 == $1 }) else { return nil }
    let token = value.utf8.dropFirst(scheme.count).drop { $0 == UInt8(ascii: " ") }
    return token.isEmpty ? nil : Secret(String(Substring(token)))
  }

  /// The value of the field that carries a key, such as `X-API-Key`.
  public func apiKey(_ field: FieldName = "X-API-Key") -> Secret? { head.first(field).map { Secret($0) } }
}

extension Secret {
  /// Whether both are the same, in a time that does not tell how far they are.
  public func isSame(as other: Secret) -> Bool {
    let (left, right) = (Array(reveal().utf8), Array(other.reveal().utf8))
    var difference = left.count ^ right.count
    for index in left.indices { difference |= Int(left[index] ^ (right.isEmpty ? 0xff : right[index % right.count])) }
    return difference == 0
  }
}

extension Routes {
  /// A layer for ``within(_:_:)``, or middleware, that lets in who shows a token: 401 without one or with another.
  ///
  /// ```swift
  /// routes.within(Routes.bearer { token, context in token.isSame(as: context.token) }) { routes in … }
  /// ```
  public static func bearer(
    realm: String = "api", _ isValid: @escaping @Sendable (Secret, Context) async throws -> Bool
  ) -> Middleware {
    let challenge = (try? FieldLine(.wwwAuthenticate, "Bearer realm=\"\(realm)\"")).map { [$0] } ?? []
    return { request, next in
      guard let token = request.bearerToken, try await isValid(token, request.context) else {
        throw Problem(.unauthorized, code: "unauthorized", detail: "A valid token is required.", fields: challenge)
      }
      return try await next(request)
    }
  }

  /// The same for a key in a field of its own.
  public static func apiKey(
    in field: FieldName = "X-API-Key", _ isValid: @escaping @Sendable (Secret, Context) async throws -> Bool
  ) -> Middleware {
    { request, next in
      guard let key = request.apiKey(field), try await isValid(key, request.context) else {
        throw Problem(.unauthorized, code: "unauthorized", detail: "A valid key is required.")
      }
      return try await next(request)
    }
  }
}
