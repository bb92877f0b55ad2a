import CassandraWire
import Cassandra
import CassandraAstra
import CassandraTesting
import Foundation
import CassandraReactor
import CassandraTelemetry
import Testing

/// Three nodes of Cassandra with passwords and mutual TLS behind the emulator's proxy, named by the environment:
/// `CASSANDRA_TEST_CLUSTER=127.0.0.1:port` (the others at 127.0.0.2 and 127.0.0.3), its certificates in
/// `CASSANDRA_TEST_CLUSTER_CERTIFICATES`, and a program that kills and restarts nodes in `CASSANDRA_TEST_CONTROL`.
@Suite(
  .enabled(
    if: RealCluster.isNamed,
    "CASSANDRA_TEST_CLUSTER, CASSANDRA_TEST_CLUSTER_CERTIFICATES and CASSANDRA_TEST_CONTROL name no cluster"),
  .serialized, .timeLimit(.minutes(5)))
struct AstraClusterTests {
  /// What is done to the cluster: with the emulator, and with the nodes themselves.
  struct Trouble: Sendable, CustomTestStringConvertible {
    var name: String
    var apply: @Sendable (AstraEmulator) async throws -> Void
    var restore: @Sendable (AstraEmulator) async throws -> Void = { _ in }
    var testDescription: String { name }
  }

  static let troubles = [
    Trouble(name: "the proxy loses a node") { await $0.kill(1) },
    Trouble(
      name: "a node's process is killed", apply: { _ in try await RealCluster.control("kill", 2) },
      restore: { _ in try await RealCluster.control("restart", 2) }),
    Trouble(name: "all host ids change") { await $0.rotateIDs() },
    Trouble(name: "the proxy moves to another address") { try await $0.moveProxy(to: "127.0.0.2") },
  ]

  @Test(arguments: troubles) func noAcknowledgedWriteIsLost(_ trouble: Trouble) async throws {
    try await RealCluster.run { emulator in
      let database = EmulatedDatabase(emulator: emulator, node: emulator.configuration.nodes[0])
      var configuration = try database.configuration()
      configuration.keyspace = RealCluster.keyspace
      configuration.limits.connectTimeout = .seconds(5)
      try await database.withClient(configuration) { client in
        try await client.query("TRUNCATE writes")
        let load = WriteLoad(writers: 16)
        let recovered = try await load.run(
          on: client, acknowledged: 500, during: { try await trouble.apply(emulator) }, andThen: 1000)
        load.report("Cassandra behind it: \(trouble.name)", recovered: recovered)
        try await trouble.restore(emulator)
        try await load.expectNothingIsMissing(client)
      }
    }
  }

  @Test func theNodesAreSeenThroughTheProxyOnly() async throws {
    try await RealCluster.run { emulator in
      let database = EmulatedDatabase(emulator: emulator, node: emulator.configuration.nodes[0])
      try await database.withClient(try database.configuration()) { client in
        var all: [(CQLUUID, CQLInet)] = []
        // Each request may go to another node, which tells of itself in one table and of the others in the other.
        for _ in 0..<64 where Set(all.map(\.0)).count < emulator.hostIDs.count {
          for table in ["local", "peers"] {
            let text: String = "SELECT host_id, rpc_address FROM system.\(table)"
            let rows = try await client.query(Statement(unsafeCQL: text))
            for try await row in rows.decode((CQLUUID, CQLInet).self) { all.append(row) }
          }
        }
        #expect(Set(all.map(\.0)) == Set(emulator.hostIDs.values))
        #expect(all.allSatisfy { $0.1.description.hasPrefix("172.30.") }, "\(all)")
      }
    }
  }
}

/// The cluster that the environment names.
enum RealCluster {
  static let keyspace = "emulated"
  private static func variable(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  static let isNamed =
    variable("CASSANDRA_TEST_CLUSTER") != nil && variable("CASSANDRA_TEST_CLUSTER_CERTIFICATES") != nil
    && variable("CASSANDRA_TEST_CONTROL") != nil

  private static func endPoint() throws -> EndPoint { try EndPoint(parsing: variable("CASSANDRA_TEST_CLUSTER") ?? "") }

  private static func pem(_ name: String) throws -> [UInt8] {
    let folder = URL(filePath: variable("CASSANDRA_TEST_CLUSTER_CERTIFICATES") ?? ".")
    return Array(try Data(contentsOf: folder.appending(path: name)))
  }

  /// Runs the program that controls the nodes, and waits for its end.
  static func control(_ command: String, _ node: Int) async throws {
    let arguments = [command, "\(node)", "--port", "\(try endPoint().port)"]
    let path = variable("CASSANDRA_TEST_CONTROL") ?? ""
    let status = await withCheckedContinuation { (done: CheckedContinuation<Int32, Never>) in
      DispatchQueue.global().async { done.resume(returning: runProgram(path, arguments)) }
    }
    try #require(status == 0, "\(command) failed")
  }

  /// Runs `body` with an emulator before the three nodes; the role is the token's, the keyspace has three replicas.
  static func run(_ body: (AstraEmulator) async throws -> Void) async throws {
    let point = try endPoint()
    let context = try TLSClientContext(
      trust: .authorities(pem: try pem("ca.pem")),
      identity: TLSIdentity(certificateChain: try pem("client.pem"), privateKey: try pem("client.key")))
    let token = AstraConfiguration.makeToken()
    let targets = try (1...3).map { number in
      let host = "127.0.0.\(number)"
      return AstraTarget.cassandra(
        try SocketAddress(host, port: point.port), tls: context.client(verifying: host), credentials: ("token", token))
    }
    var direct = ClientConfiguration(try .nodes([point.description], localDatacenter: "datacenter1"))
    direct.tls = context
    direct.credentials = Credentials(username: "cassandra", password: Secret("cassandra"))
    direct.limits.connectTimeout = .seconds(30)
    try await CassandraClient.withClient(direct) { client in
      let password = token.reveal()
      for statement in [
        "CREATE KEYSPACE IF NOT EXISTS emulated WITH replication = "
          + "{'class': 'NetworkTopologyStrategy', 'datacenter1': 3}",
        "CREATE KEYSPACE IF NOT EXISTS naturalist WITH replication = "
          + "{'class': 'NetworkTopologyStrategy', 'datacenter1': 3}",
        "ALTER KEYSPACE system_auth WITH replication = {'class': 'NetworkTopologyStrategy', 'datacenter1': 3}",
        "CREATE TABLE IF NOT EXISTS emulated.writes (writer int, number int, PRIMARY KEY (writer, number))",
        "DROP ROLE IF EXISTS 'token'",
        "CREATE ROLE 'token' WITH PASSWORD = '\(password)' AND LOGIN = true AND SUPERUSER = true",
      ] { _ = try await client.query(Statement(unsafeCQL: statement), options: QueryOptions(timeout: .seconds(60))) }
    }
    var configuration = AstraConfiguration(nodes: targets)
    configuration.token = token
    try await AstraEmulator.withEmulator(configuration, body)
  }
}

/// Runs a program and gives what `waitpid` says of it. Foundation's `Process` takes a program for running as long as one
/// that it has started in the background, such as the node.
private func runProgram(_ path: String, _ arguments: [String]) -> Int32 {
  var child = pid_t()
  var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
  words.append(nil)
  defer { for word in words { free(word) } }
  guard posix_spawn(&child, path, nil, nil, words, environ) == 0 else { return -1 }
  var status: Int32 = 0
  while waitpid(child, &status, 0) == -1 && errno == EINTR {}
  return status
}
