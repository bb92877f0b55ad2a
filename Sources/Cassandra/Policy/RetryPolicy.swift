internal import CassandraWire

/// Whether a request that failed is sent again: a pure function from the failure to a decision.
///
/// A request is sent again once at most, with the same timestamp, and only when that cannot do it twice: it is
/// idempotent, or it is known not to have been carried out.
enum RetryPolicy {
  /// What is known when a request has failed.
  struct Failure {
    var error: CassandraError
    /// Whether sending the request twice does no harm.
    var isIdempotent: Bool
    /// How often it was sent again already.
    var retries: Int
  }

  enum Decision: Equatable {
    /// The caller gets the error.
    case fail
    /// The same coordinator is asked again.
    case sameNode
    /// Another node is asked; the same one when there is no other.
    case nextNode
  }

  /// Requests are sent again this often at most: once.
  static let maximumRetries = 1

  static func decide(_ failure: Failure) -> Decision {
    guard failure.retries < maximumRetries else { return .fail }
    switch failure.error.code {
    case .unavailable, .isBootstrapping:
      // This coordinator did nothing; another may see other replicas.
      return .nextNode
    case .readTimeout:
      // Enough replicas answered, and only the one with the data did not: it is likely to be known as slow by now.
      guard case .readTimeout(_, let received, let blockFor, let dataPresent)? = failure.error.server?.detail,
        received >= blockFor, !dataPresent, failure.isIdempotent
      else { return .fail }
      return .sameNode
    case .writeTimeout:
      // The batch was not yet written to its log, so nothing of it was applied.
      guard case .writeTimeout(_, _, _, .batchLog, _)? = failure.error.server?.detail, failure.isIdempotent else {
        return .fail
      }
      return .sameNode
    case .connectionLost, .overloaded, .serverError, .truncateError:
      return failure.isIdempotent || failure.error.isRetrySafe ? .nextNode : .fail
    default: return .fail
    }
  }
}
