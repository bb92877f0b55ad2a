import CassandraDice
import CassandraWire

@testable import CQLNode
@testable import Cassandra

/// The driver's machine and the node's, with a wire between them that delays, splits, drops, damages and closes as a seed
/// has it, and a clock that only this moves.
struct Pair {
  private var dice: Dice
  private var now: UInt64 = 1_000_000
  private(set) var client: ClientSide
  private(set) var server: ServerSide
  private var toServer = Wire()
  private var toClient = Wire()
  /// Nothing arrives any more, and nobody is told.
  private var isParted = false
  /// Whether the client is to have no answer to its STARTUP: it never leaves.
  private let isMute: Bool
  private var serverHeardEnd = false
  private(set) var clientPhases: [ClientSide.Machine.Phase: Int] = [:]
  private(set) var serverPhases: [ServerMachine.Phase: Int] = [:]

  init(seed: UInt64) throws {
    dice = Dice(seed: seed)
    isMute = dice.chance(10)
    var clientLimits = ClientLimits()
    clientLimits.requestsInFlight = dice.number(2...40)
    clientLimits.orphanedRequests = dice.number(1...20)
    clientLimits.responseBytes = 16_000
    var nodeLimits = NodeLimits()
    nodeLimits.requestBytes = 40_000
    nodeLimits.answerBytesPerConnection = dice.number(1_000...20_000)
    nodeLimits.frameTimeout = .seconds(dice.number(1...10))
    let wantsPassword = dice.chance(50)
    let knowsPassword = dice.chance(90)
    var wishes = Handshake.Wishes(
      version: dice.chance(50) ? .v5 : .v4, compression: dice.chance(50), authenticator: nil,
      keyspace: dice.chance(30) ? "k" : nil, driverName: "t", driverVersion: "1")
    wishes.authenticator = Credentials(username: "u", password: .init(knowsPassword ? "right" : "wrong"))
    // By the seed and not by dice, so that a seed goes on as it did before there were roles.
    let check: PasswordCheck? =
      !wantsPassword
      ? nil : seed.isMultiple(of: 2) ? .roles : PasswordCheck(NodeUser(name: "u", password: .init("right")))
    client = try ClientSide(
      wishes, limits: ConnectionLimits(clientLimits), dice: Dice(seed: dice.next()), now: now)
    server = ServerSide(password: check, limits: nodeLimits, dice: Dice(seed: dice.next()), now: now)
  }

  /// Whether both sides have closed the connection.
  var isOver: Bool { client.machine.phase == .closed && server.machine.phase == .closed }

  /// One thing happens.
  mutating func step() throws {
    clientPhases[client.machine.phase, default: 0] += 1
    serverPhases[server.machine.phase, default: 0] += 1
    if client.machine.phase == .establishing && dice.chance(50) {
      flushClient()
      try deliverToServer()
      try flushServer()
      try deliverToClient()
      return try settle()
    }
    switch dice.number(0...199) {
    case 0..<45: try client.ask(now: now)
    case 45..<50: if dice.chance(10) { try stall() }
    case 50..<70: flushClient()
    case 70..<90: try flushServer()
    case 90..<115: try deliverToServer()
    case 115..<140: try deliverToClient()
    case 140..<175: try server.run(waiting: toClient.bytes.count, now: now)
    case 175..<187: try pass(UInt64(dice.number(1...200)))
    case 187: client.cancelOne()
    case 188: try client.register(now: now)
    case 189..<191: server.tell()
    case 191..<194: toServer.delay(until: now + UInt64(dice.number(1...300)))
    case 194..<198: toClient.delay(until: now + UInt64(dice.number(1...600)))
    case 198: if dice.chance(30) { try pass(UInt64(dice.number(1_000...70_000))) }
    default: if dice.chance(50) { try fault() }
    }
    try settle()
  }

  private mutating func fault() throws {
    switch dice.number(0...8) {
    case 0: try client.drain()
    case 1: server.drain(now: now)
    case 2: client.close()
    case 3: try closeServer(isCut: dice.chance(50))
    case 4, 6, 7:
      try server.run(waiting: toClient.bytes.count, now: now)
      try flushServer()
      client.isDeceived = true
      toClient.damage(&dice)
    case 5:
      flushClient()
      server.isDeceived = true
      client.isDeceived = true
      toServer.damage(&dice)
    default: isParted = true
    }
  }

