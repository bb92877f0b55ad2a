import CassandraWire
import Cassandra
import CassandraAstra
import CassandraTesting
import Foundation
import CassandraReactor
import CassandraTelemetry

/// An emulated Astra database of three nodes, all of them one embedded node, with a table in a keyspace.
struct EmulatedDatabase: Sendable {
  static let keyspace = "naturalist"
  static let table = "CREATE TABLE writes (writer int, number int, PRIMARY KEY (writer, number))"

  let emulator: AstraEmulator
  let node: AstraTarget

  /// Runs `body` with a database.
  static func run(_ body: (EmulatedDatabase) async throws -> Void) async throws {
    try await EmbeddedNode.withNode { node in
      // What the portal does.
      let direct = try ClusterSource.nodes([node.endPoint], localDatacenter: "datacenter1")
      try await CassandraClient.withClient(ClientConfiguration(direct)) { client in
        _ = try await client.query(
          "CREATE KEYSPACE naturalist WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
      }
      let targets = [AstraTarget](repeating: .embedded(node.address), count: 3)
      try await AstraEmulator.withEmulator(AstraConfiguration(nodes: targets)) { emulator in
        try await body(EmulatedDatabase(emulator: emulator, node: targets[0]))
      }
    }
  }

  /// Settings that get in, with waits that suit a test.
  func configuration(
    bundle: AstraEmulator.BundleCertificate = .ordinary, credentials: AstraCredentials? = nil,
    logger: CassandraLogger = .silent
  ) throws -> ClientConfiguration {
    var limits = AstraLimits()
    limits.metadataTimeout = .milliseconds(500)
    let source = try ClusterSource.astra(
      SecureConnectBundle(zip: AstraBundle.zip(emulator.bundleFiles(bundle))),
      credentials: credentials ?? .token(emulator.configuration.token), limits: limits, logger: logger)
    var configuration = ClientConfiguration(source, keyspace: Self.keyspace)
    configuration.resolver = emulator.resolver
    configuration.reconnection = ReconnectionPolicy(first: .milliseconds(10), longest: .milliseconds(200))
    configuration.limits.connectTimeout = .seconds(2)
    configuration.limits.drainTimeout = .milliseconds(100)
    return configuration
  }

  /// Runs `body` with a client on loops of its own; afterwards nothing of it is open.
  func withClient(
    _ configuration: ClientConfiguration, logger: CassandraLogger = .silent,
    _ body: (CassandraClient) async throws -> Void
  ) async throws {
    let loops = try EventLoops(count: 2)
    let result: Result<Void, any Error>
    do {
      result = .success(try await CassandraClient.withClient(configuration, loops: loops, logger: logger, body))
    } catch { result = .failure(error) }
    while await loops.openHandles > 0 { await Task.yield() }
    await loops.shutDown()
    try result.get()
  }
}

extension CassandraError {
  /// What it means where the database is Astra.
  var astra: AstraError? {
    var cause = cause
    while let failure = cause {
      if let failure = failure as? AstraError { return failure }
      cause = (failure as? CassandraError)?.cause
    }
    return nil
  }
}

extension CassandraClient {
  /// Asks the nodes for something small.
  func ping() async throws { _ = try await query("SELECT cluster_name FROM system.local").first(String.self) }

  /// Asks until there is an answer.
  func untilAnswered() async {
    while true {
      do { return try await ping() } catch { await Task.yield() }
    }
  }
}

/// How a call fails, and how long that takes.
func outcome(_ body: () async throws -> Void) async -> (error: CassandraError?, time: Duration) {
  let start = ContinuousClock.now
  do { try await body() } catch { return (error as? CassandraError, ContinuousClock.now - start) }
  return (nil, ContinuousClock.now - start)
}
