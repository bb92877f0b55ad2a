/// A request method (RFC 9110 §9, RFC 5789).
///
/// Methods are compared with their case. One that is not listed is `other`, and its name stands in the head: the server
/// answers it with 501 unless it has a use for it.
public enum Method: Sendable, Hashable {
  /// `GET`.
  case get
  /// `HEAD`.
  case head
  /// `POST`.
  case post
  /// `PUT`.
  case put
  /// `DELETE`.
  case delete
  /// `PATCH`.
  case patch
  /// `OPTIONS`.
  case options
  /// `CONNECT`.
  case connect
  /// `TRACE`.
  case trace
  /// Any other token; `RequestHead.methodName` has it.
  case other

  /// The name as it is sent; empty for `other`.
  public var name: StaticString {
    switch self {
    case .get: "GET"
    case .head: "HEAD"
    case .post: "POST"
    case .put: "PUT"
    case .delete: "DELETE"
    case .patch: "PATCH"
    case .options: "OPTIONS"
    case .connect: "CONNECT"
    case .trace: "TRACE"
    case .other: ""
    }
  }

  /// The method whose name stands at the bytes of `range`.
  @inline(__always)
  init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    // Upper-case ASCII in one number: a method's name is compared at once instead of byte by byte.
    var letters: UInt64 = 0
    guard range.count <= 8 else {
      self = .other
      return
    }
    for index in range { letters = letters << 8 | UInt64(bytes[index]) }
    self =
      switch letters {
      case 0x47_4554: .get
      case 0x4845_4144: .head
      case 0x504f_5354: .post
      case 0x50_5554: .put
      case 0x4445_4c45_5445: .delete
      case 0x50_4154_4348: .patch
      case 0x4f_5054_494f_4e53: .options
      case 0x43_4f4e_4e45_4354: .connect
      case 0x54_5241_4345: .trace
      default: .other
      }
  }
}
