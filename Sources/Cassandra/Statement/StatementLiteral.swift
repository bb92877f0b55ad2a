/// CQL that stands in the program as it is, with no value in it.
///
/// It is what an initializer of ``Statement`` takes whose values come beside the text. A literal becomes one by itself; one
/// with interpolations does not compile, because there its values would become text.
public struct StatementLiteral: Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
  /// The text.
  public let description: String

  /// The text of a literal.
  public init(stringLiteral text: StaticString) { description = text.description }

  /// The text of a literal that has no interpolations, as no other compiles.
  public init(stringInterpolation: StringInterpolation) { description = stringInterpolation.text }

  /// The parts of a literal on their way.
  public struct StringInterpolation: StringInterpolationProtocol {
    /// Literals are those of the program.
    public typealias StringLiteralType = StaticString

    var text = ""

    /// Begins a text.
    public init(literalCapacity: Int, interpolationCount: Int) {}

    /// Adds text of the program.
    public mutating func appendLiteral(_ literal: StaticString) { text += literal.description }

    /// Refused by the compiler.
    @available(
      *, unavailable,
      message: "a value would become text here; Statement(\"… \\(value)\") binds it, and so does the list of values"
    )
    public mutating func appendInterpolation<Value>(_ value: Value) {}
  }
}
