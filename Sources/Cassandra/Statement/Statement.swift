public import CassandraWire

/// A CQL statement with the values of its markers.
///
/// The usual way to make one is a string with interpolations. A value becomes a bind marker and never text, so there is
/// nothing to escape:
/// ```swift
/// let statement: Statement = "SELECT species, sightings FROM plants WHERE genus = \(genus)"
/// ```
/// A literal with markers takes its values in order or by name:
/// ```swift
/// Statement("SELECT species FROM plants WHERE genus = ? AND sightings > ?", [genus, 3])
/// Statement("SELECT species FROM plants WHERE genus = :genus", named: ["genus": genus])
/// ```
/// A text that is not known when the program is written has to say so, because nothing protects it:
/// ```swift
/// Statement(unsafeCQL: text, [genus, 3])
/// ```
/// No initializer makes text of an interpolated value: where a value would not be bound, it does not compile.
///
/// Values are encoded for the types that the server gives the markers: an `Int` goes into an `int`, a `bigint` or a
/// `varint` when it fits, and is refused otherwise. An optional that is nil is a null.
public struct Statement: Sendable, ExpressibleByStringInterpolation {
  /// Where in the program the text stands, when it is known by that alone.
  let identity: Literals.Identity?
  private let literals: Literals
  /// The values in the order of their markers.
  let values: [BoundValue]
  /// What most statements do not have, in one place, so that the others are small.
  private let extras: Extras?

  private final class Extras: Sendable {
    /// The text, when it is not made of literals alone.
    let text: String
    /// The names of the values, in their order, when they go by name.
    let names: [String]?
    /// Whether the text was put together of interpolations.
    let isInterpolated: Bool

    init(text: String, names: [String]? = nil, isInterpolated: Bool = false) {
      self.text = text
      self.names = names
      self.isInterpolated = isInterpolated
    }
  }

  /// A statement without values.
  public init(stringLiteral literal: StaticString) {
    var literals = Literals()
    literals.append(literal)
    self.literals = literals
    identity = literals.identity
    values = []
    extras = nil
  }

  /// A statement with interpolated values.
  public init(stringInterpolation: StringInterpolation) {
    literals = stringInterpolation.literals
    values = stringInterpolation.values
    identity = stringInterpolation.isPlain ? literals.identity : nil
    extras = stringInterpolation.text.map { Extras(text: $0, isInterpolated: true) }
  }

  /// A statement whose markers `?` take `values` in their order.
  public init(_ text: StatementLiteral, _ values: [any CQLEncodable]) {
    self.init(unchecked: text.description, values.map { .other($0) }, names: nil)
  }

  /// A statement whose markers `:name` take the values of their names. A name is in lower case, as everywhere in CQL,
  /// unless the marker has it in quotes.
  public init(_ text: StatementLiteral, named values: [String: any CQLEncodable]) {
    self.init(unchecked: text.description, values.values.map { .other($0) }, names: Array(values.keys))
  }

  // The initializers that take any text are generic and disfavored, and have a twin for literals: only so does the
  // compiler choose the twin for a literal with interpolations, which it then refuses.

  /// A statement of a text that the program makes or gets, whose markers `?` take `values` in their order.
  ///
  /// Whatever is in the text is carried out, so nothing of it may come from a stranger: values belong into `values`, and
  /// names that are chosen at run time into an ``Identifier`` of an interpolated statement.
  @_disfavoredOverload
  public init(unsafeCQL text: some StringProtocol, _ values: [any CQLEncodable] = []) {
    self.init(unchecked: String(text), values.map { .other($0) }, names: nil)
  }

  /// A statement of a text that the program makes or gets, whose markers `:name` take the values of their names.
  ///
  /// Whatever is in the text is carried out; see `init(unsafeCQL:_:)`.
  @_disfavoredOverload
  public init(unsafeCQL text: some StringProtocol, named values: [String: any CQLEncodable]) {
    self.init(unchecked: String(text), values.values.map { .other($0) }, names: Array(values.keys))
  }

  /// A statement of a literal, whose markers `?` take `values` in their order.
  public init(unsafeCQL text: StatementLiteral, _ values: [any CQLEncodable] = []) { self.init(text, values) }

  /// A statement of a literal, whose markers `:name` take the values of their names.
  public init(unsafeCQL text: StatementLiteral, named values: [String: any CQLEncodable]) {
    self.init(text, named: values)
  }

  private init(unchecked text: String, _ values: [BoundValue], names: [String]?) {
    literals = Literals()
    identity = nil
    self.values = values
    extras = Extras(text: text, names: names)
  }

  /// The text, with a marker for each value.
  var text: String { extras?.text ?? literals.joined(by: "?") }

  /// The names of the values, in their order, when they go by name.
  var names: [String]? { extras?.names }

