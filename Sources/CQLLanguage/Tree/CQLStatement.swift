/// A statement of CQL 3.4.7, the language of Cassandra 5.0; every one that its grammar has.
public enum CQLStatement: Sendable, Equatable {
  /// `SELECT`.
  case select(SelectStatement)
  /// `INSERT`.
  case insert(InsertStatement)
  /// `UPDATE`.
  case update(UpdateStatement)
  /// `DELETE`.
  case delete(DeleteStatement)
  /// `BEGIN BATCH`.
  case batch(BatchStatement)
  /// `USE`.
  case use(Identifier)
  /// `TRUNCATE`.
  case truncate(QualifiedName)
  /// `CREATE KEYSPACE`.
  case createKeyspace(CreateKeyspaceStatement)
  /// `ALTER KEYSPACE`.
  case alterKeyspace(AlterKeyspaceStatement)
  /// `CREATE TABLE`.
  case createTable(CreateTableStatement)
  /// `ALTER TABLE`.
  case alterTable(AlterTableStatement)
  /// `CREATE TYPE`.
  case createType(CreateTypeStatement)
  /// `ALTER TYPE`.
  case alterType(AlterTypeStatement)
  /// `CREATE INDEX`.
  case createIndex(CreateIndexStatement)
  /// `CREATE MATERIALIZED VIEW`.
  case createView(CreateViewStatement)
  /// `ALTER MATERIALIZED VIEW`.
  case alterView(AlterViewStatement)
  /// `CREATE TRIGGER`.
  case createTrigger(CreateTriggerStatement)
  /// `DROP TRIGGER`.
  case dropTrigger(DropTriggerStatement)
  /// `DROP` of a keyspace, table, type, index or view.
  case drop(DropStatement)
  /// `CREATE FUNCTION`.
  case createFunction(CreateFunctionStatement)
  /// `CREATE AGGREGATE`.
  case createAggregate(CreateAggregateStatement)
  /// `DROP FUNCTION` and `DROP AGGREGATE`.
  case dropFunction(DropFunctionStatement)
  /// `GRANT` of permissions.
  case grantPermissions(PermissionStatement)
  /// `REVOKE` of permissions.
  case revokePermissions(PermissionStatement)
  /// `LIST … PERMISSIONS`.
  case listPermissions(ListPermissionsStatement)
  /// `GRANT` of a role.
  case grantRole(RoleMembershipStatement)
  /// `REVOKE` of a role.
  case revokeRole(RoleMembershipStatement)
  /// `LIST ROLES`.
  case listRoles(ListRolesStatement)
  /// `LIST USERS`.
  case listUsers
  /// `CREATE USER`.
  case createUser(UserStatement)
  /// `ALTER USER`.
  case alterUser(UserStatement)
  /// `DROP USER`.
  case dropUser(DropRoleStatement)
  /// `CREATE ROLE`.
  case createRole(RoleStatement)
  /// `ALTER ROLE`.
  case alterRole(RoleStatement)
  /// `DROP ROLE`.
  case dropRole(DropRoleStatement)
  /// `ADD IDENTITY`.
  case addIdentity(AddIdentityStatement)
  /// `DROP IDENTITY`.
  case dropIdentity(DropRoleStatement)
  /// `DESCRIBE`.
  case describe(DescribeStatement)
}

extension CQLStatement {
  /// The statement's name for messages: its keywords, as in `CREATE MATERIALIZED VIEW`.
  public var name: String {
    switch self {
    case .select: "SELECT"
    case .insert: "INSERT"
    case .update: "UPDATE"
    case .delete: "DELETE"
    case .batch: "BATCH"
    case .use: "USE"
    case .truncate: "TRUNCATE"
    case .createKeyspace: "CREATE KEYSPACE"
    case .alterKeyspace: "ALTER KEYSPACE"
    case .createTable: "CREATE TABLE"
    case .alterTable: "ALTER TABLE"
    case .createType: "CREATE TYPE"
    case .alterType: "ALTER TYPE"
    case .createIndex(let index): index.isCustom ? "CREATE CUSTOM INDEX" : "CREATE INDEX"
    case .createView: "CREATE MATERIALIZED VIEW"
    case .alterView: "ALTER MATERIALIZED VIEW"
    case .createTrigger: "CREATE TRIGGER"
    case .dropTrigger: "DROP TRIGGER"
    case .drop(let drop): "DROP " + drop.kind.rawValue
    case .createFunction: "CREATE FUNCTION"
    case .createAggregate: "CREATE AGGREGATE"
    case .dropFunction(let drop): drop.isAggregate ? "DROP AGGREGATE" : "DROP FUNCTION"
    case .grantPermissions: "GRANT PERMISSIONS"
    case .revokePermissions: "REVOKE PERMISSIONS"
    case .listPermissions: "LIST PERMISSIONS"
    case .grantRole: "GRANT ROLE"
    case .revokeRole: "REVOKE ROLE"
    case .listRoles: "LIST ROLES"
    case .listUsers: "LIST USERS"
    case .createUser: "CREATE USER"
    case .alterUser: "ALTER USER"
    case .dropUser: "DROP USER"
    case .createRole: "CREATE ROLE"
    case .alterRole: "ALTER ROLE"
    case .dropRole: "DROP ROLE"
    case .addIdentity: "ADD IDENTITY"
    case .dropIdentity: "DROP IDENTITY"
    case .describe: "DESCRIBE"
    }
  }
}

/// `DESCRIBE`.
public struct DescribeStatement: Sendable, Equatable {
  /// What is described.
  public enum Subject: Sendable, Equatable {
    /// The cluster.
    case cluster
    /// All keyspaces; with those of the system when `isFull`.
    case schema(isFull: Bool)
    /// The names of the keyspaces.
    case keyspaces
    /// A keyspace, or nil for the one in use; without what is in it when `isOnly`.
    case keyspace(Identifier?, isOnly: Bool)
    /// The names of the tables.
    case tables
    /// A table.
    case table(QualifiedName)
    /// An index.
    case index(QualifiedName)
    /// A materialized view.
    case view(QualifiedName)
    /// The names of the types.
    case types
    /// A type.
    case type(QualifiedName)
    /// The names of the functions.
    case functions
    /// A function.
    case function(QualifiedName)
    /// The names of the aggregates.
    case aggregates
    /// An aggregate.
    case aggregate(QualifiedName)
    /// A keyspace, table, index or view, whichever has this name.
    case named(QualifiedName)
  }

  /// What is described.
  public var subject: Subject
  /// Whether `WITH INTERNALS` stands there.
  public var withInternals = false
}
