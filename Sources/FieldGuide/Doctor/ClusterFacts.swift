internal import CassandraBytes
internal import CassandraWire
internal import Cassandra
internal import CassandraReactor

/// What the nodes of a cluster say of it.
struct ClusterFacts: Sendable, Equatable {
  /// The data centre of each node, the one that was asked first.
  var datacenters: [String]
  /// The data centres of the cluster, each once.
  var datacenterNames: [String] {
    var seen: Set<ByteText> = []
    return datacenters.filter { seen.insert($0).inserted }
  }
  /// The version of the schema of each node that told one.
  var schemaVersions: [String]
  /// How far the clock of the node that was asked is ahead of ours, in milliseconds; nil when it does not tell the time.
  var clockDifference: Int64?
  /// How uncertain that is: half of the time that asking took, in milliseconds.
  var clockUncertainty: Int64 = 0
}

extension Probe {
  /// What a cluster says of itself.
  func cluster(_ database: ClientConfiguration) async -> Result<ClusterFacts, CassandraError> {
    await session(database) { client in
      let options = QueryOptions(consistency: .one, timeout: limits.query)
      let local = try await client.query(
        "SELECT data_center, schema_version FROM system.local WHERE key = 'local'", options: options
      ).first((String?, CQLUUID?).self)
      var facts = ClusterFacts(
        datacenters: [local?.0 ?? ""], schemaVersions: local?.1.map { ["\($0)"] } ?? [], clockDifference: nil)
      let peers = try await client.query("SELECT data_center, schema_version FROM system.peers", options: options)
      for try await (datacenter, version) in peers.decode((String?, CQLUUID?).self) {
        facts.datacenters.append(datacenter ?? "")
        if let version { facts.schemaVersions.append("\(version)") }
        // A server may name nodes without end.
        if facts.datacenters.count == limits.peers { break }
      }
      try await compareClocks(client, options, &facts)
      return facts
    }
  }

  private func compareClocks(
    _ client: CassandraClient, _ options: QueryOptions, _ facts: inout ClusterFacts
  ) async throws {
    let statement: Statement = "SELECT toTimestamp(now()) FROM system.local WHERE key = 'local'"
    // Prepared first, so that the second time is one question and one answer.
    try await client.query(statement, options: options)
    let before = Self.milliseconds
    guard let time = try await client.query(statement, options: options).first(CQLTimestamp?.self) ?? nil else {
      return
    }
    let after = Self.milliseconds
    facts.clockDifference = time.milliseconds - (before + after) / 2
    facts.clockUncertainty = (after - before + 1) / 2
  }
}

/// What the checks of a cluster's own tables have found.
enum ClusterFinding {
  /// How far a node's clock may be from ours: 500 ms. The newest timestamp wins, so more loses writes.
  static let clockTolerance: Int64 = 500

  /// What a cluster's own tables say.
  ///
  /// - Parameters:
  ///   - wantedDatacenter: The data centre of the settings; nil where nobody set one.
  ///   - loops: Event loops of a program on this machine.
  static func cluster(
    _ result: Result<ClusterFacts, CassandraError>, wantedDatacenter: String?, loops: Int
  ) -> [Finding] {
    let facts: ClusterFacts
    switch result {
    case .failure(let error): return [.failed("The cluster's tables cannot be read: \(error.forOperator)")]
    case .success(let found): facts = found
    }
    var findings = [schema(facts)]
    if let difference = facts.clockDifference { findings.append(clock(difference, facts.clockUncertainty)) }
    let near = wantedDatacenter ?? facts.datacenters.first ?? ""
    let nodes = facts.datacenters.filter { $0.hasSameBytes(as: near) }.count
    if nodes > 0 {
      findings.append(
        .ok(
          "`fieldguide serve` opens up to \(nodes * loops) connections, one for each event loop (\(loops)) and node (\(nodes))"
        ))
    }
    return findings
  }

  private static func schema(_ facts: ClusterFacts) -> Finding {
    let versions = Set(facts.schemaVersions)
    let count = facts.datacenters.count
    guard versions.count > 1 else {
      return .ok(count == 1 ? "it has one node" : "all \(count) nodes have the same schema")
    }
    return .warning(
      "The \(count) nodes have \(versions.count) schemas.",
      "Wait for the schema change to finish; if the nodes still disagree, `nodetool describecluster` shows which nodes differ."
    )
  }

  private static func clock(_ difference: Int64, _ uncertainty: Int64) -> Finding {
    let size = abs(difference)
    guard size > clockTolerance + uncertainty else {
      return .ok("the clocks differ by \(size) ms, give or take \(uncertainty)")
    }
    return .warning(
      "The node's clock is \(size) ms \(difference > 0 ? "ahead of" : "behind") ours.",
      "Synchronize both with NTP: of two writes the one with the later timestamp wins.")
  }
}
