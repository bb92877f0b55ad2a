internal import CassandraWire

/// Whether a request that failed is sent again: a pure function from the failure to a decision.
///
/// ```swift
/// var patient = QueryOptions()
/// patient.retry = RetryPolicy { failure in
///   failure.error.code == .overloaded && failure.retries < 3 ? .nextNode : RetryPolicy.standard.decide(failure)
/// }
/// ```
/// Whatever a policy says, a request is sent again ``maximumRetries`` times at most and only within its time-out. It has
/// the same timestamp each time.
public struct RetryPolicy: Sendable {
  /// What is known when a request has failed.
  public struct Failure: Sendable {
    /// Why it failed; what the server said is in ``CassandraError/server``.
    public var error: CassandraError
    /// Whether sending the request twice does no harm.
    public var isIdempotent: Bool
    /// How often it was sent again already.
    public var retries: Int

    /// A failure.
    public init(error: CassandraError, isIdempotent: Bool, retries: Int) {
      self.error = error
      self.isIdempotent = isIdempotent
      self.retries = retries
    }
  }

  /// What becomes of the request.
  public enum Decision: Sendable, Hashable {
    /// The caller gets the error.
    case fail
    /// The same coordinator is asked again.
    case sameNode
    /// Another node is asked; the same one when there is no other.
    case nextNode
  }

  /// Requests are sent again so often at most, whatever their policy says: 10.
  public static let maximumRetries = 10

  /// Decides. It may not block.
  public let decide: @Sendable (Failure) -> Decision

  /// A policy of one's own.
  public init(_ decide: @escaping @Sendable (Failure) -> Decision) { self.decide = decide }

  /// Sends nothing again.
  public static let never = RetryPolicy { _ in .fail }

  /// Sends a request again once, and only when that cannot do it twice: it is idempotent, or it is known not to have been
  /// carried out.
  public static let standard = RetryPolicy { failure in
    guard failure.retries < 1 else { return .fail }
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
    case .timedOut:
      // A request that has had its time is not sent again; what is known not to have been carried out may be.
      return failure.error.isRetrySafe ? .nextNode : .fail
    default: return .fail
    }
  }

  /// The decision, within ``maximumRetries``.
  func decision(on failure: Failure) -> Decision {
    failure.retries < Self.maximumRetries ? decide(failure) : .fail
  }
}
