import CQLNode
import CassandraWire
import Cassandra
import CassandraTesting
import Foundation
import CassandraReactor
import CassandraTelemetry
import CassandraTerminal
import Testing

@testable import FieldGuide

/// The suites that need a database, one test after the other: each makes a keyspace of its own, and changes of the schema
/// at the same time get into each other's way.
@Suite(.serialized, .timeLimit(.minutes(5))) struct DatabaseTests {}

/// A kind of database that the tests use.
///
/// | variable | what it names |
/// |---|---|
/// | `CASSANDRA_TEST_PLAIN` | `host:port` of a Cassandra without a password and without TLS |
/// | `CASSANDRA_TEST_ASTRA` | `host:port`, with commas between, of the nodes of a Cassandra that wants a password and a certificate; an emulated Astra stands before them |
/// | `CASSANDRA_TEST_ASTRA_CERTIFICATES` | the folder of its `ca.pem`, `client.pem` and `client.key` |
///
/// An emulated Astra database in front of a node in the process is always there.
enum TestDatabase: Sendable, CustomTestStringConvertible {
  case cassandra(EndPoint)
  case astra
  case astraOnCassandra([EndPoint], certificates: String)

  static let all: [TestDatabase] = [.astra] + cassandras

  /// Those of one node, so that one way can be cut.
  static let ofOneNode = all.filter {
    if case .astraOnCassandra(let points, _) = $0 { return points.count == 1 }
    return true
  }

  private static let cassandras: [TestDatabase] = {
    var found: [TestDatabase] = []
    found += points("CASSANDRA_TEST_PLAIN").prefix(1).map { .cassandra($0) }
    let behind = points("CASSANDRA_TEST_ASTRA")
    if !behind.isEmpty, let certificates = variable("CASSANDRA_TEST_ASTRA_CERTIFICATES") {
      found.append(.astraOnCassandra(behind, certificates: certificates))
    }
    return found
  }()

  private static func variable(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  private static func points(_ name: String) -> [EndPoint] {
    (variable(name) ?? "").split(separator: ",").compactMap { try? EndPoint(parsing: String($0)) }
  }

  var testDescription: String {
    switch self {
    case .cassandra: "Cassandra"
    case .astra: "Astra, emulated, on a node of our own"
    case .astraOnCassandra(let points, _): "Astra, emulated, on \(points.count) node(s) of a Cassandra"
    }
  }

  /// Tries again when the database did not confirm a write in time: a small one on a busy machine, which is not what is
  /// being tested. For what may be done twice.
  static func patiently(_ body: () async throws -> Void) async throws {
    for _ in 0..<5 {
      do { return try await body() } catch let error as CassandraError where error.code == .writeTimeout { continue }
    }
    try await body()
  }
}

extension TestDatabase {
  /// Runs `body` with the database.
  func run(_ body: @escaping @Sendable (RunningDatabase) async throws -> Void) async throws {
    switch self {
    case .cassandra(let point):
      let direct = ClientConfiguration(try .nodes([point.description], localDatacenter: RunningDatabase.datacenter))
      let address = try await Self.address(of: point)
      try await body(RunningDatabase(isAstra: false, addresses: [address], direct: direct) { .cassandra($0) })
    case .astra:
      try await EmbeddedNode.withNode { node in
        let direct = ClientConfiguration(try .nodes([node.endPoint], localDatacenter: RunningDatabase.datacenter))
        try await body(
          RunningDatabase(isAstra: true, addresses: [node.address], direct: direct) { .embedded($0) })
      }
    case .astraOnCassandra(let points, let certificates):
      let credentials = Credentials(username: "cassandra", password: Secret("cassandra"))
      let tls = try Self.tls(certificates)
      var direct = ClientConfiguration(
        try .nodes(points.map(\.description), localDatacenter: RunningDatabase.datacenter), credentials: credentials,
        tls: tls)
      direct.limits.connectTimeout = .seconds(30)
      var addresses: [SocketAddress] = []
      for point in points { addresses.append(try await Self.address(of: point)) }
      // Nodes carry their own address and this name in their certificates.
      let client = tls.client(verifying: "localhost")
      try await body(
        RunningDatabase(isAstra: true, addresses: addresses, direct: direct) {
          .cassandra($0, tls: client, credentials: (credentials.username, credentials.password))
        })
    }
  }

  private static func address(of point: EndPoint) async throws -> SocketAddress {
    let loop = EventLoops.shared[0]
    return try await loop.run { try await loop.resolve(point.host, port: point.port)[0] }
  }

  private static func tls(_ folder: String) throws -> TLSClientContext {
    func pem(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))) }
    return try TLSClientContext(
      trust: .authorities(pem: pem("ca.pem")),
      identity: TLSIdentity(certificateChain: pem("client.pem"), privateKey: pem("client.key")))
  }
}

