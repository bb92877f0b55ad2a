internal import CQLEngine
internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry

/// The part of a node that lives on one loop: its connections, its workers, and its share of the limits.
final class LoopServer {
  let loop: EventLoop
  /// The limits, those over all loops divided by their number.
  let limits: NodeLimits
  /// What bounds each connection.
  let connectionLimits: ServerMachine.Limits
  let password: PasswordCheck?
  let workers: Workers
  /// The clients of all loops.
  let clients: ClientDirectory
  /// Where long reads wait between two slices.
  let turns: TurnQueue
  private let logger: CassandraLogger
  private let births: LoopQueue<Void>
  private var connections: [ObjectIdentifier: ClientConnection] = [:]
  /// Connections that have asked for events.
  private var listeners: [ObjectIdentifier: ClientConnection] = [:]
  /// Connections whose client does not read as fast as it is answered.
  private var slow: [ObjectIdentifier: ClientConnection] = [:]
  private var sweep: DeadlineKey?
  private var requestsInFlight = 0
  private var requestBytesInFlight = 0
  /// The loop's share of the memory.
  let memory: MemoryShare
  private var memoryWaiters: [UnsafeContinuation<Void, Never>] = []
  private var memoryTick: DeadlineKey?
  private var logins: LoginGuard
  /// Logins that the roles decide; nil where there are none.
  private let loginLine: LoginLine?
  private var failedLogins = 0
  private var idleSweep: DeadlineKey?
  private var isStopping = false
  private var end: DeadlineKey?
  /// When the storage's next failure may be logged, and how many have not been since the last one.
  private var nextReport: UInt64 = 0
  private var unreported = 0
  private var nextLoginReport: UInt64 = 0

  init(
    on loop: EventLoop, configuration: NodeConfiguration, loopCount: Int, memory: MemoryBudget,
    clients: ClientDirectory, authority: (any LoginAuthority)?, logger: CassandraLogger
  ) {
    self.clients = clients
    self.memory = MemoryShare(of: memory)
    logins = LoginGuard(maximumWaiting: configuration.limits.waitingLoginsPerAddress)
    self.loop = loop
    self.logger = logger
    limits = configuration.limits.share(of: loopCount)
    connectionLimits = ServerMachine.Limits(limits)
    loginLine = configuration.hasLogins ? authority.map { LoginLine($0, on: loop) } : nil
    password = loginLine == nil ? configuration.user.map(PasswordCheck.init) : .roles
    births = LoopQueue(on: loop)
    turns = TurnQueue(on: loop)
    workers = Workers(on: loop, births: births)
  }
}

extension NodeLimits {
  /// The limits of one of `count` loops.
  func share(of count: Int) -> NodeLimits {
    var share = self
    share.requestsInFlight = max(1, requestsInFlight / count)
    share.requestBytesInFlight = max(1, requestBytesInFlight / count)
    return share
  }
}

// MARK: - Connections

extension LoopServer {
  /// Takes a connection that the listener has accepted.
  func accept(_ transport: Transport) {
    guard !isStopping else {
      transport.close()
      return
    }
    let connection = ClientConnection(transport, server: self)
    connections[ObjectIdentifier(connection)] = connection
    if idleSweep == nil { setIdleSweep() }
  }

  private func setIdleSweep() {
    let interval = min(max(limits.idleTimeout / 8, .milliseconds(10)), .seconds(30))
    idleSweep = loop.setDeadline(after: interval, handler: self, token: Timer.idle.rawValue)
  }

  func connectionClosed(_ connection: ClientConnection) {
    let id = ObjectIdentifier(connection)
    connections[id] = nil
    listeners[id] = nil
    slow[id] = nil
    if isStopping && connections.isEmpty { finish() }
  }

  func wantsEvents(_ connection: ClientConnection) { listeners[ObjectIdentifier(connection)] = connection }

  /// Tells everybody who has asked for it.
  func announce(_ event: Event) {
    for connection in listeners.values { connection.tell(event) }
  }
}

// MARK: - Limits

extension LoopServer {
  /// How many requests a connection may have that are not answered: a quarter of as many as there may still be, so that
  /// all who want more than that come to have as many as each other, and whoever comes finds as many left; two in any
  /// case.
  var requestShare: Int {
    min(limits.requestsPerConnection, max(2, (limits.requestsInFlight - requestsInFlight) / 4))
  }

