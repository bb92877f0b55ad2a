import CassandraBytes
import CQLLanguage
import CassandraWire

/// Plans INSERT, UPDATE and DELETE, with Cassandra's rules on what is refused.
struct WritePlanner {
  let table: Table
  /// The terms of the statement, or of the batch that it belongs to.
  var terms: TermPlanner
  var operations: [WriteOperation] = []
  /// The columns that the assignments so far change, and whether one gives the column a value as a whole.
  var assigned: [ObjectIdentifier: Bool] = [:]

  /// Whether the statement belongs to a batch, which has rules of its own on what its members name.
  private let isInBatch: Bool
  /// Whether the statement has conditions, and so knows what is there.
  var hasCondition = false

  init(_ table: Table, _ terms: TermPlanner, isInBatch: Bool) {
    self.table = table
    self.terms = terms
    self.isInBatch = isInBatch
  }

  // MARK: INSERT

  mutating func plan(_ statement: InsertStatement) throws(EngineFailure) -> WritePlan {
    let names: [Identifier]
    let values: [Term]
    switch statement.source {
    case .values(let given, let terms): (names, values) = (given, terms)
    case .json(let source, let defaultsToUnset):
      // Cassandra looks for all columns in the object, also for those that it does not show.
      if table.definition.isStaticCompact, let hidden = table.definition.hiddenColumns.first {
        throw EngineFailure.invalid("Undefined column name \(hidden.name) in table \(table.qualifiedName)")
      }
      return try plan(statement, source, defaultsToUnset: defaultsToUnset)
    }
    if table.isCounter {
      throw EngineFailure.invalid("INSERT statements are not allowed on counter tables, use UPDATE instead")
    }
    guard names.count == values.count else { throw EngineFailure.invalid("Unmatched column names/values") }
    var keys: NameMap<Restriction> = [:]
    var seen: Set<ByteText> = []
    for (name, value) in zip(names, values) {
      let column = try table.column(named: name)
      guard seen.insert(column.name).inserted else {
        throw EngineFailure.invalid("The column names contains duplicates")
      }
      var receiver = Receiver(column, of: table)
      receiver.isAssigned = !column.isPrimaryKey
      let expression = try terms.expression(value, receiver)
      if column.isPrimaryKey {
        keys[column.name] = Restriction(columns: [column], kind: .equal([expression]))
      } else {
        operations.append(.set(column, expression))
      }
    }
    return try insertion(statement, keys, json: nil)
  }

  /// The plan of an INSERT whose columns are checked.
  mutating func insertion(
    _ statement: InsertStatement, _ keys: NameMap<Restriction>, json: JSONInsert?
  ) throws(EngineFailure) -> WritePlan {
    let partitionKey = try partitionKey(keys)
    let clustering = table.clustering.compactMap { keys[$0.name] }
    let isStaticOnly = clustering.isEmpty && !operations.isEmpty && operations.allSatisfy { $0.column.kind == .static }
    try checkCompact(clustering)
    if clustering.count != table.clustering.count, !isStaticOnly {
      throw missingClustering(clustering.flatMap(\.columns))
    }
    let using = try attributes(statement.using, isConditional: statement.ifNotExists)
    return WritePlan(
      kind: .insert, table: table, partitionKey: partitionKey, clustering: clustering, operations: operations,
      timestamp: using.timestamp, timeToLive: using.timeToLive, condition: statement.ifNotExists ? .notExists : nil,
      json: json)
  }

  /// Refuses an INSERT that says too little of a compact table.
  private func checkCompact(_ clustering: [Restriction]) throws(EngineFailure) {
    let definition = table.definition
    guard definition.isCompact else { return }
    if definition.isStaticCompact {
      guard operations.isEmpty else { return }
      throw EngineFailure.invalid("Some clustering keys are missing: \(definition.hiddenColumns[0].name)")
    }
    let given = clustering.flatMap(\.columns)
    if given.isEmpty { throw missingClustering(given) }
    if let gap = table.clustering.first(where: { column in !given.contains { $0 === column } }) {
      if let behind = given.first(where: { $0.position > gap.position }) {
        throw EngineFailure.invalid(
          "PRIMARY KEY column \"\(behind.name)\" cannot be restricted as preceding column \"\(gap.name)\" is not "
            + "restricted")
      }
    }
    if let value = definition.regulars.first, operations.isEmpty {
      throw EngineFailure.invalid("Column \(value.name) is mandatory for this COMPACT STORAGE table")
    }
  }

