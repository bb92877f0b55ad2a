internal import CassandraBytes
internal import CassandraWire

/// What tells where a request goes.
struct RouteRequest {
  var replicas: ReplicaMap?
  var start = 0
  var keepsRingOrder = false
  /// The rules of the request, where they are others than those of the client.
  var rules: RoutingRules?

  /// Nothing: any node will do.
  static let anywhere = RouteRequest()
}

/// Where the requests of a loop go: ``Routing``, with what it takes turns by and what it need not compute again.
final class Router {
  private let rules: RoutingRules
  // `@exclusivity(unchecked)`: these are touched on the loop's thread only, and no access to one of them lasts while
  // other code runs that could touch it, so the check at every access would find nothing.
  @exclusivity(unchecked) private var turn: UInt = 0
  @exclusivity(unchecked) private var random = UInt.random(in: 1...UInt.max)
  @exclusivity(unchecked) private var routingKey: [UInt8] = []
  @exclusivity(unchecked) private var maps = ReplicaMaps()

  init(_ rules: RoutingRules) {
    self.rules = rules
    routingKey.reserveCapacity(256)
  }

  /// There is another topology: what was derived from the last one is forgotten.
  func topologyChanged() { maps = ReplicaMaps() }

  /// Where a statement goes by its partition.
  func route(
    of statement: borrowing Statement, _ prepared: PreparedStatement, _ given: RoutingRules?, in topology: Topology
  ) -> RouteRequest {
    var route = RouteRequest(keepsRingOrder: prepared.kind.isConditional, rules: given)
    guard given?.isTokenAware ?? rules.isTokenAware, topology.nodes.count > 1,
      let replicas = maps.map(for: prepared, in: topology)
    else { return route }
    var key: [UInt8] = []
    swap(&key, &routingKey)
    key.removeAll(keepingCapacity: true)
    if statement.appendRoutingKey(prepared, into: &key) {
      route.replicas = replicas
      route.start = replicas.start(of: Murmur3.token(key.span))
    }
    swap(&key, &routingKey)
    return route
  }

  /// The place of the best node for a request, none of `skipped` unless there is no other; nil when there is none.
  func choose(
    for route: RouteRequest, skipping skipped: [Int], in topology: Topology, nodes: [Node], now: UInt64
  ) -> Int? {
    turn &+= 1
    random ^= random << 13
    random ^= random >> 7
    random ^= random << 17
    var routing = Routing()
    routing.replicas = route.replicas
    routing.start = route.start
    routing.keepsRingOrder = route.keepsRingOrder
    routing.usesRemote = route.rules?.usesRemote ?? rules.usesRemote
    routing.rack = route.rules.map { $0.rack } ?? rules.rack
    routing.turn = turn
    routing.chance = random
    let loads = Loads(nodes: nodes, now: now, silence: route.rules?.silence ?? rules.silence)
    if let order = route.rules.map({ $0.order }) ?? rules.order {
      return choose(by: order, routing, loads, in: topology, skipping: skipped)
    }
    if !skipped.isEmpty, let place = routing.choose(in: topology, skipping: skipped, loads) { return place }
    return routing.choose(in: topology, skipping: [], loads)
  }

  /// The same by an order that somebody has written.
  private func choose(
    by order: ([RoutingCandidate]) -> [Int], _ routing: Routing, _ loads: Loads, in topology: Topology,
    skipping skipped: [Int]
  ) -> Int? {
    let places = routing.order(in: topology, loads)
    let replicas = routing.replicas.map { map in
      map.owners[routing.start..<routing.start + map.width].map { Int($0) }
    }
    let candidates = places.map { place in
      let load = loads.load(at: place)
      let node = topology.nodes[place]
      return RoutingCandidate(
        endPoint: node.endPoint, datacenter: node.datacenter?.text, rack: node.rack?.text,
        isReplica: replicas?.contains(place) ?? false, isLocal: topology.distances[place] == .local,
        requestsInFlight: load.inFlight, isSilent: load.availability == .silent)
    }
    let wanted = order(candidates).filter { candidates.indices.contains($0) }.map { places[$0] }
    return wanted.first { !skipped.contains($0) } ?? wanted.first
  }

  private struct Loads: NodeLoads {
    let nodes: [Node]
    let now: UInt64
    let silence: UInt64

    @inline(__always)
    func load(at place: Int) -> NodeLoad {
      guard let connection = nodes[place].connection, connection.isUsable else {
        return NodeLoad(availability: .away, inFlight: 0)
      }
      return NodeLoad(
        availability: connection.isSilent(for: silence, now: now) ? .silent : .available, inFlight: connection.inFlight)
    }
  }
}

/// The replicas of the statements that were used last, found without hashing the name of their keyspace.
struct ReplicaMaps {
  private struct Entry {
    var statement: PreparedStatement?
    var map: ReplicaMap?
  }

  private var entries = [Entry](repeating: Entry(), count: 64)

  @inline(__always)
  mutating func map(for statement: PreparedStatement, in topology: Topology) -> ReplicaMap? {
    guard !topology.replicas.isEmpty else { return nil }
    let place = Int(UInt(bitPattern: ObjectIdentifier(statement).hashValue) % UInt(entries.count))
    if entries[place].statement === statement { return entries[place].map }
    let map = statement.parameters.first.flatMap { topology.replicas[ByteText($0.keyspace)] }
    entries[place] = Entry(statement: statement, map: map)
    return map
  }
}
