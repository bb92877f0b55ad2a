internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraReactor
internal import CassandraTelemetry

/// One connection of a client, on one loop: carries out what its ``ServerMachine`` says.
///
/// The connection's task waits for a whole head, runs the handler, and waits for the next.
final class HTTPConnection {
  let transport: Transport
  let server: LoopServer
  // `@exclusivity(unchecked)` here and below: these are touched on the loop's thread only, and no access to one of them
  // lasts while other code runs that could touch it, so the check at every access would find nothing.
  @exclusivity(unchecked) private(set) var machine: ServerMachine
  /// The request that is arriving, or being answered.
  @exclusivity(unchecked) private(set) var exchange: Exchange
  @exclusivity(unchecked) private var waiter: UnsafeContinuation<Void, Never>?
  /// The task that serves this connection, while it does. What a task has once used for its calls it keeps until it
  /// ends, some ten kilobytes, so a connection that is idle for long has none.
  var task: TaskHandle?
  /// Whether the connection has no task, or its task is about to end, until something is to be done.
  private(set) var isParked = true
  /// Bytes of the loop's budget that the present request has.
  private(set) var charged = 0
  @exclusivity(unchecked) private var deadline: DeadlineKey?
  @exclusivity(unchecked) private var armedFor = UInt64.max

  init(_ transport: Transport, server: LoopServer) {
    self.transport = transport
    self.server = server
    exchange = Exchange(peer: transport.peer)
    machine = ServerMachine(limits: server.limits, now: server.loop.now)
    transport.delegate = self
    transport.startReading()
    arm()
  }

  /// Whether nothing was asked that is not answered.
  var isIdle: Bool { machine.isIdle }

  private func wait() async { await withUnsafeContinuation { waiter = $0 } }

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

  /// Waits for the next head.
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
        await wait()
      case .end:
        isParked = false
        return .end
      }
    }
  }

  /// The next piece of the body; nil at its end.
  ///
  /// - Throws: ``Problem`` when the body is not HTTP or does not come; `CancellationError` when the client has gone.
  func nextBodyPiece() async throws -> [UInt8]? {
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

  /// Begins the answer to the present request.
  func beginAnswer(_ status: Status, _ length: ServerMachine.AnswerLength) -> ServerMachine.AnswerPlan {
    let plan = machine.beginAnswer(to: exchange.head, status, length, isStopping: server.isEnding)
    resumeIfWanted()
    return plan
  }

  /// Lets the connection end with the next answer.
  func endAfterAnswer() { machine.endAfterAnswer() }

  /// After an answer: whether the connection goes on with the next request.
  func endAnswer() -> Bool {
    giveBack()
    let goesOn = machine.endAnswer(now: server.loop.now)
    resumeIfWanted()
    return goesOn
  }

  /// After the last answer: it leaves, then the connection ends.
  func finish() {
    giveBack()
    guard case .endOutput(let resumes) = machine.finish(now: server.loop.now) else { return }
    if resumes { transport.startReading() }
    transport.finishOutput()
    noteProgress()
    arm()
  }

  /// Ends a connection that has nothing to say any more.
  func closeIfIdle() { if isIdle { wake() } }
}

// MARK: - What the socket tells

extension HTTPConnection: TransportDelegate {
  func transport(_ transport: Transport, received bytes: Span<UInt8>) {
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
    giveBack()
    wake()
    task?.cancel()
    server.connectionClosed(self)
    if let error { server.logClosing(error, of: self, in: phase) }
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
      server.logCut(self)
      transport.abort()
    case .shrink:
      exchange = Exchange(peer: exchange.peer)
      isParked = true
      let waiter = waiter.take()
      waiter?.resume()
      server.memoryMayBeFree(1)
    }
    arm()
  }

  /// Whether the client owes its reading and has taken nothing for a second.
  func takesNothing(now: UInt64) -> Bool {
    noteProgress()
    return machine.silence(now: now) >= 1000
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

  /// Waits until the client has taken what was written.
  ///
  /// - Throws: `ReactorError` when it is gone.
  func drain() async throws(ReactorError) {
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

// MARK: - Memory

extension HTTPConnection {
  /// Takes bytes out of the loop's budget for the present request; waits for its turn when there are not enough.
  ///
  /// - Throws: ``Problem`` with status 503 when the turn does not come in time.
  func charge(_ bytes: Int) async throws {
    guard bytes > 0 else { return }
    if !server.budget.take(bytes) {
      guard await server.budget.wait(for: bytes) else { throw Problem.overloaded }
      guard machine.phase != .closed else {
        server.budget.give(bytes)
        throw CancellationError()
      }
    }
    charged += bytes
  }

  /// Gives a part back that turned out not to be needed.
  func giveBack(_ bytes: Int) {
    let bytes = min(bytes, charged)
    charged -= bytes
    server.budget.give(bytes)
  }

  private func giveBack() {
    guard charged > 0 else { return }
    server.budget.give(charged)
    // An eighth of what a burst of idle connections leaves behind for each megabyte.
    server.memoryMayBeFree(1 + charged >> 15)
    charged = 0
  }
}
