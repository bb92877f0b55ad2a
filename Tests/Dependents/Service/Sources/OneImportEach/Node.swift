import CQLNode

func server(loops: EventLoops, logger: CassandraLogger) throws -> CQLServer {
  try CQLServer(NodeConfiguration(), loops: loops, logger: logger)
}
