internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraReactor

/// One request and its answer on a connection of HTTP/2, without a socket and without a clock.
struct HTTP2StreamMachine {
  /// What the stream is doing.
  enum Phase: Hashable, CaseIterable {
    /// A handler runs, or will.
    case handling
    /// The answer has begun.
    case answering
    /// The answer is complete, as far as the handler is concerned.
    case answered
    /// The stream is over, in order or not.
    case closed
  }

  let limits: ConnectionLimits
  private(set) var phase = Phase.handling
  private(set) var refusal: ServerMachine.Refusal?
  private var unread: [UInt8] = []
  private var inputEnded = false
  private var owesContinue: Bool
  private(set) var isAwaitingBody = false
  private var since: UInt64
  private var bodyWait: UInt64 = 0
  private var bodyBytes = 0
  private var reading: ReadingWatch

  init(limits: ConnectionLimits, expectsContinue: Bool, now: UInt64) {
    self.limits = limits
    owesContinue = expectsContinue
    since = now
    reading = ReadingWatch(
      limit: limits.writeTimeout, slowestBytesPerSecond: limits.slowestReaderBytesPerSecond)
  }

  /// Whether the client still waits for something.
  var isOpen: Bool { phase != .closed }
  /// Whether all of the body has arrived.
  var hasWholeBody: Bool { inputEnded }

  /// A piece of the body has arrived.
  ///
  /// - Returns: Whether the handler waits for it.
  mutating func receive(_ bytes: Span<UInt8>) -> Bool {
    unread.append(copying: bytes)
    return isAwaitingBody
  }

  /// The body is complete.
  ///
  /// - Returns: Whether the handler waits for that.
  mutating func endInput() -> Bool {
    inputEnded = true
    return isAwaitingBody
  }

  /// The body will not be complete, because the connection's input has ended.
  ///
  /// - Returns: Whether the handler waits for it.
  mutating func cutInput() -> Bool {
    if !inputEnded && refusal == nil { refusal = .bodyCutShort }
    return isAwaitingBody
  }

  /// Whether the client has to be told that its body is wanted; true once.
  mutating func takeContinue() -> Bool {
    defer { owesContinue = false }
    return owesContinue && phase == .handling && !inputEnded && unread.isEmpty
  }

  /// Whether the body has come to its end and all of it was taken.
  var isBodyOver: Bool { inputEnded && unread.isEmpty }

  /// Asks for the next piece of the body.
  mutating func nextBodyPiece(now: UInt64) -> ServerMachine.BodyAction {
    if isAwaitingBody {
      isAwaitingBody = false
      bodyWait += now - min(now, since)
    }
    guard phase != .closed else { return .fail(.gone) }
    if !unread.isEmpty {
      var piece: [UInt8] = []
      swap(&piece, &unread)
      bodyBytes += piece.count
      return .piece(piece)
    }
    if inputEnded { return .end }
    if let refusal { return .fail(refusal) }
    isAwaitingBody = true
    since = now
    return .wait
  }

  /// The answer begins, or is complete.
  mutating func answer(isComplete: Bool) {
    if phase != .closed { phase = isComplete ? .answered : .answering }
  }

  /// The stream is over.
  ///
  /// - Returns: Bytes of its body that nobody has read.
  mutating func close() -> Int {
    phase = .closed
    defer { unread = [] }
    return unread.count
  }
}

// MARK: - Time

extension HTTP2StreamMachine {
  /// What to do when a time has passed.
  enum TimerAction: Hashable {
    /// Nothing.
    case none
    /// The handler can go on, with a refusal.
    case wake
    /// The stream is cut, because its client takes nothing of it.
    case cut
  }

  /// When something has lasted too long; nil when it may last.
  var due: UInt64? {
    if let due = reading.due { return due }
    guard isAwaitingBody, isOpen else { return nil }
    return ServerMachine.bodyLimit(since: since, wait: bodyWait, bytes: bodyBytes, limits).at
  }

  /// Notes how many bytes of the answer were handed over, and how many wait for the client's window.
  mutating func noteProgress(sent: UInt64, waiting: Int, now: UInt64) {
    reading.note(acknowledged: sent, waiting: waiting, now: now)
  }

  /// For how long the client has taken nothing of what waits for it, in milliseconds.
  func silence(now: UInt64) -> UInt64 { reading.isWaiting ? now - min(now, reading.since) : 0 }

  /// The time has come that ``due`` told.
  mutating func pass(now: UInt64) -> TimerAction {
    guard let due, due <= now else { return .none }
    if reading.due != nil { return .cut }
    if refusal == nil { refusal = .bodyTimedOut }
    return .wake
  }
}
