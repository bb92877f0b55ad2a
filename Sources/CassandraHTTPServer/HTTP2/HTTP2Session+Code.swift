extension HTTP2Session {
  /// Why a connection or a stream ends (RFC 9113 §7).
  enum Code: UInt32 {
    case none = 0
    case protocolError = 1
    case internalError = 2
    case streamClosed = 5
    case refusedStream = 7
    case cancel = 8
    case enhanceYourCalm = 11
  }
}
