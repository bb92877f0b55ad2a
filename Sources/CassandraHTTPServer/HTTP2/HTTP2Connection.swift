internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraReactor
internal import CassandraTelemetry

/// One connection of a client that speaks HTTP/2, on one loop: carries out what its ``HTTP2Machine`` says, and lets each
/// stream do what its own says.
///
/// Each stream has a task of its own. Some that are over are kept for the next requests, with their tasks, as long as the
/// connection is not idle.
final class HTTP2Connection {
  /// What a client sends first (RFC 9113 §3.4).
  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  /// Its name in ALPN.
  static let protocolName = "h2"
  /// Bytes that are handed to the socket at once: 256 KiB. The rest waits in its streams.
  private static let writeBytes = 256 << 10

  let transport: Transport
  let server: LoopServer
  private let session: HTTP2Session
  private var machine: HTTP2Machine
  private var frames = FrameScan()
  private var streams: [Int32: HTTP2Stream] = [:]
  /// Streams that are over and wait for the next requests.
  private var spare: [HTTP2Stream] = []
  // Memory that is used again.
  private var events: [HTTP2Session.Event] = []
  private var emptied: [Int32] = []
  /// Bytes that the server knows to wait for this client.
  private var notedBytes = 0
  private var deadline: DeadlineKey?
  private var armedFor = UInt64.max

  init(_ transport: Transport, session: HTTP2Session, limits: HTTP2Limits, server: LoopServer) {
    self.transport = transport
    self.session = session
    self.server = server
    machine = HTTP2Machine(limits: limits, now: server.loop.now)
    transport.delegate = self
    transport.startReading()
    // Our settings go first.
    transport.setNeedsFlush()
    // Who comes while the server ends is told so with the first answer: a client that is told before it has asked would
    // take what it was about to ask elsewhere, and there may be nothing else.
    if server.isStopping { end(.stopping) }
    arm()
  }
}

// MARK: - What the streams ask

extension HTTP2Connection {
  func answer(_ stream: Int32, _ status: Status, hasBody: Bool, _ fill: (inout FieldBlock) -> Void) {
    session.answer(stream, status, hasBody: hasBody, fill)
    transport.setNeedsFlush()
  }

  func sendContinue(_ stream: Int32) {
    session.sendContinue(stream)
    transport.setNeedsFlush()
  }

  func takeOutput(of stream: Int32) -> [UInt8] { session.takeOutput(of: stream) }

  func put(_ output: consuming [UInt8], of stream: Int32, isEnd: Bool) {
    session.putBack(output, of: stream, isEnd: isEnd)
    transport.setNeedsFlush()
  }

  func endOutput(of stream: Int32) {
    session.endOutput(of: stream)
    transport.setNeedsFlush()
  }

  func progress(of stream: Int32) -> (waiting: Int, sent: UInt64) { session.progress(of: stream) }

  func consumed(_ count: Int, of stream: Int32) {
    session.consume(count, of: stream)
    transport.setNeedsFlush()
  }

  /// Gives to the kernel what the windows let go.
  func flush() { transport.flush() }

  func reset(_ stream: HTTP2Stream, _ code: HTTP2Session.Code) {
    session.reset(stream.id, code)
    transport.setNeedsFlush()
  }

  /// The stream is over, and so is its handler.
  func ended(_ stream: HTTP2Stream) {
    let action = machine.endStream(now: server.loop.now)
    if stream.isReusable, machine.phase == .serving, spare.count < Self.spareStreams {
      spare.append(stream)
    } else {
      stream.release()
      server.memoryMayBeFree(1)
    }
    if action == .finish { finish() }
    arm()
  }

  /// Streams that are kept for the next requests: 16. Each keeps some ten kilobytes.
  private static let spareStreams = 16

  private func releaseSpare() {
    guard !spare.isEmpty else { return }
    let released = spare
    spare = []
    for stream in released { stream.release() }
    server.memoryMayBeFree(released.count)
  }
}

// MARK: - What the socket tells

extension HTTP2Connection: TransportDelegate {
  func transport(_ transport: Transport, received bytes: Span<UInt8>) {
    guard machine.phase != .lingering else { return }
    let idleFrames = frames.countIdle(in: bytes) { session.note($0) }
    var end = session.receive(bytes)
    handleEvents()
    let traffic = HTTP2Machine.Traffic(
      bytes: bytes.count, isWithinHead: session.isWithinHead, idleFrames: idleFrames,
      resets: session.takeResets(), queuedFrames: session.queuedFrames)
    if machine.receive(traffic, now: server.loop.now) == .calm { end = .enhanceYourCalm }
    if let end { finish(end) }
    transport.setNeedsFlush()
    arm()
  }

  private func flooded() {
    server.count(.flood)
    server.logger.warning(
      "a connection was ended because its client sent too much that serves nobody",
      ["client": .text(transport.peer.map { "\($0)" } ?? "unknown")])
  }

  private func handleEvents() {
    var events: [HTTP2Session.Event] = []
    swap(&events, &self.events)
    session.exchange(&events)
    defer { swap(&events, &self.events) }
    guard !events.isEmpty else { return }
    for event in events {
      switch event {
      case .request(let id): open(id, refusing: nil)
      case .refused(let id, let error): open(id, refusing: error)
      case .body(let id, let range):
        if let stream = streams[id] {
          let received = session.received
          stream.receive(received.span.extracting(range))
        } else {
          // It counts for the connection, though nobody reads it.
          session.consumeOfConnection(range.count)
        }
      case .bodyEnded(let id): streams[id]?.endInput()
      case .answered(let id):
        // What is still to come of the body is not wanted.
        if let stream = streams[id], !stream.machine.hasWholeBody { session.reset(id, .none) }
      case .calmed: flooded()
      case .closed(let id):
        guard let stream = streams.removeValue(forKey: id) else { continue }
        session.consumeOfConnection(stream.close())
      }
    }
    session.dropReceived()
  }

