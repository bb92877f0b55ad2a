import CassandraBytes
import CassandraWire
import Testing

@testable import Cassandra

/// Transcripts: what comes in, and what the machine says to do.
@Suite struct ClientMachineTests {
  private var machine: ClientMachine<String>
  private var output: [UInt8] = []

  init() {
    var limits = ClientLimits()
    limits.requestsInFlight = 2
    limits.orphanedRequests = 1
    machine = ClientMachine(version: .v4, limits: ConnectionLimits(limits), now: 0)
  }

  private mutating func send(_ recipient: String, due: UInt64 = 1000, now: UInt64 = 0) -> Int16 {
    let token = machine.send(.options, flags: [], due: due, now: now, into: &output) { _ in }
    #expect(machine.wait(token, recipient) == true)
    return token.stream
  }

  /// The bytes of an answer without a body.
  private func answer(_ opcode: Opcode, on stream: Int16, version: ProtocolVersion = .v4) -> [UInt8] {
    var bytes: [UInt8] = []
    var encoder = EnvelopeEncoder()
    encoder.append(
      EnvelopeHeader(version: version, isResponse: true, stream: stream, opcode: opcode), to: &bytes, body: { _ in })
    return bytes
  }

  private mutating func receive(_ bytes: [UInt8], now: UInt64 = 0) -> [String] {
    machine.heard(now: now)
    var offset = 0
    var lines: [String] = []
    while let action = machine.next(in: bytes.span, at: &offset) {
      switch action {
      case .deliver(let recipient, let header, _): lines.append("deliver \(header.opcode) to \(recipient)")
      case .forget: lines.append("forget")
      case .event: lines.append("event")
      case .unreadableEvent: lines.append("unreadable event")
      case .close(let end):
        lines.append("close: \(end)")
        lines += machine.close().sorted().map { "fail \($0)" }
      }
    }
    return lines
  }

  @Test mutating func answersFindWhoAsked() {
    machine.open(now: 0)
    let (first, second) = (send("a"), send("b"))
    #expect(!machine.hasPlace)
    #expect(
      receive(answer(.ready, on: second) + answer(.supported, on: first)) == ["deliver 2 to b", "deliver 6 to a"])
    #expect(machine.hasPlace && machine.inFlight == 0)
  }

  @Test mutating func aConnectionThatDrainsEndsWithItsLastAnswer() {
    machine.open(now: 0)
    let (first, second) = (send("a"), send("b"))
    #expect(machine.drain() == .begin)
    #expect(machine.drain() == .none)
    #expect(!machine.isUsable)
    #expect(receive(answer(.ready, on: first)) == ["deliver 2 to a"])
    #expect(receive(answer(.ready, on: second)) == ["deliver 2 to b", "close: drained"])
    #expect(machine.phase == .closed)
  }

  @Test mutating func whatNobodyAskedEndsTheConnection() {
    machine.open(now: 0)
    _ = send("a")
    #expect(receive(answer(.ready, on: 1)) == ["close: unasked(stream: 1, nil)", "fail a"])
  }

  /// Only the handshake may be answered in another version.
  @Test mutating func anErrorOfAnotherVersionRefusesOurs() {
    let first = send("a")
    #expect(receive(answer(.error, on: first, version: .v3)) == ["deliver 0 to a"])
    machine.open(now: 0)
    let second = send("b")
    #expect(receive(answer(.error, on: second, version: .v3)) == ["close: otherVersion(3)", "fail b"])
  }

  /// Whether an answer of so many bytes is dropped.
  private mutating func drops(_ count: Int) -> Bool {
    let stream = send("a")
    var bytes: [UInt8] = []
    var encoder = EnvelopeEncoder()
    encoder.append(
      EnvelopeHeader(version: .v4, isResponse: true, stream: stream, opcode: .supported), to: &bytes
    ) { $0 += [UInt8](repeating: 0, count: count) }
    machine.heard(now: 0)
    var offset = 0
    guard case .deliver(_, _, .dropped)? = machine.next(in: bytes.span, at: &offset) else { return false }
    return true
  }

  /// What a server says of itself is short; once it has, the limit of answers counts.
  @Test mutating func aLongAnswerDuringTheHandshakeIsDropped() {
    #expect(!drops(ConnectionLimits.handshakeBytes))
    #expect(drops(ConnectionLimits.handshakeBytes + 1))
    machine.open(now: 0)
    #expect(!drops(ConnectionLimits.handshakeBytes + 1))
  }

  @Test mutating func whatIsLateIsGivenUpAndItsAnswerForgotten() {
    machine.open(now: 0)
    #expect(machine.pass(now: 0) == .pulse)
    let stream = send("a", due: 30)
    #expect(machine.nextTimer == 20)
    #expect(machine.pass(now: 20) == .sweep)
    #expect(machine.sweep(now: 20, where: { _ in false }, replacement: { _ in nil }).overdue.isEmpty)
    #expect(machine.pass(now: 40) == .sweep)
    let (overdue, action) = machine.sweep(now: 40, where: { _ in false }, replacement: { _ in nil })
    #expect(overdue.map(\.waiter) == ["a"] && action == .none)
    #expect(receive(answer(.ready, on: stream), now: 50) == ["forget"])
  }

  @Test mutating func tooManyAnswersThatNeverCameReplaceTheConnection() {
    machine.open(now: 0)
    for now: UInt64 in [100, 200] {
      _ = send("a", due: now, now: now)
      let action = machine.sweep(now: now, where: { _ in false }, replacement: { _ in nil }).action
      #expect(action == (now == 100 ? .none : .replace))
    }
  }

  @Test mutating func aNodeThatSaysNothingIsAskedAndThenReplaced() {
    machine.open(now: 0)
    #expect(machine.pass(now: 0) == .pulse)
    #expect(machine.lookForLife(now: 0) == .none)
    #expect(machine.lookForLife(now: 30_000) == .ask(due: 32_000))
    #expect(machine.lookForLife(now: 30_001) == .none)
    #expect(machine.nextTimer == 32_000)
    #expect(machine.lookForLife(now: 32_000) == .close)
  }

  @Test mutating func whatCannotBeEncodedLeavesItsPlaceFree() {
    struct Failure: Error {}
    machine.open(now: 0)
    for _ in 0..<5 {
      #expect(throws: Failure.self) {
        _ = try machine.send(.query, flags: [], due: 10, now: 0, into: &output) { buffer throws(Failure) in
          buffer.append(1)
          throw Failure()
        }
      }
    }
    #expect(machine.hasPlace && machine.inFlight == 0 && output.isEmpty)
  }
}
