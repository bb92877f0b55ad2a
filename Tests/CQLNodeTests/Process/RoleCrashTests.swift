import CassandraReactor
import CassandraWire
import Foundation
import Testing

/// What is acknowledged of roles and permissions survives a SIGKILL in the middle of many changes, and nothing of them is
/// there by halves.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RoleCrashTests {
  private static let hash = "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"
  private static let rounds = 40
  /// Answers until the kill: at the beginning, in the middle, near the end.
  private static let kills = [7, 77, 190]

  /// The changes of a round; the fifth takes back what came with the third.
  private static func statements(_ round: Int) -> [String] {
    [
      "CREATE ROLE r\(round) WITH LOGIN = true AND HASHED PASSWORD = '\(hash)'", "GRANT r\(round) TO all_of_them",
      "CREATE TABLE k.t\(round) (k int PRIMARY KEY)", "GRANT SELECT ON k.t\(round) TO r\(round)",
      "DROP TABLE k.t\(round)",
    ]
  }

  @Test(arguments: kills) func acknowledgedChangesSurvive(killAfter: Int) async throws {
    let folder = NSTemporaryDirectory() + "cql-node-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let environment = ["CQL_NODE_PASSWORD": "a long secret"]
    let arguments = ["--data", folder, "--port", "0", "--user", "ann"]
    let node = try NodeProcess(arguments, environment: environment)
    let acknowledged = try await WireClient.busyLoop.run { () async throws -> Set<String> in
      let ann = try await WireClient.ready(to: node.address, user: ("ann", "a long secret"))
      for text in [
        "CREATE ROLE all_of_them",
        "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
      ] {
        if case .error(let error) = try await ann.query(text).message {
          throw NodeProcess.Failure(description: error.message)
        }
      }
      let texts = (0..<Self.rounds).flatMap { Self.statements($0) }
      var streams: [(String, Int16)] = []
      for text in texts { streams.append((text, try ann.send(.query(text, QueryParameters(consistency: .one))))) }
      var done: Set<String> = []
      for (text, stream) in streams {
        guard let answer = try? await ann.answer(on: stream) else { break }
        // They run at the same time, so one may come before what it is about is there.
        if case .result = answer.message { done.insert(text) }
        if done.count == killAfter { node.kill() }
      }
      ann.close()
      return done
    }
    let again = try NodeProcess(arguments, environment: environment)
    try await WireClient.busyLoop.run {
      let ann = try await WireClient.ready(to: again.address, user: ("ann", "a long secret"))
      func lines(_ text: String) async throws -> String {
        try AnswerText.lines(try await ann.query(text), version: ann.version).joined(separator: "\n")
      }
      let (roles, permissions) = (try await lines("LIST ROLES"), try await lines("LIST ALL PERMISSIONS"))
      let members = try await lines("LIST ROLES OF all_of_them")
      let tables = try await lines("SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'k'")
      for round in 0..<Self.rounds {
        let texts = Self.statements(round)
        if acknowledged.contains(texts[0]) {
          #expect(roles.contains("\"r\(round)\""))
          #expect(permissions.contains("\"ann\" | \"ann\" | \"<role r\(round)>\" | \"ALTER\""))
        }
        if acknowledged.contains(texts[1]) { #expect(members.contains("\"r\(round)\"")) }
        // Who made a table may do everything with it, from the moment at which it is there until it is gone.
        let isThere = tables.contains("\"t\(round)\"")
        #expect(permissions.contains("\"ann\" | \"ann\" | \"<table k.t\(round)>\" | \"DROP\"") == isThere)
        if acknowledged.contains(texts[4]) { #expect(!permissions.contains("<table k.t\(round)>")) }
        if acknowledged.contains(texts[3]), isThere {
          #expect(permissions.contains("\"r\(round)\" | \"r\(round)\" | \"<table k.t\(round)>\" | \"SELECT\""))
        }
      }
      if acknowledged.contains(Self.statements(0)[0]) {
        let one = try await WireClient.ready(to: again.address, user: ("r0", "abc"))
        one.close()
      }
      ann.close()
    }
    _ = again.terminate()
  }

  @Test func theFirstStartTellsThePasswordOfTheSuperuser() async throws {
    let folder = NSTemporaryDirectory() + "cql-node-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let arguments = ["--data", folder, "--port", "0", "--authenticate"]
    let first = try NodeProcess(arguments)
    let words = first.introduction.split(separator: " ").map { String($0) }
    let index = try #require(words.firstIndex(of: "password"))
    let password = String(words[index + 1].dropLast())
    #expect(first.introduction.contains("superuser cassandra"))
    #expect(first.greeting.hasSuffix("roles"))
    first.kill()
    let second = try NodeProcess(arguments)
    #expect(second.introduction.isEmpty)
    try await WireClient.busyLoop.run {
      let client = try await WireClient.ready(to: second.address, user: ("cassandra", password))
      client.close()
      await #expect(throws: (any Error).self) {
        _ = try await WireClient.ready(to: second.address, user: ("cassandra", "cassandra"))
      }
    }
    _ = second.terminate()
  }
}
