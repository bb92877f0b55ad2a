import CassandraBytes
import CQLLanguage
import CassandraWire

/// The plans of the statements that one loop runs, of which it keeps those of prepared ones.
final class StatementPlans {
  private let schema: LoopSchema
  private let prepared: PreparedStatements
  private var plans: [StatementID: PlannedStatement] = [:]
  /// How many plans are kept.
  private static let maximumPlans = 2_000
  /// About how many bytes they take, and how many they may: 16 MiB.
  private var plansCost = 0
  private static let maximumPlansCost = 16 << 20

  init(_ schema: LoopSchema, prepared: PreparedStatements) {
    self.schema = schema
    self.prepared = prepared
  }

  /// Parses a statement; what is wrong with it shows no password.
  static func parse(_ text: String) throws(EngineFailure) -> ParsedStatement {
    do throws(CQLSyntaxError) {
      return try CQLParser.parse(text)
    } catch {
      throw EngineFailure(
        error.code == .limit ? .invalid : .syntaxError, HiddenPasswords(in: text).hide(in: error.message))
    }
  }

  /// A statement that has been prepared since its tables were changed last.
  func known(_ id: StatementID) -> PreparedStatement? {
    guard let known = prepared.find(id), known.tables.areUnchanged(in: schema.current) else { return nil }
    return known
  }

  /// Makes a statement of a text for the newest schema.
  func prepare(_ text: String, id: StatementID, keyspace: String?) throws(EngineFailure) -> PreparedStatement {
    let earlier = prepared.find(id)
    let parsed: ParsedStatement
    if let earlier { parsed = earlier.parsed } else { parsed = try Self.parse(text) }
    return PreparedStatement(
      id: id, keyspace: keyspace, parsed: parsed, text: text, schema: schema.current, instead: earlier)
  }

  /// The plan of a prepared statement for the newest schema.
  func plan(_ statement: PreparedStatement) throws(EngineFailure) -> PlannedStatement {
    let schema = schema.current
    if let known = plans[statement.id], Self.isCurrent(known, schema) { return known }
    let planned = try StatementPlanner.plan(
      statement.parsed, schema, keyspace: statement.keyspace, digest: statement.id.digest)
    planned.allKnowColumns = statement.hasFirstColumns(planned.metadataID)
    let cost = statement.cost(withColumns: planned.columnBytes)
    if plans[statement.id] == nil { plansCost += cost }
    if plans.count >= Self.maximumPlans || plansCost > Self.maximumPlansCost {
      plans.removeAll()
      plansCost = cost
    }
    plans[statement.id] = planned
    return planned
  }

  /// The plan of a statement that is run once.
  func plan(
    _ parsed: ParsedStatement, keyspace: String?, digest: UInt64
  ) throws(EngineFailure) -> PlannedStatement {
    try StatementPlanner.plan(parsed, schema.current, keyspace: keyspace, digest: digest)
  }

  /// The plan of a statement given as text.
  func plan(text: String, keyspace: String?) throws(EngineFailure) -> PlannedStatement {
    try plan(try Self.parse(text), keyspace: keyspace, digest: 0)
  }

  /// Whether a plan still is about the tables of the schema.
  @inline(__always)
  private static func isCurrent(_ planned: PlannedStatement, _ schema: Schema) -> Bool {
    if planned.generation == schema.generation { return true }
    func has(_ table: Table) -> Bool { schema.keyspaces[table.keyspace]?.tables[table.name] === table }
    let isCurrent =
      switch planned.plan {
      case .select(let plan): has(plan.table)
      case .write(let plan): has(plan.table)
      case .batch(let plan): plan.members.allSatisfy { has($0.table) }
      case .other: true
      }
    if isCurrent { planned.generation = schema.generation }
    return isCurrent
  }

  /// The plan of an id.
  func plan(id bytes: some Collection<UInt8>) throws(EngineFailure) -> (PlannedStatement, keyspace: String?) {
    guard let id = StatementID(bytes) else { throw Self.unprepared(Array(bytes)) }
    let schema = schema.current
    if let known = plans[id], Self.isCurrent(known, schema) {
      guard case .other = known.plan else { return (known, nil) }
    }
    guard let statement = known(id) else { throw Self.unprepared(Array(bytes)) }
    return (try plan(statement), statement.keyspace)
  }

  private static func unprepared(_ id: [UInt8]) -> EngineFailure {
    var digits: [UInt8] = []
    digits.append(hexadecimal: id.span)
    return EngineFailure(
      .unprepared,
      "Prepared query with ID \(String(decoding: digits, as: UTF8.self)) not found (either the query was not prepared on "
        + "this host (maybe the host has been restarted?) or you have prepared too many queries and it has been evicted "
        + "from the internal cache)", detail: .unprepared(id: id))
  }
}
