/// A status code of a response (RFC 9110 §15), 100 to 999.
public struct Status: Sendable, Hashable, Comparable {
  /// The three digits as a number.
  public let code: UInt16

  /// A status code; traps when it has not three digits.
  ///
  /// Codes come from the program, never from a peer: the parser checks the peer's first.
  public init(_ code: UInt16) {
    precondition(100...999 ~= code, "A status code has three digits.")
    self.code = code
  }

  /// The smaller code first.
  public static func < (first: Status, second: Status) -> Bool { first.code < second.code }
}

extension Status {
  /// Whether it is an interim answer, 1xx but for 101, which another one follows (RFC 9110 §15.2).
  public var isInterim: Bool { code < 200 && code != 101 }

  /// Whether the request was understood and accepted: 2xx.
  public var isSuccess: Bool { 200..<300 ~= code }

  /// Whether a response of this status has a body at all: not 1xx, 204, 304 (RFC 9112 §6.3).
  public var allowsBody: Bool { code >= 200 && code != 204 && code != 304 }

  /// Whether the answer to `method` carries a body: also not to HEAD, and not a 2xx to CONNECT (RFC 9112 §6.3).
  public func allowsBody(answering method: Method) -> Bool {
    guard allowsBody, method != .head else { return false }
    return !(method == .connect && isSuccess)
  }

  /// Whether the head may say how long a body is: not in 1xx and 204 (RFC 9110 §8.6).
  ///
  /// 304 and answers to HEAD may: they tell what a GET would bring.
  public var allowsContentLength: Bool { code >= 200 && code != 204 }

  /// The usual words for the code, such as `Not Found`; empty for a code without.
  public var reason: String {
    let line = self.line
    guard line.utf8CodeUnitCount > 0 else { return "" }
    // The reason stands between `HTTP/1.1 200 ` and CRLF.
    return String("\(line)".utf8.dropFirst(13).dropLast(2)) ?? ""
  }
}

extension Status: CustomStringConvertible {
  /// The code and its words.
  public var description: String { reason.isEmpty ? "\(code)" : "\(code) \(reason)" }
}

extension Status {
  /// 100 Continue.
  public static var `continue`: Status { Status(unchecked: 100) }
  /// 101 Switching Protocols.
  public static var switchingProtocols: Status { Status(unchecked: 101) }
  /// 103 Early Hints.
  public static var earlyHints: Status { Status(unchecked: 103) }
  /// 200 OK.
  public static var ok: Status { Status(unchecked: 200) }
  /// 201 Created.
  public static var created: Status { Status(unchecked: 201) }
  /// 202 Accepted.
  public static var accepted: Status { Status(unchecked: 202) }
  /// 203 Non-Authoritative Information.
  public static var nonAuthoritativeInformation: Status { Status(unchecked: 203) }
  /// 204 No Content.
  public static var noContent: Status { Status(unchecked: 204) }
  /// 205 Reset Content.
  public static var resetContent: Status { Status(unchecked: 205) }
  /// 206 Partial Content.
  public static var partialContent: Status { Status(unchecked: 206) }
  /// 300 Multiple Choices.
  public static var multipleChoices: Status { Status(unchecked: 300) }
  /// 301 Moved Permanently.
  public static var movedPermanently: Status { Status(unchecked: 301) }
  /// 302 Found.
  public static var found: Status { Status(unchecked: 302) }
  /// 303 See Other.
  public static var seeOther: Status { Status(unchecked: 303) }
  /// 304 Not Modified.
  public static var notModified: Status { Status(unchecked: 304) }
  /// 307 Temporary Redirect.
  public static var temporaryRedirect: Status { Status(unchecked: 307) }
  /// 308 Permanent Redirect.
  public static var permanentRedirect: Status { Status(unchecked: 308) }
  /// 400 Bad Request.
  public static var badRequest: Status { Status(unchecked: 400) }
  /// 401 Unauthorized.
  public static var unauthorized: Status { Status(unchecked: 401) }
  /// 402 Payment Required.
  public static var paymentRequired: Status { Status(unchecked: 402) }
  /// 403 Forbidden.
  public static var forbidden: Status { Status(unchecked: 403) }
  /// 404 Not Found.
  public static var notFound: Status { Status(unchecked: 404) }
  /// 405 Method Not Allowed.
  public static var methodNotAllowed: Status { Status(unchecked: 405) }
  /// 406 Not Acceptable.
  public static var notAcceptable: Status { Status(unchecked: 406) }
  /// 407 Proxy Authentication Required.
  public static var proxyAuthenticationRequired: Status { Status(unchecked: 407) }
  /// 408 Request Timeout.
  public static var requestTimeout: Status { Status(unchecked: 408) }
  /// 409 Conflict.
  public static var conflict: Status { Status(unchecked: 409) }
  /// 410 Gone.
  public static var gone: Status { Status(unchecked: 410) }
  /// 411 Length Required.
  public static var lengthRequired: Status { Status(unchecked: 411) }
  /// 412 Precondition Failed.
  public static var preconditionFailed: Status { Status(unchecked: 412) }
  /// 413 Content Too Large.
  public static var contentTooLarge: Status { Status(unchecked: 413) }
  /// 414 URI Too Long.
  public static var uriTooLong: Status { Status(unchecked: 414) }
  /// 415 Unsupported Media Type.
  public static var unsupportedMediaType: Status { Status(unchecked: 415) }
  /// 416 Range Not Satisfiable.
  public static var rangeNotSatisfiable: Status { Status(unchecked: 416) }
  /// 417 Expectation Failed.
  public static var expectationFailed: Status { Status(unchecked: 417) }
  /// 421 Misdirected Request.
  public static var misdirectedRequest: Status { Status(unchecked: 421) }
  /// 422 Unprocessable Content.
  public static var unprocessableContent: Status { Status(unchecked: 422) }
  /// 425 Too Early.
  public static var tooEarly: Status { Status(unchecked: 425) }
  /// 426 Upgrade Required.
  public static var upgradeRequired: Status { Status(unchecked: 426) }
  /// 428 Precondition Required.
  public static var preconditionRequired: Status { Status(unchecked: 428) }
  /// 429 Too Many Requests.
  public static var tooManyRequests: Status { Status(unchecked: 429) }
  /// 431 Request Header Fields Too Large.
  public static var requestHeaderFieldsTooLarge: Status { Status(unchecked: 431) }
  /// 451 Unavailable For Legal Reasons.
  public static var unavailableForLegalReasons: Status { Status(unchecked: 451) }
  /// 500 Internal Server Error.
  public static var internalServerError: Status { Status(unchecked: 500) }
  /// 501 Not Implemented.
  public static var notImplemented: Status { Status(unchecked: 501) }
  /// 502 Bad Gateway.
  public static var badGateway: Status { Status(unchecked: 502) }
  /// 503 Service Unavailable.
  public static var serviceUnavailable: Status { Status(unchecked: 503) }
  /// 504 Gateway Timeout.
  public static var gatewayTimeout: Status { Status(unchecked: 504) }
  /// 505 HTTP Version Not Supported.
  public static var httpVersionNotSupported: Status { Status(unchecked: 505) }
  /// 507 Insufficient Storage.
  public static var insufficientStorage: Status { Status(unchecked: 507) }
  /// 511 Network Authentication Required.
  public static var networkAuthenticationRequired: Status { Status(unchecked: 511) }

