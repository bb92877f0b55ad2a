/// One address that all loops serve.
///
/// On Linux each loop has a listening socket of its own and the kernel spreads the connections (`SO_REUSEPORT`);
/// elsewhere the first loop accepts and hands the sockets out in turn.
public final class ListenerGroup: Sendable {
  /// Who spreads the connections over the loops.
  public enum Spreading: Sendable {
    /// The kernel, by a listening socket for each loop.
    case kernel
    /// The first loop, which accepts and hands over.
    case firstLoop

    /// The kernel where it does so fairly, which is on Linux.
    public static var preferred: Spreading {
      #if os(Linux)
        .kernel
      #else
        .firstLoop
      #endif
    }
  }

  /// Where it listens, with the port that the system chose.
  public let address: SocketAddress
  private let listeners: [LoopBound<Listener>]
  private let acceptors: [LoopBound<Acceptor>]

  /// Listens at `address` on every loop, and calls `onAccept` on the loop of each connection that is ready.
  ///
  /// The limit on connections is divided among the loops.
  ///
  /// - Throws: ``ReactorError/Code/addressInUse``, ``ReactorError/Code/addressNotAvailable``,
  ///   ``ReactorError/Code/permissionDenied``.
  public init(
    at address: SocketAddress, on loops: EventLoops, options: ListenOptions = ListenOptions(),
    spreading: Spreading = .preferred, onAccept: @escaping @Sendable (Transport) -> Void
  ) async throws(ReactorError) {
    // A unix socket cannot be shared among listeners.
    let spreading = address.path == nil ? spreading : .firstLoop
    var share = options
    if share.maximumConnections != .max {
      share.maximumConnections = max(1, (share.maximumConnections + loops.count - 1) / loops.count)
    }
    let shared = share
    var acceptors: [LoopBound<Acceptor>] = []
    for loop in loops {
      acceptors.append(
        await loop.run { LoopBound(Acceptor(on: loop, options: shared, onAccept: onAccept), on: loop) })
    }
    let first = try await ListenerGroup.listen(
      at: address, with: acceptors[0], backlog: options.backlog,
      handOver: spreading == .firstLoop && loops.count > 1 ? acceptors : nil)
    var listeners = [first.listener]
    if spreading == .kernel {
      await first.listener.loop.run { first.listener.withValue { $0.allowSharing() } }
      for acceptor in acceptors.dropFirst() {
        do {
          listeners.append(
            try await ListenerGroup.listen(
              at: first.address, with: acceptor, backlog: options.backlog, sharesPort: true, handOver: nil
            ).listener)
        } catch {
          await ListenerGroup.close(listeners)
          throw error
        }
      }
    }
    self.listeners = listeners
    self.acceptors = acceptors
    self.address = first.address
  }

  private static func listen(
    at address: SocketAddress, with acceptor: LoopBound<Acceptor>, backlog: Int32, sharesPort: Bool = false,
    handOver targets: [LoopBound<Acceptor>]?
  ) async throws(ReactorError) -> (listener: LoopBound<Listener>, address: SocketAddress) {
    let loop = acceptor.loop
    return try await loop.run { () throws(ReactorError) in
      var next = 0
      let handOver = targets.map { targets in
        { (descriptor: Int32) in
          let target = targets[next]
          next = (next + 1) % targets.count
          target.loop.post { target.withValue { $0.adopt(descriptor: descriptor) } }
        }
      }
      let listener = try Listener(
        at: address, on: loop, backlog: backlog, sharesPort: sharesPort, acceptor: acceptor.onLoop, handOver: handOver)
      return (LoopBound(listener, on: loop), listener.address)
    }
  }

  /// How long handshakes of TCP that have begun may take until the sockets are closed: 2 ms, more than a balancer nearby
  /// needs.
  private static let handshakeTime: Duration = .milliseconds(2)

  /// Lets nobody begin a connection any more, where the system can, and waits until those that have begun are accepted.
  private func passOverNewConnections() async {
    var areUnderWay = false
    for listener in listeners {
      let passes = await listener.loop.run { listener.withValue { $0.passOverNewConnections() } }
      areUnderWay = areUnderWay || passes
    }
    guard areUnderWay, let loop = listeners.first?.loop else { return }
    // When the task is cancelled, everything is to end at once.
    try? await loop.run { try await loop.sleep(for: Self.handshakeTime) }
  }

  /// Stops listening on every loop. Connections that are open stay open, and those that have been made are accepted.
  ///
  /// - Parameter finishesHandshakes: Whether connections within their TLS handshakes are still passed on; by default they are
  ///   closed when those end.
  public func close(finishingHandshakes finishesHandshakes: Bool = false) async {
    await passOverNewConnections()
    await ListenerGroup.close(listeners, finishingHandshakes: finishesHandshakes)
  }

  private static func close(_ listeners: [LoopBound<Listener>], finishingHandshakes: Bool = false) async {
    for listener in listeners {
      await listener.loop.run { listener.withValue { $0.close(finishingHandshakes: finishingHandshakes) } }
    }
  }

  /// Connections within their TLS handshakes.
  public var handshakes: Int {
    get async {
      var count = 0
      for acceptor in acceptors { count += await acceptor.loop.run { acceptor.withValue { $0.handshakes } } }
      return count
    }
  }
}
