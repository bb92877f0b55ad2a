import CQLNode
import CassandraWire
import CassandraReactor
import CassandraTelemetry
import Testing

/// Many requests at once, slow clients, limits, and the end.
@Suite(.timeLimit(.minutes(10))) struct LoadTests {
  @Test func requestsOfAConnectionRunAtTheSameTime() async throws {
    try await withStandIn { address, standIn, _ in
      let client = try await WireClient.ready(to: address)
      let slow = try client.send(.query("wait a", QueryParameters(consistency: .one)))
      let quick = try client.send(.query("where", QueryParameters(consistency: .one)))
      #expect(try await client.answer(on: quick).message == .result(.setKeyspace("-")))
      standIn.release("a")
      #expect(try await client.answer(on: slow).message == .result(.void))
      client.close()
    }
  }

  @Test func thousandsOfPipelinedRequestsAreAllAnswered() async throws {
    try await withStandIn(loops: 2) { address, standIn, _ in
      let client = try await WireClient.ready(to: address)
      let texts = (0..<3000).map { $0 % 3 == 0 ? "wait b" : $0 % 3 == 1 ? "size \($0)" : "slices 1" }
      let streams = try texts.map { try client.send(.query($0, QueryParameters(consistency: .one))) }
      try await until { standIn.begun("b") == 1000 }
      standIn.release("b")
      for (index, stream) in streams.enumerated() {
        let answer = try await client.answer(on: stream)
        #expect(answer.body.count == (index % 3 == 1 ? index + 4 : 4))
      }
      client.close()
    }
  }

  /// What is above the limit waits, is read on when there is room again, and is answered.
  @Test(arguments: ProtocolVersion.allCases) func aConnectionWithTooManyRequestsWaits(
    version: ProtocolVersion
  ) async throws {
    try await withStandIn {
      $0.limits.requestsPerConnection = 3
    } _: { address, standIn, _ in
      let client = try await WireClient.ready(to: address, version: version)
      let streams = try (0..<1000).map { number in
        try client.send(.query(number < 3 ? "wait c" : "size \(number)", QueryParameters(consistency: .one)))
      }
      try await until { standIn.begun("c") == 3 }
      let other = try await WireClient.ready(to: address)
      #expect(try await other.query("where").message == .result(.setKeyspace("-")))
      standIn.release("c")
      for (number, stream) in streams.enumerated() {
        #expect(try await client.answer(on: stream).body.count == (number < 3 ? 4 : number + 4))
      }
      client.close()
      other.close()
    }
  }

  /// Without memory for what waits its requests are refused, and nobody else's.
  @Test func aConnectionWithTooManyRequestsIsToldWhenThereIsNoMemory() async throws {
    try await withStandIn {
      $0.limits.requestsPerConnection = 2
      $0.limits.memoryBytes = 1 << 10
    } _: { address, standIn, _ in
      let client = try await WireClient.ready(to: address, version: .v4)
      let one = QueryParameters(consistency: .one)
      // It holds nearly all that everybody may.
      let first = try client.send(.query("wait k " + String(repeating: "y", count: 55_000), one))
      let second = try client.send(.query("wait k", one))
      try await until { standIn.begun("k") == 2 }
      let text = "wait k " + String(repeating: "y", count: 14_000)
      for stream in try (0..<10).map({ _ in try client.send(.query(text, one)) }) {
        guard case .error(let error) = try await client.answer(on: stream).message else {
          Issue.record("what is above the limit should be refused")
          return
        }
        #expect(error.code == .overloaded)
      }
      let other = try await WireClient.ready(to: address)
      #expect(try await other.query("where").message == .result(.setKeyspace("-")))
      standIn.release("k")
      for stream in [first, second] { #expect(try await client.answer(on: stream).message == .result(.void)) }
      client.close()
      other.close()
    }
  }

  /// What every connection may have in any case is the same when a request comes in pieces.
  @Test func aRequestInPiecesCountsOnce() async throws {
    try await withStandIn {
      $0.limits.memoryBytes = 1 << 10
    } _: { address, standIn, _ in
      let client = try await WireClient.ready(to: address, version: .v4)
      let other = try await WireClient.ready(to: address)
      let text = "wait k " + String(repeating: "y", count: 55_000)
      var bytes: [UInt8] = []
      let message = RequestMessage.query(text, QueryParameters(consistency: .one))
      let header = EnvelopeHeader(version: .v4, isResponse: false, flags: [], stream: 77, opcode: message.opcode)
      var encoder = EnvelopeEncoder()
      try encoder.append(header, to: &bytes) { output throws(WireError) in
        try message.encode(into: &output, version: .v4)
      }
      client.send(bytes: Array(bytes[..<40_000]))
      // When these have been answered, the first piece has been read.
      for _ in 0..<3 { _ = try await other.query("where") }
      client.send(bytes: Array(bytes[40_000...]))
      while standIn.begun("k") == 0 && !client.hasAnswer(on: 77) { _ = try await other.query("where") }
      standIn.release("k")
      #expect(try await client.answer(on: 77).message == .result(.void))
      client.close()
      other.close()
    }
  }

  /// Those who ask for all that all may have leave as much to everybody who comes.
  @Test func theFewAreNotRefusedForTheMany() async throws {
    try await withStandIn {
      $0.limits.requestsInFlight = 80
    } _: { address, standIn, _ in
      var greedy: [WireClient] = []
      // Each gets a quarter of what is left beside it.
      for begun in [16, 29, 39, 47, 53, 58] {
        let client = try await WireClient.ready(to: address)
        for _ in 0..<200 { _ = try client.send(.query("wait q", QueryParameters(consistency: .one))) }
        greedy.append(client)
        try await until { standIn.begun("q") == begun }
        let small = try await WireClient.ready(to: address)
        for _ in 0..<3 { #expect(try await small.query("where").message == .result(.setKeyspace("-"))) }
        small.close()
      }
      standIn.release("q")
      for client in greedy { client.close() }
    }
  }

  /// One who asks one thing is answered before thousands of others' are done.
  @Test func oneRequestDoesNotWaitBehindThousands() async throws {
    try await withStandIn { address, standIn, _ in
      let greedy = try await WireClient.ready(to: address)
      for _ in 0..<3000 { _ = try greedy.send(.query("work 1000", QueryParameters(consistency: .one))) }
      try await until { standIn.begun("work") > 0 }
      let small = try await WireClient.ready(to: address)
      #expect(try await small.query("where").message == .result(.setKeyspace("-")))
      #expect(standIn.begun("work") < 1500)
      greedy.close()
      small.close()
    }
  }

  @Test func tooManyBytesInAllAreTold() async throws {
    try await withStandIn {
      $0.limits.requestBytesInFlight = 100_000
    } _: { address, standIn, _ in
      let first = try await WireClient.ready(to: address)
      let second = try await WireClient.ready(to: address)
      let waiting = try first.send(.query("wait d", QueryParameters(consistency: .one)))
      try await until { standIn.begun("d") == 1 }
      guard case .error(let error) = try await second.query("x " + String(repeating: "y", count: 100_000)).message
      else {
        Issue.record("too many bytes should be refused")
        return
      }
      #expect(error.code == .overloaded)
      #expect(try await second.query("where").message == .result(.setKeyspace("-")))
      standIn.release("d")
      _ = try await first.answer(on: waiting)
      first.close()
      second.close()
    }
  }

  /// A client that does not read holds a bounded number of answers back, and gets all of them once it reads.
  @Test func aClientThatDoesNotReadWaits() async throws {
    try await withStandIn {
      $0.limits.answerBytesPerConnection = 1 << 20
    } _: { address, standIn, _ in
      let client = try await WireClient.ready(to: address)
      client.pauseReading()
      let count = 200
      let streams = try (0..<count).map { _ in
        try client.send(.query("size 500000", QueryParameters(consistency: .one)))
      }
      // Behind them in the same connection: it may not run before the client has read.
      let last = try client.send(.query("wait e", QueryParameters(consistency: .one)))
      let other = try await WireClient.ready(to: address)
      #expect(try await other.query("size 5").body.count == 9)
      #expect(standIn.begun("e") == 0)
      standIn.release("e")
      client.startReading()
      for stream in streams { #expect(try await client.answer(on: stream).body.count == 500_004) }
      #expect(try await client.answer(on: last).message == .result(.void))
      client.close()
      other.close()
    }
  }

  @Test func aClientThatNeverReadsIsCut() async throws {
    try await withStandIn {
      $0.limits.writeTimeout = .seconds(1)
    } _: { address, _, _ in
      let client = try await WireClient.ready(to: address)
      client.pauseReading()
      for _ in 0..<50 { _ = try client.send(.query("size 1000000", QueryParameters(consistency: .one))) }
      // It is only when it writes that it notices.
      while !client.hasEnded {
        client.send(bytes: [UInt8](repeating: 0, count: 1 << 16))
        try await client.loop.sleep(for: .milliseconds(20))
      }
    }
  }

  @Test func whatRunsForAClientThatHasGoneIsCancelled() async throws {
    try await withStandIn { address, standIn, _ in
      let client = try await WireClient.ready(to: address)
      _ = try client.send(.query("wait f", QueryParameters(consistency: .one)))
      try await until { standIn.begun("f") == 1 }
      client.close()
      try await until { standIn.cancelled == 1 }
      let other = try await WireClient.ready(to: address)
      #expect(try await other.query("where").message == .result(.setKeyspace("-")))
      other.close()
    }
  }

  @Test func stoppingFinishesWhatIsInFlight() async throws {
    try await withStandIn { address, standIn, server in
      let client = try await WireClient.ready(to: address)
      let idle = try await WireClient.ready(to: address)
      let stream = try client.send(.query("wait g", QueryParameters(consistency: .one)))
      try await until { standIn.begun("g") == 1 }
      server.shutDown()
      await idle.untilEnd()
      await #expect(throws: ReactorError.self) { _ = try await WireClient(to: address) }
      standIn.release("g")
      #expect(try await client.answer(on: stream).message == .result(.void))
      await client.untilEnd()
    }
  }

  @Test func stoppingCutsWhatDoesNotFinish() async throws {
    try await withStandIn {
      $0.limits.shutdownTimeout = .milliseconds(30)
    } _: { address, standIn, server in
      let client = try await WireClient.ready(to: address)
      let stream = try client.send(.query("wait h", QueryParameters(consistency: .one)))
      try await until { standIn.begun("h") == 1 }
      server.shutDown()
      await #expect(throws: WireClient.Failure.self) { _ = try await client.answer(on: stream) }
      standIn.release("h")
    }
  }

  @Test func longWorkLeavesTurnsToOthers() async throws {
    try await withStandIn { address, _, _ in
      let client = try await WireClient.ready(to: address)
      let other = try await WireClient.ready(to: address)
      let long = try (0..<5).map { _ in try client.send(.query("slices 2000", QueryParameters(consistency: .one))) }
      for _ in 0..<20 { #expect(try await other.query("where").message == .result(.setKeyspace("-"))) }
      for stream in long { #expect(try await client.answer(on: stream).message == .result(.void)) }
      client.close()
      other.close()
    }
  }

  @Test func eventsReachThoseWhoRegistered() async throws {
    try await withStandIn(loops: 2) { address, _, _ in
      var clients: [WireClient] = []
      for version in ProtocolVersion.allCases {
        let client = try await WireClient.ready(to: address, version: version)
        #expect(try await client.ask(.register([.schemaChange, .statusChange])).message == .ready)
        clients.append(client)
      }
      let silent = try await WireClient.ready(to: address)
      #expect(try await silent.query("change").message == .result(.void))
      for client in clients {
        #expect(
          try await client.nextEvent() == .schemaChange(SchemaChange(.created, keyspace: "k", .table("t"))))
        client.close()
      }
      #expect(try await silent.query("where").message == .result(.setKeyspace("-")))
      #expect(silent.events.isEmpty)
      silent.close()
    }
  }

  @Test func warningsStandBeforeTheResult() async throws {
    try await withStandIn { address, _, _ in
      let client = try await WireClient.ready(to: address, version: .v4)
      #expect(try await client.query("warn").warnings == ["be careful"])
      let old = try await WireClient.ready(to: address, version: .v3)
      let answer = try await old.query("warn")
      #expect(answer.warnings.isEmpty && answer.message == .result(.void))
      client.close()
      old.close()
    }
  }

  @Test func theOperatorIsToldWhatTheStorageSaid() async throws {
    let sink = RecordingSink()
    try await withStandIn(logger: CassandraLogger(label: "test", level: .info, sink: sink)) { address, _, _ in
      let client = try await WireClient.ready(to: address)
      for _ in 0..<3 {
        guard case .error(let error) = try await client.query("break").message else {
          Issue.record("it should fail")
          return
        }
        #expect(error.message == "the disk is full")
      }
      client.close()
    }
    // Once, though every request failed by it; the client was not told the path.
    let told = sink.records.filter { $0.message == "the storage failed" }
    #expect(told.first?.fields.contains { "\($0.value)".contains("/a/path") } == true)
    #expect(told.first?.level == .error)
  }
}

/// Keeps log lines.
private final class RecordingSink: LogSink {
  private let lines = Locked<[LogRecord]>([])
  var records: [LogRecord] { lines.withLock { $0 } }
  func write(_ record: LogRecord) { lines.withLock { $0.append(record) } }
}
