internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry

/// What the client asks the system's tables for.
extension LoopClient {
  /// Waits until all nodes that are up report one version of the schema; false when they do not within the limit.
  func waitForSchemaAgreement(on connection: NodeConnection) async -> Bool {
    let until = loop.now + context.configuration.limits.schemaAgreementTimeout.wholeMilliseconds
    while true {
      if let isAgreed = try? await schemaVersions(on: connection, due: until), isAgreed.count <= 1 { return true }
      guard loop.now < until, connection.isUsable, (try? await loop.sleep(for: .milliseconds(100))) != nil else {
        context.logger.warning("the nodes do not agree on the schema", ["node": .text("\(connection.endPoint)")])
        return false
      }
    }
  }

  private func schemaVersions(
    on connection: NodeConnection, due: UInt64
  ) async throws(CassandraError) -> Set<CQLUUID> {
    var versions: Set<CQLUUID> = []
    for text in [
      "SELECT rpc_address, schema_version FROM system.local WHERE key = 'local'",
      "SELECT rpc_address, schema_version FROM system.peers",
    ] {
      let page = try await rows(of: text, on: connection, due: due)
      for row in page {
        guard let version = try? row.decode(CQLUUID.self, "schema_version"), !isDown(row) else { continue }
        versions.insert(version)
      }
    }
    return versions
  }

  /// What the node behind a connection calls itself; nil when it does not tell.
  func hostID(on connection: NodeConnection, due: UInt64) async -> CQLUUID? {
    let page = try? await rows(of: "SELECT host_id FROM system.local WHERE key = 'local'", on: connection, due: due)
    return try? page?.first?.decode(CQLUUID.self, "host_id")
  }

  /// The rows of a system table.
  private func rows(
    of text: String, on connection: NodeConnection, due: UInt64
  ) async throws(CassandraError) -> Page {
    let request = RequestMessage.query(text, QueryParameters(consistency: .one))
    let outcome = try await connection.request(.query, due: due) { (output: inout [UInt8]) throws(CassandraError) in
      do throws(WireError) { try request.encode(into: &output, version: connection.version) } catch {
        throw .unsendable(error)
      }
    }
    switch Reply(outcome, from: connection, layout: nil) {
    case .page(let page, _): return page
    case .failure(let error), .unprepared(_, let error): throw error
    case .done, .prepared:
      throw CassandraError.protocolViolation("a SELECT was answered without rows", coordinator: connection.endPoint)
    }
  }

  /// Whether a peer is one of our contact points and cannot be reached: it keeps the version that it had.
  private func isDown(_ row: Row) -> Bool {
    guard let address = try? row.decode(CQLInet.self, "rpc_address") else { return false }
    return nodes.contains { $0.endPoint.host == "\(address)" && $0.connection == nil }
  }
}
