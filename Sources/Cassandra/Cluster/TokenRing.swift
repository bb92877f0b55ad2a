internal import CassandraBytes

/// The tokens of all nodes in their order, each with the place of its node.
struct TokenRing: Sendable {
  private(set) var tokens: [Int64] = []
  private(set) var owners: [UInt16] = []

  fileprivate init(_ entries: [RingDraft.Entry]) {
    tokens = entries.map(\.token)
    owners = entries.map(\.owner)
  }

  /// The same ring with the tokens of some nodes only.
  func filtered(_ isIncluded: (Int) -> Bool) -> TokenRing {
    var ring = TokenRing([])
    for (token, owner) in zip(tokens, owners) where isIncluded(Int(owner)) {
      ring.tokens.append(token)
      ring.owners.append(owner)
    }
    return ring
  }

  /// How many nodes have tokens on it.
  func ownerCount(of nodes: Int) -> Int {
    var owns = [Bool](repeating: false, count: nodes)
    for owner in owners { owns[Int(owner)] = true }
    return owns.count { $0 }
  }
}

/// Puts the tokens of nodes into their order, in pieces: those of each node, and then two runs at a time.
struct RingDraft {
  fileprivate typealias Entry = (token: Int64, owner: UInt16)

  private let nodes: [NodeDescription]
  /// Nodes whose tokens are in a run.
  private var sorted = 0
  /// Tokens in their order, from ``first`` on.
  private var runs: [[Entry]] = []
  private var first = 0

  init(_ nodes: [NodeDescription]) { self.nodes = nodes }

  /// The ring, once it is in order.
  var ring: TokenRing? { sorted < nodes.count || runs.count - first > 1 ? nil : TokenRing(runs.last ?? []) }

  /// Puts the tokens of a node into their order or joins two runs, and says how many tokens were moved; there is no ring yet.
  mutating func step() -> Int {
    if sorted < nodes.count {
      let owner = UInt16(sorted)
      let tokens = nodes[sorted].tokens
      sorted += 1
      if !tokens.isEmpty { runs.append(tokens.sorted().map { ($0, owner) }) }
      return tokens.count
    }
    var (left, right): ([Entry], [Entry]) = ([], [])
    swap(&left, &runs[first])
    swap(&right, &runs[first + 1])
    first += 2
    var joined: [Entry] = []
    joined.reserveCapacity(left.count + right.count)
    var (leftPlace, rightPlace) = (0, 0)
    while leftPlace < left.count && rightPlace < right.count {
      if (right[rightPlace].token, right[rightPlace].owner) < (left[leftPlace].token, left[leftPlace].owner) {
        joined.append(right[rightPlace])
        rightPlace += 1
      } else {
        joined.append(left[leftPlace])
        leftPlace += 1
      }
    }
    joined.append(contentsOf: left[leftPlace...])
    joined.append(contentsOf: right[rightPlace...])
    runs.append(joined)
    return joined.count
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

  fileprivate init(tokens: [Int64], width: Int, owners: [UInt16]) {
    self.tokens = tokens
    self.width = width
    self.owners = owners
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

/// Finds out who has which range of a ring, in pieces.
struct ReplicaDraft {
  enum Progress {
    /// There is more to do.
    case unfinished
    case finished(ReplicaMap)
    /// More places of the ring would have to be looked at than may be.
    case tooLong
  }

  /// Nodes that are marked without a loop that takes the marks away: a mark counts when it is that of the present range.
  private struct Marks {
    var marks: [UInt32]

    init(_ count: Int) { marks = Array(repeating: 0, count: count) }

    /// Whether it was not marked in this range.
    mutating func insert(_ place: Int, _ range: Int) -> Bool {
      let mark = UInt32(truncatingIfNeeded: range + 1)
      guard marks[place] != mark else { return false }
      marks[place] = mark
      return true
    }
  }

  private let ring: TokenRing
  /// Replicas of a range, or fewer where the ring has no more.
  private let wanted: Int
  /// How often a rack may be used again for a range; nil where racks do not matter.
  private let repeats: Int?
  /// The rack of each node.
  private let racks: [Int]
  /// Which nodes are kept; nil for all.
  private let kept: [Bool]?
  private var usedNodes: Marks
  private var usedRacks: Marks

  // Where the work is: the range, the place behind it, and what was found for it.
  private var range = 0
  private var step = 0
  private var found = 0
  private var repeated = 0
  private var row: [UInt16] = []
  private var owners: [UInt16] = []
  private var widest = 1

  /// On the nodes that follow, wherever they are; those that are kept are told.
  init(_ ring: TokenRing, wanted: Int, keeping kept: [Bool]) {
    self.ring = ring
    self.wanted = min(wanted, ReplicaMap.maximumReplicas)
    self.kept = kept
    repeats = nil
    racks = []
    usedNodes = Marks(kept.count)
    usedRacks = Marks(0)
  }

  /// On different racks where there are: a rack is used again only as often as there are fewer racks than replicas.
  init(_ ring: TokenRing, wanted: Int, racks: [Int], rackCount: Int) {
    self.ring = ring
    self.wanted = min(wanted, ReplicaMap.maximumReplicas)
    self.racks = racks
    kept = nil
    repeats = max(0, wanted - rackCount)
    usedNodes = Marks(racks.count)
    usedRacks = Marks((racks.max() ?? 0) + 1)
  }

  /// Looks at `limit` places of the ring at most, and at no more than `steps`, which what was looked at is taken from.
  mutating func advance(_ steps: inout Int, limit: Int) -> Progress {
    let count = ring.owners.count
    var left = min(limit, steps)
    defer { steps -= min(limit, steps) - left }
    while range < count {
      while step < count && found < wanted {
        guard left > 0 else { return steps <= limit ? .tooLong : .unfinished }
        left -= 1
        look(at: (range + step) % count)
        step += 1
      }
      widest = max(widest, row.count)
      owners += row
      owners += repeatElement(ReplicaMap.none, count: wanted - row.count)
      row.removeAll(keepingCapacity: true)
      range += 1
      (step, found, repeated) = (0, 0, 0)
    }
    return .finished(ReplicaMap(tokens: ring.tokens, width: widest, owners: trimmed))
  }

  private mutating func look(at place: Int) {
    let owner = ring.owners[place]
    guard usedNodes.insert(Int(owner), range) else { return }
    if let repeats, !usedRacks.insert(racks[Int(owner)], range) {
      // It is looked at again should the ring come around; a rack does not change meanwhile.
      guard repeated < repeats else { return }
      repeated += 1
    }
    found += 1
    if kept?[Int(owner)] ?? true { row.append(owner) }
  }

  /// The owners without the places that no range needs.
  private var trimmed: [UInt16] {
    guard widest < wanted else { return owners }
    var trimmed: [UInt16] = []
    trimmed.reserveCapacity(ring.owners.count * widest)
    for start in stride(from: 0, to: owners.count, by: wanted) { trimmed += owners[start..<start + widest] }
    return trimmed
  }
}
