internal import CassandraBytes
internal import CQLEngine
internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry

/// One connection of a client, on one loop.
///
/// What arrives is cut into messages at once. Statements go to the loop's workers, many at a time, and are answered in
/// the order in which they are done; all answers of a turn leave in one write, in v5 in one segment.
final class ClientConnection {
  let transport: Transport
  let server: LoopServer
  private(set) var input: ClientInput
  private var encoder = EnvelopeEncoder()
  private var session = EngineSession(version: .v5)
  private var events: Set<EventKind> = []
  private(set) var isClosed = false
  /// Nothing that arrives is looked at, and the connection ends after the last answer.
  private var isDraining = false
  private var hasFinished = false

  /// Requests that are not answered yet.
  private(set) var requestsInFlight = 0
  /// Requests that wait until the client has read some of its answers.
  private var held = RequestRing()
  private var isPaused = false
  /// Whether the client reads what it is owed, by what its system has acknowledged.
  private var reading: ReadingWatch
  private var handshakeDeadline: DeadlineKey?
  /// The answer to a login that has to wait for its time.
  private var waitingLogin: WaitingLogin?
  /// When the client was last heard.
  private var lastHeard: UInt64

  // What the connection holds of the node's memory; see the file about it.
  var requestBytes = 0
  var frameBytes = 0
  var frameDeadline: DeadlineKey?
  var answerBytes = 0
  /// Bytes of answers that have been made and wait until they may be counted in ``answerBytes``.
  var askedBytes = 0
  var chargedOutput = 0
  /// Whose answer may go beyond what answers of the connection may have together.
  var growing: Worker?

  init(_ transport: Transport, server: LoopServer) {
    self.transport = transport
    self.server = server
    input = ClientInput(password: server.password, maximumLoginBytes: server.limits.loginRequestBytes)
    lastHeard = server.loop.now
    reading = ReadingWatch(
      limit: server.limits.writeTimeout, slowestBytesPerSecond: server.limits.slowestReaderBytesPerSecond)
    transport.delegate = self
    transport.startReading()
    handshakeDeadline = server.loop.setDeadline(
      after: server.limits.handshakeTimeout, handler: self, token: Self.handshakeToken)
  }

  private var version: ProtocolVersion { input.machine.version }
}

// MARK: - Input

extension ClientConnection: TransportDelegate {
  func transport(_ transport: Transport, received bytes: Span<UInt8>) {
    lastHeard = server.loop.now
    guard waitingLogin == nil else {
      // Nothing follows a password before its answer.
      cut()
      return
    }
    var offset = 0
    if input.machine.isReady { input.allow(bodyBytes: allowedBodyBytes) }
    while !isDraining, !isClosed, waitingLogin == nil, let step = input.next(in: bytes, at: &offset) {
      switch step {
      case .skipped(let header): answer(.error(refusal(ofLong: header)), on: header.stream)
      case .message(let header, let body, let action): receive(header, body, action)
      case .unknownVersion(let refusal):
        transport.write { $0 += refusal }
        drain()
      case .broken(let error): refuse(error, on: 0)
      }
    }
    chargeFrame()
    // What has not left by now waits for the kernel, so the end of that write will wake the connection.
    if transport.waitingBytes - transport.outputCount > server.limits.answerBytesPerConnection { pause() }
  }

  private func receive(_ header: EnvelopeHeader, _ body: [UInt8], _ action: ConnectionMachine.Action) {
    switch action {
    case .answer(let message): answer(message, on: header.stream)
    case .reframe(let message, let framing):
      session.version = version
      session.peer = transport.peer.flatMap(NodeAddress.init)
      answer(message, on: header.stream)
      // The answer is still in the old form; nothing of the new one has been written yet.
      encoder.framing = framing
      becomeReady()
    case .logIn(let user, let message):
      finishLogin(WaitingLogin(stream: header.stream, answer: message, user: user))
    case .refuseLogin(let user, let error):
      server.loginFailed(user, at: transport.peer)
      finishLogin(WaitingLogin(stream: header.stream, answer: .error(error), user: nil))
    case .register(let kinds):
      events.formUnion(kinds)
      server.wantsEvents(self)
      answer(.ready, on: header.stream)
    case .refuse(let error): refuse(error, on: header.stream)
    case .run(let opcode):
      if let refusal = server.admit(bytes: body.count, beside: requestsInFlight, holding: holding) {
        answer(.error(refusal), on: header.stream)
        return
      }
      requestsInFlight += 1
      requestBytes += body.count
      server.workers.add(
        StatementRequest(connection: self, stream: header.stream, opcode: opcode, flags: header.flags, body: body))
    }
  }

