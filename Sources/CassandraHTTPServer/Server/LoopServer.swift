internal import CassandraHTTP
internal import CassandraReactor
internal import CassandraTelemetry

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The part of a server that lives on one loop: its connections and what they share.
final class LoopServer {
  /// How far the end has come.
  enum Ending: Comparable {
    /// The server serves.
    case none
    /// It serves, and says that it is not ready.
    case announced
    /// What is answered ends its connection.
    case answersAreLast
    /// Connections without a request are closed.
    case stopping
  }

  let loop: EventLoop
  let configuration: ServerConfiguration
  let limits: ConnectionLimits
  let logger: CassandraLogger
  let routes: RouteTable
  let wrapper: AnswerWrapper?
  /// The bytes that requests may hold at once.
  let budget: ByteBudget
  /// Connections that something is to be done for and that have no task yet.
  private let arrivals: LoopQueue<HTTPConnection>
  private var connections: [ObjectIdentifier: HTTPConnection] = [:]
  private(set) var ending = Ending.none
  /// Bytes that wait for slow clients.
  private var waitingBytes = 0
  private var cutSlowAfter: UInt64 = 0
  private let loopCount: Int
  private var streams = 0
  /// How much was let go of since memory was last given back, in idle connections.
  private var freed = 0
  private var trims = false
  private var date: FieldLine?
  private var dateIsGoodUntil: UInt64 = 0
  let idPrefix: String
  private var requests = 0
  /// Counts by route; nil where that is not wanted.
  private let counts: LoopCounts?
  private let slowMicroseconds: UInt64?
  /// Takes the spans of requests; nil where that is not wanted.
  let spans: (any SpanSink)?
  private var refusals: [ServerMetrics.Refusal: UInt64] = [:]
  private var accepted: UInt64 = 0
  /// All loops of the server.
  let peers: ServerPeers

  init(
    on loop: EventLoop, of loopCount: Int, configuration: ServerConfiguration, routes: RouteTable,
    counts clients: ClientCounts?, peers: ServerPeers, logger: CassandraLogger
  ) {
    self.loop = loop
    self.loopCount = max(1, loopCount)
    self.configuration = configuration
    self.routes = routes
    self.logger = logger
    limits = ConnectionLimits(configuration)
    wrapper = AnswerWrapper(configuration.answers, counts: clients, logger: logger)
    budget = ByteBudget(
      limit: max(1, configuration.maximumRequestBytes / max(1, loopCount)), patience: configuration.budgetTimeout,
      on: loop)
    arrivals = LoopQueue(on: loop)
    counts = configuration.countsRequests ? LoopCounts(routes) : nil
    slowMicroseconds = configuration.slowRequestThreshold.map { $0.wholeMicroseconds }
    spans = configuration.spans
    self.peers = peers
    idPrefix = String(UInt32.random(in: .min ... .max), radix: 36) + "-" + String(loop.index, radix: 36) + "-"
  }

  /// A share of a limit that holds for all loops together.
  private func share(_ limit: Int) -> Int { max(1, limit / loopCount) }

  /// Whether it matters how long requests take.
  var measures: Bool { configuration.answers.logsAccess || counts != nil || slowMicroseconds != nil || spans != nil }
  /// Whether idle connections are closed.
  var isStopping: Bool { ending == .stopping }
  /// Whether what is answered ends its connection.
  var isEnding: Bool { ending >= .answersAreLast }
  /// Whether an end has been announced.
  var isAnnounced: Bool { ending >= .announced }

  /// Whether another streamed answer may begin.
  func beginStream() -> Bool {
    guard streams < share(configuration.maximumStreams) else { return false }
    streams += 1
    return true
  }

  func endStream() {
    streams -= 1
    memoryMayBeFree(1)
  }

  /// The `Date` field, made anew when the second has changed.
  var dateLine: FieldLine {
    let now = loop.now
    if now < dateIsGoodUntil, let date { return date }
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    dateIsGoodUntil = now + 1000 - UInt64(time.tv_nsec / 1_000_000)
    let line = FieldLine(date: HTTPDate(secondsSince1970: Int(time.tv_sec)))
    date = line
    return line
  }

  func nextRequestNumber() -> Int {
    requests += 1
    return requests
  }

