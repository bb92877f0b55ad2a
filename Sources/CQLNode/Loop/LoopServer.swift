internal import CQLEngine
internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry

/// The part of a node that lives on one loop: its connections, its workers, and its share of the limits.
final class LoopServer {
  let loop: EventLoop
  /// The limits, those over all loops divided by their number.
  let limits: NodeLimits
  let password: PasswordCheck?
  let workers: Workers
  /// Where long reads wait between two slices.
  let turns: TurnQueue
  private let logger: CassandraLogger
  private let births: LoopQueue<Void>
  private var connections: [ObjectIdentifier: ClientConnection] = [:]
  /// Connections that have asked for events.
  private var listeners: [ObjectIdentifier: ClientConnection] = [:]
  /// Connections whose client does not read as fast as it is answered.
  private var slow: [ObjectIdentifier: ClientConnection] = [:]
  private var slowBytes = 0
  private var slowBytesAt: UInt64 = 0
  private var sweep: DeadlineKey?
  private var requestsInFlight = 0
  private var requestBytesInFlight = 0
  private var isStopping = false
  private var end: DeadlineKey?
  /// When the storage's next failure may be logged.
  private var nextReport: UInt64 = 0

  init(on loop: EventLoop, configuration: NodeConfiguration, loopCount: Int, logger: CassandraLogger) {
    self.loop = loop
    self.logger = logger
    limits = configuration.limits.share(of: loopCount)
    password = configuration.user.map(PasswordCheck.init)
    births = LoopQueue(on: loop)
    turns = TurnQueue(on: loop)
    workers = Workers(on: loop, turns: turns, births: births)
  }
}

extension NodeLimits {
  /// The limits of one of `count` loops.
  func share(of count: Int) -> NodeLimits {
    var share = self
    share.requestsInFlight = max(1, requestsInFlight / count)
    share.requestBytesInFlight = max(1, requestBytesInFlight / count)
    share.answerBytesWaiting = max(1, answerBytesWaiting / count)
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
  /// Takes a request of `bytes` into account, or says why it is not taken. `own` is how many its connection has already.
  func admit(bytes: Int, beside own: Int) -> ErrorResponse? {
    if own >= limits.requestsPerConnection {
      return ErrorResponse(
        .overloaded, "The connection has \(own) requests that are not answered, which is its limit")
    }
    if requestsInFlight >= limits.requestsInFlight || requestBytesInFlight + bytes > limits.requestBytesInFlight {
      return ErrorResponse(.overloaded, "The node has too many requests that are not answered; try again later")
    }
    if !slow.isEmpty && waitingBytes > limits.answerBytesWaiting {
      return ErrorResponse(.overloaded, "The node has too many answers that its clients do not read; try again later")
    }
    requestsInFlight += 1
    requestBytesInFlight += bytes
    return nil
  }

  /// A request of `bytes` is answered, or nobody waits for its answer any more.
  func release(bytes: Int) {
    requestsInFlight -= 1
    requestBytesInFlight -= bytes
  }

  /// Bytes of answers that wait for slow clients, looked at once in a millisecond.
  private var waitingBytes: Int {
    let now = loop.now
    if now != slowBytesAt {
      slowBytesAt = now
      slowBytes = slow.values.reduce(0) { $0 + $1.waitingBytes }
    }
    return slowBytes
  }

  /// Watches a connection whose client does not read as fast as it is answered.
  func isSlow(_ connection: ClientConnection) {
    guard slow.updateValue(connection, forKey: ObjectIdentifier(connection)) == nil else { return }
    if sweep == nil { sweep = loop.setDeadline(after: Self.sweepInterval, handler: self, token: Self.sweepToken) }
  }

  /// How often slow connections are looked at: every second.
  private static let sweepInterval: Duration = .seconds(1)

  /// Tells the operator what the storage could not do. Every request may fail by it, so it is said once a second.
  func report(_ failure: EngineFailure) {
    guard let detail = failure.storageDetail, loop.now >= nextReport else { return }
    nextReport = loop.now + Self.reportInterval.wholeMilliseconds
    logger.error("the storage failed", ["reason": .text(failure.response.message), "detail": .text(detail)])
  }

  /// How often failures of the storage are logged at most: every second.
  private static let reportInterval: Duration = .seconds(1)
}

// MARK: - Life

extension LoopServer: DeadlineHandler {
  private static let sweepToken: UInt64 = 0
  private static let endToken: UInt64 = 1

  func deadlinePassed(token: UInt64) {
    if token == Self.endToken {
      end = nil
      logger.warning("connections were cut at the end", ["connections": .integer(connections.count)])
      for connection in connections.values { connection.cut() }
      return
    }
    sweep = nil
    let now = loop.now
    for (id, connection) in slow where !connection.isStillSlow(at: now) { slow[id] = nil }
    if !slow.isEmpty { sweep = loop.setDeadline(after: Self.sweepInterval, handler: self, token: Self.sweepToken) }
  }

  /// Runs what the connections ask until ``stop()`` has been called and the last of them has ended. When the task is
  /// cancelled, connections are cut.
  func run(on executor: any RequestExecutor) async {
    let loop = loop
    let bound = LoopBound((workers, executor), on: loop)
    await withDiscardingTaskGroup { group in
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
    if let end { loop.cancelDeadline(end) }
  }

  /// Lets connections end: those without a request now, the others after their last answer, all of them after a time.
  func stop() {
    guard !isStopping else { return }
    isStopping = true
    guard !connections.isEmpty else {
      finish()
      return
    }
    end = loop.setDeadline(after: limits.shutdownTimeout, handler: self, token: Self.endToken)
    for connection in connections.values { connection.drain() }
  }

  private func finish() {
    workers.stop()
    births.finish()
  }
}
