internal import CassandraWire

/// A node as one loop sees it: the connection that the loop has to it, and how it is kept.
final class Node {
  private(set) var description: NodeDescription
  @exclusivity(unchecked) var connection: NodeConnection?
  var failure: CassandraError?
  /// The version of the protocol that it spoke last.
  var version: ProtocolVersion?
  private(set) var keeping: NodeKeeping
  /// How long its first connection waits, so that not all clients connect to a new node at the same moment.
  var firstDelay: Duration = .zero
  /// A connection that somebody has made already.
  var seed: NodeConnection?
  /// What the node behind a proxy calls itself, which need not be what it was asked by; nil while it is not known.
  private var proxiedID: CQLUUID?

  /// Where the wait before the next attempt to connect takes place.
  let pause = AdmissionQueue()

  init(_ description: NodeDescription, isWanted: Bool, _ reconnection: ReconnectionPolicy) {
    self.description = description
    keeping = NodeKeeping(reconnection, isWanted: isWanted)
  }

  var endPoint: EndPoint { description.endPoint }
  var hostID: CQLUUID? { proxiedID ?? description.hostID }

  /// Whether there is nothing to wait for: no connection, and none that is expected at any moment.
  var isAway: Bool { connection == nil && (keeping.wasTried || !keeping.isWanted) }

  /// Something has come of what the task that keeps it did.
  func keep<Result>(_ event: (inout NodeKeeping) -> Result) -> Result { event(&keeping) }

  /// There is a reason to think that it can be reached: there is no need to wait any longer.
  func wake() {
    keeping.wake()
    pause.admitAll()
  }

  /// It is not in the topology any more: its requests under way may finish, and then its task ends.
  func leave() {
    keeping.leave()
    connection?.drain()
    pause.admitAll()
  }

  /// The tables say something new of it; where it is reached stays.
  func update(_ description: NodeDescription, isWanted: Bool) {
    self.description = description
    keeping.want(isWanted)
    if !isWanted { connection?.drain() }
  }

  /// It has told its id.
  func identify(_ hostID: CQLUUID?) { proxiedID = hostID ?? proxiedID }

  /// Whether both are the same node, reached in two ways perhaps.
  func isSame(as other: Node) -> Bool {
    other === self || (hostID != nil && hostID == other.hostID)
  }
}
