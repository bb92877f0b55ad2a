/// Why parsing stopped, as little as it takes to write the message afterwards.
///
/// It is small and holds no text, so that trying an alternative and giving it up costs next to nothing.
struct ParseFailure: Error {
  enum Reason {
    /// No alternative of a decision begins with the tokens up to `token`.
    case noViableAlternative
    /// This kind was expected at `token`.
    case expected(TokenKind)
    /// One of several kinds was expected at `token`, and Cassandra does not say which.
    case expectedOneOfASet
    /// The lexer failed.
    case lexical
    /// `TokenStream.refusal` says why.
    case refused
    /// The limit of this name was passed.
    case limit(StaticString, Int)
  }

  var reason: Reason
  /// The offending token.
  var token: Int
  /// The token at which the decision was made; Cassandra marks it in its excerpt of the statement.
  var decision: Int
}
