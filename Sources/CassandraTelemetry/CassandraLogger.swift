#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Takes finished log records. Must not block: it is called on event loops.
public protocol LogSink: Sendable {
  /// Takes one record.
  func write(_ record: LogRecord)
  /// Returns once what was written before is where it belongs, or after a time; blocks the calling thread, so it is not
  /// for event loops.
  func flush()
}

extension LogSink {
  /// Does nothing.
  public func flush() {}
}

/// Writes log records of its level and above to a sink.
///
/// A value: copies are cheap and share the sink. The message and the fields are closures, so that a line which is left
/// out costs a comparison.
public struct CassandraLogger: Sendable {
  /// Which part of the program speaks.
  public var label: String
  /// The least level that is written.
  public var level: LogLevel
  private let sink: any LogSink

  /// Makes a logger that writes to `sink`.
  public init(label: String, level: LogLevel = .info, sink: any LogSink) {
    self.label = label
    self.level = level
    self.sink = sink
  }

  /// A logger that writes nothing.
  public static let silent = CassandraLogger(label: "", level: .error, sink: NoSink())

  /// A logger that writes to standard error from the level of information on: text on a terminal, else a JSON object a line.
  /// All its copies share one ``ConsoleSink``.
  public static let standardError = CassandraLogger(
    label: "", level: .info, sink: ConsoleSink(format: .suitingStandardError))

  /// Waits until everything has been written that was logged before, as ``ConsoleSink/flush()`` does; before the process
  /// ends, and not on an event loop.
  public func flush() { sink.flush() }

  /// Where lines of its own making may be put that would be written at `level`; nil where records are wanted, or nothing.
  package func console(for level: LogLevel) -> ConsoleSink? { level >= self.level ? sink as? ConsoleSink : nil }

  /// The same logger for another part of the program.
  public func labelled(_ label: String) -> CassandraLogger {
    var copy = self
    copy.label = label
    return copy
  }

  /// Writes one record when `level` is at least the logger's.
  public func log(
    _ level: LogLevel, _ message: @autoclosure () -> String,
    _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
  ) {
    guard level >= self.level else { return }
    let nanoseconds = nanosecondsSince1970()
    let pairs = fields().map { (name: $0.key, value: $0.value) }
    sink.write(LogRecord(nanoseconds: nanoseconds, level: level, label: label, message: message(), fields: pairs))
  }

  /// Writes a record of level ``LogLevel/trace``.
  public func trace(
    _ message: @autoclosure () -> String, _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
  ) { log(.trace, message(), fields()) }

  /// Writes a record of level ``LogLevel/debug``.
  public func debug(
    _ message: @autoclosure () -> String, _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
  ) { log(.debug, message(), fields()) }

  /// Writes a record of level ``LogLevel/info``.
  public func info(
    _ message: @autoclosure () -> String, _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
  ) { log(.info, message(), fields()) }

  /// Writes a record of level ``LogLevel/warning``.
  public func warning(
    _ message: @autoclosure () -> String, _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
  ) { log(.warning, message(), fields()) }

  /// Writes a record of level ``LogLevel/error``.
  public func error(
    _ message: @autoclosure () -> String, _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
  ) { log(.error, message(), fields()) }
}

/// The time of the system's clock.
package func nanosecondsSince1970() -> Int64 {
  var now = timespec()
  clock_gettime(CLOCK_REALTIME, &now)
  return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
}

private struct NoSink: LogSink {
  func write(_ record: LogRecord) {}
}
