internal import CassandraBytes
internal import CassandraWire
internal import Cassandra
internal import CassandraTerminal

/// Makes the keyspace and the tables where they are missing, and puts the rows of the guide into them.
///
/// Safe to run twice: what exists stays as it is. On Astra the keyspace is never made: whoever gave the client has seen to
/// it that it uses one that exists.
struct Initialization {
  let client: CassandraClient
  let keyspace: String
  let datacenter: String?
  let replicationFactor: Int
  let makesKeyspace: Bool
  private let progress: Progress

  init(client: CassandraClient, settings: Settings, progress: Progress = Progress()) {
    self.progress = progress
    self.client = client
    keyspace = settings.keyspace
    datacenter = settings.database.cluster.knownMap?.localDatacenter
    replicationFactor = settings.replicationFactor
    makesKeyspace = settings.astra == nil
  }

  func run() async throws {
    let name = Identifier(keyspace)
    if makesKeyspace { try await makeKeyspace(name) }
    try await change(
      """
      CREATE TABLE IF NOT EXISTS \(name).animals (
        genus text, species text, image_url text, size_cm float, sightings int, taxonomy list<text>,
        PRIMARY KEY ((genus), species))
      """, "table \(keyspace).animals")
    try await change(
      """
      CREATE TABLE IF NOT EXISTS \(name).plants (
        genus text, species text, sightings int,
        PRIMARY KEY ((genus), species))
      """, "table \(keyspace).plants")
    try await addAnimals(name)
    try await addPlants(name)
  }

  /// Roles that may use a keyspace are often not allowed to make one, so it is made only where it is missing.
  private func makeKeyspace(_ name: Identifier) async throws {
    let found = try await client.query(
      "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = \(keyspace)"
    ).first()
    guard found == nil else {
      progress.done("keyspace \(keyspace) exists")
      return
    }
    try await client.query(keyspaceStatement(name), options: QueryOptions(timeout: .seconds(30)))
    progress.done("keyspace \(keyspace) made, with \(replicationFactor) replica(s) in \(datacenter ?? "")")
  }

  private func keyspaceStatement(_ name: Identifier) -> Statement {
    Self.keyspaceStatement(name, datacenter: datacenter ?? "", replicationFactor: replicationFactor)
  }

  /// A statement that changes the schema takes no bound values, so the data centre is a literal with its quotes doubled.
  static func keyspaceStatement(_ name: Identifier, datacenter: String, replicationFactor: Int) -> Statement {
    // By bytes: a quote with a combining mark behind it is another character, and still a quote to a server.
    let quoted = datacenter.split(ascii: "'", omittingEmptySubsequences: false).joined(separator: "''")
    let text = """
      CREATE KEYSPACE IF NOT EXISTS \(name)
      WITH replication = {'class': 'NetworkTopologyStrategy', '\(quoted)': \(replicationFactor)}
      """
    return Statement(unsafeCQL: text)
  }

  private func change(_ statement: Statement, _ what: String) async throws {
    let rows = try await client.query(statement, options: QueryOptions(timeout: .seconds(30)))
    progress.done(rows.schemaChange == nil ? "\(what) exists" : "\(what) made")
  }

  private func addAnimals(_ name: Identifier) async throws {
    var added = 0
    for animal in SampleData.animals {
      let rows = try await client.query(
        """
        INSERT INTO \(name).animals (genus, species, image_url, size_cm, sightings, taxonomy)
        VALUES (\(animal.genus), \(animal.species), \(animal.imageURL), \(animal.sizeCm), \(animal.sightings),
          \(animal.taxonomy)) IF NOT EXISTS
        """)
      if try rows.isApplied == true { added += 1 }
    }
    report("animals", added, of: SampleData.animals.count)
  }

  private func addPlants(_ name: Identifier) async throws {
    var added = 0
    for (index, plant) in SampleData.plants.enumerated() {
      progress.step("plants", index + 1, of: SampleData.plants.count)
      let rows = try await client.query(
        """
        INSERT INTO \(name).plants (genus, species, sightings)
        VALUES (\("Plantago"), \(plant.species), \(plant.sightings)) IF NOT EXISTS
        """)
      if try rows.isApplied == true { added += 1 }
    }
    report("plants", added, of: SampleData.plants.count)
  }

  private func report(_ what: String, _ added: Int, of total: Int) {
    progress.done("\(what): \(added) added, \(total - added) were there")
  }
}
