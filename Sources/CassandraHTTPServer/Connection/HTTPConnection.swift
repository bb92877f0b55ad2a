internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraReactor
internal import CassandraTelemetry

/// One connection of a client, on one loop: carries out what its ``ServerMachine`` says.
///
/// The connection's task waits for a whole head, runs the handler, and waits for the next.
final class HTTPConnection: RequestChannel {
  /// Requests of one client that are answered, where they have come together, before the loop looks at what others ask: 16.
  static let requestsPerTurn = 16

  // `@exclusivity(unchecked)`: as in ``RequestChannel``.
  @exclusivity(unchecked) private(set) var machine: ServerMachine
  @exclusivity(unchecked) private var waiter: UnsafeContinuation<Void, Never>?
  // What a task has once used for its calls it keeps until it ends, some ten kilobytes, so a connection that is idle for
  // long has none.
  /// Whether the connection has no task, or its task is about to end, until something is to be done.
  private(set) var isParked = true
  /// How much of HTTP/2's preface has come, and nothing else; nil once it is known what the connection speaks.
  @exclusivity(unchecked) private var preface: Int?
  /// Requests that were answered since the task last waited.
  private var answeredInARow = 0
  @exclusivity(unchecked) private var deadline: DeadlineKey?
  @exclusivity(unchecked) private var armedFor = UInt64.max

  override init(_ transport: Transport, server: LoopServer) {
    machine = ServerMachine(limits: server.limits, now: server.loop.now)
    preface = server.configuration.http2 == nil ? nil : 0
    super.init(transport, server: server)
    transport.delegate = self
    transport.startReading()
    arm()
  }

  override var isOpen: Bool { transport.isOpen }
  override var isClosed: Bool { machine.phase == .closed }
  override var hasBegunAnswer: Bool { machine.phase == .answering }

  // As `withUnsafeContinuation`, which looks at the task's executor before it waits, too: nothing here needs that, and each
  // look takes the lock of the task (6.3).
  private func wait() async { await _unsafeInheritExecutor_withUnsafeContinuation { waiter = $0 } }

  private func wake() {
    if let waiter = waiter.take() {
      waiter.resume()
    } else if isParked && task == nil && machine.phase != .closed && machine.phase != .lingering {
      isParked = false
      server.serve(self)
      arm()
    }
  }

  private func resumeIfWanted() { if machine.takeResume() { transport.startReading() } }

  /// A head is read into an exchange that nobody has kept.
  private func renewExchange() {
    if machine.isBetweenHeads && !isKnownUniquelyReferenced(&exchange) { exchange = Exchange(peer: exchange.peer) }
  }

  // MARK: What every channel does

  /// Answers requests until the connection ends.
  override func serve() async {
    task = .current
    await serveInSpans(serveRequests)
    task = nil
    if !isParked { finish() }
  }

  /// True when the next request has to be served in another binding of spans.
  private func serveRequests() async -> Bool {
    while await serveNext() {
      guard await letClientCatchUp() else { return false }
      // Who has sent many requests at once does not have the loop to themselves.
      answeredInARow += 1
      if answeredInARow >= Self.requestsPerTurn {
        answeredInARow = 0
        await server.loop.nextTurn()
      }
      if keepsSpan { return true }
    }
    return false
  }

  override func answerWhole(_ response: Response, _ bytes: [UInt8]) {
    let plan = plan(response, .whole(bytes.count))
    write(response, plan, plan.sendsBody ? bytes : [])
    exchange.status = response.status
    exchange.bodyBytes = plan.sendsBody ? bytes.count : 0
  }

  override func beginStream(_ response: Response, length: Int?) -> BodyFraming {
    let plan = plan(response, .streamed(length))
    write(response, plan)
    exchange.status = response.status
    return plan.framing
  }

  override func takeOutput() -> [UInt8] { transport.takeOutput() }
  override func putBack(_ output: consuming [UInt8]) { transport.putBack(output) }
  override func abort() { transport.abort() }

