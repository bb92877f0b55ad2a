/// The memory that a connection holds: what arrives, what is being made for it, and what it has not read.
///
/// Who does not read waits alone: requests of a connection begin only while little is made for it or waits, and of those
/// that have begun, which a read in slices lets happen, only the oldest goes beyond that.
extension ServerMachine {
  /// Bytes of the node's memory that are taken for the connection.
  struct Memory {
    /// Of requests that are not answered.
    var requests = 0
    /// Of a message that has not arrived whole.
    var frame = 0
    /// That have arrived and are not looked at before earlier requests are answered.
    var backlog = 0
    /// Of answers that are being made.
    var answers = 0
    /// That answers need and wait for.
    var asked = 0
    /// Of answers that wait for the client.
    var output = 0
    /// Whose answer may go beyond what answers of the connection may have together.
    var growing: ObjectIdentifier?

    // Asked of this and not of the machine, which would be copied for the question even where that is inlined.

    /// Whether no further answer is begun for the connection, of which so many bytes wait for the client, and of whose
    /// answers there may be `limit`.
    func isFilled(waiting: Int, limit: Int) -> Bool { asked > 0 || answers + waiting > limit }

    /// Whether it has to be watched if the client reads, when so many bytes wait for it.
    func isSlow(waiting: Int) -> Bool { waiting > ServerMachine.slowBytes || output > 0 }
  }

  /// Bytes up to which a message that has not arrived whole is not watched over: 16 KiB, as many as are kept of it at once.
  private static let freeFrameBytes = 16 << 10

  /// Bytes of answers from which on it is watched whether the client reads them: 64 KiB.
  static let slowBytes = 64 << 10

  // Always inlined: a call that is not would be given a copy of the whole machine, for each request.

  /// Bytes of the memory that are taken for the connection.
  @inline(__always)
  var holding: Int { memory.requests + memory.frame + memory.backlog + memory.answers + memory.output }

  /// How long the body of the next message may be when the node has so much memory left.
  @inline(__always)
  func allowedBodyBytes(left: Int) -> Int {
    // What comes in one piece is in memory already; it is refused, when it has to be, as a request.
    let least = max(Self.freeFrameBytes, MemoryShare.freeBytes - holding)
    return min(limits.requestBytes, max(min(limits.connectionMemoryBytes - holding, left), least))
  }

  /// Counts a message that has not arrived whole, and watches over the time that it takes.
  ///
  /// - Returns: Bytes to take out of the node's memory, or to give back when below zero.
  mutating func chargeFrame(now: UInt64) -> Int {
    let wanted = phase != .closed && pendingBytes > Self.freeFrameBytes ? pendingBytes : 0
    let more = wanted - memory.frame
    guard more != 0 else { return 0 }
    memory.frame = wanted
    if wanted > 0 { frame.begin(limit: limits.frameTimeout, now: now) } else { frame.end() }
    return more
  }

  /// Counts the answers that wait for the client.
  ///
  /// - Returns: Bytes to take out of the node's memory, or to give back when below zero.
  mutating func chargeOutput(waiting: Int) -> Int {
    let wanted = phase != .closed && waiting > Self.slowBytes ? waiting : 0
    let more = wanted - memory.output
    memory.output = wanted
    return more
  }
}

// MARK: - Answers that are made

extension ServerMachine {
  /// Whether the answer that `maker` makes may have `more` bytes while so many wait for the client. The first one may in
  /// any case.
  mutating func mayGrow(by more: Int, for maker: ObjectIdentifier, waiting: Int) -> Bool {
    guard memory.growing == nil || memory.growing == maker || memory.answers + waiting + more <= limits.answerBytes
    else { return false }
    if memory.growing == nil { memory.growing = maker }
    return true
  }

  /// The answer that `maker` has made waits for the client now, or is dropped, with the bytes that were taken for it.
  ///
  /// - Returns: Whether others may go on.
  mutating func endGrowth(of maker: ObjectIdentifier, bytes: Int) -> Bool {
    let hadTurn = memory.growing == maker
    if hadTurn { memory.growing = nil }
    memory.answers -= bytes
    return bytes > 0 || hadTurn
  }
}

// MARK: - Clients that do not read

extension ServerMachine {
  /// Nothing is read from the client for now, whatever the reason: it is not to blame for what does not arrive.
  mutating func readingStopped(now: UInt64) { frame.stop(now: now) }

  /// The client is read from again.
  mutating func readingGoesOn(now: UInt64) { frame.goOn(now: now) }

  /// Whether to read no further from the client, because so many bytes wait for the kernel; true once.
  mutating func takePause(waiting: Int) -> Bool {
    switch phase {
    case .establishing, .judging, .ready: break
    // Or the end of the client would not be noticed.
    case .draining, .lingering, .closed: return false
    }
    guard !isPaused, waiting > limits.answerBytes else { return false }
    isPaused = true
    return true
  }

  /// Whether to read again from a client of which nothing is looked at any more; true once.
  mutating func takeResume() -> Bool {
    switch phase {
    case .establishing, .judging, .ready: return false
    case .draining, .lingering, .closed: break
    }
    defer { isPaused = false }
    return isPaused
  }

  /// What to do when a client has read.
  enum ResumeAction: Hashable {
    /// Nothing: it has not read enough.
    case none
    /// The requests that are held may run.
    case run
    /// The same, and more may be read from the client.
    case readAndRun
  }

  /// Asks whether a client of which so many bytes wait for the kernel has read half of what it may leave unread.
  mutating func resume(waiting: Int) -> ResumeAction {
    guard phase != .closed, memory.asked == 0, waiting + memory.answers <= limits.answerBytes / 2 else { return .none }
    guard isPaused else { return .run }
    isPaused = false
    return .readAndRun
  }

  /// What to do about a client that may not read.
  enum ReaderAction: Hashable {
    /// It has nothing left to read.
    case forget
    /// It is looked at again.
    case watch
    /// It has taken nothing for too long: cut the connection.
    case cut
  }

  /// Notes how many bytes the client's system has acknowledged since the connection began, and how many wait for it.
  mutating func lookAtReader(acknowledged: UInt64, waiting: Int, now: UInt64) -> ReaderAction {
    guard phase != .closed else { return .forget }
    reading.note(acknowledged: acknowledged, waiting: waiting, now: now)
    guard let due = reading.due else { return .forget }
    return now >= due ? .cut : .watch
  }
}