  /// Why a request is not handled at all; nil when it is.
  func admission(of exchange: Exchange, to endpoint: RouteTable.Endpoint, on connection: HTTPConnection) -> Response? {
    guard !endpoint.isAlwaysAnswered else { return nil }
    if isOverloaded {
      count(.overloaded)
      cutSlowest()
      return connection.failed(Problem.overloaded)
    }
    return wrapper?.admission(of: exchange, on: connection)
  }
}

// MARK: - Slow clients

extension LoopServer {
  func beginWaiting(_ bytes: Int) {
    waitingBytes += bytes
    if waitingBytes > share(configuration.maximumWaitingBytes) { cutSlowest() }
  }

  func endWaiting(_ bytes: Int) { waitingBytes -= bytes }

  /// Whether so much waits for slow clients, though the slowest have been cut, that requests have to be turned away.
  private var isOverloaded: Bool { waitingBytes > share(configuration.maximumWaitingBytes) * 2 }

  /// How often the slowest clients are looked for, in milliseconds: 250.
  private static let searchInterval: UInt64 = 250

  /// Who does not read pays for it, and not those who ask meanwhile: the clients that have taken nothing for a second are
  /// cut, those with the most first, until enough is free.
  private func cutSlowest() {
    let now = loop.now
    guard now >= cutSlowAfter else { return }
    cutSlowAfter = now + Self.searchInterval
    var excess = waitingBytes - share(configuration.maximumWaitingBytes)
    let slow = connections.values.filter { $0.takesNothing(now: now) }
      .sorted { $0.transport.waitingBytes > $1.transport.waitingBytes }
    for connection in slow {
      guard excess > 0 else { return }
      excess -= connection.transport.waitingBytes
      logCut(connection)
      connection.transport.abort()
    }
  }

  /// A client was cut because it did not read.
  func logCut(_ connection: HTTPConnection) {
    count(.slowClient)
    logger.warning(
      "a client was cut because it did not take its answer",
      [
        "client": .text(connection.transport.peer.map { "\($0)" } ?? "unknown"),
        "sent": .integer(Int(connection.transport.acknowledgedBytes)),
        "waiting": .integer(connection.transport.waitingBytes),
      ])
  }

  /// A connection ended with an error of the socket.
  func logClosing(_ error: ReactorError, of connection: HTTPConnection, in phase: ServerMachine.Phase) {
    let fields: KeyValuePairs<String, LogValue> = [
      "client": .text(connection.transport.peer.map { "\($0)" } ?? "unknown"),
      "sent": .integer(Int(connection.transport.sentBytes)), "phase": .text("\(phase)"),
      "error": .text(error.debugDescription),
    ]
    switch error.code {
    // Clients leave as they like; what else a socket says is rare.
    case .connectionReset, .connectionClosed, .timedOut, .tlsTruncated, .tlsHandshake, .tlsProtocol:
      logger.debug("a connection was lost", fields)
    default: logger.warning("a connection was lost", fields)
    }
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
    let connection = HTTPConnection(transport, server: self)
    connections[ObjectIdentifier(connection)] = connection
    accepted &+= 1
  }

  /// Gives a connection a task again.
  func serve(_ connection: HTTPConnection) { arrivals.push(connection) }

  func connectionClosed(_ connection: HTTPConnection) {
    connections[ObjectIdentifier(connection)] = nil
    memoryMayBeFree(1)
    if isStopping && connections.isEmpty { arrivals.finish() }
  }

  /// Serves connections until the server stops and the last of them has ended.
  func run() async {
    let loop = loop
    await withDiscardingTaskGroup { group in
      while let arrived = await arrivals.takeAll() {
        for connection in arrived {
          let bound = LoopBound(connection, on: loop)
          group.addTask(executorPreference: loop) { await bound.onLoop.serve() }
        }
      }
      group.cancelAll()
    }
    for connection in connections.values { connection.transport.close() }
  }

  /// How many connections are open.
  var connectionCount: Int { connections.count }

  /// Goes a step further towards the end. With ``Ending/stopping`` idle connections end now, the others after their
  /// present answer, all of them after a time.
  func end(_ step: Ending) {
    guard step > ending else { return }
    ending = step
    guard step == .stopping else { return }
    guard !connections.isEmpty else {
      arrivals.finish()
      return
    }
    for connection in connections.values { connection.closeIfIdle() }
    _ = loop.setDeadline(after: configuration.shutdownTimeout, handler: self, token: Timer.shutdown.rawValue)
  }
}

// MARK: - What is told of requests

