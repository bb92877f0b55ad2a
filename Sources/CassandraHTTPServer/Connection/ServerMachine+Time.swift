internal import CassandraHTTP
internal import CassandraReactor

/// What bounds one connection, in bytes and times.
struct ConnectionLimits: Sendable {
  var message = HTTPLimits()
  var unreadBytes: Int
  var allowsHalfClose: Bool
  var headTimeout: UInt64
  var bodyTimeout: UInt64
  var slowestBodyBytesPerSecond: Int
  var idleTimeout: UInt64
  /// How long a connection that was made while the server still took some is kept for its first request when it stops.
  var firstRequestTimeout: UInt64
  var lingerTimeout: UInt64
  var writeTimeout: Duration
  var slowestReaderBytesPerSecond: Int

  init(_ configuration: ServerConfiguration) {
    message = configuration.messageLimits
    unreadBytes = configuration.maximumUnreadBytes
    allowsHalfClose = configuration.allowsHalfClose
    headTimeout = configuration.headTimeout.wholeMilliseconds
    bodyTimeout = configuration.bodyTimeout.wholeMilliseconds
    slowestBodyBytesPerSecond = max(1, configuration.slowestBodyBytesPerSecond)
    idleTimeout = configuration.idleTimeout.wholeMilliseconds
    firstRequestTimeout = configuration.lastAnswersTimeout.wholeMilliseconds
    lingerTimeout = configuration.lingerTimeout.wholeMilliseconds
    writeTimeout = configuration.writeTimeout
    slowestReaderBytesPerSecond = configuration.slowestReaderBytesPerSecond
  }
}

extension ServerMachine {
  /// What can last too long.
  enum Timer: Hashable, CaseIterable {
    /// A connection without a request.
    case idle
    /// A head from its first byte to its last.
    case head
    /// A pause within a body.
    case bodyPause
    /// All of a body, by its pace.
    case bodyPace
    /// A client that takes no byte.
    case write
    /// A client that has its last answer and does not end its half.
    case linger
    /// Nothing lasts too long: the client's progress is looked at, and what an idle connection does not need is let go.
    case glance
  }

  /// What to do when a timer has passed.
  enum TimerAction: Hashable {
    /// Nothing.
    case none
    /// The task that serves can go on, with a refusal.
    case wake
    /// The connection is closed.
    case close
    /// The connection is cut, so that what has left cannot be taken for all.
    case cut
    /// What an idle connection does not need is let go.
    case shrink
  }

  /// How often a connection that is busy is looked at, in milliseconds: 500. One that is idle gives its memory back after
  /// that time; the longer it is kept, the more of it lies between what other connections need, and stays.
  static let glanceInterval: UInt64 = 500

  /// The timer that passes first, and when.
  func nextTimer(now: UInt64) -> (timer: Timer, at: UInt64)? {
    guard phase != .closed else { return nil }
    let limit = limitOfPhase
    let isWatched = phase == .awaitingHead ? !hasShrunk : reading.isWaiting || phase != .lingering
    let glance = now + Self.glanceInterval
    guard let limit, !isWatched || limit.at <= glance else { return (.glance, glance) }
    return limit
  }

  /// What to do when the server stops.
  enum StopAction: Hashable {
    /// Nothing: a request is being answered, or on its way.
    case none
    /// The task that serves ends the connection.
    case wake
  }

  /// For how long what has arrived and was not read may turn out to be a request when the server stops, in milliseconds: 100.
  static let unreadTimeout: UInt64 = 100

  /// The server stops, and what is idle ends.
  ///
  /// A client that has only just connected could not learn that the server ends, and one whose request has arrived while the
  /// loop was busy has sent it in time: for both is waited, a little.
  ///
  /// - Parameter hasInput: Whether bytes have arrived that were not read yet.
  mutating func stop(hasInput: Bool, now: UInt64) -> StopAction {
    guard isBetweenHeads else { return .none }
    if !hasServed {
      idleTimeout = min(idleTimeout, limits.firstRequestTimeout)
    } else if hasInput {
      idleTimeout = min(idleTimeout, now - min(now, since) + Self.unreadTimeout)
    } else {
      return .wake
    }
    return .none
  }

  /// When the present state has lasted too long; nil when it may last.
  private var limitOfPhase: (timer: Timer, at: UInt64)? {
    if let due = reading.due { return (.write, due) }
    switch phase {
    case .awaitingHead:
      return isBetweenHeads ? (.idle, since + idleTimeout) : (.head, since + limits.headTimeout)
    case .handling where isAwaitingBody, .answering where isAwaitingBody:
      return Self.bodyLimit(since: since, wait: bodyWait, bytes: bodyBytes, limits)
    case .headArrived, .refused, .handling, .answering, .closed: return nil
    case .lingering: return (.linger, since + limits.lingerTimeout)
    }
  }

  /// When a wait for a body has lasted too long.
  ///
  /// - Parameters:
  ///   - since: When the present wait began.
  ///   - wait: For how long was waited before.
  ///   - bytes: How much has come.
  static func bodyLimit(
    since: UInt64, wait: UInt64, bytes: Int, _ limits: ConnectionLimits
  ) -> (timer: Timer, at: UInt64) {
    let pause = since + limits.bodyTimeout
    // The time that a body may take grows with what has come of it.
    let paced = limits.bodyTimeout + UInt64(bytes) * 1000 / UInt64(limits.slowestBodyBytesPerSecond)
    let pace = since + (paced > wait ? paced - wait : 0)
    return pace < pause ? (.bodyPace, pace) : (.bodyPause, pause)
  }

  /// Notes what the client has taken.
  ///
  /// - Parameters:
  ///   - acknowledged: Bytes that its system has acknowledged since the connection began.
  ///   - waiting: Bytes of answers that it has not taken.
  mutating func noteProgress(acknowledged: UInt64, waiting: Int, now: UInt64) {
    let wasWaiting = reading.isWaiting
    reading.note(acknowledged: acknowledged, waiting: waiting, now: now)
    // A client has the time to read an answer to its end from when the last of it has been taken.
    if wasWaiting && !reading.isWaiting && phase == .lingering { since = now }
  }

  /// For how long the client has taken nothing of what waits for it, in milliseconds.
  func silence(now: UInt64) -> UInt64 { reading.isWaiting ? now - min(now, reading.since) : 0 }

  /// Whether something waits for the client, as far as was noted.
  var isWaitingForClient: Bool { reading.isWaiting }

  /// The time has come that ``nextTimer(now:)`` told.
  mutating func pass(now: UInt64) -> TimerAction {
    guard let limit = limitOfPhase, limit.at <= now else {
      return phase == .awaitingHead && shrink(now: now) ? .shrink : .none
    }
    switch limit.timer {
    case .head: return refuseLate(.headTimedOut)
    case .bodyPause, .bodyPace: return refuseLate(.bodyTimedOut)
    case .write: return .cut
    case .idle, .linger: return .close
    case .glance: return .none
    }
  }

  private mutating func shrink(now: UInt64) -> Bool {
    guard !hasShrunk, isBetweenHeads, unreadBytes == 0, now >= since + Self.glanceInterval else { return false }
    letGo()
    return true
  }
}
