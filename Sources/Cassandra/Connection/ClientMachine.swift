internal import CassandraBytes
internal import CassandraReactor
internal import CassandraWire

/// What bounds one connection, in numbers and in milliseconds.
struct ConnectionLimits: Sendable {
  /// Bytes of an answer during the handshake: 128 KiB. What a server says of itself takes some hundred.
  static let handshakeBytes = 128 << 10

  var requestsInFlight: Int
  var orphanedRequests: Int
  var responseBytes: Int
  var silenceBeforeNextNode: UInt64
  var heartbeatInterval: UInt64
  var silenceBeforeHeartbeat: UInt64
  var heartbeatTimeout: UInt64

  init(_ limits: ClientLimits) {
    requestsInFlight = limits.requestsInFlight
    orphanedRequests = limits.orphanedRequests
    responseBytes = limits.responseBytes
    silenceBeforeNextNode = limits.silenceBeforeNextNode.wholeMilliseconds
    heartbeatInterval = limits.heartbeatInterval.wholeMilliseconds
    silenceBeforeHeartbeat = limits.silenceBeforeHeartbeat.wholeMilliseconds
    heartbeatTimeout = limits.heartbeatTimeout.wholeMilliseconds
  }
}

/// The client's half of a CQL connection, without a socket, a loop or a clock.
///
/// It takes requests, bytes, the time and the wish to end; it says what to do. Whoever owns the socket does that and
/// nothing else. `Recipient` is whoever gets an answer, and nothing is known of it here.
struct ClientMachine<Recipient> {
  typealias Token = StreamTable<Recipient>.Token
  typealias Overdue = StreamTable<Recipient>.Overdue

  /// What the connection is doing.
  enum Phase: Hashable, CaseIterable {
    /// The handshake goes on. A server that does not speak our version says so in one of its own.
    case establishing
    /// Requests may be sent.
    case open
    /// No further request is sent, and the connection ends once the answers under way have come.
    case draining
    /// The socket is closed.
    case closed
  }

  /// Why the connection ends.
  enum End: Error {
    /// The server sent a request.
    case requestFromServer
    /// An envelope has another version of the protocol.
    case otherVersion(UInt8)
    /// An answer came on a stream where nothing was asked.
    case unasked(stream: Int16, WireError?)
    /// The bytes are no envelopes.
    case unreadable(WireError)
    /// The server said what is wrong with the connection as a whole.
    case refused(ErrorResponse)
    /// The server says nothing.
    case silent
    /// The last answer has come, and no further request is sent.
    case drained
  }

  let version: ProtocolVersion
  let limits: ConnectionLimits
  private(set) var phase = Phase.establishing
  private var decoder: EnvelopeDecoder
  private var encoder = EnvelopeEncoder()
  private var streams: StreamTable<Recipient>
  private var pulse: ConnectionPulse
  /// When something was heard last.
  private var lastHeard: UInt64
  /// Since when the server owes an answer and has said nothing; of no meaning while it owes none.
  private var quietSince: UInt64 = 0
  // When the timers pass; `max` for one that is not set.
  private var sweepAt = UInt64.max
  private var pulseAt = UInt64.max

  init(version: ProtocolVersion, limits: ConnectionLimits, now: UInt64) {
    self.version = version
    self.limits = limits
    decoder = EnvelopeDecoder(
      maximumBodyBytes: min(limits.responseBytes, ConnectionLimits.handshakeBytes), dropsLargeBodies: true)
    streams = StreamTable(capacity: limits.requestsInFlight + limits.orphanedRequests)
    pulse = ConnectionPulse(
      interval: limits.heartbeatInterval, patience: limits.silenceBeforeHeartbeat, timeout: limits.heartbeatTimeout)
    lastHeard = now
  }

  /// Whether further requests may be sent.
  @inline(__always)
  var isUsable: Bool {
    switch phase {
    case .establishing, .open: true
    case .draining, .closed: false
    }
  }

  /// Whether there is a place for another request.
  @inline(__always)
  var hasPlace: Bool { streams.inFlight < limits.requestsInFlight && streams.hasFree }

  /// Requests that are under way.
  @inline(__always)
  var inFlight: Int { streams.inFlight }

  /// Requests that were given up and whose answer has not come.
  var orphans: Int { streams.orphans }

  /// Requests whose answer has not come.
  var owed: Int { streams.owed }

  /// Since when the server owes an answer and has said nothing; nil when it owes none.
  var owesSince: UInt64? { streams.owed > 0 ? quietSince : nil }

