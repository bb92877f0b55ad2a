/// `SELECT`.
public struct SelectStatement: Sendable, Equatable {
  /// The columns of the result.
  public enum Selection: Sendable, Equatable {
    /// `*`.
    case all
    /// What is listed.
    case selectors([Selector])
  }

  /// A column of the result.
  public struct Selector: Sendable, Equatable {
    /// What it holds.
    public var selectable: Selectable
    /// The name behind `AS`.
    public var alias: Identifier?

    /// A column of the result.
    public init(_ selectable: Selectable, as alias: Identifier? = nil) {
      self.selectable = selectable
      self.alias = alias
    }
  }

  /// An element of `ORDER BY`.
  public struct Ordering: Sendable, Equatable {
    /// The column.
    public var column: Identifier
    /// The vector behind `ANN OF`, whose neighbours are wanted.
    public var nearestNeighbourOf: Term?
    /// Whether `DESC` stands there.
    public var isDescending: Bool

    /// An element of `ORDER BY`.
    public init(_ column: Identifier, nearestNeighbourOf: Term? = nil, isDescending: Bool = false) {
      self.column = column
      self.nearestNeighbourOf = nearestNeighbourOf
      self.isDescending = isDescending
    }
  }

  /// Whether each row is wanted as one JSON object.
  public var isJSON = false
  /// Whether each partition is wanted once.
  public var isDistinct = false
  /// The columns of the result.
  public var selection: Selection
  /// The table or view.
  public var table: QualifiedName
  /// The conditions, all of which hold.
  public var relations: [Relation] = []
  /// What the rows are grouped by.
  public var groupBy: [Selectable] = []
  /// How the rows are ordered.
  public var orderBy: [Ordering] = []
  /// How many rows of a partition are wanted: an integer or a marker.
  public var perPartitionLimit: Term?
  /// How many rows are wanted: an integer or a marker.
  public var limit: Term?
  /// Whether rows may be read that do not answer the question.
  public var allowsFiltering = false

  /// A statement without clauses.
  public init(_ selection: Selection, from table: QualifiedName) {
    self.selection = selection
    self.table = table
  }
}

/// What stands behind `USING`.
///
/// Of an attribute that is given twice the last one counts.
public struct UsingClause: Sendable, Equatable {
  /// Microseconds since 1970: an integer or a marker.
  public var timestamp: Term?
  /// Seconds: an integer or a marker.
  public var timeToLive: Term?

  /// The attributes of a write.
  public init(timestamp: Term? = nil, timeToLive: Term? = nil) {
    self.timestamp = timestamp
    self.timeToLive = timeToLive
  }
}

/// `INSERT`.
public struct InsertStatement: Sendable, Equatable {
  /// What is inserted.
  public enum Source: Sendable, Equatable {
    /// Columns and their values, of which there may be more or fewer.
    case values(columns: [Identifier], values: [Term])
    /// A JSON object, as text or as a marker; `defaultsToUnset` when a column it does not name keeps its value.
    case json(JSONSource, defaultsToUnset: Bool)
  }

  /// A JSON object.
  public enum JSONSource: Sendable, Equatable {
    /// Its text.
    case text(String)
    /// The marker in its place.
    case marker(BindMarker)
  }

  /// The table.
  public var table: QualifiedName
  /// What is inserted.
  public var source: Source
  /// Whether `IF NOT EXISTS` stands there.
  public var ifNotExists = false
  /// The attributes of the write.
  public var using = UsingClause()

  /// A statement without clauses.
  public init(into table: QualifiedName, _ source: Source) {
    self.table = table
    self.source = source
  }
}

/// `UPDATE`.
public struct UpdateStatement: Sendable, Equatable {
  /// A change of a column.
  public struct Assignment: Sendable, Equatable {
    /// The column.
    public var column: Identifier
    /// What happens to it.
    public var operation: Operation

    /// A change of a column.
    public init(_ column: Identifier, _ operation: Operation) {
      self.column = column
      self.operation = operation
    }
  }

  /// What happens to a column.
  public enum Operation: Sendable, Equatable {
    /// `a = term`.
    case set(Term)
    /// `a = a + term` or `a += term`; `a = a -3`, without a space, adds -3.
    case add(Term)
    /// `a = a - term` or `a -= term`.
    case subtract(Term)
    /// `a = term + a`.
    case prepend(Term)
    /// `a[key] = term`.
    case setElement(key: Term, Term)
    /// `a.field = term`.
    case setField(Identifier, Term)
  }

  /// The table.
  public var table: QualifiedName
  /// The attributes of the write.
  public var using = UsingClause()
  /// The changes.
  public var assignments: [Assignment]
  /// Which rows: all relations hold.
  public var relations: [Relation]
  /// What has to hold before, which is never `.notExists`.
  public var condition: Condition?

  /// A statement without clauses.
  public init(_ table: QualifiedName, _ assignments: [Assignment], where relations: [Relation]) {
    self.table = table
    self.assignments = assignments
    self.relations = relations
  }
}

/// `DELETE`.
public struct DeleteStatement: Sendable, Equatable {
  /// What is deleted of a row.
  public enum Deletion: Sendable, Equatable {
    /// A column.
    case column(Identifier)
    /// `column[key]`.
    case element(Identifier, key: Term)
    /// `column.field`.
    case field(Identifier, Identifier)
  }

  /// What is deleted; whole rows when there is nothing.
  public var deletions: [Deletion]
  /// The table.
  public var table: QualifiedName
  /// Microseconds since 1970: an integer or a marker.
  public var timestamp: Term?
  /// Which rows: all relations hold.
  public var relations: [Relation]
  /// What has to hold before, which is never `.notExists`.
  public var condition: Condition?

  /// A statement without clauses.
  public init(_ deletions: [Deletion] = [], from table: QualifiedName, where relations: [Relation]) {
    self.deletions = deletions
    self.table = table
    self.relations = relations
  }
}

/// `BEGIN BATCH … APPLY BATCH`.
public struct BatchStatement: Sendable, Equatable {
  /// The kinds of batches.
  public enum Kind: Sendable, Equatable, Hashable {
    /// All or nothing.
    case logged
    /// No promise.
    case unlogged
    /// For counters.
    case counter
  }

  /// What a batch consists of.
  public enum Member: Sendable, Equatable {
    /// An `INSERT`.
    case insert(InsertStatement)
    /// An `UPDATE`.
    case update(UpdateStatement)
    /// A `DELETE`.
    case delete(DeleteStatement)
  }

  /// The kind.
  public var kind: Kind
  /// The attributes of all its writes.
  public var using: UsingClause
  /// The statements, possibly none.
  public var members: [Member]

  /// A batch.
  public init(_ kind: Kind = .logged, using: UsingClause = UsingClause(), _ members: [Member]) {
    self.kind = kind
    self.using = using
    self.members = members
  }
}
