import CassandraReactor
import CassandraTesting
import CassandraWire
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What becomes of prepared statements when what they are about is changed: the same as in a Cassandra.
///
/// `CASSANDRA_TEST_PLAIN=host:port` says where one is. What it answered stands in the files of the folder `Prepared`, and
/// is written there with `DIFFERENTIAL_RECORD=1`.
@Suite(.serialized, .timeLimit(.minutes(5))) struct PreparedChangeTests {
  /// The statements that are prepared, by name.
  private static let statements = [
    ("all", "SELECT * FROM h_prepared.t WHERE k = ?"), ("one", "SELECT k, a FROM h_prepared.t WHERE k = ?"),
    ("insert", "INSERT INTO h_prepared.t (k, a) VALUES (?, 1)"), ("other", "SELECT * FROM h_prepared.o WHERE k = ?"),
    ("typed", "SELECT u FROM h_prepared.y WHERE k = ?"), ("view", "SELECT * FROM h_prepared.w WHERE k = ?"),
  ]

  private static let setUp = [
    "DROP KEYSPACE IF EXISTS h_prepared",
    "CREATE KEYSPACE h_prepared WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
    "CREATE TYPE h_prepared.u (f int)", "CREATE TABLE h_prepared.t (k int PRIMARY KEY, a int)",
    "CREATE TABLE h_prepared.o (k int PRIMARY KEY, a int)",
    "CREATE TABLE h_prepared.y (k int PRIMARY KEY, u frozen<u>)",
    "CREATE MATERIALIZED VIEW h_prepared.w AS SELECT * FROM h_prepared.t WHERE k IS NOT NULL AND a IS NOT NULL "
      + "PRIMARY KEY (k, a)", "INSERT INTO h_prepared.t (k, a) VALUES (0, 1)",
    "INSERT INTO h_prepared.o (k, a) VALUES (0, 1)", "INSERT INTO h_prepared.y (k, u) VALUES (0, {f: 1})",
  ]

  /// The changes, after each of which all statements are executed.
  private static let changes = [
    "ALTER TABLE h_prepared.t WITH comment = 'x'", "ALTER TABLE h_prepared.t ADD b int",
    "CREATE INDEX i ON h_prepared.t (a)",
    "DROP INDEX h_prepared.i", "ALTER TABLE h_prepared.t RENAME k TO key", "ALTER TABLE h_prepared.t RENAME key TO k",
    "ALTER TYPE h_prepared.u ADD g int", "TRUNCATE h_prepared.t", "DROP MATERIALIZED VIEW h_prepared.w",
    "ALTER TABLE h_prepared.t DROP b", "ALTER TABLE h_prepared.t DROP a", "DROP TABLE h_prepared.t",
    "CREATE TABLE h_prepared.t (k int PRIMARY KEY, a text)",
    "ALTER KEYSPACE h_prepared WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1} AND "
      + "durable_writes = true",
  ]

  private static func path(_ version: ProtocolVersion) -> String {
    "\(CorpusFile.folder)/../Prepared/v\(version.rawValue).txt"
  }

  @Test(arguments: [ProtocolVersion.v4, .v5])
  func theNodeForgetsWhatCassandraForgets(version: ProtocolVersion) async throws {
    try await EmbeddedNode.withNode { node in
      let found = try await WireClient.busyLoop.run { try await Self.lines(at: node.address, version) }
      let expected = try CorpusFile.read(Self.path(version))
      #expect(found + "\n" == expected, "\(found)")
    }
  }

  @Test(
    .enabled(if: cassandraAddress != nil, "CASSANDRA_TEST_PLAIN=host:port says where a Cassandra is"),
    arguments: [ProtocolVersion.v4, .v5])
  func cassandraForgets(version: ProtocolVersion) async throws {
    let cassandra = try #require(cassandraAddress)
    let found = try await WireClient.busyLoop.run { try await Self.lines(at: cassandra, version) }
    if getenv("DIFFERENTIAL_RECORD") != nil {
      try CorpusFile.write(found + "\n", to: Self.path(version))
      return
    }
    let expected = try CorpusFile.read(Self.path(version))
    #expect(found + "\n" == expected, "\(found)")
  }

  /// What was prepared.
  private struct Known {
    var id: [UInt8]
    var metadataID: [UInt8]?
  }

  private static func lines(at address: SocketAddress, _ version: ProtocolVersion) async throws -> String {
    let client = try await WireClient.ready(to: address, version: version)
    defer { client.close() }
    for text in setUp { try await change(text, on: client) }
    var known: [Known?] = []
    for (_, text) in statements { known.append(try await prepare(text, on: client)) }
    var lines: [String] = []
    for text in changes {
      try await change(text, on: client)
      var parts: [String] = []
      for (index, (name, statement)) in statements.enumerated() {
        guard let old = known[index] else { continue }
        var answer = try await execute(old, on: client)
        if answer == "unprepared" {
          // As a driver does: it prepares the statement again, and another client executes with what it knew.
          let new = try await prepare(statement, on: client)
          guard let new else {
            parts.append("\(name): unprepared, refused")
            known[index] = nil
            continue
          }
          answer += new.id == old.id ? "" : ", other id"
          if let then = new.metadataID, let before = old.metadataID {
            answer += then == before ? ", same metadata" : ", other metadata"
          }
          answer += ", \(try await execute(Known(id: new.id, metadataID: old.metadataID), on: client))"
          known[index] = new
        }
        parts.append("\(name): \(answer)")
      }
      lines.append("\(text.replacing("h_prepared.", with: "")) -> \(parts.joined(separator: "; "))")
    }
    try await change("DROP KEYSPACE h_prepared", on: client)
    return lines.joined(separator: "\n")
  }

  private static func change(_ text: String, on client: WireClient) async throws {
    if case .error(let error) = try await client.query(text).message {
      throw WireClient.Failure(description: "\(text): \(error.message)")
    }
  }

  private static func prepare(_ text: String, on client: WireClient) async throws -> Known? {
    guard case .result(.prepared(let prepared)) = try await client.ask(.prepare(text, keyspace: nil)).message else {
      return nil
    }
    return Known(id: prepared.id, metadataID: prepared.resultMetadataID)
  }

  private static func execute(_ known: Known, on client: WireClient) async throws -> String {
    var parameters = QueryParameters(consistency: .one, skipsMetadata: true)
    parameters.values = .positional([.bytes([0, 0, 0, 0])])
    let answer = try await client.ask(.execute(id: known.id, resultMetadataID: known.metadataID, parameters))
    switch answer.message {
    case .error(let error): return error.code == .unprepared ? "unprepared" : "error \(error.code)"
    case .result(.rows(let rows)):
      // Whether a client before v5 gets the columns that it knows is another matter: of the node it does when others have
      // prepared the statement since then.
      guard rows.metadata.newMetadataID != nil else { return "rows of \(rows.metadata.columnCount)" }
      return "changed to \(rows.metadata.columns.map { $0.map(\.name).joined(separator: ",") } ?? "none")"
    case .result(.void): return "void"
    default: return "\(answer.message)"
    }
  }
}
