internal import CassandraBytes
internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry

/// One connection to one node, on one loop: carries out what its ``ClientMachine`` says.
///
/// Many requests are under way at once, each on a stream id of its own. Those of a turn leave together: on v5 in one
/// segment, in any case in one write.
final class NodeConnection {
  typealias Waiter = UnsafeContinuation<Outcome, Never>
  typealias Token = StreamTable<Recipient>.Token

  let loop: EventLoop
  let endPoint: EndPoint
  let version: ProtocolVersion
  let limits: ClientLimits
  private let logger: CassandraLogger
  private let transport: Transport
  // `@exclusivity(unchecked)` here and below: these are touched on the loop's thread only, and no access to one of them
  // lasts while other code runs that could touch it, so the check at every access would find nothing.
  @exclusivity(unchecked) private var machine: ClientMachine<Recipient>
  @exclusivity(unchecked) private(set) var failure: CassandraError?
  /// Those who wait for a place.
  private let queue = AdmissionQueue()
  @exclusivity(unchecked) private var deadline: DeadlineKey?
  @exclusivity(unchecked) private var armedFor = UInt64.max
  /// Who is told of events, and that no further request may be sent.
  weak var observer: (any ConnectionObserver)?
  /// What is counted of the node on this loop, once something has been.
  @exclusivity(unchecked) var metrics: LoopMetrics.Node?
  /// What spans tell of the node, once one was recorded.
  @exclusivity(unchecked) var spanPart: SpanPart?
  /// Is told what the server says of changes of the schema, once it was asked to.
  var onSchemaChange: ((SchemaChange) -> Void)?
  /// Is told once that no further request may be sent.
  var onUnusable: (() -> Void)?
  /// Whether the keyspace of the settings did not exist when it was made, so that it has none.
  var lacksKeyspace = false
  /// The one task that keeps this connection.
  private let owner = LoopWait<Void>()

  init(
    _ transport: Transport, to endPoint: EndPoint, version: ProtocolVersion, limits: ClientLimits,
    logger: CassandraLogger
  ) {
    self.transport = transport
    self.endPoint = endPoint
    self.version = version
    self.limits = limits
    self.logger = logger
    loop = transport.loop
    machine = ClientMachine(version: version, limits: ConnectionLimits(limits), now: transport.loop.now)
    transport.delegate = self
    transport.startReading()
  }

  /// Whether further requests may be sent.
  @inline(__always)
  var isUsable: Bool { machine.isUsable }

  /// Requests that are under way.
  @inline(__always)
  var inFlight: Int { machine.inFlight }

  /// Requests that were given up and whose answers have not come.
  var orphans: Int { machine.orphans }

  /// Requests that wait for a place.
  var waitingCount: Int { queue.count }

  /// Since when the server owes an answer and has said nothing; nil when it owes none.
  var owesSince: UInt64? { machine.owesSince }

  /// Whether the server owes answers and has said nothing for that many milliseconds.
  @inline(__always)
  func isSilent(for limit: UInt64, now: UInt64) -> Bool { machine.isSilent(for: limit, now: now) }

  /// Whether a request may be sent now, without waiting for a place.
  @inline(__always)
  var canSend: Bool { machine.isUsable && machine.hasPlace && queue.count == 0 }
}

// MARK: - Requests

extension NodeConnection {
  /// Sends the message that `body` writes; ``canSend`` is true. The caller then waits with ``answer(_:goesOn:)``.
  ///
  /// - Throws: What `body` throws; nothing has been sent then.
  @inline(__always)
  func send<Failure: Error>(
    _ opcode: Opcode, flags: EnvelopeFlags, due: UInt64, _ body: (inout [UInt8]) throws(Failure) -> Void
  ) throws(Failure) -> Token {
    // The buffer is taken out while it is used, so that nothing has to watch over its access.
    var output = transport.takeOutput()
    let token: Token
    do throws(Failure) {
      token = try machine.send(opcode, flags: flags, due: due, now: loop.now, into: &output, body)
    } catch {
      transport.putBack(output)
      throw error
    }
    transport.putBack(output)
    if machine.nextTimer < armedFor { arm() }
    return token
  }

  /// Waits for the answer to a request that was just sent.
  ///
  /// - Parameter goesOn: Whether ``Outcome/late(_:)`` is welcome when it is due, or when the node has been silent for
  ///   ``ClientLimits/silenceBeforeNextNode``.
  func answer(_ token: Token, goesOn: Bool = false) async -> Outcome {
    // As `withUnsafeContinuation`, which looks at the task's executor before it waits, too: nothing here needs that, and
    // each look takes the lock of the task (6.3).
    await _unsafeInheritExecutor_withUnsafeContinuation { waiter in
      if !machine.wait(token, Recipient(waiter: waiter, goesOn: goesOn)) {
        waiter.resume(returning: .failure(failure ?? closing))
      }
    }
  }

