internal import CassandraBytes
internal import CassandraWire

/// The nodes of a cluster and who has which data, as the client knew them at one moment.
///
/// A value that is replaced and never changed: whoever makes a new one gives it to every loop, and a request reads it
/// once.
struct Topology: Sendable {
  /// How far a node is from the application.
  enum Distance: Sendable, Equatable {
    /// In its own data centre.
    case local
    /// In another one, where requests may go when no local node can be had.
    case remote
    /// In another one, and no connection is made.
    case ignored
  }

  /// Counts the values, so that what was derived from one is not used with another.
  let version: UInt64
  let nodes: [NodeDescription]
  let localDatacenter: ByteText?
  let distances: [Distance]
  /// Places in ``nodes`` of those that are ``Distance/local``, and of those that are ``Distance/remote``.
  let local: [UInt16]
  let remote: [UInt16]
  /// Which nodes have a partition, by keyspace; empty for a partitioner that is not Murmur3.
  let replicas: [ByteText: ReplicaMap]

  /// Nothing is known.
  static let unknown = Topology(version: 0, nodes: [], localDatacenter: nil, remoteNodes: 0, replication: [:])

  /// Nodes at most: 4,096, as many as no cluster has. Each has a task on each loop; what else a server names is left out.
  static let maximumNodes = 4_096
  /// Places of the ring that are looked at, for all keyspaces together, to find out who has which range: 64 Mi. Beyond it,
  /// requests of the keyspaces that are left go to any node. A thousand nodes with 256 tokens each and ten ways of
  /// replication take about a third of it.
  static let maximumRingSteps = 64 << 20

  /// - Parameters:
  ///   - remoteNodes: Nodes of each other data centre that may be used.
  ///   - replication: How each keyspace is replicated.
  ///   - ringSteps: See ``maximumRingSteps``.
  init(
    version: UInt64, nodes: [NodeDescription], localDatacenter: ByteText?, remoteNodes: Int,
    replication: [ByteText: Replication], ringSteps: Int = maximumRingSteps
  ) {
    self.version = version
    self.nodes = Array(nodes.prefix(Self.maximumNodes))
    self.localDatacenter = localDatacenter
    var used: [ByteText: Int] = [:]
    let distances: [Distance] = self.nodes.map { node in
      // Where no table tells the data centre, there is nothing to tell nodes apart by.
      guard let localDatacenter, let datacenter = node.datacenter, datacenter != localDatacenter else { return .local }
      used[datacenter, default: 0] += 1
      return used[datacenter, default: 0] <= remoteNodes ? .remote : .ignored
    }
    self.distances = distances
    local = distances.indices.filter { distances[$0] == .local }.map { UInt16($0) }
    remote = distances.indices.filter { distances[$0] == .remote }.map { UInt16($0) }
    var maps: [Replication: ReplicaMap] = [:]
    var replicas: [ByteText: ReplicaMap] = [:]
    let ring = TokenRing(self.nodes)
    var steps = ringSteps
    for (keyspace, replication) in replication.sorted(by: { $0.key < $1.key }) {
      if maps[replication] == nil, steps > 0 {
        maps[replication] = ReplicaMap(
          of: replication, on: ring, nodes: self.nodes, local: localDatacenter, isLocal: distances.map { $0 == .local },
          steps: &steps)
      }
      replicas[keyspace] = maps[replication]
    }
    self.replicas = replicas
  }

  /// The place of the node that an event names.
  func index(at address: NodeAddress) -> Int? { nodes.firstIndex { $0.address == address } }
}
