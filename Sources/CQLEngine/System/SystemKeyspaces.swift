import CassandraBytes
import CQLLanguage
import CassandraWire

/// The keyspaces of the node: those that drivers and cqlsh read when they connect.
enum SystemKeyspaces {
  /// Seconds that Cassandra keeps deletions in `system_schema`.
  private static let schemaGrace = 604_800

  private static let systemTables: [(String, String)] = [
    (
      """
      CREATE TABLE system.local (key text PRIMARY KEY, bootstrapped text, broadcast_address inet, broadcast_port int,
        cluster_name text, cql_version text, data_center text, gossip_generation int, host_id uuid, listen_address inet,
        listen_port int, native_protocol_version text, partitioner text, rack text, release_version text,
        rpc_address inet, rpc_port int, schema_version uuid, tokens set<text>, truncated_at map<uuid, blob>)
      """, "information about the local node"
    ),
    (
      """
      CREATE TABLE system.peers (peer inet PRIMARY KEY, data_center text, host_id uuid, preferred_ip inet, rack text,
        release_version text, rpc_address inet, schema_version uuid, tokens set<text>)
      """, "information about known peers in the cluster"
    ),
    (
      """
      CREATE TABLE system.peers_v2 (peer inet, peer_port int, data_center text, host_id uuid, native_address inet,
        native_port int, preferred_ip inet, preferred_port int, rack text, release_version text, schema_version uuid,
        tokens set<text>, PRIMARY KEY (peer, peer_port))
      """, "information about known peers in the cluster"
    ),
    (
      """
      CREATE TABLE system.size_estimates (keyspace_name text, table_name text, range_start text, range_end text,
        mean_partition_size bigint, partitions_count bigint,
        PRIMARY KEY (keyspace_name, table_name, range_start, range_end))
      """, "per-table primary range size estimates, table is deprecated in favor of table_estimates"
    ),
    (
      """
      CREATE TABLE system.table_estimates (keyspace_name text, table_name text, range_type text, range_start text,
        range_end text, mean_partition_size bigint, partitions_count bigint,
        PRIMARY KEY (keyspace_name, table_name, range_type, range_start, range_end))
      """, "per-table range size estimates"
    ),
    (
      "CREATE TABLE system.prepared_statements (prepared_id blob PRIMARY KEY, logged_keyspace text, query_string text)",
      "prepared statements"
    ),
    (
      """
      CREATE TABLE system."IndexInfo" (table_name text, index_name text, value blob,
        PRIMARY KEY (table_name, index_name))
      """, "built column indexes"
    ),
    (
      """
      CREATE TABLE system.built_views (keyspace_name text, view_name text, status_replicated boolean,
        PRIMARY KEY (keyspace_name, view_name))
      """, "built views"
    ),
    (
      """
      CREATE TABLE system.view_builds_in_progress (keyspace_name text, view_name text, start_token text, end_token text,
        keys_built bigint, last_token text, PRIMARY KEY (keyspace_name, view_name, start_token, end_token))
      """, "views builds current progress"
    ),
  ]

  private static let tableOptions = """
    additional_write_policy text, allow_auto_snapshot boolean, bloom_filter_fp_chance double,
    caching frozen<map<text, text>>, cdc boolean, comment text, compaction frozen<map<text, text>>,
    compression frozen<map<text, text>>, crc_check_chance double, dclocal_read_repair_chance double,
    default_time_to_live int, extensions frozen<map<text, blob>>, gc_grace_seconds int, id uuid,
    incremental_backups boolean, max_index_interval int, memtable text, memtable_flush_period_in_ms int,
    min_index_interval int, read_repair text, read_repair_chance double, speculative_retry text
    """

