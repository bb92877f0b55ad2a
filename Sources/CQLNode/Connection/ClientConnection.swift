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
  private let transport: Transport
  private let server: LoopServer
  private var input: ClientInput
  private var encoder = EnvelopeEncoder()
  private var session = EngineSession(version: .v5)
  private var events: Set<EventKind> = []
  private var isClosed = false
  /// Nothing that arrives is looked at, and the connection ends after the last answer.
  private var isDraining = false
  private var hasFinished = false

  /// Requests that are not answered yet.
  private(set) var requestsInFlight = 0
  /// Requests that wait until the client has read some of its answers.
  private var held = RequestRing()
  private var isPaused = false
  /// Bytes that waited for the client when it was last looked at, and since when they have not become fewer.
  private var lastWaitingBytes = 0
  private var waitingSince: UInt64 = 0
  private var handshakeDeadline: DeadlineKey?

  init(_ transport: Transport, server: LoopServer) {
    self.transport = transport
    self.server = server
    input = ClientInput(password: server.password, maximumBodyBytes: server.limits.requestBytes)
    transport.delegate = self
    transport.startReading()
    handshakeDeadline = server.loop.setDeadline(
      after: server.limits.handshakeTimeout, handler: self, token: Self.handshakeToken)
  }

  private var version: ProtocolVersion { input.machine.version }

  /// Bytes of answers that the client has not read.
  var waitingBytes: Int { transport.waitingBytes }
}

// MARK: - Input

extension ClientConnection: TransportDelegate {
  func transport(_ transport: Transport, received bytes: Span<UInt8>) {
    var offset = 0
    while !isDraining, !isClosed, let step = input.next(in: bytes, at: &offset) {
      switch step {
      case .message(let header, let body, let action): receive(header, body, action)
      case .unknownVersion(let refusal):
        transport.write { $0 += refusal }
        drain()
      case .broken(let error): refuse(error, on: 0)
      }
    }
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
      session.user = user
      answer(message, on: header.stream)
      becomeReady()
    case .register(let kinds):
      events.formUnion(kinds)
      server.wantsEvents(self)
      answer(.ready, on: header.stream)
    case .refuse(let error): refuse(error, on: header.stream)
    case .run(let opcode):
      if let refusal = server.admit(bytes: body.count, beside: requestsInFlight) {
        answer(.error(refusal), on: header.stream)
        return
      }
      requestsInFlight += 1
      server.workers.add(
        StatementRequest(connection: self, stream: header.stream, opcode: opcode, flags: header.flags, body: body))
    }
  }

  private func becomeReady() {
    guard input.machine.isReady, let deadline = handshakeDeadline.take() else { return }
    server.loop.cancelDeadline(deadline)
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
    while let request = held.popFirst() { forget(request) }
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
    guard transport.waitingBytes > server.limits.answerBytesPerConnection else { return true }
    transport.flush()
    guard !isClosed, transport.isOpen else {
      forget(request)
      return false
    }
    guard transport.waitingBytes > server.limits.answerBytesPerConnection else { return true }
    held.append(request)
    server.isSlow(self)
    return false
  }

  /// Runs a request and writes its answer. `result` is a buffer to use.
  func run(_ request: StatementRequest, on executor: any RequestExecutor, into result: inout [UInt8]) async {
    // A copy, because other requests of the connection run while this one waits.
    var session = session
    let keyspace = session.keyspace
    result.removeAll(keepingCapacity: true)
    do throws(EngineFailure) {
      let outcome = try await request.run(on: executor, session: &session, into: &result)
      if session.keyspace != keyspace { self.session.keyspace = session.keyspace }
      finish(request, outcome, result)
    } catch {
      forget(request)
      server.report(error)
      answer(.error(error.response), on: request.stream)
    }
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
    if transport.waitingBytes > Self.slowBytes { server.isSlow(self) }
  }

  /// Bytes of answers from which on it is watched whether the client reads them: 64 KiB.
  private static let slowBytes = 64 << 10

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
    let waiting = transport.waitingBytes - transport.outputCount
    if (isPaused || !held.isEmpty) && waiting <= server.limits.answerBytesPerConnection / 2 {
      if isPaused {
        isPaused = false
        transport.startReading()
      }
      while let request = held.popFirst() { server.workers.add(request) }
    }
  }
}

// MARK: - The end

extension ClientConnection: DeadlineHandler {
  private static let handshakeToken: UInt64 = 0
  private static let lingerToken: UInt64 = 1

  func deadlinePassed(token: UInt64) {
    if token == Self.handshakeToken { handshakeDeadline = nil }
    guard !isClosed else { return }
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
    let waiting = transport.waitingBytes
    guard !isClosed, waiting > 0 else {
      lastWaitingBytes = 0
      return false
    }
    if waiting < lastWaitingBytes || lastWaitingBytes == 0 { waitingSince = now }
    lastWaitingBytes = waiting
    if now - waitingSince >= server.limits.writeTimeout.wholeMilliseconds { cut() }
    return !isClosed
  }
}

extension NodeAddress {
  /// The address in the wire's form.
  init?(_ address: SocketAddress) {
    guard let inet = CQLInet(address.bytes.span) else { return nil }
    self.init(address: inet, port: address.port)
  }
}
