import CassandraBytes
import CQLLanguage
import CassandraWire

extension EngineExecutor {
  /// Runs a statement that has no plan.
  func run(
    _ statement: CQLStatement, keyspace: String?, _ parameters: QueryParameters, session: inout EngineSession,
    into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome {
    let access = try access(of: session)
    if let access { try StatementAccess(access: access, schema: currentSchema(), used: keyspace).check(statement) }
    switch statement {
    case .use(let name):
      guard currentSchema().keyspaces[name.name] != nil else {
        throw EngineFailure.invalid("Keyspace '\(name.name)' does not exist")
      }
      session.keyspace = name.name
      try ResponseBody.write(.setKeyspace(name.name), to: &body, version: session.version)
      return EngineOutcome()
    case .truncate(let name):
      try await engine.truncate(name, used: keyspace)
      _ = currentSchema()
      body.append(bigEndian: ResultResponse.Kind.void.rawValue)
      return EngineOutcome()
    case .describe(let statement):
      _ = try await session.meter?.waitForRoom(AnswerRoom.description)
      try describe(statement, keyspace: keyspace, version: session.version, into: &body)
      return EngineOutcome()
    case .grantPermissions, .revokePermissions, .grantRole, .revokeRole, .createUser, .alterUser, .dropUser,
      .createRole, .alterRole, .dropRole, .addIdentity, .dropIdentity:
      let warnings = try await engine.changeRoles(statement, by: session.login?.role, used: keyspace)
      body.append(bigEndian: ResultResponse.Kind.void.rawValue)
      return EngineOutcome(warnings: warnings)
    case .listPermissions, .listRoles, .listUsers:
      try list(statement, access, keyspace: keyspace, version: session.version, into: &body)
      return EngineOutcome()
    case .select, .insert, .update, .delete, .batch:
      throw EngineFailure(.serverError, "A statement with a plan has come without it")
    case .createKeyspace, .alterKeyspace, .createTable, .alterTable, .createType, .alterType, .createIndex, .createView,
      .alterView, .createTrigger, .dropTrigger, .drop, .createFunction, .createAggregate, .dropFunction:
      let (change, warnings) = try await engine.change(statement, used: keyspace, by: session.login?.role)
      _ = currentSchema()
      if let change {
        try ResponseBody.write(.schemaChange(change), to: &body, version: session.version)
      } else {
        body.append(bigEndian: ResultResponse.Kind.void.rawValue)
      }
      return EngineOutcome(warnings: warnings)
    }
  }
}
