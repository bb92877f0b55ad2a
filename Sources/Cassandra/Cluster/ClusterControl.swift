internal import CassandraBytes
internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry

/// Knows which nodes there are, on the client's first loop: reads the system tables, listens to events, asks the
/// directory where there is one, and gives every loop the ``Topology`` that follows.
///
/// It needs no connection of its own: one of those to a node is the control connection, and when that is lost, another is
/// at once.
final class ClusterControl {
  let loop: EventLoop
  let context: ClientContext
  private let nodes: LoopNodes
  private var contacts: ContactPoints
  /// Wakes ``keep()``: an event, a connection that was made or lost.
  private let news = AdmissionQueue()
  private var refreshes: RefreshSchedule
  /// The node whose tables could not be read last.
  private var avoided: [EndPoint] = []
  /// How often that has happened in a row.
  private var fruitlessReadings = 0
  /// Dials of the contact points that have led nowhere since one did.
  private var fruitlessDials = 0
  private var nextDial: UInt64 = 0
  /// A connection to a contact point that is no node's.
  private var dialled: NodeConnection?
  private var localDatacenter: ByteText?
  private var replication: [ByteText: Replication] = [:]
  private var version: UInt64 = 0
  /// Topologies that were begun to be made.
  private var publications: UInt64 = 0
  /// What has been said of servers that tell too much.
  private var excesses = ExcessNotes()

  /// What the directory has answered.
  private var map: ClusterMap?
  /// When the directory is asked.
  private var inquiry: DirectoryInquiry
  /// Where the task that asks waits until then.
  private let inquiries = AdmissionQueue()

  init(_ nodes: LoopNodes) {
    self.nodes = nodes
    loop = nodes.loop
    context = nodes.context
    contacts = ContactPoints(context.configuration.cluster.knownMap?.endPoints ?? [])
    localDatacenter = context.configuration.cluster.localDatacenter.map { ByteText($0) }
    refreshes = RefreshSchedule(quiet: context.configuration.limits.eventQuietTime.wholeMilliseconds)
    inquiry = DirectoryInquiry(context.configuration.reconnection)
    nodes.onChange = { [news] in news.admitAll() }
  }

  /// Keeps the topology until the task is cancelled.
  func run() async {
    let bound = LoopBound(self, on: loop)
    await withDiscardingTaskGroup { group in
      if let directory = context.directory {
        group.addTask(executorPreference: bound.loop) { await bound.onLoop.inquire(of: directory) }
      }
      await keep()
    }
  }
}

// MARK: - The control connection

extension ClusterControl: ConnectionObserver {
  private func keep() async {
    while let connection = await acquire() {
      do throws(CassandraError) {
        try await take(connection)
        avoided = []
        fruitlessReadings = 0
        try await serve(connection)
      } catch {
        guard !Task.isCancelled else { break }
        avoided = [connection.endPoint]
        context.logger.warning(
          "the nodes of the cluster cannot be read; trying another node",
          ["node": .text("\(connection.endPoint)"), "error": .text(error.debugDescription)])
        if dialled === connection { connection.close(error) }
        if nodes.nodes.isEmpty {
          let failure = ContactPoints.Failure(endPoint: connection.endPoint, error: error)
          context.loops.post { $0.nodes.locate(.unreachable([failure])) }
        }
        fruitlessReadings += 1
        let delay = context.configuration.reconnection.delay(failures: fruitlessReadings, chance: .random(in: 0...1))
        guard (try? await loop.sleep(for: delay)) != nil else { break }
      }
      connection.observer = nil
      hangUp()
    }
    hangUp()
  }

  /// Ends a connection that is no node's.
  private func hangUp() {
    if let dialled { dialled.close(.connectionLost(nil, coordinator: dialled.endPoint)) }
    dialled = nil
  }

