import CQLWire
import Cassandra
import Reactor
import Telemetry
import Terminal
import Testing
import Web
import WebTesting

@testable import FieldGuide

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The suites that need a database, one test after the other: each makes a keyspace of its own, and changes of the schema
/// at the same time get into each other's way.
@Suite(.serialized, .enabled(if: TestDatabase.endPoint != nil, TestDatabase.comment), .timeLimit(.minutes(3)))
struct DatabaseTests {}

/// The database that the tests may use: `CASSANDRA_TEST_PLAIN=host:port`, without a password and without TLS.
enum TestDatabase {
  static let endPoint: EndPoint? = getenv("CASSANDRA_TEST_PLAIN").flatMap {
    try? EndPoint(parsing: String(cString: $0))
  }

  /// Why the suites that need a database are skipped.
  static let comment: Comment = "CASSANDRA_TEST_PLAIN=host:port names no Cassandra"

  /// Settings that point at a node, with a keyspace of that name.
  static func settings(_ points: [String], keyspace: String) throws -> Settings {
    let environment = [
      "CASSANDRA_CONTACT_POINTS": points.joined(separator: ","), "CASSANDRA_LOCAL_DATACENTER": "datacenter1",
      "CASSANDRA_KEYSPACE": keyspace,
    ]
    return try Settings(SettingsSource(file: "/dev/null", environment: environment))
  }

  /// Runs `body` with a keyspace's name that nothing else uses, and drops the keyspace afterwards.
  static func withKeyspace(_ body: (String) async throws -> Void) async throws {
    let name = "guide_\(UInt64.random(in: 0...UInt64.max))"
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await body(name)) } catch { outcome = .failure(error) }
    try await withClient { try await $0.query("DROP KEYSPACE IF EXISTS \(Identifier(name))") }
    try outcome.get()
  }

  /// A client without a keyspace.
  static func withClient(_ body: (CassandraClient) async throws -> Void) async throws {
    let point = try #require(endPoint)
    let cluster = try ClusterSource.nodes([point.description], localDatacenter: "datacenter1")
    try await CassandraClient.withClient(ClientConfiguration(cluster), body)
  }

  /// Tries again when the database did not confirm a write in time: a small one on a busy machine, which is not what is
  /// being tested. For what may be done twice.
  static func patiently(_ body: () async throws -> Void) async throws {
    for _ in 0..<5 {
      do { return try await body() } catch let error as CassandraError where error.code == .writeTimeout { continue }
    }
    try await body()
  }

  /// What `fieldguide init` does.
  static func initialize(_ settings: Settings) async throws {
    var database = settings.database
    database.keyspace = nil
    try await CassandraClient.withClient(database) { client in
      try await patiently { try await Initialization(client: client, settings: settings, progress: .silent).run() }
    }
  }
}

/// The API while it is being tested.
struct RunningAPI: Sendable {
  let address: SocketAddress

  /// Runs the API on loops of its own around `body`, which runs on another loop.
  static func run(
    _ settings: Settings, loops count: Int = 2, log: Log = Log(),
    _ body: @escaping @Sendable (RunningAPI) async throws -> Void
  ) async throws {
    var configuration = ServerConfiguration()
    configuration.address = .loopback(port: 0)
    configuration.shutdownTimeout = .seconds(60)
    let loops = try EventLoops(count: count)
    let logger = Logger(label: "test", level: .debug, sink: log)
    let service = try Service(settings: settings, configuration: configuration, loops: loops, logger: logger)
    let listening = Promise<SocketAddress>()
    let end = Promise<Void>()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { listening.cancel() }
        try await service.run(onListening: { listening.send($0) }, until: { await end.value })
      }
      if let address = await listening.value {
        do {
          try await EventLoops.shared[0].run { try await body(RunningAPI(address: address)) }
        } catch {
          Issue.record(error)
        }
      }
      end.send()
      try await group.waitForAll()
    }
    #expect(await loops.openHandles == 0)
    await loops.shutDown()
  }

  /// Connects.
  func client() async throws -> RawClient { try await RawClient.connect(to: address) }

  /// Asks on a connection of its own.
  func get(_ path: String) async throws -> Reply {
    let client = try await client()
    defer { client.close() }
    client.request("GET \(path)")
    return try await client.reply()
  }

  /// Posts an animal, or what is to be taken for one.
  func post(_ body: String, type: String? = "application/json") async throws -> Reply {
    let client = try await client()
    defer { client.close() }
    let fields = "Content-Length: \(body.utf8.count)\r\n" + (type.map { "Content-Type: \($0)\r\n" } ?? "")
    client.send("POST /animal HTTP/1.1\r\nHost: test\r\n\(fields)\r\n\(body)")
    return try await client.reply()
  }

  /// Asks again until the answer has that status.
  func wait(for status: Int, at path: String) async throws -> Reply {
    let client = try await client()
    defer { client.close() }
    while true {
      client.request("GET \(path)")
      let reply = try await client.reply()
      if reply.status == status { return reply }
    }
  }
}
