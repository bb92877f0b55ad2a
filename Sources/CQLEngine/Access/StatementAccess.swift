import CassandraBytes
import CQLLanguage

/// Who may run which statement, as Cassandra has it.
struct StatementAccess {
  /// What the role may do.
  let access: RoleAccess
  let schema: Schema
  /// The keyspace in use.
  let used: String?

  /// Refuses a plan that the role may not run.
  static func check(_ plan: StatementPlan, _ access: RoleAccess) throws(EngineFailure) {
    switch plan {
    case .select(let plan):
      try access.check(.select, on: plan.table)
      try checkMasks(plan.restrictedMasks, of: plan.table, access)
    case .write(let plan): try check(plan, access)
    case .batch(let batch): for plan in batch.members { try check(plan, access) }
    case .other: break
    }
  }

  /// Refuses a write that the role may not do. A condition tells what is there, so it wants more.
  static func check(_ plan: WritePlan, _ access: RoleAccess) throws(EngineFailure) {
    try access.check(.modify, on: plan.table)
    if plan.condition != nil { try access.check(.select, on: plan.table) }
  }

  /// Refuses conditions on masked columns, which would tell their values bit by bit.
  private static func checkMasks(
    _ columns: [String], of table: Table, _ access: RoleAccess
  ) throws(EngineFailure) {
    guard !columns.isEmpty, !access.showsValues(of: table), !access.allows(.selectMasked, on: table.ownResource) else {
      return
    }
    throw EngineFailure.unauthorized(
      "User \(access.name) has no UNMASK nor SELECT_MASKED permission on table \(table.qualifiedName), cannot query masked "
        + "columns [\(columns.joined(separator: ", "))]")
  }

  /// Refuses a statement that the role may not run. Those about roles and permissions are looked at elsewhere.
  func check(_ statement: CQLStatement) throws(EngineFailure) {
    switch statement {
    case .select, .insert, .update, .delete, .batch, .use, .describe: return
    case .grantPermissions, .revokePermissions, .listPermissions, .grantRole, .revokeRole, .listRoles, .listUsers,
      .createUser, .alterUser, .dropUser, .createRole, .alterRole, .dropRole:
      return
    case .addIdentity, .dropIdentity: return
    case .truncate(let name): try check(.modify, onTable: name)
    case .createKeyspace: try check(.create, on: .allKeyspaces, of: nil)
    case .alterKeyspace(let statement): try check(.alter, onKeyspace: statement.keyspace.name)
    case .createTable(let statement): try check(.create, inKeyspaceOf: statement.table)
    case .alterTable(let statement): try check(.alter, onTable: statement.table)
    case .createType(let statement): try check(.create, inKeyspaceOf: statement.type)
    case .alterType(let statement): try check(.alter, inKeyspaceOf: statement.type)
    case .createIndex(let statement): try check(.alter, onTable: statement.table)
    case .createView(let statement): try check(.alter, onTable: statement.table)
    case .alterView(let statement): try check(.alter, onBaseOf: statement.view)
    case .createTrigger, .dropTrigger:
      guard access.isSuperuser else {
        throw EngineFailure.unauthorized("Only superusers are allowed to perform \(statement.name) queries")
      }
    case .drop(let statement): try check(statement)
    case .createFunction(let statement):
      try check(
        statement.function, statement.arguments.map(\.type), isReplacement: statement.orReplace)
    case .createAggregate(let statement):
      try check(statement.aggregate, statement.arguments, isReplacement: statement.orReplace)
      try check(statement.stateFunction, [statement.stateType] + statement.arguments, isCalledBy: statement.aggregate)
      if let final = statement.finalFunction {
        try check(final, [statement.stateType], isCalledBy: statement.aggregate)
      }
    case .dropFunction(let statement): try check(statement)
    }
  }

