import CQLNode
import CassandraReactor
import CassandraTelemetry
import CassandraWire
import Testing

/// What one connection, one address and all connections together may have.
@Suite(.timeLimit(.minutes(5))) struct NodeLimitsTests {
  private static let user = NodeUser(name: "ann", password: Secret("a long secret"))

  /// The code of the ERROR that a request gets.
  private func code(_ client: WireClient, _ text: String) async throws -> ErrorResponse.Code? {
    guard case .error(let error) = try await client.query(text).message else { return nil }
    return error.code
  }

  @Test func whoHasNotLoggedInMaySayLittle() async throws {
    try await withStandIn {
      $0.user = Self.user
    } _: { address, _, _ in
      for version in ProtocolVersion.allCases {
        // Before STARTUP: its length alone ends it.
        let stranger = try await WireClient(to: address, version: version, isRaw: true)
        stranger.send(bytes: [version.rawValue, 0, 0, 0, 1, 0, 1, 0x90, 1])
        await stranger.untilEnd()
        #expect(stranger.rawInput.count > 9)
      }
      // Between STARTUP and the password.
      let client = try await WireClient(to: address, version: .v4)
      guard case .authenticate = try await client.ask(.startup(["CQL_VERSION": "3.0.0"])).message else {
        Issue.record("a password should be wanted")
        return
      }
      _ = try client.send(.authResponse([UInt8](repeating: 0, count: 200 << 10)))
      await client.untilEnd()
      // After it, as much as a request may have.
      let ann = try await WireClient.ready(to: address, user: ("ann", "a long secret"))
      #expect(try await code(ann, "x" + String(repeating: " ", count: 1 << 20)) == .syntaxError)
      ann.close()
    }
  }

  @Test(arguments: ProtocolVersion.allCases) func aRequestOverTheLimitIsToldAndTheConnectionLives(
    version: ProtocolVersion
  ) async throws {
    try await withStandIn {
      $0.limits.requestBytes = 100_000
    } _: { address, _, _ in
      for compressed in [false, true] {
        let client = try await WireClient.ready(to: address, version: version, compressed: compressed)
        for _ in 0..<3 {
          #expect(try await code(client, "x" + String(repeating: "y", count: 300_000)) == .invalid)
          #expect(try await client.query("where").message == .result(.setKeyspace("-")))
        }
        client.close()
      }
    }
  }

  @Test func aConnectionMayHoldItsShareAlone() async throws {
    try await withStandIn {
      $0.limits.connectionMemoryBytes = 300_000
    } _: { address, standIn, _ in
      let client = try await WireClient.ready(to: address)
      let other = try await WireClient.ready(to: address)
      let long = "wait m " + String(repeating: "y", count: 100_000)
      let streams = try (0..<5).map { _ in try client.send(.query(long, QueryParameters(consistency: .one))) }
      try await until { standIn.begun("m") == 2 }
      for stream in streams.dropFirst(2) {
        guard case .error(let error) = try await client.answer(on: stream).message else {
          Issue.record("what is above the share should be refused")
          return
        }
        #expect(error.code == .overloaded)
      }
      #expect(try await other.query("where").message == .result(.setKeyspace("-")))
      standIn.release("m")
      for stream in streams.prefix(2) { #expect(try await client.answer(on: stream).message == .result(.void)) }
      // All of it has been given back.
      #expect(try await client.query(long).message == .result(.void))
      client.close()
      other.close()
    }
  }

  /// Many who hold much leave room for who holds little.
  @Test func theSmallAreNotRefusedForTheLarge() async throws {
    try await withStandIn {
      $0.limits.memoryBytes = 16 << 20
      $0.limits.requestBytes = 8 << 20
    } _: { address, standIn, _ in
      var greedy: [WireClient] = []
      var refused = 0
      for _ in 0..<6 {
        let client = try await WireClient.ready(to: address)
        let stream = try client.send(
          .query("wait n " + String(repeating: "y", count: 5 << 20), QueryParameters(consistency: .one)))
        // The next round trip is behind it.
        _ = try await client.query("where")
        greedy.append(client)
        if standIn.begun("n") < greedy.count - refused {
          refused += 1
          guard case .error(let error) = try await client.answer(on: stream).message else {
            Issue.record("what is above the budget should be refused")
            return
          }
          #expect(error.code == .overloaded)
        }
      }
      #expect(refused >= 3)
      let small = try await WireClient.ready(to: address)
      for _ in 0..<10 { #expect(try await small.query("where").message == .result(.setKeyspace("-"))) }
      standIn.release("n")
      for client in greedy { client.close() }
      small.close()
    }
  }

  @Test func aFrameThatDoesNotComeIsCut() async throws {
    try await withStandIn {
      $0.limits.frameTimeout = .milliseconds(50)
    } _: { address, _, _ in
      let client = try await WireClient.ready(to: address, version: .v4)
      client.send(bytes: [4, 0, 0, 0, 7, 0, 1, 0, 0] + [UInt8](repeating: 0x20, count: 20_000))
      await client.untilEnd()
      #expect(client.hasEnded)
    }
  }

  @Test func aSilentConnectionIsClosedUnlessItIsOwedSomething() async throws {
    try await withStandIn {
      $0.limits.idleTimeout = .seconds(2)
    } _: { address, standIn, _ in
      var owed = try await WireClient.ready(to: address)
      var stream = try owed.send(.query("wait s", QueryParameters(consistency: .one)))
      // On a machine with other work this side may be silent for as long itself before its request gets there.
      while standIn.begun("s") == 0 {
        if owed.hasEnded {
          owed = try await WireClient.ready(to: address)
          stream = try owed.send(.query("wait s", QueryParameters(consistency: .one)))
        }
        try await owed.loop.sleep(for: .milliseconds(5))
      }
      let silent = try await WireClient.ready(to: address)
      await silent.untilEnd()
      #expect(silent.hasEnded && !owed.hasEnded)
      standIn.release("s")
      #expect(try await owed.answer(on: stream).message == .result(.void))
      owed.close()
    }
  }

  @Test func guessingPasswordsBecomesSlowAndIsLogged() async throws {
    let sink = LoginSink()
    try await withStandIn(
      { $0.user = Self.user }, logger: CassandraLogger(label: "test", level: .info, sink: sink)
    ) { address, _, _ in
      func guess() async -> Bool {
        (try? await WireClient.ready(to: address, user: ("ann", "a guess")).close()) != nil
      }
      for _ in 0..<2 { #expect(await !guess()) }
      // The third one waits, and so does the right password behind it.
      let start = ContinuousClock.now
      #expect(await !guess())
      #expect(ContinuousClock.now - start >= .milliseconds(95))
      let again = ContinuousClock.now
      let ann = try await WireClient.ready(to: address, user: ("ann", "a long secret"))
      #expect(ContinuousClock.now - again >= .milliseconds(95))
      ann.close()
      // Who knows the password has made the mistakes.
      let other = ContinuousClock.now
      try await WireClient.ready(to: address, user: ("ann", "a long secret")).close()
      _ = other
    }
    let lines = sink.records.filter { $0.message == "a login failed" }
    #expect(!lines.isEmpty)
    #expect(lines.first?.fields.contains { $0.name == "user" && "\($0.value)".contains("ann") } == true)
    #expect(lines.allSatisfy { line in !line.fields.contains { "\($0.value)".contains("a guess") } })
  }

  @Test func loginsThatWaitAreBoundedByAddress() async throws {
    try await withStandIn {
      $0.user = Self.user
      $0.limits.waitingLoginsPerAddress = 2
    } _: { address, _, _ in
      for _ in 0..<3 { _ = try? await WireClient.ready(to: address, user: ("ann", "no")) }
      var clients: [WireClient] = []
      for _ in 0..<6 {
        let client = try await WireClient(to: address, version: .v4)
        _ = try await client.ask(.startup(["CQL_VERSION": "3.0.0"]))
        _ = try client.send(.authResponse([0] + Array("ann".utf8) + [0] + Array("no".utf8)))
        clients.append(client)
      }
      // Four are cut at once, two are told after their time.
      for client in clients { await client.untilEnd() }
    }
  }
}

/// Keeps log lines.
private final class LoginSink: LogSink {
  private let lines = Locked<[LogRecord]>([])
  var records: [LogRecord] { lines.withLock { $0 } }
  func write(_ record: LogRecord) { lines.withLock { $0.append(record) } }
}
