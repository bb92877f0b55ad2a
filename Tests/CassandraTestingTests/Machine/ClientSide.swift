import CassandraBytes
import CassandraDice
import CassandraWire

@testable import Cassandra

/// What was found to be wrong.
struct Fault: Error { let words: String }

/// The client's machine and what uses it: it asks, and holds every answer against what was asked.
struct ClientSide {
  typealias Machine = ClientMachine<Int>

  /// What is asked, and what must come of it.
  private struct Question {
    /// Bytes of the answer besides its number.
    var size: Int
    /// Whether nobody wants the answer any more.
    var isCancelled = false
  }

  /// Recipients that are no question: the handshake, and what asks whether the node is there.
  private static let handshakeRecipient = -1
  private static let pulseRecipient = -2
  /// Added to the recipient of a question whose answer is waited for in another place.
  private static let elsewhere = 1 << 32

  private(set) var machine: Machine
  private var handshake: Handshake
  private var dice: Dice
  private let responseBytes: Int
  private var number = 0
  private var open: [Int: Question] = [:]
  /// What has not left.
  private(set) var output: [UInt8] = []
  /// Whether what arrives may be something else than what was sent.
  var isDeceived = false
  /// Whether the socket is to be closed.
  private(set) var wantsClose = false
  private(set) var answered = 0
  private(set) var ends: Set<String> = []
  private(set) var timers: [Machine.Timer: Int] = [:]

  init(_ wishes: Handshake.Wishes, limits: ConnectionLimits, dice: Dice, now: UInt64) throws {
    machine = Machine(version: wishes.version, limits: limits, now: now)
    handshake = Handshake(wishes)
    responseBytes = limits.responseBytes
    self.dice = dice
    try carryOut(handshake.start(), now)
  }

  var hasOpenQuestions: Bool { !open.isEmpty }

  // MARK: What it asks

  /// Asks something, when there is a place; with so much beside it, or as the dice have it.
  mutating func ask(now: UInt64, padding given: Int? = nil) throws {
    guard machine.phase == .open, machine.hasPlace else { return }
    number += 1
    let padding = given ?? (dice.chance(2) ? dice.number(15_000...70_000) : dice.number(0...300))
    let size = dice.chance(2) ? dice.number(5_000...30_000) : dice.number(0...600)
    let patience = dice.chance(15) ? dice.number(1...200) : dice.number(2_000...60_000)
    let text = "\(number) \(size) " + String(repeating: "x", count: padding)
    let before = output.count
    do {
      let fails = dice.chance(2)
      try send(.query(text, QueryParameters(consistency: .one)), to: number, due: now + UInt64(patience), now, fails)
      open[number] = Question(size: size)
    } catch is Unsendable {
      guard output.count == before else { throw Fault(words: "what could not be encoded was sent") }
    }
  }

  /// Asks to be told of events.
  mutating func register(now: UInt64) throws {
    guard machine.phase == .open, machine.hasPlace else { return }
    number += 1
    try send(.register([.schemaChange]), to: number, due: now + 20_000, now, false)
    open[number] = Question(size: -1)
  }

  private struct Unsendable: Error {}

  private mutating func send(
    _ message: RequestMessage, to recipient: Int, due: UInt64, _ now: UInt64, _ fails: Bool
  ) throws {
    let version = machine.version
    let token = try machine.send(message.opcode, flags: [], due: due, now: now, into: &output) { output in
      try message.encode(into: &output, version: version)
      if fails { throw Unsendable() }
    }
    guard machine.wait(token, recipient) else { throw Fault(words: "a request that was sent cannot be waited for") }
  }

  /// Nobody wants one of the answers any more.
  mutating func cancelOne() {
    guard let number = open.keys.min() else { return }
    open[number]?.isCancelled = true
  }

  /// What leaves when the turn ends.
  mutating func takeOutput() -> [UInt8] {
    guard !output.isEmpty else { return [] }
    machine.seal(&output)
    defer { output = [] }
    return output
  }

  // MARK: What it hears

  mutating func receive(_ bytes: [UInt8], now: UInt64) throws {
    machine.heard(now: now)
    var offset = 0
    while let action = machine.next(in: bytes.span, at: &offset) {
      switch action {
      case .deliver(let recipient, let header, let body): try take(header, body, bytes, for: recipient, now)
      case .forget, .event: break
      case .unreadableEvent: if !isDeceived { throw Fault(words: "an event cannot be read") }
      case .close(let end): try close(end)
      }
    }
  }

