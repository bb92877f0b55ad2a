internal import CassandraBytes
internal import CassandraReactor
internal import CassandraWire

/// The server's half of a CQL connection, without a socket, a loop, a clock or a storage.
///
/// It takes bytes, the end of requests, the time and the wish to end; it says what to do. Whoever owns the socket does
/// that and nothing else. Statements are cut out here and run elsewhere, many at a time; their answers are written in the
/// order in which they come.
struct ServerMachine {
  /// What the connection is doing.
  enum Phase: Hashable, CaseIterable {
    /// The client has not sent STARTUP, or has not logged in.
    case establishing
    /// The client has shown a password, and its answer waits for its time.
    case judging
    /// Statements may come.
    case ready
    /// Nothing that arrives is looked at, and the connection ends after the last answer.
    case draining
    /// The last answer has been given; the client may take it and end its half.
    case lingering
    /// The socket is closed.
    case closed
  }

  /// The answer to a login.
  struct LoginAnswer {
    var stream: Int16
    var message: ResponseMessage
    /// Who has logged in; nil when nobody has, and the connection ends.
    var user: String?
  }

  let limits: Limits
  private(set) var phase = Phase.establishing
  private var input: ClientInput
  private var encoder = EnvelopeEncoder()
  private var events: Set<EventKind> = []
  private var login: LoginAnswer?
  /// The stream of the login that the roles are asked about.
  private var askedStream: Int16?
  /// Requests that are not answered yet.
  private(set) var requestsInFlight = 0
  /// Bytes that the body of the next message may have, as of when something was heard last.
  private var allowedBytes: Int
  // Who reads slowly, and what the connection holds of the node's memory; see the file about it.
  var isPaused = false
  var reading: ReadingWatch
  var memory = Memory()

  /// How long the message has taken that has not arrived whole.
  var frame = FrameWatch()

  // Times, in milliseconds; `max` for one that is not set.
  private let began: UInt64
  private var lastHeard: UInt64
  private var loginAt = UInt64.max
  private var lingerAt = UInt64.max

  init(password: PasswordCheck?, limits: Limits, reading: ReadingWatch, now: UInt64) {
    self.limits = limits
    self.reading = reading
    input = ClientInput(password: password, maximumLoginBytes: limits.loginRequestBytes)
    allowedBytes = limits.requestBytes
    began = now
    lastHeard = now
  }

  /// The version of the protocol; the newest until the client has named one.
  @inline(__always) var version: ProtocolVersion { input.machine.version }

  /// What the client has said of its driver; nil before it has sent STARTUP.
  var driver: (name: String?, version: String?)? { input.machine.driver }

  /// Bytes that the message takes, or will take, that has not arrived whole.
  var pendingBytes: Int { input.pendingBytes }

  /// Whether the client has asked to be told of such events, and may be.
  func wants(_ kind: EventKind) -> Bool {
    switch phase {
    case .ready, .draining: events.contains(kind)
    case .establishing, .judging, .lingering, .closed: false
    }
  }
}

// MARK: - Input

extension ServerMachine {
  /// What to do about bytes that have arrived.
  enum Action {
    /// Answer this on that stream.
    case answer(ResponseMessage, on: Int16)
    /// Answer this on that stream, and then ``establish(_:)`` that framing.
    case establish(ResponseMessage, Framing, on: Int16)
    /// Send these bytes, which tell the client in its own form that it is not understood.
    case send([UInt8])
    /// Run the statement of this message, unless there is no room for it.
    case run(EnvelopeHeader, Opcode, [UInt8])
    /// Tell from now on of events, and answer READY.
    case register(on: Int16)
    /// A password was shown: find out how long the answer waits, and say so with ``judge(until:)``. `refused` is who was
    /// refused.
    case judge(refused: String?)
    /// A password was shown that the roles know: ask them, and say what they answer with ``decide(_:as:error:)``.
    case askRoles(LoginAttempt)
    /// Cut the connection: something follows a password before its answer.
    case cut
  }

  /// Bytes have arrived. `allowed` is how long the body of a message may be.
  mutating func heard(now: UInt64, allowed: Int) {
    lastHeard = now
    allowedBytes = allowed
    switch phase {
    case .ready: input.allow(bodyBytes: allowed)
    case .establishing, .judging, .draining, .lingering, .closed: break
    }
  }

  /// What follows from the next message; nil when the input is used up, or not looked at. `offset` moves behind what was
  /// used.
  mutating func next(in bytes: Span<UInt8>, at offset: inout Int) -> Action? {
    switch phase {
    case .establishing, .ready: break
    case .judging: return input.skip(in: bytes, at: &offset) ? .cut : nil
    case .draining, .lingering, .closed: return nil
    }
    guard let step = input.next(in: bytes, at: &offset) else { return nil }
    switch step {
    case .message(let header, let body, let action): return receive(header, body, action)
    case .skipped(let header): return .answer(.error(refusal(ofLong: header)), on: header.stream)
    case .unknownVersion(let bytes):
      phase = .draining
      return .send(bytes)
    case .broken(let error): return refuse(error, on: 0)
    }
  }

