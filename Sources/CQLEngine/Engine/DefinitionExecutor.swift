import CassandraBytes
import CQLLanguage
import CassandraWire

/// Runs the statements of one loop that have no plan.
final class DefinitionExecutor {
  private let engine: Engine
  private let schema: LoopSchema

  init(_ engine: Engine, _ schema: LoopSchema) {
    self.engine = engine
    self.schema = schema
  }

  /// Runs a statement that has no plan.
  func run(
    _ statement: CQLStatement, keyspace: String?, session: inout EngineSession,
    into body: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome {
    let access = try session.access(in: engine.access)
    if let access { try StatementAccess(access: access, schema: schema.current, used: keyspace).check(statement) }
    switch statement {
    case .use(let name):
      guard schema.current.keyspaces[name.name] != nil else {
        throw EngineFailure.invalid("Keyspace '\(name.name)' does not exist")
      }
      session.keyspace = name.name
      try ResponseBody.write(.setKeyspace(name.name), to: &body, version: session.version)
      return EngineOutcome()
    case .truncate(let name):
      try await engine.truncate(name, used: keyspace)
      _ = schema.current
      body.append(bigEndian: ResultResponse.Kind.void.rawValue)
      return EngineOutcome()
    case .describe(let statement):
      _ = try await session.meter?.waitForRoom(AnswerRoom.description)
      try DescribeAnswer(engine, schema.current, used: keyspace, version: session.version).write(statement, into: &body)
      return EngineOutcome()
    case .grantPermissions, .revokePermissions, .grantRole, .revokeRole, .createUser, .alterUser, .dropUser,
      .createRole, .alterRole, .dropRole, .addIdentity, .dropIdentity:
      let warnings = try await engine.changeRoles(statement, by: session.login?.role, used: keyspace)
      body.append(bigEndian: ResultResponse.Kind.void.rawValue)
      return EngineOutcome(warnings: warnings)
    case .listPermissions, .listRoles, .listUsers:
      guard let access else { throw EngineFailure.anonymous }
      try ListAnswer(engine, schema.current, access, used: keyspace, version: session.version)
        .write(statement, into: &body)
      return EngineOutcome()
    case .select, .insert, .update, .delete, .batch:
      throw EngineFailure(.serverError, "A statement with a plan has come without it")
    case .createKeyspace, .alterKeyspace, .createTable, .alterTable, .createType, .alterType, .createIndex, .createView,
      .alterView, .createTrigger, .dropTrigger, .drop, .createFunction, .createAggregate, .dropFunction:
      let (change, warnings) = try await engine.change(statement, used: keyspace, by: session.login?.role)
      _ = schema.current
      if let change {
        try ResponseBody.write(.schemaChange(change), to: &body, version: session.version)
      } else {
        body.append(bigEndian: ResultResponse.Kind.void.rawValue)
      }
      return EngineOutcome(warnings: warnings)
    }
  }
}
