import Testing

@testable import CQLLanguage

@Suite struct AccessTests {
  @Test func roles() throws {
    #expect(
      try parse("CREATE ROLE IF NOT EXISTS 'R' WITH PASSWORD = 'x' AND LOGIN = true AND ACCESS TO DATACENTERS {'a'}")
        == .createRole(
          RoleStatement(
            role: "R", isConditional: true,
            options: [.password(.plain("x")), .login(true), .accessToDatacenters(["a"])])))
    #expect(
      try parse("ALTER ROLE r WITH ACCESS FROM ALL CIDRS")
        == .alterRole(RoleStatement(role: "r", options: [.accessFromCIDRs(nil)])))
    #expect(try parse("DROP ROLE IF EXISTS r") == .dropRole(DropRoleStatement(name: "r", ifExists: true)))
    #expect(
      try parse("LIST ROLES OF r NORECURSIVE") == .listRoles(ListRolesStatement(role: "r", isRecursive: false)))
    #expect(try parse("GRANT a TO b") == .grantRole(RoleMembershipStatement(role: "a", member: "b")))
    #expect(try parse("REVOKE a FROM b") == .revokeRole(RoleMembershipStatement(role: "a", member: "b")))
  }

  @Test func users() throws {
    #expect(
      try parse("CREATE USER IF NOT EXISTS Bob WITH PASSWORD 'x' SUPERUSER")
        == .createUser(UserStatement(name: "Bob", isConditional: true, password: .plain("x"), isSuperuser: true)))
    #expect(
      try parse("ALTER USER bob NOSUPERUSER") == .alterUser(UserStatement(name: "bob", isSuperuser: false)))
    #expect(try parse("DROP USER bob") == .dropUser(DropRoleStatement(name: "bob")))
    #expect(try parse("LIST USERS") == .listUsers)
    #expect(
      try parse("ADD IDENTITY 'x' TO ROLE r") == .addIdentity(AddIdentityStatement(identity: "x", role: "r")))
    #expect(try parse("DROP IDENTITY 'x'") == .dropIdentity(DropRoleStatement(name: "x")))
  }

  @Test(arguments: [
    ("ALL KEYSPACES", Resource.allKeyspaces), ("KEYSPACE k", .keyspace("k")),
    ("ALL TABLES IN KEYSPACE k", .allTables(in: "k")), ("TABLE k.t", .table(QualifiedName("t", in: "k"))),
    ("t", .table(QualifiedName("t"))), ("ALL ROLES", .allRoles), ("ROLE r", .role("r")),
    ("ALL FUNCTIONS", .allFunctions(in: nil)), ("ALL FUNCTIONS IN KEYSPACE k", .allFunctions(in: "k")),
    ("FUNCTION k.f(int)", .function(QualifiedName("f", in: "k"), [.native(.int)])), ("ALL MBEANS", .allMBeans),
    ("MBEAN 'a:b=c'", .mbean("a:b=c")), ("MBEANS 'a:b=*'", .mbeans("a:b=*")), ("role", .table(QualifiedName("role"))),
  ])
  func resources(_ text: String, _ resource: Resource) throws {
    #expect(
      try parse("GRANT ALL PERMISSIONS ON \(text) TO r")
        == .grantPermissions(PermissionStatement(permissions: nil, resource: resource, role: "r")))
  }

  @Test func permissions() throws {
    #expect(
      try parse("REVOKE SELECT, MODIFY PERMISSION ON t FROM r")
        == .revokePermissions(
          PermissionStatement(permissions: [.select, .modify], resource: .table(QualifiedName("t")), role: "r")))
    #expect(
      try parse("LIST select_masked ON t OF r")
        == .listPermissions(
          ListPermissionsStatement(permissions: [.selectMasked], resource: .table(QualifiedName("t")), role: "r")))
  }

  @Test(arguments: [
    ("CLUSTER", DescribeStatement.Subject.cluster), ("FULL SCHEMA", .schema(isFull: true)), ("KEYSPACES", .keyspaces),
    ("KEYSPACE", .keyspace(nil, isOnly: false)), ("ONLY KEYSPACE k", .keyspace("k", isOnly: true)),
    ("TABLES", .tables), ("TABLE k.t", .table(QualifiedName("t", in: "k"))), ("INDEX i", .index(QualifiedName("i"))),
    ("MATERIALIZED VIEW v", .view(QualifiedName("v"))), ("TYPES", .types), ("TYPE t", .type(QualifiedName("t"))),
    ("FUNCTIONS", .functions), ("FUNCTION f", .function(QualifiedName("f"))), ("AGGREGATES", .aggregates),
    ("AGGREGATE a", .aggregate(QualifiedName("a"))), ("k.x", .named(QualifiedName("x", in: "k"))),
    ("type", .named(QualifiedName("type"))),
  ])
  func describe(_ text: String, _ subject: DescribeStatement.Subject) throws {
    #expect(try parse("DESCRIBE \(text)") == .describe(DescribeStatement(subject: subject)))
    #expect(
      try parse("DESC \(text) WITH INTERNALS")
        == .describe(DescribeStatement(subject: subject, withInternals: true)))
  }
}
