import CassandraHTTP
import Testing

@testable import CassandraHTTPServer

/// What the machines of HTTP/2 say, with a clock that only this moves.
@Suite struct HTTP2MachineTests {
  private func limits(_ configure: (inout ServerConfiguration) -> Void = { _ in }) -> HTTP2Limits {
    var configuration = ServerConfiguration()
    configure(&configuration)
    return HTTP2Limits(configuration.http2 ?? HTTP2Options(), ConnectionLimits(configuration))
  }

  private func traffic(
    bytes: Int = 100, isWithinHead: Bool = false, idleFrames: Int = 0, resets: Int = 0, queued: Int = 0
  ) -> HTTP2Machine.Traffic {
    HTTP2Machine.Traffic(
      bytes: bytes, isWithinHead: isWithinHead, idleFrames: idleFrames, resets: resets, queuedFrames: queued)
  }

  @Test func countsAreOfAnInterval() {
    var machine = HTTP2Machine(limits: limits { $0.http2?.maximumResets = 10 }, now: 0)
    #expect(machine.receive(traffic(resets: 10), now: 9_000) == .none)
    #expect(machine.receive(traffic(resets: 10), now: 10_000) == .none)
    #expect(machine.receive(traffic(resets: 1), now: 19_999) == .calm)
  }

  @Test func eachFloodIsSeen() {
    for flood in [
      traffic(idleFrames: 1001), traffic(resets: 201), traffic(queued: 1001),
      traffic(bytes: 65_537, isWithinHead: true),
    ] {
      var machine = HTTP2Machine(limits: limits(), now: 0)
      #expect(machine.receive(flood, now: 1) == .calm)
      // It is said once: what still arrives is dropped.
      #expect(machine.finish(now: 1) == true)
      #expect(machine.receive(flood, now: 1) == .none)
    }
    var machine = HTTP2Machine(limits: limits(), now: 0)
    for _ in 0..<100 {
      #expect(machine.receive(traffic(bytes: 40_000, isWithinHead: true), now: 1) == .none)
      #expect(machine.receive(traffic(), now: 1) == .none)
    }
  }

  @Test func aHeadHasItsTime() {
    var machine = HTTP2Machine(limits: limits(), now: 0)
    #expect(machine.open() == .serve)
    #expect(machine.receive(traffic(isWithinHead: true), now: 100) == .none)
    #expect(machine.receive(traffic(isWithinHead: true), now: 9_000) == .none)
    #expect(machine.nextLook(now: 9_900) == 10_100)
    #expect(machine.pass(now: 10_099) == .none)
    #expect(machine.pass(now: 10_100) == .end)
  }

  @Test func idleConnectionsHaveTheirTime() {
    var machine = HTTP2Machine(limits: limits(), now: 0)
    #expect(machine.nextLook(now: 0) == 75_000)
    #expect(machine.open() == .serve)
    #expect(machine.nextLook(now: 70_000) == 70_500)
    #expect(machine.pass(now: 80_000) == .none)
    #expect(machine.endStream(now: 90_000) == .none)
    #expect(machine.pass(now: 164_999) == .none)
    #expect(machine.pass(now: 165_000) == .end)
    #expect(machine.finish(now: 165_000) == true)
    #expect(machine.pass(now: 166_999) == .none)
    #expect(machine.pass(now: 167_000) == .close)
  }

  @Test func whoTakesNothingIsCut() {
    var machine = HTTP2Machine(limits: limits(), now: 0)
    machine.noteProgress(acknowledged: 0, waiting: 10, now: 1_000)
    #expect(machine.pass(now: 30_999) == .none)
    machine.noteProgress(acknowledged: 1, waiting: 9, now: 30_999)
    #expect(machine.pass(now: 31_000) == .none)
    #expect(machine.pass(now: 61_000) == .cut)
  }

  @Test func theEndGoesInSteps() {
    var machine = HTTP2Machine(limits: limits(), now: 0)
    #expect(machine.open() == .serve)
    #expect(machine.announceEnd() == true)
    #expect(machine.announceEnd() == false)
    #expect(machine.open() == .serve)
    #expect(machine.refuseStreams() == true)
    #expect(machine.open() == .refuse)
    #expect(machine.isToFinish == false)
    #expect(machine.endStream(now: 1) == .none)
    #expect(machine.endStream(now: 2) == .finish)
    #expect(machine.finish(now: 2) == true)
    #expect(machine.finish(now: 2) == false)
  }