  /// Sends the message that `body` writes as soon as there is a place for it, and waits for its answer.
  ///
  /// - Throws: What `body` throws; nothing has been sent then.
  func request<Failure: Error>(
    _ opcode: Opcode, flags: EnvelopeFlags = [], due: UInt64, goesOn: Bool = false,
    _ body: (inout [UInt8]) throws(Failure) -> Void
  ) async throws(Failure) -> Outcome {
    if Task.isCancelled { return .failure(.cancelled(coordinator: endPoint)) }
    var isAdmitted = queue.count == 0
    while isUsable && !(isAdmitted && machine.hasPlace) {
      if let error = await waitForAdmission(due: due) { return .failure(error) }
      isAdmitted = true
    }
    guard isUsable else { return .failure(notSent) }
    let token: Token
    do throws(Failure) { token = try send(opcode, flags: flags, due: due, body) } catch {
      // No answer will come that would let the next one go on.
      if queue.count > 0 { queue.admitNext() }
      throw error
    }
    return await answer(token, goesOn: goesOn)
  }

  /// Sends the message that `body` writes and leaves its answer in a place where somebody may look for it; nil when it
  /// cannot be sent at once.
  func begin<Failure: Error>(
    _ opcode: Opcode, flags: EnvelopeFlags = [], due: UInt64, _ body: (inout [UInt8]) throws(Failure) -> Void
  ) throws(Failure) -> PendingAnswer? {
    guard canSend else { return nil }
    let token = try send(opcode, flags: flags, due: due, body)
    let pending = PendingAnswer()
    _ = machine.wait(token, Recipient(pending: .passRetained(pending)))
    return pending
  }

  /// Waits until a request may be sent, or returns why it may not.
  private func waitForAdmission(due: UInt64) async -> CassandraError? {
    guard queue.count < limits.requestsWaiting else { return queueFull }
    switch await queue.add(on: loop, due: due) {
    case .admitted: return nil
    case .timedOut:
      return CassandraError(
        .timedOut, "The request waited too long to be sent to the database.", coordinator: endPoint, isRetrySafe: true)
    case .cancelled: return .cancelled(coordinator: endPoint)
    }
  }

  private func deliver(_ outcome: Outcome, to recipient: Recipient) {
    recipient.waiter?.resume(returning: outcome)
    recipient.pending?.takeRetainedValue().fulfil(outcome)
  }
}

// MARK: - Time

extension NodeConnection: DeadlineHandler {
  /// What a deadline is for.
  private enum Timer: UInt64 {
    /// What the machine waits for. One deadline serves all of it.
    case machine
    /// The end of a wait for the last answers.
    case drain
  }

  func deadlinePassed(token: UInt64) {
    switch Timer(rawValue: token) {
    case .machine?:
      deadline = nil
      armedFor = .max
      runTimers()
    case .drain?: owner.end()
    case nil: preconditionFailure("every deadline of a connection has the token of a timer")
    }
  }

  private func runTimers() {
    let now = loop.now
    while let timer = machine.pass(now: now) {
      switch timer {
      case .sweep: giveUpUnanswered(now)
      case .pulse: lookForLife(now)
      }
    }
    arm()
  }

  /// Makes sure that the machine is told when its next timer passes.
  private func arm() {
    let due = machine.nextTimer
    guard due < armedFor else { return }
    if let deadline { loop.cancelDeadline(deadline) }
    armedFor = due
    deadline = loop.setDeadline(at: due, handler: self, token: Timer.machine.rawValue)
  }

  private func giveUpUnanswered(_ now: UInt64) {
    let (overdue, action) = machine.sweep(now: now, where: \.isUnwanted, replacement: \.replacement)
    for entry in overdue {
      if let pending = entry.replacement?.pending {
        entry.waiter.waiter?.resume(returning: .late(LoopBound(pending.takeUnretainedValue(), on: loop)))
        continue
      }
      let error =
        entry.isLate
        ? CassandraError(.timedOut, "The database did not answer in time.", coordinator: endPoint)
        : .cancelled(coordinator: endPoint)
      deliver(.failure(error), to: entry.waiter)
      queue.admitNext()
    }
    switch action {
    case .none: break
    case .close: close(error(for: .drained))
    case .replace:
      logger.warning(
        "a connection is replaced because too many of its answers never came",
        ["node": .text("\(endPoint)"), "unanswered": .integer(machine.orphans)])
      drain()
    }
  }

