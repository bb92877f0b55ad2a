internal import CQLEngine
internal import CassandraReactor
internal import CassandraWire
internal import Synchronization

/// The clients that are connected, on whichever loop, for `system_views`.
///
/// Its lock is taken when a client comes, says who it is, and goes. A request touches the counters of its own client only.
final class ClientDirectory: Sendable {
  private struct State {
    var clients: [ObjectIdentifier: ClientRecord] = [:]
    /// Requests of clients that have gone.
    var answered = 0
  }

  private let state = Locked(State())

  /// A client has come.
  func add(_ client: NodeStatus.Client) -> ClientRecord {
    let record = ClientRecord(client)
    state.withLock { $0.clients[ObjectIdentifier(record)] = record }
    return record
  }

  /// A client has gone.
  func remove(_ record: ClientRecord) {
    state.withLock { state in
      guard state.clients.removeValue(forKey: ObjectIdentifier(record)) != nil else { return }
      state.answered += record.requests.load(ordering: .relaxed)
    }
  }

  /// What is known now, of a node with these limits and settings.
  func status(maximumRequests: Int, settings: [(name: String, value: String)]) -> NodeStatus {
    let (records, gone) = state.withLock { (Array($0.clients.values), $0.answered) }
    var status = NodeStatus(completedRequests: gone, maximumRequests: maximumRequests, settings: settings)
    for record in records {
      let (begun, active) = (record.requests.load(ordering: .relaxed), record.active.load(ordering: .relaxed))
      var client = record.client.withLock { $0 }
      client.requests = begun
      status.clients.append(client)
      status.activeRequests += active
      status.completedRequests += max(0, begun - active)
    }
    return status
  }
}

/// One client, as others see it. Only its own loop writes the counters.
final class ClientRecord: Sendable {
  let client: Locked<NodeStatus.Client>
  /// Requests that it has sent.
  let requests = Atomic(0)
  /// Those of them that are not answered.
  let active = Atomic(0)

  init(_ client: NodeStatus.Client) { self.client = Locked(client) }

  /// A request has come.
  func begin() {
    requests.store(requests.load(ordering: .relaxed) + 1, ordering: .relaxed)
    active.store(active.load(ordering: .relaxed) + 1, ordering: .relaxed)
  }

  /// A request is answered, or nobody waits for its answer any more.
  func end() { active.store(active.load(ordering: .relaxed) - 1, ordering: .relaxed) }
}
