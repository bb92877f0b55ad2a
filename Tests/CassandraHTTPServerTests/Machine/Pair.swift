import CassandraDice
import CassandraBytes
import CassandraHTTP

@testable import CassandraHTTPServer

/// A client's half of HTTP and a server's, with a wire between that delays, splits, cuts and ends as a seed has it, and a
/// clock that only this moves.
struct Pair {
  /// What was found to be wrong.
  struct Fault: Error { let words: String }

  private struct Exchange {
    var method: Method
    var number: Int
    var bodyBytes: Int
    var isLast: Bool
  }

  private enum Task {
    case next
    case waiting
    case handling(read: Int)
    case streaming(left: Int)
    case over
  }

  private var dice: Dice
  private(set) var now: UInt64 = 1_000_000
  private var machine: ServerMachine
  private var head = RequestHead()
  private var task = Task.next
  private var isPaused = false
  private var toServer: [UInt8] = []
  private var toClient: [UInt8] = []
  private var clientEnded = false
  private var serverHeardEnd = false
  private var serverEnded = false
  private var isCut = false
  private var sent = 0
  private var open: [Exchange] = []
  private var parser = ResponseParser()
  private var answer = ResponseHead()
  private var decoder: BodyDecoder?
  private var body: [UInt8] = []
  private var unread: [UInt8] = []
  private(set) var answered = 0
  private(set) var phases: [ServerMachine.Phase: Int] = [:]
  private(set) var timers: [ServerMachine.Timer: Int] = [:]

  init(seed: UInt64, limits: ConnectionLimits) {
    dice = Dice(seed: seed)
    machine = ServerMachine(limits: limits, now: now)
  }

  /// Whether the connection is over on the client's side.
  var isOver: Bool { isCut || serverEnded && toClient.isEmpty }

  /// One thing happens.
  mutating func step() throws {
    phases[machine.phase, default: 0] += 1
    switch dice.number(0...99) {
    case 0..<20: if !clientEnded && open.count < 20 { sendRequest() }
    case 20..<50: try deliverToServer()
    case 50..<75: try runTask()
    case 75..<93: try deliverToClient()
    case 93..<97: try pass(UInt64(dice.number(1...400)))
    case 97:
      if dice.chance(50) { try stall() }
      try pass(UInt64(dice.number(400...2_500)))
    default: fault()
    }
  }

  // MARK: The client

  private mutating func sendRequest() {
    sent += 1
    let isLast = dice.chance(5)
    let close = isLast ? "Connection: close\r\n" : ""
    switch dice.number(0...4) {
    case 0: send("GET /\(sent) HTTP/1.1\r\nHost: t\r\n\(close)\r\n", .get, 0, isLast)
    case 1: send("HEAD /\(sent) HTTP/1.1\r\nHost: t\r\n\(close)\r\n", .head, 0, isLast)
    case 2:
      let count = dice.number(0...3000)
      send("POST /\(sent) HTTP/1.1\r\nHost: t\r\nContent-Length: \(count)\r\n\(close)\r\n", .post, count, isLast)
      toServer += [UInt8](repeating: 7, count: count)
    case 3:
      var chunks: [UInt8] = []
      var count = 0
      for _ in 0..<dice.number(0...5) {
        let data = [UInt8](repeating: 7, count: dice.number(1...500))
        count += data.count
        chunks.append(chunk: data.span)
      }
      chunks.appendLastChunk()
      send("POST /\(sent) HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\(close)\r\n", .post, count, isLast)
      toServer += chunks
    default: send("PUT /\(sent) HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\(close)\r\n", .put, 0, isLast)
    }
  }

  private mutating func send(_ text: String, _ method: Method, _ bodyBytes: Int, _ isLast: Bool) {
    toServer += Array(text.utf8)
    open.append(Exchange(method: method, number: sent, bodyBytes: bodyBytes, isLast: isLast))
  }

