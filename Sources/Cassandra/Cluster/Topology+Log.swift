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
    for node in nodes {
      guard let old = before.nodes.first(where: { $0.isSame(as: node) }) else {
        note("a node has joined the cluster", node)
        continue
      }
      if old.endPoint != node.endPoint { note("a node has another address", node) }
    }
    for node in before.nodes where !nodes.contains(where: { $0.isSame(as: node) }) {
      note("a node has left the cluster", node)
    }
    if lines > Self.maximumNodeLines {
      logger.info("many nodes of the cluster have changed", ["nodes": .integer(lines)])
    }
  }
}
