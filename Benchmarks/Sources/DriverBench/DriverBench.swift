import CassandraWire
import Cassandra
import Measuring
import CassandraReactor

/// driver-bench HOST:PORT WORK [N] [CONCURRENCY]
///
/// One connection to the node on one loop, consistency LOCAL_ONE, no compression. The first tenth of the operations is
/// the warm-up and does not count. For `page`, `page-borrowed` and `json` an operation is a row, and the percentiles are of a page.
@main struct DriverBench {
  static let usage = """
    usage: driver-bench HOST:PORT WORK [N] [CONCURRENCY]

      WORK   read   the prepared read of one animal, every column decoded
             write  prepared inserts of plants, all of the genus Bench
             scatter  the same, each of a genus of its own
             load   the rows that page, page-borrowed and json read: N plants of the genus Million
             page   all plants of the genus Million in pages of 5,000, each decoded to text, text, int
             page-borrowed  the same, the texts read where they lie in the page
             json   the same, each written as a JSON object into a buffer that is emptied every 64 KiB
      N            operations, the warm-up included (100000); page and json read what is there
      CONCURRENCY  requests under way at once (64); page and json have one

    Prints one line of JSON. The keyspace naturalist, its tables and the animal are made when they are missing.
    """

  static func main() async { await runProgram("driver-bench") { try await run() } }

  private static func run() async throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard arguments.count >= 2, let work = Work(rawValue: arguments[1]) else {
      print(usage)
      return
    }
    let count = arguments.count > 2 ? Int(arguments[2]) ?? 100_000 : 100_000
    let concurrency = arguments.count > 3 ? max(1, Int(arguments[3]) ?? 64) : 64
    let cluster = try ClusterSource.nodes([arguments[0]], localDatacenter: "datacenter1")
    let loops = try EventLoops(count: 1)
    try await CassandraClient.withClient(ClientConfiguration(cluster), loops: loops) { try await Schema.create($0) }
    var configuration = ClientConfiguration(cluster, keyspace: "naturalist")
    configuration.defaults.consistency = .localOne
    let line = try await CassandraClient.withClient(configuration, loops: loops) { client in
      try await Schema.addAnimal(client)
      let figures =
        switch work {
        case .read, .write, .scatter, .load:
          try await Points(client: client, work: work).run(count: count, concurrency: concurrency, on: loops[0])
        case .page, .pageBorrowed, .json: try await Scan(client: client, work: work).run(on: loops[0])
        }
      return figures.line(work: work, concurrency: work.readsRows ? 1 : concurrency)
    }
    print(line)
  }
}

enum Work: String, Sendable {
  case read
  case write
  case scatter
  case load
  case page
  case pageBorrowed = "page-borrowed"
  case json

  /// Whether an operation is a row.
  var readsRows: Bool { self == .page || self == .pageBorrowed || self == .json }
}

/// The schema that all drivers are measured on.
enum Schema {
  static func create(_ client: CassandraClient) async throws {
    try await client.query(
      "CREATE KEYSPACE IF NOT EXISTS naturalist WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"
    )
    try await client.query(
      """
      CREATE TABLE IF NOT EXISTS naturalist.animals (genus text, species text, image_url text, size_cm float,
        sightings int, taxonomy list<text>, PRIMARY KEY ((genus), species))
      """)
    try await client.query(
      "CREATE TABLE IF NOT EXISTS naturalist.plants (genus text, species text, sightings int, PRIMARY KEY ((genus), species))"
    )
  }

  static func addAnimal(_ client: CassandraClient) async throws {
    let image = "https://upload.example.org/images/vanellus-cristatus-001.jpg"
    let taxonomy = ["Animalia", "Chordata", "Aves", "Charadriiformes", "Charadriidae"]
    try await client.query(
      """
      INSERT INTO animals (genus, species, image_url, size_cm, sightings, taxonomy)
      VALUES (\("Vanellus"), \("cristatus"), \(image), \(Float(1.5)), \(3), \(taxonomy))
      """)
  }
}

/// An animal as the application knows it.
struct Animal: Sendable {
  var genus: String
  var species: String
  var imageURL: String?
  var sizeCm: Float?
  var sightings: Int?
  var taxonomy: [String]
}

/// What was measured.
struct Figures: Sendable {
  var operations: Int
  var began: Usage
  var ended: Usage
  var latencies: Histogram
  var check = ""

  func line(work: Work, concurrency: Int) -> String {
    let wall = ended.wall - began.wall
    let parts = [
      #""peer":"swift""#, #""version":"0.1.0""#, #""work":"\#(work.rawValue)""#, #""ops":\#(operations)"#,
      #""concurrency":\#(concurrency)"#, #""wall_s":\#(fixed(wall, 3))"#,
      #""ops_per_s":\#(fixed(Double(operations) / wall, 0))"#,
      #""cpu_us_per_op":\#(fixed((ended.cpu - began.cpu) * 1e6 / Double(operations), 3))"#,
      #""p50_us":\#(fixed(latencies.microseconds(atQuantile: 0.5), 1))"#,
      #""p99_us":\#(fixed(latencies.microseconds(atQuantile: 0.99), 1))"#,
      #""peak_rss_mib":\#(fixed(Usage.peakResidentMiB, 1))"#,
    ]
    return "{" + (parts + (check.isEmpty ? [] : [check])).joined(separator: ",") + "}"
  }
}
