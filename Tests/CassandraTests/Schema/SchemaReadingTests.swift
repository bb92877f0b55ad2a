import Cassandra
import CassandraTesting
import CassandraWire
import Testing

@Suite(.timeLimit(.minutes(5))) struct SchemaReadingTests {
  @Test(arguments: bothVersions) func theSchemaIsRead(_ version: ProtocolVersion) async throws {
    try await EmbeddedNode.withNode { node in
      var configuration = ClientConfiguration(try .nodes([node.endPoint], localDatacenter: "datacenter1"))
      configuration.protocolVersion = version
      try await CassandraClient.withClient(configuration) { client in
        try await client.query(
          "CREATE KEYSPACE garden WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
        try await client.query("CREATE TYPE garden.size (width int, names frozen<list<text>>)")
        try await client.query("CREATE TYPE garden.\"Place\" (size frozen<size>, x double)")
        try await client.query(
          """
          CREATE TABLE garden.plants (
            genus text, bed int, planted timestamp, "Name" text, owner text static, place frozen<"Place">,
            tags map<text, frozen<set<int>>>, PRIMARY KEY ((genus, bed), planted, "Name"))
            WITH CLUSTERING ORDER BY (planted DESC, "Name" ASC)
          """)
        try await client.query("CREATE INDEX plants_by_owner ON garden.plants (owner)")
        let schema = try await client.schema(of: ["garden"])
        #expect(schema.keyspaces.map(\.name) == ["garden"])
        let garden = try #require(schema.keyspace("garden"))
        #expect(garden.replication["class"]?.hasSuffix("SimpleStrategy") == true)
        #expect(garden.replication["replication_factor"] == "1")
        #expect(garden.durableWrites)
        let size = UserDefinedType(
          keyspace: "garden", name: "size", fields: [.init("width", .int), .init("names", .list(.text))])
        let place = UserDefinedType(
          keyspace: "garden", name: "Place", fields: [.init("size", .udt(size)), .init("x", .double)])
        #expect(garden.types == [place, size])
        #expect(garden.type("Place") == place)
        #expect(garden.type("place") == nil)
        let plants = try #require(garden.table("plants"))
        #expect(plants.partitionKey.map(\.name) == ["genus", "bed"])
        #expect(plants.clusteringColumns.map(\.name) == ["planted", "Name"])
        #expect(plants.clusteringColumns.map(\.isDescending) == [true, false])
        #expect(
          plants.columns.map(\.name) == ["genus", "bed", "planted", "Name", "owner", "place", "tags"])
        #expect(plants.column("owner")?.kind == .static)
        #expect(plants.column("place")?.type == .udt(place))
        #expect(plants.column("tags")?.type == .map(key: .text, value: .set(.int)))
        #expect(plants.indexes.map(\.name) == ["plants_by_owner"])
        #expect(plants.indexes.first?.options["target"] == "owner")
        // A value: it does not change with the database, and another one does.
        try await client.query("ALTER TABLE garden.plants ADD added int")
        #expect(plants.column("added") == nil)
        #expect(
          try await client.schema(of: ["garden"]).keyspace("garden")?.table("plants")?.column("added")?.type == .int)
        #expect(try await client.schema(of: ["nowhere"]).keyspaces.isEmpty)
        let all = try await client.schema()
        #expect(all.keyspace("garden") != nil)
        let local = all.keyspace("system")?.table("local")
        #expect(local?.partitionKey.map(\.name) == ["key"])
        #expect(local?.column("host_id")?.type == .uuid)
      }
    }
  }
}
