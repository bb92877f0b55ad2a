/// The attempts of one request: how many there were, what became of them, and where the next one goes.
///
/// A value without I/O: the policy decides, and this keeps what the decisions add up to.
struct Attempts {
  /// The node that the next attempt had better not go to.
  private(set) var avoided: EndPoint?
  /// Whether the last failure is followed by another attempt.
  var wantsAnother = false
  /// Requests that were sent and ended somehow.
  var count = 0
  private let policy: RetryPolicy
  private var retries = 0
  private var lastFailure: CassandraError?

  init(_ policy: RetryPolicy = .standard) { self.policy = policy }

  /// An attempt has failed.
  ///
  /// - Throws: The failure, when there is to be no other attempt.
  mutating func failed(
    _ failure: CassandraError, at endPoint: EndPoint, isIdempotent: Bool
  ) throws(CassandraError) {
    let decision = policy.decision(on: .init(error: failure, isIdempotent: isIdempotent, retries: retries))
    // That nothing was done in the last attempt says nothing of the one before.
    let isRetrySafe = failure.isRetrySafe && lastFailure?.isRetrySafe ?? true
    let failure = failure.withRetrySafety(isRetrySafe)
    switch decision {
    case .fail: throw failure
    case .sameNode: avoided = nil
    case .nextNode: avoided = endPoint
    }
    lastFailure = failure
    retries += 1
    wantsAnother = true
  }

  /// The next attempt had better go to another node, though nothing has failed.
  mutating func avoid(_ endPoint: EndPoint) { avoided = endPoint }

  /// What to throw when an attempt could not be made because of `error`: what became of the attempt before tells more
  /// than that there is no connection for another.
  func failure(insteadOf error: CassandraError) -> CassandraError {
    guard let lastFailure else { return error }
    return error.code == .cancelled ? error.withRetrySafety(lastFailure.isRetrySafe) : lastFailure
  }
}