  /// A connection to read the tables on: one of a node, or a new one to a contact point when no node can be reached.
  private func acquire() async -> NodeConnection? {
    while !Task.isCancelled {
      if let connection = nodes.connectionNow(avoiding: avoided) { return connection }
      var due = UInt64.max
      if context.directory == nil && nodes.areAllAway {
        if loop.now >= nextDial {
          if let connection = await dial() { return connection }
          continue
        }
        due = nextDial
      }
      if await news.add(on: loop, due: due) == .cancelled { return nil }
    }
    return nil
  }

  private func take(_ connection: NodeConnection) async throws(CassandraError) {
    connection.observer = self
    let due = loop.now + context.configuration.limits.connectTimeout.wholeMilliseconds
    // First the events, then the tables: what happens in between is told twice and not missed. Changes of the schema are
    // told on every connection anyway.
    do throws(CassandraError) {
      try await SystemTables.register([.topologyChange, .statusChange], on: connection, due: due)
    } catch {
      guard error.server != nil else { throw error }
      context.logger.warning(
        "the node tells of no events",
        ["node": .text("\(connection.endPoint)"), "error": .text(error.debugDescription)])
    }
    try await refresh(on: connection)
  }

  private func serve(_ connection: NodeConnection) async throws(CassandraError) {
    while connection.isUsable {
      if refreshes.take(now: loop.now) { try await refresh(on: connection) }
      // It led to a node that is not to be used: the tables are read elsewhere from now on.
      if dialled === connection, nodes.connectionNow() != nil { return }
      if await news.add(on: loop, due: refreshes.due ?? .max) == .cancelled { return }
    }
  }

  func connectionBecameUnusable(_ connection: NodeConnection) { news.admitAll() }

  func connection(_ connection: NodeConnection, heard event: Event) {
    switch event {
    case .topologyChange: refreshes.note(now: loop.now)
    case .statusChange(.down, _): return
    case .statusChange(.up, let address):
      guard let place = nodes.topology.index(at: address) else {
        refreshes.note(now: loop.now)
        break
      }
      let endPoint = nodes.topology.nodes[place].endPoint
      context.loops.post { $0.nodes.wake(at: endPoint) }
    case .schemaChange: return
    }
    news.admitAll()
  }

  /// Keyspaces have other replicas, or there are others.
  func keyspacesChanged() {
    refreshes.note(now: loop.now)
    news.admitAll()
  }
}

// MARK: - Contact points

extension ClusterControl {
  /// How long one contact point is tried before the next one is, too: 250 ms.
  static let stagger: UInt64 = 250

  private typealias Dialled = Result<LoopBound<NodeConnection>, CassandraError>

  /// Connects to one of the contact points, whose names are looked up anew; nil when none can be reached.
  private func dial() async -> NodeConnection? {
    // A node that is known by this very name looks it up itself whenever it is tried.
    let known = Set(nodes.nodes.map(\.endPoint))
    let wanted = contacts.endPoints.filter { !known.contains($0) }
    guard !wanted.isEmpty else {
      nextDial = loop.now + context.configuration.reconnection.longest.wholeMilliseconds
      return nil
    }
    var failures: [ContactPoints.Failure] = []
    for endPoint in wanted {
      do throws(CassandraError) {
        contacts.resolved(endPoint, to: try await nodes.connector.addresses(of: endPoint))
      } catch { failures.append(.init(endPoint: endPoint, error: error)) }
    }
    let candidates = wanted.filter { endPoint in !failures.contains { $0.endPoint == endPoint } }
      .flatMap { contacts.candidates(of: $0) }
    let (connection, others) = await connect(toOneOf: candidates)
    if let connection {
      dialled = connection
      fruitlessDials = 0
      nextDial = 0
      return connection
    }
    failures += others
    fruitlessDials += 1
    let delay = context.configuration.reconnection.delay(failures: fruitlessDials, chance: .random(in: 0...1))
    nextDial = loop.now + delay.wholeMilliseconds
    guard !Task.isCancelled else { return nil }
    if fruitlessDials == 1 || fruitlessDials % 10 == 0 {
      for failure in failures {
        context.logger.warning(
          "cannot connect to the database; trying again",
          ["node": .text("\(failure.endPoint)"), "error": .text(failure.error.debugDescription)])
      }
    }
    if nodes.nodes.isEmpty { context.loops.post { [failures] in $0.nodes.locate(.unreachable(failures)) } }
    return nil
  }

