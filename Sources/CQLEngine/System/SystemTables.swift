import CassandraBytes
import CQLLanguage
import CassandraWire

/// The rows of the tables that the node makes itself, for one loop.
final class SystemTables {
  private let engine: Engine
  private let schema: LoopSchema
  /// What was made of the schema, with the generation that it had.
  private var known: NameMap<(generation: Int, rows: MemoryTable)> = [:]

  init(_ engine: Engine, _ schema: LoopSchema) {
    self.engine = engine
    self.schema = schema
  }

  /// The rows of a table that the node makes itself.
  func rows(
    of table: Table, _ plan: SelectPlan, _ evaluator: Evaluator
  ) throws(EngineFailure) -> MemoryTable {
    let schema = schema.current
    switch table.keyspace {
    case "system": return try memory(table, nodeRows(of: table, schema))
    case TraceRows.keyspace:
      let traces = engine.traces.traces(at: WallClock.microseconds() / 1_000, id: Self.onlyKey(plan, evaluator))
      return try memory(table, TraceRows.rows(of: table, traces, node: engine.advertised.address))
    case "system_distributed" where table.name == "view_build_status":
      return try memory(table, ViewRows.buildStatus(schema, host: engine.hostID))
    case RoleRows.keyspace: return try memory(table, RoleRows.rows(of: table, engine.access.roles))
    case StatusRows.keyspace: return try memory(table, StatusRows.rows(of: table, engine.status))
    default: break
    }
    if let known = known[table.qualifiedName], known.generation == schema.generation { return known.rows }
    let rows = try memory(table, SchemaRows.rows(of: table, schema))
    known[table.qualifiedName] = (schema.generation, rows)
    return rows
  }

  private func memory(_ table: Table, _ rows: [SystemRow]) throws(EngineFailure) -> MemoryTable {
    var entries: [(key: [UInt8], record: [UInt8])] = []
    for row in rows { entries.append(try row.entry(in: table)) }
    return MemoryTable(entries)
  }

  /// The UUID that a statement names as its only key, so that the rows of others need not be made.
  private static func onlyKey(_ plan: SelectPlan, _ evaluator: Evaluator) -> CQLUUID? {
    guard case .keys(let keys) = plan.partitions, keys.count == 1, case .equal(let values) = keys[0].kind,
      let value = try? evaluator.value(values[0]).slice, value.count == 16
    else { return nil }
    return CQLUUID(high: value.span.uint64(at: 0), low: value.span.uint64(at: 8))
  }

  /// The rows of a table of the keyspace `system`.
  private func nodeRows(of table: Table, _ schema: Schema) -> [SystemRow] {
    switch table.name {
    case "local": return [local(schema)]
    case "prepared_statements":
      return engine.prepared.all.map {
        SystemRow([
          ("prepared_id", .blob($0.id.bytes)), ("logged_keyspace", $0.keyspace.map { .text($0) }),
          ("query_string", .text(HiddenPasswords(in: $0.text).shown)),
        ])
      }
    case "IndexInfo":
      return schema.sortedKeyspaces.flatMap { keyspace in
        keyspace.sortedTables.flatMap { table in
          table.indexes.filter { !$0.isBuilding }.map {
            SystemRow([("table_name", .text(keyspace.name)), ("index_name", .text($0.name))])
          }
        }
      }
    case "built_views": return ViewRows.built(schema)
    default: return []
    }
  }

  private func local(_ schema: Schema) -> SystemRow {
    let configuration = engine.configuration
    let address = engine.advertised
    return SystemRow([
      ("key", .text("local")), ("bootstrapped", .text("COMPLETED")), ("broadcast_address", .inet(address.address)),
      ("broadcast_port", .int(7_000)), ("cluster_name", .text(configuration.clusterName)),
      ("cql_version", .text(LocalNode.cqlVersion)), ("data_center", .text(configuration.dataCentre)),
      ("gossip_generation", .int(Int32(clamping: engine.startTime))), ("host_id", .uuid(engine.hostID)),
      ("listen_address", .inet(address.address)), ("listen_port", .int(7_000)),
      ("native_protocol_version", .text("5")), ("partitioner", .text(LocalNode.partitioner)),
      ("rack", .text(configuration.rack)), ("release_version", .text(LocalNode.release)),
      ("rpc_address", .inet(address.address)), ("rpc_port", .int(Int32(address.port))),
      ("schema_version", .uuid(schema.version)), ("tokens", .texts([LocalNode.token])),
    ])
  }
}

/// What the one node says of itself.
enum LocalNode {
  /// The release of Cassandra whose behaviour the node has.
  static let release = "5.0.6"
  /// The version of CQL.
  static let cqlVersion = "3.4.7"
  /// The token of the one node.
  static let token = "-9223372036854775808"
  static let partitioner = "org.apache.cassandra.dht.Murmur3Partitioner"
}
