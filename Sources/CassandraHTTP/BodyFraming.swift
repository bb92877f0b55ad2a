/// How the end of a message's body is found (RFC 9112 §6.3).
public enum BodyFraming: Sendable, Hashable {
  /// There is no body.
  case none
  /// So many bytes.
  case length(Int)
  /// Chunks, up to the one of size 0 and the trailers.
  case chunked
  /// Everything up to the end of the connection; responses only.
  case untilClose

  /// Whether a byte of content may follow the head.
  public var hasContent: Bool {
    switch self {
    case .none, .length(0): false
    case .length, .chunked, .untilClose: true
    }
  }
}
