internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraReactor

/// One connection of a client, on one loop: reads requests one after the other and writes their answers in order.
///
/// Bytes are parsed when they arrive. The connection's task waits for a whole head, runs the handler, and waits for the
/// next; what arrives meanwhile (a body, pipelined requests) is kept up to a limit, and beyond it the client has to wait.
final class HTTPConnection {
  /// What the connection is doing.
  enum Phase {
    /// The next head is awaited, or arriving.
    case awaitingHead
    /// A head is there and its handler runs.
    case handling
    /// The last answer was given, and what still arrives is dropped.
    case lingering
    /// The transport is closed.
    case closed
  }

  let transport: Transport
  let server: LoopServer
  // `@exclusivity(unchecked)` here and below: these are touched on the loop's thread only, and no access to one of them
  // lasts while other code runs that could touch it, so the check at every access would find nothing.
  @exclusivity(unchecked) private(set) var phase = Phase.awaitingHead
  /// The request that is arriving, or being answered.
  @exclusivity(unchecked) private(set) var exchange = Exchange()
  @exclusivity(unchecked) private var parser: RequestParser
  /// What has arrived and was not used yet, from `unreadStart` on.
  @exclusivity(unchecked) private var unread: [UInt8] = []
  @exclusivity(unchecked) private var unreadStart = 0
  @exclusivity(unchecked) private var isPaused = false
  @exclusivity(unchecked) private var inputEnded = false
  /// A head that was refused; the answer follows when the task comes to it.
  @exclusivity(unchecked) private var refusal: Problem?
  @exclusivity(unchecked) private var headIsComplete = false
  @exclusivity(unchecked) private var decoder: BodyDecoder?
  @exclusivity(unchecked) private var owesContinue = false
  @exclusivity(unchecked) private var isAwaitingBody = false
  @exclusivity(unchecked) private var waiter: UnsafeContinuation<Void, Never>?
  /// The task that serves this connection, while it does. What a task has once used for its calls it keeps until it
  /// ends, some ten kilobytes, so a connection that is idle for long has none.
  var task: TaskHandle?
  /// Whether the connection has no task, or its task is about to end, until something is to be done.
  private(set) var isParked = true
  /// The id of the present request, once somebody has asked for it.
  var requestNumber: String?

  // Times, in milliseconds of the loop.
  @exclusivity(unchecked) private var deadline: DeadlineKey?
  @exclusivity(unchecked) private var armedFor = UInt64.max
  /// Since when the present state lasts, or when something last happened in it.
  @exclusivity(unchecked) private var since: UInt64
  /// Bytes that waited for the client when it was last looked at, and since when they have not become fewer.
  private var waitingBytes = 0
  private var waitingSince: UInt64 = 0
  private var hasShrunk = false

  init(_ transport: Transport, server: LoopServer) {
    self.transport = transport
    self.server = server
    parser = RequestParser(limits: server.configuration.messageLimits)
    since = server.loop.now
    transport.delegate = self
    transport.startReading()
    arm()
  }

  /// Whether nothing was asked that is not answered.
  var isIdle: Bool {
    switch phase {
    case .awaitingHead: !headIsComplete && refusal == nil
    case .handling: false
    case .lingering, .closed: true
    }
  }
}

// MARK: - Heads

extension HTTPConnection {
  /// What comes next on the connection.
  enum Next {
    /// A request, in ``head``.
    case request
    /// A head that is refused.
    case refused(Problem)
    /// The end.
    case end
  }

  /// Waits for the next head.
  func next() async -> Next {
    if phase == .awaitingHead && !headIsComplete && refusal == nil { parseUnread() }
    while phase == .awaitingHead && !headIsComplete && refusal == nil {
      if inputEnded || server.isStopping && !parser.isWithinHead {
        isParked = false
        return .end
      }
      if isParked { return .end }
      await wait()
    }
    isParked = false
    if let refusal {
      // What was refused left nothing in the head; the one before it has had its answer.
      exchange = Exchange()
      return .refused(refusal)
    }
    guard phase == .awaitingHead, headIsComplete else { return .end }
    headIsComplete = false
    phase = .handling
    let framing = exchange.head.framing
    if framing.hasContent { decoder = BodyDecoder(framing, limits: server.configuration.messageLimits) }
    owesContinue = exchange.head.expectsContinue && framing.hasContent
    return .request
  }

  private func wait() async { await withUnsafeContinuation { waiter = $0 } }

  func wake() {
    if let waiter = waiter.take() {
      waiter.resume()
    } else if isParked && task == nil && phase == .awaitingHead {
      isParked = false
      hasShrunk = false
      server.serve(self)
      arm()
    }
  }

