internal import CassandraTelemetry

/// How much is believed of what a server tells of its cluster.
///
/// What is beyond a limit is left out before it is decoded, so it costs no more than its bytes; ``SystemExcess`` counts it.
enum SystemLimits {
  /// Tokens of a node: 1,536, the most that Cassandra's setting `num_tokens` takes. Where a node tells more, nothing is known
  /// of the ring, and requests go to any node.
  static let nodeTokens = 1_536
  /// Tokens of all nodes together: 1 Mi, those of 4,096 nodes with 256 each. Beyond it nothing is known of the ring, either.
  static let ringTokens = 1 << 20
  /// Rows of other nodes that are looked at: 8,192. Some may be of nodes that are joining or have left.
  static let peerRows = 2 * Topology.maximumNodes
  /// Keyspaces whose replication is read: 4,096. Requests of the others go to any node.
  static let keyspaces = 4_096
  /// Options of the replication of a keyspace, one for each data centre: 256. Requests of a keyspace with more go to any
  /// node.
  static let replicationOptions = 256
  /// Options of all keyspaces together: 64 Ki.
  static let allReplicationOptions = 64 << 10
  /// Bytes of the replication of a keyspace: 16 KiB.
  static let replicationBytes = 16 << 10
  /// Bytes of a name, of a data centre, a rack, a release or a keyspace: 1 KiB. A longer one counts as not told.
  static let nameBytes = 1 << 10
  /// Bytes of rows that are read before the loop looks at its sockets: 128 KiB, which takes about a millisecond.
  static let bytesAtOnce = 128 << 10
  /// Places of the ring that are put in order or looked at before the loop looks at its sockets: 256 Ki, which takes about a
  /// millisecond.
  static let ringStepsAtOnce = 256 << 10
}

/// What a server has told of its cluster beyond ``SystemLimits``.
struct SystemExcess: Sendable, Hashable {
  /// Nodes with more tokens than a node has, or that are more than a ring has together.
  var nodesWithTokens = 0
  /// Whether there were more rows of nodes than are looked at.
  var hasPeerRows = false
  /// Keyspaces that are more than are read, or with more options than are read.
  var keyspaces = 0
  /// Names that are longer than names are.
  var names = 0
  /// Keyspaces for which the ring would have taken too long.
  var ringKeyspaces = 0

  /// Nothing.
  static let none = SystemExcess()
}

/// Says what servers tell beyond what is believed, and does not say the same again for each reading.
struct ExcessNotes {
  /// How much is remembered: 16. A server may tell of something else each time.
  private static let remembered = 16

  private var noted: Set<SystemExcess> = []

  mutating func note(_ excess: SystemExcess, from endPoint: EndPoint?, to logger: CassandraLogger) {
    guard excess != .none, noted.insert(excess).inserted else { return }
    if noted.count > Self.remembered { noted = [excess] }
    logger.warning(
      "the node tells more of the cluster than is believed; requests that it concerns go to any node",
      [
        "node": .text(endPoint?.description ?? ""), "nodes_with_too_many_tokens": .integer(excess.nodesWithTokens),
        "nodes_left_out": .text(excess.hasPeerRows ? "yes" : "no"), "keyspaces_left_out": .integer(excess.keyspaces),
        "keyspaces_beyond_the_ring": .integer(excess.ringKeyspaces), "names_left_out": .integer(excess.names),
      ])
  }
}