  private func becomeReady() {
    guard input.machine.isReady else { return }
    input.allow(bodyBytes: allowedBodyBytes)
    guard let deadline = handshakeDeadline.take() else { return }
    server.loop.cancelDeadline(deadline)
  }

  /// What a client is told whose message was too long, or for which there was no memory.
  private func refusal(ofLong header: EnvelopeHeader) -> ErrorResponse {
    let limit = server.limits.requestBytes
    guard header.bodyCount <= limit else {
      return ErrorResponse(.invalid, "The request has \(header.bodyCount) bytes, which is over the limit of \(limit)")
    }
    return ErrorResponse(.overloaded, "The node has no memory for the request; try again later")
  }

  private func pause() {
    guard !isPaused else { return }
    isPaused = true
    transport.pauseReading()
  }

  func transportInputEnded(_ transport: Transport) {
    // Nobody ends only a half of such a connection, so the client has gone and nobody wants its answers.
    if hasFinished { return }
    transport.close()
  }

  func transportClosed(_ transport: Transport, error: ReactorError?) {
    guard !isClosed else { return }
    isClosed = true
    input.end()
    if let deadline = handshakeDeadline.take() { server.loop.cancelDeadline(deadline) }
    if waitingLogin.take() != nil { server.loginEnded(at: transport.peer) }
    chargeFrame()
    chargeOutput()
    while let request = held.popFirst() { forget(request) }
    server.memoryWasGivenBack()
    server.workers.cancel(for: self)
    server.connectionClosed(self)
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
    guard isFilled else { return true }
    transport.flush()
    guard !isClosed, transport.isOpen else {
      forget(request)
      return false
    }
    guard isFilled else { return true }
    held.append(request)
    if transport.waitingBytes > Self.slowBytes { server.isSlow(self) }
    return false
  }

  /// Runs a request and writes its answer. `result` is a buffer to use.
  func run(
    _ request: StatementRequest, by worker: Worker, on executor: any RequestExecutor, into result: inout [UInt8]
  ) async {
    // A copy, because other requests of the connection run while this one waits.
    var session = session
    session.meter = worker
    let keyspace = session.keyspace
    result.removeAll(keepingCapacity: true)
    do throws(EngineFailure) {
      // What a statement will bring is not known before it runs, so none begins when all memory is taken.
      if server.memory.isExhausted { try await worker.answerHas(0, andMayGet: LoopServer.leastAnswerBytes) }
      let outcome = try await request.run(on: executor, session: &session, into: &result)
      if session.keyspace != keyspace { self.session.keyspace = session.keyspace }
      finish(request, outcome, result)
    } catch {
      forget(request)
      server.report(error)
      answer(.error(error.response), on: request.stream)
    }
    giveRoomBack(of: worker)
    endIfDrained()
  }

  private func finish(_ request: StatementRequest, _ outcome: EngineOutcome, _ result: [UInt8]) {
    forget(request)
    guard !isClosed else { return }
    var flags: EnvelopeFlags = []
    if !outcome.warnings.isEmpty && version >= .v4 { flags = .warning }
    write(.result, flags: flags, on: request.stream) { output throws(WireError) in
      if flags == .warning { try ResponsePrefix(warnings: outcome.warnings).encode(into: &output) }
      output += result
    }
  }

  private func forget(_ request: StatementRequest) {
    requestsInFlight -= 1
    requestBytes -= request.body.count
    server.release(bytes: request.body.count)
  }
}

// MARK: - Output

extension ClientConnection {
  private func answer(_ message: ResponseMessage, on stream: Int16) {
    let version = version
    write(message.opcode, flags: [], on: stream) { output throws(WireError) in
      try message.encode(into: &output, version: version)
    }
  }

  private func write(
    _ opcode: Opcode, flags: EnvelopeFlags, on stream: Int16, _ body: (inout [UInt8]) throws(WireError) -> Void
  ) {
    guard !isClosed, !hasFinished else { return }
    let header = EnvelopeHeader(
      version: version, isResponse: true, flags: flags, stream: stream, opcode: opcode)
    var output = transport.takeOutput()
    do throws(WireError) { try encoder.append(header, to: &output, body: body) } catch {
      // Nothing was written. The client hears that its answer does not fit, and not nothing.
      let failure = ErrorResponse(.serverError, "The answer cannot be written: \(error)")
      let header = EnvelopeHeader(version: version, isResponse: true, stream: stream, opcode: .error)
      let version = version
      try? encoder.append(header, to: &output) { output throws(WireError) in
        try ResponseMessage.error(failure).encode(into: &output, version: version)
      }
    }
    transport.putBack(output)
    if transport.waitingBytes > Self.slowBytes || chargedOutput > 0 {
      chargeOutput()
      server.isSlow(self)
    }
  }

