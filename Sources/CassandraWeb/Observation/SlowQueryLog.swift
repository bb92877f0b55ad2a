public import Cassandra
public import CassandraTelemetry

/// Logs each request of a client that took longer than a threshold: its text without values, the node and the attempts.
///
/// ```swift
/// configuration.requestListener = SlowQueryLog(threshold: .milliseconds(500), logger: logger)
/// ```
public struct SlowQueryLog: RequestListener {
  private let threshold: Duration
  private let logger: CassandraLogger
  /// Bytes of a statement's text that are logged: 1,000.
  public static let maximumTextBytes = ShownStatement.maximumTextBytes

  /// A log of requests above `threshold`, at the level of warnings.
  public init(threshold: Duration, logger: CassandraLogger) {
    self.threshold = threshold
    self.logger = logger.labelled("cassandra")
  }

  /// Logs the request when it was slow.
  public func requestEnded(
    _ request: ObservedRequest, node: EndPoint?, duration: Duration, attempts: Int, failure: CassandraError?
  ) {
    guard duration > threshold else { return }
    let (seconds, attoseconds) = duration.components
    logger.warning(
      "a slow request of the database",
      [
        "statement": .text(ShownStatement.text(of: request)),
        "node": .text(node?.description ?? "none"),
        "us": .integer(Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000)),
        "attempts": .integer(attempts), "failure": .text(failure.map { "\($0.code)" } ?? ""),
      ])
  }
}