  // MARK: UPDATE

  mutating func plan(_ statement: UpdateStatement) throws(EngineFailure) -> WritePlan {
    hasCondition = statement.condition != nil
    for assignment in statement.assignments { operations.append(try operation(assignment)) }
    let restrictions = try restrictions(statement.relations, "UPDATE")
    let partitionKey = try partitionKey(restrictions.byColumn)
    let condition = try condition(statement.condition)
    let clustering = try clustering(restrictions, "UPDATE", condition)
    let using = try attributes(statement.using, isConditional: condition != nil)
    if table.isCounter, using.timeToLive != nil {
      throw EngineFailure.invalid("Cannot provide custom TTL for counter updates")
    }
    try checkConditional(condition, partitionKey, clustering, "updates")
    return WritePlan(
      kind: .update, table: table, partitionKey: partitionKey, clustering: clustering, operations: operations,
      timestamp: using.timestamp, timeToLive: using.timeToLive, condition: condition)
  }

  // MARK: DELETE

  mutating func plan(_ statement: DeleteStatement) throws(EngineFailure) -> WritePlan {
    for deletion in statement.deletions { operations.append(try operation(deletion)) }
    let restrictions = try restrictions(statement.relations, "DELETE")
    let partitionKey = try partitionKey(restrictions.byColumn)
    let condition = try condition(statement.condition)
    let clustering = try clustering(restrictions, "DELETE", condition)
    let using = try attributes(UsingClause(timestamp: statement.timestamp), isConditional: condition != nil)
    try checkConditional(condition, partitionKey, clustering, "deletions")
    let plan = WritePlan(
      kind: .delete, table: table, partitionKey: partitionKey, clustering: clustering, operations: operations,
      timestamp: using.timestamp, timeToLive: nil, condition: condition)
    if case .some = condition, !plan.namesRows, !plan.isStaticOnly {
      let covered = clustering.reduce(0) { $0 + $1.columns.count }
      if clustering.last?.isSlice == true || covered < table.clustering.count {
        throw EngineFailure.invalid(
          "DELETE statements must restrict all PRIMARY KEY columns with equality relations in order to delete non static "
            + "columns")
      }
    }
    return plan
  }

  private func checkConditional(
    _ condition: WriteCondition?, _ partitionKey: [Restriction], _ clustering: [Restriction], _ what: String
  ) throws(EngineFailure) {
    guard condition != nil else { return }
    if table.isCounter { throw EngineFailure.invalid("Conditions on counters are not supported") }
    if isInBatch { return }
    if partitionKey.contains(where: \.namesSeveral) {
      throw EngineFailure.invalid("IN on the partition key is not supported with conditional \(what)")
    }
    if clustering.contains(where: \.namesSeveral) {
      throw EngineFailure.invalid("IN on the clustering key columns is not supported with conditional \(what)")
    }
  }

  // MARK: Attributes

  private mutating func attributes(
    _ using: UsingClause, isConditional: Bool
  ) throws(EngineFailure) -> (timestamp: Expression?, timeToLive: Expression?) {
    if using.timestamp != nil {
      if isConditional { throw EngineFailure.invalid("Cannot provide custom timestamp for conditional updates") }
      if table.isCounter { throw EngineFailure.invalid("Cannot provide custom timestamp for counter updates") }
    }
    var timestamp: Expression?
    if let term = using.timestamp {
      timestamp = try terms.expression(term, terms.receiver("[timestamp]", .bigint))
    }
    var timeToLive: Expression?
    if let term = using.timeToLive { timeToLive = try terms.expression(term, terms.receiver("[ttl]", .int)) }
    return (timestamp, timeToLive)
  }

  // MARK: Where

  private mutating func restrictions(
    _ relations: [Relation], _ statement: String
  ) throws(EngineFailure) -> RestrictionPlanner {
    var planner = RestrictionPlanner(table, statement: statement)
    try planner.add(relations, &terms)
    return planner
  }

