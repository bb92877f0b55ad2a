import CassandraBytes
import CassandraHTTP
import Testing

@testable import CassandraHTTPServer

/// Transcripts: what comes in, and what the machine says to do.
@Suite struct ServerMachineTests {
  private var head = RequestHead()
  private var machine: ServerMachine

  init() {
    var configuration = ServerConfiguration()
    configuration.maximumUnreadBytes = 10
    machine = ServerMachine(limits: ConnectionLimits(configuration), now: 0)
  }

  private mutating func receive(_ text: String, now: UInt64 = 0) -> ServerMachine.ReceiveAction {
    let bytes = Array(text.utf8)
    return machine.receive(bytes.span, into: &head, now: now)
  }

  private mutating func next() -> ServerMachine.NextAction {
    machine.nextRequest(into: &head, isStopping: false, now: 0)
  }

  @Test mutating func oneRequest() {
    #expect(next() == .wait)
    #expect(receive("GET / HTTP/1.1\r\n") == .none)
    #expect(receive("Host: t\r\n\r\n") == .wake)
    #expect(next() == .request)
    let plan = machine.beginAnswer(to: head, .ok, .whole(3), isStopping: false)
    #expect(plan == .init(framing: .length(3), sendsBody: true, isLast: false))
    #expect(machine.endAnswer(now: 0) == true)
    #expect(next() == .wait)
  }

  @Test mutating func aClientThatEndsItsHalfGetsItsAnswer() {
    #expect(receive("GET / HTTP/1.1\r\nHost: t\r\n\r\n") == .wake)
    #expect(next() == .request)
    #expect(machine.endInput() == .none)
    _ = machine.beginAnswer(to: head, .ok, .whole(0), isStopping: false)
    #expect(machine.endAnswer(now: 0) == true)
    #expect(next() == .end)
    #expect(machine.finish(now: 0) == .endOutput(resumes: false))
  }