  override func nextBodyPiece() async throws -> [UInt8]? {
    if machine.takeContinue() { transport.write { $0.append("HTTP/1.1 100 Continue\r\n\r\n") } }
    while true {
      let action = machine.nextBodyPiece(now: server.loop.now)
      resumeIfWanted()
      switch action {
      case .piece(let bytes): return bytes
      case .end: return nil
      case .fail(.gone): throw CancellationError()
      case .fail(let reason): throw Problem(reason)
      case .wait:
        try Task.checkCancellation()
        arm()
        await wait()
        try Task.checkCancellation()
      }
    }
  }

  override func takeWholeBody() -> [UInt8]? {
    defer { resumeIfWanted() }
    return machine.takeWholeBody()
  }

  override var isBodyOver: Bool { machine.isBodyOver }

  override func endAfterAnswer() { machine.endAfterAnswer() }

  override func endAnswer() -> Bool {
    giveBackAll()
    let goesOn = machine.endAnswer(now: server.loop.now)
    resumeIfWanted()
    return goesOn
  }

  override func drain() async throws(ReactorError) {
    transport.flush()
    guard transport.waitingBytes > 0 else {
      if transport.isOpen { return }
      throw transport.closedError
    }
    noteProgress()
    arm()
    let waits = transport.waitingBytes
    server.beginWaiting(waits)
    defer { server.endWaiting(waits) }
    try await transport.drain()
  }
}

// MARK: - What the task asks

extension HTTPConnection {
  /// What comes next on the connection.
  enum Next {
    /// A request, in the exchange.
    case request
    /// A head that is refused.
    case refused(ServerMachine.Refusal)
    /// The end.
    case end
  }

  /// Waits for the next head. Inlined, because each function that waits has a frame of its own.
  @inline(__always)
  func next() async -> Next {
    while true {
      renewExchange()
      let action = machine.nextRequest(
        into: &exchange.head, isStopping: server.isStopping, now: server.loop.now)
      resumeIfWanted()
      switch action {
      case .request:
        isParked = false
        return .request
      case .refuse(let reason):
        isParked = false
        // What was refused left nothing in the head; the one before it has had its answer.
        exchange = Exchange(peer: exchange.peer)
        return .refused(reason)
      case .wait:
        if isParked { return .end }
        answeredInARow = 0
        await wait()
      case .end:
        isParked = false
        return .end
      }
    }
  }

  /// Begins the answer to the present request.
  func beginAnswer(_ status: Status, _ length: ServerMachine.AnswerLength) -> ServerMachine.AnswerPlan {
    let plan = machine.beginAnswer(to: exchange.head, status, length, isStopping: server.isEnding)
    resumeIfWanted()
    return plan
  }

  /// After the last answer: it leaves, then the connection ends.
  func finish() {
    giveBackAll()
    guard case .endOutput(let resumes) = machine.finish(now: server.loop.now) else { return }
    if resumes { transport.startReading() }
    transport.finishOutput()
    noteProgress()
    arm()
  }

}

// MARK: - What the server asks

extension HTTPConnection: ServedConnection {
  var requestsInFlight: Int { machine.isIdle ? 0 : 1 }

  /// What is answered ends its connection, and what is idle ends when the server stops.
  func end(_ step: LoopServer.Ending) {
    guard step == .stopping, machine.isIdle else { return }
    switch machine.stop(hasInput: transport.hasUnreadInput, now: server.loop.now) {
    case .none: arm()
    case .wake: wake()
    }
  }

  func silentBytes(now: UInt64) -> Int {
    noteProgress()
    return machine.silence(now: now) >= LoopServer.silence ? transport.waitingBytes : 0
  }

  func cutSilent(now: UInt64) {
    server.logCut(transport, sent: transport.acknowledgedBytes, waiting: transport.waitingBytes)
    transport.abort()
  }
}

// MARK: - What the socket tells

extension HTTPConnection: TransportDelegate {
  func transport(_ transport: Transport, received bytes: Span<UInt8>) {
    if preface != nil { return settle(bytes) }
    receive(bytes)
  }