  /// Bytes of answers from which on it is watched whether the client reads them: 64 KiB.
  static let slowBytes = 64 << 10

  /// Tells the client of an event, when it has asked for its kind.
  func tell(_ event: Event) {
    guard input.machine.isReady, events.contains(event.kind) else { return }
    answer(.event(event), on: -1)
  }

  func transportWillFlush(_ transport: Transport) {
    if transport.outputCount > 0 {
      var output = transport.takeOutput()
      encoder.seal(&output)
      transport.putBack(output)
    }
    if chargedOutput > 0 { chargeOutput() }
    resumeHeld()
  }

  /// Goes on with requests that had to wait, once the client has read half of what it may leave unread.
  func resumeHeld() {
    guard isPaused || !held.isEmpty, !isClosed else { return }
    let waiting = transport.waitingBytes - transport.outputCount + answerBytes + askedBytes
    guard waiting <= server.limits.answerBytesPerConnection / 2 else { return }
    if isPaused {
      isPaused = false
      transport.startReading()
    }
    while let request = held.popFirst() { server.workers.add(request) }
  }
}

// MARK: - The end

extension ClientConnection: DeadlineHandler {
  private static let handshakeToken: UInt64 = 0
  private static let lingerToken: UInt64 = 1
  static let frameToken: UInt64 = 2
  private static let loginToken: UInt64 = 3

  func deadlinePassed(token: UInt64) {
    if token == Self.handshakeToken { handshakeDeadline = nil }
    if token == Self.frameToken { frameDeadline = nil }
    guard !isClosed else { return }
    if token == Self.loginToken {
      server.loginEnded(at: transport.peer)
      if let login = waitingLogin.take() { complete(login) }
      return
    }
    transport.close()
  }

  /// Answers with an error that ends the connection.
  private func refuse(_ error: ErrorResponse, on stream: Int16) {
    answer(.error(error), on: stream)
    drain()
  }

  /// Looks at nothing that still arrives, and closes once the requests in flight are answered.
  func drain() {
    guard !isClosed, !isDraining else { return }
    isDraining = true
    // Or the end of the client would not be noticed.
    if isPaused {
      isPaused = false
      transport.startReading()
    }
    endIfDrained()
  }

  private func endIfDrained() {
    guard isDraining, !isClosed, !hasFinished, requestsInFlight == 0 else { return }
    // Sealed before the output is closed for good.
    transport.flush()
    hasFinished = true
    guard transport.isOpen else { return }
    transport.finishOutput()
    _ = server.loop.setDeadline(after: server.limits.lingerTimeout, handler: self, token: Self.lingerToken)
  }

  /// Ends the connection at once; what was not answered stays so.
  func cut() {
    guard !isClosed else { return }
    transport.abort()
  }

  /// Whether the client still has answers to read; one that has not read any for too long is cut.
  func isStillSlow(at now: UInt64) -> Bool {
    guard !isClosed else { return false }
    chargeOutput()
    reading.note(acknowledged: transport.acknowledgedBytes, waiting: transport.waitingBytes, now: now)
    guard let due = reading.due else { return false }
    if now >= due { cut() }
    return !isClosed
  }
}

// MARK: - Logging in

/// The answer to a login.
private struct WaitingLogin {
  var stream: Int16
  var answer: ResponseMessage
  /// Who has logged in; nil when nobody has.
  var user: String?
}

extension ClientConnection {
  /// Answers a login now, or later when logins from this address have failed before.
  private func finishLogin(_ login: WaitingLogin) {
    guard let wait = server.loginWait(at: transport.peer) else {
      cut()
      return
    }
    guard wait > .zero else {
      complete(login)
      return
    }
    waitingLogin = login
    _ = server.loop.setDeadline(after: wait, handler: self, token: Self.loginToken)
  }

  private func complete(_ login: WaitingLogin) {
    answer(login.answer, on: login.stream)
    guard let user = login.user else {
      drain()
      return
    }
    server.loginSucceeded(at: transport.peer)
    session.user = user
    becomeReady()
  }

  /// Closes a connection that has said nothing for too long though nothing is owed to it.
  func closeIfIdle(at now: UInt64) {
    guard !isClosed, requestsInFlight == 0, transport.waitingBytes == 0, waitingLogin == nil,
      now - lastHeard >= server.limits.idleTimeout.wholeMilliseconds
    else { return }
    transport.close()
  }
}

extension NodeAddress {
  /// The address in the wire's form.
  init?(_ address: SocketAddress) {
    guard let inet = CQLInet(address.bytes.span) else { return nil }
    self.init(address: inet, port: address.port)
  }
}
