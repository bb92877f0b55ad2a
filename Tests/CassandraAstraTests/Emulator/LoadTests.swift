import Cassandra
import CassandraTelemetry
import Testing

@testable import CassandraTesting

/// What happens to a database under load, and the names for the table.
struct LoadFault: Sendable, CustomTestStringConvertible {
  var name: String
  var apply: @Sendable (AstraEmulator, AstraTarget) async throws -> Void

  var testDescription: String { name }

  static let all: [LoadFault] = {
    var faults = [
      LoadFault(name: "a node is killed") { emulator, _ in await emulator.kill(1) },
      LoadFault(name: "all nodes but one are killed") { emulator, _ in
        await emulator.kill(0)
        await emulator.kill(2)
      },
      LoadFault(name: "all nodes are killed and come back") { emulator, _ in
        for place in 0..<3 { await emulator.kill(place) }
        await emulator.wait { $0.refusedConnections >= 3 }
        for place in 0..<3 { await emulator.restore(place) }
      },
      LoadFault(name: "all host ids change") { emulator, _ in await emulator.rotateIDs() },
      LoadFault(name: "all host ids change while the metadata service answers 503") { emulator, _ in
        try await emulator.change { $0.metadata = .status(503) }
        let calls = emulator.observed.metadataCalls
        await emulator.rotateIDs()
        await emulator.wait { $0.metadataCalls >= calls + 2 }
        try await emulator.change { $0.metadata = .ordinary }
      },
      LoadFault(name: "all host ids change again at the next call of the metadata service") { emulator, _ in
        let calls = emulator.observed.metadataCalls
        try await emulator.change { $0.idsRotateAtCall = calls + 1 }
        await emulator.rotateIDs()
      },
      LoadFault(name: "all connections are cut") { emulator, _ in await emulator.cutConnections() },
      LoadFault(name: "a node is added") { emulator, target in await emulator.addNode(target) },
    ]
    #if os(Linux)
      faults.append(
        LoadFault(name: "the proxy moves to another address") { emulator, _ in
          try await emulator.moveProxy(to: "127.0.0.2")
        })
    #endif
    return faults
  }()
}

/// A database that suffers while it is written to: no request hangs, no acknowledged write is lost, and the client
/// recovers without a restart.
@Suite(.serialized, .timeLimit(.minutes(5))) struct AstraLoadTests {
  @Test(arguments: LoadFault.all) func writesSurvive(_ fault: LoadFault) async throws {
    try await EmulatedDatabase.run { database in
      try await database.withClient(try database.configuration()) { client in
        try await client.query(Statement(unsafeCQL: EmulatedDatabase.table))
        let load = WriteLoad(writers: 8)
        let recovered = try await load.run(
          on: client, acknowledged: 300,
          during: {
            try await fault.apply(database.emulator, database.node)
          }, andThen: 300)
        load.report(fault.name, recovered: recovered)
        try await load.expectNothingIsMissing(client)
      }
    }
  }
}

/// Writers that go on while something happens to the database.
final class WriteLoad: Sendable {
  private struct Tally: Sendable {
    var acknowledged: [[Int]]
    var failures: [String: Int] = [:]
    /// When the fault was there, and how long after that a write succeeded that had begun later.
    var fault: ContinuousClock.Instant?
    var recovered: Duration?
    /// How long the slowest of the failed requests took.
    var slowestFailure: Duration?
    var isOver = false

    var count: Int { acknowledged.reduce(0) { $0 + $1.count } }
  }

  private let tally: Watched<Tally>
  private let writers: Int

  init(writers: Int) {
    self.writers = writers
    tally = Watched(Tally(acknowledged: Array(repeating: [], count: writers)))
  }

  /// Adds to the table what has become of the requests.
  func report(_ fault: String, recovered: Duration) {
    let (failures, slowest) = tally.read { ($0.failures.keys.sorted(), $0.slowestFailure) }
    FaultTable.add(
      fault, code: failures.isEmpty ? "–" : failures.joined(separator: "`, `"),
      outcome: failures.isEmpty ? "requests succeed" : "some requests fail, then all succeed", reported: slowest,
      healed: recovered)
  }

  /// Writes, does something once so many writes are acknowledged, and goes on until so many more are.
  ///
  /// - Returns: How long after it was done a write succeeded that had begun later.
  func run(
    on client: CassandraClient, acknowledged before: Int, during fault: () async throws -> Void, andThen after: Int
  ) async throws -> Duration {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<writers { group.addTask { await self.write(as: writer, on: client) } }
      await tally.wait { $0.count >= before }
      try await fault()
      tally.change { $0.fault = ContinuousClock.now }
      let reached = tally.read { $0.count }
      await tally.wait { $0.count >= reached + after && $0.recovered != nil }
      tally.change { $0.isOver = true }
      // Every writer comes to its end: none waits for an answer that never comes.
      try await group.waitForAll()
      return tally.read { $0.recovered } ?? .zero
    }
  }

  private func write(as writer: Int, on client: CassandraClient) async {
    var number = 0
    while !tally.read({ $0.isOver }) {
      number += 1
      let began = ContinuousClock.now
      do throws(CassandraError) {
        try await client.query("INSERT INTO writes (writer, number) VALUES (\(writer), \(number))")
        tally.change { [number] tally in
          tally.acknowledged[writer].append(number)
          if let fault = tally.fault, began > fault, tally.recovered == nil {
            tally.recovered = ContinuousClock.now - fault
          }
        }
      } catch {
        tally.change { tally in
          tally.failures["\(error.code)", default: 0] += 1
          tally.slowestFailure = max(tally.slowestFailure ?? .zero, ContinuousClock.now - began)
        }
        await Task.yield()
      }
    }
  }

  /// Reads all that was acknowledged.
  func expectNothingIsMissing(_ client: CassandraClient) async throws {
    let acknowledged = tally.read { $0.acknowledged }
    for writer in 0..<writers {
      let rows = try await client.query("SELECT number FROM writes WHERE writer = \(writer)")
      let there = Set(try await rows.collect(Int.self))
      let missing = Set(acknowledged[writer]).subtracting(there)
      #expect(missing.isEmpty, "acknowledged and missing of writer \(writer): \(missing.count)")
    }
    let allowed: Set<String> = ["connectionLost", "noNodeAvailable", "timedOut", "writeTimeout", "unavailable"]
    #expect(allowed.isSuperset(of: tally.read({ $0.failures }).keys), "\(tally.read({ $0.failures }))")
  }
}
