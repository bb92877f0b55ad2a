/// Why a node does not run.
public struct NodeError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
  /// What kind of failure it is; more kinds may come.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The code's name.
    public let description: String

    init(_ name: String) { description = name }

    /// The settings do not go together or are not safe.
    public static let configuration = Code("configuration")
    /// The address cannot be listened at.
    public static let listening = Code("listening")
    /// One of ``NodeConfiguration/initialStatements`` failed.
    public static let initialStatements = Code("initialStatements")
    /// The data cannot be opened: another process has it, it is damaged, or of another version.
    public static let storage = Code("storage")
  }

  /// What kind of failure it is.
  public let code: Code
  /// A sentence for the operator. It may name a path or an address, and no secret.
  public let description: String
  /// What failed below, where there is something.
  public let cause: (any Error)?

  init(_ code: Code, _ description: String, cause: (any Error)? = nil) {
    self.code = code
    self.description = description
    self.cause = cause
  }

  /// The sentence and the cause.
  public var debugDescription: String { cause.map { "\(description) (\(String(reflecting: $0)))" } ?? description }
}
