import CassandraBytes

extension ErrorResponse {
  /// What makes a statement invalid. The protocol has one code for all of it, and servers say the rest in words; more
  /// reasons may come, so a switch over them needs a default.
  public struct Reason: Sendable, Hashable, CustomStringConvertible {
    /// The reason's name.
    public let description: String
    private init(_ name: String) { description = name }

    /// The statement names a table that does not exist.
    public static let tableMissing = Reason("tableMissing")
    /// The server's configuration does not allow writes at the consistency level, as that of Astra.
    public static let consistencyNotAllowed = Reason("consistencyNotAllowed")
  }

  /// Why the statement is invalid, where the server's words are known; nil for others and for other codes.
  ///
  /// Words of servers are read here and nowhere else.
  public var reason: Reason? {
    guard code == .invalid else { return nil }
    if message.hasPrefix(bytesOf: "table ") && message.hasSuffix(bytesOf: " does not exist")
      || message.hasPrefix(bytesOf: "unconfigured table")
    {
      return .tableMissing
    }
    return message.withUTF8Span { $0.contains(bytesOf: "not allowed for Write Consistency Level") }
      ? .consistencyNotAllowed : nil
  }
}
