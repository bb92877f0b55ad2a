public import CassandraReactor
internal import Synchronization
public import CassandraTelemetry

/// An HTTP/1.1 server on event loops.
///
/// ```swift
/// let server = Server(routes: routes, context: context, configuration: configuration, loops: loops)
/// try await withThrowingTaskGroup(of: Void.self) { group in
///   group.addTask { try await server.run() }
///   _ = try await loops[0].signal(.terminate, .interrupt)
///   await server.shutDown()
///   try await group.waitForAll()
/// }
/// ```
/// Each connection lives on one loop and is served there by one task, one request after the other.
public final class Server: Sendable {
  private let configuration: ServerConfiguration
  private let loops: EventLoops
  private let logger: CassandraLogger
  private let servers: [LoopBound<LoopServer>]
  private let isStopping = Atomic<Bool>(false)

  /// Makes a server; nothing is bound before ``run(onListening:)``.
  ///
  /// - Parameters:
  ///   - routes: Which handler answers what.
  ///   - context: What the handlers share.
  ///   - configuration: The address and the limits.
  ///   - loops: The loops that connections live on.
  ///   - logger: Is told of requests that could not be answered.
  public init<Context: Sendable>(
    routes: Routes<Context>, context: Context, configuration: ServerConfiguration = ServerConfiguration(),
    loops: EventLoops = .shared, logger: CassandraLogger = .silent
  ) {
    self.configuration = configuration
    self.loops = loops
    let logger = logger.labelled("web")
    self.logger = logger
    let table = RouteTable(routes, context: context)
    let count = loops.count
    servers = loops.map { loop in
      let server = LoopServer(on: loop, configuration: configuration, routes: table, logger: logger)
      server.loopCount = count
      return LoopBound(giving: server, to: loop)
    }
  }

  /// Listens and serves until ``shutDown()`` has been called and the requests in flight are answered.
  ///
  /// When the task is cancelled, connections are cut instead.
  ///
  /// - Parameter onListening: Is told the address once connections are accepted, with the port that the system chose.
  /// - Throws: `ReactorError` when the address cannot be listened at.
  public func run(onListening: @Sendable (SocketAddress) -> Void = { _ in }) async throws {
    EventLoops.raiseOpenFileLimit()
    var options = ListenOptions()
    options.backlog = configuration.backlog
    options.maximumConnections = configuration.maximumConnections
    options.tls = configuration.tls
    let servers = servers
    let listeners = try await ListenerGroup(
      at: configuration.address, on: loops, options: options, spreading: configuration.spreading
    ) { transport in servers[transport.loop.index].withValue { $0.accept(transport) } }
    onListening(listeners.address)
    if isStopping.load(ordering: .acquiring) { await stop(listeners) }
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
    await listeners.close()
  }

  private let stopping = Gate()

  private func stop(_ listeners: ListenerGroup) async {
    await listeners.close()
    for server in servers { await server.loop.run { server.withValue { $0.stop() } } }
  }

  /// Lets the server end: no further connection is accepted, idle ones are closed, and requests in flight get
  /// ``ServerConfiguration/shutdownTimeout`` to finish. Returns at once; ``run(onListening:)`` returns when it is done.
  public func shutDown() {
    isStopping.store(true, ordering: .releasing)
    stopping.open()
  }
}

/// Something that opens once, and that one task may wait for.
private final class Gate: Sendable {
  private struct State {
    var isOpen = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Locked(State())

  func open() {
    let waiter = state.withLock { state in
      state.isOpen = true
      return state.waiter.take()
    }
    waiter?.resume()
  }

  /// Waits until it is open, or until the task is cancelled.
  func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { waiter in
        let isOver = state.withLock { state in
          if state.isOpen { return true }
          state.waiter = waiter
          return false
        }
        if isOver { waiter.resume() }
      }
    } onCancel: {
      open()
    }
  }
}
