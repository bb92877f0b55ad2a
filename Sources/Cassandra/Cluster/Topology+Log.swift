internal import CassandraBytes
internal import CassandraTelemetry
internal import CassandraWire

extension Topology {
  /// Lines of the log for nodes that come, go and move in one change: 64, and one that counts all.
  private static let maximumNodeLines = 64

  /// Says which nodes have come, gone and moved.
  func log(changesSince before: Topology, to logger: CassandraLogger) {
    func fields(_ node: NodeDescription) -> KeyValuePairs<String, LogValue> {
      [
        "node": .text("\(node.endPoint)"), "host_id": .text(node.hostID?.description ?? ""),
        "datacenter": .text(node.datacenter?.text ?? ""), "rack": .text(node.rack?.text ?? ""),
      ]
    }
    guard before.version > 0 else {
      logger.info(
        "the nodes of the cluster are known",
        [
          "nodes": .integer(nodes.count), "local": .integer(local.count),
          "local_datacenter": .text(localDatacenter?.text ?? ""),
        ])
      return
    }
    var lines = 0
    func note(_ message: String, _ node: NodeDescription) {
      lines += 1
      if lines <= Self.maximumNodeLines { logger.info(message, fields(node)) }
    }
    // By look-ups: a server may name thousands of nodes, and others each time.
    let old = NodePlaces(before.nodes)
    for node in nodes {
      guard let place = old.place(of: node) else {
        note("a node has joined the cluster", node)
        continue
      }
      if before.nodes[place].endPoint != node.endPoint { note("a node has another address", node) }
    }
    let new = NodePlaces(nodes)
    for node in before.nodes where new.place(of: node) == nil { note("a node has left the cluster", node) }
    if lines > Self.maximumNodeLines {
      logger.info("many nodes of the cluster have changed", ["nodes": .integer(lines)])
    }
  }
}

/// Finds the same node among others, as ``NodeDescription/isSame(as:)`` says, in a time that does not grow with their number.
private struct NodePlaces {
  private var byID: [CQLUUID: Int] = [:]
  private var byEndPoint: [EndPoint: Int] = [:]
  /// Those that tell no id: any node may be one of them, by where it is reached.
  private var nameless: [EndPoint: Int] = [:]

  init(_ nodes: [NodeDescription]) {
    for (place, node) in nodes.enumerated() {
      byEndPoint[node.endPoint] = byEndPoint[node.endPoint] ?? place
      if let id = node.hostID {
        byID[id] = byID[id] ?? place
      } else {
        nameless[node.endPoint] = nameless[node.endPoint] ?? place
      }
    }
  }

  func place(of node: NodeDescription) -> Int? {
    guard let id = node.hostID else { return byEndPoint[node.endPoint] }
    return byID[id] ?? nameless[node.endPoint]
  }
}
