internal import CassandraBytes
internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry

/// The nodes as one loop sees them: which there are, the connections to them, and who waits for one.
///
/// It owns everything about that on its loop. A ``Topology`` comes from the client's ``ClusterControl`` and replaces the
/// one before.
final class LoopNodes {
  enum State {
    /// `run()` has not been called.
    case idle
    case running
    case closed
  }

  /// What is known of where the nodes are.
  enum Location {
    /// Nobody has been asked successfully yet.
    case asked
    /// The topology tells.
    case known
    /// No contact point can be reached, and no node is known.
    case unreachable([ContactPoints.Failure])
    /// The directory has failed to answer the last question; the nodes are those of the answer before.
    case failed(CassandraError)
    /// The settings do not go with the cluster.
    case refused(CassandraError)
  }

  let loop: EventLoop
  let context: ClientContext
  let connector: NodeConnector
  // `@exclusivity(unchecked)` here and below: these are touched on the loop's thread only, and no access to one of them
  // lasts while other code runs that could touch it, so the check at every access would find nothing.
  @exclusivity(unchecked) private(set) var topology = Topology.unknown
  /// The nodes of the topology, each at its place.
  @exclusivity(unchecked) private(set) var nodes: [Node] = []
  /// The place of each by where it is reached.
  private var places: [EndPoint: Int] = [:]
  @exclusivity(unchecked) private(set) var state = State.idle
  private var location = Location.asked
  /// Requests that wait for a connection.
  private let waiting = AdmissionQueue()
  /// Where ``run()`` waits for other nodes.
  private let changes = AdmissionQueue()
  /// Who wants to be told that something has changed; on the first loop the control connection.
  var onChange: (() -> Void)?
  private let router: Router
  /// Attempts to connect that are under way.
  private var connecting = 0
  private let connectQueue = AdmissionQueue()

  init(on loop: EventLoop, context: ClientContext) {
    self.loop = loop
    self.context = context
    connector = NodeConnector(on: loop, context: context)
    router = Router(context.routing)
  }

  /// Requests that wait for a connection.
  var waitingCount: Int { waiting.count }

  /// Something has changed that requests may wait for.
  func connectionsChanged() {
    waiting.admitAll()
    onChange?()
  }

  func begin() {
    state = .running
    connectionsChanged()
  }

  func close() {
    state = .closed
    connectionsChanged()
  }

  /// Waits until there may be other nodes to keep; false when the task is cancelled.
  func untilTopologyChanges() async -> Bool { await changes.add(on: loop, due: .max) != .cancelled }
}

// MARK: - What is known

extension LoopNodes {
  /// Takes a topology over: nodes that stay where they are keep their connections.
  ///
  /// - Parameter seed: A connection that was made before it was known whose it is.
  func adopt(_ topology: Topology, seed: NodeConnection? = nil) {
    let isFirst = self.topology.version == 0
    var adopted: [Node] = []
    // Each has an end point of its own.
    let known = Dictionary(nodes.map { ($0.endPoint, $0) }) { first, _ in first }
    for (place, description) in topology.nodes.enumerated() {
      let isWanted = topology.distances[place] != .ignored
      if let node = known[description.endPoint], node.description.isSame(as: description) {
        node.update(description, isWanted: isWanted)
        adopted.append(node)
      } else {
        let node = Node(description, isWanted: isWanted, context.configuration.reconnection)
        if !isFirst { node.firstDelay = context.configuration.reconnection.first * Double.random(in: 0...1) }
        adopted.append(node)
      }
      if let seed, adopted[place].endPoint == seed.endPoint, adopted[place].connection == nil, isWanted {
        adopted[place].seed = seed
        adopted[place].wake()
      }
    }
    let kept = Set(adopted.map { ObjectIdentifier($0) })
    let left = nodes.filter { !kept.contains(ObjectIdentifier($0)) }
    nodes = adopted
    places = Dictionary(adopted.enumerated().map { ($1.endPoint, $0) }) { first, _ in first }
    for node in left { node.leave() }
    self.topology = topology
    router.topologyChanged()
    connector.keepAddresses(of: topology.nodes.map(\.endPoint))
    if case .refused = location {} else { location = .known }
    changes.admitAll()
    connectionsChanged()
  }

  /// The nodes have just been confirmed: those without a connection are tried at once.
  func wakeAll() {
    for node in nodes where node.connection == nil { node.wake() }
  }

  func locate(_ location: Location) {
    self.location = location
    connectionsChanged()
  }

  /// Whether a connection is one of a node, or will be.
  func owns(_ connection: NodeConnection) -> Bool {
    nodes.contains { $0.connection === connection || $0.seed === connection }
  }

  /// Whether no node is expected to be there at any moment.
  var areAllAway: Bool { nodes.allSatisfy(\.isAway) }

  /// The keyspace of the settings has been made: connections that could not be set to it make room for such that are.
  func replaceConnectionsWithoutKeyspace() {
    for node in nodes {
      if let connection = node.connection, connection.lacksKeyspace { connection.drain() }
    }
  }

  /// Wakes the task that keeps a node.
  func wake(at endPoint: EndPoint) {
    if let place = places[endPoint] { nodes[place].wake() }
  }

  private var hasNothingToWaitFor: Bool {
    switch location {
    case .asked: false
    case .refused: true
    case .known, .failed, .unreachable: areAllAway
    }
  }

