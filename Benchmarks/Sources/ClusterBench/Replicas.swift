import Cassandra
import Measuring

/// Which share of prepared reads and writes reaches a replica first, by what the servers say of tokens.
struct Replicas {
  let keys: Int

  func run(_ configuration: ClientConfiguration, _ loops: EventLoops) async throws {
    try await CassandraClient.withClient(configuration, loops: loops) { client in
      let patient = QueryOptions(timeout: .seconds(60))
      try await client.query(
        "CREATE KEYSPACE IF NOT EXISTS bench_one WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        options: patient)
      try await client.query(
        "CREATE TABLE IF NOT EXISTS bench_one.points (area text, key int, value text, PRIMARY KEY ((area, key)))",
        options: patient)
      let ring = try await ring(of: client)
      // All nodes are connected, know the statements and what the keyspace's replicas are.
      while await client.topology.nodes.contains(where: { $0.state != .up }) {
        try await Task.sleep(for: .milliseconds(10))
      }
      try await Task.sleep(for: configuration.limits.eventQuietTime * 2)
      for key in 0..<100 {
        _ = try await write(client, key)
        _ = try await read(client, key)
      }
      var (reads, writes) = (0, 0)
      var expected: [EndPoint: UInt64] = [:]
      for key in 0..<keys {
        let written = try await write(client, key)
        let row = try await client.query(
          "SELECT token(area, key) FROM bench_one.points WHERE area = \("area \(key % 7)") AND key = \(key)"
        ).first(Int.self)
        let token = Int64(row ?? 0)
        let owner = ring.first { $0.token >= token }?.node ?? ring[0].node
        if written == owner { writes += 1 }
        if try await read(client, key) == owner { reads += 1 }
        expected[owner, default: 0] += 1
      }
      // The shortest way, of a statement without options, does not tell who answered; the counters do.
      let before = await client.metrics
      for key in 0..<keys {
        try await client.query(
          "SELECT value FROM bench_one.points WHERE area = \("area \(key % 7)") AND key = \(key)")
      }
      let after = await client.metrics
      let elsewhere = expected.reduce(0) { sum, node in
        let counted = (after.nodes[node.key]?.reads.count ?? 0) - (before.nodes[node.key]?.reads.count ?? 0)
        return sum + (node.value > counted ? Int(node.value - counted) : 0)
      }
      func share(_ count: Int) -> String { fixed(Double(count) / Double(keys) * 100, 2) }
      print(
        #"{"keys":\#(keys),"reads_percent":\#(share(reads)),"writes_percent":\#(share(writes)),"#
          + #""plain_reads_percent":\#(share(keys - elsewhere)),"nodes":\#(ring.count)}"#)
    }
  }

  /// Where the nodes' ranges end, in their order.
  private func ring(of client: CassandraClient) async throws -> [(token: Int64, node: EndPoint)] {
    var ring: [(token: Int64, node: EndPoint)] = []
    let nodes = await client.topology.nodes
    // Each request may go to another node, which tells of itself in one table and of the others in the other.
    for _ in 0..<64 where Set(ring.map(\.node)).count < nodes.count {
      for table in ["local", "peers_v2"] {
        let text = "SELECT host_id, tokens FROM system.\(table)"
        let rows = try await client.query(Statement(unsafeCQL: text)).decode((CQLUUID, [String]).self)
        for try await (id, tokens) in rows {
          guard let node = nodes.first(where: { $0.hostID == id }) else { continue }
          for token in tokens.compactMap({ Int64($0) }) where !ring.contains(where: { $0.token == token }) {
            ring.append((token, node.endPoint))
          }
        }
      }
    }
    return ring.sorted { $0.token < $1.token }
  }

  private func read(_ client: CassandraClient, _ key: Int) async throws -> EndPoint? {
    try await client.query(
      "SELECT value FROM bench_one.points WHERE area = \("area \(key % 7)") AND key = \(key)",
      options: QueryOptions(consistency: .one)
    ).coordinator
  }

  private func write(_ client: CassandraClient, _ key: Int) async throws -> EndPoint? {
    try await client.query(
      "INSERT INTO bench_one.points (area, key, value) VALUES (\("area \(key % 7)"), \(key), \("value"))",
      options: QueryOptions(consistency: .one)
    ).coordinator
  }
}
