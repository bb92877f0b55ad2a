/// One of the conditions of a `WHERE` clause, all of which hold.
public struct Relation: Sendable, Equatable {
  /// What it is.
  public var kind: Kind
  /// Where it begins.
  public var position: Position

  /// A relation of this kind.
  public init(_ kind: Kind, at position: Position = Position()) {
    self.kind = kind
    self.position = position
  }

  /// The kinds of relations.
  public enum Kind: Sendable, Equatable {
    /// `column = term`, also with the other operators.
    case column(Identifier, Operator, Term)
    /// `column IN (…)`.
    case columnIn(Identifier, Values)
    /// `column IS NOT NULL`, which only a view's definition may have.
    case isNotNull(Identifier)
    /// `column[key] = term`.
    case element(Identifier, key: Term, Operator, Term)
    /// `token(a, b) > term`.
    case token([Identifier], Operator, Term)
    /// `(a, b) > (1, 2)` or `(a, b) > ?`.
    case tuple([Identifier], Operator, Term)
    /// `(a, b) IN ((1, 2), (3, 4))`, `(a, b) IN (?, ?)` or `(a, b) IN ?`.
    case tupleIn([Identifier], Values)
    /// `expr(index, term)`, which a custom index is asked with.
    case customIndex(QualifiedName, Term)
  }

  /// The operators of a relation.
  public enum Operator: String, Sendable, Equatable, Hashable {
    /// `=`.
    case equal = "="
    /// `!=`.
    case notEqual = "!="
    /// `<`.
    case less = "<"
    /// `<=`.
    case lessOrEqual = "<="
    /// `>`.
    case greater = ">"
    /// `>=`.
    case greaterOrEqual = ">="
    /// `CONTAINS`.
    case contains = "CONTAINS"
    /// `CONTAINS KEY`.
    case containsKey = "CONTAINS KEY"
    /// `LIKE`.
    case like = "LIKE"
  }

  /// What stands behind `IN`.
  public enum Values: Sendable, Equatable {
    /// A list of values in parentheses, possibly none.
    case terms([Term])
    /// One marker for the whole list.
    case marker(BindMarker)
  }
}

/// What has to hold before a row is written: the part behind `IF`.
public enum Condition: Sendable, Equatable {
  /// `IF EXISTS`: the row is there.
  case exists
  /// `IF NOT EXISTS`: the row is not there.
  case notExists
  /// `IF a = 1 AND …`.
  case columns([ColumnCondition])
}

/// One condition on a column's value.
public struct ColumnCondition: Sendable, Equatable {
  /// The column.
  public var column: Identifier
  /// Which part of it, or nil for all of it.
  public var part: Part?
  /// How it has to be.
  public var test: Test

  /// A condition on a column or a part of it.
  public init(_ column: Identifier, part: Part? = nil, _ test: Test) {
    self.column = column
    self.part = part
    self.test = test
  }

  /// A part of a column's value.
  public enum Part: Sendable, Equatable {
    /// `column[key]`.
    case element(Term)
    /// `column.field`.
    case field(Identifier)
  }

  /// How a value has to be.
  public enum Test: Sendable, Equatable {
    /// As compared with a term; `CONTAINS` too, but never `LIKE`.
    case compares(Relation.Operator, Term)
    /// `IN (…)`.
    case isIn(Relation.Values)
  }
}
