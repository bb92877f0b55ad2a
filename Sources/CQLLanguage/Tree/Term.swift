/// A value as it is written in a statement: a constant, a marker, a collection, or what is computed from these.
public struct Term: Sendable, Equatable {
  /// What it is.
  public var kind: Kind
  /// Where it begins.
  public var position: Position

  /// A term of this kind.
  public init(_ kind: Kind, at position: Position = Position()) {
    self.kind = kind
    self.position = position
  }

  /// The kinds of terms.
  public indirect enum Kind: Sendable, Equatable {
    /// A constant other than `NULL`.
    case constant(Constant)
    /// `NULL`.
    case null
    /// `?` or `:name`.
    case marker(BindMarker)
    /// `[a, b]`: a list, or a vector.
    case list([Term])
    /// `{a, b}`; `{}` is the empty set, and the empty map too.
    case set([Term])
    /// `{k: v}`, where no key is a bare name.
    case map([MapEntry])
    /// `{field: v}`.
    case userType([FieldValue])
    /// `(a, b)`; also a single term in parentheses, which Cassandra's terms do not have otherwise.
    case tuple([Term])
    /// `f(a, b)`.
    case call(function: QualifiedName, arguments: [Term])
    /// `(type) a`: says which type is meant, and converts nothing.
    case typeHint(TypeName, Term)
    /// `CAST(a AS type)`.
    case cast(Term, NativeType)
    /// `-a`.
    case negation(Term)
    /// `a + b`.
    case arithmetic(Term, ArithmeticOperator, Term)
  }

  /// A key of a map with its value.
  public struct MapEntry: Sendable, Equatable {
    /// The key.
    public var key: Term
    /// The value.
    public var value: Term

    /// An entry of a map literal.
    public init(_ key: Term, _ value: Term) {
      self.key = key
      self.value = value
    }
  }

  /// A field of a user type with its value.
  public struct FieldValue: Sendable, Equatable {
    /// The field.
    public var field: Identifier
    /// The value.
    public var value: Term

    /// A field of a literal of a user type.
    public init(_ field: Identifier, _ value: Term) {
      self.field = field
      self.value = value
    }
  }
}

/// A constant: its kind and its text, which nothing has been computed from.
public struct Constant: Sendable, Equatable, Hashable {
  /// The kinds of constants, which decide what types they can be values of.
  public enum Kind: Sendable, Equatable, Hashable {
    /// `'text'` or `$$text$$`.
    case string
    /// `-12`.
    case integer
    /// `1.5e3`; also `NaN` and `Infinity`.
    case float
    /// `true`.
    case boolean
    /// `1h30m`, `PT1H30M`.
    case duration
    /// `123e4567-e89b-12d3-a456-426655440000`.
    case uuid
    /// `0xcafe`.
    case blob
  }

  /// The kind.
  public var kind: Kind
  /// The text as written, but a string without its quotes, and `NaN`, `Infinity` and `-Infinity` in this spelling.
  public var text: String

  /// A constant of this kind and text.
  public init(_ kind: Kind, _ text: String) {
    self.kind = kind
    self.text = text
  }
}

/// The operators of arithmetic.
public enum ArithmeticOperator: String, Sendable, Equatable, Hashable {
  /// `+`.
  case plus = "+"
  /// `-`.
  case minus = "-"
  /// `*`.
  case times = "*"
  /// `/`.
  case divided = "/"
  /// `%`.
  case modulo = "%"
}
