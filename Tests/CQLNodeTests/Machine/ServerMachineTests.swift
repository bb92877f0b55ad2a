import CassandraBytes
import CassandraReactor
import CassandraWire
import Testing

@testable import CQLNode

/// Transcripts: what comes in, and what the machine says to do.
@Suite struct ServerMachineTests {
  private var machine: ServerMachine
  /// How the client writes.
  private var encoder = EnvelopeEncoder()
  private var version = ProtocolVersion.v5

  init() { machine = Self.machine(password: nil) }

  private static func machine(password: String?) -> ServerMachine {
    machine(check: password.map { PasswordCheck(NodeUser(name: "u", password: .init($0))) })
  }

  private static func machine(check: PasswordCheck?) -> ServerMachine {
    var limits = NodeLimits()
    limits.answerBytesPerConnection = 1000
    limits.handshakeTimeout = .milliseconds(500)
    limits.lingerTimeout = .milliseconds(300)
    limits.frameTimeout = .milliseconds(2_000)
    return ServerMachine(
      password: check, limits: .init(limits),
      reading: ReadingWatch(limit: .seconds(1), slowestBytesPerSecond: 1000), now: 0)
  }

  /// The bytes of a message.
  private mutating func bytes(_ message: RequestMessage) throws -> [UInt8] {
    var output: [UInt8] = []
    let version = version
    let header = EnvelopeHeader(version: version, isResponse: false, stream: 1, opcode: message.opcode)
    try encoder.append(header, to: &output) { output throws(WireError) in
      try message.encode(into: &output, version: version)
    }
    encoder.seal(&output)
    return output
  }

  /// What follows from the bytes, as one would tell it.
  private mutating func receive(_ bytes: [UInt8], now: UInt64 = 0) -> [String] {
    machine.heard(now: now, allowed: machine.allowedBodyBytes(left: 1 << 20))
    var offset = 0
    var lines: [String] = []
    while let action = machine.next(in: bytes.span, at: &offset) {
      switch action {
      case .answer(let message, let stream): lines.append("answer \(message.opcode) on \(stream)")
      case .establish(let message, let framing, let stream):
        lines.append("answer \(message.opcode) on \(stream)")
        machine.establish(framing)
        encoder.framing = framing
      case .send: lines.append("send")
      case .run(_, let opcode, let body):
        lines.append("run \(opcode)")
        machine.begin(bytes: body.count)
      case .register: lines.append("register")
      case .judge(let refused): lines.append("judge \(refused ?? "success")")
      case .askRoles(let attempt): lines.append("ask about \(attempt.shownName)")
      case .cut: lines.append("cut")
      }
    }
    return lines
  }

  private mutating func start() throws {
    let startup = try bytes(.startup(["CQL_VERSION": "3.0.0"]))
    #expect(receive(startup).count == 1)
  }

  private static let query = RequestMessage.query("SELECT", QueryParameters(consistency: .one))

  @Test mutating func aStatementIsRunOnceTheClientHasBegun() throws {
    try start()
    #expect(machine.phase == .ready)
    #expect(receive(try bytes(Self.query)) == ["run QUERY"])
    #expect(machine.nextTimer == nil)
  }

  /// In v5 the end of a segment follows the message that has to wait; what comes after that is to be understood.
  @Test mutating func aLoginThatWaitedIsFollowedByStatements() throws {
    machine = Self.machine(password: "p")
    try start()
    #expect(receive(try bytes(.authResponse([0] + Array("u".utf8) + [0] + Array("p".utf8)))) == ["judge success"])
    machine.judge(until: 100)
    #expect(machine.phase == .judging)
    #expect(machine.nextTimer?.timer == .login)
    #expect(machine.pass(now: 99) == .none)
    #expect(machine.pass(now: 100) == .answerLogin)
    #expect(machine.takeLogin()?.user == "u")
    #expect(machine.takeLogin() == nil)
    #expect(receive(try bytes(Self.query), now: 100) == ["run QUERY"])
  }

  /// Whether it comes in the same piece as the password or in another one.
  @Test(arguments: [true, false]) mutating func nothingFollowsAPasswordBeforeItsAnswer(inOnePiece: Bool) throws {
    machine = Self.machine(password: "p")
    try start()
    let login = try bytes(.authResponse([0] + Array("u".utf8) + [0] + Array("wrong".utf8)))
    let more = try bytes(Self.query)
    if inOnePiece {
      #expect(receive(login + more).first == "judge u")
    } else {
      #expect(receive(login) == ["judge u"])
      #expect(receive(more).first == "cut")
    }
    machine.judge(until: 100)
    #expect(receive(more).first == "cut")
  }

  @Test mutating func aLoginThatFailsEndsTheConnection() throws {
    machine = Self.machine(password: "p")
    try start()
    #expect(receive(try bytes(.authResponse([0] + Array("u".utf8) + [0] + Array("q".utf8)))) == ["judge u"])
    #expect(machine.takeLogin()?.user == nil)
    #expect(machine.phase == .draining)
    #expect(machine.finish(now: 10) == .endOutput)
    #expect(machine.finish(now: 10) == .none)
    #expect(machine.pass(now: 309) == .none)
    #expect(machine.pass(now: 310) == .close)
    #expect(machine.close() == false)
  }

