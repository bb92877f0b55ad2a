internal import CassandraHTTP

extension ServerMachine {
  /// Why a request is not handled.
  enum Refusal: Error, Hashable {
    /// It is no HTTP, or more than the limits allow.
    case invalid(HTTPError)
    /// The head did not arrive in time.
    case headTimedOut
    /// The body did not arrive in time, or at too slow a pace.
    case bodyTimedOut
    /// The client ended its half within the body.
    case bodyCutShort
    /// The client is gone.
    case gone
  }

  /// How long the body of an answer is.
  enum AnswerLength: Hashable {
    /// So many bytes, which are there.
    case whole(Int)
    /// It is written piece by piece; its length may be known.
    case streamed(Int?)
  }

  /// How an answer goes out.
  struct AnswerPlan: Hashable {
    var framing: BodyFraming
    /// Whether the body goes out: not in the answer to HEAD, nor with a status that has none.
    var sendsBody: Bool
    /// Whether the connection ends with it, which the head says.
    var isLast: Bool
  }
}