  private mutating func receive(_ header: EnvelopeHeader, _ body: [UInt8], _ action: ConnectionMachine.Action) -> Action
  {
    switch action {
    case .run(let opcode): return .run(header, opcode, body)
    case .answer(let message): return .answer(message, on: header.stream)
    case .reframe(let message, let framing): return .establish(message, framing, on: header.stream)
    case .logIn(let user, let message):
      return judge(LoginAnswer(stream: header.stream, message: message, user: user), refused: nil)
    case .askRoles(let attempt):
      askedStream = header.stream
      phase = .judging
      return .askRoles(attempt)
    case .refuseLogin(let user, let error):
      return judge(LoginAnswer(stream: header.stream, message: .error(error), user: nil), refused: user)
    case .register(let kinds):
      events.formUnion(kinds)
      return .register(on: header.stream)
    case .refuse(let error): return refuse(error, on: header.stream)
    }
  }

  private mutating func judge(_ answer: LoginAnswer, refused: String?) -> Action {
    login = answer
    phase = .judging
    return .judge(refused: refused)
  }

  /// Answers with an error that ends the connection.
  private mutating func refuse(_ error: ErrorResponse, on stream: Int16) -> Action {
    phase = .draining
    return .answer(.error(error), on: stream)
  }

  /// What a client is told whose message was too long, or for which there was no memory.
  private func refusal(ofLong header: EnvelopeHeader) -> ErrorResponse {
    guard header.bodyCount <= limits.requestBytes else {
      return ErrorResponse(
        .invalid, "The request has \(header.bodyCount) bytes, which is over the limit of \(limits.requestBytes)")
    }
    return ErrorResponse(.overloaded, "The node has no memory left for the request; try again later")
  }

  /// The answer in the old form has been written: what follows has that framing, in both directions. Nothing of the new
  /// one has been written yet.
  mutating func establish(_ framing: Framing) {
    encoder.framing = framing
    if input.machine.isReady { becomeReady() }
  }

  private mutating func becomeReady() {
    phase = .ready
    input.allow(bodyBytes: allowedBytes)
  }

  /// What to do about the end of the client's half.
  enum InputEndAction: Hashable {
    /// Nothing: both halves have ended.
    case none
    /// Close: nobody ends only a half of such a connection, so the client has gone and nobody wants its answers.
    case close
  }

  /// The client will send no more.
  func endInput() -> InputEndAction {
    switch phase {
    case .establishing, .judging, .ready, .draining: .close
    case .lingering, .closed: .none
    }
  }
}

// MARK: - Logging in

extension ServerMachine {
  /// The roles say that the client is `user`, or what it is told. What to do next is as for ``Action/judge(refused:)``;
  /// false when nobody waits for it any more.
  mutating func decide(_ attempt: LoginAttempt, as user: String?, error: ErrorResponse?) -> Bool {
    guard let stream = askedStream.take(), phase == .judging else { return false }
    input.decide(isLoggedIn: user != nil)
    login = LoginAnswer(
      stream: stream, message: user == nil ? .error(error ?? attempt.refusal) : .authSuccess(nil), user: user)
    return true
  }

  /// Keeps the answer to a login back until then.
  mutating func judge(until time: UInt64) { loginAt = time }

  /// The answer to the login, whose time has come; nil when there is none. The client is logged in, or the connection
  /// ends.
  mutating func takeLogin() -> LoginAnswer? {
    switch phase {
    case .judging: break
    case .establishing, .ready, .draining, .lingering, .closed: return nil
    }
    loginAt = .max
    let answer = login.take()
    if answer?.user != nil { becomeReady() } else { phase = .draining }
    return answer
  }
}

// MARK: - Requests

extension ServerMachine {
  /// A request is taken, whose body has so many bytes.
  mutating func begin(bytes: Int) {
    requestsInFlight += 1
    memory.requests += bytes
  }

  /// It is answered, or nobody waits for its answer any more.
  mutating func end(bytes: Int) {
    requestsInFlight -= 1
    memory.requests -= bytes
  }

