/// Why a statement is none of CQL.
public struct CQLSyntaxError: Error, Sendable, Equatable {
  /// What is wrong.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The code's name.
    public let description: String

    private init(_ name: String) { description = name }

    /// The grammar has no such statement: Cassandra answers with a `SyntaxException`.
    public static let syntax = Code("syntax")
    /// A limit of `CQLLimits` was passed, which is a matter of this parser and not of the language.
    public static let limit = Code("limit")
  }

  /// What is wrong.
  public var code: Code
  /// The line from 1, or nil when the message belongs to no place.
  public var line: Int?
  /// The column from 0, counted in UTF-16 code units as Cassandra does; -1, in line 0, at the end of the text.
  public var column: Int?
  /// The whole message as Cassandra writes it, which begins with `line 1:7` where there is a place.
  public var message: String

  /// An error with this message.
  public init(_ code: Code = .syntax, line: Int? = nil, column: Int? = nil, message: String) {
    self.code = code
    self.line = line
    self.column = column
    self.message = message
  }
}

extension CQLSyntaxError: CustomStringConvertible {
  /// The message, which may quote the statement.
  public var description: String { message }
}
