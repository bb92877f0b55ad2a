internal import CassandraReactor
internal import CassandraTelemetry
internal import CassandraWire

/// The prepared statements of the whole client, behind the caches of its loops: touched only when a loop does not have a
/// statement.
///
/// A text is prepared once, however many tasks on however many loops want it at the same time: the first prepares, the
/// others wait for it.
///
/// It is also where a change of the schema arrives. Every statement that any loop still uses as the newest is in here, so
/// one look finds all that the change concerns; what leaves the table is outdated, for nobody would tell of it any more.
final class PreparedTable: Sendable {
  /// What a caller has to do.
  enum Turn {
    /// It is there.
    case ready(PreparedStatement)
    /// Prepare it, then finish.
    case prepare
    /// Somebody prepares it; call ``wait(for:on:due:)``.
    case wait
    /// Somebody prepares it, and as many wait as may wait.
    case full
  }

  /// What is prepared: a statement at all, or a statement again on a node that has forgotten it.
  struct Key: Hashable, Sendable {
    var statement: StatementKey
    var node: EndPoint?
  }

  private typealias Preparation = OneShot<Result<PreparedStatement, CassandraError>?>

  private struct State {
    var ready: [StatementKey: PreparedStatement] = [:]
    /// The statements in the order in which they were first prepared, for making room.
    var order: [StatementKey] = []
    var underWay: [Key: [ObjectIdentifier: Preparation]] = [:]
    var waiting = 0
    /// The latest changes of the schema, and how many there have been.
    var changes: [SchemaChange] = []
    var changeCount: UInt64 = 0
    /// Connections that tell of changes, and whether there was ever one.
    var watches = 0
    var hasWatched = false
  }

  /// How many changes of the schema are remembered for statements that are just being prepared: 64. One that took longer
  /// than that many counts as outdated.
  static let rememberedChanges = 64

  private let capacity: Int
  private let maximumWaiting: Int
  private let state = Locked(State())

  /// A table of at most `capacity` statements, on whose preparation `maximumWaiting` may wait.
  init(capacity: Int, maximumWaiting: Int = .max) {
    self.capacity = max(1, capacity)
    self.maximumWaiting = maximumWaiting
  }

  /// What to do for `key`. Whoever is told to prepare has to finish.
  func turn(for key: Key) -> Turn {
    state.withLock { state in
      if key.node == nil, let statement = state.ready[key.statement], !statement.isOutdated {
        return .ready(statement)
      }
      if state.underWay[key] != nil { return state.waiting < maximumWaiting ? .wait : .full }
      state.underWay[key] = [:]
      return .prepare
    }
  }

  /// Waits for the one who prepares, who may have more time than the one who waits.
  ///
  /// - Returns: nil when that one gave up without a result, when it is `due`, or when the task is cancelled; the caller
  ///   looks which, and takes its turn anew if it may.
  func wait(for key: Key, on loop: EventLoop, due: UInt64) async -> Result<PreparedStatement, CassandraError>? {
    let preparation = Preparation()
    let id = ObjectIdentifier(preparation)
    let isLate = state.withLock { state in
      guard state.underWay[key] != nil else { return true }
      state.underWay[key]?[id] = preparation
      state.waiting += 1
      return false
    }
    if isLate { return nil }
    let result = await preparation.value(on: loop, due: due, cancelled: nil) { nil }
    state.withLock { if $0.underWay[key]?.removeValue(forKey: id) != nil { $0.waiting -= 1 } }
    return result
  }

  /// How many statements are prepared.
  var count: Int { state.withLock { $0.ready.count } }

  /// How many wait for somebody else's preparation.
  func waiters(for key: Key) -> Int { state.withLock { $0.underWay[key]?.count ?? 0 } }

  /// Ends a preparation that has succeeded.
  ///
  /// What the server said may be from before a change of the schema that has come meanwhile: then the statement is
  /// outdated at once.
  ///
  /// - Returns: The statement to use: the one from before when the server has said the same again.
  func finish(_ key: Key, with statement: PreparedStatement) -> PreparedStatement {
    let (newest, waiters) = state.withLock { state in
      let newest = insert(statement, &state)
      return (newest, endWait(key, &state))
    }
    for waiter in waiters { waiter.fulfill(.success(newest)) }
    return newest
  }

  /// Ends a preparation that has failed. A failure of the statement is everybody's; one of the caller alone (it was
  /// cancelled, its time was up, its connection broke) is given as nil, and the next one tries.
  func finish(_ key: Key, with failure: CassandraError?) {
    let waiters = state.withLock { endWait(key, &$0) }
    for waiter in waiters { waiter.fulfill(failure.map { .failure($0) }) }
  }

  private func endWait(_ key: Key, _ state: inout State) -> [Preparation] {
    let waiters = state.underWay.removeValue(forKey: key) ?? [:]
    state.waiting -= waiters.count
    return Array(waiters.values)
  }

  /// Puts a newer form of a statement in the place of the old one.
  func update(_ statement: PreparedStatement) {
    state.withLock { _ = insert(statement, &$0) }
  }

  private func insert(_ statement: PreparedStatement, _ state: inout State) -> PreparedStatement {
    let missed = state.changeCount - statement.knownChanges
    if missed > UInt64(state.changes.count) || state.changes.suffix(Int(missed)).contains(where: statement.dependsOn) {
      statement.outdate()
    }
    let known = state.ready[statement.key]
    if let known, !known.isOutdated, !statement.isOutdated, known.isSame(as: statement) { return known }
    if known == nil {
      state.order.append(statement.key)
      if state.order.count > capacity { state.ready.removeValue(forKey: state.order.removeFirst())?.outdate() }
    } else if known !== statement {
      known?.outdate()
    }
    state.ready[statement.key] = statement
    return statement
  }
}

// MARK: - Changes of the schema

extension PreparedTable {
  /// How many changes of the schema are known; to be noted before a server is asked about a statement.
  var knownChanges: UInt64 { state.withLock { $0.changeCount } }

  /// The schema has changed: what was prepared from the changed thing is prepared anew before it is used again.
  func schemaChanged(_ change: SchemaChange) {
    state.withLock { state in
      state.changeCount += 1
      state.changes.append(change)
      if state.changes.count > Self.rememberedChanges { state.changes.removeFirst() }
      for statement in state.ready.values where !statement.isOutdated && statement.dependsOn(change) {
        statement.outdate()
      }
    }
  }

  /// A connection tells of changes from now on.
  ///
  /// When there was none for a while, something may have changed unnoticed: then all that is known has to be asked anew.
  ///
  /// - Returns: Whether that is so.
  @discardableResult
  func watchBegan() -> Bool {
    state.withLock { state in
      state.watches += 1
      guard state.watches == 1 else { return false }
      let mayHaveMissed = state.hasWatched
      state.hasWatched = true
      guard mayHaveMissed else { return false }
      state.changeCount += UInt64(Self.rememberedChanges) + 1
      state.changes = []
      for statement in state.ready.values { statement.outdate() }
      return true
    }
  }

  /// A connection tells of nothing any more.
  func watchEnded() { state.withLock { $0.watches -= 1 } }
}