  private func open(_ id: Int32, refusing refusal: HTTPError?) {
    switch machine.open() {
    case .serve:
      let stream = spare.popLast() ?? HTTP2Stream(on: self)
      streams[id] = stream
      stream.restart(id, refusing: refusal) { session.takeHead(for: &$0) }
      if server.isEnding { end(server.ending) }
    case .refuse:
      if refusal == nil {
        var unwanted = RequestHead()
        session.takeHead(for: &unwanted)
      }
      session.reset(id, .refusedStream)
    }
  }

  func transportWillFlush(_ transport: Transport) {
    var output = transport.takeOutput()
    let hasMore = session.write(to: &output, limit: Self.writeBytes)
    transport.putBack(output)
    // Streams may have ended with that.
    handleEvents()
    session.exchangeEmptied(&emptied)
    for id in emptied { streams[id]?.outputIsGone() }
    if !hasMore && session.isOver { return finish() }
    guard hasMore || session.waitingBytes != notedBytes else { return }
    // Not from within the flush.
    let me = LoopBound(self, on: server.loop)
    server.loop.post { me.withValue { $0.goOn() } }
  }

  private func goOn() {
    guard machine.phase != .closed else { return }
    transport.setNeedsFlush()
    noteWaiting(session.waitingBytes)
  }

  private func noteWaiting(_ bytes: Int) {
    server.endWaiting(notedBytes)
    notedBytes = bytes
    server.beginWaiting(bytes)
  }

  func transportInputEnded(_ transport: Transport) {
    for stream in streams.values { stream.cutInput() }
    if machine.endInput() == .finish { finish() }
  }

  func transportClosed(_ transport: Transport, error: ReactorError?) {
    let phase = machine.phase
    machine.close()
    if let deadline { server.loop.cancelDeadline(deadline) }
    deadline = nil
    giveUpStreams()
    noteWaiting(0)
    server.connectionClosed(self)
    if let error { server.logClosing(error, of: transport, in: "\(phase)") }
  }
}

// MARK: - The end

extension HTTP2Connection: ServedConnection {
  var requestsInFlight: Int { machine.running }

  func end(_ step: LoopServer.Ending) {
    switch step {
    case .none, .announced: return
    case .answersAreLast: if machine.announceEnd() { session.announceEnd() }
    case .stopping:
      guard !machine.awaitFirstStream() else { return arm() }
      if machine.refuseStreams() { session.refuseStreams() }
      if machine.isToFinish { finish() }
    }
    transport.setNeedsFlush()
  }

  private func giveUpStreams() {
    releaseSpare()
    let left = streams
    streams = [:]
    for stream in left.values { _ = stream.close() }
  }

  /// Says the last word and ends the output behind it.
  private func finish(_ code: HTTP2Session.Code = .none) {
    guard machine.finish(now: server.loop.now) else { return }
    session.end(code)
    var output = transport.takeOutput()
    _ = session.write(to: &output, limit: .max)
    transport.putBack(output)
    handleEvents()
    giveUpStreams()
    transport.finishOutput()
    arm()
  }

  func silentBytes(now: UInt64) -> Int {
    noteProgress(now: now)
    if machine.silence(now: now) >= LoopServer.silence { return transport.waitingBytes + session.waitingBytes }
    return streams.values.reduce(0) { $0 + $1.silentBytes(now: now) }
  }

  func cutSilent(now: UInt64) {
    if machine.silence(now: now) >= LoopServer.silence { return cut() }
    for stream in streams.values where stream.silentBytes(now: now) > 0 { stream.cutSlow() }
  }

  private func cut() {
    server.logCut(transport, sent: transport.acknowledgedBytes, waiting: transport.waitingBytes)
    transport.abort()
  }
}

// MARK: - Time

extension HTTP2Connection: DeadlineHandler {
  func deadlinePassed(token: UInt64) {
    deadline = nil
    armedFor = .max
    let now = server.loop.now
    noteProgress(now: now)
    switch machine.pass(now: now) {
    case .none:
      if machine.isIdle {
        releaseSpare()
        session.letGo()
      }
      for stream in Array(streams.values) { stream.pass(now: now) }
    case .end: finish()
    case .close: transport.close()
    case .cut: cut()
    }
    arm()
  }

  /// Makes sure that the connection is looked at when something may have lasted too long.
  func arm() {
    let now = server.loop.now
    guard var next = machine.nextLook(now: now) else { return }
    // What is kept for the next request is let go when none comes.
    if !spare.isEmpty { next = min(next, now + ServerMachine.glanceInterval) }
    let at = max(next, now + 1)
    guard at < armedFor else { return }
    if let deadline { server.loop.cancelDeadline(deadline) }
    armedFor = at
    deadline = server.loop.setDeadline(at: at, handler: self, token: 0)
  }

  private func noteProgress(now: UInt64) {
    let waiting = transport.waitingBytes
    // Asking the system costs a call, so it is for those who owe their reading.
    guard waiting > 0 || machine.isWaitingForClient else { return }
    machine.noteProgress(acknowledged: transport.acknowledgedBytes, waiting: waiting, now: now)
  }
}
