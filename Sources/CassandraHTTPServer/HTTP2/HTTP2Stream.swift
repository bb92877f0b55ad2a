internal import CassandraHTTP
internal import CassandraReactor

/// One request on a connection of HTTP/2, and its answer: carries out what its ``HTTP2StreamMachine`` says.
///
/// It serves one request after the other, as long as its connection wants it to: a task, and all that belongs to a request,
/// cost more than most requests.
final class HTTP2Stream: RequestChannel {
  private(set) var id: Int32 = 0
  private let connection: HTTP2Connection
  private var refusal: HTTPError?
  @exclusivity(unchecked) private(set) var machine: HTTP2StreamMachine
  private var bodyWaiter: UnsafeContinuation<Void, Never>?
  private var isServed = false
  /// Waits for the next request.
  private var idleWaiter: UnsafeContinuation<Void, Never>?
  private var isReleased = false
  private let outputWait = LoopWait<Void>()

  init(on connection: HTTP2Connection) {
    self.connection = connection
    machine = HTTP2StreamMachine(
      limits: connection.server.limits, expectsContinue: false, now: connection.server.loop.now)
    super.init(connection.transport, server: connection.server)
  }

  /// Begins with a request, whose head is put where `refusal` is nil; the one before is over.
  func restart(_ id: Int32, refusing refusal: HTTPError?, _ takeHead: (inout RequestHead) -> Void) {
    self.id = id
    self.refusal = refusal
    isServed = false
    if !isKnownUniquelyReferenced(&exchange) { exchange = Exchange(peer: exchange.peer) }
    if refusal == nil { takeHead(&exchange.head) } else { exchange.head = RequestHead() }
    machine = HTTP2StreamMachine(
      limits: server.limits, expectsContinue: exchange.head.expectsContinue, now: server.loop.now)
    let waiter = idleWaiter.take()
    if let waiter { waiter.resume() } else { server.serve(self) }
  }

  /// No request follows.
  func release() {
    isReleased = true
    let waiter = idleWaiter.take()
    waiter?.resume()
  }

  override var isOpen: Bool { machine.isOpen && transport.isOpen }
  override var isClosed: Bool { !machine.isOpen }
  override var hasBegunAnswer: Bool { machine.phase == .answering }

  override func serve() async { await serveInSpans(serveRequests) }

  /// True when the next request has to be served in another binding of spans.
  private func serveRequests() async -> Bool {
    repeat {
      task = .current
      // Who has given the request up before it began costs no handler.
      if isOpen {
        begin(refusing: refusal.map { .invalid($0) })
        _ = await answerExchange()
      }
      giveBackAll()
      task = nil
      // A task that was cancelled stays so.
      if Task.isCancelled { isReleased = true }
      isServed = true
      endIfOver()
      if !isReleased { await withUnsafeContinuation { idleWaiter = $0 } }
    } while !isReleased && !keepsSpan
    return !isReleased
  }

  /// Whether it can serve another request.
  var isReusable: Bool { !isReleased }

  /// A stream is open for its client until it is over, and costs something until its handler has ended too.
  private func endIfOver() { if isServed && isClosed { connection.ended(self) } }

  private func wakeForBody() {
    let waiter = bodyWaiter.take()
    waiter?.resume()
  }

  // MARK: What the client sends

  func receive(_ bytes: Span<UInt8>) { if machine.receive(bytes) { wakeForBody() } }
  func endInput() { if machine.endInput() { wakeForBody() } }
  func cutInput() { if machine.cutInput() { wakeForBody() } }

  /// The stream is over; called once.
  ///
  /// - Returns: Bytes of its body that nobody has read.
  func close() -> Int {
    let wasAnswered = machine.phase == .answered
    let unread = machine.close()
    wakeForBody()
    outputWait.end()
    // What was answered in order ends by itself.
    if !wasAnswered { task?.cancel() }
    endIfOver()
    return unread
  }

  // MARK: What the handler asks

  override func nextBodyPiece() async throws -> [UInt8]? {
    if machine.takeContinue() { connection.sendContinue(id) }
    while true {
      switch machine.nextBodyPiece(now: server.loop.now) {
      case .piece(let bytes):
        connection.consumed(bytes.count, of: id)
        return bytes
      case .end: return nil
      case .fail(.gone): throw CancellationError()
      case .fail(let reason): throw Problem(reason)
      case .wait:
        try Task.checkCancellation()
        connection.arm()
        await withUnsafeContinuation { bodyWaiter = $0 }
        try Task.checkCancellation()
      }
    }
  }

