internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraReactor

/// The server's half of an HTTP/1.1 connection, without a socket and without a clock.
///
/// It takes bytes, the end of the client's half, what the task that serves asks for, and the time; it says what to do.
/// Whoever owns the socket does that and nothing else. Bytes are parsed when they arrive; what arrives while a handler
/// runs (a body, pipelined requests) is kept up to a limit, and beyond it the client has to wait.
struct ServerMachine {
  /// What the connection is doing.
  enum Phase: Hashable, CaseIterable {
    /// The next head is awaited, or arriving.
    case awaitingHead
    /// A head is there, and nobody has taken it yet.
    case headArrived
    /// A head was refused, or did not come in time; the answer to that follows.
    case refused
    /// A handler runs.
    case handling
    /// The answer has begun.
    case answering
    /// The last answer was given, and what still arrives is dropped.
    case lingering
    /// The socket is closed.
    case closed
  }

  let limits: ConnectionLimits
  private(set) var phase = Phase.awaitingHead
  var parser: RequestParser
  private var unread = UnreadBytes()
  private var isPaused = false
  private(set) var inputEnded = false
  var refusal: Refusal?
  /// What has not been taken of a body whose length its head tells.
  private var owedBytes = 0
  /// Of one that comes in chunks.
  private var decoder: BodyDecoder?
  private var owesContinue = false
  var isAwaitingBody = false
  /// Whether the connection ends with the present answer.
  private(set) var isLast = false
  /// Whether a request has come.
  private(set) var hasServed = false

  // Times, in milliseconds.
  /// Since when the present phase lasts, or when something last happened in it.
  var since: UInt64
  /// For how long the handler has waited for the body, besides the present wait, and how much of it has come.
  var bodyWait: UInt64 = 0
  var bodyBytes = 0
  var reading: ReadingWatch
  private(set) var hasShrunk = false
  /// How long the connection is kept without a request.
  var idleTimeout: UInt64

  init(limits: ConnectionLimits, now: UInt64) {
    self.limits = limits
    parser = RequestParser(limits: limits.message)
    reading = ReadingWatch(limit: limits.writeTimeout, slowestBytesPerSecond: limits.slowestReaderBytesPerSecond)
    idleTimeout = limits.idleTimeout
    since = now
  }

  /// Whether nothing was asked that is not answered.
  var isIdle: Bool {
    switch phase {
    case .awaitingHead, .lingering, .closed: true
    case .headArrived, .refused, .handling, .answering: false
    }
  }

  /// Whether the next byte begins a head, so that the head before may be let go.
  var isBetweenHeads: Bool { phase == .awaitingHead && !parser.isWithinHead }

  /// Bytes that have arrived and wait for a handler.
  var unreadBytes: Int { unread.count }
}

// MARK: - Input

extension ServerMachine {
  /// What to do about bytes that have arrived.
  enum ReceiveAction: Hashable {
    /// Nothing.
    case none
    /// The task that serves can go on; one is started when there is none.
    case wake
    /// Enough is kept: the client has to wait.
    case pause
    /// Both.
    case wakeAndPause
  }

  /// Takes bytes; a head among them goes into `head`.
  mutating func receive(_ bytes: Span<UInt8>, into head: inout RequestHead, now: UInt64) -> ReceiveAction {
    switch phase {
    case .awaitingHead where unread.isEmpty:
      parse(bytes, into: &head, now: now)
      return phase == .awaitingHead ? .none : .wake
    case .awaitingHead, .headArrived, .refused, .handling, .answering:
      unread.append(copying: bytes)
      let pauses = !isPaused && unreadBytes > limits.unreadBytes
      if pauses { isPaused = true }
      guard isAwaitingBody else { return pauses ? .pause : .none }
      return pauses ? .wakeAndPause : .wake
    case .lingering, .closed: return .none
    }
  }

  /// Parses a head out of `input`; what is behind it is kept.
  private mutating func parse(_ input: Span<UInt8>, into head: inout RequestHead, now: UInt64) {
    var offset = 0
    do throws(HTTPError) {
      let wasWithinHead = parser.isWithinHead
      if try parser.parse(input, from: &offset, into: &head) {
        phase = .headArrived
      } else if !wasWithinHead {
        since = now
      }
    } catch { refuse(.invalid(error)) }
    if offset < input.count { unread.append(copying: input.extracting(offset..<input.count)) }
  }

  private mutating func refuse(_ reason: Refusal) {
    refusal = reason
    phase = .refused
  }