  private mutating func take(
    _ header: EnvelopeHeader, _ body: EnvelopeDecoder.Body, _ input: [UInt8], for recipient: Int, _ now: UInt64
  ) throws {
    let bytes: [UInt8]? =
      switch body {
      case .inInput(let range): Array(input[range])
      case .owned(let owned): owned
      case .dropped: nil
      }
    switch recipient {
    case Self.handshakeRecipient:
      guard let bytes, let opcode = Opcode(rawValue: header.opcode),
        let message = try? ResponseMessage(opcode: opcode, body: bytes.span, version: machine.version)
      else {
        guard isDeceived else { throw Fault(words: "an answer of the handshake cannot be read") }
        return close()
      }
      try carryOut(handshake.receive(message), now)
    case Self.pulseRecipient: break
    default: try check(header, bytes, for: recipient & (Self.elsewhere - 1))
    }
  }

  private mutating func check(_ header: EnvelopeHeader, _ bytes: [UInt8]?, for number: Int) throws {
    guard let question = open.removeValue(forKey: number) else {
      throw Fault(words: "an answer came to \(number), which nobody waits for")
    }
    answered += 1
    if isDeceived { return }
    guard let bytes else {
      guard question.size + 8 > responseBytes else { throw Fault(words: "a small answer was dropped") }
      return
    }
    switch Opcode(rawValue: header.opcode) {
    case .ready: guard question.size < 0 else { throw Fault(words: "READY came to \(number)") }
    // It says why it was not carried out, or names its request.
    case .error: break
    case .result:
      guard bytes.count == 8 + question.size, bytes.span.int64(at: 0) == Int64(number) else {
        throw Fault(words: "the answer to \(number) is another's")
      }
    case let opcode: throw Fault(words: "\(number) was answered with \(String(describing: opcode))")
    }
  }

  private mutating func carryOut(_ action: Handshake.Action, _ now: UInt64) throws {
    switch action {
    case .send(let message): try send(message, to: Self.handshakeRecipient, due: now + 20_000, now, false)
    case .reframe(let framing, let message):
      machine.reframe(framing)
      try send(message, to: Self.handshakeRecipient, due: now + 20_000, now, false)
    case .ready(let framing):
      machine.reframe(framing)
      machine.open(now: now)
    case .reconnect, .fail: close()
    }
  }

  // MARK: Time and the end

  mutating func pass(now: UInt64) throws {
    while let timer = machine.pass(now: now) {
      timers[timer, default: 0] += 1
      switch timer {
      case .sweep: try sweep(now)
      case .pulse:
        switch machine.lookForLife(now: now) {
        case .none: break
        case .ask(let due):
          if machine.isUsable && machine.hasPlace { try send(.options, to: Self.pulseRecipient, due: due, now, false) }
        case .close: try close(.silent)
        }
      }
    }
    guard machine.nextTimer > now else { throw Fault(words: "a timer of the client passes again and again") }
  }

  private mutating func sweep(_ now: UInt64) throws {
    let questions = open
    let (overdue, action) = machine.sweep(
      now: now, where: { questions[$0]?.isCancelled ?? false },
      replacement: { $0 > 0 && $0 < Self.elsewhere && $0 % 3 == 0 ? $0 + Self.elsewhere : nil })
    for entry in overdue where entry.replacement == nil {
      let recipient = entry.waiter & (Self.elsewhere - 1)
      switch entry.waiter {
      case Self.handshakeRecipient: close()
      case Self.pulseRecipient: break
      default:
        guard open.removeValue(forKey: recipient) != nil else {
          throw Fault(words: "\(recipient) was given up, which nobody waits for")
        }
      }
    }
    switch action {
    case .none: break
    case .close: try close(.drained)
    case .replace: try drain()
    }
  }

  mutating func drain() throws {
    switch machine.drain() {
    case .none, .begin: break
    case .close: try close(.drained)
    }
  }

  private mutating func close(_ end: Machine.End) throws {
    switch end {
    case .silent: ends.insert("silent")
    case .drained: ends.insert("drained")
    case .requestFromServer, .otherVersion, .unasked, .unreadable, .refused:
      guard isDeceived else { throw Fault(words: "the client ends the connection: \(end)") }
      ends.insert("deceived")
    }
    close()
  }

  /// The socket is closed, by the other side or by what is above.
  mutating func close() {
    wantsClose = true
    guard machine.phase != .closed else { return }
    for recipient in machine.close() where recipient >= 0 { open[recipient & (Self.elsewhere - 1)] = nil }
    output = []
  }
}
