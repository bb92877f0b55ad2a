import CassandraWire
import Cassandra
import CassandraAstra
import CassandraTesting
import CassandraReactor
import CassandraTelemetry
import Testing

/// A fault of the database that is there when a client starts: what its requests are told, and that they succeed once it
/// is gone, without a restart.
struct StartFault: Sendable, CustomTestStringConvertible {
  var name: String
  /// What requests are told; nil when they succeed nevertheless.
  var code: AstraError.Code?
  var apply: @Sendable (AstraEmulator) async throws -> Void

  var testDescription: String { name }

  init(_ name: String, _ code: AstraError.Code?, _ change: @escaping @Sendable (inout AstraFaults) -> Void) {
    self.name = name
    self.code = code
    apply = { try await $0.change(change) }
  }

  init(_ name: String, _ code: AstraError.Code?, apply: @escaping @Sendable (AstraEmulator) async throws -> Void) {
    self.name = name
    self.code = code
    self.apply = apply
  }

  static let all: [StartFault] = [
    // The metadata service.
    StartFault("the metadata service answers 400", .metadataStatus) { $0.metadata = .status(400) },
    StartFault("the metadata service answers 401", .databaseAsleep) { $0.metadata = .status(401) },
    StartFault("the metadata service answers 404", .metadataStatus) { $0.metadata = .status(404) },
    StartFault("the metadata service answers 503", .databaseAsleep) { $0.metadata = .status(503) },
    StartFault("the metadata service redirects", .metadataStatus) { $0.metadata = .redirect("https://localhost/") },
    StartFault("HTML with status 200", .metadataInvalid) { $0.metadata = .html },
    StartFault("an answer that is cut short", .metadataInvalid) { $0.metadata = .truncated },
    StartFault("an answer in chunks", nil) { $0.metadata = .chunked },
    StartFault("the proxy's address has no port", .metadataInvalid) { $0.metadata = .withoutPort },
    StartFault("an empty list of nodes", .metadataInvalid) { $0.metadata = .emptyList },
    StartFault("the metadata service never answers", .metadataUnreachable) { $0.metadata = .never },
    StartFault("the metadata service resets the connection", .metadataUnreachable) { $0.metadata = .reset },
    StartFault("the metadata service's certificate is of another authority", .metadataUntrusted) {
      $0.metadataCertificate = .otherAuthority
    },
    StartFault("the metadata service's certificate has expired", .metadataUntrusted) {
      $0.metadataCertificate = .expired
    },
    StartFault("the metadata service's certificate is for another name", .metadataUntrusted) {
      $0.metadataCertificate = .otherName
    },
    // The proxy.
    StartFault("the proxy's certificate is of another authority", .proxyUntrusted) {
      $0.proxyCertificate = .otherAuthority
    },
    StartFault("the proxy's certificate has expired", .proxyUntrusted) { $0.proxyCertificate = .expired },
    StartFault("the proxy's certificate is for another name", .proxyUntrusted) { $0.proxyCertificate = .otherName },
    StartFault("the proxy's name is not found", .proxyUnreachable) { $0.hidesNames = true },
    StartFault("every node is refused", .nodeRefused, apply: { for place in 0..<3 { await $0.refuse(place) } }),
    StartFault("one node is refused", nil, apply: { await $0.refuse(1) }),
    // Logging in.
    StartFault("the token is not accepted", .credentialsRefused) { $0.refusesCredentials = true },
    StartFault("AstraAuthenticator", nil) { $0.authenticator = .astra },
    StartFault("DseAuthenticator, which asks for PLAIN", nil) { $0.authenticator = .dse },
    // What nodes say of themselves.
    StartFault("host ids other than those that were dialled", nil) { $0.dialsByOtherIDs = true },
    StartFault("addresses that can be reached, and are not the way in", nil) { $0.reportsPrivateAddresses = false },
    StartFault("no table system.peers_v2", nil) { $0.hasPeersV2 = false },
    StartFault("a second data centre in the peers", nil) { $0.secondDatacenter = "elsewhere" },
  ]
}