  /// Parses a head out of `input`; what is behind it is kept.
  private func parse(_ input: Span<UInt8>) {
    var offset = 0
    do throws(HTTPError) {
      let wasWithinHead = parser.isWithinHead
      if !wasWithinHead && !isKnownUniquelyReferenced(&exchange) { exchange = Exchange() }
      headIsComplete = try parser.parse(input, from: &offset, into: &exchange.head)
      if !headIsComplete && !wasWithinHead {
        since = server.loop.now
        arm()
      }
    } catch { refusal = Problem(error) }
    if offset < input.count { unread.append(copying: input.extracting(offset..<input.count)) }
    if headIsComplete || refusal != nil { wake() }
  }

  private func parseUnread() {
    guard unreadStart < unread.count else { return }
    var taken: [UInt8] = []
    swap(&taken, &unread)
    let start = unreadStart
    unreadStart = 0
    parse(taken.span.extracting(start..<taken.count))
    resumeReading()
  }

  private func resumeReading() {
    guard isPaused, unread.count - unreadStart < server.configuration.maximumUnreadBytes / 2 else { return }
    isPaused = false
    transport.startReading()
  }
}

// MARK: - Bodies

extension HTTPConnection {
  /// The next piece of the body; nil at its end.
  ///
  /// - Throws: ``Problem`` when the body is not HTTP, when it does not come, or when the client has gone.
  func nextBodyPiece() async throws -> [UInt8]? {
    if owesContinue {
      owesContinue = false
      transport.write { $0.append("HTTP/1.1 100 Continue\r\n\r\n") }
    }
    while true {
      if let piece = try takeBodyPiece() { return piece.isEmpty ? nil : piece }
      if let refusal { throw refusal }
      guard phase == .handling, !inputEnded, !Task.isCancelled else { throw CancellationError() }
      since = server.loop.now
      isAwaitingBody = true
      arm()
      await wait()
      isAwaitingBody = false
    }
  }

  /// The piece that is there; empty at the end of the body, nil when more has to arrive.
  private func takeBodyPiece() throws(Problem) -> [UInt8]? {
    // Taken out while it is used: that costs neither a copy nor a watch over its access.
    var taken: BodyDecoder?
    swap(&taken, &decoder)
    guard var decoder = taken.take() else { return [] }
    while true {
      let event: BodyDecoder.Event
      do throws(HTTPError) { event = try decoder.next(unread.span, from: &unreadStart) } catch {
        // A body that is wrong stays so: nobody may take it for complete.
        self.decoder = decoder
        let problem = Problem(error)
        refusal = problem
        throw problem
      }
      switch event {
      case .bytes(let range):
        let piece = Array(copying: unread.span.extracting(range))
        dropUsedBytes()
        if piece.isEmpty { continue }
        self.decoder = decoder
        return piece
      case .needsMore:
        dropUsedBytes()
        self.decoder = decoder
        return nil
      case .end:
        dropUsedBytes()
        self.decoder = decoder
        return []
      }
    }
  }

  private func dropUsedBytes() {
    if unreadStart == unread.count {
      unread.removeAll(keepingCapacity: unread.capacity <= 4096)
      unreadStart = 0
    } else if unreadStart > 16 << 10 {
      unread.removeFirst(unreadStart)
      unreadStart = 0
    }
    resumeReading()
  }

  /// Whether the body has been read whole, or what is missing of it is there already.
  func bodyIsComplete() -> Bool {
    guard decoder != nil else { return true }
    while true {
      guard let piece = try? takeBodyPiece() else { return false }
      if piece.isEmpty { return true }
    }
  }

  /// Whether the client still waits to be told that its body is wanted.
  var owesContinueStill: Bool { owesContinue }
}

// MARK: - Input

extension HTTPConnection: TransportDelegate {
  func transport(_ transport: Transport, received bytes: Span<UInt8>) {
    switch phase {
    case .awaitingHead where !headIsComplete && refusal == nil && unread.isEmpty: parse(bytes)
    case .awaitingHead, .handling:
      unread.append(copying: bytes)
      if unread.count - unreadStart > server.configuration.maximumUnreadBytes {
        isPaused = true
        transport.pauseReading()
      }
      wake()
    case .lingering, .closed: break
    }
  }

  func transportInputEnded(_ transport: Transport) {
    inputEnded = true
    switch phase {
    case .awaitingHead: wake()
    case .handling:
      wake()
      // Who has sent all of its request may be gone, or only have ended its half.
      if !server.configuration.allowsHalfClose { task?.cancel() }
    case .lingering: transport.close()
    case .closed: break
    }
  }

  func transportClosed(_ transport: Transport, error: ReactorError?) {
    phase = .closed
    if let deadline { server.loop.cancelDeadline(deadline) }
    deadline = nil
    wake()
    task?.cancel()
    server.connectionClosed(self)
  }
}

// MARK: - The end of a request