  /// Whether the server owes answers and has said nothing for that many milliseconds.
  @inline(__always)
  func isSilent(for limit: UInt64, now: UInt64) -> Bool { streams.owed > 0 && now >= quietSince &+ limit }
}

// MARK: - Requests

extension ClientMachine {
  /// Appends the message that `body` writes; ``isUsable`` and ``hasPlace`` are true. ``wait(_:_:)`` then says who gets
  /// the answer.
  ///
  /// - Throws: What `body` throws; nothing has been appended then.
  @inline(__always)
  mutating func send<Failure: Error>(
    _ opcode: Opcode, flags: EnvelopeFlags, due: UInt64, now: UInt64, into output: inout [UInt8],
    _ body: (inout [UInt8]) throws(Failure) -> Void
  ) throws(Failure) -> Token {
    if streams.owed == 0 { quietSince = now }
    guard let token = streams.reserve(due: due) else { preconditionFailure("the caller has seen that an id is free") }
    let header = EnvelopeHeader(version: version, isResponse: false, flags: flags, stream: token.stream, opcode: opcode)
    do throws(Failure) { try encoder.append(header, to: &output, body: body) } catch {
      streams.release(token)
      throw error
    }
    if sweepAt == .max { sweepAt = now + Self.sweepInterval }
    return token
  }

  /// Says who gets the answer; false when the connection has been lost in the meantime.
  @inline(__always)
  mutating func wait(_ token: Token, _ recipient: Recipient) -> Bool { streams.wait(token, recipient) }

  /// Completes what was appended since the last time, before it leaves.
  mutating func seal(_ output: inout [UInt8]) { encoder.seal(&output) }

  /// The stream has this framing from the next byte on; nothing is under way.
  mutating func reframe(_ framing: Framing) {
    decoder.framing = framing
    encoder.framing = framing
  }
}

// MARK: - Input

extension ClientMachine {
  /// What to do about bytes that have arrived.
  enum Action {
    /// Give the recipient its answer. A body that was dropped was larger than it may be: that request fails, and no
    /// other.
    case deliver(Recipient, EnvelopeHeader, EnvelopeDecoder.Body)
    /// An answer came that nobody waits for any more: there is a place again.
    case forget
    /// The server tells of something.
    case event(Event)
    /// The server tells of something that cannot be read, as a newer one may.
    case unreadableEvent(WireError)
    /// Close the connection.
    case close(End)
  }

  /// Bytes have arrived: a sign of life.
  @inline(__always)
  mutating func heard(now: UInt64) {
    lastHeard = now
    quietSince = now
  }

  /// What follows from the next envelope; nil when the input is used up. `offset` moves behind what was used.
  @inline(__always)
  mutating func next(in bytes: Span<UInt8>, at offset: inout Int) -> Action? {
    while true {
      switch phase {
      case .establishing, .open: break
      case .draining: if streams.inFlight == 0 { return .close(.drained) }
      case .closed: return nil
      }
      let header: EnvelopeHeader
      let body: EnvelopeDecoder.Body
      do throws(WireError) {
        guard let envelope = try decoder.next(in: bytes, at: &offset) else { return nil }
        (header, body) = envelope
      } catch { return .close(.unreadable(error)) }
      guard header.isResponse else { return .close(.requestFromServer) }
      guard header.version == version.rawValue || mayRefuseVersion(header) else {
        return .close(.otherVersion(header.version))
      }
      switch streams.answer(on: header.stream) {
      case .deliver(let recipient): return .deliver(recipient, header, body)
      case .drop: return .forget
      case .unexpected: if let action = receiveUnasked(header, body, bytes) { return action }
      }
    }
  }

  /// A server that does not speak our version says so in one of its own.
  private func mayRefuseVersion(_ header: EnvelopeHeader) -> Bool {
    phase == .establishing && header.opcode == Opcode.error.rawValue
  }

  /// What follows from what comes on the stream of no request: an event, or an error that is about the connection as a
  /// whole.
  @inline(never)
  private func receiveUnasked(
    _ header: EnvelopeHeader, _ body: EnvelopeDecoder.Body, _ bytes: Span<UInt8>
  ) -> Action? {
    let message: ResponseMessage
    do throws(WireError) {
      switch body {
      case .inInput(let range): message = try read(header, bytes.extracting(range))
      case .owned(let owned): message = try read(header, owned.span)
      case .dropped: return .close(.unasked(stream: header.stream, nil))
      }
    } catch {
      return header.stream < 0 ? .unreadableEvent(error) : .close(.unasked(stream: header.stream, error))
    }
    switch message {
    case .event(let event) where header.stream < 0: return .event(event)
    // The server could not tell which request is meant, so it is about all of them; its text says what is wrong.
    case .error(let error): return .close(.refused(error))
    case .ready, .authenticate, .supported, .result, .event, .authChallenge, .authSuccess:
      return header.stream < 0 ? nil : .close(.unasked(stream: header.stream, nil))
    }
  }

