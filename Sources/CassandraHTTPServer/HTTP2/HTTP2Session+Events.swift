internal import CassandraHTTP

extension HTTP2Session {
  /// What has happened on a stream.
  enum Event {
    /// A request has come; its head is to be taken with ``takeHead()``.
    case request(stream: Int32)
    /// A request has come whose head is a wrong one.
    case refused(stream: Int32, HTTPError)
    /// A piece of its body has come, and stands there in ``received``.
    case body(stream: Int32, Range<Int>)
    /// Its body is complete.
    case bodyEnded(stream: Int32)
    /// All of its answer was handed over.
    case answered(stream: Int32)
    /// It is over.
    case closed(stream: Int32)
    /// The client was told that it does too much.
    case calmed
  }

  /// Why a connection or a stream ends (RFC 9113 §7).
  enum Code: UInt32 {
    case none = 0
    case protocolError = 1
    case internalError = 2
    case streamClosed = 5
    case refusedStream = 7
    case cancel = 8
    case enhanceYourCalm = 11

    /// Whether a stream that the server resets with it is one that its client has spoilt, or should not have begun; the
    /// others are resets that the server wants.
    var isFaultOfClient: Bool {
      switch self {
      case .none, .internalError, .cancel, .enhanceYourCalm: false
      case .protocolError, .streamClosed, .refusedStream: true
      }
    }
  }
}