  /// Who was told of the end loses nothing when it comes, and who has only just connected was not told.
  @Test func theEndWaitsForTheFirstStream() {
    var machine = HTTP2Machine(limits: limits(), now: 100)
    #expect(machine.awaitFirstStream() == true)
    #expect(machine.nextLook(now: 100) == 1_100)
    #expect(machine.pass(now: 1_099) == .none)
    var silent = machine
    #expect(silent.pass(now: 1_100) == .end)
    #expect(machine.open() == .serve)
    #expect(machine.awaitFirstStream() == false)
    #expect(machine.refuseStreams() == true)
    #expect(machine.endStream(now: 1_200) == .finish)
    var told = HTTP2Machine(limits: limits(), now: 100)
    #expect(told.announceEnd() == true)
    #expect(told.awaitFirstStream() == false)
  }

  @Test func theEndOfInputLetsAnswersLeave() {
    var machine = HTTP2Machine(limits: limits(), now: 0)
    #expect(machine.open() == .serve)
    #expect(machine.endInput() == .none)
    #expect(machine.open() == .refuse)
    #expect(machine.endStream(now: 2) == .finish)
  }

  /// However the bytes are cut, the same frames count.
  @Test(arguments: [1, 2, 5, 9, 10, 1000]) func framesThatBringNothingForwardAreCounted(_ size: Int) {
    var bytes = HTTP2Connection.preface
    for (type, flags, count) in [
      (4, 0, 6), (1, 5, 20), (0, 0, 0), (0, 1, 0), (0, 0, 5), (6, 0, 8), (2, 0, 5), (3, 0, 4), (8, 0, 4),
      (0x77, 0, 300),
      (0x77, 0, 0), (9, 0, 0),
    ] as [(UInt8, UInt8, Int)] {
      bytes += FrameClient.frame(type, flags: flags, stream: 1, payload: [UInt8](repeating: 6, count: count))
    }
    var scan = FrameScan()
    var count = 0
    for start in stride(from: 0, to: bytes.count, by: size) {
      count += scan.countIdle(in: Array(bytes[start..<min(start + size, bytes.count)]).span)
    }
    // SETTINGS, empty DATA, PING, PRIORITY and the unknown ones.
    #expect(count == 6)
  }

  @Test func bodiesHaveTheirTime() {
    let limits = ConnectionLimits(ServerConfiguration())
    var machine = HTTP2StreamMachine(limits: limits, expectsContinue: false, now: 0)
    #expect(machine.due == nil)
    #expect(machine.nextBodyPiece(now: 0) == .wait)
    #expect(machine.due == 30_000)
    #expect(machine.receive(bytes: [1, 2]) == true)
    #expect(machine.nextBodyPiece(now: 20_000) == .piece([1, 2]))
    #expect(machine.nextBodyPiece(now: 20_000) == .wait)
    // All of it together has a pace.
    #expect(machine.due == 30_004)
    #expect(machine.pass(now: 30_004) == .wake)
    #expect(machine.nextBodyPiece(now: 30_004) == .fail(.bodyTimedOut))
  }

  @Test func aBodyIsOverOnce() {
    let limits = ConnectionLimits(ServerConfiguration())
    var machine = HTTP2StreamMachine(limits: limits, expectsContinue: false, now: 0)
    #expect(machine.receive(bytes: [1]) == false)
    #expect(machine.endInput() == false)
    #expect(machine.cutInput() == false)
    #expect(machine.nextBodyPiece(now: 0) == .piece([1]))
    #expect(machine.nextBodyPiece(now: 0) == .end)
    var cut = HTTP2StreamMachine(limits: limits, expectsContinue: false, now: 0)
    #expect(cut.receive(bytes: [1, 2]) == false)
    #expect(cut.cutInput() == false)
    #expect(cut.close() == 2)
    #expect(cut.nextBodyPiece(now: 0) == .fail(.gone))
  }
}

extension HTTP2StreamMachine {
  fileprivate mutating func receive(bytes: [UInt8]) -> Bool { receive(bytes.span) }
}
