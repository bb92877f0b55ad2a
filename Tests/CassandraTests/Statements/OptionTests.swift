import CassandraWire
import CassandraTelemetry
import Testing

@testable import Cassandra

@Suite struct OptionTests {
  @Test func theCallGoesBeforeTheProfileAndTheProfileBeforeTheDefaults() throws {
    let client = QueryOptions(consistency: .one, pageSize: 10, timeout: .seconds(1), tracing: true)
    let profile = QueryOptions(consistency: .quorum, pageSize: 20)
    let call = QueryOptions(pageSize: 30, isIdempotent: true)
    let resolved = try ResolvedOptions(client.overridden(by: profile).overridden(by: call))
    #expect(resolved.consistency == .quorum)
    #expect(resolved.pageSize == 30)
    #expect(resolved.timeout == .seconds(1))
    #expect(resolved.isIdempotent == true)
    #expect(resolved.tracing)
  }

  @Test func everyOptionOverrides() throws {
    let token = try ResumeToken(bytes: [2] + Array(repeating: 0, count: 20))
    let all = QueryOptions(
      consistency: .all, serialConsistency: .serial, pageSize: 1, resuming: token, timeout: .zero, timestamp: 5,
      isIdempotent: false, tracing: false, keyspace: "k")
    for merged in [
      QueryOptions().overridden(by: all), all.overridden(by: QueryOptions()),
      QueryOptions(
        consistency: .one, serialConsistency: .localSerial, pageSize: 2, timeout: .seconds(1), timestamp: 6,
        isIdempotent: true, tracing: true, keyspace: "other"
      ).overridden(by: all),
    ] {
      #expect(merged.consistency == .all)
      #expect(merged.serialConsistency == .serial)
      #expect(merged.pageSize == 1)
      #expect(merged.resuming == token)
      #expect(merged.timeout == .zero)
      #expect(merged.timestamp == 5)
      #expect(merged.isIdempotent == false)
      #expect(merged.tracing == false)
      #expect(merged.keyspace == "k")
    }
  }

  @Test func defaultsAreThoseThatAreDocumented() throws {
    let defaults = try ResolvedOptions(QueryOptions())
    #expect(defaults.consistency == .localQuorum)
    #expect(defaults.serialConsistency == .localSerial)
    #expect(defaults.pageSize == 5000)
    #expect(defaults.timeout == .seconds(12))
    #expect(defaults.timestamp == nil)
    #expect(defaults.isIdempotent == nil)
    #expect(!defaults.tracing)
  }

  @Test func whatIsOutOfRangeIsRefused() {
    func refuse(_ options: QueryOptions) { #expect(throws: CassandraError.self) { try ResolvedOptions(options) } }
    refuse(QueryOptions(serialConsistency: .quorum))
    refuse(QueryOptions(pageSize: 0))
    refuse(QueryOptions(pageSize: -1))
    refuse(QueryOptions(pageSize: 1 << 31))
  }

  @Test func aClientRefusesLimitsThatLetNothingThrough() throws {
    func code(_ change: (inout ClientConfiguration) -> Void) -> CassandraError.Code? {
      do throws(CassandraError) {
        var configuration = ClientConfiguration(try .nodes(["127.0.0.1"], localDatacenter: "dc1"))
        change(&configuration)
        _ = try CassandraClient(configuration)
        return nil
      } catch { return error.code }
    }
    #expect(code { _ in } == nil)
    #expect(code { $0.limits.requestsInFlight = 32_768 - 256 } == nil)
    #expect(code { $0.limits.requestsWaiting = 0 } == nil)
    #expect(code { $0.limits.requestsInFlight = 32_768 } == .configuration)
    #expect(code { $0.limits.requestsInFlight = 0 } == .configuration)
    #expect(code { $0.limits.requestsWaiting = -1 } == .configuration)
    #expect(code { $0.limits.preparedStatements = 0 } == .configuration)
    #expect(code { $0.limits.responseBytes = 0 } == .configuration)
    #expect(code { $0.limits.connectTimeout = .zero } == .configuration)
    #expect(code { $0.limits.heartbeatInterval = .zero } == .configuration)
    #expect(code { $0.protocolVersion = .v3 } == .configuration)
    #expect(code { $0.defaults.pageSize = 0 } == .configuration)
  }

  @Test(arguments: [
    ("localhost", "localhost:9042"), ("localhost:1", "localhost:1"), (" 10.0.0.1 : 9043 ", "10.0.0.1:9043"),
    ("::1", "[::1]:9042"), ("[::1]", "[::1]:9042"), ("[fe80::1%eth0]:65535", "[fe80::1%eth0]:65535"),
  ])
  func contactPoints(_ text: String, _ expected: String) throws {
    #expect(try EndPoint(parsing: text).description == expected)
  }

  @Test(arguments: ["", ":9042", "h:", "h:x", "h:0", "h:65536", "h:-1", "[::1", "[::1]x", "[::1]:", "[]:1"])
  func textsThatAreNoContactPoints(_ text: String) {
    let error = #expect(throws: CassandraError.self) { try EndPoint(parsing: text) }
    #expect(error?.code == .configuration)
  }

  @Test func contactPointsAreCountedOnce() throws {
    let cluster = try ClusterSource.nodes(["a", "a:9042", "b"], localDatacenter: "dc1")
    #expect(cluster.knownMap?.endPoints.map(\.description) == ["a:9042", "b:9042"])
    #expect(throws: CassandraError.self) { try ClusterSource.nodes([], localDatacenter: "dc1") }
  }

  @Test func serverErrorsKeepTheirCodesAndTheirSecrets() {
    let all: [(ErrorResponse.Code, CassandraError.Code)] = [
      (.serverError, .serverError), (.protocolError, .protocolError), (.badCredentials, .badCredentials),
      (.unavailable, .unavailable), (.overloaded, .overloaded), (.isBootstrapping, .isBootstrapping),
      (.truncateError, .truncateError), (.writeTimeout, .writeTimeout), (.readTimeout, .readTimeout),
      (.readFailure, .readFailure), (.functionFailure, .functionFailure), (.writeFailure, .writeFailure),
      (.cdcWriteFailure, .cdcWriteFailure), (.casWriteUnknown, .casWriteUnknown), (.syntaxError, .syntaxError),
      (.unauthorized, .unauthorized), (.invalid, .invalid), (.configError, .configError),
      (.alreadyExists, .alreadyExists), (.unprepared, .unprepared), (.init(rawValue: 0x7777), .otherServerError),
    ]
    for (wire, code) in all {
      let error = CassandraError(
        server: ErrorResponse(wire, "secret text"), coordinator: EndPoint(host: "secret.host"))
      #expect(error.code == code)
      #expect(!error.description.isEmpty)
      #expect(!error.description.contains("secret"))
      #expect(error.debugDescription.contains("secret text"))
      #expect(error.debugDescription.contains("secret.host:9042"))
      #expect(error.server?.code == wire)
    }
  }
}
