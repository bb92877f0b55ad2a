internal import CassandraBytes

/// What routing looks at in a node.
struct NodeLoad {
  enum Availability {
    /// It can take a request.
    case available
    /// It owes answers and has been silent for a while.
    case silent
    /// There is no connection to it.
    case away
  }

  var availability: Availability
  var inFlight: Int
}

/// What each node of a topology has to do, by its place.
protocol NodeLoads {
  func load(at place: Int) -> NodeLoad
}

/// Where a request goes: a pure function of what it asks for, the topology, and what each node has to do.
struct Routing {
  /// The replicas of the request's partition; nil when it has none or it is not known.
  var replicas: ReplicaMap?
  /// Where in these the ones of its partition begin.
  var start = 0
  /// Whether the replicas come in the order of the ring: what conditional statements of one partition ask the same node,
  /// so that they do not get into each other's way.
  var keepsRingOrder = false
  /// The rack that comes first.
  var rack: ByteText?
  var usesRemote = false
  /// Counts requests, so that equal nodes take turns.
  var turn: UInt = 0
  /// A random number.
  var chance: UInt = 0

  /// The place of the best node that is none of `skipped`; nil when there is none.
  @inline(__always)
  func choose(in topology: Topology, skipping skipped: [Int], _ loads: some NodeLoads) -> Int? {
    if let place = chooseReplica(in: topology, skipping: skipped, loads) { return place }
    return choose(among: topology.local, in: topology, .available, skipping: skipped, loads)
      ?? choose(among: topology.local, in: topology, .silent, skipping: skipped, loads)
      ?? chooseRemote(in: topology, skipping: skipped, loads)
  }

  @inline(__always)
  private func chooseReplica(in topology: Topology, skipping skipped: [Int], _ loads: some NodeLoads) -> Int? {
    guard let replicas else { return nil }
    if keepsRingOrder {
      for place in start..<start + replicas.width where replicas.owners[place] != ReplicaMap.none {
        let owner = Int(replicas.owners[place])
        if fits(owner, .available, skipping: skipped, loads) { return owner }
      }
      return nil
    }
    if rack != nil,
      let place = pick(
        replicas.width, .available, topology, inRack: true, skipping: skipped, loads,
        at: {
          replicas.owners[start + $0]
        })
    {
      return place
    }
    return pick(replicas.width, .available, topology, inRack: false, skipping: skipped, loads) {
      replicas.owners[start + $0]
    }
  }

  private func chooseRemote(in topology: Topology, skipping skipped: [Int], _ loads: some NodeLoads) -> Int? {
    guard usesRemote else { return nil }
    return choose(among: topology.remote, in: topology, .available, skipping: skipped, loads)
      ?? choose(among: topology.remote, in: topology, .silent, skipping: skipped, loads)
  }

  private func choose(
    among places: [UInt16], in topology: Topology, _ wanted: NodeLoad.Availability, skipping skipped: [Int],
    _ loads: some NodeLoads
  ) -> Int? {
    if rack != nil,
      let place = pick(places.count, wanted, topology, inRack: true, skipping: skipped, loads, at: { places[$0] })
    {
      return place
    }
    return pick(places.count, wanted, topology, inRack: false, skipping: skipped, loads) { places[$0] }
  }

  /// Of the nodes that fit, two: the one whose turn it is, and another by chance. The one with less to do is taken.
  @inline(__always)
  private func pick(
    _ count: Int, _ wanted: NodeLoad.Availability, _ topology: Topology, inRack: Bool, skipping skipped: [Int],
    _ loads: some NodeLoads, at place: (Int) -> UInt16
  ) -> Int? {
    @inline(__always) func includes(_ index: Int) -> Bool {
      let node = place(index)
      guard node != ReplicaMap.none, fits(Int(node), wanted, skipping: skipped, loads) else { return false }
      return !inRack || topology.nodes[Int(node)].rack == rack
    }
    @inline(__always) func fitting(_ number: UInt) -> Int {
      var left = number
      for index in 0..<count where includes(index) {
        if left == 0 { return Int(place(index)) }
        left -= 1
      }
      preconditionFailure("there are as many as were counted")
    }
    var fittingCount: UInt = 0
    for index in 0..<count where includes(index) { fittingCount += 1 }
    guard fittingCount > 0 else { return nil }
    let number = turn % fittingCount
    let first = fitting(number)
    guard fittingCount > 1 else { return first }
    let second = fitting((number + 1 + chance % (fittingCount - 1)) % fittingCount)
    return loads.load(at: second).inFlight < loads.load(at: first).inFlight ? second : first
  }

  @inline(__always)
  private func fits(
    _ place: Int, _ wanted: NodeLoad.Availability, skipping skipped: [Int], _ loads: some NodeLoads
  ) -> Bool {
    loads.load(at: place).availability == wanted && (skipped.isEmpty || !skipped.contains(place))
  }

  /// All nodes that can be used, the best first.
  func order(in topology: Topology, _ loads: some NodeLoads) -> [Int] {
    var order: [Int] = []
    while let place = choose(in: topology, skipping: order, loads) { order.append(place) }
    return order
  }
}