  private static let schemaTables: [(String, String)] = [
    (
      """
      CREATE TABLE system_schema.keyspaces (keyspace_name text PRIMARY KEY, durable_writes boolean,
        replication frozen<map<text, text>>)
      """, "keyspace definitions"
    ),
    (
      """
      CREATE TABLE system_schema.tables (keyspace_name text, table_name text, \(tableOptions),
        flags frozen<set<text>>, PRIMARY KEY (keyspace_name, table_name))
      """, "table definitions"
    ),
    (
      """
      CREATE TABLE system_schema.columns (keyspace_name text, table_name text, column_name text, clustering_order text,
        column_name_bytes blob, kind text, position int, type text,
        PRIMARY KEY (keyspace_name, table_name, column_name))
      """, "column definitions"
    ),
    (
      """
      CREATE TABLE system_schema.column_masks (keyspace_name text, table_name text, column_name text,
        function_argument_nulls frozen<list<boolean>>, function_argument_types frozen<list<text>>,
        function_argument_values frozen<list<text>>, function_keyspace text, function_name text,
        PRIMARY KEY (keyspace_name, table_name, column_name))
      """, "column dynamic data masks"
    ),
    (
      """
      CREATE TABLE system_schema.dropped_columns (keyspace_name text, table_name text, column_name text,
        dropped_time timestamp, kind text, type text, PRIMARY KEY (keyspace_name, table_name, column_name))
      """, "dropped column registry"
    ),
    (
      """
      CREATE TABLE system_schema.triggers (keyspace_name text, table_name text, trigger_name text,
        options frozen<map<text, text>>, PRIMARY KEY (keyspace_name, table_name, trigger_name))
      """, "trigger definitions"
    ),
    (
      """
      CREATE TABLE system_schema.views (keyspace_name text, view_name text, \(tableOptions), base_table_id uuid,
        base_table_name text, include_all_columns boolean, where_clause text, PRIMARY KEY (keyspace_name, view_name))
      """, "view definitions"
    ),
    (
      """
      CREATE TABLE system_schema.types (keyspace_name text, type_name text, field_names frozen<list<text>>,
        field_types frozen<list<text>>, PRIMARY KEY (keyspace_name, type_name))
      """, "user defined type definitions"
    ),
    (
      """
      CREATE TABLE system_schema.functions (keyspace_name text, function_name text,
        argument_types frozen<list<text>>, argument_names frozen<list<text>>, body text, called_on_null_input boolean,
        language text, return_type text, PRIMARY KEY (keyspace_name, function_name, argument_types))
      """, "user defined function definitions"
    ),
    (
      """
      CREATE TABLE system_schema.aggregates (keyspace_name text, aggregate_name text,
        argument_types frozen<list<text>>, final_func text, initcond text, return_type text, state_func text,
        state_type text, PRIMARY KEY (keyspace_name, aggregate_name, argument_types))
      """, "user defined aggregate definitions"
    ),
    (
      """
      CREATE TABLE system_schema.indexes (keyspace_name text, table_name text, index_name text, kind text,
        options frozen<map<text, text>>, PRIMARY KEY (keyspace_name, table_name, index_name))
      """, "secondary index definitions"
    ),
  ]

  private static let virtualTables: [(String, String)] = [
    ("CREATE TABLE system_virtual_schema.keyspaces (keyspace_name text PRIMARY KEY)", "virtual keyspace definitions"),
    (
      """
      CREATE TABLE system_virtual_schema.tables (keyspace_name text, table_name text, comment text,
        PRIMARY KEY (keyspace_name, table_name))
      """, "virtual table definitions"
    ),
    (
      """
      CREATE TABLE system_virtual_schema.columns (keyspace_name text, table_name text, column_name text,
        clustering_order text, column_name_bytes blob, kind text, position int, type text,
        PRIMARY KEY (keyspace_name, table_name, column_name))
      """, "virtual column definitions"
    ),
  ]

  private static let traceTables: [(String, String)] = [
    (
      """
      CREATE TABLE system_traces.sessions (session_id uuid PRIMARY KEY, client inet, command text, coordinator inet,
        coordinator_port int, duration int, parameters map<text, text>, request text, started_at timestamp)
      """, "tracing sessions"
    ),
    (
      """
      CREATE TABLE system_traces.events (session_id uuid, event_id timeuuid, activity text, source inet,
        source_elapsed int, source_port int, thread text, PRIMARY KEY (session_id, event_id))
      """, "tracing events"
    ),
  ]

  private static let distributedTables: [(String, String)] = [
    (
      """
      CREATE TABLE system_distributed.parent_repair_history (parent_id timeuuid PRIMARY KEY, exception_message text,
        exception_stacktrace text, finished_at timestamp, keyspace_name text, started_at timestamp,
        columnfamily_names set<text>, options map<text, text>, requested_ranges set<text>, successful_ranges set<text>)
        WITH default_time_to_live = 2592000
      """, "Repair history"
    ),
    (
      """
      CREATE TABLE system_distributed.partition_denylist (ks_name text, table_name text, key blob,
        PRIMARY KEY ((ks_name, table_name), key))
      """, "Partition keys which have been denied access"
    ),
    (
      """
      CREATE TABLE system_distributed.repair_history (keyspace_name text, columnfamily_name text, id timeuuid,
        coordinator inet, coordinator_port int, exception_message text, exception_stacktrace text,
        finished_at timestamp, parent_id timeuuid, range_begin text, range_end text, started_at timestamp, status text,
        participants set<inet>, participants_v2 set<text>, PRIMARY KEY ((keyspace_name, columnfamily_name), id))
        WITH default_time_to_live = 2592000
      """, "Repair history"
    ),
    (
      """
      CREATE TABLE system_distributed.view_build_status (keyspace_name text, view_name text, host_id uuid, status text,
        PRIMARY KEY ((keyspace_name, view_name), host_id))
      """, "Materialized View build status"
    ),
  ]