  private var noNodeAvailable: CassandraError {
    switch location {
    // Where the directory does not answer, that says more than that the nodes of its last answer are gone.
    case .failed(let error), .refused(let error): return error.withRetrySafety(true)
    case .asked, .known, .unreachable: break
    }
    var all = nodes.compactMap { node in
      node.failure.map { ContactPoints.Failure(endPoint: node.endPoint, error: $0) }
    }
    if case .unreachable(let failures) = location, all.isEmpty { all = failures }
    let logDetail = all.map { "\($0.endPoint): \($0.error.debugDescription)" }
    let failures = all.map(\.error)
    // A missing keyspace and bad credentials are not cured by waiting, so they are told as they are.
    if let cause = failures.first, [.keyspaceMissing, .badCredentials, .credentialsMissing].contains(cause.code),
      failures.allSatisfy({ $0.code == cause.code })
    {
      return cause.withRetrySafety(true)
    }
    let cause = failures.first
    let message = cause?.code == .noNodeAvailable ? cause?.description : nil
    return CassandraError(
      .noNodeAvailable, message ?? "The database cannot be reached.", logDetail: logDetail.joined(separator: "; "),
      isRetrySafe: true, cause: cause)
  }
}

// MARK: - A connection for a request

extension LoopNodes {
  /// A connection to send a request on; nodes at `avoided` come last.
  ///
  /// Waits while `run()` has not begun, while the first attempts to connect are under way, and while connections that
  /// have been lost are being replaced; when no node can be reached after that, it fails at once.
  func connection(
    for route: RouteRequest = .anywhere, avoiding avoided: [EndPoint] = [], due: UInt64
  ) async throws(CassandraError) -> NodeConnection {
    let patience = min(due, loop.now + context.configuration.limits.waitForAnotherNode.wholeMilliseconds)
    while true {
      if case .refused(let error) = location, state != .closed { throw error }
      if let connection = connectionNow(for: route, avoiding: avoided) {
        // Right after the start the node that has just failed may be the only one that is connected yet.
        guard avoided.contains(connection.endPoint), loop.now < patience, expectsAnother(than: avoided) else {
          return connection
        }
        if await waiting.add(on: loop, due: patience) == .cancelled { throw .cancelled(coordinator: nil) }
        continue
      }
      switch state {
      case .closed: throw CassandraError(.closed, "The database client has been closed.", isRetrySafe: true)
      case .running where hasNothingToWaitFor: throw noNodeAvailable
      case .running, .idle: break
      }
      guard waiting.count < context.configuration.limits.requestsWaiting else {
        throw CassandraError(
          .queueFull, "Too many requests are waiting for the database.",
          logDetail: "\(waiting.count) wait for a connection",
          isRetrySafe: true)
      }
      switch await waiting.add(on: loop, due: due) {
      case .admitted: continue
      case .cancelled: throw CassandraError.cancelled(coordinator: nil)
      case .timedOut where state == .idle:
        throw CassandraError(
          .notRunning,
          "The database client is not running: call run() in a task of its own, or use withClient.", isRetrySafe: true)
      case .timedOut:
        throw CassandraError(
          .timedOut, "The request waited too long for a connection to the database.", isRetrySafe: true,
          cause: noNodeAvailable)
      }
    }
  }

  /// The connection for a statement whose node may be any usable one; nil when there is none now.
  @inline(__always)
  func usableConnection(for statement: borrowing Statement, _ prepared: PreparedStatement) -> NodeConnection? {
    if nodes.count == 1 {
      guard let connection = nodes[0].connection, connection.isUsable else { return nil }
      return connection
    }
    return connectionNow(for: route(of: statement, prepared), avoiding: [])
  }

  /// Where a statement goes by its partition.
  func route(
    of statement: borrowing Statement, _ prepared: PreparedStatement, _ rules: RoutingRules? = nil
  ) -> RouteRequest { router.route(of: statement, prepared, rules, in: topology) }

  /// A connection that can take a request now, to another node than those.
  func connectionElsewhere(for route: RouteRequest, than known: [EndPoint]) -> NodeConnection? {
    guard let connection = connectionNow(for: route, avoiding: known), connection.canSend,
      !known.contains(connection.endPoint)
    else { return nil }
    return connection
  }

  /// A connection that can be used now; to a node at `avoided` only when there is no other.
  func connectionNow(for route: RouteRequest = .anywhere, avoiding avoided: [EndPoint] = []) -> NodeConnection? {
    router.choose(for: route, skipping: places(of: avoided), in: topology, nodes: nodes, now: loop.now)
      .flatMap { nodes[$0].connection }
  }

  private func places(of endPoints: [EndPoint]) -> [Int] {
    guard !endPoints.isEmpty else { return [] }
    return nodes.indices.filter { place in endPoints.contains { isNode(nodes[place], at: $0) } }
  }

  /// Whether a local node that is not reached at `avoided` may be connected at any moment.
  private func expectsAnother(than avoided: [EndPoint]) -> Bool {
    topology.local.contains { place in
      let node = nodes[Int(place)]
      return node.connection == nil && !node.isAway && !avoided.contains { isNode(node, at: $0) }
    }
  }

  /// Whether a node is the one that is reached at `endPoint`, under whatever name.
  private func isNode(_ node: Node, at endPoint: EndPoint) -> Bool {
    node.endPoint == endPoint || nodes.contains { $0.endPoint == endPoint && $0.isSame(as: node) }
  }
}

// MARK: - Attempts to connect

extension LoopNodes {
  /// Connects when no more than ``ClientLimits/connectsAtOnce`` others do on this loop.
  func connect(to node: Node) async throws(CassandraError) -> NodeConnection {
    let limits = context.configuration.limits
    while connecting >= limits.connectsAtOnce {
      guard await connectQueue.add(on: loop, due: .max) == .admitted else {
        throw CassandraError.cancelled(coordinator: node.endPoint)
      }
    }
    connecting += 1
    defer {
      connecting -= 1
      connectQueue.admitNext()
    }
    let (connection, hostID) = try await connector.connect(to: node.endPoint, speaking: node.version)
    node.identify(hostID)
    return connection
  }
}
