/// What a statement may be, so that a hostile one costs neither the stack nor the memory.
public struct CQLLimits: Sendable, Equatable {
  /// The bytes of a statement's text.
  public var bytes: Int
  /// The tokens of a statement: a token takes 12 bytes while the statement is parsed.
  public var tokens: Int
  /// How deep terms, selectors, types and parentheses may be nested in each other, each operator of arithmetic, field and
  /// element counted that is applied to the result of the one before; a level takes up to 2.5 KiB of stack, several times
  /// that without optimization.
  public var depth: Int
  /// The terms of a statement, each element of a collection counted.
  public var terms: Int
  /// The markers of a statement: the protocol counts them with 16 bits.
  public var markers: Int

  /// Limits, by default 16 MiB, 1,000,000 tokens, a depth of 64, 131,072 terms, near which Cassandra begins to run out of
  /// time, and 65,535 markers.
  public init(
    bytes: Int = 16 << 20, tokens: Int = 1_000_000, depth: Int = 64, terms: Int = 131_072,
    markers: Int = 65_535
  ) {
    self.bytes = bytes
    self.tokens = tokens
    self.depth = depth
    self.terms = terms
    self.markers = markers
  }
}