extension LoopServer {
  /// An answer has been given, or was cut.
  func ended(_ exchange: Exchange, on connection: HTTPConnection) {
    guard measures else { return }
    let micros = AnswerWrapper.now &- exchange.began
    counts?.ended(exchange, microseconds: micros)
    wrapper?.ended(exchange, on: connection, microseconds: micros)
    if let spans { record(exchange, on: connection, microseconds: micros, in: spans) }
    guard let slowMicroseconds, micros > slowMicroseconds else { return }
    let head = exchange.head
    logger.warning(
      "a slow request",
      [
        "method": .text(head.method == .other ? head.methodName : "\(head.method.name)"), "path": .text(head.path),
        "route": .text(exchange.pattern), "status": .integer(Int(exchange.status.code)),
        "us": .integer(Int(clamping: micros)), "id": .text(connection.requestID),
      ])
  }

  /// Records the span of a request, by the names of OpenTelemetry's conventions for HTTP.
  private func record(
    _ exchange: Exchange, on connection: HTTPConnection, microseconds: UInt64, in spans: any SpanSink
  ) {
    guard let context = exchange.span else { return }
    let head = exchange.head
    let method = head.method == .other ? head.methodName : "\(head.method.name)"
    let status = Int(exchange.status.code)
    var attributes: [(name: String, value: LogValue)] = [
      ("http.request.method", .text(method)), ("url.path", .text(head.path)),
      ("url.scheme", .text(configuration.tls == nil ? "http" : "https")),
      ("http.response.status_code", .integer(status)), ("http.response.body.size", .integer(exchange.bodyBytes)),
      ("client.address", .text(connection.client?.host ?? "unix")),
    ]
    if !exchange.pattern.isEmpty { attributes.append(("http.route", .text(exchange.pattern))) }
    if status >= 500 { attributes.append(("error.type", .text("\(status)"))) }
    spans.record(
      TraceSpan(
        context, parent: exchange.parentSpan,
        name: exchange.pattern.isEmpty ? method : "\(method) \(exchange.pattern)", kind: .server,
        duration: Int64(clamping: microseconds) * 1000, attributes: attributes, isFailure: status >= 500))
  }

  /// Something was refused or cut, which is rare.
  func count(_ refusal: ServerMetrics.Refusal) { refusals[refusal, default: 0] &+= 1 }

  var metrics: ServerMetrics {
    var metrics = ServerMetrics()
    metrics.routes = counts?.snapshot ?? []
    metrics.refusals = refusals
    metrics.acceptedConnections = accepted
    metrics.connections = connections.count
    metrics.requestsInFlight = connections.values.count { !$0.isIdle }
    metrics.streams = streams
    metrics.waitingBytes = waitingBytes
    return metrics
  }
}

extension Duration {
  fileprivate var wholeMicroseconds: UInt64 {
    let (seconds, attoseconds) = components
    return UInt64(clamping: max(0, seconds)) * 1_000_000 + UInt64(clamping: max(0, attoseconds / 1_000_000_000_000))
  }
}

// MARK: - Memory and time

extension LoopServer {
  /// How much is let go of before memory is given back to the system, in idle connections: 256. The allocator would keep
  /// it for ever.
  private static let freedBeforeTrim = 256
  /// How long after that, so that what ends at the same time counts too: 1 s.
  private static let trimDelay: Duration = .seconds(1)

  private enum Timer: UInt64 {
    case shutdown
    case trim
  }

  /// As much has been let go of as so many idle connections leave behind, some ten kilobytes each.
  func memoryMayBeFree(_ amount: Int) {
    freed += amount
    guard freed >= Self.freedBeforeTrim, !trims else { return }
    trims = true
    _ = loop.setDeadline(after: Self.trimDelay, handler: self, token: Timer.trim.rawValue)
  }

  private func trimMemory() {
    trims = false
    freed = 0
    EventLoops.giveBackFreeMemory()
  }
}

extension LoopServer: DeadlineHandler {
  func deadlinePassed(token: UInt64) {
    switch Timer(rawValue: token) {
    case .trim: trimMemory()
    case .shutdown: cutRequestsInFlight()
    case nil: preconditionFailure("the server set no such timer")
    }
  }

  /// The time for requests in flight is over.
  private func cutRequestsInFlight() {
    let cut = connections.values.count { !$0.isIdle }
    if cut > 0 { logger.warning("requests were cut at the end", ["connections": .integer(cut)]) }
    for connection in connections.values { connection.transport.abort() }
    arrivals.finish()
  }
}
