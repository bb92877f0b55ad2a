/// What a `SELECT` computes for a column of its result, and what `GROUP BY` groups by.
public struct Selectable: Sendable, Equatable {
  /// What it is.
  public var kind: Kind
  /// Where it begins.
  public var position: Position

  /// A selectable of this kind.
  public init(_ kind: Kind, at position: Position = Position()) {
    self.kind = kind
    self.position = position
  }

  /// The kinds of selectables.
  public indirect enum Kind: Sendable, Equatable {
    /// A column.
    case column(Identifier)
    /// A constant, `NULL` or a marker; no other kind of term.
    case term(Term)
    /// `COUNT(*)`.
    case countRows
    /// `f(a, b)`.
    case call(function: QualifiedName, arguments: [Selectable])
    /// `WRITETIME(column)`, `MAXWRITETIME(column)` or `TTL(column)`; the column may have fields and elements.
    case attribute(CellAttribute, of: Selectable)
    /// `CAST(a AS type)`.
    case cast(Selectable, NativeType)
    /// `a.field`.
    case field(Selectable, Identifier)
    /// `a[key]`.
    case element(Selectable, Term)
    /// `a[from..to]`, where one of both may be missing.
    case slice(Selectable, from: Term?, to: Term?)
    /// `(type) a`.
    case typeHint(TypeName, Selectable)
    /// `(a, b)`: a tuple, or, with one element, what is in the parentheses.
    case tuple([Selectable])
    /// `[a, b]`: a list, or a vector.
    case list([Selectable])
    /// `{a, b}`; `{}` is the empty set, and the empty map too.
    case set([Selectable])
    /// `{a: b}`: a map, or a user type when the keys are names of its fields.
    case mapOrUserType([Entry])
    /// `-a`.
    case negation(Selectable)
    /// `a + b`.
    case arithmetic(Selectable, ArithmeticOperator, Selectable)
  }

  /// What is known of a cell beside its value.
  public enum CellAttribute: String, Sendable, Equatable, Hashable {
    /// The time at which it was written.
    case writeTime = "writetime"
    /// The latest of the times at which the elements of a collection were written.
    case maximumWriteTime = "maxwritetime"
    /// The seconds left to live.
    case timeToLive = "ttl"
  }

  /// A key, or the name of a field, with its value.
  public struct Entry: Sendable, Equatable {
    /// The key.
    public var key: Selectable
    /// The value.
    public var value: Selectable

    /// An entry of a map literal.
    public init(_ key: Selectable, _ value: Selectable) {
      self.key = key
      self.value = value
    }
  }
}