  override var isBodyOver: Bool { machine.isBodyOver }

  override func answerWhole(_ response: Response, _ bytes: [UInt8]) {
    let sendsBody = response.status.allowsBody(answering: method) && !bytes.isEmpty
    // 304 may say how long the answer to a GET would be, which nobody here knows.
    let tellsLength = response.status.allowsContentLength && response.status != .notModified
    answer(response, length: tellsLength ? bytes.count : nil, hasBody: sendsBody)
    if sendsBody { connection.put(bytes, of: id, isEnd: true) }
    exchange.bodyBytes = sendsBody ? bytes.count : 0
  }

  override func beginStream(_ response: Response, length: Int?) -> BodyFraming {
    let hasBody = response.status.allowsBody(answering: method)
    answer(response, length: response.status.allowsContentLength ? length : nil, hasBody: hasBody)
    return .none
  }

  /// What a head that was refused asked for is not known.
  private var method: Method { refusal == nil ? exchange.head.method : .get }

  private func answer(_ response: Response, length: Int?, hasBody: Bool) {
    exchange.status = response.status
    // The client may have given the request up while its answer was made.
    guard machine.isOpen else { return }
    machine.answer(isComplete: false)
    connection.answer(id, response.status, hasBody: hasBody) { block in
      block.append(server.dateLine)
      if let contentType = response.contentType { block.append(contentType) }
      // What is about a connection has no place here, and the length is the server's business.
      for field in response.fields where !field.isOfServer {
        if field.isContentType && response.contentType != nil { continue }
        block.append(field)
      }
      if exchange.sendsID { appendIDs(of: response, to: &block) }
      if let length { block.append("content-length", decimal: length) }
    }
  }

  private func appendIDs(of response: Response, to block: inout FieldBlock) {
    if !response.fields.contains(where: { $0.isNamed(.requestID) }) {
      block.append("x-request-id") { $0.append(addingCapacity: idRoom) { appendID(to: &$0) } }
    }
    if let trace = exchange.trace {
      block.append("traceparent") { block in
        block.append(addingCapacity: TraceParent.bytes) { trace.append(child: exchange.span?.spanID, to: &$0) }
      }
    }
  }

  override func takeOutput() -> [UInt8] { connection.takeOutput(of: id) }
  override func putBack(_ output: consuming [UInt8]) { connection.put(output, of: id, isEnd: false) }

  /// Waits until the client's windows have let go what was written.
  override func drain() async throws(ReactorError) {
    connection.flush()
    let waiting = connection.progress(of: id).waiting
    if waiting > 0 && isOpen {
      noteProgress(now: server.loop.now)
      connection.arm()
      await outputWait.wait(on: server.loop)
    }
    guard isOpen else { throw transport.isOpen ? Self.given : transport.closedError }
    if Task.isCancelled { throw Self.given }
  }

  private static let given = ReactorError(.connectionClosed, "the client has given the request up")

  /// The windows have let go all that was written.
  func outputIsGone() { outputWait.end() }

  /// A stream is no connection: others go on.
  override func endAfterAnswer() {}

  override func endAnswer() -> Bool {
    giveBackAll()
    machine.answer(isComplete: true)
    connection.endOutput(of: id)
    return false
  }

  override func abort() { connection.reset(self, .internalError) }
}

// MARK: - Time

extension HTTP2Stream {
  func noteProgress(now: UInt64) {
    let progress = connection.progress(of: id)
    machine.noteProgress(sent: progress.sent, waiting: progress.waiting, now: now)
  }

  /// Looks whether something has lasted too long.
  func pass(now: UInt64) {
    noteProgress(now: now)
    switch machine.pass(now: now) {
    case .none: break
    case .wake: wakeForBody()
    case .cut: cutSlow()
    }
  }

  /// Cuts the answer to a client that does not take it.
  func cutSlow() {
    let progress = connection.progress(of: id)
    server.logCut(transport, sent: progress.sent, waiting: progress.waiting)
    connection.reset(self, .cancel)
  }

  /// Bytes that wait for a client that has taken none of them for a second.
  func silentBytes(now: UInt64) -> Int {
    noteProgress(now: now)
    return machine.silence(now: now) >= LoopServer.silence ? connection.progress(of: id).waiting : 0
  }
}
