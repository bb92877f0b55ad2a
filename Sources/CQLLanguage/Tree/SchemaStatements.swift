/// An option behind `WITH`: its name and its value, neither of which has been looked at.
public struct Property: Sendable, Equatable {
  /// The values of options.
  public enum Value: Sendable, Equatable {
    /// A constant.
    case constant(Constant)
    /// A keyword that is not reserved, as it was written.
    case keyword(String)
    /// A map of constants.
    case map([Entry])
  }

  /// An entry of a map.
  public struct Entry: Sendable, Equatable {
    /// The key.
    public var key: Constant
    /// The value.
    public var value: Constant

    /// An entry of a map.
    public init(_ key: Constant, _ value: Constant) {
      self.key = key
      self.value = value
    }
  }

  /// The option's name.
  public var name: Identifier
  /// The option's value.
  public var value: Value

  /// An option.
  public init(_ name: Identifier, _ value: Value) {
    self.name = name
    self.value = value
  }
}

/// `CREATE KEYSPACE`.
public struct CreateKeyspaceStatement: Sendable, Equatable {
  /// The keyspace.
  public var keyspace: Identifier
  /// Whether `IF NOT EXISTS` stands there.
  public var ifNotExists = false
  /// The options.
  public var properties: [Property]
}

/// `ALTER KEYSPACE`.
public struct AlterKeyspaceStatement: Sendable, Equatable {
  /// The keyspace.
  public var keyspace: Identifier
  /// Whether `IF EXISTS` stands there.
  public var ifExists = false
  /// The options.
  public var properties: [Property]
}

/// How a column's value is shown to those who may not see it.
public struct ColumnMask: Sendable, Equatable {
  /// The function, or nil for `DEFAULT`.
  public var function: QualifiedName?
  /// The function's further arguments.
  public var arguments: [Term] = []
}

/// The declaration of a column.
public struct ColumnDefinition: Sendable, Equatable {
  /// Its name.
  public var name: Identifier
  /// Its type.
  public var type: TypeName
  /// Whether the partition has one value of it.
  public var isStatic = false
  /// How it is masked.
  public var mask: ColumnMask?
  /// Whether `PRIMARY KEY` stands behind it.
  public var isPrimaryKey = false
}

/// `PRIMARY KEY ((a, b), c, d)`.
public struct PrimaryKeyDefinition: Sendable, Equatable {
  /// The columns that a partition is found by.
  public var partition: [Identifier]
  /// The columns that its rows are ordered by.
  public var clustering: [Identifier]
}

/// A column in `CLUSTERING ORDER BY`.
public struct ClusteringOrder: Sendable, Equatable {
  /// The column.
  public var column: Identifier
  /// Whether `DESC` stands there, and not `ASC`.
  public var isDescending: Bool
}

/// What may stand behind the `WITH` of a table or view.
public enum TableOption: Sendable, Equatable {
  /// An option with a value.
  case property(Property)
  /// `COMPACT STORAGE`.
  case compactStorage
  /// `CLUSTERING ORDER BY`.
  case clusteringOrder([ClusteringOrder])
}

/// `CREATE TABLE`.
public struct CreateTableStatement: Sendable, Equatable {
  /// The table.
  public var table: QualifiedName
  /// Whether `IF NOT EXISTS` stands there.
  public var ifNotExists = false
  /// The columns in the order of the text; names may be repeated.
  public var columns: [ColumnDefinition] = []
  /// The primary keys that are declared apart from the columns; only one makes sense.
  public var primaryKeys: [PrimaryKeyDefinition] = []
  /// What stands behind `WITH`.
  public var options: [TableOption] = []
}

/// `ALTER TABLE`.
public struct AlterTableStatement: Sendable, Equatable {
  /// The changes of a table.
  public enum Change: Sendable, Equatable {
    /// `ALTER column TYPE type`, which Cassandra no longer does.
    case alterType(Identifier, TypeName)
    /// `ALTER [IF EXISTS] column MASKED WITH …`, or `DROP MASKED` when there is no mask.
    case mask(Identifier, ColumnMask?, ifExists: Bool)
    /// `ADD [IF NOT EXISTS] column type` or the same with several in parentheses.
    case add([ColumnDefinition], ifNotExists: Bool)
    /// `DROP [IF EXISTS] column [USING TIMESTAMP …]` or the same with several in parentheses.
    case drop([Identifier], ifExists: Bool, timestamp: Int64?)
    /// `RENAME [IF EXISTS] a TO b AND c TO d`.
    case rename([Renaming], ifExists: Bool)
    /// `DROP COMPACT STORAGE`.
    case dropCompactStorage
    /// `WITH …`.
    case properties([Property])
  }

  /// The table.
  public var table: QualifiedName
  /// Whether `IF EXISTS` stands behind `TABLE`.
  public var ifExists = false
  /// The change.
  public var change: Change
}

