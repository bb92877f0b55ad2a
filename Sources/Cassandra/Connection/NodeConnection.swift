internal import CassandraBytes
internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry

/// What became of a request that was sent.
enum Outcome {
  /// RESULT of kind Void without anything before it: the write was done.
  case done
  /// Any other answer, with its body.
  case answer(EnvelopeHeader, [UInt8])
  /// There is no answer and will be none.
  case failure(CassandraError)
}

/// One connection to one node, on one loop.
///
/// Many requests are under way at once, each on a stream id of its own. Those of a turn leave together: on v5 in one
/// segment, in any case in one write.
final class NodeConnection {
  typealias Waiter = UnsafeContinuation<Outcome, Never>
  typealias Token = StreamTable<Recipient>.Token

  /// Who gets the answer.
  ///
  /// Plain addresses, so that a table of them is copied and forgotten without counting references.
  struct Recipient {
    /// A task that waits, and what tells whether it has been cancelled.
    var waiter: Waiter?
    var task = WaitingTask.none
    /// Or a place where somebody may look for the answer; it is kept until that has come.
    var pending: Unmanaged<PendingAnswer>?
  }

  /// How often the requests under way are looked at: every 20 ms. So much later than it should a time-out may come, or
  /// the end of a request whose task was cancelled.
  static let sweepInterval: UInt64 = 20

  let loop: EventLoop
  let endPoint: EndPoint
  let version: ProtocolVersion
  private let limits: ClientLimits
  private let logger: CassandraLogger
  private let transport: Transport
  // `@exclusivity(unchecked)` here and below: these are touched on the loop's thread only, and no access to one of them
  // lasts while other code runs that could touch it, so the check at every access would find nothing.
  @exclusivity(unchecked) private var decoder: EnvelopeDecoder
  @exclusivity(unchecked) private var encoder = EnvelopeEncoder()
  @exclusivity(unchecked) private var streams: StreamTable<Recipient>
  private let queue = AdmissionQueue()
  @exclusivity(unchecked) private var isDraining = false
  @exclusivity(unchecked) private(set) var failure: CassandraError?
  /// Whether the handshake goes on: a server that does not speak our version says so in one of its own.
  @exclusivity(unchecked) private var mayRefuseVersion = true
  private var heartbeat: DeadlineKey?
  @exclusivity(unchecked) private var hasHeardSinceHeartbeat = true
  @exclusivity(unchecked) private var sweep: DeadlineKey?
  /// What is counted of the node on this loop, once something has been.
  @exclusivity(unchecked) var metrics: LoopMetrics.Node?
  /// Is told what the server says of changes of the schema, once it was asked to.
  var onSchemaChange: ((SchemaChange) -> Void)?
  /// Is told once that no further request may be sent.
  var onUnusable: (() -> Void)?
  /// The one task that keeps this connection.
  private var ownerWaiter: UnsafeContinuation<Void, Never>?

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
    decoder = EnvelopeDecoder(maximumBodyBytes: limits.responseBytes, dropsLargeBodies: true)
    streams = StreamTable(capacity: limits.requestsInFlight + limits.orphanedRequests)
    transport.delegate = self
    transport.startReading()
  }

  /// Whether further requests may be sent.
  @inline(__always)
  var isUsable: Bool { failure == nil && !isDraining }

  /// Whether a request may be sent now, without waiting for a place.
  @inline(__always)
  var canSend: Bool { isUsable && streams.inFlight < limits.requestsInFlight && streams.hasFree && queue.count == 0 }
}

// MARK: - Requests

