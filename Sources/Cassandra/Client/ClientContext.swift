internal import CassandraReactor
internal import CassandraTelemetry

/// What all loops of a client share; nothing of it changes without a lock.
struct ClientContext: Sendable {
  var configuration: ClientConfiguration
  var defaults: ResolvedOptions
  /// The defaults' time-out in milliseconds.
  var defaultTimeout: UInt64
  /// After how many milliseconds a request that may go on elsewhere is looked at; nil where that depends on its node.
  var firstLook: UInt64?
  /// Where requests go.
  var routing: RoutingRules
  /// Nodes of each other data centre that connections are made to.
  var remoteNodesPerDatacenter: Int
  var table: PreparedTable
  var timestamps: Timestamps
  /// Whether it was said that the server keeps too few prepared statements.
  let wasWarnedOfThrashing = Once()
  /// Certificates of the client that it has warned of.
  let certificateWarnings = CertificateWarnings()
  /// The client's parts on all loops.
  var loops: LoopClients
  /// Where changes of the schema arrive.
  var schemaNews: SchemaNews
  var logger: CassandraLogger

  /// Who knows the nodes, where they are not listed in the configuration.
  var directory: (any ClusterDirectory)? { configuration.cluster.directory }

  /// What a failure means where the nodes come from a directory.
  func explain(_ failure: CassandraError, at endPoint: EndPoint) -> CassandraError {
    directory?.explain(failure, at: endPoint) ?? failure
  }
}