/// A column or field and its new name.
public struct Renaming: Sendable, Equatable {
  /// The name so far.
  public var from: Identifier
  /// The new name.
  public var to: Identifier
}

/// `CREATE TYPE`.
public struct CreateTypeStatement: Sendable, Equatable {
  /// A field of the type.
  public struct Field: Sendable, Equatable {
    /// Its name.
    public var name: Identifier
    /// Its type.
    public var type: TypeName
  }

  /// The type.
  public var type: QualifiedName
  /// Whether `IF NOT EXISTS` stands there.
  public var ifNotExists = false
  /// The fields in the order of the text; names may be repeated.
  public var fields: [Field]
}

/// `ALTER TYPE`.
public struct AlterTypeStatement: Sendable, Equatable {
  /// The changes of a type.
  public enum Change: Sendable, Equatable {
    /// `ALTER field TYPE type`, which Cassandra no longer does.
    case alterType(Identifier, TypeName)
    /// `ADD [IF NOT EXISTS] field type`.
    case add(Identifier, TypeName, ifNotExists: Bool)
    /// `RENAME [IF EXISTS] a TO b AND c TO d`.
    case rename([Renaming], ifExists: Bool)
  }

  /// The type.
  public var type: QualifiedName
  /// Whether `IF EXISTS` stands behind `TYPE`.
  public var ifExists = false
  /// The change.
  public var change: Change
}

/// `CREATE [CUSTOM] INDEX`.
public struct CreateIndexStatement: Sendable, Equatable {
  /// What of a column is indexed.
  public struct Target: Sendable, Equatable {
    /// The parts of a column's value.
    public enum Part: String, Sendable, Equatable, Hashable {
      /// The value, or the values of a collection.
      case simple = ""
      /// `VALUES(column)`.
      case values
      /// `KEYS(column)`.
      case keys
      /// `ENTRIES(column)`.
      case entries
      /// `FULL(column)`.
      case full
    }

    /// The column.
    public var column: Identifier
    /// The part of it.
    public var part: Part = .simple
  }

  /// Whether `CUSTOM` stands there.
  public var isCustom = false
  /// Whether `IF NOT EXISTS` stands there.
  public var ifNotExists = false
  /// The index's name, or nil for one made from the table's and the column's.
  public var name: Identifier?
  /// The table.
  public var table: QualifiedName
  /// What is indexed, possibly nothing.
  public var targets: [Target]
  /// The text behind `USING`: a class or the name of an implementation.
  public var implementation: String?
  /// The options.
  public var properties: [Property]
}

/// `CREATE MATERIALIZED VIEW`.
public struct CreateViewStatement: Sendable, Equatable {
  /// The view.
  public var view: QualifiedName
  /// Whether `IF NOT EXISTS` stands there.
  public var ifNotExists = false
  /// The view's columns.
  public var selection: SelectStatement.Selection
  /// The table.
  public var table: QualifiedName
  /// Which rows: all relations hold.
  public var relations: [Relation]
  /// The view's primary key.
  public var primaryKey: PrimaryKeyDefinition
  /// What stands behind `WITH`.
  public var options: [TableOption]
}

/// `ALTER MATERIALIZED VIEW`.
public struct AlterViewStatement: Sendable, Equatable {
  /// The view.
  public var view: QualifiedName
  /// Whether `IF EXISTS` stands there.
  public var ifExists = false
  /// The options.
  public var properties: [Property]
}

/// `CREATE TRIGGER`.
public struct CreateTriggerStatement: Sendable, Equatable {
  /// The trigger.
  public var trigger: Identifier
  /// Whether `IF NOT EXISTS` stands there.
  public var ifNotExists = false
  /// The table.
  public var table: QualifiedName
  /// The name of the class.
  public var className: String
}

/// `DROP TRIGGER`.
public struct DropTriggerStatement: Sendable, Equatable {
  /// The trigger.
  public var trigger: Identifier
  /// Whether `IF EXISTS` stands there.
  public var ifExists = false
  /// The table.
  public var table: QualifiedName
}

/// `DROP KEYSPACE`, `TABLE`, `TYPE`, `INDEX` or `MATERIALIZED VIEW`.
public struct DropStatement: Sendable, Equatable {
  /// What is dropped.
  public enum Kind: String, Sendable, Equatable, Hashable {
    /// A keyspace; the name has no keyspace of its own.
    case keyspace = "KEYSPACE"
    /// A table.
    case table = "TABLE"
    /// A user type.
    case type = "TYPE"
    /// An index.
    case index = "INDEX"
    /// A materialized view.
    case view = "MATERIALIZED VIEW"
  }

  /// What is dropped.
  public var kind: Kind
  /// Its name.
  public var name: QualifiedName
  /// Whether `IF EXISTS` stands there.
  public var ifExists = false
}
