internal import Synchronization
package import CassandraTelemetry

/// Keeps log records.
package final class Log: LogSink {
  private let kept = Mutex<[LogRecord]>([])

  /// Keeps none.
  package init() {}

  /// Keeps one.
  package func write(_ record: LogRecord) { kept.withLock { $0.append(record) } }

  /// All that were kept.
  package var records: [LogRecord] { kept.withLock { $0 } }

  /// What was logged that somebody has to look at.
  package var failures: [String] { records.filter { $0.level >= .warning }.map(\.message) }
}
