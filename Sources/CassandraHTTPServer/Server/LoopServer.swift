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
  let loop: EventLoop
  let configuration: ServerConfiguration
  let logger: CassandraLogger
  private let routes: RouteTable
  /// Connections that something is to be done for and that have no task yet.
  private let arrivals: LoopQueue<HTTPConnection>
  private var connections: [ObjectIdentifier: HTTPConnection] = [:]
  private(set) var isStopping = false
  /// Bytes that wait for slow clients.
  var waitingBytes = 0
  private var streams = 0
  /// Connections that became idle since memory was last given back.
  private var parkedConnections = 0
  private var date: FieldLine?
  private var dateIsGoodUntil: UInt64 = 0
  let idPrefix: String
  private var requests = 0

  init(on loop: EventLoop, configuration: ServerConfiguration, routes: RouteTable, logger: CassandraLogger) {
    self.loop = loop
    self.configuration = configuration
    self.routes = routes
    self.logger = logger
    arrivals = LoopQueue(on: loop)
    idPrefix = String(UInt32.random(in: .min ... .max), radix: 36) + "-" + String(loop.index, radix: 36) + "-"
  }

  /// A share of a limit that holds for all loops together.
  private func share(_ limit: Int) -> Int { max(1, limit / max(1, loopCount)) }
  var loopCount = 1

  /// Whether another streamed answer may begin.
  func beginStream() -> Bool {
    guard streams < share(configuration.maximumStreams) else { return false }
    streams += 1
    return true
  }

  func endStream() { streams -= 1 }

  /// Whether so much waits for slow clients that requests have to be turned away.
  var isOverloaded: Bool { waitingBytes > share(configuration.maximumWaitingBytes) }

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

  func match(_ head: borrowing RequestHead) throws(HTTPError) -> RouteTable.Match { try routes.match(head) }
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
  }

  /// Gives a connection a task again.
  func serve(_ connection: HTTPConnection) { arrivals.push(connection) }

  func connectionClosed(_ connection: HTTPConnection) {
    connections[ObjectIdentifier(connection)] = nil
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

  /// Lets connections end: idle ones now, the others after their present answer, all of them after a time.
  func stop() {
    guard !isStopping else { return }
    isStopping = true
    guard !connections.isEmpty else {
      arrivals.finish()
      return
    }
    for connection in connections.values { connection.closeIfIdle() }
    _ = loop.setDeadline(after: configuration.shutdownTimeout, handler: self, token: Self.shutdownToken)
  }
}

// MARK: - Memory and time

extension LoopServer {
  /// Connections that became idle before memory is given back to the system: 256. The allocator would keep it for ever.
  private static let connectionsOfATrim = 256
  /// How long after that, so that those which became idle at the same time count too: 1 s.
  private static let trimDelay: Duration = .seconds(1)

  private static let shutdownToken: UInt64 = 0
  private static let trimToken: UInt64 = 1

  /// A connection has let go of what an idle one does not need.
  func connectionParked() {
    parkedConnections += 1
    guard parkedConnections == Self.connectionsOfATrim else { return }
    _ = loop.setDeadline(after: Self.trimDelay, handler: self, token: Self.trimToken)
  }

  private func trimMemory() {
    parkedConnections = 0
    EventLoops.giveBackFreeMemory()
  }
}

extension LoopServer: DeadlineHandler {
  func deadlinePassed(token: UInt64) {
    if token == Self.trimToken { trimMemory() } else { cutRequestsInFlight() }
  }

  /// The time for requests in flight is over.
  private func cutRequestsInFlight() {
    let cut = connections.values.count { !$0.isIdle }
    if cut > 0 { logger.warning("requests were cut at the end", ["connections": .integer(cut)]) }
    for connection in connections.values { connection.transport.abort() }
    arrivals.finish()
  }
}