  /// Takes a request of `bytes` into account, or says why it is not taken. `own` is how many its connection has already.
  func admit(bytes: Int, beside own: Int, holding: Int) -> ErrorResponse? {
    if own >= requestShare {
      return ErrorResponse(
        .overloaded, "The connection has \(own) unanswered requests, and there is no memory for more")
    }
    if requestBytesInFlight + bytes > limits.requestBytesInFlight, holding + bytes > MemoryShare.freeBytes {
      return ErrorResponse(.overloaded, "The node has too many unanswered requests; try again later")
    }
    if holding + bytes > limits.connectionMemoryBytes {
      return ErrorResponse(
        .overloaded, "The connection holds \(holding) bytes of requests and answers; read some first")
    }
    guard memory.take(bytes, holding: holding + bytes) else {
      return ErrorResponse(.overloaded, "The node has no memory left for the request; try again later")
    }
    requestsInFlight += 1
    requestBytesInFlight += bytes
    return nil
  }

  /// A request of `bytes` is answered, or nobody waits for its answer any more.
  func release(bytes: Int) {
    requestsInFlight -= 1
    requestBytesInFlight -= bytes
    memory.giveBack(bytes)
  }

  /// Waits until memory has been given back, here or on another loop.
  func waitForMemory() async {
    if memoryTick == nil { setMemoryTick() }
    await withUnsafeContinuation { memoryWaiters.append($0) }
  }

  private func setMemoryTick() {
    memoryTick = loop.setDeadline(after: Self.memoryInterval, handler: self, token: Timer.memory.rawValue)
  }

  /// How often those who wait for memory look for what other loops have given back: every 100 ms.
  private static let memoryInterval: Duration = .milliseconds(100)

  /// Lets those who wait longest for memory look again, in the order in which they came. Who still finds none waits again
  /// behind the others.
  func memoryWasGivenBack() { wakeMemoryWaiters(Self.wokenAtOnce) }

  private func wakeMemoryWaiters(_ count: Int) {
    guard !memoryWaiters.isEmpty else { return }
    let waiters = memoryWaiters.prefix(count)
    memoryWaiters.removeFirst(waiters.count)
    for waiter in waiters { waiter.resume() }
  }

  /// How many look at once when memory is given back: 16, so that its end costs a request the same however many wait.
  private static let wokenAtOnce = 16

  /// Watches a connection whose client does not read as fast as it is answered.
  func isSlow(_ connection: ClientConnection) {
    guard slow.updateValue(connection, forKey: ObjectIdentifier(connection)) == nil else { return }
    if sweep == nil { setSweep() }
  }

  private func setSweep() {
    sweep = loop.setDeadline(after: Self.sweepInterval, handler: self, token: Timer.readers.rawValue)
  }

  /// How often slow connections are looked at: every second.
  private static let sweepInterval: Duration = .seconds(1)

  /// Tells the operator what the storage could not do. Every request may fail by it, so it is said once a second.
  func report(_ failure: EngineFailure) {
    guard let detail = failure.storageDetail else { return }
    guard loop.now >= nextReport else {
      unreported += 1
      return
    }
    nextReport = loop.now + Self.reportInterval.wholeMilliseconds
    logger.error(
      "the storage failed",
      [
        "reason": .text(failure.response.message), "detail": .text(detail), "notLoggedBefore": .integer(unreported),
      ])
    unreported = 0
  }

  /// How often failures of the storage are logged at most: every second.
  private static let reportInterval: Duration = .seconds(1)
}

// MARK: - Logins

extension LoopServer {
  /// What logins are counted by: an address, or the network of 64 bits that one machine has of IPv6.
  private static func network(_ peer: SocketAddress?) -> [UInt8] {
    guard let bytes = peer?.bytes else { return [] }
    return bytes.count == 16 ? Array(bytes.prefix(8)) : bytes
  }

  /// Asks the roles who a client is, and tells it.
  func ask(_ attempt: LoginAttempt, for connection: ClientConnection) {
    guard let loginLine else { preconditionFailure("roles are asked where there are some") }
    if let known = loginLine.known(attempt) {
      connection.decide(attempt, known)
    } else {
      loginLine.append(
        LoginLine.Entry(
          connection: connection, attempt: attempt, address: Self.network(connection.transport.peer)))
    }
  }

