@testable import CQLEngine
import CassandraWire
import Testing

@Suite("The tables of Field Guide", .timeLimit(.minutes(10)))
struct NaturalistTests {
  static let definitions = [
    "CREATE KEYSPACE naturalist WITH replication = {'class': 'NetworkTopologyStrategy', 'datacenter1': 1}",
    "USE naturalist",
    """
    CREATE TABLE animals (genus text, species text, image_url text, size_cm float, sightings int, taxonomy list<text>,
      PRIMARY KEY ((genus), species))
    """,
    "CREATE TABLE plants (genus text, species text, sightings int, PRIMARY KEY ((genus), species))",
  ]

  static func node() async throws -> TestNode {
    let node = try await TestNode()
    for definition in definitions { try await node.run(definition) }
    return node
  }

  @Test("are written and read by prepared statements")
  func animals() async throws {
    let node = try await Self.node()
    let insert = try node.prepare(
      "INSERT INTO animals (genus, species, image_url, size_cm, sightings, taxonomy) VALUES (?, ?, ?, ?, ?, ?)")
    #expect(
      insert.parameters.columns.map(\.name) == ["genus", "species", "image_url", "size_cm", "sightings", "taxonomy"])
    #expect(insert.parameters.partitionKeyIndexes == [0])
    _ = try await node.execute(
      insert,
      [
        try .of("Vulpes", .text), try .of("vulpes", .text), .null, try .of(Float(62.5), .float), try .of(7, .int),
        try .of(["Animalia", "Chordata"], .list(.text)),
      ])
    let select = try node.prepare("SELECT * FROM animals WHERE genus = ? AND species = ?")
    let page = try await node.execute(
      select, [try .of("Vulpes", .text), try .of("vulpes", .text)], skipsMetadata: true)
    #expect(page.text == "'Vulpes' 'vulpes' null 7 62.5 ['Animalia', 'Chordata']")
    #expect(page.metadata.columns == nil)
    let other = try await node.execute(select, [try .of("Vulpes", .text), try .of("lagopus", .text)])
    #expect(other.rows.isEmpty)
  }

  @Test("are paged by any number of rows, with the same rows", arguments: [1, 2, 7, 5_000] as [Int32])
  func plants(pageSize: Int32) async throws {
    let node = try await Self.node()
    for index in 0..<20 {
      try await node.run(
        "INSERT INTO plants (genus, species, sightings) VALUES ('Quercus', 's\(100 + index)', \(index))")
    }
    let select = try node.prepare("SELECT species, sightings FROM plants WHERE genus = ?")
    var rows: [String] = []
    var state: [UInt8]?
    repeat {
      let page = try await node.execute(select, [try .of("Quercus", .text)], pageSize: pageSize, state: state)
      #expect(page.rows.count <= pageSize)
      rows += page.rows.map { $0.map(\.description).joined(separator: " ") }
      state = page.state
    } while state != nil
    #expect(rows == (0..<20).map { "'s\(100 + $0)' \($0)" })
  }

  @Test("are known to a client that has prepared a statement before they changed")
  func changes() async throws {
    let node = try await Self.node()
    try await node.run("INSERT INTO plants (genus, species, sightings) VALUES ('Acer', 'rubrum', 1)")
    let select = try node.prepare("SELECT * FROM plants WHERE genus = 'Acer'")
    try await node.run("ALTER TABLE plants ADD note text")
    await #expect(throws: EngineFailure.self) { try await node.execute(select, [], skipsMetadata: true) }
    // One client has prepared it again; another knows the old columns still.
    _ = try node.prepare("SELECT * FROM plants WHERE genus = 'Acer'")
    let page = try await node.execute(select, [], skipsMetadata: true)
    #expect(page.metadata.newMetadataID != nil)
    #expect(page.metadata.newMetadataID != select.resultMetadataID)
    #expect(page.text == "'Acer' 'rubrum' null 1")
    try await node.run("TRUNCATE plants")
    #expect(try await node.execute(select, []).rows.isEmpty)
  }
}