extension NodeConnection {
  /// Sends the message that `body` writes; ``canSend`` is true. The caller then waits with ``answer(_:)``.
  ///
  /// - Throws: What `body` throws; nothing has been sent then.
  @inline(__always)
  func send<Failure: Error>(
    _ opcode: Opcode, flags: EnvelopeFlags, due: UInt64, _ body: (inout [UInt8]) throws(Failure) -> Void
  ) throws(Failure) -> Token {
    guard let token = streams.reserve(due: due) else { preconditionFailure("the caller has seen that an id is free") }
    let header = EnvelopeHeader(version: version, isResponse: false, flags: flags, stream: token.stream, opcode: opcode)
    // The buffer and the encoder are taken out while they are used, so that nothing has to watch over their access.
    var output = transport.takeOutput()
    var encoder = encoder
    do throws(Failure) {
      try encoder.append(header, to: &output, body: body)
      self.encoder = encoder
      transport.putBack(output)
    } catch {
      self.encoder = encoder
      transport.putBack(output)
      streams.release(token)
      throw error
    }
    if sweep == nil {
      sweep = loop.setDeadline(at: loop.now + Self.sweepInterval, handler: self, token: Self.sweepToken)
    }
    return token
  }

  /// Waits for the answer to a request that was just sent.
  func answer(_ token: Token) async -> Outcome {
    await withUnsafeContinuation { waiter in
      if !streams.wait(token, Recipient(waiter: waiter, task: .current)) {
        waiter.resume(returning: .failure(failure ?? closing))
      }
    }
  }