  @inline(__always)
  init(unchecked code: UInt16) { self.code = code }
}

extension Status {
  /// The whole first line of a response, ready to be copied; empty for a code without words.
  var line: StaticString {
    switch code {
    case 100: "HTTP/1.1 100 Continue\r\n"
    case 101: "HTTP/1.1 101 Switching Protocols\r\n"
    case 103: "HTTP/1.1 103 Early Hints\r\n"
    case 200: "HTTP/1.1 200 OK\r\n"
    case 201: "HTTP/1.1 201 Created\r\n"
    case 202: "HTTP/1.1 202 Accepted\r\n"
    case 203: "HTTP/1.1 203 Non-Authoritative Information\r\n"
    case 204: "HTTP/1.1 204 No Content\r\n"
    case 205: "HTTP/1.1 205 Reset Content\r\n"
    case 206: "HTTP/1.1 206 Partial Content\r\n"
    case 300: "HTTP/1.1 300 Multiple Choices\r\n"
    case 301: "HTTP/1.1 301 Moved Permanently\r\n"
    case 302: "HTTP/1.1 302 Found\r\n"
    case 303: "HTTP/1.1 303 See Other\r\n"
    case 304: "HTTP/1.1 304 Not Modified\r\n"
    case 307: "HTTP/1.1 307 Temporary Redirect\r\n"
    case 308: "HTTP/1.1 308 Permanent Redirect\r\n"
    case 400: "HTTP/1.1 400 Bad Request\r\n"
    case 401: "HTTP/1.1 401 Unauthorized\r\n"
    case 402: "HTTP/1.1 402 Payment Required\r\n"
    case 403: "HTTP/1.1 403 Forbidden\r\n"
    case 404: "HTTP/1.1 404 Not Found\r\n"
    case 405: "HTTP/1.1 405 Method Not Allowed\r\n"
    case 406: "HTTP/1.1 406 Not Acceptable\r\n"
    case 407: "HTTP/1.1 407 Proxy Authentication Required\r\n"
    case 408: "HTTP/1.1 408 Request Timeout\r\n"
    case 409: "HTTP/1.1 409 Conflict\r\n"
    case 410: "HTTP/1.1 410 Gone\r\n"
    case 411: "HTTP/1.1 411 Length Required\r\n"
    case 412: "HTTP/1.1 412 Precondition Failed\r\n"
    case 413: "HTTP/1.1 413 Content Too Large\r\n"
    case 414: "HTTP/1.1 414 URI Too Long\r\n"
    case 415: "HTTP/1.1 415 Unsupported Media Type\r\n"
    case 416: "HTTP/1.1 416 Range Not Satisfiable\r\n"
    case 417: "HTTP/1.1 417 Expectation Failed\r\n"
    case 421: "HTTP/1.1 421 Misdirected Request\r\n"
    case 422: "HTTP/1.1 422 Unprocessable Content\r\n"
    case 425: "HTTP/1.1 425 Too Early\r\n"
    case 426: "HTTP/1.1 426 Upgrade Required\r\n"
    case 428: "HTTP/1.1 428 Precondition Required\r\n"
    case 429: "HTTP/1.1 429 Too Many Requests\r\n"
    case 431: "HTTP/1.1 431 Request Header Fields Too Large\r\n"
    case 451: "HTTP/1.1 451 Unavailable For Legal Reasons\r\n"
    case 500: "HTTP/1.1 500 Internal Server Error\r\n"
    case 501: "HTTP/1.1 501 Not Implemented\r\n"
    case 502: "HTTP/1.1 502 Bad Gateway\r\n"
    case 503: "HTTP/1.1 503 Service Unavailable\r\n"
    case 504: "HTTP/1.1 504 Gateway Timeout\r\n"
    case 505: "HTTP/1.1 505 HTTP Version Not Supported\r\n"
    case 507: "HTTP/1.1 507 Insufficient Storage\r\n"
    case 511: "HTTP/1.1 511 Network Authentication Required\r\n"
    default: ""
    }
  }
}
