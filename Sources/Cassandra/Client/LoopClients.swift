internal import CassandraReactor
internal import CassandraTelemetry

/// The parts of a client on all of its loops, which tell each other what they find out about nodes.
final class LoopClients: Sendable {
  private let clients = Locked<[LoopBound<LoopClient>]>([])

  func set(_ clients: [LoopBound<LoopClient>]) { self.clients.withLock { $0 = clients } }

  /// A loop has reached a node: the others need not wait any longer before they try, too.
  func reached(_ endPoint: EndPoint, on loop: EventLoop) {
    post { client in
      if client.loop !== loop { client.nodes.wake(at: endPoint) }
    }
  }

  /// Tells the part on every loop.
  func post(_ body: @escaping @Sendable (LoopClient) -> Void) {
    for client in clients.withLock({ $0 }) { client.loop.post { client.withValue(body) } }
  }

  /// Tells the part that knows the nodes.
  func postToFirst(_ body: @escaping @Sendable (LoopClient) -> Void) {
    guard let client = clients.withLock({ $0.first }) else { return }
    client.loop.post { client.withValue(body) }
  }
}