  private mutating func deliverToClient() throws {
    guard !toClient.isEmpty, !isCut else { return }
    let count = dice.chance(50) ? toClient.count : dice.number(1...toClient.count)
    unread += toClient.prefix(count)
    toClient.removeFirst(count)
    try readAnswers()
  }

  private mutating func readAnswers() throws {
    var offset = 0
    let bytes = unread
    while true {
      if decoder == nil {
        guard let exchange = open.first else {
          guard offset == bytes.count else { throw Fault(words: "bytes came that nobody asked for") }
          break
        }
        guard try parser.parse(bytes.span, from: &offset, answering: exchange.method, into: &answer) else { break }
        decoder = BodyDecoder(answer.framing)
        body = []
      }
      guard var current = decoder else { break }
      let event = try current.next(bytes.span, from: &offset)
      decoder = current
      switch event {
      case .bytes(let range): body += bytes[range]
      case .needsMore:
        unread = []
        return
      case .end:
        decoder = nil
        try check(open.removeFirst())
      }
    }
    unread = Array(bytes[offset...])
  }

  private mutating func check(_ exchange: Exchange) throws {
    answered += 1
    guard answer.status == .ok else {
      // Only what this client cut short itself, or was too slow with, is refused, and then nothing follows.
      guard !answer.keepsAlive else { throw Fault(words: "a refusal keeps the connection") }
      open = []
      return
    }
    let expected = exchange.method == .head ? "" : "\(exchange.number):\(exchange.bodyBytes);"
    guard String(decoding: body, as: UTF8.self).hasPrefix(expected) else {
      throw Fault(words: "the answer to \(exchange.number) is \(String(decoding: body.prefix(40), as: UTF8.self))")
    }
    if exchange.isLast { open = [] }
  }

  // MARK: The wire

  private mutating func deliverToServer() throws {
    guard !isPaused, machine.phase != .closed else { return }
    guard !toServer.isEmpty else {
      guard clientEnded, !serverHeardEnd else { return }
      serverHeardEnd = true
      switch machine.endInput() {
      case .none: break
      case .wake: wake()
      case .wakeAndCancel: throw Fault(words: "a half close cancelled")
      case .close: close()
      }
      return
    }
    let count = dice.chance(40) ? toServer.count : dice.number(1...min(toServer.count, 200))
    let piece = Array(toServer.prefix(count))
    toServer.removeFirst(count)
    switch machine.receive(piece.span, into: &head, now: now) {
    case .none: break
    case .wake: wake()
    case .pause: isPaused = true
    case .wakeAndPause:
      isPaused = true
      wake()
    }
  }

  /// The server comes to rest, and then gets a part of the next request only, for as long as it may wait.
  private mutating func stall() throws {
    for _ in 0..<100 where !toServer.isEmpty {
      try deliverToServer()
      try runTask()
    }
    for _ in 0..<20 { try runTask() }
    guard !clientEnded, !isPaused, open.count < 20, toServer.isEmpty, machine.phase == .awaitingHead else { return }
    sendRequest()
    let rest = dice.number(1...min(toServer.count - 1, 90))
    let held = Array(toServer.suffix(rest))
    toServer.removeLast(rest)
    while !toServer.isEmpty, !isPaused, machine.phase != .closed {
      try deliverToServer()
      try runTask()
    }
    for _ in 0..<3 { try runTask() }
    try pass(UInt64(dice.number(600...1_500)))
    toServer += held
  }

  private mutating func fault() {
    switch dice.number(0...9) {
    case 0:
      isCut = true
      close()
    case 1, 2: clientEnded = true
    case 3 where !clientEnded && !toServer.isEmpty:
      // The end comes somewhere within what was sent.
      toServer.removeLast(dice.number(1...toServer.count))
      clientEnded = true
    default: break
    }
  }

  private mutating func close() {
    machine.close()
    task = .over
    serverEnded = true
  }

  // MARK: The server's task