  /// A body that is there whole is taken at once, and what is behind it is the next request.
  @Test mutating func aBodyThatIsThereIsTakenWhole() {
    #expect(
      receive("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\noneGET /b HTTP/1.1\r\nHost: t\r\n\r\n") == .wake)
    #expect(next() == .request)
    #expect(!machine.isBodyOver)
    #expect(machine.takeWholeBody() == Array("one".utf8))
    #expect(machine.isBodyOver)
    #expect(machine.takeWholeBody() == nil)
    #expect(machine.nextBodyPiece(now: 0) == .end)
    _ = machine.beginAnswer(to: head, .ok, .whole(0), isStopping: false)
    #expect(machine.endAnswer(now: 0) == true)
    #expect(next() == .request)
    #expect(head.path == "/b")
    #expect(machine.takeWholeBody() == nil)
    #expect(machine.nextBodyPiece(now: 0) == .end)
  }

  /// What is not there, was begun, comes in chunks, or waits to be asked for is not taken whole.
  @Test mutating func otherBodiesAreNotTakenWhole() {
    #expect(receive("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\non") == .wake)
    #expect(next() == .request)
    #expect(machine.takeWholeBody() == nil)
    #expect(machine.nextBodyPiece(now: 0) == .piece(Array("on".utf8)))
    #expect(receive("ce") == .none)
    #expect(machine.takeWholeBody() == nil)
    #expect(machine.nextBodyPiece(now: 0) == .piece(Array("ce".utf8)))
    #expect(machine.nextBodyPiece(now: 0) == .end)
    for head in [
      "Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n", "Content-Length: 3\r\nExpect: 100-continue\r\n\r\none",
    ] {
      var (machine, request) = (ServerMachine(limits: machine.limits, now: 0), RequestHead())
      let bytes = Array("POST / HTTP/1.1\r\nHost: t\r\n\(head)".utf8)
      #expect(machine.receive(bytes.span, into: &request, now: 0) == .wake)
      #expect(machine.nextRequest(into: &request, isStopping: false, now: 0) == .request)
      #expect(machine.takeWholeBody() == nil)
      #expect(machine.nextBodyPiece(now: 0) == .piece(Array("one".utf8)))
      #expect(machine.nextBodyPiece(now: 0) == .end)
    }
  }

  @Test mutating func aBodyThatIsCutShortIsRefused() {
    #expect(receive("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nhalf") == .wake)
    #expect(next() == .request)
    #expect(machine.nextBodyPiece(now: 0) == .piece(Array("half".utf8)))
    #expect(machine.nextBodyPiece(now: 0) == .wait)
    #expect(machine.endInput() == .wake)
    #expect(machine.nextBodyPiece(now: 0) == .fail(.bodyCutShort))
    let plan = machine.beginAnswer(to: head, .badRequest, .whole(0), isStopping: false)
    #expect(plan.isLast)
    #expect(machine.endAnswer(now: 0) == false)
  }

  @Test mutating func whatIsNotReadMakesTheClientWait() {
    #expect(receive("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 20\r\n\r\n") == .wake)
    #expect(receive("0123456789") == .none)
    #expect(receive("0123456789") == .pause)
    #expect(machine.takeResume() == false)
    #expect(next() == .request)
    #expect(machine.nextBodyPiece(now: 0) == .piece(Array("01234567890123456789".utf8)))
    let (first, second) = (machine.takeResume(), machine.takeResume())
    #expect(first && !second)
    #expect(machine.nextBodyPiece(now: 0) == .end)
  }

  /// A byte now and then is a body of no pace: what a pause alone would let go on for days.
  @Test mutating func aBodyThatTricklesIsRefused() {
    #expect(receive("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n") == .wake)
    #expect(next() == .request)
    var now: UInt64 = 0
    var action = machine.nextBodyPiece(now: now)
    while action == .wait, now < 600_000 {
      now += 20_000
      if machine.pass(now: now) == .wake {
        action = machine.nextBodyPiece(now: now)
        break
      }
      _ = receive("x", now: now)
      #expect(machine.nextBodyPiece(now: now) == .piece([UInt8(ascii: "x")]))
      action = machine.nextBodyPiece(now: now)
    }
    #expect(action == .fail(.bodyTimedOut))
    #expect(now <= 60_000)
  }

  /// Twenty bytes a second are enough where ten are asked for, and too few for a thousand.
  @Test(arguments: [(10, false), (1_000, true)]) mutating func thePaceOfABodyIsTheOneThatIsSet(
    _ bytesPerSecond: Int, _ isRefused: Bool
  ) {
    var configuration = ServerConfiguration()
    configuration.slowestBodyBytesPerSecond = bytesPerSecond
    machine = ServerMachine(limits: ConnectionLimits(configuration), now: 0)
    #expect(receive("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n") == .wake)
    #expect(next() == .request)
    var wasRefused = false
    _ = machine.nextBodyPiece(now: 0)
    for second in 1...600 as ClosedRange<UInt64> {
      if machine.pass(now: second * 1_000) == .wake { wasRefused = true }
      _ = receive(String(repeating: "x", count: 20), now: second * 1_000)
      while case .piece = machine.nextBodyPiece(now: second * 1_000) {}
    }
    #expect(wasRefused == isRefused)
  }

  @Test mutating func aHeadThatDoesNotComeIsRefused() {
    #expect(next() == .wait)
    #expect(receive("GET /", now: 1_000) == .none)
    #expect(machine.pass(now: 10_999) == .none)
    #expect(machine.pass(now: 11_000) == .wake)
    #expect(next() == .refuse(.headTimedOut))
    #expect(machine.beginAnswer(to: head, .requestTimeout, .whole(0), isStopping: false).isLast)
  }

  @Test mutating func anIdleConnectionIsClosedAfterTheBalancers() {
    #expect(next() == .wait)
    #expect(machine.pass(now: 500) == .shrink)
    #expect(machine.nextTimer(now: 500)?.timer == .idle)
    #expect(machine.pass(now: 60_000) == .none)
    #expect(machine.pass(now: 75_000) == .close)
  }

  /// At the end the first request of a connection is waited for, and one that has arrived and was not read yet.
  @Test mutating func theEndWaitsForWhatIsOnItsWay() {
    #expect(machine.stop(hasInput: false, now: 200) == .none)
    #expect(machine.pass(now: 500) == .shrink)
    #expect(machine.nextTimer(now: 500)?.at == 1_000)
    #expect(machine.pass(now: 999) == .none)
    #expect(receive("GET / HTTP/1.1\r\n", now: 999) == .none)
    #expect(machine.pass(now: 1_000) == .none)
    #expect(receive("Host: t\r\n\r\n", now: 1_000) == .wake)
    #expect(next() == .request)
    #expect(machine.stop(hasInput: true, now: 1_000) == .none)
    _ = machine.beginAnswer(to: head, .ok, .whole(3), isStopping: false)
    #expect(machine.endAnswer(now: 2_000) == true)
    #expect(machine.stop(hasInput: true, now: 2_100) == .none)
    #expect(machine.nextTimer(now: 2_100)?.at == 2_200)
    #expect(machine.pass(now: 2_199) == .none)
    #expect(machine.pass(now: 2_200) == .close)
    #expect(machine.stop(hasInput: false, now: 2_100) == .wake)
  }

  @Test mutating func aClientThatTakesNothingIsCut() {
    #expect(receive("GET / HTTP/1.1\r\nHost: t\r\n\r\n") == .wake)
    #expect(next() == .request)
    _ = machine.beginAnswer(to: head, .ok, .streamed(nil), isStopping: false)
    machine.noteProgress(acknowledged: 0, waiting: 1000, now: 0)
    machine.noteProgress(acknowledged: 10, waiting: 1000, now: 20_000)
    #expect(machine.pass(now: 49_000) == .none)
    #expect(machine.nextTimer(now: 49_900)?.timer == .write)
    #expect(machine.pass(now: 50_010) == .cut)
  }
}
