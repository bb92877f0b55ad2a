internal import CassandraBytes
internal import CQLEngine
internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry

/// One connection of a client, on one loop: carries out what its ``ServerMachine`` says.
///
/// What arrives is cut into messages at once. Statements go to the loop's workers, many at a time, and are answered in
/// the order in which they are done; all answers of a turn leave in one write, in v5 in one segment.
final class ClientConnection {
  let transport: Transport
  let server: LoopServer
  // `@exclusivity(unchecked)` here and below: these are touched on the loop's thread only, and no access to one of them
  // lasts while other code runs that could touch it, so the check at every access would find nothing.
  @exclusivity(unchecked) var machine: ServerMachine
  @exclusivity(unchecked) private var session = EngineSession(version: .v5)
  /// Its requests that wait for a worker.
  let line = FairQueue<StatementRequest>.Line()
  /// Requests that wait until the client has read some of its answers.
  @exclusivity(unchecked) private var held = Ring<StatementRequest>(room: 1)
  /// What has arrived and is not looked at before earlier requests are answered.
  @exclusivity(unchecked) var backlog: Backlog?
  /// Where its long reads wait for their turns, and how many they have had since it had nothing else to do.
  @exclusivity(unchecked) var slices: (line: TurnQueue.Line, count: Int)?
  /// What others see of it.
  private let record: ClientRecord
  private var deadline: DeadlineKey?
  @exclusivity(unchecked) private var armedFor = UInt64.max

  init(_ transport: Transport, server: LoopServer) {
    self.transport = transport
    self.server = server
    record = server.clients.add(
      NodeStatus.Client(
        address: transport.peer.flatMap(NodeAddress.init), version: .v5, isSecure: transport.isSecure))
    machine = ServerMachine(
      password: server.password, limits: server.connectionLimits,
      reading: ReadingWatch(
        limit: server.limits.writeTimeout, slowestBytesPerSecond: server.limits.slowestReaderBytesPerSecond),
      now: server.loop.now)
    transport.delegate = self
    transport.startReading()
    arm()
  }

  /// Whether the socket is closed.
  var isClosed: Bool { machine.phase == .closed }
}

// MARK: - Input

extension ClientConnection: TransportDelegate {
  func transport(_ transport: Transport, received bytes: Span<UInt8>) {
    machine.heard(now: server.loop.now, allowed: machine.allowedBodyBytes(left: server.memory.left))
    look(at: bytes)
    chargeFrame()
    // What has not left by now waits for the kernel, so the end of that write will wake the connection.
    if machine.takePause(waiting: transport.waitingBytes - transport.outputCount) { stopReading() }
    endIfDrained()
  }

  func carryOut(_ action: ServerMachine.Action) {
    switch action {
    case .run(let header, let opcode, let body): run(header, opcode, body)
    case .answer(let message, let stream): answer(message, on: stream)
    case .establish(let message, let framing, let stream):
      session.version = machine.version
      session.peer = transport.peer.flatMap(NodeAddress.init)
      answer(message, on: stream)
      machine.establish(framing)
      describe()
    case .send(let bytes): transport.write { $0 += bytes }
    case .register(let stream):
      server.wantsEvents(self)
      answer(.ready, on: stream)
    case .judge(let refused): judge(refused)
    case .askRoles(let attempt): server.ask(attempt, for: self)
    case .cut: cut()
    }
  }

  private func run(_ header: EnvelopeHeader, _ opcode: Opcode, _ body: [UInt8]) {
    // A message that came in pieces would otherwise count twice, as one that arrives and as a request.
    if machine.memory.frame > 0 { chargeFrame() }
    let refusal = server.admit(bytes: body.count, beside: machine.requestsInFlight, holding: machine.holding)
    if let refusal {
      answer(.error(refusal), on: header.stream)
      return
    }
    machine.begin(bytes: body.count)
    record.begin()
    server.workers.add(
      StatementRequest(connection: self, stream: header.stream, opcode: opcode, flags: header.flags, body: body),
      isFirst: machine.requestsInFlight == 1)
  }

  func transportInputEnded(_ transport: Transport) {
    switch machine.endInput() {
    case .none: break
    case .close: transport.close()
    }
  }