  /// Whether a login is worth the hash of its password: somebody waits for it, and not too many from there do.
  private func isWorth(_ login: LoginLine.Entry) -> Bool {
    guard !login.connection.isClosed else { return false }
    guard logins.isFull(login.address) else { return true }
    login.connection.cut()
    return false
  }

  /// How long an answer to a login has to wait; nil when too many wait from there.
  func loginWait(at peer: SocketAddress?) -> Duration? { logins.beginWait(Self.network(peer), at: loop.now) }

  /// An answer to a login waits no longer.
  func loginEnded(at peer: SocketAddress?) { logins.endWait(Self.network(peer)) }

  /// Somebody has logged in.
  func loginSucceeded(at peer: SocketAddress?) { logins.succeeded(Self.network(peer)) }

  /// Notes a login that failed, and tells the operator, once a second.
  func loginFailed(_ user: String, at peer: SocketAddress?) {
    logins.failed(Self.network(peer), at: loop.now)
    failedLogins += 1
    guard loop.now >= nextLoginReport else { return }
    nextLoginReport = loop.now + Self.reportInterval.wholeMilliseconds
    logger.warning(
      "a login failed",
      [
        "user": .text(user), "peer": .text(peer.map { "\($0)" } ?? "unknown"),
        "failures": .integer(logins.failures(of: Self.network(peer))), "failuresInAll": .integer(failedLogins),
      ])
  }
}

// MARK: - Life

extension LoopServer: DeadlineHandler {
  /// What a deadline is for.
  private enum Timer: UInt64 {
    /// Clients that do not read as fast as they are answered are looked at.
    case readers
    /// The time that connections have when the node stops is over.
    case end
    /// Those who wait for memory look whether there is some.
    case memory
    /// Connections that say nothing are looked for.
    case idle
  }

  func deadlinePassed(token: UInt64) {
    switch Timer(rawValue: token) {
    case .readers?:
      sweep = nil
      let now = loop.now
      for (id, connection) in slow where !connection.isStillSlow(at: now) { slow[id] = nil }
      if !slow.isEmpty { setSweep() }
    case .end?:
      end = nil
      logger.warning("connections were cut at the end", ["connections": .integer(connections.count)])
      for connection in connections.values { connection.cut() }
    case .memory?:
      memoryTick = nil
      wakeMemoryWaiters(memoryWaiters.count)
      if !memoryWaiters.isEmpty { setMemoryTick() }
    case .idle?:
      idleSweep = nil
      for connection in connections.values { connection.closeIfIdle(at: loop.now) }
      if !connections.isEmpty { setIdleSweep() }
    case nil: preconditionFailure("every deadline of a loop's server has the token of a timer")
    }
  }

  /// Runs what the connections ask until ``stop()`` has been called and the last of them has ended. When the task is
  /// cancelled, connections are cut.
  func run(on executor: any RequestExecutor) async {
    let loop = loop
    let bound = LoopBound((workers, executor), on: loop)
    let server = LoopBound(self, on: loop)
    await withDiscardingTaskGroup { group in
      group.addTask(executorPreference: loop) {
        let server = server.onLoop
        await server.loginLine?.run { server.isWorth($0) }
      }
      while let births = await births.takeAll() {
        for _ in births {
          group.addTask(executorPreference: loop) {
            let (workers, executor) = bound.onLoop
            await workers.work(on: executor)
          }
        }
      }
      for connection in connections.values { connection.cut() }
      workers.stop()
      group.cancelAll()
    }
    if let sweep { loop.cancelDeadline(sweep) }
    for deadline in [end, memoryTick, idleSweep] {
      if let deadline { loop.cancelDeadline(deadline) }
    }
  }

  /// Lets connections end: those without a request now, the others after their last answer, all of them after a time.
  func stop() {
    guard !isStopping else { return }
    isStopping = true
    guard !connections.isEmpty else {
      finish()
      return
    }
    end = loop.setDeadline(after: limits.shutdownTimeout, handler: self, token: Timer.end.rawValue)
    for connection in connections.values { connection.drain() }
  }

  private func finish() {
    workers.stop()
    loginLine?.finish()
    births.finish()
  }
}
