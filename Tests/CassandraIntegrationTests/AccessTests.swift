import CassandraWire
import Cassandra
import CassandraReactor
import CassandraTelemetry
import Testing

/// Who gets in, and what the others are told.
@Suite(.serialized, .timeLimit(.minutes(5))) struct AccessTests {
  private func connect(
    _ database: Database, _ change: (inout ClientConfiguration) throws -> Void = { _ in }
  ) async throws -> CassandraError? {
    var configuration = try database.configuration()
    try change(&configuration)
    let options = QueryOptions(timeout: .seconds(30))
    return try await CassandraClient.withClient(configuration) { client in
      do throws(CassandraError) {
        try await client.query("SELECT key FROM system.local", options: options)
        return nil
      } catch { return error }
    }
  }

  @Test(
    .enabled(if: !Database.both(.plain).isEmpty, "CASSANDRA_TEST_PLAIN is not set: nothing is tried without TLS"),
    arguments: Database.both(.plain))
  func plain(_ database: Database) async throws {
    let error = try await connect(database)
    #expect(error == nil, "\(String(describing: error?.debugDescription))")
    // Where nobody asks for a password, having one does no harm.
    let needless = try await connect(database) { $0.credentials = Database.credentials }
    #expect(needless == nil, "\(String(describing: needless?.debugDescription))")
    let unexpectedTLS = try await connect(database) { $0.tls = try TLSClientContext() }
    #expect(unexpectedTLS?.code == .noNodeAvailable)
  }

  @Test(
    .enabled(if: !Database.both(.password).isEmpty, "CASSANDRA_TEST_PASSWORD is not set: no password is tried"),
    arguments: Database.both(.password))
  func password(_ database: Database) async throws {
    let error = try await connect(database)
    #expect(error == nil, "\(String(describing: error?.debugDescription))")
    let wrong = try await connect(database) {
      $0.credentials = Credentials(username: "cassandra", password: Secret("guess"))
    }
    #expect(wrong?.code == .badCredentials)
    #expect(wrong?.description == "The database rejected the credentials.")
    #expect(wrong?.debugDescription.contains("guess") == false)
    let none = try await connect(database) { $0.credentials = nil }
    #expect(none?.code == .credentialsMissing)
    #expect(none?.description.contains("username and a password") == true)
  }

  @Test(
    .enabled(if: !Database.both(.tls).isEmpty, "CASSANDRA_TEST_TLS is not set: TLS is not tried"),
    arguments: Database.both(.tls))
  func tls(_ database: Database) async throws {
    let error = try await connect(database)
    #expect(error == nil, "\(String(describing: error?.debugDescription))")
    let stranger = try await connect(database) { $0.tls = try TLSClientContext() }
    #expect(stranger?.code == .noNodeAvailable)
    #expect(stranger?.description.contains("authority") == true, "\(stranger?.description ?? "")")
    let plain = try await connect(database) {
      $0.tls = nil
      $0.limits.connectTimeout = .seconds(2)
    }
    #expect(plain?.code == .noNodeAvailable)
    // The address is right and the name is not.
    let address = database.address
    let otherName = try await connect(database) {
      $0.cluster = try .nodes(["another.name.test:9042"], localDatacenter: Database.datacenter)
      $0.resolver = { _, _, loop in
        let endPoint = try EndPoint(parsing: address)
        return try await loop.resolve(endPoint.host, port: endPoint.port)
      }
    }
    #expect(otherName?.code == .noNodeAvailable)
    #expect(otherName?.description.contains("another name") == true, "\(otherName?.description ?? "")")
  }

  @Test(
    .enabled(if: !Database.both(.mutualTLS).isEmpty, "CASSANDRA_TEST_MTLS is not set: mutual TLS is not tried"),
    arguments: Database.both(.mutualTLS))
  func mutualTLS(_ database: Database) async throws {
    let error = try await connect(database)
    #expect(error == nil, "\(String(describing: error?.debugDescription))")
    let none = try await connect(database) {
      $0.tls = try TLSClientContext(trust: .authorities(pem: try database.pem("ca.pem")))
    }
    #expect(none?.code == .noNodeAvailable)
    #expect(none?.description.contains("certificate") == true, "\(none?.description ?? "")")
  }
}