  /// What was awaited has not come in time: the head is refused, or the body fails.
  mutating func refuseLate(_ reason: Refusal) -> TimerAction {
    if phase == .awaitingHead { refuse(reason) } else { refusal = reason }
    return .wake
  }

  /// Lets go of what an idle connection does not need.
  mutating func letGo() {
    hasShrunk = true
    parser = RequestParser(limits: limits.message)
    unread = UnreadBytes()
  }

  /// What to do about the end of the client's half.
  enum InputEndAction: Hashable {
    /// Nothing: the answer is on its way.
    case none
    /// The task that serves can go on.
    case wake
    /// The same, and what it does is given up.
    case wakeAndCancel
    /// Both halves have ended.
    case close
  }

  /// The client will send no more. It may still wait for its answer.
  mutating func endInput() -> InputEndAction {
    inputEnded = true
    switch phase {
    case .awaitingHead: return .wake
    case .headArrived, .refused: return .none
    case .handling, .answering:
      if !limits.allowsHalfClose { return .wakeAndCancel }
      return isAwaitingBody ? .wake : .none
    case .lingering: return .close
    case .closed: return .none
    }
  }

  /// The socket is closed.
  mutating func close() {
    phase = .closed
    unread = UnreadBytes()
  }
}

// MARK: - Requests

extension ServerMachine {
  /// What comes next on the connection.
  enum NextAction: Hashable {
    /// A request, in the head.
    case request
    /// A head that is refused.
    case refuse(Refusal)
    /// Nothing yet.
    case wait
    /// The end.
    case end
  }

  /// Asks for the next request. Whether reading goes on is told by ``takeResume()``.
  mutating func nextRequest(into head: inout RequestHead, isStopping: Bool, now: UInt64) -> NextAction {
    if phase == .awaitingHead { parseUnread(into: &head, now: now) }
    switch phase {
    case .headArrived:
      phase = .handling
      isLast = false
      hasServed = true
      let framing = head.framing
      owedBytes = if case .length(let count) = framing { count } else { 0 }
      decoder = framing.hasContent && owedBytes == 0 ? BodyDecoder(framing, limits: limits.message) : nil
      owesContinue = head.expectsContinue && framing.hasContent
      bodyWait = 0
      bodyBytes = 0
      hasShrunk = false
      return .request
    case .refused: return .refuse(refusal ?? .gone)
    case .awaitingHead: return inputEnded || isStopping && !parser.isWithinHead ? .end : .wait
    case .handling, .answering, .lingering, .closed: return .end
    }
  }

  private mutating func parseUnread(into head: inout RequestHead, now: UInt64) {
    guard !unread.isEmpty else { return }
    let taken = unread.takeAll()
    parse(taken.span, into: &head, now: now)
  }

  /// Whether the client may send again, after ``ReceiveAction/pause``; true once.
  mutating func takeResume() -> Bool {
    guard isPaused, unreadBytes < limits.unreadBytes / 2 else { return false }
    isPaused = false
    return true
  }
}

// MARK: - Bodies

extension ServerMachine {
  /// What there is of a body.
  enum BodyAction: Hashable {
    /// The next piece.
    case piece([UInt8])
    /// The end.
    case end
    /// More has to arrive.
    case wait
    /// It will not be complete.
    case fail(Refusal)
  }

  /// Whether the client has to be told that its body is wanted; true once.
  mutating func takeContinue() -> Bool {
    guard owesContinue else { return false }
    owesContinue = false
    return true
  }

  /// Whether the body has come to its end and all of it was taken.
  var isBodyOver: Bool { owedBytes == 0 && decoder?.isAtEnd ?? true }

  /// The whole body, when it is there and its client waits for nothing; else ``nextBodyPiece(now:)`` has to be asked.
  mutating func takeWholeBody() -> [UInt8]? {
    guard owedBytes > 0, unreadBytes >= owedBytes, bodyBytes == 0, !owesContinue, !isAwaitingBody else { return nil }
    return takeOwedBytes()
  }

  /// Asks for the next piece of the body.
  mutating func nextBodyPiece(now: UInt64) -> BodyAction {
    if isAwaitingBody {
      isAwaitingBody = false
      bodyWait += now - min(now, since)
    }
    do throws(HTTPError) {
      if let piece = try takeBodyPiece() { return piece.isEmpty ? .end : .piece(piece) }
    } catch { return fail(.invalid(error)) }
    if let refusal { return .fail(refusal) }
    guard phase == .handling || phase == .answering else { return .fail(.gone) }
    guard !inputEnded else { return fail(.bodyCutShort) }
    isAwaitingBody = true
    since = now
    return .wait
  }