  /// Roles are asked elsewhere, and until they answer nothing else is looked at.
  @Test(arguments: [true, false]) mutating func rolesMayTakeTheirTime(isRight: Bool) throws {
    machine = Self.machine(check: .roles)
    try start()
    let login = try bytes(.authResponse([0] + Array("u".utf8) + [0] + Array("p".utf8)))
    #expect(receive(login) == ["ask about u"])
    #expect(machine.phase == .judging)
    #expect(machine.nextTimer?.timer == .handshake)
    let attempt = LoginAttempt(name: Array("u".utf8), password: Array("p".utf8))
    let answers = [
      machine.decide(attempt, as: isRight ? "u" : nil, error: nil), machine.decide(attempt, as: "u", error: nil),
    ]
    #expect(answers == [true, false])
    machine.judge(until: 100)
    #expect(machine.pass(now: 100) == .answerLogin)
    let answer = machine.takeLogin()
    #expect(answer?.user == (isRight ? "u" : nil))
    #expect(answer?.stream == 1)
    #expect(machine.phase == (isRight ? .ready : .draining))
    #expect(receive(try bytes(Self.query), now: 100) == (isRight ? ["run QUERY"] : []))
  }

  @Test mutating func whoDoesNotWaitForTheRolesIsCut() throws {
    machine = Self.machine(check: .roles)
    try start()
    let login = try bytes(.authResponse([0] + Array("u".utf8) + [0] + Array("p".utf8)))
    let more = try bytes(Self.query)
    #expect(receive(login) == ["ask about u"])
    #expect(receive(more).first == "cut")
    #expect(machine.close() == false)
    let isAwaited = machine.decide(LoginAttempt(name: [117], password: [112]), as: "u", error: nil)
    #expect(!isAwaited)
  }

  @Test mutating func aClientThatDoesNotBeginIsClosed() {
    #expect(machine.pass(now: 499) == .none)
    #expect(machine.nextTimer?.timer == .handshake)
    #expect(machine.pass(now: 500) == .close)
  }

  @Test mutating func aLongMessageThatDoesNotComeIsGivenUp() throws {
    version = .v4
    try start()
    let text = String(repeating: "x", count: 20_000)
    let message = try bytes(.query(text, QueryParameters(consistency: .one)))
    #expect(receive(Array(message.prefix(19_000)), now: 100) == [])
    let more = machine.chargeFrame(now: 100)
    #expect(more > 20_000 && machine.holding == more)
    #expect(machine.nextTimer?.timer == .frame)
    #expect(machine.pass(now: 2_099) == .none)
    #expect(machine.pass(now: 2_100) == .close)
    #expect(receive(Array(message.suffix(from: 19_000)), now: 200) == ["run QUERY"])
    #expect(machine.chargeFrame(now: 200) == -more)
    #expect(machine.nextTimer == nil)
  }

  /// A message cannot arrive while nothing is read, which is not the client's fault.
  @Test mutating func timeDoesNotPassForAMessageWhileNothingIsRead() throws {
    version = .v4
    try start()
    let message = try bytes(.query(String(repeating: "x", count: 20_000), QueryParameters(consistency: .one)))
    #expect(receive(Array(message.prefix(19_000)), now: 100) == [])
    _ = machine.chargeFrame(now: 100)
    machine.readingStopped(now: 600)
    machine.readingStopped(now: 700)
    #expect(machine.nextTimer == nil)
    #expect(machine.pass(now: 1_000_000) == .none)
    machine.readingGoesOn(now: 1_000_000)
    machine.readingGoesOn(now: 1_000_100)
    #expect(machine.pass(now: 1_001_499) == .none)
    #expect(machine.pass(now: 1_001_500) == .close)
    #expect(receive(Array(message.suffix(from: 19_000)), now: 1_001_499) == ["run QUERY"])
    _ = machine.chargeFrame(now: 1_001_499)
    #expect(machine.nextTimer == nil)
    // One that begins while nothing is read has its whole time behind that.
    machine.readingStopped(now: 1_002_000)
    #expect(receive(Array(message.prefix(19_000)), now: 1_002_000) == [])
    _ = machine.chargeFrame(now: 1_002_000)
    #expect(machine.nextTimer == nil)
    machine.readingGoesOn(now: 1_003_000)
    #expect(machine.pass(now: 1_004_999) == .none)
    #expect(machine.pass(now: 1_005_000) == .close)
  }

  @Test mutating func aConnectionThatDrainsWaitsForItsAnswers() throws {
    try start()
    #expect(receive(try bytes(Self.query)) == ["run QUERY"])
    machine.drain()
    #expect(machine.finish(now: 0) == .none)
    #expect(receive(try bytes(Self.query)) == [])
    #expect(machine.canAnswer)
    machine.end(bytes: machine.holding)
    #expect(machine.finish(now: 0) == .endOutput)
    #expect(!machine.canAnswer)
    #expect(machine.endInput() == .none)
  }

  @Test mutating func whoDoesNotReadIsNotReadFrom() throws {
    try start()
    #expect(machine.takePause(waiting: 1000) == false)
    #expect(machine.takePause(waiting: 1001) == true)
    #expect(machine.takePause(waiting: 1001) == false)
    #expect(machine.resume(waiting: 501) == .none)
    #expect(machine.resume(waiting: 500) == .readAndRun)
    #expect(machine.resume(waiting: 500) == .run)
    #expect(machine.lookAtReader(acknowledged: 0, waiting: 10, now: 0) == .watch)
    #expect(machine.lookAtReader(acknowledged: 0, waiting: 10, now: 1000) == .cut)
    #expect(machine.lookAtReader(acknowledged: 10, waiting: 0, now: 1000) == .forget)
  }

  /// The end of a client of which nothing more is looked at would not be noticed else.
  @Test mutating func aConnectionThatDrainsIsReadFromAgain() throws {
    try start()
    #expect(machine.takePause(waiting: 2000) == true)
    machine.drain()
    let (first, second) = (machine.takeResume(), machine.takeResume())
    #expect(first && !second)
    #expect(machine.takePause(waiting: 2000) == false)
  }
}