  /// The first bytes tell what the connection speaks: HTTP/2 begins with a preface that is no request of HTTP/1.1 (RFC 9113
  /// §3.4).
  private func settle(_ bytes: Span<UInt8>) {
    let known = preface ?? 0
    var matched = known
    let expected = HTTP2Connection.preface
    while matched < expected.count, matched - known < bytes.count, bytes[matched - known] == expected[matched] {
      matched += 1
    }
    if matched == expected.count {
      preface = nil
      leaveToHTTP2(Array(expected.prefix(known)) + Array(copying: bytes))
    } else if matched - known == bytes.count {
      preface = matched
    } else {
      preface = nil
      if known > 0 { receive(Array(expected.prefix(known)).span) }
      receive(bytes)
    }
  }

  private func leaveToHTTP2(_ bytes: [UInt8]) {
    if let deadline { server.loop.cancelDeadline(deadline) }
    deadline = nil
    machine.close()
    // First the one and then the other: when the server stops, its last connection must not seem to have ended.
    let successor = server.takeHTTP2(transport)
    server.connectionClosed(self)
    successor?.transport(transport, received: bytes.span)
  }

  private func receive(_ bytes: Span<UInt8>) {
    renewExchange()
    switch machine.receive(bytes, into: &exchange.head, now: server.loop.now) {
    case .none: armIfWithinHead()
    case .wake: wake()
    case .pause: transport.pauseReading()
    case .wakeAndPause:
      transport.pauseReading()
      wake()
    }
  }

  func transportInputEnded(_ transport: Transport) {
    if let known = preface.take(), known > 0 { receive(Array(HTTP2Connection.preface.prefix(known)).span) }
    switch machine.endInput() {
    case .none: break
    case .wake: wake()
    case .wakeAndCancel:
      wake()
      task?.cancel()
    case .close: transport.close()
    }
  }

  func transportClosed(_ transport: Transport, error: ReactorError?) {
    let phase = machine.phase
    machine.close()
    if let deadline { server.loop.cancelDeadline(deadline) }
    deadline = nil
    giveBackAll()
    wake()
    task?.cancel()
    server.connectionClosed(self)
    if let error { server.logClosing(error, of: transport, in: "\(phase)") }
  }
}

// MARK: - Time

extension HTTPConnection: DeadlineHandler {
  /// One deadline serves all timers: when it passes, the machine says which of them has. So a request that comes and is
  /// answered in time costs no timer at all.
  func deadlinePassed(token: UInt64) {
    deadline = nil
    armedFor = .max
    noteProgress()
    switch machine.pass(now: server.loop.now) {
    case .none: break
    case .wake: wake()
    case .close: transport.close()
    case .cut:
      cutSilent(now: server.loop.now)
    case .shrink:
      exchange = Exchange(peer: exchange.peer)
      isParked = true
      let waiter = waiter.take()
      waiter?.resume()
      server.memoryMayBeFree(1)
    }
    arm()
  }

  private func armIfWithinHead() { if !machine.isBetweenHeads { arm() } }

  /// Makes sure that the connection is looked at when its state may have lasted too long.
  func arm() {
    let now = server.loop.now
    guard let next = machine.nextTimer(now: now) else { return }
    let at = max(next.at, now + 1)
    guard at < armedFor else { return }
    if let deadline { server.loop.cancelDeadline(deadline) }
    armedFor = at
    deadline = server.loop.setDeadline(at: at, handler: self, token: 0)
  }

  /// A client that takes bytes is slow, and no more.
  private func noteProgress() {
    let waits = transport.waitingBytes
    // Asking the system costs a call, so it is for those who owe their reading.
    guard waits > 0 || machine.isWaitingForClient || machine.phase == .lingering else { return }
    let acknowledged = transport.acknowledgedBytes
    let waiting = machine.phase == .lingering ? Int(transport.sentBytes - acknowledged) : waits
    machine.noteProgress(acknowledged: acknowledged, waiting: waiting, now: server.loop.now)
  }

  /// Waits while more than a little of the answers so far waits for the client; false when it is gone. Without it a client
  /// that asks and does not read would fill the memory.
  func letClientCatchUp() async -> Bool {
    guard transport.waitingBytes > server.configuration.maximumUnsentBytes else { return true }
    do throws(ReactorError) { try await drain() } catch { return false }
    return true
  }
}