  func transportClosed(_ transport: Transport, error: ReactorError?) {
    guard !isClosed else { return }
    if machine.close() { server.loginEnded(at: transport.peer) }
    if let deadline = deadline.take() { server.loop.cancelDeadline(deadline) }
    chargeFrame()
    dropBacklog()
    chargeOutput()
    while let request = held.popFirst() { forget(request) }
    server.memoryWasGivenBack()
    server.clients.remove(record)
    server.workers.cancel(for: self)
    server.connectionClosed(self)
  }
}

// MARK: - Logging in

extension ClientConnection {
  /// Tells others who the client is now.
  private func describe() {
    record.client.withLock { client in
      client.version = session.version
      client.isReady = machine.phase == .ready
      client.driverName = machine.driver?.name
      client.driverVersion = machine.driver?.version
      client.keyspace = session.keyspace
      client.user = session.user
    }
  }

  /// The roles say who the client is.
  func decide(_ attempt: LoginAttempt, _ outcome: LoginOutcome) {
    let isAwaited: Bool
    switch outcome {
    case .accepted(let role): isAwaited = machine.decide(attempt, as: role, error: nil)
    case .refused: isAwaited = machine.decide(attempt, as: nil, error: nil)
    case .notPermitted:
      isAwaited = machine.decide(
        attempt, as: nil, error: ErrorResponse(.badCredentials, "\(attempt.shownName) is not permitted to log in"))
    }
    guard isAwaited else { return }
    if case .accepted = outcome { judge(nil) } else { judge(attempt.shownName) }
  }

  /// The same, after the bytes that asked for it were looked at.
  func decideLater(_ attempt: LoginAttempt, _ outcome: LoginOutcome) {
    decide(attempt, outcome)
    endIfDrained()
  }

  /// Answers a login now, or later when logins from this address have failed before.
  private func judge(_ refused: String?) {
    if let refused { server.loginFailed(refused, at: transport.peer) }
    guard let wait = server.loginWait(at: transport.peer) else {
      cut()
      return
    }
    guard wait > .zero else {
      answerLogin()
      return
    }
    machine.judge(until: server.loop.now + wait.wholeMilliseconds)
    arm()
  }

  private func answerLogin() {
    guard let login = machine.takeLogin() else { return }
    answer(login.message, on: login.stream)
    guard let user = login.user else { return }
    server.loginSucceeded(at: transport.peer)
    session.user = user
    session.login = SessionLogin(role: user)
    describe()
  }
}

// MARK: - Statements

extension ClientConnection {
  /// Whether a request may run now. When it may not, it is kept until the client has read, or dropped with its client.
  func mayRun(_ request: StatementRequest) -> Bool {
    guard !isClosed else {
      forget(request)
      return false
    }
    guard machine.memory.isFilled(waiting: transport.waitingBytes, limit: machine.limits.answerBytes) else {
      return true
    }
    if held.isEmpty {
      transport.flush()
      guard !isClosed, transport.isOpen else {
        forget(request)
        return false
      }
      guard machine.memory.isFilled(waiting: transport.waitingBytes, limit: machine.limits.answerBytes) else {
        return true
      }
    }
    held.append(request)
    if machine.memory.isSlow(waiting: transport.waitingBytes) { server.isSlow(self) }
    return false
  }

  /// Runs a request and writes its answer. `result` is a buffer to use.
  func run(
    _ request: StatementRequest, by worker: Worker, on executor: any RequestExecutor, into result: inout [UInt8]
  ) async {
    if machine.requestsInFlight == 1 { slices?.count = 0 }
    // A copy, because other requests of the connection run while this one waits.
    var session = session
    session.meter = worker
    let trace = request.flags.contains(.tracing) ? executor.trace(for: session.peer) : nil
    session.trace = trace
    let keyspace = session.keyspace
    result.removeAll(keepingCapacity: true)
    do throws(EngineFailure) {
      let outcome = try await request.run(on: executor, session: &session, into: &result)
      if session.keyspace != keyspace {
        self.session.keyspace = session.keyspace
        describe()
      }
      trace?.finish()
      finish(request, outcome, trace?.id, result)
    } catch {
      trace?.finish()
      forget(request)
      server.report(error)
      answer(.error(error.response), on: request.stream, trace: trace?.id)
    }
    giveRoomBack(of: worker)
    if backlog != nil { resumeBacklog() }
    endIfDrained()
  }