  /// A body that is wrong stays so: nobody may take it for complete.
  private mutating func fail(_ reason: Refusal) -> BodyAction {
    if refusal == nil { refusal = reason }
    return .fail(refusal ?? reason)
  }

  /// The piece that is there; empty at the end of the body, nil when more has to arrive.
  private mutating func takeBodyPiece() throws(HTTPError) -> [UInt8]? {
    guard decoder != nil else { return takeOwedBytes() }
    // Taken out while it is used: that costs neither a copy nor a watch over its access.
    var taken: BodyDecoder?
    swap(&taken, &decoder)
    guard var decoder = taken.take() else { return [] }
    defer { self.decoder = decoder }
    while true {
      var offset = unread.start
      let event = try decoder.next(unread.bytes.span, from: &offset)
      switch event {
      case .bytes(let range):
        unread.drop(range.lowerBound - unread.start)
        let piece = unread.take(range.count)
        if piece.isEmpty { continue }
        bodyBytes += piece.count
        return piece
      case .needsMore:
        unread.drop(offset - unread.start)
        return nil
      case .end:
        unread.drop(offset - unread.start)
        return []
      }
    }
  }

  /// The same of a body whose length is known.
  private mutating func takeOwedBytes() -> [UInt8]? {
    guard owedBytes > 0 else { return [] }
    let count = min(owedBytes, unreadBytes)
    guard count > 0 else { return nil }
    owedBytes -= count
    bodyBytes += count
    return unread.take(count)
  }

  /// Whether the body has been read whole, or what is missing of it is there already.
  private mutating func bodyIsComplete() -> Bool {
    guard owedBytes > 0 || decoder != nil else { return true }
    guard refusal == nil else { return false }
    while true {
      do throws(HTTPError) {
        guard let piece = try takeBodyPiece() else { return false }
        if piece.isEmpty { return true }
      } catch {
        refusal = .invalid(error)
        return false
      }
    }
  }
}

// MARK: - Answers

extension ServerMachine {
  /// Begins the answer to the present request, or to a refusal.
  mutating func beginAnswer(
    to head: RequestHead, _ status: Status, _ length: AnswerLength, isStopping: Bool
  ) -> AnswerPlan {
    let method = phase == .refused ? Method.get : head.method
    isLast = phase == .refused || !head.keepsAlive || isStopping || isLast
    var plan = AnswerPlan(framing: .none, sendsBody: status.allowsBody(answering: method), isLast: isLast)
    switch length {
    case .whole(let count):
      // Who still waits to be told that its body is wanted will not send it, and the rest of a body would have to be
      // read first.
      isLast = isLast || owesContinue || !bodyIsComplete()
      plan.isLast = isLast
      // 304 may say how long the answer to a GET would be, which nobody here knows.
      if status.allowsContentLength && status != .notModified { plan.framing = .length(count) }
    case .streamed(let count):
      // Whether the request's body is read by then is known at the end only, so a handler that answers before has to
      // read on. HTTP/1.0 knows no chunks: there the end of the connection is the end of the body.
      let unknown: BodyFraming = head.minorVersion == 0 ? .untilClose : .chunked
      // HEAD does not say what only writing the body would tell: GET gives a short one its length.
      if status.allowsContentLength {
        plan.framing = count.map { .length($0) } ?? (plan.sendsBody ? unknown : .none)
      }
    }
    if phase != .closed { phase = .answering }
    return plan
  }

  /// The connection ends with the next answer, whatever else.
  mutating func endAfterAnswer() { isLast = true }

  /// The answer is complete: whether the connection goes on with the next request.
  mutating func endAnswer(now: UInt64) -> Bool {
    guard phase == .answering, !isLast, refusal == nil, !owesContinue, bodyIsComplete() else { return false }
    phase = .awaitingHead
    decoder = nil
    isAwaitingBody = false
    since = now
    return true
  }

  /// What to do at the end of a connection.
  enum FinishAction: Hashable {
    /// Nothing: it is closed.
    case none
    /// What was written leaves, and our half ends; with `resumes` what the client sends is read again, to be dropped.
    case endOutput(resumes: Bool)
  }

  /// The last answer was given. Closing at once while the client still sends would make its system throw the answer away,
  /// so what it sends is dropped for a while.
  mutating func finish(now: UInt64) -> FinishAction {
    guard phase != .closed else { return .none }
    phase = .lingering
    unread = UnreadBytes()
    since = now
    defer { isPaused = false }
    return .endOutput(resumes: isPaused)
  }
}
