/// Why a node does not run.
public struct NodeError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
  /// What kind of failure it is; more kinds may come.
  public struct Code: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// The name of the kind.
    public let rawValue: String

    /// A kind by its name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The settings do not go together or are not safe.
    public static let configuration = Code(rawValue: "configuration")
    /// The address cannot be listened at.
    public static let listening = Code(rawValue: "listening")
    /// One of ``NodeConfiguration/initialStatements`` failed.
    public static let initialStatements = Code(rawValue: "initialStatements")
    /// The data cannot be opened: another process has it, it is damaged, or of another version.
    public static let storage = Code(rawValue: "storage")

    /// The name of the kind.
    public var description: String { rawValue }
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
