package import CassandraReactor
package import CassandraTelemetry

/// Serves connections that have no socket, on one loop: all that a server does but listening, for tests of routes.
package final class MemoryServer: Sendable {
  private let server: LoopBound<LoopServer>
  private let peers = ServerPeers()

  /// The loop that it lives on.
  package var loop: EventLoop { server.loop }

  /// Makes a server; it serves while ``run()`` does.
  package init<Context: Sendable>(
    routes: Routes<Context>, context: Context, configuration: ServerConfiguration, loop: EventLoop,
    logger: CassandraLogger
  ) {
    let table = RouteTable(routes, context: context)
    let clients = configuration.answers.requestLimits.map { ClientCounts($0) }
    server = LoopBound(
      giving: LoopServer(
        on: loop, of: 1, configuration: configuration, routes: table, counts: clients, peers: peers,
        logger: logger.labelled("web")), to: loop)
    peers.set([server])
  }

  deinit { peers.set([]) }

  /// Serves until ``stop()``.
  package func run() async {
    await server.loop.run { await server.onLoop.run() }
  }

  /// Ends connections that are idle, and the server when none is left.
  package func stop() async {
    await server.loop.run { server.withValue { $0.end(.stopping) } }
  }

  /// Sends a request that ends its connection on one of its own, and returns all that comes back; on the loop.
  ///
  /// - Returns: The bytes, and whether the connection ended in order behind them.
  package func exchange(_ request: [UInt8]) async throws -> (bytes: [UInt8], isWhole: Bool) {
    loop.preconditionIsCurrent()
    let received = Received()
    let (transport, peer) = try MemoryPeer.transport(
      on: loop, output: { received.append($0) }, ended: { received.end() }, closed: { received.close() })
    let bound = LoopBound(transport, on: loop)
    return await withTaskCancellationHandler {
      server.withValue { $0.accept(transport) }
      peer.send(request)
      // The server keeps its half of the connection until the client's has ended as well.
      await received.wait { received.isWhole || received.isClosed }
      peer.end()
      await received.wait { received.isClosed }
      return (received.bytes, received.isWhole)
    } onCancel: {
      bound.loop.post { bound.withValue { $0.abort() } }
    }
  }
}

/// What has come on a connection so far; it belongs to the loop.
private final class Received {
  private(set) var bytes: [UInt8] = []
  private(set) var isWhole = false
  private(set) var isClosed = false
  private let news = LoopWait<Void>()

  func append(_ piece: UnsafeRawBufferPointer) { bytes += piece }

  func end() {
    isWhole = true
    news.end()
  }

  func close() {
    isClosed = true
    news.end()
  }

  func wait(until isOver: () -> Bool) async {
    while !isOver() { await news.waitInAnyCase() }
  }
}