  /// Seconds that Cassandra keeps deletions in the tables that it replicates.
  private static let distributedGrace = 864_000

  private static let viewTables: [(String, String)] = [
    (
      """
      CREATE TABLE system_views.clients (address inet, port int, client_options frozen<map<text, text>>,
        connection_stage text, driver_name text, driver_version text, hostname text, keyspace_name text,
        protocol_version int, request_count bigint, ssl_cipher_suite text, ssl_enabled boolean, ssl_protocol text,
        username text, PRIMARY KEY (address, port))
      """, "currently connected clients"
    ),
    ("CREATE TABLE system_views.settings (name text PRIMARY KEY, value text)", "current settings"),
    (
      """
      CREATE TABLE system_views.thread_pools (name text PRIMARY KEY, active_tasks int, active_tasks_limit int,
        blocked_tasks bigint, blocked_tasks_all_time bigint, completed_tasks bigint, pending_tasks int)
      """, ""
    ),
  ]

  /// What Cassandra replicates by itself.
  private static func simpleStrategy(replicas: Int) -> NameMap<String> {
    ["class": "org.apache.cassandra.locator.SimpleStrategy", "replication_factor": "\(replicas)"]
  }

  private static let localStrategy: NameMap<String> = ["class": "org.apache.cassandra.locator.LocalStrategy"]

  /// All keyspaces of the node.
  static let all: [Keyspace] = [
    keyspace("system", systemTables, grace: 0, isVirtual: false),
    keyspace(
      RoleRows.keyspace, RoleRows.tables, grace: RoleRows.grace, isVirtual: false,
      replication: simpleStrategy(replicas: 1)),
    keyspace(
      "system_distributed", distributedTables, grace: distributedGrace, isVirtual: false,
      replication: simpleStrategy(replicas: 3)),
    keyspace("system_schema", schemaTables, grace: schemaGrace, isVirtual: false),
    keyspace(
      TraceRows.keyspace, traceTables, grace: 0, isVirtual: false, replication: simpleStrategy(replicas: 2)),
    keyspace(StatusRows.keyspace, viewTables, grace: 0, isVirtual: true),
    keyspace("system_virtual_schema", virtualTables, grace: 0, isVirtual: true),
  ]

  private static func keyspace(
    _ name: String, _ tables: [(String, String)], grace: Int, isVirtual: Bool,
    replication: NameMap<String> = localStrategy
  ) -> Keyspace {
    var keyspace = Keyspace(name: name, replication: replication, isSystem: true, isVirtual: isVirtual)
    for (text, comment) in tables {
      guard var definition = definition(text, in: keyspace) else {
        preconditionFailure("the definition of a table of the system is CQL that this engine takes")
      }
      definition.options.comment = comment
      definition.options.graceSeconds = Int32(grace)
      // What Cassandra replicates it also flushes as it does tables of others.
      definition.options.memtableFlushPeriod = replication["replication_factor"] == nil ? 3_600_000 : 0
      definition.source = isVirtual ? .virtual : .system
      keyspace.put(Table(definition))
    }
    return keyspace
  }

  private static func definition(_ text: String, in keyspace: Keyspace) -> Table.Definition? {
    guard case .createTable(let statement) = try? CQLParser.parse(text).statement else { return nil }
    let name = statement.table.name.name
    var digest = MD5.digest(Array(keyspace.name.utf8) + Array(name.utf8))
    // The version and variant of a UUID that is made of a name.
    digest[6] = digest[6] & 0x0f | 0x30
    digest[8] = digest[8] & 0x3f | 0x80
    let id = CQLUUID(high: digest.span.uint64(at: 0), low: digest.span.uint64(at: 8))
    let draft = SchemaDraft(
      Schema(version: id, generation: 0, keyspaces: [keyspace.name: keyspace]), used: keyspace.name, dataCentre: "",
      now: 0, makeNumber: { TableNumber(rawValue: 0) }, makeID: { id })
    guard let key = try? TableEditor.primaryKey(of: statement, named: name) else { return nil }
    return try? TableEditor.definition(draft, statement, key, in: keyspace)
  }
}
