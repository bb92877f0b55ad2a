internal import CassandraBytes
internal import CassandraWire

/// The nodes of a cluster and who has which data, as the client knew them at one moment.
///
/// A value that is replaced and never changed: whoever makes a new one gives it to every loop, and a request reads it
/// once.
struct Topology: Sendable {
  /// How far a node is from the application.
  enum Distance: Sendable, Equatable {
    /// In its own data centre.
    case local
    /// In another one, where requests may go when no local node can be had.
    case remote
    /// In another one, and no connection is made.
    case ignored
  }

  /// Counts the values, so that what was derived from one is not used with another.
  let version: UInt64
  let nodes: [NodeDescription]
  let localDatacenter: ByteText?
  let distances: [Distance]
  /// Places in ``nodes`` of those that are ``Distance/local``, and of those that are ``Distance/remote``.
  let local: [UInt16]
  let remote: [UInt16]
  /// Which nodes have a partition, by keyspace; empty for a partitioner that is not Murmur3.
  fileprivate(set) var replicas: [ByteText: ReplicaMap] = [:]
  /// The place of each node by the address that events name it by.
  private let places: [NodeAddress: Int]

  /// Nothing is known.
  static let unknown = Topology(version: 0, nodes: [], localDatacenter: nil, remoteNodes: 0, replication: [:])

  /// Nodes at most: 4,096, as many as no cluster has. Each has a task on each loop; what else a server names is left out.
  static let maximumNodes = 4_096
  /// Places of the ring that are looked at, for all keyspaces together, to find out who has which range: 16 Mi. Beyond it,
  /// requests of the keyspaces that are left go to any node. A thousand nodes with 256 tokens each and ten ways of
  /// replication take about the half of it.
  static let maximumRingSteps = 16 << 20

  /// All at once; see ``TopologyDraft`` for the same in pieces.
  ///
  /// - Parameters:
  ///   - remoteNodes: Nodes of each other data centre that may be used.
  ///   - replication: How each keyspace is replicated.
  ///   - ringSteps: See ``maximumRingSteps``.
  init(
    version: UInt64, nodes: [NodeDescription], localDatacenter: ByteText?, remoteNodes: Int,
    replication: [ByteText: Replication], ringSteps: Int = maximumRingSteps
  ) {
    var draft = TopologyDraft(
      version: version, nodes: nodes, localDatacenter: localDatacenter, remoteNodes: remoteNodes,
      replication: replication, ringSteps: ringSteps)
    while draft.step() > 0 {}
    self = draft.topology
  }

  /// Without replicas.
  fileprivate init(version: UInt64, nodes: [NodeDescription], localDatacenter: ByteText?, remoteNodes: Int) {
    self.version = version
    self.nodes = Array(nodes.prefix(Self.maximumNodes))
    self.localDatacenter = localDatacenter
    var used: [ByteText: Int] = [:]
    let distances: [Distance] = self.nodes.map { node in
      // Where no table tells the data centre, there is nothing to tell nodes apart by.
      guard let localDatacenter, let datacenter = node.datacenter, datacenter != localDatacenter else { return .local }
      used[datacenter, default: 0] += 1
      return used[datacenter, default: 0] <= remoteNodes ? .remote : .ignored
    }
    self.distances = distances
    local = distances.indices.filter { distances[$0] == .local }.map { UInt16($0) }
    remote = distances.indices.filter { distances[$0] == .remote }.map { UInt16($0) }
    places = Dictionary(self.nodes.enumerated().compactMap { place, node in node.address.map { ($0, place) } }) {
      first, _ in first
    }
  }

  /// The place of the node that an event names.
  func index(at address: NodeAddress) -> Int? { places[address] }
}

/// Makes a ``Topology`` in pieces, so that whoever does can let its loop turn: who has which range is a question to each of
/// the tokens of a cluster.
struct TopologyDraft {
  /// Ways of replication that are the same on a ring.
  private enum Way: Hashable {
    case simple(Int)
    case network(Int)
  }

  private enum Stage {
    case sorting(RingDraft)
    /// The next keyspace is looked at.
    case mapping
    /// Who has which range, for a way of replication.
    case replicas(Way, ReplicaDraft)
    case finished
  }

  /// The ring and what is asked of it for every keyspace.
  private struct Ring {
    let all: TokenRing
    let owners: Int
    let local: TokenRing
    let localOwners: Int
    /// A number for the rack of each node.
    let racks: [Int]
    let localRacks: Int

