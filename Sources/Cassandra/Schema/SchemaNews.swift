internal import CassandraBytes
internal import CassandraReactor
internal import CassandraTelemetry
internal import CassandraWire

/// Where the changes of the schema arrive that servers tell of, on whatever connection, and those that this client has
/// made itself.
///
/// Everything that depends on the schema hangs here: prepared statements, the replicas of keyspaces, the keyspace of the
/// settings that may not have existed, and whoever follows the schema.
final class SchemaNews: Sendable {
  fileprivate struct State {
    /// Counts changes, and times in which some may have been missed.
    var version: UInt64 = 0
    var isOver = false
    var waiters: [ObjectIdentifier: OneShot<Void>] = [:]
  }

  private let table: PreparedTable
  private let loops: LoopClients
  /// The keyspace of the settings, where it need not exist.
  private let awaited: String?
  private let state = Locked(State())

  init(_ table: PreparedTable, _ loops: LoopClients, awaiting keyspace: String?) {
    self.table = table
    self.loops = loops
    awaited = keyspace
  }

  /// Something has changed.
  func heard(_ change: SchemaChange) {
    table.schemaChanged(change)
    if case .keyspace = change.target { loops.postToFirst { $0.control?.keyspacesChanged() } }
    if makesAwaitedKeyspace(change) { loops.post { $0.nodes.replaceConnectionsWithoutKeyspace() } }
    advance()
  }

  /// Whether a change makes the keyspace of the settings, without which there may be connections.
  func makesAwaitedKeyspace(_ change: SchemaChange) -> Bool {
    guard let awaited, case .keyspace = change.target, change.change != .dropped else { return false }
    return change.keyspace.hasSameBytes(as: awaited)
  }

  /// A connection tells of changes from now on. When none did before, something may have changed unnoticed.
  func watchBegan() { if table.watchBegan() { advance() } }

  /// A connection tells of nothing any more.
  func watchEnded() { table.watchEnded() }

  private func advance() {
    for waiter in state.withLock({ state in
      state.version += 1
      return state.takeWaiters()
    }) { waiter.fulfill() }
  }

  /// The client has ended: nothing will be heard.
  func end() {
    for waiter in state.withLock({ state in
      state.isOver = true
      return state.takeWaiters()
    }) { waiter.fulfill() }
  }

  /// How much has been heard.
  var version: UInt64 { state.withLock { $0.version } }

  /// Waits until more has been heard than that; false when nothing will be, or the task is cancelled.
  func hasChanged(since version: UInt64) async -> Bool {
    let news = OneShot<Void>()
    let id = ObjectIdentifier(news)
    let isWaiting = state.withLock { state in
      if state.isOver || state.version != version { return false }
      state.waiters[id] = news
      return true
    }
    if isWaiting {
      await news.wait()
      _ = state.withLock { $0.waiters.removeValue(forKey: id) }
    }
    return !Task.isCancelled && state.withLock { $0.version != version }
  }
}

extension SchemaNews.State {
  fileprivate mutating func takeWaiters() -> [OneShot<Void>] {
    defer { waiters = [:] }
    return Array(waiters.values)
  }
}