  private func check(_ statement: DropStatement) throws(EngineFailure) {
    switch statement.kind {
    case .keyspace: try check(.drop, onKeyspace: statement.name.name.name)
    case .table: try check(.drop, onTable: statement.name)
    case .type: try check(.drop, inKeyspaceOf: statement.name)
    case .index:
      let keyspace = try Schema.keyspaceName(of: statement.name, in: used)
      guard let table = schema.keyspaces[keyspace]?.table(withIndex: statement.name.name.name) else { return }
      try check(.alter, on: table.resource, of: keyspace)
    case .view: try check(.alter, onBaseOf: statement.name)
    }
  }

  private func check(_ statement: DropFunctionStatement) throws(EngineFailure) {
    let keyspace = try Schema.keyspaceName(of: statement.function, in: used)
    let name = statement.function.name.name
    // Where there is none, that is what its client is told.
    guard let known = schema.keyspaces[keyspace] else { return }
    let named = try statement.arguments.map { types throws(EngineFailure) in
      try schema.resource(ofFunction: name, types, in: keyspace)
    }
    let all =
      statement.isAggregate
      ? known.aggregates(named: name).map(\.resource) : known.functions(named: name).map(\.resource)
    for resource in all where named.map({ $0.path == resource.path }) ?? true {
      try access.check(.drop, on: resource)
    }
  }

  /// Refuses to declare a function, or to replace the one that there is.
  private func check(
    _ function: QualifiedName, _ types: [TypeName], isReplacement: Bool
  ) throws(EngineFailure) {
    let keyspace = try Schema.keyspaceName(of: function, in: used)
    let resource = try schema.resource(ofFunction: function.name.name, types, in: keyspace)
    let isThere = schema.keyspaces[keyspace]?.functionResources.contains { $0.path == resource.path } ?? false
    guard isReplacement, isThere else { return try check(.create, on: .functions(in: keyspace), of: nil) }
    try access.check(.alter, on: resource)
  }

  /// Refuses an aggregate of a function that its maker may not call.
  private func check(
    _ function: Identifier, _ types: [TypeName], isCalledBy aggregate: QualifiedName
  ) throws(EngineFailure) {
    let keyspace = try Schema.keyspaceName(of: aggregate, in: used)
    try access.check(.execute, on: try schema.resource(ofFunction: function.name, types, in: keyspace))
  }

  // MARK: Resources

  /// Refuses changes of what belongs to the node before anything else, whoever asks.
  private func check(
    _ permission: Permission, on resource: AccessResource, of keyspace: String?
  ) throws(EngineFailure) {
    try SystemAccess.checkModifiable(permission, resource, of: keyspace.flatMap { schema.keyspaces[$0] })
    try access.check(permission, on: resource)
  }

  private func check(_ permission: Permission, onKeyspace name: String) throws(EngineFailure) {
    try check(permission, on: .keyspace(name), of: name)
  }

  private func check(_ permission: Permission, onTable name: QualifiedName) throws(EngineFailure) {
    let keyspace = try Schema.keyspaceName(of: name, in: used)
    try check(permission, on: .table(name.name.name, in: keyspace), of: keyspace)
  }

  private func check(_ permission: Permission, inKeyspaceOf name: QualifiedName) throws(EngineFailure) {
    let keyspace = try Schema.keyspaceName(of: name, in: used)
    try check(permission, on: .allTables(in: keyspace), of: keyspace)
  }

  /// A view is its base table's.
  private func check(_ permission: Permission, onBaseOf view: QualifiedName) throws(EngineFailure) {
    let keyspace = try Schema.keyspaceName(of: view, in: used)
    guard let table = schema.keyspaces[keyspace]?.tables[view.name.name], table.isView else { return }
    try check(permission, on: table.resource, of: keyspace)
  }
}

extension PlannedStatement {
  /// The plan for a role that may not see the values of masked columns; nil when all are shown to it.
  func masked(for access: RoleAccess) -> SelectPlan? {
    guard let masked, !access.showsValues(of: masked.table) else { return nil }
    return masked
  }
}
