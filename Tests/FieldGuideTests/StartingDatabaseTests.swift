import CQLNode
import Cassandra
import CassandraReactor
import CassandraTesting
import Testing

@testable import CassandraTerminal
@testable import FieldGuide

/// `fieldguide init --wait`.
@Suite(.timeLimit(.minutes(5))) struct StartingDatabaseTests {
  private func database(at endPoint: String) throws -> StartingDatabase {
    let source = try SettingsSource(
      file: nil,
      environment: ["CASSANDRA_CONTACT_POINTS": endPoint, "CASSANDRA_LOCAL_DATACENTER": "datacenter1"])
    return StartingDatabase(settings: try Settings(source), logger: .silent)
  }

  @Test func oneThatAnswersIsNotWaitedFor() async throws {
    try await EmbeddedNode.withNode { node in
      var database = try database(at: node.endPoint)
      database.interval = .seconds(3_600)
      try await database.wait(progress: .silent)
    }
  }

  @Test func oneThatComesIsWaitedFor() async throws {
    var configuration = EmbeddedNode.defaultConfiguration
    configuration.address = try await EmbeddedNode.withNode { $0.address }
    var database = try database(at: "\(configuration.address)")
    database.patience = .seconds(3_600)
    database.interval = .milliseconds(10)
    let waiting = database
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await waiting.wait(progress: .silent) }
      let node = try await EmbeddedNode.start(configuration)
      try await group.waitForAll()
      try await node.stop()
    }
  }

  @Test func patienceEnds() async throws {
    let address = try await EmbeddedNode.withNode { $0.address }
    var database = try database(at: "\(address)")
    database.patience = .zero
    database.interval = .seconds(3_600)
    try await database.wait(progress: .silent)
  }

  @Test func theCommandLineSaysHowLong() throws {
    func patience(_ line: String...) throws -> Duration? {
      guard case .run(_, let arguments) = try FieldGuide.program.parse(["init"] + line) else { return nil }
      return try StartingDatabase.patience(arguments)
    }
    #expect(try patience() == nil)
    #expect(try patience("--wait") == .seconds(60))
    #expect(try patience("--wait-seconds", "300") == .seconds(300))
    #expect(try patience("--wait", "--wait-seconds", "5") == .seconds(5))
    for wrong in ["0", "-1", "86401", "1.5", "", "soon"] {
      #expect(throws: UsageError.self) { try patience("--wait-seconds", wrong) }
    }
  }
}
