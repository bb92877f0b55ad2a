import CassandraWire
import Cassandra
import Foundation
import CassandraTelemetry
import Testing

/// A node that is killed and started again under load.
@Suite(
  .enabled(
    if: Database.variable("CASSANDRA_TEST_KILLABLE") != nil && Database.variable("CASSANDRA_TEST_CONTROL") != nil,
    "CASSANDRA_TEST_KILLABLE and CASSANDRA_TEST_CONTROL are not both set: no node is killed"),
  .serialized, .timeLimit(.minutes(5)))
struct CrashTests {
  static let keyspace = Keyspace(
    "driver_crash", ["CREATE TABLE KEYSPACE.writes (writer int, number int, PRIMARY KEY (writer, number))"])
  static let writers = 32
  static let before = 2000
  static let after = 1000

  private var database: Database {
    Database(security: .plain, version: .v5, address: Database.variable("CASSANDRA_TEST_KILLABLE") ?? "")
  }

  /// Runs the program that controls the node, and waits for its end.
  private func control(_ command: String) async throws {
    let path = Database.variable("CASSANDRA_TEST_CONTROL") ?? ""
    let port = try EndPoint(parsing: database.address).port
    let status = await withCheckedContinuation { (done: CheckedContinuation<Int32, Never>) in
      DispatchQueue.global().async {
        done.resume(returning: runProgram(path, [command, "1", "--port", "\(port)"]))
      }
    }
    try #require(status == 0, "\(command) failed")
  }

  /// What has become of the requests so far.
  private struct Tally {
    var acknowledged: [[Int]] = Array(repeating: [], count: CrashTests.writers)
    var ends: [String: Int] = [:]
    var isOver = false

    var count: Int { acknowledged.reduce(0) { $0 + $1.count } }
  }

  @Test func noRequestHangsAndNoAcknowledgedWriteIsMissing() async throws {
    let tally = Locked(Tally())
    try await Self.keyspace.withClient(
      database, configure: { $0.reconnection = ReconnectionPolicy(first: .milliseconds(50), longest: .seconds(1)) }
    ) { client in
      func reach(_ count: Int) async throws {
        while tally.withLock({ $0.count }) < count { try await Task.sleep(for: .milliseconds(20)) }
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for writer in 0..<Self.writers {
          group.addTask {
            var number = 0
            while !tally.withLock({ $0.isOver }) {
              number += 1
              do throws(CassandraError) {
                try await client.query("INSERT INTO writes (writer, number) VALUES (\(writer), \(number))")
                tally.withLock { [number] in
                  $0.acknowledged[writer].append(number)
                  $0.ends["acknowledged", default: 0] += 1
                }
              } catch {
                tally.withLock { $0.ends["\(error.code)", default: 0] += 1 }
                // Whoever goes on asking a node that is away is told so at once.
                try await Task.sleep(for: .milliseconds(20))
              }
            }
          }
        }
        try await reach(Self.before)
        try await control("kill")
        try await control("restart")
        try await reach(tally.withLock { $0.count } + Self.after)
        tally.withLock { $0.isOver = true }
        // Every writer comes to its end: none waits for an answer that never comes.
        try await group.waitForAll()
      }
      let (acknowledged, ends) = tally.withLock { ($0.acknowledged, $0.ends) }
      print("requests while the node was killed:", ends.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })
      #expect(
        Set(ends.keys).isSubset(of: ["acknowledged", "connectionLost", "noNodeAvailable", "timedOut", "writeTimeout"]),
        "\(ends)")
      #expect(ends["connectionLost"] ?? 0 > 0, "the node was killed under load")
      for writer in 0..<Self.writers {
        let rows = try await client.query("SELECT number FROM writes WHERE writer = \(writer)")
        let there = Set(try await rows.collect(Int.self))
        let missing = Set(acknowledged[writer]).subtracting(there)
        #expect(missing.isEmpty, "acknowledged and missing of writer \(writer): \(missing.count)")
      }
    }
  }

  @Test func aNodeThatHangs() async throws {
    try await Self.keyspace.withClient(
      database,
      configure: {
        $0.limits.heartbeatInterval = .seconds(1)
        $0.limits.heartbeatTimeout = .seconds(1)
        $0.limits.connectTimeout = .seconds(5)
        $0.reconnection = ReconnectionPolicy(first: .milliseconds(50), longest: .milliseconds(500))
      }
    ) { client in
      // A node that has just been restarted may be too slow for these limits at first, and a busy machine can be so at any
      // time: then the heartbeats have noticed before the write is sent, and it is all done again.
      var late: CassandraError
      repeat {
        try await control("resume")
        try await insisting { try await client.query("INSERT INTO writes (writer, number) VALUES (\(-1), \(1))") }
        try await control("pause")
        late = try await failure {
          try await client.query(
            "INSERT INTO writes (writer, number) VALUES (\(-1), \(2))",
            options: QueryOptions(timeout: .milliseconds(50)))
        }
      } while [.noNodeAvailable, .connectionLost].contains(late.code)
      // The heartbeats notice it, and then there is no node.
      while await client.isConnected { try await Task.sleep(for: .milliseconds(20)) }
      let away = try await failure {
        try await client.query("SELECT number FROM writes WHERE writer = \(-1)")
      }
      try await control("resume")
      #expect(late.code == .timedOut)
      #expect(!late.isRetrySafe)
      #expect(away.code == .noNodeAvailable)
      let number = try await insisting {
        try await client.query("SELECT number FROM writes WHERE writer = \(-1)").first(Int.self)
      }
      #expect(number == 1)
    }
  }

  /// Tries until the node answers.
  @discardableResult
  private func insisting<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
    while true {
      do { return try await body() } catch let error as CassandraError
        where [.noNodeAvailable, .connectionLost, .timedOut].contains(error.code)
      {
        try await Task.sleep(for: .milliseconds(20))
      }
    }
  }
}

/// Runs a program and gives what `waitpid` says of it.
///
/// Foundation's `Process` takes a program for running as long as one that it has started in the background, such as the
/// node.
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
