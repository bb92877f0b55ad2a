import CassandraBytes
import CassandraDice
import CassandraWire

@testable import CQLNode

/// The node's machine and what uses it: it takes statements, runs them in any order, and counts what is held for them.
struct ServerSide {
  private final class Maker {}

  private struct Statement {
    var stream: Int16
    var bytes: Int
    var text: String
    /// Made for it before it is answered, by whom.
    var maker = Maker()
    var made = 0
  }

  private(set) var machine: ServerMachine
  private var dice: Dice
  private var running: [Statement] = []
  private var held: [Statement] = []
  /// Bytes of the node's memory, by what the machine said to take and to give back.
  private var taken = 0
  /// What has not left.
  private(set) var output: [UInt8] = []
  /// Whether what arrives may be something else than what was sent.
  var isDeceived = false
  /// Whether nothing is read from the client.
  private(set) var isPaused = false
  /// Whether the output is to be ended behind what has left.
  private(set) var endsOutput = false
  private(set) var wantsClose = false
  private(set) var wantsCut = false
  private(set) var timers: [ServerMachine.Timer: Int] = [:]
  private(set) var pauses = 0

  init(password: PasswordCheck?, limits: NodeLimits, dice: Dice, now: UInt64) {
    machine = ServerMachine(
      password: password, limits: .init(limits),
      reading: .init(limit: limits.writeTimeout, slowestBytesPerSecond: limits.slowestReaderBytesPerSecond), now: now)
    self.dice = dice
  }

  // MARK: What it hears

  /// - Parameter waiting: Bytes that have left and that the client has not got.
  mutating func receive(_ bytes: [UInt8], waiting: Int, now: UInt64) throws {
    machine.heard(now: now, allowed: machine.allowedBodyBytes(left: 1 << 20))
    var offset = 0
    while let action = machine.next(in: bytes.span, at: &offset) { try carryOut(action, now) }
    taken += machine.chargeFrame(now: now)
    if machine.takePause(waiting: waiting) {
      isPaused = true
      pauses += 1
    }
    finish(now)
    try checkMemory()
  }

  private mutating func carryOut(_ action: ServerMachine.Action, _ now: UInt64) throws {
    switch action {
    case .run(let header, let opcode, let body): try take(header, opcode, body)
    case .answer(let message, let stream):
      if case .error(let error) = message, error.code == .protocolError, !isDeceived {
        throw Fault(words: "the client is told that it breaks the protocol: \(error.message)")
      }
      answer(message, on: stream)
    case .establish(let message, let framing, let stream):
      answer(message, on: stream)
      machine.establish(framing)
    case .send(let bytes):
      guard isDeceived else { throw Fault(words: "the client's version is refused") }
      output += bytes
    case .register(let stream): answer(.ready, on: stream)
    case .askRoles(let attempt):
      let isRight = attempt.password == Array("right".utf8)
      guard machine.decide(attempt, as: isRight ? attempt.shownName : nil, error: nil) else {
        throw Fault(words: "nobody waits for the login that was asked about")
      }
      try carryOut(.judge(refused: isRight ? nil : attempt.shownName), now)
    case .judge:
      switch dice.number(0...9) {
      case 0: wantsCut = true
      case 1..<6: machine.judge(until: now + UInt64(dice.number(1...800)))
      default: answerLogin()
      }
    case .cut:
      guard isDeceived else { throw Fault(words: "the client speaks before its login is answered") }
      wantsCut = true
    }
  }

  private mutating func take(_ header: EnvelopeHeader, _ opcode: Opcode, _ body: [UInt8]) throws {
    guard let message = try? RequestMessage(opcode: opcode, body: body[...], version: machine.version),
      case .query(let text, _) = message
    else {
      guard isDeceived else { throw Fault(words: "a statement cannot be read") }
      return answer(.error(ErrorResponse(.protocolError, "unreadable")), on: header.stream)
    }
    guard !dice.chance(2) else {
      return answer(.error(ErrorResponse(.overloaded, "not now")), on: header.stream)
    }
    machine.begin(bytes: body.count)
    running.append(Statement(stream: header.stream, bytes: body.count, text: text))
  }

  private mutating func answerLogin() {
    guard let login = machine.takeLogin() else { return }
    answer(login.message, on: login.stream)
  }

  // MARK: What it answers