  /// Sends the message that `body` writes as soon as there is a place for it, and waits for its answer.
  ///
  /// - Throws: What `body` throws; nothing has been sent then.
  func request<Failure: Error>(
    _ opcode: Opcode, flags: EnvelopeFlags = [], due: UInt64,
    _ body: (inout [UInt8]) throws(Failure) -> Void
  ) async throws(Failure) -> Outcome {
    if Task.isCancelled { return .failure(.cancelled(coordinator: endPoint)) }
    var isAdmitted = queue.count == 0
    while isUsable && !(isAdmitted && streams.inFlight < limits.requestsInFlight && streams.hasFree) {
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
    return await answer(token)
  }

  /// Sends the message that `body` writes and leaves its answer in a place where somebody may look for it; nil when it
  /// cannot be sent at once.
  func begin<Failure: Error>(
    _ opcode: Opcode, flags: EnvelopeFlags = [], due: UInt64, _ body: (inout [UInt8]) throws(Failure) -> Void
  ) throws(Failure) -> PendingAnswer? {
    guard canSend else { return nil }
    let token = try send(opcode, flags: flags, due: due, body)
    let pending = PendingAnswer()
    _ = streams.wait(token, Recipient(pending: .passRetained(pending)))
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

  private var queueFull: CassandraError {
    CassandraError(
      .queueFull, "Too many requests wait for the database.",
      detail: "\(limits.requestsInFlight) are under way and \(limits.requestsWaiting) wait", coordinator: endPoint,
      isRetrySafe: true)
  }

  private var closing: CassandraError {
    CassandraError(
      .connectionLost, "The connection to the database is being replaced.", coordinator: endPoint, isRetrySafe: true)
  }

  /// For a request that waited for its place when the connection was lost.
  private var notSent: CassandraError {
    guard let failure else { return closing }
    return CassandraError(
      .connectionLost, "The connection to the database was lost before the request was sent.", coordinator: endPoint,
      isRetrySafe: true, cause: failure)
  }

  private func deliver(_ outcome: Outcome, to recipient: Recipient) {
    recipient.waiter?.resume(returning: outcome)
    recipient.pending?.takeRetainedValue().fulfil(outcome)
  }
}

// MARK: - Time

extension NodeConnection: DeadlineHandler {
  private static let heartbeatToken: UInt64 = 0
  private static let ownerToken: UInt64 = 1
  private static let sweepToken: UInt64 = 2

  func deadlinePassed(token: UInt64) {
    switch token {
    case Self.heartbeatToken: heartbeatIsDue()
    case Self.ownerToken: wakeOwner()
    default: giveUpUnanswered()
    }
  }

  /// Ends the waits that are over. Their stream ids stay reserved until the answers come.
  private func giveUpUnanswered() {
    sweep = nil
    guard failure == nil, streams.inFlight > 0 else { return }
    let now = loop.now
    sweep = loop.setDeadline(at: now + Self.sweepInterval, handler: self, token: Self.sweepToken)
    var table = StreamTable<Recipient>(capacity: 1)
    swap(&table, &streams)
    let givenUp = table.giveUp(at: now) { $0.task.isCancelled }
    swap(&table, &streams)
    guard !givenUp.isEmpty else { return }
    for (recipient, isLate) in givenUp {
      let error =
        isLate
        ? CassandraError(.timedOut, "The database did not answer in time.", coordinator: endPoint)
        : .cancelled(coordinator: endPoint)
      deliver(.failure(error), to: recipient)
    }
    for _ in givenUp { queue.admitNext() }
    closeWhenDrained()
    if streams.orphans > limits.orphanedRequests {
      logger.warning(
        "a connection is replaced because too many of its answers never came",
        ["node": .text("\(endPoint)"), "unanswered": .integer(streams.orphans)])
      drain()
    }
  }

  /// The handshake is over: begins to send a heartbeat whenever nothing has been heard for a while.
  func startHeartbeat() {
    mayRefuseVersion = false
    heartbeat = loop.setDeadline(after: limits.heartbeatInterval, handler: self, token: Self.heartbeatToken)
  }

  private func heartbeatIsDue() {
    heartbeat = nil
    guard failure == nil else { return }
    let isSilent = !hasHeardSinceHeartbeat
    hasHeardSinceHeartbeat = false
    startHeartbeat()
    let due = loop.now + limits.heartbeatTimeout.wholeMilliseconds
    guard isSilent, let pending = begin(.options, due: due, { _ in }) else { return }
    pending.whenFulfilled = { [weak self] outcome in
      guard let self, case .failure(let error) = outcome, error.code == .timedOut else { return }
      self.close(.connectionLost(error, coordinator: self.endPoint))
    }
  }
}

// MARK: - Answers

extension NodeConnection: TransportDelegate {
  func transport(_ transport: Transport, received bytes: Span<UInt8>) {
    hasHeardSinceHeartbeat = true
    var offset = 0
    // Taken out while it is used, so that nothing has to watch over its access.
    var decoder = EnvelopeDecoder()
    swap(&decoder, &self.decoder)
    do throws(WireError) {
      while let (header, body) = try decoder.next(in: bytes, at: &offset) {
        guard header.isResponse else {
          close(.protocolViolation("a request came from the server", coordinator: endPoint))
          return
        }
        guard header.version == version.rawValue || mayRefuseVersion && header.opcode == Opcode.error.rawValue else {
          close(.protocolViolation("an answer of version \(header.version) came", coordinator: endPoint))
          return
        }
        switch body {
        case .inInput(let range): receive(header, bytes.extracting(range), owned: nil)
        case .owned(let body): receive(header, body.span, owned: body)
        case .dropped: receiveTooLarge(header)
        }
        if failure != nil { return }
      }
      swap(&decoder, &self.decoder)
    } catch {
      close(.protocolViolation("\(error)", coordinator: endPoint, cause: error))
    }
  }

  @inline(__always)
  private func receive(_ header: EnvelopeHeader, _ body: Span<UInt8>, owned: [UInt8]?) {
    guard header.stream >= 0 else { return receiveUnasked(header, body) }
    switch streams.answer(on: header.stream) {
    case .deliver(let recipient):
      let isVoid = header.opcode == Opcode.result.rawValue && header.flags.isEmpty && body.count == 4 && body[3] == 1
      deliver(isVoid ? .done : .answer(header, owned ?? Array(copying: body)), to: recipient)
    case .drop: break
    case .unexpected: receiveUnasked(header, body)
    }
    if queue.count > 0 { queue.admitNext() }
    if isDraining { closeWhenDrained() }
  }

  /// An answer was larger than it may be, and has been passed over: its request fails, and no other.
  private func receiveTooLarge(_ header: EnvelopeHeader) {
    switch streams.answer(on: header.stream) {
    case .deliver(let recipient):
      let error = CassandraError(
        .responseTooLarge,
        "The database's answer is larger than this client takes: ask for less rows in a page (pageSize), or raise the limit responseBytes.",
        detail: "\(header.bodyCount) bytes, of which \(limits.responseBytes) are taken", coordinator: endPoint)
      deliver(.failure(error), to: recipient)
    case .drop: break
    case .unexpected:
      close(
        .protocolViolation("an answer came on stream \(header.stream), where nothing was asked", coordinator: endPoint))
    }
    if queue.count > 0 { queue.admitNext() }
    if isDraining { closeWhenDrained() }
  }

  /// Takes what comes on the stream of no request: an event, or an error that is about the connection as a whole.
  @inline(never)
  private func receiveUnasked(_ header: EnvelopeHeader, _ body: Span<UInt8>) {
    let message: ResponseMessage
    do throws(WireError) {
      var position = 0
      _ = try ResponsePrefix(reading: body, at: &position, flags: header.flags)
      guard let opcode = Opcode(rawValue: header.opcode) else {
        throw WireError(.unexpectedOpcode, at: 4, "\(header.opcode) is no opcode.")
      }
      message = try ResponseMessage(opcode: opcode, body: body.extracting(position..<body.count), version: version)
    } catch {
      // Events of kinds that are not known come from newer servers.
      if header.stream < 0 {
        logger.debug("an event could not be read", ["node": .text("\(endPoint)"), "error": .text("\(error)")])
        return
      }
      return close(
        .protocolViolation(
          "an answer came on stream \(header.stream), where nothing was asked", coordinator: endPoint, cause: error))
    }
    switch message {
    case .event(let event) where header.stream < 0:
      if case .schemaChange(let change) = event { onSchemaChange?(change) }
    case .error(let error):
      // The server could not tell which request is meant, so it is about all of them; its text says what is wrong.
      close(.connectionLost(CassandraError(server: error, coordinator: endPoint), coordinator: endPoint))
    default:
      if header.stream < 0 { return }
      close(
        .protocolViolation("an answer came on stream \(header.stream), where nothing was asked", coordinator: endPoint))
    }
  }

  func transportWillFlush(_ transport: Transport) {
    guard transport.outputCount > 0 else { return }
    var output = transport.takeOutput()
    encoder.seal(&output)
    transport.putBack(output)
  }

  func transportInputEnded(_ transport: Transport) {
    close(.connectionLost(ReactorError(.connectionClosed, "the server ended the connection"), coordinator: endPoint))
  }

  func transportClosed(_ transport: Transport, error: ReactorError?) {
    close(.connectionLost(error, coordinator: endPoint))
  }
}

// MARK: - Framing and the end

extension NodeConnection {
  /// The stream has this framing from the next byte on; nothing is under way.
  func reframe(_ framing: Framing) {
    decoder.framing = framing
    encoder.framing = framing
  }

  /// Sends no further request, and closes once the answers under way have come.
  func drain() {
    guard !isDraining, failure == nil else { return }
    isDraining = true
    becomeUnusable()
    closeWhenDrained()
  }

  private func closeWhenDrained() {
    if isDraining && streams.inFlight == 0 { close(closing) }
  }

  /// Closes at once; everybody who waits gets `error`.
  func close(_ error: CassandraError) {
    guard failure == nil else { return }
    failure = error
    if let heartbeat { loop.cancelDeadline(heartbeat) }
    if let sweep { loop.cancelDeadline(sweep) }
    for recipient in streams.takeAll() { deliver(.failure(error), to: recipient) }
    becomeUnusable()
    transport.close()
  }

  private func becomeUnusable() {
    let callback = onUnusable.take()
    callback?()
    queue.admitAll()
    wakeOwner()
  }

  private func wakeOwner() {
    let waiter = ownerWaiter.take()
    waiter?.resume()
  }

  /// Waits until no further request may be sent, or until the task is cancelled.
  func untilUnusable() async {
    guard isUsable else { return }
    let bound = LoopBound(self, on: loop)
    await withTaskCancellationHandler {
      await withUnsafeContinuation { waiter in
        if Task.isCancelled { waiter.resume() } else { ownerWaiter = waiter }
      }
    } onCancel: {
      bound.loop.post { bound.withValue { $0.wakeOwner() } }
    }
  }

  /// Waits until the connection is closed, for `limit` at most.
  func untilClosed(within limit: Duration) async {
    let deadline = loop.setDeadline(after: limit, handler: self, token: Self.ownerToken)
    defer { loop.cancelDeadline(deadline) }
    if failure == nil { await withUnsafeContinuation { ownerWaiter = $0 } }
  }
}
