internal import CassandraHTTP
internal import CassandraReactor

/// The server's half of an HTTP/2 connection as a whole, without its streams, a socket or a clock: when it is idle, when
/// its client does too much, and how it ends.
struct HTTP2Machine {
  /// What the connection is doing.
  enum Phase: Hashable, CaseIterable {
    /// Streams may begin.
    case serving
    /// The client was told that it is to begin no more; what it begins all the same is served.
    case announced
    /// No stream may begin any more.
    case ending
    /// The last was said, and what still arrives is dropped.
    case lingering
    /// The socket is closed.
    case closed
  }

  let limits: HTTP2Limits
  private(set) var phase = Phase.serving
  /// Streams whose handlers run, or that are not over.
  private(set) var running = 0
  private(set) var inputEnded = false
  /// Whether a stream has begun.
  private var hasServed = false
  /// How long the connection is kept without a stream.
  private var idleTimeout: UInt64
  /// When the last stream ended, or the present phase began.
  private var since: UInt64
  private var headSince: UInt64?
  private var headBytes = 0
  private var resets: EventRate
  private var idleFrames: EventRate
  private var reading: ReadingWatch

  init(limits: HTTP2Limits, now: UInt64) {
    self.limits = limits
    let interval = HTTP2Options.interval.wholeMilliseconds
    resets = EventRate(limit: limits.resets, interval: interval, now: now)
    idleFrames = EventRate(limit: limits.idleFrames, interval: interval, now: now)
    reading = ReadingWatch(
      limit: limits.connection.writeTimeout,
      slowestBytesPerSecond: limits.connection.slowestReaderBytesPerSecond)
    idleTimeout = limits.connection.idleTimeout
    since = now
  }

  /// Whether nothing was asked that is not answered.
  var isIdle: Bool { running == 0 }
}

// MARK: - Input

extension HTTP2Machine {
  /// What was in the bytes that have arrived, besides what concerns single streams.
  struct Traffic {
    /// All bytes.
    var bytes: Int
    /// Whether they end within a head.
    var isWithinHead: Bool
    /// Frames that bring nothing forward.
    var idleFrames: Int
    /// Streams that were reset.
    var resets: Int
    /// Frames that wait to be sent.
    var queuedFrames: Int
  }

  /// What to do about it.
  enum TrafficAction: Hashable {
    /// Nothing.
    case none
    /// The client does too much of what serves nobody: the connection ends.
    case calm
  }

  /// Judges what has arrived.
  mutating func receive(_ traffic: Traffic, now: UInt64) -> TrafficAction {
    if traffic.isWithinHead {
      headBytes += traffic.bytes
      if headSince == nil { headSince = now }
    } else {
      headSince = nil
      headBytes = 0
    }
    let floods = [
      resets.add(traffic.resets, now: now), idleFrames.add(traffic.idleFrames, now: now),
      headBytes > limits.headFrameBytes, traffic.queuedFrames > limits.queuedFrames,
    ]
    switch phase {
    case .serving, .announced, .ending: return floods.contains(true) ? .calm : .none
    case .lingering, .closed: return .none
    }
  }

  /// What to do with a stream that begins.
  enum OpenAction: Hashable {
    /// It is served.
    case serve
    /// It is refused, and may be asked for elsewhere.
    case refuse
  }

  /// A stream begins.
  mutating func open() -> OpenAction {
    hasServed = true
    switch phase {
    case .serving, .announced:
      guard running < limits.streams else { return .refuse }
      running += 1
      return .serve
    case .ending, .lingering, .closed: return .refuse
    }
  }

  /// Whether the connection goes on after an event.
  enum EndAction: Hashable {
    /// It does.
    case none
    /// It ends.
    case finish
  }

  /// A stream that was served is over, and so is its handler.
  mutating func endStream(now: UInt64) -> EndAction {
    running -= 1
    if running == 0 { since = now }
    return finishAction
  }

  /// The client will send no more; what it has asked for is still answered.
  mutating func endInput() -> EndAction {
    inputEnded = true
    if phase == .serving || phase == .announced { phase = .ending }
    return finishAction
  }

  private var finishAction: EndAction { phase == .ending && running == 0 ? .finish : .none }
}

// MARK: - The end

extension HTTP2Machine {
  /// The client is told to begin nothing more; false when it knows.
  mutating func announceEnd() -> Bool {
    guard phase == .serving else { return false }
    phase = .announced
    return true
  }

  /// The server stops: whether the first stream is waited for, a little, because the client has only just connected and was
  /// not told that the server ends.
  mutating func awaitFirstStream() -> Bool {
    guard phase == .serving, !hasServed else { return false }
    idleTimeout = min(idleTimeout, limits.connection.firstRequestTimeout)
    return true
  }

  /// No stream may begin any more; false when that is so.
  mutating func refuseStreams() -> Bool {
    switch phase {
    case .serving, .announced:
      phase = .ending
      return true
    case .ending, .lingering, .closed: return false
    }
  }

  /// Whether the connection is to end now that nothing may begin.
  var isToFinish: Bool { finishAction == .finish }

  /// The last word is said; false when it was.
  mutating func finish(now: UInt64) -> Bool {
    switch phase {
    case .serving, .announced, .ending:
      phase = .lingering
      since = now
      return true
    case .lingering, .closed: return false
    }
  }

  /// The socket is closed.
  mutating func close() { phase = .closed }
}

// MARK: - Time

extension HTTP2Machine {
  /// What to do when a time has passed.
  enum TimerAction: Hashable {
    /// Nothing.
    case none
    /// Nothing was asked for too long, or a head has taken too long: the connection ends.
    case end
    /// It is closed.
    case close
    /// It is cut, because its client takes nothing.
    case cut
  }

  /// When to look again, at the latest.
  func nextLook(now: UInt64) -> UInt64? {
    guard phase != .closed else { return nil }
    let glance = now + ServerMachine.glanceInterval
    let isBusy = running > 0 || headSince != nil || reading.isWaiting
    guard let due else { return glance }
    return isBusy ? min(due, glance) : due
  }

  private var due: UInt64? {
    if let due = reading.due { return due }
    switch phase {
    case .serving, .announced, .ending:
      if let headSince { return headSince + limits.connection.headTimeout }
      return running == 0 ? since + idleTimeout : nil
    case .lingering: return since + limits.connection.lingerTimeout
    case .closed: return nil
    }
  }

  /// Notes what the client's system has acknowledged of the connection's bytes, and how many wait for it.
  mutating func noteProgress(acknowledged: UInt64, waiting: Int, now: UInt64) {
    reading.note(acknowledged: acknowledged, waiting: waiting, now: now)
  }

  /// Whether something waits for the client, as far as was noted.
  var isWaitingForClient: Bool { reading.isWaiting }
  /// For how long the client has taken nothing of what waits for it, in milliseconds.
  func silence(now: UInt64) -> UInt64 { reading.isWaiting ? now - min(now, reading.since) : 0 }

  /// The time has come that ``nextLook(now:)`` told.
  mutating func pass(now: UInt64) -> TimerAction {
    guard let due, due <= now else { return .none }
    if reading.due != nil { return .cut }
    switch phase {
    case .serving, .announced, .ending: return .end
    case .lingering: return .close
    case .closed: return .none
    }
  }
}
