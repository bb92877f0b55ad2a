import CQLLanguage
import CassandraWire

/// Plans any statement against a version of the schema.
enum StatementPlanner {
  /// The plan of a statement whose unqualified names belong to `keyspace`.
  static func plan(
    _ parsed: ParsedStatement, _ schema: Schema, keyspace: String?, digest: UInt64
  ) throws(EngineFailure) -> PlannedStatement {
    switch parsed.statement {
    case .select(let statement):
      let table = try schema.table(statement.table, in: keyspace)
      if table.definition.base?.view.isBuilding == true {
        throw EngineFailure.invalid("Materialized view '\(table.qualifiedName)' is being filled and cannot be read yet")
      }
      var planner = SelectPlanner(statement, table, schema.keyspaces[table.keyspace], markers: parsed.markers)
      let (plan, terms) = try planner.plan()
      let planned = try PlannedStatement(
        .select(plan), generation: schema.generation, markers: terms.specifications,
        partitionKeyIndexes: terms.partitionKeyIndexes, columns: plan.columns, digest: digest)
      if table.hasMasks {
        var planner = SelectPlanner(
          statement, table, schema.keyspaces[table.keyspace], markers: parsed.markers, showsMasks: true)
        planned.masked = try planner.plan().0
      }
      return planned
    case .insert(let statement): return try plan(.insert(statement), parsed, schema, keyspace, digest)
    case .update(let statement): return try plan(.update(statement), parsed, schema, keyspace, digest)
    case .delete(let statement): return try plan(.delete(statement), parsed, schema, keyspace, digest)
    case .batch(let statement): return try plan(statement, parsed, schema, keyspace, digest)
    default:
      if case .createView = parsed.statement, !parsed.markers.isEmpty {
        throw EngineFailure.invalid("Bind variables are not allowed in CREATE MATERIALIZED VIEW statements")
      }
      return try PlannedStatement(
        .other(parsed.statement), generation: schema.generation, markers: [], partitionKeyIndexes: [], columns: nil,
        digest: digest)
    }
  }

  private static func plan(
    _ member: BatchStatement.Member, _ parsed: ParsedStatement, _ schema: Schema, _ keyspace: String?, _ digest: UInt64
  ) throws(EngineFailure) -> PlannedStatement {
    var terms = TermPlanner(keyspace: nil, table: nil, markers: parsed.markers)
    let plan = try write(member, schema, keyspace, &terms, isInBatch: false)
    return try PlannedStatement(
      .write(plan), generation: schema.generation, markers: terms.specifications,
      partitionKeyIndexes: terms.partitionKeyIndexes, columns: nil, digest: digest)
  }

  private static func table(
    _ name: QualifiedName, _ schema: Schema, _ keyspace: String?
  ) throws(EngineFailure) -> Table {
    let table = try schema.table(name, in: keyspace)
    guard !table.isVirtual else {
      if table.definition.source == .virtual {
        throw EngineFailure.invalid("Modification is not supported by table \(table.qualifiedName)")
      }
      throw EngineFailure(
        .unauthorized, "No MODIFY permission on <table \(table.qualifiedName)>: it belongs to the node")
    }
    guard !table.isView else { throw EngineFailure.invalid("Cannot directly modify a materialized view") }
    return table
  }

  /// The plan of a write; in a batch with the markers of the statements before it.
  private static func write(
    _ member: BatchStatement.Member, _ schema: Schema, _ keyspace: String?, _ terms: inout TermPlanner, isInBatch: Bool
  ) throws(EngineFailure) -> WritePlan {
    let name =
      switch member {
      case .insert(let statement): statement.table
      case .update(let statement): statement.table
      case .delete(let statement): statement.table
      }
    let table = try table(name, schema, keyspace)
    terms.begin(in: schema.keyspaces[table.keyspace], table: table)
    var planner = WritePlanner(table, terms.take(), isInBatch: isInBatch)
    let plan =
      switch member {
      case .insert(let statement): try planner.plan(statement)
      case .update(let statement): try planner.plan(statement)
      case .delete(let statement): try planner.plan(statement)
      }
    terms = planner.terms.take()
    return plan
  }

  private static func plan(
    _ statement: BatchStatement, _ parsed: ParsedStatement, _ schema: Schema, _ keyspace: String?, _ digest: UInt64
  ) throws(EngineFailure) -> PlannedStatement {
    var terms = TermPlanner(
      keyspace: keyspace.flatMap { schema.keyspaces[$0] }, table: nil, markers: parsed.markers)
    var timestamp: Expression?
    if statement.using.timeToLive != nil {
      throw EngineFailure.invalid("Global TTL on the BATCH statement is not supported.")
    }
    if let term = statement.using.timestamp {
      timestamp = try terms.expression(
        term, Receiver("[timestamp]", .bigint, keyspace: "[batch]", table: "[batch]"))
    }
    var members: [WritePlan] = []
    var keyIndexes: [UInt16] = []
    for member in statement.members {
      members.append(try write(member, schema, keyspace, &terms, isInBatch: true))
      if members.count == 1 { keyIndexes = terms.partitionKeyIndexes }
    }
    if members.contains(where: { $0.table !== members[0].table }) { keyIndexes = [] }
    // Cassandra looks at the table of the first marker, which that of the timestamp has not.
    if case .marker = timestamp { keyIndexes = [] }
    let batch = BatchPlan(kind: statement.kind, members: members, timestamp: timestamp)
    try BatchRules.check(batch.members, kind: batch.kind, hasTimestamp: timestamp != nil)
    return try PlannedStatement(
      .batch(batch), generation: schema.generation, markers: terms.specifications, partitionKeyIndexes: keyIndexes,
      columns: nil, digest: digest)
  }
}

/// What a batch may consist of.
enum BatchRules {
  static func check(
    _ members: [WritePlan], kind: BatchStatement.Kind, hasTimestamp: Bool
  ) throws(EngineFailure) {
    let hasConditions = members.contains { $0.condition != nil }
    let hasCounters = members.contains { $0.table.isCounter }
    let hasOthers = members.contains { !$0.table.isCounter }
    if hasTimestamp {
      if hasConditions { throw EngineFailure.invalid("Cannot provide custom timestamp for conditional BATCH") }
      if hasCounters || kind == .counter {
        throw EngineFailure.invalid("Cannot provide custom timestamp for counter BATCH")
      }
      if members.contains(where: { $0.timestamp != nil }) {
        throw EngineFailure.invalid("Timestamp must be set either on BATCH or individual statements")
      }
    }
    if kind == .counter, hasOthers {
      throw EngineFailure.invalid("Cannot include non-counter statement in a counter batch")
    }
    if kind != .counter, hasCounters {
      if kind == .logged { throw EngineFailure.invalid("Cannot include a counter statement in a logged batch") }
      if hasOthers {
        throw EngineFailure.invalid("Counter and non-counter mutations cannot exist in the same batch")
      }
    }
    if hasConditions {
      guard let first = members.first, members.allSatisfy({ $0.table === first.table }) else {
        throw EngineFailure.invalid("Batch with conditions cannot span multiple tables")
      }
      if members.contains(where: { $0.partitionKey.contains(where: \.namesSeveral) }) {
        throw EngineFailure(
          .serverError,
          "java.lang.IllegalArgumentException: Batch with conditions cannot span multiple partitions (you cannot use IN on "
            + "the partition key)")
      }
      if members.contains(where: { $0.clustering.contains(where: \.namesSeveral) }) {
        throw EngineFailure.invalid("IN on the clustering key columns is not supported with conditional updates")
      }
    }
  }
}
