internal import CassandraBytes

/// The tokens of all nodes in their order, each with the place of its node.
struct TokenRing: Sendable {
  let tokens: [Int64]
  let owners: [UInt16]

  init(_ nodes: [NodeDescription]) {
    var entries: [(token: Int64, owner: UInt16)] = []
    for (index, node) in nodes.enumerated() {
      for token in node.tokens { entries.append((token, UInt16(index))) }
    }
    entries.sort { ($0.token, $0.owner) < ($1.token, $1.owner) }
    tokens = entries.map(\.token)
    owners = entries.map(\.owner)
  }

  /// The same ring with the tokens of some nodes only.
  private init(tokens: [Int64], owners: [UInt16]) {
    self.tokens = tokens
    self.owners = owners
  }

  func filtered(_ isIncluded: (Int) -> Bool) -> TokenRing {
    let places = owners.indices.filter { isIncluded(Int(owners[$0])) }
    return TokenRing(tokens: places.map { tokens[$0] }, owners: places.map { owners[$0] })
  }
}

/// How a keyspace is replicated.
enum Replication: Sendable, Hashable {
  /// On that many nodes that follow on the ring, wherever they are.
  case simple(Int)
  /// On that many nodes of each data centre, on different racks where there are.
  case network([ByteText: Int])
  /// In a way that says nothing of single nodes.
  case other

  /// Reads the column `replication` of `system_schema.keyspaces`.
  init(_ options: [ByteText: String]) {
    var options = options
    let name = options.removeValue(forKey: "class") ?? ""
    let strategy = name.utf8.split(separator: UInt8(ascii: ".")).last.map { Array($0) } ?? []
    if strategy == Array("SimpleStrategy".utf8) {
      self = options[ByteText("replication_factor")].flatMap(Self.factor).map { .simple($0) } ?? .other
    } else if strategy == Array("NetworkTopologyStrategy".utf8) {
      self = .network(options.compactMapValues(Self.factor))
    } else {
      self = .other
    }
  }

  /// `3`, or `3/1` where one of three is transient.
  private static func factor(_ text: String) -> Int? { Int(text.prefix(beforeASCII: "/")) }
}

/// For each range of the ring the nodes of the local data centre that have its partitions, in ring order.
final class ReplicaMap: Sendable {
  /// Replicas of one range at most that are kept: 64. Where more have it, any of these will do.
  static let maximumReplicas = 64
  /// Fills the places of ranges that have fewer replicas than others.
  static let none = UInt16.max

  /// Where each range ends.
  private let tokens: [Int64]
  /// Places in ``owners`` for each range.
  let width: Int
  /// The replicas of each range, ``width`` places for each.
  let owners: [UInt16]

  /// Nil where nothing can be said.
  ///
  /// - Parameter steps: How many places of the ring may still be looked at; see ``Topology/maximumRingSteps``.
  init?(
    of replication: Replication, on ring: TokenRing, nodes: [NodeDescription], local: ByteText?, isLocal: [Bool],
    steps: inout Int
  ) {
    let lists: [[UInt16]]
    switch replication {
    case .other: return nil
    case .simple(let factor):
      guard factor > 0 else { return nil }
      tokens = ring.tokens
      let count = min(factor, Set(ring.owners).count)
      guard
        let found = Self.lists(ring, &steps, { Self.following($0, on: ring, count: count, steps: &$1) })
      else { return nil }
      lists = found.map { $0.filter { isLocal[Int($0)] } }
    case .network(let factors):
      guard let local = local ?? Self.onlyDatacenter(nodes), let factor = factors[local], factor > 0 else { return nil }
      let ring = ring.filtered { nodes[$0].datacenter == local }
      tokens = ring.tokens
      let racks = nodes.map { $0.rack ?? ByteText("") }
      var rackNumbers: [ByteText: Int] = [:]
      let numbers = racks.map { rack in
        let number = rackNumbers[rack] ?? rackNumbers.count
        rackNumbers[rack] = number
        return number
      }
      let owners = Set(ring.owners)
      let rackCount = Set(owners.map { numbers[Int($0)] }).count
      guard
        let found = Self.lists(
          ring, &steps,
          {
            Self.following(
              $0, on: ring, count: factor, nodeCount: owners.count, racks: numbers, rackCount: rackCount, steps: &$1)
          })
      else { return nil }
      lists = found
    }
    guard !tokens.isEmpty else { return nil }
    let width = max(1, lists.lazy.map(\.count).max() ?? 1)
    self.width = width
    owners = lists.flatMap { $0 + Array(repeating: Self.none, count: width - $0.count) }
  }

  /// The replicas of each range; nil when too many places of the ring would have to be looked at.
  private static func lists(
    _ ring: TokenRing, _ steps: inout Int, _ following: (Int, inout Int) -> [UInt16]
  ) -> [[UInt16]]? {
    var lists: [[UInt16]] = []
    for start in ring.owners.indices {
      guard steps > 0 else { return nil }
      lists.append(following(start, &steps))
    }
    return lists
  }

  private static func onlyDatacenter(_ nodes: [NodeDescription]) -> ByteText? {
    let names = Set(nodes.compactMap(\.datacenter))
    return names.count == 1 ? names.first : nil
  }

  /// The next `count` different nodes on the ring.
  private static func following(_ start: Int, on ring: TokenRing, count: Int, steps: inout Int) -> [UInt16] {
    var found: [UInt16] = []
    var step = 0
    while step < ring.owners.count && found.count < min(count, maximumReplicas) && steps > 0 {
      steps -= 1
      let owner = ring.owners[(start + step) % ring.owners.count]
      if !found.contains(owner) { found.append(owner) }
      step += 1
    }
    return found
  }

  /// The same on different racks: a rack is used again only as often as there are fewer racks than replicas.
  private static func following(
    _ start: Int, on ring: TokenRing, count: Int, nodeCount: Int, racks: [Int], rackCount: Int, steps: inout Int
  ) -> [UInt16] {
    var found: [UInt16] = []
    var seen: Set<Int> = []
    var repeats = max(0, count - rackCount)
    let wanted = min(count, nodeCount, maximumReplicas)
    var step = 0
    while step < ring.owners.count && found.count < wanted && steps > 0 {
      steps -= 1
      let owner = ring.owners[(start + step) % ring.owners.count]
      step += 1
      guard !found.contains(owner) else { continue }
      if !seen.insert(racks[Int(owner)]).inserted {
        guard repeats > 0 else { continue }
        repeats -= 1
      }
      found.append(owner)
    }
    return found
  }

  /// Where in ``owners`` the replicas of the range begin that a token is in.
  @inline(__always)
  func start(of token: Int64) -> Int {
    // The first range whose end is not before the token; behind the last one the ring begins anew.
    var low = 0
    var high = tokens.count
    while low < high {
      let middle = (low + high) / 2
      if tokens[middle] < token { low = middle + 1 } else { high = middle }
    }
    return (low == tokens.count ? 0 : low) * width
  }

  /// The replicas of a token, in ring order.
  func replicas(of token: Int64) -> [Int] {
    let start = start(of: token)
    return owners[start..<start + width].filter { $0 != Self.none }.map { Int($0) }
  }
}
