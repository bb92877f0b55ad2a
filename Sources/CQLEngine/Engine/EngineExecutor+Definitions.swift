import CassandraBytes
import CQLLanguage
import CassandraWire

extension EngineExecutor {
  /// Runs a statement that has no plan.
  func run(
    _ statement: CQLStatement, keyspace: String?, _ parameters: QueryParameters, session: inout EngineSession,
    into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome {
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
    case .grantPermissions, .revokePermissions, .listPermissions, .grantRole, .revokeRole, .listRoles, .listUsers,
      .createUser, .alterUser, .dropUser, .createRole, .alterRole, .dropRole, .addIdentity, .dropIdentity:
      if session.user == "anonymous" {
        throw EngineFailure(
          .unauthorized, "You have to be logged in and not anonymous to perform this request")
      }
      throw EngineFailure.unsupported(statement.name)
    case .select, .insert, .update, .delete, .batch:
      throw EngineFailure(.serverError, "A statement with a plan has come without it")
    case .createKeyspace, .alterKeyspace, .createTable, .alterTable, .createType, .alterType, .createIndex, .createView,
      .alterView, .createTrigger, .dropTrigger, .drop, .createFunction, .createAggregate, .dropFunction:
      let (change, warnings) = try await engine.change(statement, used: keyspace)
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
