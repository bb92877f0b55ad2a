import CassandraDice
import CassandraWire
import Foundation
import CassandraReactor
import Testing

/// What is acknowledged survives a SIGKILL in the middle of many writes.
///
/// `CRASH_ROUNDS` says how often (2), `CRASH_SEED` repeats one.
@Suite(.serialized, .timeLimit(.minutes(10))) struct CrashTests {
  private static let rounds = ProcessInfo.processInfo.environment["CRASH_ROUNDS"].flatMap { Int($0) } ?? 2
  private static let seed =
    ProcessInfo.processInfo.environment["CRASH_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...999_999)
  private static let writes = 10_000
  private static let clients = 4
  /// Bytes of an answer without rows in protocol v4: nine of the header, four that say void.
  private static let answerBytes = 13

  /// Every second write is a batch.
  private static let batchStep = 2

  /// A write of this test: a row of two columns, or a batch of two such rows in one partition.
  private static func statement(_ number: Int) -> String {
    let row = { (c: Int) in
      "INSERT INTO crash.t (k, c, v, w) VALUES (\(number % 100), \(c), 'row \(c) of this test', \(c))"
    }
    return number % batchStep == 0
      ? "BEGIN BATCH \(row(number)); \(row(number + writes)); APPLY BATCH" : row(number)
  }

  @Test(arguments: 0..<rounds) func acknowledgedWritesSurvive(round: Int) async throws {
    var random = Dice(seed: Self.seed + UInt64(round))
    let killAfter = Int.random(in: 0..<Self.writes, using: &random)
    let folder = NSTemporaryDirectory() + "cql-node-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let place = "seed \(Self.seed + UInt64(round)), killed after \(killAfter) answers"
    let node = try NodeProcess(["--data", folder, "--port", "0"])
    let acknowledged = try await WireClient.busyLoop.run { () async throws -> Set<Int> in
      let first = try await WireClient.ready(to: node.address, version: .v4)
      for text in [
        "CREATE KEYSPACE crash WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        "CREATE TABLE crash.t (k int, c int, v text, w int, PRIMARY KEY (k, c))",
      ] {
        if case .error(let error) = try await first.query(text).message {
          throw NodeProcess.Failure(description: error.message)
        }
      }
      var clients = [first]
      while clients.count < Self.clients { clients.append(try await WireClient.ready(to: node.address, version: .v4)) }
      // The node is killed when that many answers have come, and not when they have been looked at: most of its work
      // would be done by then.
      var (arrivedBytes, isKilled) = (0, false)
      for client in clients {
        client.onHeldInput = { count in
          arrivedBytes += count
          guard !isKilled && arrivedBytes >= killAfter * Self.answerBytes else { return }
          isKilled = true
          node.kill()
        }
      }
      var streams: [(Int, WireClient, Int16)] = []
      for number in 0..<Self.writes {
        let client = clients[number % clients.count]
        streams.append(
          (number, client, try client.send(.query(Self.statement(number), QueryParameters(consistency: .one)))))
      }
      var done: Set<Int> = []
      for client in clients {
        await client.untilEnd()
        client.decodeHeldInput()
      }
      for (number, client, stream) in streams {
        guard let answer = try? await client.answer(on: stream) else { continue }
        #expect(answer.message == .result(.void), "\(place)")
        done.insert(number)
      }
      for client in clients { client.close() }
      return done
    }
    #expect(acknowledged.count >= killAfter, "\(place)")
    print("crash: \(place), \(acknowledged.count) of \(Self.writes) acknowledged")
    let again = try NodeProcess(["--data", folder, "--port", "0"])
    defer { _ = again.terminate() }
    try await WireClient.busyLoop.run {
      let client = try await WireClient.ready(to: again.address)
      var found: Set<Int> = []
      for k in 0..<100 {
        let answer = try await client.query("SELECT c, v, w FROM crash.t WHERE k = \(k)")
        guard case .result(.rows(let rows)) = answer.message, let columns = rows.metadata.columns else {
          Issue.record("\(place): \(answer.message)")
          return
        }
        for line in try AnswerText.rows(rows, columns, answer.body) {
          let cells = line.dropFirst(4).split(separator: " | ").map(String.init)
          let c = try #require(Int(cells[0]))
          #expect(cells == ["\(c)", "\"row \(c) of this test\"", "\(c)"], "\(place): a row is half there")
          found.insert(c)
        }
      }
      #expect(acknowledged.subtracting(found) == [], "\(place): acknowledged and lost")
      let halves = stride(from: 0, to: Self.writes, by: Self.batchStep).filter { number in
        found.contains(number) != found.contains(number + Self.writes)
      }
      #expect(halves == [], "\(place): batches are half there")
      client.close()
    }
  }
}

/// The command line of `cql-node`.
@Suite(.timeLimit(.minutes(10))) struct CommandTests {
  private func refusal(_ arguments: [String]) throws -> String {
    try #require(throws: NodeProcess.Failure.self) { try NodeProcess(arguments) }.description
  }

  @Test func itSaysWhereItListensAndEndsInOrder() async throws {
    let node = try NodeProcess(["--memory", "--port", "0"])
    #expect(node.greeting == "cql-node: listening at \(node.address), nothing is kept")
    try await WireClient.busyLoop.run {
      let client = try await WireClient.ready(to: node.address)
      client.close()
    }
    #expect(node.terminate() == 0)
  }

  @Test func aPasswordComesFromTheEnvironment() async throws {
    let node = try NodeProcess(
      ["--memory", "--port", "0", "--user", "ann"], environment: ["CQL_NODE_PASSWORD": "of the environment"])
    try await WireClient.busyLoop.run {
      let client = try await WireClient.ready(to: node.address, user: ("ann", "of the environment"))
      client.close()
    }
    #expect(node.terminate() == 0)
  }

  @Test func whatCannotBeIsRefused() throws {
    #expect(try refusal(["--memory", "--data", "x"]).contains("exclude each other"))
    #expect(try refusal(["--memory", "--host", "0.0.0.0", "--port", "0"]).contains("nobody would have to log in"))
    #expect(try refusal(["--memory", "--user", "ann"]).contains("CQL_NODE_PASSWORD"))
    #expect(try refusal(["--memory", "--host", "nowhere"]).contains("--host takes an IP address"))
    #expect(try refusal(["--memory", "--tls-key", "x"]).contains("TLS needs both"))
    #expect(try refusal(["--memory", "--tls-key", "/nowhere", "--tls-certificate", "/nowhere"]).contains("/nowhere"))
    #expect(try refusal(["--loops", "0"]).contains("--loops takes a number from 1 to 256"))
  }

  @Test func aSecondProcessOnTheSameDataIsRefused() throws {
    let folder = NSTemporaryDirectory() + "cql-node-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let node = try NodeProcess(["--data", folder, "--port", "0"])
    #expect(try !refusal(["--data", folder, "--port", "0"]).isEmpty)
    #expect(node.terminate() == 0)
  }
}