@Suite(.timeLimit(.minutes(5))) struct AstraFaultTests {
  @Test(arguments: StartFault.all) func aFaultIsToldAndHeals(_ fault: StartFault) async throws {
    try await EmulatedDatabase.run { database in
      let emulator = database.emulator
      try await fault.apply(emulator)
      try await database.withClient(try database.configuration()) { client in
        let (error, reported) = await outcome { try await client.ping() }
        guard let code = fault.code else {
          #expect(error == nil, "\(error?.debugDescription ?? "")")
          return FaultTable.add(fault.name, code: "–", outcome: "requests succeed", reported: nil, healed: reported)
        }
        let astra = try #require(error?.astra, "\(error?.debugDescription ?? "no error")")
        #expect(astra.code == code, "\(astra.debugDescription)")
        // What a stranger may see has the sentence that tells what to do.
        #expect(error?.description == astra.description)
        try await emulator.heal()
        let healed = await ContinuousClock().measure { await client.untilAnswered() }
        FaultTable.add(
          fault.name, code: "\(astra.code)", outcome: astra.description, reported: reported, healed: healed)
      }
    }
  }

  @Test func credentialsThatAreWrong() async throws {
    try await EmulatedDatabase.run { database in
      let configuration = database.emulator.configuration
      for (name, credentials) in [
        ("another token", AstraCredentials.token(AstraConfiguration.makeToken())),
        ("a wrong client secret", .client(id: configuration.clientID, secret: Secret("wrong"))),
      ] {
        try await database.withClient(try database.configuration(credentials: credentials)) { client in
          let (error, reported) = await outcome { try await client.ping() }
          let astra = try #require(error?.astra)
          #expect(astra.code == .credentialsRefused)
          FaultTable.add(name, code: "\(astra.code)", outcome: astra.description, reported: reported, healed: nil)
        }
      }
      let right = AstraCredentials.client(id: configuration.clientID, secret: configuration.clientSecret)
      try await database.withClient(try database.configuration(credentials: right)) { try await $0.ping() }
    }
  }

  @Test func certificatesThatAreWrong() async throws {
    try await EmulatedDatabase.run { database in
      let clock = ContinuousClock()
      for (name, certificate, code) in [
        (
          "a bundle without a client certificate", AstraEmulator.BundleCertificate.missing,
          AstraError.Code.bundleEntryMissing
        ),
        ("a bundle whose client certificate has expired", .expired, .bundleExpired),
      ] {
        var error: AstraError?
        let reported = clock.measure {
          do { _ = try database.configuration(bundle: certificate) } catch let failure as AstraError {
            error = failure
          } catch {}
        }
        let astra = try #require(error)
        #expect(astra.code == code)
        FaultTable.add(name, code: "\(astra.code)", outcome: astra.description, reported: reported, healed: nil)
      }
    }
  }

  @Test func requestsThatAreRefused() async throws {
    try await EmulatedDatabase.run { database in
      try await database.withClient(try database.configuration()) { client in
        try await client.query(Statement(unsafeCQL: EmulatedDatabase.table))
        for level in [Consistency.any, .one, .localOne] {
          let (error, reported) = await outcome {
            try await client.query(
              "INSERT INTO writes (writer, number) VALUES (\(1), \(1))", options: QueryOptions(consistency: level))
          }
          let astra = try #require(error?.astra)
          #expect(astra.code == .consistencyRefused)
          FaultTable.add(
            "a write at \(level)", code: "\(astra.code)", outcome: astra.description, reported: reported, healed: nil)
        }
        // Without a word of the user's, writes go at LOCAL_QUORUM.
        try await client.query("INSERT INTO writes (writer, number) VALUES (\(1), \(1))")
        try await client.query("SELECT number FROM writes", options: QueryOptions(consistency: .localOne))
        let (refusal, _) = await outcome {
          try await client.query("CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy'}")
        }
        #expect(refusal?.code == .unauthorized)
        let made = try await client.query("CREATE TABLE commented (k int PRIMARY KEY) WITH comment = 'ignored'")
        #expect(made.warnings.count == 1)
      }
    }
  }

  @Test func aKeyspaceThatIsNotThere() async throws {
    try await EmulatedDatabase.run { database in
      var configuration = try database.configuration()
      configuration.keyspace = "nowhere"
      try await database.withClient(configuration) { client in
        let (error, reported) = await outcome { try await client.ping() }
        let astra = try #require(error?.astra, "\(error?.debugDescription ?? "no error")")
        #expect(astra.code == .keyspaceMissing)
        #expect(astra.description.contains("portal"))
        FaultTable.add(
          "a keyspace that does not exist", code: "\(astra.code)", outcome: astra.description, reported: reported,
          healed: nil)
      }
      // It was not tried to make it.
      #expect(database.emulator.observed.refusedRequests == 0)
    }
  }
}