  private mutating func wake() { if case .waiting = task { task = .next } }

  private mutating func resume() { if machine.takeResume() { isPaused = false } }

  private mutating func runTask() throws {
    switch task {
    case .waiting, .over: return
    case .next:
      let action = machine.nextRequest(into: &head, isStopping: false, now: now)
      resume()
      switch action {
      case .request: task = .handling(read: 0)
      case .wait: task = .waiting
      case .end: finish()
      case .refuse: refuse()
      }
    case .handling(let read):
      let action = machine.nextBodyPiece(now: now)
      resume()
      switch action {
      case .piece(let bytes): task = .handling(read: read + bytes.count)
      case .wait: break
      case .fail(.gone): finish()
      case .fail: refuse()
      case .end: answer(read: read)
      }
    case .streaming(let left):
      guard left > 0 else {
        toClient.appendLastChunk()
        endAnswer()
        return
      }
      let piece = [UInt8](repeating: UInt8(ascii: "x"), count: dice.number(1...300))
      toClient.append(chunk: piece.span)
      task = .streaming(left: left - 1)
    }
  }

  private mutating func answer(read: Int) {
    let path = head.path.dropFirst()
    let text = Array("\(path):\(read);".utf8)
    if dice.chance(30) {
      let plan = machine.beginAnswer(to: head, .ok, .streamed(nil), isStopping: false)
      write(.ok, plan)
      guard plan.sendsBody else { return endAnswer() }
      toClient.append(chunk: text.span)
      task = .streaming(left: dice.number(0...4))
    } else {
      let plan = machine.beginAnswer(to: head, .ok, .whole(text.count), isStopping: false)
      write(.ok, plan)
      if plan.sendsBody { toClient += text }
      endAnswer()
    }
  }

  private mutating func refuse() {
    let plan = machine.beginAnswer(to: head, .badRequest, .whole(0), isStopping: false)
    write(.badRequest, plan)
    endAnswer()
  }

  private mutating func write(_ status: Status, _ plan: ServerMachine.AnswerPlan) {
    toClient.append(status: status)
    toClient.append(framing: plan.framing)
    if plan.isLast { toClient.append("Connection: close\r\n") }
    toClient.appendEndOfHead()
  }

  private mutating func endAnswer() {
    let goesOn = machine.endAnswer(now: now)
    resume()
    if goesOn { task = .next } else { finish() }
  }

  private mutating func finish() {
    task = .over
    guard case .endOutput(let resumes) = machine.finish(now: now) else { return }
    if resumes { isPaused = false }
    serverEnded = true
    if serverHeardEnd { close() }
  }

  // MARK: Time

  /// Time passes, and with it what is due.
  mutating func pass(_ milliseconds: UInt64) throws {
    let end = now + milliseconds
    while let next = machine.nextTimer(now: now), next.at <= end {
      now = max(next.at, now + 1)
      timers[next.timer, default: 0] += 1
      switch machine.pass(now: now) {
      case .none, .shrink: break
      case .wake:
        wake()
        now = max(now, end)
        return
      case .close: close()
      case .cut: throw Fault(words: "a client that owes nothing was cut")
      }
    }
    now = max(now, end)
  }

  /// Everything that is on its way arrives, the client ends its half, and the connection has to come to its end.
  mutating func comeToTheEnd() throws {
    clientEnded = true
    for _ in 0..<20_000 {
      phases[machine.phase, default: 0] += 1
      if machine.phase == .closed && (isCut || toClient.isEmpty) { return }
      try deliverToServer()
      try runTask()
      try deliverToClient()
      if toServer.isEmpty && serverHeardEnd { try pass(50) }
    }
    throw Fault(words: "the connection does not end: \(machine.phase)")
  }

  /// What a client that did not break anything has to have.
  func checkThatAllIsAnswered() throws {
    guard open.isEmpty else { throw Fault(words: "\(open.count) requests have no answer") }
  }
}
