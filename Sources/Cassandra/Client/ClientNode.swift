internal import CassandraWire

extension LoopClient {
  /// A node as one loop sees it.
  final class Node {
    let endPoint: EndPoint
    var connection: NodeConnection?
    var failure: CassandraError?
    /// Whether the last attempt to connect has ended; false before the first one, and while a connection that has been
    /// lost is being replaced.
    var wasTried = false
    /// What the node behind a proxy calls itself, which need not be what it was asked by; nil while it is not known.
    var hostID: CQLUUID?
    /// Whether a task keeps a connection to it.
    var isMaintained = false
    /// Whether the directory does not list it any more.
    private(set) var isGone = false

    /// Where the wait before the next attempt to connect takes place.
    let pause = AdmissionQueue()
    /// How often there was news that make another attempt worth while.
    private(set) var timesWoken = 0

    /// Whether there is nothing to wait for: no connection, and none that is expected at any moment.
    var isAway: Bool { connection == nil && wasTried }

    init(_ endPoint: EndPoint) { self.endPoint = endPoint }

    /// Another loop has reached the node, or the directory has listed it anew: there is no need to wait any longer.
    func wake() {
      timesWoken += 1
      pause.admitAll()
    }

    /// The directory does not list it any more: its requests under way may finish, and then its task ends.
    func leave() {
      isGone = true
      connection?.drain()
      wake()
    }

    /// Whether both are the same node, reached in two ways perhaps.
    func isSame(as other: Node) -> Bool {
      other === self || (hostID != nil && hostID == other.hostID)
    }
  }
}
