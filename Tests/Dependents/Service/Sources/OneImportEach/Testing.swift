import CassandraTesting

func node() async throws -> [String] {
  try await EmbeddedNode.withNode { node in
    let source = try ClusterSource.nodes([node.endPoint], localDatacenter: "datacenter1")
    return try await CassandraClient.withClient(ClientConfiguration(source)) { client in
      let rows = try await client.query("SELECT cluster_name FROM system.local")
      return [try await rows.first(String.self) ?? ""]
    }
  }
}