/// A database while tests use it.
struct RunningDatabase: Sendable {
  static let datacenter = "datacenter1"

  /// Whether an emulated Astra stands before it.
  let isAstra: Bool
  /// Where its nodes are.
  let addresses: [SocketAddress]
  /// How to reach the nodes themselves.
  private let direct: ClientConfiguration
  private let target: @Sendable (SocketAddress) -> AstraTarget

  init(
    isAstra: Bool, addresses: [SocketAddress], direct: ClientConfiguration,
    target: @escaping @Sendable (SocketAddress) -> AstraTarget
  ) {
    self.isAstra = isAstra
    self.addresses = addresses
    self.direct = direct
    self.target = target
  }

  /// Runs `body` with settings that lead to the database, with a keyspace's name that nothing else uses; drops the
  /// keyspace afterwards.
  ///
  /// - Parameters:
  ///   - cassandra: Where the nodes seem to be, for a way that can be cut; where they are by default.
  ///   - makesKeyspace: Whether the portal has made the keyspace, where there is a portal.
  func withSettings(
    through addresses: [SocketAddress]? = nil, makesKeyspace: Bool = true,
    _ body: @escaping @Sendable (Settings) async throws -> Void
  ) async throws {
    let name = "guide_\(UInt64.random(in: 0...UInt64.max))"
    if isAstra && makesKeyspace { try await makeKeyspace(name) }
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await lead(to: addresses ?? self.addresses, name, body)) } catch {
      outcome = .failure(error)
    }
    try await withClient { try await $0.query("DROP KEYSPACE IF EXISTS \(Identifier(name))") }
    try outcome.get()
  }

  private func lead(
    to addresses: [SocketAddress], _ keyspace: String, _ body: @escaping @Sendable (Settings) async throws -> Void
  ) async throws {
    let folder = try SettingsFolder()
    guard isAstra else {
      return try await body(
        try folder.settings(
          """
          CASSANDRA_CONTACT_POINTS=\(addresses.map(\.description).joined(separator: ","))
          CASSANDRA_LOCAL_DATACENTER=\(Self.datacenter)
          CASSANDRA_KEYSPACE=\(keyspace)
          """))
    }
    try await withEmulator(at: addresses, keyspace: keyspace) { emulator in
      try await body(try folder.settings(for: emulator))
    }
  }

  /// Runs `body` with an emulated Astra database in front of nodes at these addresses.
  ///
  /// - Parameter nodes: How many nodes it seems to have, at least; one for each address by default.
  func withEmulator(
    at addresses: [SocketAddress]? = nil, keyspace: String, nodes: Int = 1,
    _ body: @escaping @Sendable (AstraEmulator) async throws -> Void
  ) async throws {
    let places = addresses ?? self.addresses
    let targets = (0..<max(nodes, places.count)).map { target(places[$0 % places.count]) }
    var configuration = AstraConfiguration(nodes: targets)
    configuration.keyspace = keyspace
    configuration.localDatacenter = Self.datacenter
    try await AstraEmulator.withEmulator(configuration, body)
  }

  /// A client of the nodes themselves, without a keyspace.
  func withClient(_ body: (CassandraClient) async throws -> Void) async throws {
    try await CassandraClient.withClient(direct, body)
  }

  /// What the portal does, or anyone who may.
  func makeKeyspace(_ name: String) async throws {
    try await withClient { client in
      try await client.query(
        """
        CREATE KEYSPACE IF NOT EXISTS \(Identifier(name))
        WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}
        """, options: QueryOptions(timeout: .seconds(30)))
    }
  }
}

extension SettingsFolder {
  /// Settings that lead to an emulated Astra database, by the zip file of its bundle.
  func settings(for emulator: AstraEmulator) throws -> Settings { try settings(try text(for: emulator)) }

  /// The text of such settings; the bundle is beside them.
  func text(
    for emulator: AstraEmulator, certificate: AstraEmulator.BundleCertificate = .ordinary
  ) throws -> String {
    try emulator.writeBundle(to: "\(path)/bundle.zip", certificate: certificate)
    return """
      ASTRA_DB_SECURE_BUNDLE_PATH=bundle.zip
      ASTRA_DB_APPLICATION_TOKEN=\(emulator.configuration.token.reveal())
      ASTRA_DB_KEYSPACE=\(emulator.configuration.keyspace)

      """
  }
}

/// What `fieldguide init` does.
func initialize(_ settings: Settings) async throws {
  try await TestDatabase.patiently { try await FieldGuide.prepare(settings, progress: .silent) }
}
