public import CQLNode
public import CassandraReactor
internal import CassandraTelemetry

/// A node inside of the process, for tests: the same server as `cql-node`, on a port of its own and on loops of its own.
///
/// ```swift
/// try await EmbeddedNode.withNode { node in
///   let nodes = try ClusterSource.nodes([node.endPoint], localDatacenter: "datacenter1")
///   try await CassandraClient.withClient(ClientConfiguration(nodes)) { client in
///     try await makeSchema(client)
///     let prepared = try node.snapshot()
///     …
///     try await node.reset(to: prepared)
///   }
/// }
/// ```
/// It starts in some milliseconds, so a suite may have a node of its own.
public final class EmbeddedNode: Sendable {
  /// Where it listens; a reset does not change it.
  public let address: SocketAddress
  private let configuration: NodeConfiguration
  private let loops: EventLoops
  private let current: Locked<Running>

  /// A server with the task that it runs in.
  private struct Running: Sendable {
    var server: CQLServer
    var task: Task<Void, any Error>
  }

  /// `host:port`, as drivers and settings want it.
  public var endPoint: String { "\(address)" }

  /// The settings of a node for tests: a free port of loopback, nothing is kept, and a client has 120 s to log in, since
  /// many tests at once may keep a machine busy.
  public static var defaultConfiguration: NodeConfiguration {
    var configuration = NodeConfiguration()
    configuration.address = .loopback(port: 0)
    configuration.limits.handshakeTimeout = .seconds(120)
    return configuration
  }

  /// Starts a node, runs `body` with it, and stops it.
  ///
  /// - Parameters:
  ///   - configuration: Its settings; ``defaultConfiguration`` by default.
  ///   - loops: How many loops it has: 1.
  ///   - body: Uses the node.
  /// - Throws: `NodeError` when it does not start, and what `body` throws.
  @discardableResult
  public static func withNode<Result>(
    _ configuration: NodeConfiguration = defaultConfiguration, loops: Int = 1,
    _ body: (EmbeddedNode) async throws -> Result
  ) async throws -> Result {
    let node = try await start(configuration, loops: loops)
    do {
      let result = try await body(node)
      try await node.stop()
      return result
    } catch {
      try? await node.stop()
      throw error
    }
  }

  /// Starts a node that runs until ``stop()``; for suites that share one. Whoever starts it has to stop it.
  ///
  /// - Throws: `NodeError` when it does not start.
  public static func start(
    _ configuration: NodeConfiguration = defaultConfiguration, loops count: Int = 1
  ) async throws -> EmbeddedNode {
    let loops = try EventLoops(count: count)
    do {
      let (running, address) = try await run(configuration, on: loops)
      return EmbeddedNode(address: address, configuration: configuration, loops: loops, running: running)
    } catch {
      await loops.shutDown()
      throw error
    }
  }

  private init(address: SocketAddress, configuration: NodeConfiguration, loops: EventLoops, running: Running) {
    self.address = address
    self.configuration = configuration
    self.loops = loops
    current = Locked(running)
  }

  /// Runs a server, and returns when it listens.
  private static func run(
    _ configuration: NodeConfiguration, on loops: EventLoops
  ) async throws -> (Running, SocketAddress) {
    let server = try CQLServer(configuration, loops: loops)
    let (addresses, report) = AsyncThrowingStream.makeStream(of: SocketAddress.self)
    // It outlives this function by its very purpose; the node owns it and waits for it when it is stopped.
    let task = Task {
      do { try await server.run { report.yield($0) } } catch {
        report.finish(throwing: error)
        throw error
      }
      report.finish()
    }
    do {
      for try await address in addresses { return (Running(server: server, task: task), address) }
      throw CancellationError()
    } catch {
      task.cancel()
      _ = await task.result
      throw error
    }
  }

  /// Writes down what the node holds, to come back to it with ``reset(to:)`` or to start other nodes with it
  /// (`NodeConfiguration.Storage.snapshot`). It blocks the calling thread for as long as writing the data takes.
  ///
  /// - Throws: `NodeError` when it cannot be written.
  public func snapshot() throws -> NodeSnapshot { try current.withLock { $0.server }.snapshot() }

  /// Lets the node hold what it held when `snapshot` was made, or nothing.
  ///
  /// The requests in flight are finished and the connections closed: drivers connect to the same address anew and prepare
  /// anew. One caller at a time may do it, and not with a node that keeps its data in a directory.
  ///
  /// - Throws: `NodeError` when the node does not come up again; it is stopped then.
  public func reset(to snapshot: NodeSnapshot? = nil) async throws {
    let old = current.withLock { $0 }
    old.server.shutDown()
    try await old.task.value
    var configuration = configuration
    configuration.address = address
    if case .directory = configuration.storage {
      preconditionFailure("a node that keeps its data in a directory is not reset")
    }
    configuration.storage = snapshot.map { .snapshot($0) } ?? .memory
    let (running, _) = try await Self.run(configuration, on: loops)
    current.withLock { $0 = running }
  }

  /// Lets the requests in flight finish and ends the node. It may be called once.
  ///
  /// - Throws: What ended the node before that.
  public func stop() async throws {
    let running = current.withLock { $0 }
    running.server.shutDown()
    let result = await running.task.result
    await loops.shutDown()
    try result.get()
  }
}
