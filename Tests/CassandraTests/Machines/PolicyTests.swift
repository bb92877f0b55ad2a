import CassandraWire
import CassandraTelemetry
import Testing

@testable import Cassandra

@Suite(.timeLimit(.minutes(5))) struct PolicyTests {
  private func error(_ code: ErrorResponse.Code, _ detail: ErrorResponse.Detail = .none) -> CassandraError {
    CassandraError(server: ErrorResponse(code, "", detail: detail), coordinator: nil)
  }

  private func decide(
    _ error: CassandraError, isIdempotent: Bool, retries: Int = 0
  ) -> RetryPolicy.Decision {
    RetryPolicy.standard.decide(.init(error: error, isIdempotent: isIdempotent, retries: retries))
  }

  @Test func whatDidNothingIsTriedElsewhere() {
    for code in [ErrorResponse.Code.unavailable, .isBootstrapping] {
      #expect(decide(error(code), isIdempotent: false) == .nextNode)
      #expect(decide(error(code), isIdempotent: true) == .nextNode)
      #expect(decide(error(code), isIdempotent: true, retries: 1) == .fail)
    }
  }

  @Test func whatMayHaveHappenedIsTriedElsewhereOnlyWhenThatDoesNoHarm() {
    let lost = CassandraError.connectionLost(nil, coordinator: EndPoint(host: "h"))
    for error in [lost, error(.overloaded), error(.serverError), error(.truncateError)] {
      #expect(decide(error, isIdempotent: true) == .nextNode, "\(error.code)")
      #expect(decide(error, isIdempotent: false) == .fail, "\(error.code)")
      #expect(decide(error, isIdempotent: true, retries: 1) == .fail, "\(error.code)")
    }
    #expect(decide(lost.withRetrySafety(true), isIdempotent: false) == .nextNode)
  }

  @Test func aReadTimeoutWithoutDataIsTriedAgain() {
    func timeout(_ received: Int32, _ blockFor: Int32, _ dataPresent: Bool) -> CassandraError {
      error(.readTimeout, .readTimeout(.quorum, received: received, blockFor: blockFor, dataPresent: dataPresent))
    }
    #expect(decide(timeout(2, 2, false), isIdempotent: true) == .sameNode)
    #expect(decide(timeout(2, 2, false), isIdempotent: false) == .fail)
    #expect(decide(timeout(2, 2, true), isIdempotent: true) == .fail)
    #expect(decide(timeout(1, 2, false), isIdempotent: true) == .fail)
  }

  @Test func aWriteTimeoutOfTheBatchLogIsTriedAgain() {
    func timeout(_ type: ErrorResponse.WriteType) -> CassandraError {
      error(.writeTimeout, .writeTimeout(.quorum, received: 0, blockFor: 2, type, contentions: nil))
    }
    #expect(decide(timeout(.batchLog), isIdempotent: true) == .sameNode)
    #expect(decide(timeout(.batchLog), isIdempotent: false) == .fail)
    for type in [ErrorResponse.WriteType.simple, .batch, .unloggedBatch, .counter, .cas] {
      #expect(decide(timeout(type), isIdempotent: true) == .fail, "\(type)")
    }
  }

  @Test func everythingElseIsTold() {
    let codes: [ErrorResponse.Code] = [
      .protocolError, .badCredentials, .readFailure, .functionFailure, .writeFailure, .cdcWriteFailure,
      .casWriteUnknown, .syntaxError, .unauthorized, .invalid, .configError, .alreadyExists, .unprepared,
      .init(rawValue: 0x7777),
    ]
    for code in codes { #expect(decide(error(code), isIdempotent: true) == .fail, "\(code)") }
    for code in [CassandraError.Code.timedOut, .cancelled, .queueFull, .protocolViolation] {
      #expect(decide(CassandraError(code, ""), isIdempotent: true) == .fail, "\(code)")
    }
  }

  @Test func attemptsAddUp() throws {
    let (a, b) = (EndPoint(host: "a"), EndPoint(host: "b"))
    let lost = CassandraError.connectionLost(nil, coordinator: a)
    var attempts = Attempts()
    #expect(attempts.avoided == nil)
    try attempts.failed(lost, at: a, isIdempotent: true)
    #expect(attempts.avoided == a)
    // The second attempt did nothing, but the first may have.
    let thrown = #expect(throws: CassandraError.self) {
      try attempts.failed(error(.unavailable), at: b, isIdempotent: true)
    }
    #expect(thrown?.code == .unavailable)
    #expect(thrown?.isRetrySafe == false)

    let nobody = CassandraError(.noNodeAvailable, "", isRetrySafe: true)
    #expect(Attempts().failure(insteadOf: nobody).code == .noNodeAvailable)
    #expect(attempts.failure(insteadOf: nobody).code == .connectionLost)
    #expect(attempts.failure(insteadOf: .cancelled(coordinator: nil)).code == .cancelled)

    var safe = Attempts()
    try safe.failed(error(.unavailable), at: a, isIdempotent: false)
    let second = #expect(throws: CassandraError.self) {
      try safe.failed(error(.unavailable), at: b, isIdempotent: false)
    }
    #expect(second?.isRetrySafe == true)
  }

  @Test func reconnectionWaitsDouble() {
    let policy = ReconnectionPolicy(first: .milliseconds(100), longest: .seconds(1))
    let waits = (1...6).map { policy.delay(failures: $0, chance: 1) }
    #expect(waits == [100, 200, 400, 800, 1000, 1000].map { .milliseconds($0) })
    #expect(policy.delay(failures: 3, chance: 0) == .milliseconds(300))
    #expect(policy.delay(failures: .max, chance: 1) == .seconds(1))
    #expect(policy.delay(failures: 0, chance: 1) == .milliseconds(100))
    #expect(ReconnectionPolicy().delay(failures: 1000, chance: 1) == .seconds(30))
  }

  @Test func timestampsIncrease() {
    let generator = TimestampGenerator()
    #expect(generator.next(after: 1000) == 1000)
    #expect(generator.next(after: 1000) == 1001)
    #expect(generator.next(after: 500) == 1002)  // The clock was set back.
    #expect(generator.next(after: 2000) == 2000)
    // From now on that is the real clock: later than 2020 and before 2100, in microseconds.
    #expect((1_577_836_800_000_000..<4_102_444_800_000_000).contains(generator.next()))
  }

  @Test func timestampsAreDifferentOnAllThreads() async {
    let generator = TimestampGenerator()
    let all = await withTaskGroup(of: [Int64].self) { group in
      for _ in 0..<4 { group.addTask { (0..<2000).map { _ in generator.next(after: 1) } } }
      return await group.reduce(into: []) { $0 += $1 }
    }
    #expect(Set(all).count == 8000)
    #expect(all.max() == 8000)
  }
}