extension HTTPConnection {
  /// After an answer: the connection goes on with the next request.
  func finishRequest() {
    guard phase == .handling else { return }
    phase = .awaitingHead
    decoder = nil
    since = server.loop.now
  }

  /// After the last answer: it leaves, then the connection ends. Closing at once while the client still sends would make
  /// its system throw the answer away, so what it sends is dropped for a while.
  func finishConnection() {
    guard phase != .closed else { return }
    phase = .lingering
    unread = []
    unreadStart = 0
    since = server.loop.now
    noteProgress(since)
    if isPaused {
      isPaused = false
      transport.startReading()
    }
    transport.finishOutput()
    arm()
  }

  /// Ends a connection that has nothing to say any more.
  func closeIfIdle() { if isIdle { wake() } }
}

// MARK: - Time

extension HTTPConnection: DeadlineHandler {
  /// One deadline serves all limits: when it passes, it is seen what the connection is doing and since when, and it is
  /// set anew for what is left. So a request that comes and is answered in time costs no timer at all.
  func deadlinePassed(token: UInt64) {
    deadline = nil
    armedFor = .max
    let now = server.loop.now
    noteProgress(now)
    guard let due, due <= now else {
      if phase == .awaitingHead { shrink() }
      arm()
      return
    }
    switch phase {
    case .awaitingHead where parser.isWithinHead:
      refusal = Problem(.requestTimeout, code: "requestTimeout", detail: "The request did not arrive in time.")
      wake()
    case .awaitingHead, .lingering:
      if waitingBytes > 0 { transport.abort() } else { transport.close() }
    case .handling where isAwaitingBody:
      refusal = Problem(.requestTimeout, code: "requestTimeout", detail: "The body did not arrive in time.")
      wake()
    case .handling: transport.abort()
    case .closed: break
    }
  }

  /// When the present state has lasted too long; nil when it may last.
  private var due: UInt64? {
    let configuration = server.configuration
    switch phase {
    case .awaitingHead where waitingBytes > 0, .handling where waitingBytes > 0, .lingering where waitingBytes > 0:
      return waitingSince + configuration.writeTimeout.wholeMilliseconds
    case .awaitingHead:
      let limit = parser.isWithinHead ? configuration.headTimeout : configuration.idleTimeout
      return since + limit.wholeMilliseconds
    case .handling where isAwaitingBody: return since + configuration.bodyTimeout.wholeMilliseconds
    case .handling, .closed: return nil
    case .lingering: return since + configuration.lingerTimeout.wholeMilliseconds
    }
  }

  /// Makes sure that the connection is looked at when its state may have lasted too long.
  private func arm() {
    guard phase != .closed else { return }
    let now = server.loop.now
    var next = due ?? now + Self.glance
    if phase == .awaitingHead && !hasShrunk || phase == .handling || waitingBytes > 0 {
      next = min(next, now + Self.glance)
    }
    next = max(next, now + 1)
    guard next < armedFor else { return }
    if let deadline { server.loop.cancelDeadline(deadline) }
    armedFor = next
    deadline = server.loop.setDeadline(at: next, handler: self, token: 0)
  }

  /// A connection that is busy is looked at this often, in milliseconds: 500. One that is idle gives its memory back
  /// after that time; the longer it is kept, the more of it lies between what other connections need, and stays.
  private static let glance: UInt64 = 500

  /// A client that takes bytes is slow, and no more.
  private func noteProgress(_ now: UInt64) {
    let waiting = transport.waitingBytes
    if waiting == 0 || waiting < waitingBytes || waitingBytes == 0 { waitingSince = now }
    // A client has the time to read an answer to its end from when the last of it has left.
    if waiting == 0 && waitingBytes > 0 && phase == .lingering { since = now }
    waitingBytes = waiting
  }

  private func shrink() {
    guard isIdle, !parser.isWithinHead, !hasShrunk, server.loop.now >= since + Self.glance else { return }
    hasShrunk = true
    exchange = Exchange()
    parser = RequestParser(limits: server.configuration.messageLimits)
    unread = []
    unreadStart = 0
    isParked = true
    let waiter = waiter.take()
    waiter?.resume()
    server.connectionParked()
  }

  /// Answers that may wait for the client before its next request is looked at: 256 KiB. Without it a client that asks
  /// and does not read would fill the memory.
  private static let maximumUnsentBytes = 256 << 10

  /// Waits while more than a little of the answers so far waits for the client; false when it is gone.
  func letClientCatchUp() async -> Bool {
    guard transport.waitingBytes > Self.maximumUnsentBytes else { return true }
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
    let now = server.loop.now
    waitingBytes = transport.waitingBytes
    waitingSince = now
    arm()
    server.waitingBytes += waitingBytes
    defer { server.waitingBytes -= waitingBytes }
    try await transport.drain()
  }
}
