internal import CassandraBytes
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
  let http2Limits: HTTP2Limits?
  /// What something is to be done for and has no task yet.
  private let arrivals: LoopQueue<RequestChannel>
  private var connections: [ObjectIdentifier: any ServedConnection] = [:]
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
  /// The beginning of the ids that the server gives.
  let idPrefix: [UInt8]
  private var requests = 0
  // `@exclusivity(unchecked)`: it is touched on the loop's thread only, and no access to it lasts while other code runs.
  /// All of the last id that was written but for its last two digits, and which numbers it stands before.
  @exclusivity(unchecked) private var idHead: (bytes: [UInt8], number: Int) = ([], -1)
  /// What is told of requests; nil where nothing is.
  let observation: LoopObservation?
  /// Whether it matters which trace a request belongs to.
  let findsTraces: Bool
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
    http2Limits = configuration.http2.map { [limits] in HTTP2Limits($0, limits) }
    wrapper = AnswerWrapper(configuration.answers, counts: clients)
    observation = LoopObservation(configuration, routes, on: loop, logger: logger)
    findsTraces = configuration.answers.sendsRequestIDs || configuration.spans != nil
    budget = ByteBudget(
      limit: max(1, configuration.maximumRequestBytes / max(1, loopCount)), patience: configuration.budgetTimeout,
      on: loop)
    arrivals = LoopQueue(on: loop)
    self.peers = peers
    idPrefix = Array("\(String(UInt32.random(in: .min ... .max), radix: 36))-\(String(loop.index, radix: 36))-".utf8)
  }

  /// A share of a limit that holds for all loops together.
  private func share(_ limit: Int) -> Int { max(1, limit / loopCount) }

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

  /// Appends the id that the server gives to the request of a number: ``idPrefix``, and the number to the base of 36.
  ///
  /// Each id is written several times, and all but the last two digits of it are those of the ids around it.
  func appendID(_ number: Int, to output: inout OutputSpan<UInt8>) {
    let (high, low) = number.quotientAndRemainder(dividingBy: 36 * 36)
    if high != idHead.number {
      var bytes = idPrefix
      if high > 0 { bytes.append(addingCapacity: 13) { $0.append(base36: high) } }
      idHead = (bytes, high)
    }
    let head = idHead.bytes
    output.append(copying: head.span)
    if high == 0 { output.append(base36: low) } else { output.append(twoDigitsOfBase36: low) }
  }

  /// Why a request is not handled at all; nil when it is.
  func admission(of exchange: Exchange, to endpoint: RouteTable.Endpoint, on channel: RequestChannel) -> Response? {
    guard !endpoint.isAlwaysAnswered else { return nil }
    if isOverloaded {
      count(.overloaded)
      cutSlowest()
      return channel.failed(Problem.overloaded)
    }
    return wrapper?.admission(of: exchange, on: channel)
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

  /// How long a client that holds much has to take nothing before it may be cut for others, in milliseconds: 1,000.
  static let silence: UInt64 = 1000
  /// How often the slowest clients are looked for, in milliseconds: 250.
  private static let searchInterval: UInt64 = 250

  /// Who does not read pays for it, and not those who ask meanwhile: the clients that have taken nothing for a second are
  /// cut, those with the most first, until enough is free.
  private func cutSlowest() {
    let now = loop.now
    guard now >= cutSlowAfter else { return }
    cutSlowAfter = now + Self.searchInterval
    var excess = waitingBytes - share(configuration.maximumWaitingBytes)
    let slow = connections.values.map { (connection: $0, bytes: $0.silentBytes(now: now)) }
      .filter { $0.bytes > 0 }.sorted { $0.bytes > $1.bytes }
    for (connection, bytes) in slow {
      guard excess > 0 else { return }
      excess -= bytes
      connection.cutSilent(now: now)
    }
  }

  /// A client was cut because it did not read.
  ///
  /// - Parameters:
  ///   - sent: Bytes that it had taken.
  ///   - waiting: Bytes that waited for it.
  func logCut(_ transport: Transport, sent: UInt64, waiting: Int) {
    count(.slowClient)
    logger.warning(
      "a client was cut because it did not take its answer",
      [
        "client": .text(transport.peer.map { "\($0)" } ?? "unknown"), "sent": .integer(Int(clamping: sent)),
        "waiting": .integer(waiting),
      ])
  }

  /// A connection ended with an error of the socket.
  func logClosing(_ error: ReactorError, of transport: Transport, in phase: String) {
    let fields: KeyValuePairs<String, LogValue> = [
      "client": .text(transport.peer.map { "\($0)" } ?? "unknown"),
      "sent": .integer(Int(transport.sentBytes)), "phase": .text(phase),
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
    accepted &+= 1
    if transport.isSecure,
      transport.tlsFacts?.applicationProtocol?.hasSameBytes(as: HTTP2Connection.protocolName) == true
    {
      _ = takeHTTP2(transport)
      return
    }
    let connection = HTTPConnection(transport, server: self)
    connections[ObjectIdentifier(connection)] = connection
  }

  /// Takes a connection that speaks HTTP/2; nil when it does not here, and the connection is closed.
  func takeHTTP2(_ transport: Transport) -> HTTP2Connection? {
    guard let http2Limits, let session = HTTP2Session(limits: http2Limits) else {
      transport.close()
      return nil
    }
    let connection = HTTP2Connection(transport, session: session, limits: http2Limits, server: self)
    connections[ObjectIdentifier(connection)] = connection
    return connection
  }

  /// Gives what has something to do a task.
  func serve(_ channel: RequestChannel) { arrivals.push(channel) }

  func connectionClosed(_ connection: any ServedConnection) {
    connections[ObjectIdentifier(connection)] = nil
    memoryMayBeFree(1)
    if isStopping && connections.isEmpty { arrivals.finish() }
  }

  /// Serves connections until the server stops and the last of them has ended.
  func run() async {
    let loop = loop
    await withDiscardingTaskGroup { group in
      while let arrived = await arrivals.takeAll() {
        for channel in arrived {
          let bound = LoopBound(channel, on: loop)
          group.addTask(executorPreference: loop) { await bound.onLoop.serve() }
        }
      }
      group.cancelAll()
    }
    // The program may end before the loop's turn does.
    observation?.flush()
    for connection in connections.values { connection.transport.close() }
  }

  /// How many connections are open.
  var connectionCount: Int { connections.count }

  /// Goes a step further towards the end. With ``Ending/stopping`` idle connections end now, the others after their
  /// present answer, all of them after a time.
  func end(_ step: Ending) {
    guard step > ending else { return }
    ending = step
    for connection in connections.values { connection.end(step) }
    guard step == .stopping else { return }
    guard !connections.isEmpty else {
      arrivals.finish()
      return
    }
    _ = loop.setDeadline(after: configuration.shutdownTimeout, handler: self, token: Timer.shutdown.rawValue)
  }
}

// MARK: - What is told of requests

extension LoopServer {
  /// An answer has been given, or was cut.
  @inline(__always)
  func ended(_ exchange: Exchange, on channel: RequestChannel) { observation?.ended(exchange, on: channel) }

  /// Something was refused or cut, which is rare.
  func count(_ refusal: ServerMetrics.Refusal) { refusals[refusal, default: 0] &+= 1 }

  var metrics: ServerMetrics {
    var metrics = ServerMetrics()
    metrics.routes = observation?.countsByRoute ?? []
    metrics.refusals = refusals
    metrics.acceptedConnections = accepted
    metrics.connections = connections.count
    metrics.requestsInFlight = connections.values.reduce(0) { $0 + $1.requestsInFlight }
    metrics.streams = streams
    metrics.waitingBytes = waitingBytes
    metrics.droppedSpans = observation?.droppedSpans ?? 0
    return metrics
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
    let cut = connections.values.count { $0.requestsInFlight > 0 }
    if cut > 0 { logger.warning("requests were cut at the end", ["connections": .integer(cut)]) }
    for connection in connections.values { connection.transport.abort() }
    arrivals.finish()
  }
}