  private func finish(
    _ request: StatementRequest, _ outcome: EngineOutcome, _ trace: CQLUUID?, _ result: [UInt8]
  ) {
    forget(request)
    guard machine.canAnswer else { return }
    var prefix = ResponsePrefix(tracingID: trace)
    if machine.version >= .v4 { prefix.warnings = outcome.warnings }
    let flags = prefix.flags
    var output = transport.takeOutput()
    machine.append(.result, flags: flags, on: request.stream, to: &output) { output throws(WireError) in
      if !ResponsePrefix.isEmpty(flags) { try prefix.encode(into: &output) }
      output += result
    }
    transport.putBack(output)
    transport.flushIfReady()
    watchReader()
  }

  private func forget(_ request: StatementRequest) {
    machine.end(bytes: request.body.count)
    record.end()
    server.release(bytes: request.body.count)
  }
}

// MARK: - Output

extension ClientConnection {
  private func answer(_ message: ResponseMessage, on stream: Int16, trace: CQLUUID? = nil) {
    guard machine.canAnswer else { return }
    var output = transport.takeOutput()
    machine.append(message, trace: trace, on: stream, to: &output)
    transport.putBack(output)
    watchReader()
  }

  private func watchReader() {
    guard machine.memory.isSlow(waiting: transport.waitingBytes) else { return }
    chargeOutput()
    server.isSlow(self)
  }

  /// Tells the client of an event, when it has asked for its kind.
  func tell(_ event: Event) { if machine.wants(event.kind) { answer(.event(event), on: -1) } }

  func transportWillFlush(_ transport: Transport) {
    if transport.outputCount > 0 {
      var output = transport.takeOutput()
      machine.seal(&output)
      transport.putBack(output)
    }
    if machine.memory.output > 0 { chargeOutput() }
    resumeHeld()
  }

  /// Goes on with requests that had to wait, once the client has read half of what it may leave unread.
  func resumeHeld() {
    guard machine.isPaused || !held.isEmpty else { return }
    switch machine.resume(waiting: transport.waitingBytes - transport.outputCount) {
    case .none: return
    case .run: break
    case .readAndRun: if backlog == nil { goOnReading() }
    }
    while let request = held.popFirst() { server.workers.add(request, isFirst: false) }
  }

  /// Whether the client still has answers to read; one that has not read any for too long is cut.
  func isStillSlow(at now: UInt64) -> Bool {
    chargeOutput()
    let action = machine.lookAtReader(
      acknowledged: transport.acknowledgedBytes, waiting: transport.waitingBytes, now: now)
    switch action {
    case .forget: return false
    case .watch: return true
    case .cut:
      cut()
      return !isClosed
    }
  }
}

// MARK: - Time

extension ClientConnection: DeadlineHandler {
  /// One deadline serves all timers: when it passes, the machine says what follows.
  func deadlinePassed(token: UInt64) {
    deadline = nil
    armedFor = .max
    switch machine.pass(now: server.loop.now) {
    case .none: break
    case .answerLogin:
      server.loginEnded(at: transport.peer)
      answerLogin()
      endIfDrained()
    case .close: transport.close()
    }
    arm()
  }

  /// Makes sure that the machine is asked when its next timer passes.
  func arm() {
    guard let next = machine.nextTimer, next.at < armedFor else { return }
    if let deadline { server.loop.cancelDeadline(deadline) }
    armedFor = next.at
    deadline = server.loop.setDeadline(at: next.at, handler: self, token: 0)
  }

  /// Closes a connection that has said nothing for too long though nothing is owed to it.
  func closeIfIdle(at now: UInt64) {
    if machine.isIdle(waiting: transport.waitingBytes, now: now) { transport.close() }
  }
}

// MARK: - The end

extension ClientConnection {
  /// Looks at nothing that still arrives, and closes once the requests in flight are answered.
  func drain() {
    machine.drain()
    dropBacklog()
    endIfDrained()
  }

  private func endIfDrained() {
    if machine.takeResume() { goOnReading() }
    switch machine.finish(now: server.loop.now) {
    case .none: return
    case .endOutput: break
    }
    // Sealed before the output is closed for good.
    transport.flush()
    guard transport.isOpen else { return }
    transport.finishOutput()
    arm()
  }

  /// Ends the connection at once; what was not answered stays so.
  func cut() {
    guard !isClosed else { return }
    transport.abort()
  }
}

extension NodeAddress {
  /// The address in the wire's form.
  init?(_ address: SocketAddress) {
    guard let inet = CQLInet(address.bytes.span) else { return nil }
    self.init(address: inet, port: address.port)
  }
}
