public import CassandraBytes
public import CassandraWire

/// What a database defines, as `system_schema` had it at one moment: a value, which does not change when the schema does.
///
/// ```swift
/// let schema = try await client.schema(of: ["naturalist"])
/// let plants = schema.keyspace("naturalist")?.table("plants")
/// for column in plants?.columns ?? [] { print(column.name, column.type) }
/// ```
public struct ClusterSchema: Sendable, Hashable {
  /// The keyspaces, in the order of their names.
  public var keyspaces: [KeyspaceSchema]

  /// The keyspace of that name, byte for byte.
  public func keyspace(_ name: String) -> KeyspaceSchema? { keyspaces.first { $0.name.hasSameBytes(as: name) } }
}

/// A keyspace.
public struct KeyspaceSchema: Sendable, Hashable {
  /// Its name, without quotes.
  public var name: String
  /// How its data is replicated: `class`, and how many replicas there are, for each data centre or in all.
  public var replication: [ByteText: String]
  /// Whether writes go through the commit log.
  public var durableWrites: Bool
  /// Its tables and views, in the order of their names.
  public var tables: [TableSchema] = []
  /// Its user-defined types, in the order of their names.
  public var types: [UserDefinedType] = []

  /// The table or the view of that name, byte for byte.
  public func table(_ name: String) -> TableSchema? { tables.first { $0.name.hasSameBytes(as: name) } }

  /// The user-defined type of that name, byte for byte.
  public func type(_ name: String) -> UserDefinedType? { types.first { $0.name.hasSameBytes(as: name) } }
}

/// A table, or a view of one.
public struct TableSchema: Sendable, Hashable {
  /// Its name, without quotes.
  public var name: String
  /// The table that it is a view of; nil for a table.
  public var baseTable: String?
  /// Its columns: the partition key in its order, the clustering columns in theirs, then the static ones and all others in
  /// the order of their names.
  public var columns: [ColumnSchema]
  /// Its secondary indexes, in the order of their names.
  public var indexes: [IndexSchema] = []
  /// What people wrote of it.
  public var comment = ""

  /// The columns of the partition key, in their order.
  public var partitionKey: [ColumnSchema] { columns.filter { $0.kind == .partitionKey } }
  /// The clustering columns, in their order.
  public var clusteringColumns: [ColumnSchema] { columns.filter { $0.kind == .clustering } }

  /// The column of that name, byte for byte.
  public func column(_ name: String) -> ColumnSchema? { columns.first { $0.name.hasSameBytes(as: name) } }
}

/// A column of a table.
public struct ColumnSchema: Sendable, Hashable {
  /// What a column is in its table.
  public enum Kind: String, CaseIterable, Sendable, Hashable {
    /// Of the partition key.
    case partitionKey = "partition_key"
    /// Of the clustering key.
    case clustering
    /// One value for a partition.
    case `static`
    /// Any other.
    case regular
  }

  /// Its name, without quotes.
  public var name: String
  /// What it is.
  public var kind: Kind
  /// Its place in the key, from 0; -1 for a column that is in none.
  public var position: Int
  /// The type of its values. One that this client cannot read is ``CassandraWire/CQLType/custom(_:)`` with its text.
  public var type: CQLType
  /// Whether a clustering column orders its rows from the last to the first.
  public var isDescending = false
}

/// A secondary index.
public struct IndexSchema: Sendable, Hashable {
  /// Its name, without quotes.
  public var name: String
  /// `COMPOSITES`, `KEYS` or `CUSTOM`.
  public var kind: String
  /// Its options: `target`, and for a custom one `class_name`.
  public var options: [ByteText: String]
}
