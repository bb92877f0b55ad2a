import CassandraTesting
import CassandraWeb

/// A service as one writes it without a thought of its server: a controller with methods, helpers that take the request,
/// two statements at once, a streamed body that is written by a function.
struct Context: CassandraContext {
  let cassandra: CassandraClient
}

typealias PlantRequest = Request<Context>

struct Sighting: Decodable, Encodable {
  var genus: String
  var species: String
  var sightings: Int
}

func genus(of request: PlantRequest) async throws -> String {
  let genus = request.path["genus"]
  guard !genus.isEmpty else { throw Problem.notFound("A genus has a name.") }
  return genus
}

func count(of genus: String, in request: PlantRequest) async throws -> Int {
  try await request.cassandra.query("SELECT count(*) FROM plants WHERE genus = \(genus)").first(Int.self) ?? 0
}

func write(_ plants: Rows, to writer: inout BodyWriter) async throws {
  for try await (species, sightings) in plants.decode((String, Int).self) {
    try await writer.write("\(species),\(sightings)\n")
  }
}

struct PlantController {
  func list(_ request: PlantRequest) async throws -> Rows {
    let genus = try await genus(of: request)
    return try await request.cassandra.query("SELECT genus, species, sightings FROM plants WHERE genus = \(genus)")
  }

  func summary(_ request: PlantRequest) async throws -> Response {
    let genus = try await genus(of: request)
    let client = request.cassandra
    async let total = count(of: genus, in: request)
    async let most = client.query("SELECT max(sightings) FROM plants WHERE genus = \(genus)").first(Int.self)
    return try .json(["total": try await total, "most": try await most ?? 0])
  }

  func export(_ request: PlantRequest) async throws -> Response {
    let plants = try await request.cassandra.query("SELECT species, sightings FROM plants")
    return Response(contentType: .plainText) { writer in try await write(plants, to: &writer) }
  }

  func add(_ request: PlantRequest) async throws -> Response {
    let plant = try await request.json().decode(Sighting.self)
    try await request.cassandra.query(
      "INSERT INTO plants (genus, species, sightings) VALUES (\(plant.genus), \(plant.species), \(plant.sightings))")
    return try .json(plant, .created)
  }
}

@main struct Service {
  static func main() async throws {
    let controller = PlantController()
    var routes = Routes<Context>()
    routes.health()
    routes.get("/plants/{genus}", controller.list)
    routes.get("/plants/{genus}/summary", controller.summary)
    routes.get("/plants", controller.export)
    routes.post("/plants", controller.add)

    try await EmbeddedNode.withNode { node in
      let source = try ClusterSource.nodes([node.endPoint], localDatacenter: "datacenter1")
      try await CassandraClient.withClient(ClientConfiguration(source)) { client in
        try await client.query(
          """
          CREATE KEYSPACE naturalist WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}
          """)
      }
      try await CassandraClient.withClient(ClientConfiguration(source, keyspace: "naturalist")) { client in
        try await client.query(
          "CREATE TABLE plants (genus text, species text, sightings int, PRIMARY KEY (genus, species))")
        var configuration = ServerConfiguration()
        configuration.address = .loopback(port: 0)
        let server = Server(routes: routes, context: Context(cassandra: client), configuration: configuration)
        try await server.run { address in
          print("listening at \(address)")
          fflush(nil)
        }
      }
    }
  }
}

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
