public import CassandraReactor
public import CassandraTelemetry

/// A server of HTTP/1.1 and HTTP/2 on event loops.
///
/// ```swift
/// try await Server(routes: routes, context: context).run()
/// ```
/// is all of a program: it says where it listens, ends in order on SIGTERM and Ctrl-C, and when it cannot listen it says
/// why in a sentence and ends the process with status 1. In a larger program a ``Role`` leaves all that to others.
///
/// Each connection lives on one loop and is served there: of HTTP/1.1 by one task, one request after the other, of HTTP/2
/// by one task for each request.
public final class Server: Sendable {
  let configuration: ServerConfiguration
  let loops: EventLoops
  let logger: CassandraLogger
  private let servers: [LoopBound<LoopServer>]
  private let peers: ServerPeers

  /// What a server is to its program.
  public enum Role: Sendable {
    /// It is what the program is for: the server takes SIGTERM and SIGINT, logs where it listens, and ends the process with
    /// status 1, after a sentence on standard error, when it cannot listen.
    case program
    /// It is a part of a program that sees to signals itself, ends it with ``Server/shutDown()``, and is thrown what goes
    /// wrong: beside a service manager of its own, or in a test.
    case part
  }

  /// Makes a server; nothing is bound before ``run(_:onListening:)``.
  ///
  /// - Parameters:
  ///   - routes: Which handler answers what.
  ///   - context: What the handlers share.
  ///   - configuration: The address and the limits.
  ///   - loops: The loops that connections live on.
  ///   - logger: Is told of requests that could not be answered. By default standard error.
  public init<Context: Sendable>(
    routes: Routes<Context>, context: Context, configuration: ServerConfiguration = ServerConfiguration(),
    loops: EventLoops = .shared, logger: CassandraLogger = .standardError
  ) {
    self.configuration = configuration
    self.loops = loops
    let logger = logger.labelled("web")
    self.logger = logger
    let table = RouteTable(routes, context: context)
    let count = loops.count
    let clients = configuration.answers.requestLimits.map { ClientCounts($0) }
    let peers = ServerPeers()
    self.peers = peers
    servers = loops.map { loop in
      let server = LoopServer(
        on: loop, of: count, configuration: configuration, routes: table, counts: clients, peers: peers,
        logger: logger)
      return LoopBound(giving: server, to: loop)
    }
    peers.set(servers)
  }

  deinit { peers.set([]) }

  /// What the server has done so far, over all loops.
  public var metrics: ServerMetrics {
    get async { await peers.metrics }
  }

  /// Listens and serves until the program is asked to end, or ``shutDown()`` has been called, and the requests in flight
  /// are answered.
  ///
  /// When the task is cancelled, connections are cut instead.
  ///
  /// - Parameters:
  ///   - role: Whether the server is the program, which is the default and sees to signals and failures, or a part of it.
  ///   - onListening: Is told each address once connections are accepted, with the port that the system chose.
  /// - Throws: `ReactorError` when an address cannot be listened at, unless the server is the program.
  public func run(
    _ role: Role = .program, onListening: @escaping @Sendable (SocketAddress) -> Void = { _ in }
  ) async throws {
    switch role {
    case .part: try await serve(onListening)
    case .program: try await runAsProgram(onListening)
    }
  }

  func serve(_ onListening: @Sendable (SocketAddress) -> Void) async throws {
    var options = ListenOptions()
    options.backlog = configuration.backlog
    options.maximumConnections = connectionLimit()
    options.tls = configuration.tls
    options.logger = logger
    let servers = servers
    var groups: [ListenerGroup] = []
    do {
      for address in configuration.addresses {
        groups.append(
          try await ListenerGroup(
            at: address, on: loops, options: options, spreading: configuration.spreading
          ) { transport in servers[transport.loop.index].withValue { $0.accept(transport) } })
      }
    } catch {
      for group in groups { await group.close() }
      throw error
    }
    let listeners = groups
    for listener in listeners { onListening(listener.address) }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { [stopping] in
        await stopping.wait()
        await self.stop(listeners)
      }
      await withTaskGroup(of: Void.self) { serving in
        for server in servers { serving.addTask(executorPreference: server.loop) { await server.onLoop.run() } }
      }
      group.cancelAll()
    }
    for listener in listeners { await listener.close() }
  }

  /// Files and sockets that are left for everything but connections of clients: 16, or an eighth of what is free.
  private static let sparedDescriptors = 16

  /// As many connections as the configuration wants and the process may have.
  private func connectionLimit() -> Int {
    let free = EventLoops.freeDescriptors
    let possible = max(1, free - max(Self.sparedDescriptors, free / 8))
    guard possible < configuration.maximumConnections else { return configuration.maximumConnections }
    if free < 1024 {
      logger.warning(
        "the limit of open files leaves room for few connections; raise it with ulimit -n",
        ["connections": .integer(possible)])
    }
    return possible
  }

  private let stopping = OneShot<Void>()

  /// How often it is looked whether connections are left, at the end: every 20 ms.
  private static let look: Duration = .milliseconds(20)

  private func stop(_ listeners: [ListenerGroup]) async {
    await end(.announced)
    // When the task is cancelled, everything is to end at once.
    try? await pause(configuration.shutdownDelay)
    await end(.answersAreLast)
    var waited: Duration = .zero
    while waited < configuration.lastAnswersTimeout, !Task.isCancelled, await connectionCount() > 0 {
      try? await pause(Self.look)
      waited += Self.look
    }
    for listener in listeners { await listener.close(finishingHandshakes: true) }
    waited = .zero
    while waited < configuration.lastAnswersTimeout, !Task.isCancelled, await handshakeCount(of: listeners) > 0 {
      try? await pause(Self.look)
      waited += Self.look
    }
    await end(.stopping)
  }

  private func handshakeCount(of listeners: [ListenerGroup]) async -> Int {
    var count = 0
    for listener in listeners { count += await listener.handshakes }
    return count
  }

  private func pause(_ duration: Duration) async throws {
    guard duration > .zero else { return }
    let loop = loops[0]
    try await loop.run { try await loop.sleep(for: duration) }
  }

  private func end(_ step: LoopServer.Ending) async {
    for server in servers { await server.loop.run { server.withValue { $0.end(step) } } }
  }

  private func connectionCount() async -> Int {
    var count = 0
    for server in servers { count += await server.loop.run { server.withValue { $0.connectionCount } } }
    return count
  }

  /// Lets the server end: it says that it is not ready and serves for ``ServerConfiguration/shutdownDelay``; then what is
  /// answered ends its connection, for ``ServerConfiguration/lastAnswersTimeout`` or until no connection is left; then no
  /// further connection is accepted, idle ones are closed, those that have just come get as long for their first request, and
  /// requests in flight get
  /// ``ServerConfiguration/shutdownTimeout`` to finish. Returns at once; ``run(_:onListening:)`` returns when it is done.
  public func shutDown() { stopping.fulfill() }
}