  /// Tries one after the other, the next one when the last has failed or takes long; the first that answers counts.
  private func connect(
    toOneOf candidates: [ContactPoints.Candidate]
  ) async -> (NodeConnection?, [ContactPoints.Failure]) {
    let pace = AdmissionQueue()
    let bounds = (LoopBound(nodes.connector, on: loop), LoopBound(pace, on: loop))
    let began = loop.now
    var first: NodeConnection?
    var failures: [ContactPoints.Failure] = []
    await withTaskGroup(of: (Int, Dialled).self) { group in
      for (number, candidate) in candidates.enumerated() {
        let start = began + Self.stagger * UInt64(number)
        group.addTask(executorPreference: loop) {
          let loop = bounds.0.loop
          if number > 0 { _ = await bounds.1.onLoop.add(on: loop, due: start) }
          if Task.isCancelled { return (number, .failure(.cancelled(coordinator: candidate.endPoint))) }
          do throws(CassandraError) {
            let (connection, _) = try await bounds.0.onLoop.connect(to: candidate.endPoint, at: candidate.addresses)
            return (number, .success(LoopBound(connection, on: loop)))
          } catch {
            bounds.1.onLoop.admitNext()
            return (number, .failure(error))
          }
        }
      }
      for await (number, result) in group {
        switch result {
        case .success(let connection):
          if first == nil {
            first = connection.onLoop
            group.cancelAll()
          } else {
            connection.onLoop.close(.cancelled(coordinator: candidates[number].endPoint))
          }
        case .failure(let error): failures.append(.init(endPoint: candidates[number].endPoint, error: error))
        }
      }
    }
    return (first, failures)
  }
}

// MARK: - The topology

extension ClusterControl {
  private func refresh(on connection: NodeConnection) async throws(CassandraError) {
    let due = loop.now + context.configuration.limits.connectTimeout.wholeMilliseconds
    let reading = try await SystemTables.read(on: connection, due: due)
    excesses.note(reading.excess, from: connection.endPoint, to: context.logger)
    if let map {
      await publish(described(map, by: reading), replication: reading.replication)
      return
    }
    let known = Set(nodes.topology.nodes.compactMap(\.hostID))
    let found = reading.nodes(reachedAt: connection.endPoint, known: known) { place($0) }
    do throws(CassandraError) {
      localDatacenter = try LocalDatacenter.choose(
        localDatacenter, among: found, contacts: found.filter { contacts.include($0.endPoint) })
      await publish(found, replication: reading.replication, seed: connection)
      context.loops.post { $0.nodes.locate(.known) }
    } catch {
      context.logger.error("the cluster is not used", ["error": .text(error.debugDescription)])
      context.loops.post { $0.nodes.locate(.refused(error)) }
    }
  }

  private func place(_ node: AdvertisedNode) -> EndPoint {
    if let translate = context.configuration.addressTranslation { return translate(node) }
    return contacts.place(host: node.host, port: node.port) ?? EndPoint(host: node.host, port: node.port)
  }