  private func lookForLife(_ now: UInt64) {
    switch machine.lookForLife(now: now) {
    case .none: break
    // Where no further request can be sent, there are answers enough to wait for.
    case .ask(let due): _ = begin(.options, due: due, { _ in })
    case .close:
      logger.warning(
        "a connection is replaced because its node says nothing",
        ["node": .text("\(endPoint)"), "unanswered": .integer(machine.owed)])
      close(error(for: .silent))
    }
  }
}

// MARK: - Answers

extension NodeConnection: TransportDelegate {
  func transport(_ transport: Transport, received bytes: Span<UInt8>) {
    machine.heard(now: loop.now)
    var offset = 0
    while let action = machine.next(in: bytes, at: &offset) {
      switch action {
      case .deliver(let recipient, let header, let body):
        deliver(outcome(header, body, bytes), to: recipient)
        if queue.count > 0 { queue.admitNext() }
      case .forget: if queue.count > 0 { queue.admitNext() }
      case .event(let event):
        if case .schemaChange(let change) = event { onSchemaChange?(change) }
        observer?.connection(self, heard: event)
      case .unreadableEvent(let error):
        logger.debug("an event could not be read", ["node": .text("\(endPoint)"), "error": .text("\(error)")])
      case .close(let end): close(error(for: end))
      }
    }
  }

  @inline(__always)
  private func outcome(_ header: EnvelopeHeader, _ body: EnvelopeDecoder.Body, _ bytes: Span<UInt8>) -> Outcome {
    switch body {
    case .inInput(let range):
      let body = bytes.extracting(range)
      return isVoid(header, body) ? .done : .answer(header, Array(copying: body))
    case .owned(let body): return isVoid(header, body.span) ? .done : .answer(header, body)
    case .dropped:
      // Only while the connection begins is less taken than the limit.
      guard header.bodyCount > limits.responseBytes else {
        return .failure(
          CassandraError(
            .responseTooLarge,
            "The server says more of itself than a database does: are address and port the right ones?",
            logDetail: "\(header.bodyCount) bytes, of which \(ConnectionLimits.handshakeBytes) are taken",
            coordinator: endPoint))
      }
      return .failure(
        CassandraError(
          .responseTooLarge,
          "The database's answer is larger than this client takes: ask for fewer rows in a page (pageSize), or raise the limit responseBytes.",
          logDetail: "\(header.bodyCount) bytes, of which \(limits.responseBytes) are taken", coordinator: endPoint))
    }
  }

  /// Whether an answer is a RESULT of kind Void with nothing before it.
  @inline(__always)
  private func isVoid(_ header: EnvelopeHeader, _ body: Span<UInt8>) -> Bool {
    header.opcode == Opcode.result.rawValue && header.flags.isEmpty && body.count == 4 && body[3] == 1
  }

  func transportWillFlush(_ transport: Transport) {
    guard transport.outputCount > 0 else { return }
    var output = transport.takeOutput()
    machine.seal(&output)
    transport.putBack(output)
  }

  func transportInputEnded(_ transport: Transport) {
    close(.connectionLost(ReactorError(.connectionClosed, "the server ended the connection"), coordinator: endPoint))
  }

  func transportClosed(_ transport: Transport, error: ReactorError?) {
    close(.connectionLost(error, coordinator: endPoint))
  }
}

// MARK: - Life

extension NodeConnection {
  /// The stream has this framing from the next byte on; nothing is under way.
  func reframe(_ framing: Framing) { machine.reframe(framing) }

  /// The handshake is over: begins to look whether the server is there.
  func startHeartbeat() {
    machine.open(now: loop.now)
    runTimers()
  }

  /// Sends no further request, and closes once the answers under way have come.
  func drain() {
    switch machine.drain() {
    case .none: break
    case .begin: becomeUnusable()
    case .close:
      becomeUnusable()
      close(error(for: .drained))
    }
  }

  /// Closes at once; everybody who waits gets `error`.
  func close(_ error: CassandraError) {
    guard failure == nil else { return }
    failure = error
    let waiting = machine.close()
    if let deadline { loop.cancelDeadline(deadline) }
    deadline = nil
    for recipient in waiting { deliver(.failure(error), to: recipient) }
    becomeUnusable()
    transport.close()
  }

  private func becomeUnusable() {
    let callback = onUnusable.take()
    callback?()
    queue.admitAll()
    owner.end()
    observer?.connectionBecameUnusable(self)
  }

  /// Waits until no further request may be sent, or until the task is cancelled.
  func untilUnusable() async {
    if isUsable { await owner.wait(on: loop) }
  }

  /// Waits until the connection is closed, for `limit` at most.
  func untilClosed(within limit: Duration) async {
    let deadline = loop.setDeadline(after: limit, handler: self, token: Timer.drain.rawValue)
    defer { loop.cancelDeadline(deadline) }
    // Also a task that has been cancelled waits: what is under way may finish.
    if failure == nil { await owner.waitInAnyCase() }
  }
}
