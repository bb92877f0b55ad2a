import Cassandra

/// All that logging in with a password, TLS and values of every type takes.
func configuration() throws -> ClientConfiguration {
  let source = try ClusterSource.nodes(["127.0.0.1:9042"], localDatacenter: "datacenter1")
  var configuration = ClientConfiguration(source, keyspace: "naturalist")
  configuration.credentials = Credentials(username: "ann", password: Secret("…"))
  configuration.defaults.consistency = Consistency.localQuorum
  configuration.protocolVersion = ProtocolVersion.v4
  configuration.limits.connectTimeout = Duration.seconds(2)
  return configuration
}

func statement(id: CQLUUID, tuple: CQLTuple<Int, String>, at moment: CQLTimestamp, loops: EventLoops) -> Statement {
  let value: CQLValue = .text("a")
  return "INSERT INTO t (id, pair, moment, value, gone) VALUES (\(id), \(tuple), \(moment), \(value), \(CQLUnset()))"
}

func names(of row: Row) -> [String] { row.columns.map { (column: ColumnSpecification) in column.name } }