  private func partitionKey(_ restrictions: NameMap<Restriction>) throws(EngineFailure) -> [Restriction] {
    var result: [Restriction] = []
    var missing: [String] = []
    for column in table.partitionKey {
      guard let restriction = restrictions[column.name] else {
        missing.append(column.name)
        continue
      }
      result.append(restriction)
    }
    guard missing.isEmpty else {
      throw EngineFailure.invalid("Some partition key parts are missing: \(missing.joined(separator: ", "))")
    }
    return result
  }

  private func clustering(
    _ restrictions: RestrictionPlanner, _ statement: String, _ condition: WriteCondition?
  ) throws(EngineFailure) -> [Restriction] {
    for column in table.partitionKey {
      guard let restriction = restrictions.byColumn[column.name] else { continue }
      guard restriction.isEquality || restriction.isIn else {
        throw EngineFailure.invalid(
          "Only EQ and IN relation are supported on the partition key (unless you use the token() function) for "
            + "\(statement) statements")
      }
    }
    let others = restrictions.byColumn.values.filter { !$0.columns[0].isPrimaryKey }.map(\.names).sorted()
    guard others.isEmpty else {
      throw EngineFailure.invalid(
        "Non PRIMARY KEY columns found in where clause: \(others.joined(separator: ", ")) ")
    }
    var result: [Restriction] = []
    var position = 0
    var gap: Column?
    while position < table.clustering.count {
      let column = table.clustering[position]
      let tuple = restrictions.tuples.first { $0.columns[0] === column }
      guard let restriction = tuple ?? restrictions.byColumn[column.name] else {
        gap = gap ?? column
        position += 1
        continue
      }
      if let gap {
        if statement == "UPDATE" {
          throw missingClustering(table.clustering.filter { restrictions.byColumn[$0.name] != nil })
        }
        throw EngineFailure.invalid(
          "PRIMARY KEY column \"\(column.name)\" cannot be restricted as preceding column \"\(gap.name)\" is not restricted"
        )
      }
      if let last = result.last, last.isSlice {
        throw EngineFailure.invalid(
          "Clustering column \"\(column.name)\" cannot be restricted (preceding column \"\(last.columns[0].name)\" is "
            + "restricted by a non-EQ relation)")
      }
      result.append(restriction)
      position += restriction.columns.count
    }
    try check(result, statement, condition)
    return result
  }

  /// Refuses too few or too many restrictions of clustering columns for what the statement does.
  private func check(
    _ clustering: [Restriction], _ statement: String, _ condition: WriteCondition?
  ) throws(EngineFailure) {
    let isSlice = clustering.last?.isSlice ?? false
    let covered = clustering.reduce(0) { $0 + $1.columns.count }
    let hasStatics = operations.contains { $0.column.kind == .static }
    var hasRegulars = operations.contains { $0.column.kind == .regular }
    if case .columns(let conditions) = condition, conditions.contains(where: { $0.column.kind == .regular }) {
      hasRegulars = true
    }
    if statement == "UPDATE", isSlice {
      throw EngineFailure.invalid(
        "Slice restrictions are not supported on the clustering columns in UPDATE statements")
    }
    if hasStatics, !hasRegulars {
      // Cassandra lets rows be named that are then not touched only when nothing is said about them.
      guard clustering.isEmpty else {
        throw EngineFailure.invalid(
          "Invalid restrictions on clustering columns since the \(statement) statement modifies only static columns")
      }
      return
    }
    if statement == "DELETE", hasRegulars, isSlice {
      throw EngineFailure.invalid("Range deletions are not supported for specific columns")
    }
    guard statement == "UPDATE" || hasRegulars, covered < table.clustering.count else { return }
    if statement == "DELETE" {
      throw EngineFailure.invalid("Range deletions are not supported for specific columns")
    }
    throw missingClustering(clustering.flatMap(\.columns))
  }

  private func missingClustering(_ given: [Column]) -> EngineFailure {
    let missing = table.clustering.filter { column in !given.contains { $0 === column } }.map(\.name)
    return EngineFailure.invalid("Some clustering keys are missing: \(missing.joined(separator: ", "))")
  }
}
