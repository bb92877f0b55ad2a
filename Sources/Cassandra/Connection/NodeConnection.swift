internal import CassandraBytes
internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry

/// One connection to one node, on one loop.
///
/// Many requests are under way at once, each on a stream id of its own. Those of a turn leave together: on v5 in one
/// segment, in any case in one write.
final class NodeConnection {
  typealias Waiter = UnsafeContinuation<Outcome, Never>
  typealias Token = StreamTable<Recipient>.Token

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
  private var pulse: ConnectionPulse
  /// When something was heard last.
  @exclusivity(unchecked) private var heard: UInt64
  private let silenceBeforeNextNode: UInt64
  /// Since when the server owes an answer and has said nothing; of no meaning while it owes none.
  @exclusivity(unchecked) private var quietSince: UInt64 = 0
  /// Who is told of events, and that no further request may be sent.
  weak var observer: (any ConnectionObserver)?
  @exclusivity(unchecked) private var sweep: DeadlineKey?
  /// What is counted of the node on this loop, once something has been.
  @exclusivity(unchecked) var metrics: LoopMetrics.Node?
  /// Is told what the server says of changes of the schema, once it was asked to.
  var onSchemaChange: ((SchemaChange) -> Void)?
  /// Is told once that no further request may be sent.
  var onUnusable: (() -> Void)?
  /// Whether the keyspace of the settings did not exist when it was made, so that it has none.
  var lacksKeyspace = false
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
    heard = transport.loop.now
    silenceBeforeNextNode = limits.silenceBeforeNextNode.wholeMilliseconds
    pulse = ConnectionPulse(
      interval: limits.heartbeatInterval.wholeMilliseconds,
      patience: limits.silenceBeforeHeartbeat.wholeMilliseconds, timeout: limits.heartbeatTimeout.wholeMilliseconds)
    decoder = EnvelopeDecoder(maximumBodyBytes: limits.responseBytes, dropsLargeBodies: true)
    streams = StreamTable(capacity: limits.requestsInFlight + limits.orphanedRequests)
    transport.delegate = self
    transport.startReading()
  }

  /// Whether further requests may be sent.
  @inline(__always)
  var isUsable: Bool { failure == nil && !isDraining }

  /// Requests that are under way.
  @inline(__always)
  var inFlight: Int { streams.inFlight }

  /// Since when the server owes an answer and has said nothing; nil when it owes none.
  var owesSince: UInt64? { streams.owed > 0 ? quietSince : nil }

  /// Whether the server owes answers and has said nothing for that many milliseconds.
  @inline(__always)
  func isSilent(for limit: UInt64, now: UInt64) -> Bool { streams.owed > 0 && now >= quietSince &+ limit }

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
    if streams.owed == 0 { quietSince = loop.now }
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
  ///
  /// - Parameter goesOn: Whether ``Outcome/late(_:)`` is welcome when it is due, or when the node has been silent for
  ///   ``ClientLimits/silenceBeforeNextNode``.
  func answer(_ token: Token, goesOn: Bool = false) async -> Outcome {
    await withUnsafeContinuation { waiter in
      if !streams.wait(token, Recipient(waiter: waiter, task: .current, goesOn: goesOn)) {
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
      .queueFull, "Too many requests are waiting for the database.",
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
    case Self.heartbeatToken: lookForLife()
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
    let isSilent = table.owed > 0 && now >= quietSince + silenceBeforeNextNode
    let overdue = table.giveUp(
      at: now, orAll: isSilent, where: \.isUnwanted, replacement: \.replacement)
    swap(&table, &streams)
    guard !overdue.isEmpty else { return }
    var givenUp = 0
    for entry in overdue {
      if let pending = entry.replacement?.pending {
        entry.waiter.waiter?.resume(returning: .late(LoopBound(pending.takeUnretainedValue(), on: loop)))
        continue
      }
      givenUp += 1
      let error =
        entry.isLate
        ? CassandraError(.timedOut, "The database did not answer in time.", coordinator: endPoint)
        : .cancelled(coordinator: endPoint)
      deliver(.failure(error), to: entry.waiter)
    }
    guard givenUp > 0 else { return }
    for _ in 0..<givenUp { queue.admitNext() }
    closeWhenDrained()
    if streams.orphans > limits.orphanedRequests, !isDraining {
      logger.warning(
        "a connection is replaced because too many of its answers never came",
        ["node": .text("\(endPoint)"), "unanswered": .integer(streams.orphans)])
      drain()
    }
  }

  /// The handshake is over: begins to look whether the server is there.
  func startHeartbeat() {
    mayRefuseVersion = false
    heard = loop.now
    lookForLife()
  }

  private func lookForLife() {
    heartbeat = nil
    guard failure == nil else { return }
    let now = loop.now
    switch pulse.next(now: now, heard: heard, owesSince: owesSince) {
    case .wait(let until): heartbeat = loop.setDeadline(at: until, handler: self, token: Self.heartbeatToken)
    case .ask:
      // Where no further request can be sent, there are answers enough to wait for.
      let due = now + limits.heartbeatTimeout.wholeMilliseconds
      _ = begin(.options, due: due, { _ in })
      heartbeat = loop.setDeadline(at: now + 1, handler: self, token: Self.heartbeatToken)
    case .replace:
      logger.warning(
        "a connection is replaced because its node says nothing",
        ["node": .text("\(endPoint)"), "unanswered": .integer(streams.owed)])
      close(
        .connectionLost(
          CassandraError(.timedOut, "The node has not answered a heartbeat.", coordinator: endPoint),
          coordinator: endPoint))
    }
  }
}

// MARK: - Answers

extension NodeConnection: TransportDelegate {
  func transport(_ transport: Transport, received bytes: Span<UInt8>) {
    heard = loop.now
    quietSince = heard
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
        "The database's answer is larger than this client takes: ask for fewer rows per page (pageSize), or raise the limit responseBytes.",
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
      observer?.connection(self, heard: event)
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
    observer?.connectionBecameUnusable(self)
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
