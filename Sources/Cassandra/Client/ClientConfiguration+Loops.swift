internal import CassandraReactor

extension ClientConfiguration {
  /// How many of so many loops have connections.
  func connectedLoops(of loops: Int) -> Int {
    if let wanted = limits.connectionsPerNode { return min(loops, wanted) }
    return min(cluster.isOnThisMachine ? (loops + 1) / 2 : loops, ClientLimits.mostConnectionsPerNode)
  }
}

extension ClusterSource {
  /// Whether every contact point is an address of this machine's loopback interface, or the name `localhost`.
  fileprivate var isOnThisMachine: Bool {
    guard let map = knownMap else { return false }
    return map.endPoints.allSatisfy(\.isOnThisMachine)
  }
}

extension EndPoint {
  /// Whether it is by its text; no name is looked up.
  fileprivate var isOnThisMachine: Bool {
    host == "localhost" || (try? SocketAddress(host, port: port))?.isLoopback == true
  }
}
