internal import CassandraBytes
public import CassandraWire

/// The nodes of the cluster as the client sees them at the moment, for people and for monitoring.
public struct ClusterTopology: Sendable {
  /// What the client knows of a node.
  public enum NodeState: String, Sendable, Hashable {
    /// There is a connection to it.
    case up
    /// There is none, and an attempt to make one is under way or the first is still to come.
    case connecting
    /// It cannot be reached; it is tried again from time to time.
    case down
    /// It is in another data centre, and no connection is made; see ``RoutingPolicy/remoteNodesPerDatacenter``.
    case ignored
  }

  /// One node.
  public struct Node: Sendable {
    /// The node's own id; nil where the cluster does not tell.
    public var hostID: CQLUUID?
    /// Where it is reached.
    public var endPoint: EndPoint
    /// The data centre that it is in.
    public var datacenter: String?
    /// The rack that it is in.
    public var rack: String?
    /// The release of its server.
    public var release: String?
    /// Whether it is in the application's own data centre.
    public var isLocal: Bool
    /// Whether it can be used.
    public var state: NodeState
    /// Connections to it, over all loops.
    public var connections: Int
    /// Requests that are under way on these.
    public var requestsInFlight: Int
    /// Why the last attempt to connect or the last connection failed.
    public var lastFailure: CassandraError?
  }

  /// The application's own data centre; nil while it is not known.
  public var localDatacenter: String?
  /// The nodes; none while no node has been reached.
  public var nodes: [Node]
}

extension ClusterTopology {
  /// One view of those of several loops.
  init(joining views: [ClusterTopology]) {
    localDatacenter = views.lazy.compactMap(\.localDatacenter).first
    nodes = []
    // By look-ups: there may be thousands of nodes on each loop.
    struct Key: Hashable {
      var endPoint: EndPoint
      var hostID: CQLUUID?
    }
    var places: [Key: Int] = [:]
    for node in views.lazy.flatMap(\.nodes) {
      let key = Key(endPoint: node.endPoint, hostID: node.hostID)
      guard let place = places[key] else {
        places[key] = nodes.count
        nodes.append(node)
        continue
      }
      nodes[place].connections += node.connections
      nodes[place].requestsInFlight += node.requestsInFlight
      nodes[place].lastFailure = nodes[place].lastFailure ?? node.lastFailure
      if node.state == .up || nodes[place].state == .down { nodes[place].state = node.state }
    }
  }
}

extension LoopNodes {
  /// The nodes as this loop sees them.
  var view: ClusterTopology {
    ClusterTopology(
      localDatacenter: topology.localDatacenter?.text,
      nodes: zip(topology.nodes, zip(topology.distances, nodes)).map { description, place in
        let (distance, node) = place
        let state: ClusterTopology.NodeState =
          distance == .ignored ? .ignored : node.connection != nil ? .up : node.keeping.wasTried ? .down : .connecting
        return ClusterTopology.Node(
          hostID: node.hostID, endPoint: description.endPoint, datacenter: description.datacenter?.text,
          rack: description.rack?.text, release: description.release?.text, isLocal: distance == .local,
          state: state, connections: node.connection == nil ? 0 : 1,
          requestsInFlight: node.connection?.inFlight ?? 0, lastFailure: node.failure)
      })
  }
}