  /// One of the statements goes on.
  mutating func run(waiting: Int, now: UInt64) throws {
    guard !running.isEmpty else { return }
    var statement = running.remove(at: dice.number(0...running.count - 1))
    let limit = machine.limits.answerBytes
    if statement.made == 0 && machine.memory.isFilled(waiting: waiting + output.count, limit: limit) {
      held.append(statement)
      return
    }
    if statement.made == 0 && dice.chance(20) {
      // The answer grows before it is complete.
      let more = dice.number(1...20_000)
      if machine.mayGrow(by: more, for: ObjectIdentifier(statement.maker), waiting: waiting + output.count) {
        machine.memory.answers += more
        taken += more
        statement.made = more
      }
      running.append(statement)
      return
    }
    machine.end(bytes: statement.bytes)
    finish(statement)
    if statement.made > 0 {
      _ = machine.endGrowth(of: ObjectIdentifier(statement.maker), bytes: statement.made)
      taken -= statement.made
    }
    taken += machine.chargeOutput(waiting: waiting + output.count)
    finish(now)
    try checkMemory()
  }

  private mutating func finish(_ statement: Statement) {
    guard machine.canAnswer else { return }
    guard !statement.text.hasPrefix("USE") else {
      return answer(.result(.setKeyspace("k")), on: statement.stream)
    }
    let words = statement.text.split(separator: " ")
    guard words.count >= 2, let number = Int64(words[0]), let size = Int(words[1]), size >= 0, size < 1 << 20 else {
      return answer(.error(ErrorResponse(.syntaxError, statement.text)), on: statement.stream)
    }
    guard !dice.chance(5) else { return answer(.error(ErrorResponse(.invalid, "\(number)")), on: statement.stream) }
    machine.append(.result, on: statement.stream, to: &output) { output in
      output.append(bigEndian: number)
      output += [UInt8](repeating: 7, count: size)
    }
  }

  private mutating func answer(_ message: ResponseMessage, on stream: Int16) {
    if machine.canAnswer { machine.append(message, on: stream, to: &output) }
  }

  /// Tells of an event, when the client has asked for it.
  mutating func tell() {
    let event = Event.schemaChange(SchemaChange(.created, keyspace: "k", .table("t")))
    if machine.wants(event.kind) { answer(.event(event), on: -1) }
  }

  /// What leaves when the turn ends.
  mutating func takeOutput(waiting: Int) -> [UInt8] {
    if !output.isEmpty { machine.seal(&output) }
    taken += machine.chargeOutput(waiting: waiting + output.count)
    switch machine.resume(waiting: waiting) {
    case .none: break
    case .run: runHeld()
    case .readAndRun:
      isPaused = false
      runHeld()
    }
    defer { output = [] }
    return output
  }

  private mutating func runHeld() {
    running += held
    held = []
  }

  // MARK: Time and the end

  /// - Parameters:
  ///   - waiting: Bytes that have left and that the client has not got.
  ///   - arrived: Bytes that it has got.
  mutating func pass(waiting: Int, arrived: Int, now: UInt64) {
    if let next = machine.nextTimer, next.at <= now { timers[next.timer, default: 0] += 1 }
    switch machine.pass(now: now) {
    case .none: break
    case .answerLogin:
      answerLogin()
      finish(now)
    case .close: wantsClose = true
    }
    if machine.isIdle(waiting: waiting, now: now) { wantsClose = true }
    switch machine.lookAtReader(acknowledged: UInt64(arrived), waiting: waiting, now: now) {
    case .forget, .watch: break
    case .cut: wantsCut = true
    }
  }

  /// The client ends its half.
  mutating func endInput() {
    switch machine.endInput() {
    case .none: break
    case .close: wantsClose = true
    }
  }

  mutating func drain(now: UInt64) {
    machine.drain()
    finish(now)
  }

  private mutating func finish(_ now: UInt64) {
    if machine.takeResume() { isPaused = false }
    switch machine.finish(now: now) {
    case .none: break
    case .endOutput: endsOutput = true
    }
  }

  /// The socket is closed: nothing is held for it any more.
  mutating func close() throws {
    guard machine.phase != .closed else { return }
    _ = machine.close()
    output = []
    taken += machine.chargeFrame(now: 0) + machine.chargeOutput(waiting: 0)
    for statement in running + held {
      machine.end(bytes: statement.bytes)
      _ = machine.endGrowth(of: ObjectIdentifier(statement.maker), bytes: statement.made)
      taken -= statement.made
    }
    running = []
    held = []
    guard machine.requestsInFlight == 0, machine.holding == 0, taken == 0 else {
      throw Fault(words: "a closed connection holds \(taken) bytes and \(machine.requestsInFlight) requests")
    }
  }

  private func checkMemory() throws {
    let requests = (running + held).reduce(0) { $0 + $1.bytes }
    guard machine.holding == taken + requests, machine.requestsInFlight == running.count + held.count else {
      throw Fault(words: "the node counts \(machine.holding) bytes where \(taken + requests) are held")
    }
  }
}
