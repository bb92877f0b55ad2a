internal import CassandraBytes

/// A statement with the markers in it.
public struct ParsedStatement: Sendable, Equatable {
  /// The statement.
  public var statement: CQLStatement
  /// The names of its markers, nil for `?`, in the order of the text; the indices of markers point here.
  public var markers: [String?]
}

/// Parses statements of CQL 3.4.7, the language of Cassandra 5.0.
///
/// It accepts what the parser of Cassandra 5.0 accepts and refuses the rest with the same message where it can. It knows
/// no schema: whether a table or an option exists, or a value fits a column, is for the engine to say.
public enum CQLParser {
  /// Parses one statement, which may end with semicolons.
  public static func parse(
    _ text: String, limits: CQLLimits = CQLLimits()
  ) throws(CQLSyntaxError) -> ParsedStatement {
    try parse(Array(text.utf8), limits: limits)
  }

  /// Parses one statement in UTF-8, of which a copy is made.
  public static func parse(
    _ bytes: Span<UInt8>, limits: CQLLimits = CQLLimits()
  ) throws(CQLSyntaxError) -> ParsedStatement {
    try parse([UInt8](copying: bytes), limits: limits)
  }

  /// Parses one statement in UTF-8.
  public static func parse(
    _ bytes: [UInt8], limits: CQLLimits = CQLLimits()
  ) throws(CQLSyntaxError) -> ParsedStatement {
    // Tokens keep their places in 32 bits.
    guard bytes.count <= min(limits.bytes, Int(UInt32.max)) else {
      throw CQLSyntaxError(.limit, message: "The statement passes the limit of \(limits.bytes) for its number of bytes")
    }
    var tokens = TokenStream(bytes, limits: limits)
    let statement: CQLStatement
    do {
      statement = try StatementGrammar.wholeStatement(&tokens)
    } catch {
      throw tokens.error(for: error)
    }
    if let refusal = tokens.refusal { throw CQLSyntaxError(message: refusal) }
    return ParsedStatement(statement: statement, markers: tokens.markers)
  }
}