  /// The nodes of the directory with what the tables say of them. All of them are in the local data centre.
  private func described(_ map: ClusterMap, by reading: SystemReading?) -> [NodeDescription] {
    var nodes: [NodeDescription] = []
    let rows = reading.map { [$0.local] + $0.peers } ?? []
    let rowsByID = Dictionary(
      rows.prefix(Topology.maximumNodes).compactMap { row in row.hostID.map { (ByteText("\($0)"), row) } }
    ) { first, _ in first }
    var endPoints: Set<EndPoint> = []
    for endPoint in map.endPoints where endPoints.insert(endPoint).inserted {
      let row = endPoint.serverName.flatMap { rowsByID[ByteText($0)] }
      nodes.append(
        NodeDescription(
          hostID: row?.hostID, endPoint: endPoint,
          address: row?.address.map { NodeAddress(address: $0, port: row?.port ?? UInt16(clamping: endPoint.port)) },
          datacenter: ByteText(map.localDatacenter), rack: row?.rack, release: row?.release,
          tokens: reading?.hasRing == true ? row?.tokens ?? [] : []))
    }
    return nodes
  }

  /// Gives every loop what is new; when something newer comes while it is being made, that and not this.
  private func publish(
    _ found: [NodeDescription], replication: [ByteText: Replication], seed: NodeConnection? = nil
  ) async {
    publications += 1
    let publication = publications
    let before = nodes.topology
    let isNew = found != before.nodes || replication != self.replication || before.version == 0
    guard isNew || seed.map({ !nodes.owns($0) }) == true else { return }
    if isNew { version += 1 }
    var draft = TopologyDraft(
      version: version, nodes: found, localDatacenter: localDatacenter, remoteNodes: context.remoteNodesPerDatacenter,
      replication: replication)
    var slices = WorkSlices(on: loop, of: SystemLimits.ringStepsAtOnce)
    while case let work = draft.step(), work > 0 {
      await slices.spend(work)
      guard publications == publication, !Task.isCancelled else { return }
    }
    self.replication = replication
    let topology = draft.topology
    if draft.keyspacesTooLong > 0 {
      excesses.note(SystemExcess(ringKeyspaces: draft.keyspacesTooLong), from: seed?.endPoint, to: context.logger)
    }
    if isNew { topology.log(changesSince: before, to: context.logger) }
    nodes.adopt(topology, seed: seed)
    if let seed, nodes.owns(seed) { dialled = nil }
    let places = isNew ? Set(found.map(\.endPoint)) : nil
    context.loops.post { [loop] client in
      if client.loop !== loop { client.nodes.adopt(topology) }
      if let places { client.requests.metrics.keep(places) }
    }
  }
}

// MARK: - The directory

extension ClusterControl {
  /// Asks the directory whenever it is time to, until the task is cancelled.
  private func inquire(of directory: any ClusterDirectory) async {
    while !Task.isCancelled {
      switch inquiry.next(now: loop.now) {
      case .ask: await ask(directory)
      case .wait(let until): _ = await inquiries.add(on: loop, due: until)
      }
    }
  }

  private func ask(_ directory: any ClusterDirectory) async {
    do throws(CassandraError) {
      let map = try await directory.locateNodes(on: loop)
      inquiry.answered()
      self.map = map
      localDatacenter = ByteText(map.localDatacenter)
      await publish(described(map, by: nil), replication: replication)
      refreshes.note(now: loop.now)
      context.loops.post { client in
        client.nodes.locate(.known)
        client.nodes.wakeAll()
      }
    } catch {
      inquiry.failed(now: loop.now, chance: .random(in: 0...1))
      guard !Task.isCancelled else { return }
      context.logger.warning(
        "the nodes of the database cannot be found out; trying again",
        ["directory": .text(directory.description), "error": .text(error.debugDescription)])
      context.loops.post { $0.nodes.locate(.failed(error)) }
    }
  }

  /// A node could not be reached: the directory may know more.
  func nodeIsAway(failures: Int, areAllAway: Bool) {
    let isEarlier =
      areAllAway
      ? inquiry.nodesAreAway(now: loop.now, chance: .random(in: 0...1))
      : inquiry.nodeIsAway(failures: failures, now: loop.now)
    if isEarlier { inquiries.admitAll() }
  }

  /// A node was reached: what the directory said is of use.
  func nodeWasReached() { inquiry.nodeWasReached() }
}
