public import CassandraReactor

/// A proxy between a driver and a node that reads the native protocol and does with single frames what rules say: drop,
/// delay, answer in the node's name, close.
///
/// It speaks v4 and v5 with their handshakes, plain or compressed, and stands in front of any node: one in the process, one
/// of `cql-node`, a Cassandra, by plain TCP or TLS. A test says which frame fails and waits for that; it never sleeps.
///
/// ```swift
/// try await FrameProxy.withProxy(to: node.address) { proxy in
///   let rule = proxy.frames.add(.init(.toNode, .execute, skipping: 2, times: 1), .forge(.error(.init(.overloaded, "busy"))))
///   …
///   await proxy.frames.wait(for: 1, matchesOf: rule)
/// }
/// ```
/// The last rule that was added and takes a frame decides. Frames that no rule takes are handed on in their order.
public final class FrameProxy: Sendable {
  /// Bytes that wait for one side to take them, and in frames that are held, before the other side has to wait: 1 MiB.
  public static let maximumWaitingBytes = 1 << 20
  /// How long a side may keep its half open once a rule has closed the connection: 2 s.
  public static let lingerTime: Duration = .seconds(2)
  /// How long a TLS handshake may take: 30 s, since many tests at once may keep a machine busy.
  public static let handshakeTime: Duration = .seconds(30)

  /// Where drivers connect.
  public let address: SocketAddress
  private let core: LoopBound<FrameProxyCore>
  private let listener: LoopBound<Listener>
  /// The rules, and what has passed.
  public let frames: FrameControl

  /// Runs `body` with a proxy, and ends it and its connections afterwards.
  ///
  /// - Parameters:
  ///   - target: The node's address.
  ///   - tls: TLS to the node, mutual when its context has an identity; nil for plain TCP.
  ///   - address: Where to listen: a free port of loopback.
  ///   - serverTLS: TLS towards drivers; nil for plain TCP.
  ///   - seed: Decides the order of chances of rules with a probability.
  ///   - body: Uses it.
  /// - Throws: `ReactorError` when the address cannot be listened at, and what `body` throws.
  public static func withProxy<Result: Sendable>(
    to target: SocketAddress, tls: TLSClient? = nil, at address: SocketAddress = .loopback(port: 0),
    serverTLS: TLSServer? = nil, seed: UInt64 = 1, _ body: (FrameProxy) async throws -> Result
  ) async throws -> Result {
    let loops = try EventLoops(count: 1)
    let result: Swift.Result<Result, any Error>
    do {
      let proxy = try await FrameProxy(
        on: loops[0], to: FrameTarget(target, tls: tls), at: address, serverTLS: serverTLS, seed: seed)
      result = await withTaskGroup(of: Void.self) { group in
        group.addTask(executorPreference: loops[0]) { await proxy.core.onLoop.run() }
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(proxy)) } catch { result = .failure(error) }
        await proxy.stop()
        return result
      }
    } catch { result = .failure(error) }
    // What was cut closes in the turns that follow.
    while await loops.openHandles > 0 { await Task.yield() }
    await loops.shutDown()
    return try result.get()
  }

  private init(
    on loop: EventLoop, to target: FrameTarget, at address: SocketAddress, serverTLS: TLSServer?, seed: UInt64
  ) async throws(ReactorError) {
    let watched = Watched(FrameObservation(seed: seed))
    frames = FrameControl(watched)
    let (core, listener) = try await loop.run { () throws(ReactorError) in
      let core = FrameProxyCore(on: loop, watched)
      var options = ListenOptions()
      options.tls = serverTLS
      options.handshakeTimeout = Self.handshakeTime
      let listener = try Listener(at: address, on: loop, options: options) { core.accept($0, to: target) }
      return (LoopBound(core, on: loop), LoopBound(listener, on: loop))
    }
    self.core = core
    self.listener = listener
    self.address = await loop.run { listener.onLoop.address }
  }

  private func stop() async {
    await core.loop.run {
      listener.onLoop.close()
      core.onLoop.stop()
    }
  }

  /// Cuts every connection, as a network that fails; drivers may connect anew.
  public func cutConnections() async { await core.loop.run { core.onLoop.cutAll() } }

  /// `host:port`, as drivers and settings want it.
  public var contactPoint: String { address.description }
}
