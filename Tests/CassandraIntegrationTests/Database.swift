import CassandraWire
import Cassandra
import Foundation
import CassandraReactor
import CassandraTelemetry
import Testing

/// A database that the environment names, and the version of the protocol to speak to it.
///
/// | variable | what it names |
/// |---|---|
/// | `CASSANDRA_TEST_PLAIN` | `host:port` without TLS and password |
/// | `CASSANDRA_TEST_PASSWORD` | `host:port` with the user `cassandra` and the password `cassandra` |
/// | `CASSANDRA_TEST_TLS` | `host:port` with TLS |
/// | `CASSANDRA_TEST_MTLS` | `host:port` with TLS that asks for a certificate, and that may ask for this user and password, too |
/// | `CASSANDRA_TEST_TLS_CERTIFICATES`, `CASSANDRA_TEST_MTLS_CERTIFICATES` | the folders of their `ca.pem`, and of `client.pem` and `client.key`; `CASSANDRA_TEST_CERTIFICATES` for both |
/// | `CASSANDRA_TEST_KILLABLE` | `host:port` of one that may be killed, by… |
/// | `CASSANDRA_TEST_CONTROL` | …a program that takes `kill 1 --port P` and `restart 1 --port P` |
/// | `CASSANDRA_TEST_DATACENTER` | the name of the data centre, `datacenter1` by default |
/// | `SIMULACRON_TEST` | `host:port` of the administration of simulated clusters |
struct Database: Sendable, CustomTestStringConvertible {
  enum Security: String, CaseIterable, Sendable {
    case plain = "CASSANDRA_TEST_PLAIN"
    case password = "CASSANDRA_TEST_PASSWORD"
    case tls = "CASSANDRA_TEST_TLS"
    case mutualTLS = "CASSANDRA_TEST_MTLS"
  }

  var security: Security
  var version: ProtocolVersion
  var address: String

  var testDescription: String { "\(security) \(version)" }

  /// All that the environment names, each with both versions.
  static let all: [Database] = Security.allCases.flatMap { Database.both($0) }

  static func both(_ security: Security) -> [Database] {
    guard let address = variable(security.rawValue) else { return [] }
    return [.v4, .v5].map { Database(security: security, version: $0, address: address) }
  }

  static let anyReason = Comment(
    rawValue: "no database: none of \(Security.allCases.map(\.rawValue).joined(separator: ", ")) is set")

  static func variable(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  static let datacenter = variable("CASSANDRA_TEST_DATACENTER") ?? "datacenter1"
  static let credentials = Credentials(username: "cassandra", password: Secret("cassandra"))

  var certificates: URL {
    let own = security == .mutualTLS ? "CASSANDRA_TEST_MTLS_CERTIFICATES" : "CASSANDRA_TEST_TLS_CERTIFICATES"
    return URL(filePath: Self.variable(own) ?? Self.variable("CASSANDRA_TEST_CERTIFICATES") ?? ".")
  }

  func pem(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: certificates.appending(path: name))) }

  /// A configuration that gets in.
  func configuration(keyspace: String? = nil) throws -> ClientConfiguration {
    var configuration = ClientConfiguration(
      try .nodes([address], localDatacenter: Self.datacenter), keyspace: keyspace)
    configuration.protocolVersion = version
    // A machine that runs several databases and all suites at once may need its time.
    configuration.limits.connectTimeout = .seconds(30)
    switch security {
    case .plain: break
    case .password: configuration.credentials = Self.credentials
    case .tls: configuration.tls = try TLSClientContext(trust: .authorities(pem: try pem("ca.pem")))
    case .mutualTLS:
      configuration.credentials = Self.credentials
      configuration.tls = try TLSClientContext(
        trust: .authorities(pem: try pem("ca.pem")),
        identity: TLSIdentity(certificateChain: try pem("client.pem"), privateKey: try pem("client.key")))
    }
    return configuration
  }
}

/// The keyspace of a suite, made anew once for each database, because a change of the schema takes its time.
actor Keyspace {
  let name: String
  private let definitions: [String]
  private var made: [String: Task<Void, any Error>] = [:]

  init(_ name: String, _ definitions: [String]) {
    self.name = name
    self.definitions = definitions
  }

  private func make(on database: Database) async throws {
    let task =
      made[database.address]
      ?? Task { [name, definitions] in
        let patient = QueryOptions(timeout: .seconds(30))
        try await CassandraClient.withClient(try database.configuration()) { client in
          let keyspace = Identifier(name)
          try await client.query("DROP KEYSPACE IF EXISTS \(keyspace)", options: patient)
          try await client.query(
            "CREATE KEYSPACE \(keyspace) WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
            options: patient)
          for definition in definitions {
            let text = definition.replacingOccurrences(of: "KEYSPACE.", with: "\(name).")
            let rows = try await client.query(Statement(unsafeCQL: text), options: patient)
            #expect(rows.isSchemaAgreed == true)
          }
        }
      }
    made[database.address] = task
    try await task.value
  }

  /// Runs `body` with a client of the database in this keyspace.
  nonisolated func withClient(
    _ database: Database, logger: CassandraLogger = .silent,
    configure: (inout ClientConfiguration) throws -> Void = { _ in },
    _ body: (CassandraClient) async throws -> Void
  ) async throws {
    try await make(on: database)
    var configuration = try database.configuration(keyspace: name)
    try configure(&configuration)
    try await CassandraClient.withClient(configuration, logger: logger) { try await body($0) }
  }
}

/// The error of a call, or a failure of the test.
func failure(_ body: () async throws -> Void) async throws -> CassandraError {
  do { try await body() } catch let error as CassandraError { return error }
  Issue.record("nothing was thrown")
  throw CancellationError()
}

/// Keeps log lines.
final class RecordingSink: LogSink {
  private let lines = Locked<[LogRecord]>([])
  var messages: [String] { lines.withLock { $0.map(\.message) } }
  func write(_ record: LogRecord) { lines.withLock { $0.append(record) } }
}
