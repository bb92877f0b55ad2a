import Cassandra
import CassandraTesting
import CassandraJSON
import CassandraTelemetry
import Testing
import CassandraWebTesting

@testable import FieldGuide

/// What the API and `init` do when something is wrong with the Astra database of the settings.
@Suite(.timeLimit(.minutes(5))) struct AstraServiceTests {
  private func withAstra(
    makesKeyspace: Bool = true,
    _ body: @escaping @Sendable (AstraEmulator, SettingsFolder, RunningDatabase) async throws -> Void
  ) async throws {
    let folder = try SettingsFolder()
    try await TestDatabase.astra.run { database in
      if makesKeyspace { try await database.makeKeyspace("naturalist") }
      try await database.withEmulator(keyspace: "naturalist", nodes: 2) { try await body($0, folder, database) }
    }
  }

  /// A client is told a code and the request's id, and when to try again.
  private func expectNothingTold(_ reply: Reply, code: String) throws {
    #expect(reply.status == 503)
    #expect(reply["retry-after"] == "1")
    let body = try JSONValue(parsing: reply.body)
    #expect(body["code"] == .string(code), "\(reply.text)")
    #expect(body["request_id"] != nil)
    #expect(body["detail"] == .string("The database is unavailable at the moment."))
    for word in ["localhost", "token", "Astra", "bundle", "naturalist", "127.0.0.1"] {
      #expect(!reply.text.contains(word), "\(reply.text)")
    }
  }

  /// Faults of a database that is asked for the first time, what a client is told, and a word of the log.
  static let faults: [(fault: @Sendable (inout AstraFaults) -> Void, code: String, word: String)] = [
    ({ $0.metadata = .status(503) }, "noNodeAvailable", "hibernated"),
    ({ $0.metadata = .html }, "noNodeAvailable", "JSON"),
    ({ $0.metadataCertificate = .otherAuthority }, "noNodeAvailable", "authority"),
    ({ $0.proxyCertificate = .expired }, "noNodeAvailable", "expired"),
    ({ $0.refusesCredentials = true }, "badCredentials", "token"),
  ]

  @Test func itAnswersWhileTheDatabaseDoesNotAndServesOnceItDoes() async throws {
    try await withAstra { emulator, folder, _ in
      try await initialize(try folder.settings(try folder.text(for: emulator)))
      for (fault, code, word) in Self.faults {
        try await emulator.change { fault(&$0) }
        let log = Log()
        var settings = try folder.settings(try folder.text(for: emulator))
        let logger = CassandraLogger(label: "test", level: .trace, sink: log)
        settings.database.cluster = try #require(settings.astra).cluster(logger: logger)
        // One loop: each has connections of its own, and tries again at a time of its own.
        try await RunningAPI.run(settings, loops: 1, log: log) { api in
          #expect(try await api.get("/health/live").status == 200)
          try expectNothingTold(try await api.wait(for: 503, at: "/animal/Vanessa"), code: code)
          try expectNothingTold(try await api.get("/health/ready"), code: code)
          try await emulator.heal()
          _ = try await api.wait(for: 200, at: "/health/ready")
          #expect(try await api.get("/animal/Vanessa/atalanta").status == 200)
        }
        let text = log.records.map { "\($0)" }.joined(separator: "\n")
        #expect(text.contains(word), "\(code), \(word)")
        let token = emulator.configuration.token.reveal()
        for part in token.split(separator: ":").dropFirst() { #expect(!text.contains(part)) }
      }
    }
  }

  @Test func itServesAgainWhenTheNodesComeBack() async throws {
    try await withAstra { emulator, folder, _ in
      let settings = try folder.settings(try folder.text(for: emulator))
      try await initialize(settings)
      try await RunningAPI.run(settings) { api in
        _ = try await api.wait(for: 200, at: "/health/ready")
        for place in emulator.hostIDs.keys { await emulator.kill(place) }
        let gone = try await api.wait(for: 503, at: "/animal/Vanessa/atalanta")
        #expect(gone["retry-after"] == "1")
        try await emulator.heal()
        _ = try await api.wait(for: 200, at: "/animal/Vanessa/atalanta")
        await emulator.rotateIDs()
        _ = try await api.wait(for: 503, at: "/animal/Vanessa/atalanta")
        _ = try await api.wait(for: 200, at: "/animal/Vanessa/atalanta")
      }
    }
  }

  @Test func aKeyspaceThatIsMissingIsMadeInThePortal() async throws {
    try await withAstra(makesKeyspace: false) { emulator, folder, database in
      let settings = try folder.settings(try folder.text(for: emulator))
      let failure = try await #require(throws: CassandraError.self) { try await FieldGuide.prepare(settings) }
      #expect(failure.saysKeyspaceMissing)
      #expect(CommandFailure(keyspaceMissingOnAstra: "naturalist").description.contains("portal"))
      // Nothing was tried that Astra refuses.
      #expect(emulator.observed.refusedRequests == 0)
      let log = Log()
      try await RunningAPI.run(settings, loops: 1, log: log) { api in
        try expectNothingTold(try await api.wait(for: 503, at: "/animal/Vanessa"), code: "keyspaceMissing")
        #expect(log.failures.contains { $0.contains("cannot connect") })
        #expect(log.records.contains { "\($0)".contains("create it in the Astra portal") })
        try await database.makeKeyspace("naturalist")
        // Without its tables the API is not ready.
        while try await !api.get("/animal/Vanessa").text.contains("fieldguide init") {}
        #expect(try await api.get("/health/ready").status == 503)
        try await initialize(settings)
        _ = try await api.wait(for: 200, at: "/health/ready")
        #expect(try await api.get("/animal/Vanessa/atalanta").status == 200)
      }
    }
  }
}
