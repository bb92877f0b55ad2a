/// How much a log line matters; a logger leaves out what is below its own level.
public enum LogLevel: Int, Sendable, Comparable, CaseIterable {
  /// Single steps, for finding a defect.
  case trace
  /// What an operator wants to see only while looking for something.
  case debug
  /// The normal life of the program.
  case info
  /// Something is wrong, and the program copes.
  case warning
  /// Something was not done that should have been.
  case error

  /// Orders by how much it matters.
  public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }

  /// The level's name in a log line and in settings: `trace`, `debug`, `info`, `warning` or `error`.
  public var name: String {
    switch self {
    case .trace: "trace"
    case .debug: "debug"
    case .info: "info"
    case .warning: "warning"
    case .error: "error"
    }
  }

  /// The level of that name, or nil.
  public init?(name: String) {
    guard let level = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = level
  }
}

/// A value beside the message of a log line.
public enum LogValue: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByStringInterpolation, CustomStringConvertible
{
  /// Text.
  case text(String)
  /// A whole number.
  case integer(Int)
  /// A number.
  case number(Double)
  /// Yes or no.
  case flag(Bool)

  /// Text.
  public init(stringLiteral value: String) { self = .text(value) }
  /// A whole number.
  public init(integerLiteral value: Int) { self = .integer(value) }

  /// The value as text, without quotation marks.
  public var description: String {
    switch self {
    case .text(let text): text
    case .integer(let number): "\(number)"
    case .number(let number): "\(number)"
    case .flag(let flag): "\(flag)"
    }
  }
}

/// One line of a log, before it has been given a form.
public struct LogRecord: Sendable {
  /// When, in nanoseconds since 1970.
  public var nanoseconds: Int64
  /// How much it matters.
  public var level: LogLevel
  /// Which part of the program says it.
  public var label: String
  /// What happened, in a sentence without values that change.
  public var message: String
  /// The values, in the order in which they were given.
  public var fields: [(name: String, value: LogValue)]

  /// Makes a record.
  public init(
    nanoseconds: Int64, level: LogLevel, label: String, message: String, fields: [(name: String, value: LogValue)]
  ) {
    self.nanoseconds = nanoseconds
    self.level = level
    self.label = label
    self.message = message
    self.fields = fields
  }
}

/// A text that must not be shown: a password, a token, a key.
///
/// Its description, its debug description and its reflection are `[redacted]`, so that it cannot get into a log line, an error or a
/// dump by accident. Only ``reveal()`` gives the text.
public struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  private let text: String

  /// Keeps `text` from being shown.
  public init(_ text: String) { self.text = text }

  /// The text itself, for the one place that has to send it.
  public func reveal() -> String { text }

  /// Always `[redacted]`.
  public var description: String { "[redacted]" }
  /// Always `[redacted]`.
  public var debugDescription: String { "[redacted]" }
  /// Has no children.
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}