  /// Appends an answer whose body is what `body` appends; ``canAnswer`` is true.
  ///
  /// One that cannot be written becomes an error that says so: the client hears that, and not nothing.
  mutating func append(
    _ opcode: Opcode, flags: EnvelopeFlags = [], on stream: Int16, to output: inout [UInt8],
    _ body: (inout [UInt8]) throws(WireError) -> Void
  ) {
    let header = EnvelopeHeader(version: version, isResponse: true, flags: flags, stream: stream, opcode: opcode)
    do throws(WireError) { try encoder.append(header, to: &output, body: body) } catch {
      let failure = ErrorResponse(.serverError, "The answer cannot be written: \(error)")
      let header = EnvelopeHeader(version: version, isResponse: true, stream: stream, opcode: .error)
      let version = version
      try? encoder.append(header, to: &output) { output throws(WireError) in
        try ResponseMessage.error(failure).encode(into: &output, version: version)
      }
    }
  }

  /// Appends an answer, with the name of its request's trace where there is one.
  mutating func append(
    _ message: ResponseMessage, trace: CQLUUID? = nil, on stream: Int16, to output: inout [UInt8]
  ) {
    let version = version
    append(message.opcode, flags: trace == nil ? [] : .tracing, on: stream, to: &output) { output throws(WireError) in
      if let trace { try ResponsePrefix(tracingID: trace).encode(into: &output) }
      try message.encode(into: &output, version: version)
    }
  }

  /// Whether anything may still be sent.
  @inline(__always)
  var canAnswer: Bool {
    switch phase {
    case .establishing, .judging, .ready, .draining: true
    case .lingering, .closed: false
    }
  }

  /// Completes what was appended since the last time, before it leaves.
  mutating func seal(_ output: inout [UInt8]) { encoder.seal(&output) }
}

// MARK: - Time

extension ServerMachine {
  /// What can last too long.
  enum Timer: Hashable, CaseIterable {
    /// The time until a client is ready.
    case handshake
    /// A message from when its length is known to its last byte, as long as the node reads from the client.
    case frame
    /// Nothing lasts too long: the answer to a login has waited.
    case login
    /// A client that has its last answer and does not end its half.
    case linger
  }

  /// What to do when a timer has passed.
  enum TimerAction: Hashable {
    /// Nothing.
    case none
    /// Give the answer to the login, with ``takeLogin()``.
    case answerLogin
    /// Close the connection.
    case close
  }

  /// The timer that passes first, and when; nil when none is set.
  var nextTimer: (timer: Timer, at: UInt64)? {
    let frame: (timer: Timer, at: UInt64)? = frame.at == .max ? nil : (.frame, frame.at)
    guard let limit = limitOfPhase else { return phase == .closed ? nil : frame }
    guard let frame, frame.at < limit.at else { return limit }
    return frame
  }

  private var limitOfPhase: (timer: Timer, at: UInt64)? {
    let handshakeAt = began + limits.handshakeTimeout
    switch phase {
    case .establishing: return (.handshake, handshakeAt)
    case .judging: return loginAt < handshakeAt ? (.login, loginAt) : (.handshake, handshakeAt)
    case .lingering: return (.linger, lingerAt)
    case .ready, .draining, .closed: return nil
    }
  }

  /// The time has come that ``nextTimer`` told.
  mutating func pass(now: UInt64) -> TimerAction {
    guard let next = nextTimer, next.at <= now else { return .none }
    switch next.timer {
    case .handshake, .frame, .linger: return .close
    case .login: return .answerLogin
    }
  }

  /// Whether the client has said nothing for too long though nothing is owed to it, of which so many bytes wait.
  func isIdle(waiting: Int, now: UInt64) -> Bool {
    switch phase {
    case .establishing, .ready, .draining, .lingering:
      requestsInFlight == 0 && waiting == 0 && now >= lastHeard + limits.idleTimeout
    case .judging, .closed: false
    }
  }
}

// MARK: - The end

extension ServerMachine {
  /// Looks at nothing that still arrives; ``finish(now:)`` tells when the last answer has been given.
  mutating func drain() {
    switch phase {
    case .establishing, .judging, .ready: phase = .draining
    case .draining, .lingering, .closed: break
    }
  }

  /// What to do about a connection that drains.
  enum FinishAction: Hashable {
    /// Nothing: it does not, or an answer is missing.
    case none
    /// End the output behind what has been written.
    case endOutput
  }

  /// Asks whether the connection drains and the last answer has been given.
  mutating func finish(now: UInt64) -> FinishAction {
    switch phase {
    case .draining where requestsInFlight == 0:
      phase = .lingering
      lingerAt = now + limits.lingerTimeout
      return .endOutput
    case .draining, .establishing, .judging, .ready, .lingering, .closed: return .none
    }
  }

  /// The socket is closed. Returns whether the answer to a login waited for its time.
  mutating func close() -> Bool {
    phase = .closed
    input.end()
    login = nil
    let waited = loginAt != .max
    loginAt = .max
    return waited
  }
}