  private func read(_ header: EnvelopeHeader, _ body: Span<UInt8>) throws(WireError) -> ResponseMessage {
    var position = 0
    _ = try ResponsePrefix(reading: body, at: &position, flags: header.flags)
    guard let opcode = Opcode(rawValue: header.opcode) else {
      throw WireError(.unexpectedOpcode, at: 4, "\(header.opcode) is no opcode.")
    }
    return try ResponseMessage(opcode: opcode, body: body.extracting(position..<body.count), version: version)
  }
}

// MARK: - Time

extension ClientMachine {
  /// What happens at its time.
  enum Timer: Hashable, CaseIterable {
    /// The requests under way are looked at.
    case sweep
    /// It is looked whether the server is there.
    case pulse
  }

  /// How often the requests under way are looked at: every 20 ms. So much later than it should a time-out may come, or
  /// the end of a request whose task was cancelled.
  static var sweepInterval: UInt64 { 20 }

  /// When the next timer passes; `max` when none is set.
  @inline(__always)
  var nextTimer: UInt64 { min(sweepAt, pulseAt) }

  /// A timer that has passed; it is not set any more.
  mutating func pass(now: UInt64) -> Timer? {
    if sweepAt <= now {
      sweepAt = .max
      return .sweep
    }
    if pulseAt <= now {
      pulseAt = .max
      return .pulse
    }
    return nil
  }

  /// What to do once the requests that are over have been told.
  enum SweepAction: Hashable {
    /// Nothing.
    case none
    /// Close: the last request of a connection that drains is over.
    case close
    /// Drain: too many answers never came.
    case replace
  }

  /// Ends the waits that are over. Their stream ids stay reserved until the answers come.
  mutating func sweep(
    now: UInt64, where isUnwanted: (Recipient) -> Bool, replacement: (Recipient) -> Recipient?
  ) -> (overdue: [Overdue], action: SweepAction) {
    guard streams.inFlight > 0 else { return ([], .none) }
    sweepAt = now + Self.sweepInterval
    let overdue = streams.giveUp(
      at: now, orAll: isSilent(for: limits.silenceBeforeNextNode, now: now), where: isUnwanted,
      replacement: replacement)
    switch phase {
    case .establishing, .open: return (overdue, streams.orphans > limits.orphanedRequests ? .replace : .none)
    case .draining: return (overdue, streams.inFlight == 0 ? .close : .none)
    case .closed: return (overdue, .none)
    }
  }

  /// What to do about a server that may be gone.
  enum PulseAction: Hashable {
    /// Nothing.
    case none
    /// Ask it something, which is due then.
    case ask(due: UInt64)
    /// Close the connection.
    case close
  }

  /// Looks whether the server is there.
  mutating func lookForLife(now: UInt64) -> PulseAction {
    switch phase {
    case .establishing, .closed: return .none
    case .open, .draining: break
    }
    switch pulse.next(now: now, heard: lastHeard, owesSince: owesSince) {
    case .wait(let until):
      pulseAt = max(until, now + 1)
      return .none
    case .ask:
      pulseAt = now + 1
      return .ask(due: now + limits.heartbeatTimeout)
    case .replace: return .close
    }
  }
}

// MARK: - Life

extension ClientMachine {
  /// The handshake is over. From now on it is looked whether the server is there.
  mutating func open(now: UInt64) {
    switch phase {
    case .establishing:
      phase = .open
      decoder.maximumBodyBytes = limits.responseBytes
      lastHeard = now
      pulseAt = now
    case .open, .draining, .closed: break
    }
  }

  /// What to do about a connection that is to take no further request.
  enum DrainAction: Hashable {
    /// Nothing: it does not already.
    case none
    /// Those who wait for a place are told; the connection ends with its last answer.
    case begin
    /// The same, and nothing is under way: close.
    case close
  }

  /// Sends no further request.
  mutating func drain() -> DrainAction {
    switch phase {
    case .establishing, .open:
      phase = .draining
      return streams.inFlight == 0 ? .close : .begin
    case .draining, .closed: return .none
    }
  }

  /// The connection is closed: everybody who waits for an answer, to be told.
  mutating func close() -> [Recipient] {
    phase = .closed
    sweepAt = .max
    pulseAt = .max
    return streams.takeAll()
  }
}