    init(_ all: TokenRing, _ nodes: [NodeDescription], local datacenter: ByteText?) {
      self.all = all
      owners = all.ownerCount(of: nodes.count)
      var numbers: [ByteText: Int] = [:]
      let racks = nodes.map { node in
        let rack = node.rack ?? ByteText("")
        let number = numbers[rack] ?? numbers.count
        numbers[rack] = number
        return number
      }
      self.racks = racks
      let isLocal = nodes.map { $0.datacenter != nil && $0.datacenter == datacenter }
      local = all.filtered { isLocal[$0] }
      localOwners = local.ownerCount(of: nodes.count)
      var owns = [Bool](repeating: false, count: numbers.count)
      for owner in local.owners { owns[racks[Int(owner)]] = true }
      localRacks = owns.count { $0 }
    }
  }

  /// What has been made so far.
  private(set) var topology: Topology
  /// Keyspaces for which too many places of the ring would have to be looked at.
  private(set) var keyspacesTooLong = 0
  private let replication: [(key: ByteText, value: Replication)]
  /// The data centre that replicas are in: the application's own, or the only one.
  private let datacenter: ByteText?
  private let isLocal: [Bool]
  private var stage: Stage
  private var ring: Ring?
  private var keyspace = 0
  private var maps: [Way: ReplicaMap] = [:]
  private var steps: Int

  /// See ``Topology/init(version:nodes:localDatacenter:remoteNodes:replication:ringSteps:)``.
  init(
    version: UInt64, nodes: [NodeDescription], localDatacenter: ByteText?, remoteNodes: Int,
    replication: [ByteText: Replication], ringSteps: Int = Topology.maximumRingSteps
  ) {
    topology = Topology(version: version, nodes: nodes, localDatacenter: localDatacenter, remoteNodes: remoteNodes)
    isLocal = topology.distances.map { $0 == .local }
    let names = Set(topology.nodes.compactMap(\.datacenter))
    datacenter = localDatacenter ?? (names.count == 1 ? names.first : nil)
    self.replication = replication.sorted { $0.key < $1.key }
    steps = ringSteps
    stage = .sorting(RingDraft(topology.nodes))
  }

  /// Does a piece, and says how much was done, in places of the ring; 0 when nothing is left.
  mutating func step() -> Int {
    switch stage {
    case .finished: return 0
    case .sorting(var draft):
      // Out of the stage, so that its arrays are changed where they lie.
      stage = .mapping
      guard let made = draft.ring else {
        let moved = draft.step()
        stage = .sorting(draft)
        return moved + 1
      }
      ring = Ring(made, topology.nodes, local: datacenter)
      return made.tokens.count + 1
    case .mapping:
      beginNext()
      return 1
    case .replicas(let way, var draft):
      stage = .mapping
      let before = steps
      switch draft.advance(&steps, limit: SystemLimits.ringStepsAtOnce) {
      case .unfinished: stage = .replicas(way, draft)
      case .finished(let map): maps[way] = map
      case .tooLong:
        steps = 0
        skip()
      }
      return before - steps + 1
    }
  }

  /// Passes over the keyspace at hand.
  private mutating func skip() {
    keyspacesTooLong += 1
    keyspace += 1
  }

  /// Looks at the next keyspace: its map may be there, or has to be made first.
  private mutating func beginNext() {
    guard let ring, keyspace < replication.count, !ring.all.tokens.isEmpty else {
      stage = .finished
      return
    }
    let (name, replication) = replication[keyspace]
    guard let way = way(of: replication, on: ring) else {
      keyspace += 1
      return
    }
    if let map = maps[way] {
      topology.replicas[name] = map
      keyspace += 1
      return
    }
    guard steps > 0 else { return skip() }
    switch way {
    case .simple(let wanted): stage = .replicas(way, ReplicaDraft(ring.all, wanted: wanted, keeping: isLocal))
    case .network(let wanted):
      stage = .replicas(
        way, ReplicaDraft(ring.local, wanted: wanted, racks: ring.racks, rackCount: ring.localRacks))
    }
  }

  /// The way of a replication on the ring: more replicas than there are nodes are as many. Nil where nothing can be said.
  private func way(of replication: Replication, on ring: Ring) -> Way? {
    switch replication {
    case .other: return nil
    case .simple(let factor): return factor > 0 ? .simple(min(factor, ring.owners)) : nil
    case .network(let factors):
      guard let datacenter, let factor = factors[datacenter], factor > 0, ring.localOwners > 0 else { return nil }
      return .network(min(factor, ring.localOwners))
    }
  }
}