  /// The node gets the most of a long message, and the rest much later.
  private mutating func stall() throws {
    try client.ask(now: now, padding: 30_000)
    flushClient()
    guard toServer.bytes.count > 25_000, !server.isPaused, server.machine.phase == .ready else { return }
    let piece = toServer.take(count: toServer.bytes.count - dice.number(1...2_000))
    try server.receive(piece, waiting: toClient.bytes.count, now: now)
    toServer.delay(until: now + 15_000)
  }

  // MARK: The wire

  private mutating func flushClient() {
    let bytes = client.takeOutput()
    if !isParted && !isMute { toServer.put(bytes) }
  }

  private mutating func flushServer() throws {
    guard server.machine.phase != .closed else { return }
    toClient.put(server.takeOutput(waiting: toClient.bytes.count))
  }

  private mutating func deliverToServer() throws {
    guard !isParted, !server.isPaused, server.machine.phase != .closed else { return }
    let bytes = toServer.take(&dice, now: now)
    if !bytes.isEmpty {
      try server.receive(bytes, waiting: toClient.bytes.count, now: now)
    } else if toServer.hasEnded, toServer.bytes.isEmpty, !serverHeardEnd {
      serverHeardEnd = true
      server.endInput()
      // Both halves have ended.
      if toClient.hasEnded { try closeServer(isCut: false) }
    }
  }

  private mutating func deliverToClient() throws {
    guard !isParted else { return }
    let bytes = toClient.take(&dice, now: now)
    guard client.machine.phase != .closed else { return }
    if !bytes.isEmpty {
      try client.receive(bytes, now: now)
    } else if toClient.hasEnded, toClient.bytes.isEmpty {
      client.close()
    }
  }

  /// Does what the two sides have asked for.
  private mutating func settle() throws {
    if client.wantsClose { toServer.end() }
    if server.wantsClose || server.wantsCut { try closeServer(isCut: server.wantsCut) }
    if server.endsOutput && !toClient.hasEnded {
      try flushServer()
      toClient.end()
      if serverHeardEnd { try closeServer(isCut: false) }
    }
  }

  private mutating func closeServer(isCut: Bool) throws {
    guard server.machine.phase != .closed else { return }
    if isCut { toClient.cut() } else { toClient.put(server.takeOutput(waiting: toClient.bytes.count)) }
    toClient.end()
    try server.close()
  }

  // MARK: Time

  /// Time passes, and with it what is due.
  private mutating func pass(_ milliseconds: UInt64) throws {
    let end = now + milliseconds
    while now < end {
      let next = min(client.machine.nextTimer, server.machine.nextTimer?.at ?? .max)
      now = min(end, max(next, now + 1))
      try client.pass(now: now)
      if server.machine.phase != .closed {
        server.pass(waiting: toClient.bytes.count, arrived: toClient.arrived, now: now)
      }
      try settle()
      // What a timer has asked for is on its way before the next one passes.
      flushClient()
      if next < end {
        try deliverToServer()
        try settle()
        try flushServer()
        try deliverToClient()
        try settle()
      }
    }
  }

  // MARK: The end

  /// Everything that is on its way arrives, unless nothing does; and both sides have to come to an end.
  mutating func comeToTheEnd() throws {
    try client.drain()
    for _ in 0..<4_000 {
      try settle()
      clientPhases[client.machine.phase, default: 0] += 1
      serverPhases[server.machine.phase, default: 0] += 1
      if isOver {
        guard !client.hasOpenQuestions else { throw Fault(words: "questions are left open") }
        return
      }
      flushClient()
      try deliverToServer()
      try settle()
      for _ in 0..<5 { try server.run(waiting: toClient.bytes.count, now: now) }
      try flushServer()
      try deliverToClient()
      try settle()
      try pass(500)
    }
    throw Fault(words: "there is no end: the client is \(client.machine.phase), the node \(server.machine.phase)")
  }
}
