internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry

/// When all nodes that are not known to be away report one version of the schema.
struct SchemaAgreement {
  let nodes: LoopNodes

  /// Waits for it; false when it does not come within the limit. A node is asked that `connection` leads to, as long as it
  /// can be used.
  func wait(on connection: NodeConnection) async -> Bool {
    let until = nodes.loop.now + nodes.context.configuration.limits.schemaAgreementTimeout.wholeMilliseconds
    var connection = connection
    while true {
      // The node that has made the change knows it first, and any other will do when that is gone.
      if !connection.isUsable, let other = try? await nodes.connection(due: until) { connection = other }
      if let versions = try? await schemaVersions(on: connection, due: until), versions.count <= 1 { return true }
      guard nodes.loop.now < until, (try? await nodes.loop.sleep(for: .milliseconds(100))) != nil else {
        nodes.context.logger.warning("the nodes do not agree on the schema", ["node": .text("\(connection.endPoint)")])
        return false
      }
    }
  }

  private func schemaVersions(
    on connection: NodeConnection, due: UInt64
  ) async throws(CassandraError) -> Set<CQLUUID> {
    let local = try await SystemTables.rows(
      of: "SELECT schema_version FROM system.local WHERE key = 'local'", on: connection, due: due)
    let peers = try await SystemTables.rows(
      of: "SELECT host_id, schema_version FROM system.peers", on: connection, due: due)
    // A node that is known to be away keeps the version that it had, and will take the new one over when it comes back. Any
    // other may be the next to be asked: one that is just being connected, or that stands behind a proxy under another id.
    let away = Set(nodes.nodes.filter(\.isAway).compactMap(\.hostID))
    var versions = Set(local.compactMap { try? $0.decode(CQLUUID.self, "schema_version") })
    for row in peers {
      guard let id = try? row.decode(CQLUUID.self, "host_id"), !away.contains(id),
        let version = try? row.decode(CQLUUID.self, "schema_version")
      else { continue }
      versions.insert(version)
    }
    return versions
  }
}