  /// Whether its markers are those of interpolated values.
  var isInterpolated: Bool { extras?.isInterpolated ?? true }
}

extension Statement {
  /// The parts of an interpolated string on their way.
  public struct StringInterpolation: StringInterpolationProtocol {
    /// Literals are kept as they are in the program.
    public typealias StringLiteralType = StaticString

    var literals = Literals()
    var values: [BoundValue] = []
    /// The text so far, once it has a part that is not known before the program runs, or more literals than have room.
    var text: String?
    /// Whether the literals alone tell the text.
    var isPlain = true

    /// Reserves room.
    public init(literalCapacity: Int, interpolationCount: Int) { values.reserveCapacity(interpolationCount) }

    /// Adds text of the program.
    @inline(__always)
    public mutating func appendLiteral(_ literal: StaticString) {
      if text == nil && literals.isFull { text = literals.joined(by: "?") + "?" }
      literals.append(literal)
      if text != nil { text?.append(literal.description) }
    }

    @inline(__always)
    private mutating func append(_ value: BoundValue) {
      values.append(value)
      if text != nil { text?.append("?") }
    }

    /// Adds a text, which is bound.
    public mutating func appendInterpolation(_ value: String) { append(.text(value)) }
    /// Adds a number, which is bound.
    public mutating func appendInterpolation(_ value: Int) { append(.integer(value)) }
    /// Adds a number, which is bound.
    public mutating func appendInterpolation(_ value: Int32) { append(.integer(Int(value))) }
    /// Adds a number, which is bound.
    public mutating func appendInterpolation(_ value: Float) { append(.float(value)) }
    /// Adds a text or a null, which is bound.
    public mutating func appendInterpolation(_ value: String?) { append(value.map { .text($0) } ?? .null) }
    /// Adds a number or a null, which is bound.
    public mutating func appendInterpolation(_ value: Int?) { append(value.map { .integer($0) } ?? .null) }
    /// Adds a list of texts, which is bound.
    public mutating func appendInterpolation(_ value: [String]) { append(.texts(value)) }
    /// Adds a value of any type, which is bound.
    public mutating func appendInterpolation<Value: CQLEncodable>(_ value: Value) { append(.other(value)) }
    /// Adds a value of any type, which is bound.
    public mutating func appendInterpolation(_ value: any CQLEncodable) { append(.other(value)) }

    /// Adds a name, in quotes.
    public mutating func appendInterpolation(_ identifier: Identifier) {
      text = (text ?? literals.joined(by: "?")) + identifier.description
      isPlain = false
    }
  }
}

/// A value of a statement. The commonest types have a case of their own, so that they are kept and encoded without
/// being boxed.
enum BoundValue: Sendable {
  case text(String)
  case integer(Int)
  case float(Float)
  case texts([String])
  case null
  indirect case other(any CQLEncodable)

  var encodable: any CQLEncodable {
    switch self {
    case .text(let text): text
    case .integer(let number): number
    case .float(let number): number
    case .texts(let texts): texts
    case .null: String?.none
    case .other(let value): value
    }
  }
}

/// The literals of an interpolated string, and two numbers that stand for where in the program they are.
///
/// A literal lies at the same address as long as the program runs, so the same addresses and lengths are the same text.
/// The statement of a place in the program is found by these numbers, without building or hashing its text. They are not
/// chosen by anybody from outside, and 128 bits do not meet by chance.
struct Literals: Sendable {
  struct Identity: Sendable, Hashable {
    var first: UInt = 0x9e37_79b9_7f4a_7c15
    var second: UInt = 0xc2b2_ae3d_27d4_eb4f
  }

  private(set) var identity = Identity()
  // In place, because an array would cost an allocation. Those beyond count for the identity only.
  private var kept: InlineArray<8, StaticString> = .init(repeating: "")
  private var count = 0

  /// Whether no further literal is kept.
  var isFull: Bool { count == kept.count }

  @inline(__always)
  mutating func append(_ literal: StaticString) {
    let address =
      literal.hasPointerRepresentation ? UInt(bitPattern: literal.utf8Start) : UInt(literal.unicodeScalar.value)
    let length = UInt(literal.utf8CodeUnitCount)
    identity.first = (identity.first ^ address) &* 0xff51_afd7_ed55_8ccd ^ length
    identity.second = (identity.second ^ length &+ 1) &* 0xc4ce_b9fe_1a85_ec53 ^ address
    identity.first ^= identity.first >> 32
    identity.second ^= identity.second >> 29
    guard !isFull else { return }
    kept[count] = literal
    count += 1
  }

  func joined(by separator: String) -> String {
    (0..<count).map { kept[$0].description }.joined(separator: separator)
  }
}
