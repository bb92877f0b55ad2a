/// The name of a role: bare ones are in lower case, quoted ones and texts as written.
public typealias RoleName = Identifier

/// What a role may be allowed to do.
public enum Permission: String, Sendable, Equatable, Hashable, CaseIterable {
  /// `CREATE`.
  case create = "CREATE"
  /// `ALTER`.
  case alter = "ALTER"
  /// `DROP`.
  case drop = "DROP"
  /// `SELECT`.
  case select = "SELECT"
  /// `MODIFY`.
  case modify = "MODIFY"
  /// `AUTHORIZE`.
  case authorize = "AUTHORIZE"
  /// `DESCRIBE`.
  case describe = "DESCRIBE"
  /// `EXECUTE`.
  case execute = "EXECUTE"
  /// `UNMASK`.
  case unmask = "UNMASK"
  /// `SELECT_MASKED`.
  case selectMasked = "SELECT_MASKED"
}

/// What a permission is for.
public enum Resource: Sendable, Equatable {
  /// `ALL KEYSPACES`.
  case allKeyspaces
  /// `KEYSPACE name`.
  case keyspace(Identifier)
  /// `ALL TABLES IN KEYSPACE name`.
  case allTables(in: Identifier)
  /// `[TABLE] name`.
  case table(QualifiedName)
  /// `ALL ROLES`.
  case allRoles
  /// `ROLE name`.
  case role(RoleName)
  /// `ALL FUNCTIONS` or `ALL FUNCTIONS IN KEYSPACE name`.
  case allFunctions(in: Identifier?)
  /// `FUNCTION name(types)`.
  case function(QualifiedName, [TypeName])
  /// `ALL MBEANS`.
  case allMBeans
  /// `MBEAN 'name'`.
  case mbean(String)
  /// `MBEANS 'pattern'`.
  case mbeans(String)
}

/// `GRANT` or `REVOKE` of permissions on a resource.
public struct PermissionStatement: Sendable, Equatable {
  /// The permissions, or nil for `ALL`.
  public var permissions: [Permission]?
  /// The resource.
  public var resource: Resource
  /// The role that gets or loses them.
  public var role: RoleName
}

/// `GRANT` or `REVOKE` of a role.
public struct RoleMembershipStatement: Sendable, Equatable {
  /// The role that is granted.
  public var role: RoleName
  /// The role that gets or loses it.
  public var member: RoleName
}

/// `LIST … PERMISSIONS`.
public struct ListPermissionsStatement: Sendable, Equatable {
  /// The permissions, or nil for `ALL`.
  public var permissions: [Permission]?
  /// The resource behind `ON`.
  public var resource: Resource?
  /// The role behind `OF`.
  public var role: RoleName?
  /// Whether `NORECURSIVE` stands there.
  public var isRecursive = true
}

/// `LIST ROLES`.
public struct ListRolesStatement: Sendable, Equatable {
  /// The role behind `OF`.
  public var role: RoleName?
  /// Whether `NORECURSIVE` stands there.
  public var isRecursive = true
}

/// A password as it is, or its hash.
public enum Password: Sendable, Equatable {
  /// `PASSWORD 'text'`.
  case plain(String)
  /// `HASHED PASSWORD 'text'`.
  case hashed(String)
}

/// `CREATE USER` or `ALTER USER`.
public struct UserStatement: Sendable, Equatable {
  /// The name, as written.
  public var name: String
  /// Whether `IF NOT EXISTS`, or with ALTER `IF EXISTS`, stands there.
  public var isConditional = false
  /// The password.
  public var password: Password?
  /// Whether `SUPERUSER` or `NOSUPERUSER` stands there.
  public var isSuperuser: Bool?
}

/// An option of a role.
public enum RoleOption: Sendable, Equatable {
  /// `PASSWORD = 'text'` or `HASHED PASSWORD = 'text'`.
  case password(Password)
  /// `OPTIONS = {…}`.
  case options([Property.Entry])
  /// `SUPERUSER = true`.
  case superuser(Bool)
  /// `LOGIN = true`.
  case login(Bool)
  /// `ACCESS TO ALL DATACENTERS`, or to those listed.
  case accessToDatacenters([String]?)
  /// `ACCESS FROM ALL CIDRS`, or from those listed.
  case accessFromCIDRs([String]?)
}

/// `CREATE ROLE` or `ALTER ROLE`.
public struct RoleStatement: Sendable, Equatable {
  /// The role.
  public var role: RoleName
  /// Whether `IF NOT EXISTS`, or with ALTER `IF EXISTS`, stands there.
  public var isConditional = false
  /// The options in the order of the text.
  public var options: [RoleOption]
}

/// `DROP ROLE`, `DROP USER` or `DROP IDENTITY`.
public struct DropRoleStatement: Sendable, Equatable {
  /// The name.
  public var name: String
  /// Whether `IF EXISTS` stands there.
  public var ifExists = false
}

/// `ADD IDENTITY … TO ROLE …`.
public struct AddIdentityStatement: Sendable, Equatable {
  /// The identity.
  public var identity: String
  /// The role.
  public var role: String
  /// Whether `IF NOT EXISTS` stands there.
  public var ifNotExists = false
}
