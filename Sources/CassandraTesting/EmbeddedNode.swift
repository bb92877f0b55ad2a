public import CQLServer
public import Reactor
internal import Telemetry

/// A node inside of the process, for tests: the same server as `cql-node`, on a port of its own and on loops of its own.
///
/// ```swift
/// try await EmbeddedNode.withNode { node in
///   let client = try CassandraClient(.init(.nodes([node.endPoint], localDatacenter: "datacenter1")))
///   …
/// }
/// ```
/// It starts in some milliseconds, so a suite may have a node of its own.
public final class EmbeddedNode: Sendable {
  /// Where it listens.
  public let address: SocketAddress
  private let server: CQLServer
  private let loops: EventLoops
  private let running: Task<Void, any Error>

  /// `host:port`, as drivers and settings want it.
  public var endPoint: String { "\(address)" }

  /// The settings of a node for tests: a free port of loopback, and nothing is kept.
  public static var defaultConfiguration: NodeConfiguration {
    var configuration = NodeConfiguration()
    configuration.address = .loopback(port: 0)
    return configuration
  }

  /// Starts a node, runs `body` with it, and stops it.
  ///
  /// - Parameters:
  ///   - configuration: Its settings; ``defaultConfiguration`` by default.
  ///   - loops: How many loops it has: 1.
  /// - Throws: `NodeError` when it does not start, and what `body` throws.
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
    let server: CQLServer
    do { server = try CQLServer(configuration, loops: loops) } catch {
      await loops.shutDown()
      throw error
    }
    let (addresses, report) = AsyncThrowingStream.makeStream(of: SocketAddress.self)
    // It outlives this function by its very purpose; the node owns it and waits for it when it is stopped.
    let running = Task {
      do { try await server.run { report.yield($0) } } catch {
        report.finish(throwing: error)
        throw error
      }
      report.finish()
    }
    do {
      for try await address in addresses {
        return EmbeddedNode(address: address, server: server, loops: loops, running: running)
      }
      throw CancellationError()
    } catch {
      running.cancel()
      _ = await running.result
      await loops.shutDown()
      throw error
    }
  }

  private init(address: SocketAddress, server: CQLServer, loops: EventLoops, running: Task<Void, any Error>) {
    self.address = address
    self.server = server
    self.loops = loops
    self.running = running
  }

  /// Lets the requests in flight finish and ends the node. It may be called once.
  ///
  /// - Throws: What ended the node before that.
  public func stop() async throws {
    server.shutDown()
    let result = await running.result
    await loops.shutDown()
    try result.get()
  }
}
